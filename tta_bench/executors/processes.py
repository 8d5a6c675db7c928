"""Workers that are processes of this machine, each with its own networks and, if there are any, its own GPU."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Generic, final

from tta_bench.executors import Craft, Crew, End, S, ShardT, fix_threads
from tta_bench.executors.scheduling import Done, Gone, Ready, Scheduler
from tta_bench.types import UserError


@dataclass(frozen=True)
class Processes:
    """So many processes."""

    workers: int
    threads: int
    """Of each."""
    on_gpus: bool = False

    @property
    def summary(self) -> Mapping[str, object]:
        """For the result."""
        return {"name": "processes", "workers": self.workers, "threads": self.threads}

    @contextmanager
    def crew(self, craft: Craft[ShardT, End]) -> Iterator[Crew[ShardT, End]]:
        """The workers at this craft; they are started when there is something to do."""
        pool = _Pool[ShardT, End](craft, self.threads, _gpus() if self.on_gpus else 0)
        try:
            yield Scheduler[ShardT, End](pool, self.workers)
        finally:
            pool.close()


def _gpus() -> int:
    return sum(1 for _ in Path("/dev").glob("nvidia[0-9]*"))


@final
class _Pool(Generic[S, End]):
    def __init__(self, craft: Craft[S, End], threads: int, gpus: int) -> None:
        self._craft = pickle.dumps(craft)
        self._threads = threads
        self._gpus = gpus
        self._numbers = itertools.count()
        self._workers: dict[int, tuple[SpawnProcess, connection.Connection]] = {}

    def start(self) -> int:
        worker = next(self._numbers)
        gpu = worker % self._gpus if self._gpus else None
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._craft, self._threads, gpu), daemon=True)
        process.start()
        theirs.close()
        self._workers[worker] = process, ours
        return worker

    def give(self, worker: int, shard: S) -> None:
        # Of one that is gone already, `wait` hears.
        try:
            self._workers[worker][1].send(shard)
        except BrokenPipeError:
            return

    def wait(self, timeout: float | None) -> Sequence[Ready | Done[End] | Gone]:
        pipes = {pipe: worker for worker, (_, pipe) in self._workers.items()}
        return [self._hear(pipes[pipe]) for pipe in connection.wait(list(pipes), timeout)]  # type: ignore[index]

    def _hear(self, worker: int) -> Ready | Done[End] | Gone:
        process, pipe = self._workers[worker]
        try:
            said = pipe.recv()
        except (EOFError, ConnectionResetError):
            process.join()
            self._drop(worker)
            return Gone(worker, _end_of(process))
        if isinstance(said, UserError):
            raise said
        if isinstance(said, Gone):
            self.stop(worker)
            return Gone(worker, said.why)
        return Ready(worker) if said is None else Done(worker, said)

    def stop(self, worker: int) -> None:
        process = self._workers[worker][0]
        process.kill()
        process.join()
        self._drop(worker)

    def _drop(self, worker: int) -> None:
        self._workers.pop(worker)[1].close()

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        for worker in list(self._workers):
            self.stop(worker)


def _end_of(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"process {process.pid} {how}."


def _serve(pipe: connection.Connection, craft_bytes: bytes, threads: int, gpu: int | None) -> None:
    """The life of a worker: shards come in, outcomes go out, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
    fix_threads(threads)
    craft: Craft[Any, Any] = pickle.loads(craft_bytes)
    pipe.send(None)
    while True:
        try:
            shard = pipe.recv()
        except EOFError:
            return
        pipe.send(outcome_of(craft, shard))


def outcome_of(craft: Craft[Any, Any], shard: object) -> object:
    """What came of one shard; a UserError ends the run, and whatever else went wrong costs the worker."""
    try:
        [outcome] = craft.perform([shard])
    except UserError as error:
        return error
    except Exception as error:  # the edge of a process: the cause is told to the one that waits
        return Gone(-1, f"{type(error).__name__}: {error}")
    return outcome
