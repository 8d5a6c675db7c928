"""What a model's clips cost: time, memory, parameters and function evaluations, measured while it makes them.

Networks are watched from outside, so no model has to count: a network is a module of torch that no other one calls.
Times are of `generate` alone, without loading, the first batch included; a program's are of all that it does.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from tta_bench.store import Store, digest
from tta_bench.types import ModelCard

KIND = "costs"
"""Of notes in the store."""


@dataclass(frozen=True)
class Cost:
    """Of clips that one machine made."""

    machine: str
    """Name of the GPU or the processor, and how it was used: the threads, the batch."""
    clips: int
    seconds: float
    """For all clips."""
    audio_seconds: float
    """Of sound."""
    evaluations: int
    """Rows that went through the network that saw most of them; with guidance that is two a step and clip. 0 if no
    network was seen."""
    parameters: int
    """Of all networks that were called. 0 if none was seen."""
    peak_bytes: int
    """Most memory in use: of the GPU, or of the process with everything that it holds. 0 if it was not seen."""

    @property
    def nfe(self) -> float | None:
        """Function evaluations of a clip; None if no network was seen."""
        return self.evaluations / self.clips if self.evaluations else None

    @property
    def rtf(self) -> float:
        """Real-time factor: seconds it takes to make a second of sound."""
        return self.seconds / self.audio_seconds

    def and_more(self, other: Cost) -> Cost:
        """Of both together, made by one machine."""
        return Cost(
            self.machine,
            self.clips + other.clips,
            self.seconds + other.seconds,
            self.audio_seconds + other.audio_seconds,
            self.evaluations + other.evaluations,
            max(self.parameters, other.parameters),
            max(self.peak_bytes, other.peak_bytes),
        )


@final
class Meter:
    """Sums up what is done within its `running`."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._seconds = 0.0
        self._rows: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._peak = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within, networks that are called are counted, and time is taken."""
        torch = sys.modules.get("torch")  # who makes sound without torch has no networks to count
        _forget_peak(torch, self._device)
        start = time.perf_counter()
        with self._watching(torch):
            yield
        self._seconds += time.perf_counter() - start
        self._peak = max(self._peak, _peak(torch, self._device))

    @contextmanager
    def _watching(self, torch: Any) -> Iterator[None]:
        if torch is None:
            yield
            return
        depth = 0

        def enter(_module: object, _args: object) -> None:
            nonlocal depth
            depth += 1

        def leave(module: Any, _args: object, output: object) -> None:
            nonlocal depth
            depth -= 1
            if depth == 0 and output is not None:  # None: it failed
                self._sizes |= {id(one): one.numel() for one in module.parameters()}
                self._rows[id(module)] = self._rows.get(id(module), 0) + _rows(output, torch)

        modules = torch.nn.modules.module
        hooks = [
            modules.register_module_forward_pre_hook(enter),
            modules.register_module_forward_hook(leave, always_call=True),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def cost(self, machine: str, clips: int, duration: float) -> Cost:
        """Of the clips, `duration` seconds each, that were made so far."""
        return Cost(
            machine,
            clips,
            self._seconds,
            clips * duration,
            max(self._rows.values(), default=0),
            sum(self._sizes.values()),
            self._peak,
        )


def _rows(output: object, torch: Any) -> int:
    """Examples in what a network gave: its first tensor's."""
    if isinstance(output, torch.Tensor):
        return int(output.shape[0]) if output.ndim else 1
    parts = list(output.values()) if isinstance(output, Mapping) else list(output) if isinstance(output, tuple) else []
    return _rows(parts[0], torch) if parts else 1


def machine(device: str, batch_size: int) -> str:
    """What makes the clips, and in batches of how many."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None:
        name, threads = torch.cuda.get_device_name(device), ""
    else:
        name, threads = _processor(), f", {torch.get_num_threads()} threads" if torch is not None else ""
    return f"{name}{threads}, batches of {batch_size}"


def of_program(seconds: float, clips: int, duration: float) -> Cost:
    """Of clips, `duration` seconds each, that a program of its own made, into which nobody can look."""
    return Cost(f"{_processor()}, a program of its own, loading included", clips, seconds, clips * duration, 0, 0, 0)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _forget_peak(torch: Any, device: str) -> None:
    if device.startswith("cuda") and torch is not None:
        torch.cuda.reset_peak_memory_stats(device)
    elif sys.platform == "linux":
        with suppress(OSError):  # where that is forbidden, the peak is that of the process so far
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak(torch: Any, device: str) -> int:
    """Bytes."""
    if device.startswith("cuda") and torch is not None:
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    import resource  # not everywhere

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def note(store: Store, card: ModelCard, cost: Cost) -> None:
    """Adds to what is known of the clips of a model."""
    known = {one.machine: one for one in noted(store, card)}
    known[cost.machine] = known[cost.machine].and_more(cost) if cost.machine in known else cost
    store.write_note(KIND, _key(card), {"costs": [asdict(one) for one in known.values()]})


def noted(store: Store, card: ModelCard) -> list[Cost]:
    """What the clips of a model in the store have cost, on each machine that made some."""
    found: Mapping[str, Any] = store.note(KIND, _key(card)) or {"costs": []}
    return [Cost(**entry) for entry in found["costs"]]


def _key(card: ModelCard) -> str:
    return digest(asdict(card))


COLUMNS = ("model", "clips", "parameters", "NFE", "RTF", "peak memory", "made on")


def table(costs: Mapping[str, list[Cost]]) -> list[list[str]]:
    """Rows of `COLUMNS` for each model and machine; NFE are function evaluations, RTF is the real-time factor."""
    return [
        [
            row,
            str(cost.clips),
            f"{cost.parameters / 1e6:.1f} M" if cost.parameters else "-",
            f"{cost.nfe:.0f}" if cost.nfe else "-",
            f"{cost.rtf:.3g}",
            f"{cost.peak_bytes / 2**30:.1f} GiB" if cost.peak_bytes else "-",
            cost.machine,
        ]
        for row, each in costs.items()
        for cost in each
    ]
