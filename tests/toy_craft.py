"""Shards that write files, for workers of real processes; some kill the process, some wait."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tta_bench.executors import in_two
from tta_bench.types import UserError


@dataclass(frozen=True)
class Words:
    """A shard."""

    names: tuple[str, ...]
    needs: str = "pen"

    def halves(self) -> tuple["Words", ...]:
        return tuple(Words(part, self.needs) for part in in_two(self.names))


@dataclass(frozen=True)
class Writing:
    """Writes each word into a file of its name, with the process that did it beside."""

    folder: Path

    def perform(self, shards: Sequence[Words]) -> Iterator[int]:
        for shard in shards:
            for word in shard.names:
                self._write(word)
            yield len(shard.names)

    def _write(self, word: str) -> None:
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "kill-once" and not (self.folder / "killed").exists():
            (self.folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "refuse":
            raise UserError("The disk is full.")
        if word == "raise":
            raise ValueError("this word cannot be written")
        if word == "wait":
            time.sleep(60)
        (self.folder / word).write_text(word)
        (self.folder / f"{word}.threads").write_text(os.environ.get("OMP_NUM_THREADS", ""))
