"""Clips to train on, on disk: waves, captions and what is worked out of the waves, in shards read through memory maps.

A set is a folder of shards: `00003.npy`, int16 `(n, n_samples)`, and `00003.jsonl`, the captions of each clip, which is
written last and so says that the shard is complete. What is worked out of a shard lies beside it in a folder named by a
hash of all that decides it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray

from models.auffusion.spectrogram import at_peak
from tta_bench.arrays import Stacked, as_steps, as_waves, one_thread, write_whole
from tta_bench.types import UserError

log = logging.getLogger(__name__)

Waves = NDArray[np.float32]
Indices = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """One clip and what is said of it."""

    samples: Waves
    """`(n_samples,)` in [-1, 1]."""
    captions: tuple[str, ...]


class Source(Protocol):
    """Where examples come from; it is sent to other processes."""

    def __len__(self) -> int: ...

    def example(self, index: int) -> Example:
        """The same for the same index."""
        ...

    def identity(self, index: int) -> str:
        """What example `index` is made of, said without making it."""
        ...


def make(folder: Path, source: Source, *, peak: float | None = None, shard_size: int = 250, workers: int = 1) -> None:
    """Writes all examples of a source as shards, the last of which may be smaller.

    `peak` is what the largest absolute sample of each clip is scaled to; None leaves clips as they are. Shards that are
    there are kept, so a killed run goes on where it was. Raises UserError if the folder holds examples of another
    source.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = [range(start, min(start + shard_size, len(source))) for start in range(0, len(source), shard_size)]
    waiting = [(i, rows) for i, rows in enumerate(shards) if not _is_complete(folder / f"{i:05d}", source, rows, peak)]
    log.info("%s: %d of %d shards are there", folder, len(shards) - len(waiting), len(shards))
    if workers == 1:
        for done, (i, rows) in enumerate(waiting, start=1):
            _write(folder / f"{i:05d}", source, rows, peak)
            log.info("%s: %d of %d shards made", folder, done, len(waiting))
        return
    with one_thread(), ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(_write, folder / f"{i:05d}", source, rows, peak) for i, rows in waiting]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            log.info("%s: %d of %d shards made", folder, done, len(jobs))


def _is_complete(shard: Path, source: Source, rows: range, peak: float | None) -> bool:
    path = shard.with_suffix(".jsonl")
    if not path.exists():
        return False
    if [record["source"] for record in _records(path)] != [_identity(source, i, peak) for i in rows]:
        raise UserError(
            f"'{path}' was made of other clips or with other settings. Name another folder with --run, or delete it."
        )
    return True


def _identity(source: Source, index: int, peak: float | None) -> str:
    return source.identity(index) if peak is None else f"{source.identity(index)}, peak {peak}"


def _write(shard: Path, source: Source, rows: range, peak: float | None) -> None:
    examples = [source.example(i) for i in rows]
    waves = at_peak(torch.from_numpy(np.stack([example.samples for example in examples])), peak)[0].numpy()
    write_whole(shard.with_suffix(".npy"), as_steps(waves))
    sources = [_identity(source, i, peak) for i in rows]
    records = [{"source": name, "captions": one.captions} for name, one in zip(sources, examples, strict=True)]
    write_whole(shard.with_suffix(".jsonl"), "".join(json.dumps(record) + "\n" for record in records))


@final
class ClipSet:
    """The clips of one set; waves stay on disk until they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Opens `runs/auffusion/pocket/data/train`. Raises UserError if it has no complete shard."""
        listed = sorted(folder.glob("*.jsonl"))
        if not listed:
            raise UserError(f"No clips in '{folder}'. Make them first: the stage `data` does.")
        self.shards = [path.with_suffix("") for path in listed]
        """Paths of the shards without suffix."""
        records = [record for path in listed for record in _records(path)]
        self.captions: list[list[str]] = [record["captions"] for record in records]
        self.sources: list[str] = [record["source"] for record in records]
        self._waves = Stacked([shard.with_suffix(".npy") for shard in self.shards])

    def __len__(self) -> int:
        return len(self.captions)

    def waves(self, indices: Indices) -> Waves:
        """Waves `(n, n_samples)` of these clips, in [-1, 1]."""
        return as_waves(self._waves[indices])


def worked_out(
    clips: ClipSet, kind: str, decided_by: object, compute: Callable[[Waves], NDArray[Any]], *, batch: int = 50
) -> Stacked:
    """What `compute` makes of the waves of all clips, from disk where it is there.

    Files lie in the folder `kind-HASH` beside the shards, HASH being that of all that `decided_by` says.
    """
    mark = hashlib.sha256(json.dumps(decided_by, sort_keys=True, default=str).encode()).hexdigest()[:12]
    paths = []
    for shard in clips.shards:
        path = shard.parent / f"{kind}-{mark}" / f"{shard.name}.npy"
        if not path.exists():
            waves = np.load(shard.with_suffix(".npy"), mmap_mode="r")
            parts = (as_waves(waves[i : i + batch]) for i in range(0, len(waves), batch))
            write_whole(path, np.concatenate([compute(part) for part in parts]))
            log.info("worked out %s", path)
        paths.append(path)
    return Stacked(paths)


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
