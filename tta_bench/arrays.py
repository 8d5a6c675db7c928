"""Files that training works through: written as a whole or not at all, and read through memory maps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32767
"""Of waves as int16."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which is there under its name only when all is written; its folder is made.

    A run that is killed leaves a part behind, which the next one writes over: one process writes a file at a time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def write_whole(path: Path, content: NDArray[Any] | str) -> None:
    """Writes a file that is there as a whole or not at all."""
    with whole_file(path) as file:
        if isinstance(content, str):
            file.write(content.encode())
        else:
            np.save(file, content)


def as_steps(waves: NDArray[np.float32]) -> NDArray[np.int16]:
    """Waves in [-1, 1] as they are kept: what is beyond is cut off."""
    return np.rint(np.clip(waves, -1, 1) * FULL_SCALE).astype(np.int16)


def as_waves(steps: NDArray[np.int16]) -> NDArray[np.float32]:
    """Waves in [-1, 1] of what is kept."""
    return steps.astype(np.float32) / np.float32(FULL_SCALE)


@final
class Stacked:
    """Arrays in files, read as one array along the first dimension: `stacked[indices]`."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._parts = [np.load(path, mmap_mode="r") for path in paths]
        self._ends = np.cumsum([len(part) for part in self._parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[Any]:
        parts = np.searchsorted(self._ends, indices, side="right")
        return np.stack([self._parts[k][i - self._ends[k]] for k, i in zip(parts, indices, strict=True)])


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes that start meanwhile give each BLAS one thread: as many processes as cores are busy already."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
