"""Who gets which shard next: the loop behind every executor that has workers of its own.

Workers are behind a `Pool`, so the same loop drives processes, a cluster and a simulation. A worker that is lost is
replaced and its shard tried again; a shard that is lost too often is parted until the clip that does it is alone. When
nothing waits, an idle worker takes a second copy of what runs longest: writes are idempotent, so either may finish.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, final

from tta_bench.executors import End, Lost, S_contra, ShardT
from tta_bench.types import UserError

log = logging.getLogger(__name__)

TRIES = 3
"""Workers that a shard may cost before it is parted, and a clip alone before it is given up."""
SLOW = 2.0
"""A shard that has taken so many times the mean of its kind is given to a second worker, if one is idle."""
LOOK = 1.0
"""Seconds after which an idle worker looks for slow shards again."""


@dataclass(frozen=True)
class Ready:
    """A worker has started."""

    worker: int


@dataclass(frozen=True)
class Done(Generic[End]):
    """A worker has finished its shard."""

    worker: int
    outcome: End


@dataclass(frozen=True)
class Gone:
    """A worker is no more."""

    worker: int
    why: str


class Pool(Protocol[S_contra, End]):
    """Workers that come and go."""

    def start(self) -> int:
        """The number of a new worker, which will be ready or gone."""
        ...

    def give(self, worker: int, shard: S_contra) -> None:
        """Hands a shard to a worker that has none."""
        ...

    def wait(self, timeout: float | None) -> Sequence[Ready | Done[End] | Gone]:
        """What has happened; nothing if it takes longer than `timeout` seconds. Raises UserError of a worker."""
        ...

    def stop(self, worker: int) -> None:
        """Ends a worker, whatever it does; nothing more is heard of it."""
        ...

    def now(self) -> float:
        """Seconds, from some time on."""
        ...


@dataclass(slots=True, eq=False)
class _Task(Generic[ShardT]):
    shard: ShardT
    losses: int = 0
    copies: int = 0
    """Workers that are at it."""
    finished: bool = False


@dataclass(slots=True, eq=False)
class _Kind(Generic[ShardT]):
    """Shards that need the same."""

    waiting: deque[_Task[ShardT]] = field(default_factory=deque)
    holders: int = 0
    """Workers that have it loaded."""
    finished: int = 0
    seconds: float = 0.0
    """That all finished ones took."""


@final
class Scheduler(Generic[ShardT, End]):
    """A crew: it keeps its workers from one `run` to the next."""

    def __init__(self, pool: Pool[ShardT, End], workers: int) -> None:
        self._pool = pool
        self._most = workers
        self._workers: dict[int, str | None] = {}
        """What each holds."""
        self._idle: list[int] = []
        self._running: dict[int, tuple[_Task[ShardT], float]] = {}
        self._kinds: dict[str, _Kind[ShardT]] = {}
        self._left = self._lost_in_a_row = 0

    def run(self, shards: Sequence[ShardT]) -> Iterator[tuple[ShardT, End | Lost]]:
        """Each shard, or its parts, with what came of it, as they are finished."""
        self._left = len(shards)
        for shard in shards:
            self._kind(shard.needs).waiting.append(_Task(shard))
        try:
            while self._left:
                self._hire()
                self._hand_out()
                for event in self._pool.wait(LOOK if self._idle else None):
                    yield from self._hear(event)
        finally:
            self._dismiss()

    def _kind(self, needs: str) -> _Kind[ShardT]:
        return self._kinds.setdefault(needs, _Kind())

    def _hire(self) -> None:
        while len(self._workers) < min(self._most, self._left):
            self._workers[self._pool.start()] = None

    def _dismiss(self) -> None:
        """Ends who is still at a second copy, or at anything when the run breaks off."""
        for worker in list(self._running):
            self._pool.stop(worker)
            self._forget(worker)
        for kind in self._kinds.values():
            kind.waiting.clear()

    def _hand_out(self) -> None:
        while self._idle:
            worker = self._idle[0]
            task = self._next(worker) or self._slowest()
            if task is None:
                return  # for the others there is nothing either
            self._idle.pop(0)
            self._give(worker, task)

    def _next(self, worker: int) -> _Task[ShardT] | None:
        """What waits of the kind that the worker holds; else of that with the most to do for each who holds it."""
        held = self._workers[worker]
        if held is not None and (own := self._kinds[held].waiting):
            return own.popleft()
        busiest = max(self._kinds.values(), key=lambda kind: len(kind.waiting) / (1 + kind.holders))
        return busiest.waiting.popleft() if busiest.waiting else None

    def _slowest(self) -> _Task[ShardT] | None:
        """What runs longest, if that is long, and nobody else is at it."""
        now = self._pool.now()
        slow = [
            (now - since, i, task)
            for i, (task, since) in self._running.items()
            if task.copies == 1 and not task.finished and self._is_long(task, now - since)
        ]
        return max(slow)[2] if slow else None

    def _is_long(self, task: _Task[ShardT], seconds: float) -> bool:
        kind = self._kind(task.shard.needs)
        return kind.finished > 0 and seconds > SLOW * kind.seconds / kind.finished

    def _give(self, worker: int, task: _Task[ShardT]) -> None:
        held, needs = self._workers[worker], task.shard.needs
        if held != needs:
            if held is not None:
                self._kind(held).holders -= 1
            self._kind(needs).holders += 1
            self._workers[worker] = needs
        task.copies += 1
        self._running[worker] = task, self._pool.now()
        self._pool.give(worker, task.shard)

    def _hear(self, event: Ready | Done[End] | Gone) -> Iterator[tuple[ShardT, End | Lost]]:
        match event:
            case Ready(worker):
                self._idle.append(worker)
            case Done(worker, outcome):
                yield from self._finish(worker, outcome)
            case Gone(worker, why):
                yield from self._lose(worker, why)

    def _finish(self, worker: int, outcome: End) -> Iterator[tuple[ShardT, End | Lost]]:
        task, since = self._running.pop(worker)
        self._idle.append(worker)
        self._lost_in_a_row = 0
        task.copies -= 1
        kind = self._kind(task.shard.needs)
        kind.finished, kind.seconds = kind.finished + 1, kind.seconds + self._pool.now() - since
        if not task.finished:
            yield self._settle(task), outcome

    def _lose(self, worker: int, why: str) -> Iterator[tuple[ShardT, End | Lost]]:
        task = self._forget(worker)
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= max(20, 4 * self._most):
            raise UserError(
                f"{self._lost_in_a_row} workers in a row were lost, and none finished anything. The last one: {why} "
                "What was finished before is kept, and the same command goes on from there."
            )
        if task is None or task.finished:
            log.warning("A worker was lost: %s", why)
            return
        task.losses += 1
        if task.copies == 0:
            yield from self._again(task, why)

    def _forget(self, worker: int) -> _Task[ShardT] | None:
        """What the worker was at."""
        held = self._workers.pop(worker)
        if held is not None:
            self._kind(held).holders -= 1
        if worker in self._idle:
            self._idle.remove(worker)
        task, _ = self._running.pop(worker, (None, 0.0))
        if task is not None:
            task.copies -= 1
        return task

    def _again(self, task: _Task[ShardT], why: str) -> Iterator[tuple[ShardT, End | Lost]]:
        """A shard without workers waits again, is parted, or is given up."""
        names = ", ".join(task.shard.names)
        waiting = self._kind(task.shard.needs).waiting
        parts = task.shard.halves()
        if task.losses < TRIES:
            log.warning("A worker was lost: %s Tried again: %s", why, names)
            waiting.appendleft(task)
        elif len(parts) > 1:
            log.warning("%d workers were lost: %s Parted, to find which of these does it: %s", TRIES, why, names)
            # One more loss parts a part again; a clip alone has all its tries.
            waiting.extendleft(_Task(part, TRIES - 1 if len(part.halves()) > 1 else 0) for part in parts)
            self._left += len(parts) - 1
        else:
            log.warning("Given up: %s", names)
            yield self._settle(task), Lost(f"{task.losses} workers were lost over it: {why}")

    def _settle(self, task: _Task[ShardT]) -> ShardT:
        task.finished = True
        self._left -= 1
        return task.shard
