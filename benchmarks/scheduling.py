"""How the scheduling of docs/scale.md does with a million clips and workers that are only simulated.

    python benchmarks/scheduling.py [--clips 1000000] [--workers 64] [--models 100] [--lifetime 20] [--slow 0.01]

The loop and the records are those of a run; workers, networks and time are not. Prints the time of the run against
that of the work alone, without waiting, loading or dying, and what the driver takes for it: memory, and time.
"""

from __future__ import annotations

import argparse
import heapq
import logging
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tta_bench.executors import Lost, Shard
from tta_bench.executors.scheduling import Done, Gone, Ready, Scheduler
from tta_bench.generators import Generator
from tta_bench.making import Batch, Take

START, LOAD, A_CLIP = 10.0, 30.0, 2.0
"""Seconds: until a worker is there, until it has loaded a model, for a clip."""
Fate = Callable[[int, Any], tuple[float, object | None]]
"""Worker and shard -> seconds that it takes, and what comes of it; None: the worker is lost."""


@dataclass
class Simulated:
    """A pool of workers in a time of its own."""

    fate: Fate
    clock: float = 0.0
    started: int = 0
    given: int = 0
    stopped: list[int] = field(default_factory=list)
    _events: list[tuple[float, int, Ready | Done[Any] | Gone]] = field(default_factory=list)
    _gone: set[int] = field(default_factory=set)

    def start(self) -> int:
        """The number of a new worker."""
        self.started += 1
        self._plan(START, Ready(self.started))
        return self.started

    def give(self, worker: int, shard: Shard) -> None:
        """Decides what will come of it."""
        self.given += 1
        seconds, outcome = self.fate(worker, shard)
        self._plan(seconds, Gone(worker, "it died.") if outcome is None else Done(worker, outcome))

    def _plan(self, seconds: float, event: Ready | Done[Any] | Gone) -> None:
        heapq.heappush(self._events, (self.clock + seconds, self.given + self.started, event))

    def wait(self, timeout: float | None) -> Sequence[Ready | Done[Any] | Gone]:
        """The next event, and the clock is put forward to it; nothing if it is too far."""
        while self._events and self._events[0][2].worker in self._gone:
            heapq.heappop(self._events)
        if timeout is not None and (not self._events or self._events[0][0] > self.clock + timeout):
            self.clock += timeout
            return []
        self.clock, _, event = heapq.heappop(self._events)
        return [event]

    def stop(self, worker: int) -> None:
        """Nothing more is heard of it."""
        self._gone.add(worker)
        self.stopped.append(worker)

    def now(self) -> float:
        """Seconds."""
        return self.clock


def batches(clips: int, models: int, size: int) -> list[Batch]:
    """Records as a run has them, of models with equally many prompts."""
    found = []
    for model in range(models):
        generator = Generator(f"model:{model}", "model", str(model), {}, "0" * 64, "")
        takes = [
            Take(
                f"prompt-{i:06}", f"A caption of ten words or so, the number {i}", i, Path(f"store/{model}/{i:060}.wav")
            )
            for i in range(clips // models)
        ]
        found += [Batch(generator, tuple(takes[i : i + size]), 10.0) for i in range(0, len(takes), size)]
    return found


def fates(lifetime: float, slow: float, poisoned: int, models: int) -> Fate:
    """Workers that live `lifetime` hours on average; of the shards, a share is ten times as slow on its first worker.

    Prompts of the first `poisoned` numbers that are divisible by 1000 kill whoever makes them, with every model.
    """
    rng = random.Random(0)
    holds: dict[int, str] = {}
    bad = {f"prompt-{1000 * i:06}" for i in range(-(-poisoned // models))}

    def fate(worker: int, batch: Batch) -> tuple[float, object | None]:
        seconds = A_CLIP * len(batch.takes) * rng.uniform(0.8, 1.2) * (10 if rng.random() < slow else 1)
        seconds += 0.0 if holds.get(worker) == batch.needs else LOAD
        holds[worker] = batch.needs
        until_death = rng.expovariate(1 / (3600 * lifetime))
        lost = until_death < seconds or any(take.prompt in bad for take in batch.takes)
        return min(seconds, until_death), None if lost else "made"

    return fate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("clips", 1_000_000), ("workers", 64), ("models", 100), ("batch", 8), ("poisoned", 100)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--lifetime", type=float, default=20.0, help="hours of a worker, on average")
    parser.add_argument("--slow", type=float, default=0.01, help="share of shards that take ten times as long")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    empty = memory()
    shards = batches(given.clips, given.models, given.batch)
    planned = memory()
    pool = Simulated(fates(given.lifetime, given.slow, given.poisoned, given.models))
    start = time.perf_counter()
    ends = [(len(shard.names), end) for shard, end in Scheduler[Batch, object](pool, given.workers).run(shards)]
    own = time.perf_counter() - start
    ideal = given.clips * A_CLIP * (1 + 9 * given.slow) / given.workers
    lost = sum(n for n, end in ends if isinstance(end, Lost))
    print(f"clips                {given.clips:,} in {len(shards):,} shards of {given.models} models")
    print(f"made, given up       {sum(n for n, _ in ends) - lost:,}, {lost:,}")
    print(f"run                  {pool.clock / 3600:.2f} h by {given.workers} workers")
    print(f"the work alone       {ideal / 3600:.2f} h with slow shards; the run takes {pool.clock / ideal:.3f} of it")
    print(f"workers started      {pool.started:,}; shards handed out {pool.given:,}")
    print(f"driver: the loop     {own:.1f} s, {1e6 * own / pool.given:.0f} us a shard")
    print(f"driver: memory       {empty} MiB empty, {planned} MiB with the plan, {memory()} MiB at the end")


def memory() -> int:
    """MiB, the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
