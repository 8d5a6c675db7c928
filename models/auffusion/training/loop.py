"""A training loop, on one device or several, that can be killed and goes on as if it had not been.

Who trains says what is to learn and how badly it does; everything else is here: accelerate, accumulation, schedules,
running means, checkpoints, logs. On a CPU, a run that was killed ends with the weights of one that was not, bit by bit.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, final

import numpy as np
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.training.journal import Journal
from tta_bench.arrays import whole_file
from tta_bench.types import UserError

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
SAVE_EVERY = 180.0
"""Seconds between two checkpoints."""


@dataclass(frozen=True)
class Schedule:
    """What decides a training run, besides networks, losses and data. AdamW; linear warm-up, constant, linear decay."""

    steps: int
    batch_size: int = 16
    """Examples in a step, over all devices."""
    learning_rate: float = 3e-4
    warm_up: int = 200
    """Steps."""
    decay: float = 0.4
    """Last part of the steps, in which the learning rate falls to 0."""
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    """Norm to which gradients are clipped."""
    average: float = 0.999
    """Decay of the running mean of the weights, which is the result."""
    accumulate: int = 1
    """Parts in which a step's examples go through the network, one after another, to save memory."""
    precision: Literal["no", "bf16"] = "no"
    """bf16 pays off where the hardware has it; on CPUs without it, a step takes ten times as long."""
    seed: int = 0

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step, the first being 0."""
        warm = min(1.0, (step + 1) / max(1, self.warm_up))
        return self.learning_rate * min(warm, self._left(step), 1.0)

    def decays_at(self, step: int) -> bool:
        """Whether the learning rate of a step is beyond its constant part."""
        return self._left(step) < 1

    def _left(self, step: int) -> float:
        return (self.steps - step) / max(1.0, self.decay * self.steps)


def batch_indices(schedule: Schedule, n: int, step: int) -> NDArray[np.int64]:
    """Which of n examples a step sees: whole batches of another permutation in every epoch."""
    size = min(schedule.batch_size, n)
    epoch, batch = divmod(step, n // size)
    return np.random.default_rng([schedule.seed, epoch]).permutation(n)[batch * size : (batch + 1) * size]


class Trainee(Protocol):
    """What learns."""

    networks: dict[str, nn.Module]
    """By name, in the order in which they learn in each step; of the first one, the running mean is kept."""

    def __len__(self) -> int:
        """Number of examples."""
        ...

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """What the network `name` is to make small on these examples; others than it are not to learn from it."""
        ...


Losses = Mapping[str, Tensor]
"""By name; `loss` is what is made small, the others are for the log. A network without losses does not learn yet."""
Validate = Callable[[nn.Module], Mapping[str, Any]]
"""Of the running mean: numbers, pictures `(height, width)` and clips by name."""


def train(
    trainee: Trainee,
    schedule: Schedule,
    folder: Path,
    *,
    validate: Validate,
    validate_every: int = 1000,
    minutes: float | None = None,
) -> nn.Module | None:
    """The running mean of the first network, or None if the minutes were over before; the same call then goes on.

    `folder` gets `checkpoint.pt` every three minutes, `log.jsonl`, and events for TensorBoard. Raises UserError if it
    holds a run of another schedule.
    """
    run = _Run(trainee, schedule, folder)
    start = saved = time.monotonic()
    while run.step < schedule.steps:
        values = run.advance()
        now = time.monotonic()
        if run.step % 25 == 0 or run.step == schedule.steps:
            run.journal.note(run.step, {name: float(value) for name, value in values.items()})
        if run.step % validate_every == 0 or run.step == schedule.steps:
            run.journal.note(run.step, validate(run.average.eval()), prefix="validation/")
        over = minutes is not None and now - start > 60 * minutes
        if over or run.step == schedule.steps or now - saved > SAVE_EVERY:
            run.save()
            saved = time.monotonic()
        if over and run.step < schedule.steps:
            log.info("stopped at step %d of %d; the same command goes on", run.step, schedule.steps)
            return None
    return run.average.eval()


@final
class _Run:
    """Everything that changes while training; it starts from the checkpoint of the folder, if there is one."""

    def __init__(self, trainee: Trainee, schedule: Schedule, folder: Path) -> None:
        self._trainee, self._schedule, self._path = trainee, schedule, folder / CHECKPOINT
        self._accelerator = Accelerator(
            mixed_precision=schedule.precision, cpu=not torch.cuda.is_available(), step_scheduler_with_optimizer=False
        )
        self.average = copy.deepcopy(next(iter(trainee.networks.values()))).requires_grad_(False)
        self.average.to(self._accelerator.device)
        self._wrapped: dict[str, Any] = {}
        self._optimisers: dict[str, Any] = {}
        for name, network in trainee.networks.items():
            optimiser = torch.optim.AdamW(
                network.parameters(), betas=schedule.betas, weight_decay=schedule.weight_decay, fused=True
            )
            self._wrapped[name], self._optimisers[name] = self._accelerator.prepare(network, optimiser)
        self.step = 0
        if self._path.exists():
            self._load(torch.load(self._path, map_location="cpu", weights_only=True))
        self.journal = Journal(folder, self.step, writes=self._accelerator.is_main_process)

    def advance(self) -> dict[str, Tensor]:
        """Takes a step of every network and returns the losses."""
        schedule, rank = self._schedule, self._accelerator.process_index
        indices = batch_indices(schedule, len(self._trainee), self.step)[rank :: self._accelerator.num_processes]
        found: dict[str, Tensor] = {}
        for turn, name in enumerate(self._trainee.networks):
            # What is random in a step must not depend on where the run was resumed.
            torch.manual_seed((schedule.seed * 10**7 + self.step) * 1000 + turn * 100 + rank)
            found |= self._turn(name, np.array_split(indices, schedule.accumulate))
        self._update_average(min(schedule.average, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return found

    def _turn(self, name: str, parts: list[NDArray[np.int64]]) -> dict[str, Tensor]:
        """One network learns from the parts of a batch, while the others stay as they are."""
        schedule, optimiser = self._schedule, self._optimisers[name]
        for other, network in self._trainee.networks.items():
            network.requires_grad_(other == name)
        networks = {**self._trainee.networks, name: self._wrapped[name]}
        found: dict[str, Tensor] = {}
        for part in parts:
            with self._accelerator.autocast():
                losses = self._trainee.loss(name, networks, part, self.step)
            if not losses:
                return {}
            self._accelerator.backward(losses["loss"] / len(parts))
            for key, value in losses.items():
                found[f"{name}/{key}"] = found.get(f"{name}/{key}", 0.0) + value.detach() / len(parts)
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate_at(self.step)
        self._accelerator.clip_grad_norm_(self._trainee.networks[name].parameters(), schedule.largest_gradient)
        optimiser.step()
        optimiser.zero_grad()
        return found

    def _update_average(self, decay: float) -> None:
        now = next(iter(self._trainee.networks.values())).state_dict()
        for key, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[key], 1 - decay)
            else:
                mean.copy_(now[key])

    def save(self) -> None:
        """Writes the checkpoint, as a whole or not at all."""
        if not self._accelerator.is_main_process:
            return
        state = {
            "schedule": asdict(self._schedule),
            "step": self.step,
            "networks": {name: network.state_dict() for name, network in self._trainee.networks.items()},
            "average": self.average.state_dict(),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self._optimisers.items()},
        }
        with whole_file(self._path) as file:
            torch.save(state, file)

    def _load(self, saved: Mapping[str, Any]) -> None:
        mine = asdict(self._schedule)
        if different := [f"{key} {value}" for key, value in saved["schedule"].items() if value != mine.get(key)]:
            raise UserError(
                f"'{self._path.parent}' holds a run with {', '.join(different)}, and this is another one. "
                "Name another folder with --run, or delete this one."
            )
        for name, network in self._trainee.networks.items():
            network.load_state_dict(saved["networks"][name])
            self._optimisers[name].load_state_dict(saved["optimisers"][name])
        self.average.load_state_dict(saved["average"])
        self.step = saved["step"]
        log.info("going on from step %d", self.step)
