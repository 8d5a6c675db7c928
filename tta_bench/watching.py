"""Reads what a program of someone else's writes while it runs, and finds out why it ended, or that it must be ended."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import final

PROGRESS = b"progress:"
"""A line that begins so, on stdout or stderr, says that the program is alive."""
POLL = 0.1
"""Seconds."""
MOST = 64 * 2**20
"""Bytes of a log or a manifest: more is a program gone wild, which would fill the disk."""


@final
class Watch:
    """Reads what a running program writes, until it ends or must be ended."""

    def __init__(self, child: subprocess.Popen[bytes], manifest: Path, log_path: Path, silence: float) -> None:
        self.end = ""
        """Why it ended, if not well."""
        self.hung = False
        self._child = child
        self._manifest, self._log = _Tail(manifest), _Tail(log_path)
        self._silence = silence

    def lines(self) -> Iterator[bytes]:
        """Lines of the manifest as they are written."""
        heard = time.monotonic()
        while True:
            status = self._child.poll()  # before reading: what was written before the end is read after it
            new, printed = (tail.lines(ended=status is not None) for tail in (self._manifest, self._log))
            yield from new
            if new or any(line.lstrip().startswith(PROGRESS) for line in printed):
                heard = time.monotonic()
            self.hung = status is None and time.monotonic() - heard > self._silence
            self.end = self._manifest.fault or self._log.fault or self._ending(status)
            if self.end or status is not None:
                return
            time.sleep(POLL)

    def _ending(self, status: int | None) -> str:
        if self.hung:
            return f"the program said nothing for {self._silence:g} s and was stopped"
        if status and status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
            return f"the program was killed ({name})"
        if status:
            return f"the program failed with status {status}" + (f": {self._log.last}" if self._log.last else "")
        return ""


@final
class _Tail:
    """The lines that are added to a file, which may not be there yet, and may be something else than a file."""

    def __init__(self, path: Path) -> None:
        self.fault = ""
        self.last = ""
        """The last line that says anything, for a reader."""
        self._path = path
        self._offset = 0
        self._rest = b""

    def lines(self, *, ended: bool = False) -> list[bytes]:
        """Whole lines since the last call; in the end, also one without its line break."""
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + self._read())
        if ended and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        told = [line for line in lines if line.strip()]
        self.last = told[-1].decode(errors="replace").strip()[:200] if told else self.last
        return told

    def _read(self) -> bytes:
        try:
            # A pipe would be waited for, and a link may lead anywhere.
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        except OSError as error:
            self.fault = f"its {self._path.name} cannot be read ({error.strerror})"
            return b""
        with os.fdopen(file, "rb") as stream:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                self.fault = f"its {self._path.name} is not a file"
                return b""
            stream.seek(self._offset)
            new = stream.read(MOST)
        self._offset += len(new)
        if self._offset > MOST:
            self.fault = f"the program wrote more than {MOST >> 20} MiB of {self._path.name} and was stopped"
        return new
