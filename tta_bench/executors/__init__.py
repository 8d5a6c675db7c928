"""Who performs the shards of a run: this process, processes beside it, or the workers of a Ray cluster.

A shard is a batch that was planned from sorted clips; performing it writes into the store, under names that follow from
the content. So it may be performed twice, by anyone who sees the store's folder, and the bytes are the same. What a
shard is and how it is performed is said once, by a `Craft`; an executor only decides who does it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from threadpoolctl import threadpool_limits

from tta_bench.types import UserError

S = TypeVar("S")
End = TypeVar("End")
S_contra = TypeVar("S_contra", contravariant=True)
End_co = TypeVar("End_co", covariant=True)


class Shard(Protocol):
    """One batch of clips, as a record that can be sent to another machine."""

    @property
    def needs(self) -> str:
        """What has to be loaded for it: a worker that holds it already is given more of the kind."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is in it, for a person."""
        ...

    def halves(self) -> tuple[Self, ...]:
        """The same in two parts; itself alone where there is nothing to part."""
        ...


def in_two(items: tuple[S, ...]) -> list[tuple[S, ...]]:
    """The halves of what a shard holds; one that is alone stays whole."""
    middle = len(items) // 2
    return [part for part in (items[:middle], items[middle:]) if part]


ShardT = TypeVar("ShardT", bound=Shard)


class Craft(Protocol[S_contra, End_co]):
    """How shards are performed. It can be sent to a worker before it has worked; networks are loaded on first use."""

    @property
    def folder(self) -> Path:
        """Where the files go: every worker has to see it."""
        ...

    def perform(self, shards: Sequence[S_contra]) -> Iterator[End_co]:
        """What came of each shard, in order. Its files are written when the next one comes, or the last has come."""
        ...


@dataclass(frozen=True)
class Lost:
    """What came of a shard that took its workers with it, tried again and parted until it was alone."""

    why: str


class Crew(Protocol[S, End_co]):
    """Workers at one craft, who keep what they have loaded."""

    def run(self, shards: Sequence[S]) -> Iterator[tuple[S, End_co | Lost]]:
        """Each shard, or its parts, with what came of it, as they are finished. Raises what `perform` raises as
        UserError, and UserError if workers are lost without end."""
        ...


class Executor(Protocol):
    """Where a run's shards are performed."""

    @property
    def summary(self) -> Mapping[str, object]:
        """For the result; empty where there is nothing to say."""
        ...

    def crew(self, craft: Craft[ShardT, End]) -> AbstractContextManager[Crew[ShardT, End]]:
        """Workers, who are gone when the context is left. Raises UserError if there can be none."""
        ...


@dataclass(frozen=True)
class Local:
    """This process."""

    threads: int | None = None

    @property
    def summary(self) -> Mapping[str, object]:
        """The threads, if they were chosen."""
        return {"name": "local", "threads": self.threads} if self.threads else {}

    @contextmanager
    def crew(self, craft: Craft[ShardT, End]) -> Iterator[Crew[ShardT, End]]:
        """Nobody else."""
        if self.threads:
            fix_threads(self.threads)
        yield _Here(craft)


@dataclass(frozen=True)
class _Here(Generic[S, End]):
    craft: Craft[S, End]

    def run(self, shards: Sequence[S]) -> Iterator[tuple[S, End | Lost]]:
        yield from zip(shards, self.craft.perform(shards), strict=True)


def fix_threads(n: int) -> None:
    """Lets networks compute in `n` threads: sums of other numbers of threads differ in their last bits."""
    os.environ["OMP_NUM_THREADS"] = str(n)  # for libraries that are loaded later
    threadpool_limits(n)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(n)


def choose(text: str, *, address: str | None, threads: int | None, gpus: float) -> Executor:
    """The executor that `local`, `processes:N`, `ray` or `ray:N` means.

    `threads` of each worker, by default one; `gpus` of each. Raises UserError for what does not fit together.
    """
    name, _, number = text.partition(":")
    if name not in ("local", "processes", "ray") or (number and name == "local"):
        raise UserError(f"No executor {text!r}. There are: local, processes:N, ray, ray:N (N workers).")
    if address and name != "ray":
        raise UserError(f"--address {address} is that of a Ray cluster: say --executor ray too.")
    if name == "local":
        return Local(threads)
    workers = _number(text, number) if number or name == "processes" else None
    if name == "ray":
        return _ray(workers, threads or 1, gpus, address)
    from tta_bench.executors.processes import Processes

    return Processes(workers or 1, threads or 1, on_gpus=gpus > 0)


def _number(text: str, number: str) -> int:
    if not number.isdecimal() or int(number) < 1:
        raise UserError(f"--executor {text}: how many workers? Say {text.partition(':')[0]}:2, for example.")
    return int(number)


def _ray(workers: int | None, threads: int, gpus: float, address: str | None) -> Executor:
    if find_spec("ray") is None:
        raise UserError("--executor ray needs the package ray, which is not here: pip install 'tta-bench[ray]'.")
    from tta_bench.executors.on_ray import OnRay

    return OnRay(workers, threads, gpus, address)
