"""One job at a time: how far it is, and how it is stopped, whatever network runs in it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, final

from tta_bench.types import UserError

Result = TypeVar("Result")


class Stopped(Exception):  # noqa: N818
    """The job was told to stop, and did."""


@dataclass
class Job:
    """What is being done, as far as it is."""

    what: str
    step: int = 0
    """Passes of the network that denoises, the one that has begun among them."""
    n_steps: int | None = None
    """How many there will be; None where nobody knows."""
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    @property
    def part(self) -> float | None:
        """How much of it is done, 0 to 1; None where nobody knows."""
        return min(1.0, self.step / self.n_steps) if self.n_steps else None

    def stop(self) -> None:
        """Has it end at the next layer of a network."""
        self._stop.set()

    def go_on(self) -> None:
        """Raises Stopped if it was told to stop."""
        if self.stopping:
            raise Stopped(self.what)


@final
class Desk:
    """Where one job is done at a time. Another is refused as long as it lasts, and does not wait."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self.job: Job | None = None
        """The one that is being done."""

    def do(self, what: str, work: Callable[[Job], Result]) -> Result:
        """What the work gives, in this thread. Raises UserError while another job is being done."""
        if not self._free.acquire(blocking=False):
            raise UserError(f"{what} has to wait: another job is running. Wait for it, or cancel it.")
        job = self.job = Job(what)
        try:
            return work(job)
        finally:
            self.job = None
            self._free.release()

    def stop(self) -> None:
        """Has the job that is being done end, if there is one."""
        if job := self.job:
            job.stop()


@contextmanager
def watched(job: Job, network: Any = None) -> Iterator[None]:
    """Counts the passes of a network for a job, and ends all networks before their next layer once it is to stop.

    Without a `network`, those of the one that runs most often are counted. Hooks of torch see every network, so no
    model needs to know of jobs.
    """
    from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

    passes, depth = Counter[int](), 0

    def before(module: Any, _: Any) -> None:
        nonlocal depth
        job.go_on()
        if depth == 0 and network in (None, module):
            passes[id(module)] += 1
            job.step = max(passes.values())
        depth += 1

    def after(_: Any, __: Any, ___: Any) -> None:
        nonlocal depth
        depth -= 1

    handles = [register_module_forward_pre_hook(before), register_module_forward_hook(after)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
