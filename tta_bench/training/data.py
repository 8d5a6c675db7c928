"""Rendered scenes on disk, to train on: waves, captions, timelines, and a degraded copy of each wave.

A folder has the sets `train`, `validation` (the same kind of scenes from other seeds) and `test` (held-out wordings
and pairs). A set is made of shards: `00003.npy`, int16 `(500, n_samples)`; `00003.degraded.npy`, alike; and
`00003.jsonl`, one record a scene, which is written last and so says that the shard is complete.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, final, get_args

import numpy as np
from numpy.typing import NDArray

from tta_bench.arrays import Stacked, as_steps, as_waves, one_thread, write_whole
from tta_bench.scenes import caption, plan, render
from tta_bench.training.degrade import degrade
from tta_bench.types import Event, UserError

log = logging.getLogger(__name__)

SetName = Literal["train", "validation", "test"]
SHARD = 500
"""Scenes in a shard: a core makes one in under a minute, so a killed run loses little."""


@dataclass(frozen=True)
class Record:
    """What is known of one scene."""

    seed: int
    """`plan(seed, split=…)` is this scene; the split is "test" in the set `test`, else "train"."""
    caption: str
    relation: str
    events: tuple[Event, ...]
    degradation: str
    """What was done to the degraded copy: `vocoder+noise`."""


@dataclass(frozen=True)
class Shard:
    """One shard to be rendered."""

    folder: Path
    index: int
    seeds: tuple[int, ...]

    def path(self, suffix: str) -> Path:
        """The file of this shard with a suffix: `.npy`, `.degraded.npy`, `.jsonl`."""
        return self.folder / f"{self.index:05d}{suffix}"


def make(folder: Path, *, n: int, n_held_out: int, seed: int, workers: int = 2, shard_size: int = SHARD) -> None:
    """Renders `n` scenes to train on and `n_held_out` each for validation and test, in whole shards.

    Shards that are there are kept, so a killed run goes on where it was and a larger `n` adds shards; the bytes
    depend on `seed` alone. Raises UserError if the folder holds scenes of another seed.
    """
    sizes: dict[SetName, int] = {"train": n, "validation": n_held_out, "test": n_held_out}
    planned = [shard for name, size in sizes.items() for shard in plan_shards(folder / name, size, seed, shard_size)]
    waiting = [shard for shard in planned if not is_complete(shard)]
    log.info("%d of %d shards are there, %d to render", len(planned) - len(waiting), len(planned), len(waiting))
    with one_thread(), ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        jobs = {pool.submit(render_shard, shard): shard for shard in waiting}
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            log.info("%d of %d: %s", done, len(waiting), jobs[job].path(".npy"))


def plan_shards(folder: Path, n: int, seed: int, shard_size: int = SHARD) -> list[Shard]:
    """Whole shards for at least n scenes of the set that the folder is named after. No two sets share a seed."""
    first = (get_args(SetName).index(folder.name) + 1) * 10**9 + seed * 10**6
    starts = range(0, n, shard_size)
    return [Shard(folder, i, tuple(range(first + k, first + k + shard_size))) for i, k in enumerate(starts)]


def is_complete(shard: Shard) -> bool:
    """Whether the shard is on disk. Raises UserError if what is there was made from other seeds."""
    path = shard.path(".jsonl")
    if not path.exists():
        return False
    seeds = tuple(record.seed for record in _read_records(path))
    if seeds != shard.seeds:
        raise UserError(
            f"'{path}' holds scenes from seed {seeds[0]} on and this run would make them from {shard.seeds[0]}. "
            "Name another folder with --out, or delete this one."
        )
    return True


def render_shard(shard: Shard) -> None:
    """Renders the scenes of a shard and their degraded copies, and writes both."""
    shard.folder.mkdir(parents=True, exist_ok=True)
    rendered = [_render_scene(seed, "test" if shard.folder.name == "test" else "train") for seed in shard.seeds]
    waves, copies, records = zip(*rendered, strict=True)
    write_whole(shard.path(".npy"), np.stack(waves))
    write_whole(shard.path(".degraded.npy"), np.stack(copies))
    write_whole(shard.path(".jsonl"), "".join(json.dumps(asdict(record)) + "\n" for record in records))


Steps = NDArray[np.int16]


def _render_scene(seed: int, split: Literal["train", "test"]) -> tuple[Steps, Steps, Record]:
    scene = plan(seed, split=split)
    wave, events = render(scene)
    copy, degradation = degrade(np.random.default_rng([seed, 1]), wave)
    return as_steps(wave), as_steps(copy), Record(seed, caption(scene), scene.relation, events, degradation)


@final
class SceneSet:
    """The scenes of one set, in the order of their seeds; waves stay on disk until they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Opens `runs/training/scenes/train`. Raises UserError if it has no complete shard."""
        listed = sorted(folder.glob("*.jsonl"))
        if not listed:
            raise UserError(f"No scenes in '{folder}'. Render them: python -m tta_bench.training data --out FOLDER")
        self.shards = [path.with_suffix("") for path in listed]
        """Paths of the shards without suffix."""
        self.records = tuple(record for path in listed for record in _read_records(path))
        self._originals = Stacked([path.with_suffix(".npy") for path in self.shards])
        self._copies = Stacked([path.with_suffix(".degraded.npy") for path in self.shards])

    def __len__(self) -> int:
        return len(self.records)

    def waves(self, indices: Sequence[int] | NDArray[np.int64], *, degraded: bool = False) -> NDArray[np.float32]:
        """Waves `(n, n_samples)` of these scenes, or of their degraded copies, in [-1, 1]."""
        return as_waves((self._copies if degraded else self._originals)[indices])


def _read_records(path: Path) -> list[Record]:
    return [_record(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _record(row: dict[str, Any]) -> Record:
    events = tuple(Event(**(event | {"soundings": tuple(map(tuple, event["soundings"]))})) for event in row["events"])
    return Record(**(row | {"events": events}))
