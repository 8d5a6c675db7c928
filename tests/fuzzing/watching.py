"""What a reader may not do, whatever it is given: hang, fill the memory, write elsewhere, start or call anything."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 20
"""A reader may take for one small file, on a busy machine."""
BYTES = 3 * 2**30
"""Of memory a reader may ask for beyond what the process has."""
FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "os.symlink")
CHANGING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_folder: Path | None = None
_seen: list[str] = []


class Hang(BaseException):
    """No Exception, so that no reader takes it for its own."""


def _audit(event: str, args: tuple[object, ...]) -> None:
    if _folder is None:
        return
    if event in FORBIDDEN:
        _seen.append(f"{event} {args!r}")
    elif event in CHANGING or (event == "open" and isinstance(args[2], int) and args[2] & WRITING):
        _look(event, args[0])


def _look(event: str, path: object) -> None:
    if isinstance(path, str | bytes | os.PathLike):
        place = Path(os.fsdecode(path)).absolute()
        if _folder not in (place.resolve(), *place.resolve().parents) and place != Path(os.devnull):
            _seen.append(f"{event} {path!r}")


sys.addaudithook(_audit)


@contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Fails within if anything is written outside of `folder`, started or called; if time or memory run out."""
    global _folder
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, before[1]))
    old = signal.signal(signal.SIGALRM, _hang)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    _seen.clear()
    _folder = folder.resolve()
    try:
        yield
    finally:
        _folder = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert not _seen, f"a reader did what no reader may: {_seen}"


def _hang(*_: object) -> None:
    raise Hang(f"no answer in {SECONDS} s")
