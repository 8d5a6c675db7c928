"""Workers that are actors of a Ray cluster. Only this module imports Ray, and it is imported only when asked for."""

from __future__ import annotations

import itertools
import os
import platform
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, final

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
import ray

from tta_bench.executors import Craft, Crew, End, S, ShardT, fix_threads
from tta_bench.executors.processes import outcome_of
from tta_bench.executors.scheduling import Done, Gone, Ready, Scheduler
from tta_bench.types import UserError

OBJECTS = 100 << 20
"""Bytes for Ray's own store of a cluster that is started here: shards and outcomes are records, clips are files."""


@dataclass(frozen=True)
class OnRay:
    """Actors, as many as the cluster has room for unless `workers` says how many."""

    workers: int | None
    threads: int
    """Of each, which takes as many processors."""
    gpus: float
    """Of each; 0.5 lets two share one."""
    address: str | None
    """Of a cluster that runs; without it one is started on this machine."""

    @property
    def summary(self) -> Mapping[str, object]:
        """For the result: not where the cluster is, nor how large it happened to be."""
        return {"name": "ray", "threads": self.threads, "gpus_per_worker": self.gpus}

    @contextmanager
    def crew(self, craft: Craft[ShardT, End]) -> Iterator[Crew[ShardT, End]]:
        """The workers at this craft. Raises UserError if there is no cluster, or no room in it."""
        self._connect()
        pool = _Pool[ShardT, End](craft, self.threads, self.gpus)
        try:
            yield Scheduler[ShardT, End](pool, self._how_many())
        finally:
            pool.close()
            ray.shutdown()

    def _connect(self) -> None:
        ours: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECTS}
        ours |= {"num_cpus": self.workers * self.threads} if self.workers else {}
        try:
            ray.init(
                address=self.address or "local",
                log_to_driver=False,
                logging_level="ERROR",
                **({} if self.address else ours),
            )
        except ConnectionError as error:
            raise UserError(
                f"No Ray cluster at {self.address!r}: {error} Start one with `ray start --head`, name another "
                "--address, or leave it out: then one is started on this machine."
            ) from error

    def _how_many(self) -> int:
        """Raises UserError if not one worker fits in."""
        there = ray.cluster_resources()
        room = int(there.get("CPU", 0) / self.threads)
        room = min(room, int(there.get("GPU", 0) / self.gpus)) if self.gpus else room
        if room < (self.workers or 1):
            raise UserError(
                f"The cluster has {there.get('CPU', 0):g} processors and {there.get('GPU', 0):g} GPUs, which is room "
                f"for {room} workers of {self.threads} threads and {self.gpus:g} GPUs, not {self.workers or 1}. "
                "Change --executor, --threads or --gpus-per-worker."
            )
        return self.workers or room


class _Worker:
    """An actor: the craft with what it has loaded."""

    def __init__(self, craft: Craft[Any, Any], threads: int, folder: Path, mark: Path) -> None:
        fix_threads(threads)
        if folder.is_dir():
            os.chdir(folder)  # paths may be relative
        self._craft, self._mark = craft, mark

    def begin(self) -> UserError | None:
        """Answered when the worker is there; what is wrong with where it is."""
        if self._mark.exists():
            return None
        return UserError(
            f"{platform.node()} does not see {self._mark.parent}. With --executor ray, --store has to be a folder "
            "that all machines share, under one path."
        )

    def perform(self, shard: object) -> object:
        """What came of one shard, or of the worker."""
        return outcome_of(self._craft, shard)


@final
class _Pool(Generic[S, End]):
    def __init__(self, craft: Craft[S, End], threads: int, gpus: float) -> None:
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
        self._environment = {"PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}
        self._options: dict[str, Any] = {"num_cpus": threads, "num_gpus": gpus}
        self._mark = _mark(craft.folder)
        self._given = ray.put(craft), threads, Path.cwd(), self._mark
        self._numbers = itertools.count()
        self._actors: dict[int, Any] = {}
        self._waiting: dict[Any, tuple[int, bool]] = {}
        """Answer that is to come -> whose, and whether it is of a shard."""

    def start(self) -> int:
        worker = next(self._numbers)
        options = self._options | {"runtime_env": {"env_vars": self._environment}}
        actor: Any = ray.remote(_Worker).options(**options).remote(*self._given)
        self._actors[worker] = actor
        self._waiting[actor.begin.remote()] = worker, False
        return worker

    def give(self, worker: int, shard: S) -> None:
        self._waiting[self._actors[worker].perform.remote(shard)] = worker, True

    def wait(self, timeout: float | None) -> Sequence[Ready | Done[End] | Gone]:
        answers, _ = ray.wait(list(self._waiting), timeout=timeout)
        return [self._hear(answer) for answer in answers]

    def _hear(self, answer: Any) -> Ready | Done[End] | Gone:
        worker, of_shard = self._waiting.pop(answer)
        try:
            said = ray.get(answer)
        except ray.exceptions.RayError as error:
            said = Gone(worker, _first_lines(error))
        if isinstance(said, UserError):
            raise said
        if isinstance(said, Gone):
            self.stop(worker)
            return Gone(worker, said.why)
        return Done(worker, said) if of_shard else Ready(worker)

    def stop(self, worker: int) -> None:
        ray.kill(self._actors.pop(worker))
        self._waiting = {answer: whose for answer, whose in self._waiting.items() if whose[0] != worker}

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        for worker in list(self._actors):
            self.stop(worker)
        self._mark.unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    """A file by which workers see whether they see the same folder."""
    mark = folder.absolute() / f".part-{secrets.token_hex(8)}"
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return mark


def _first_lines(error: Exception) -> str:
    """What Ray says of a lost worker, on one line."""
    return " ".join(line.strip() for line in str(error).splitlines() if line.strip())[:400]
