"""A training loop that can be killed and goes on as if it had not been."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from tta_bench.arrays import whole_file
from tta_bench.types import UserError

log = logging.getLogger(__name__)

Network = TypeVar("Network", bound=nn.Module)
CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
SAVE_EVERY = 120.0
"""Seconds between two checkpoints."""


@dataclass(frozen=True)
class Schedule:
    """What decides a training run, besides network, loss and data. AdamW with warm-up and a cosine down to zero."""

    steps: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    warm_up: int = 200
    """Steps."""
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    """Norm to which gradients are clipped."""
    average: float = 0.999
    """Decay of the running mean of the weights, which is the result."""
    seed: int = 0

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step, the first being 0."""
        warm = min(1.0, (step + 1) / max(1, self.warm_up))
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))


def batch_indices(schedule: Schedule, n: int, step: int) -> NDArray[np.int64]:
    """Which of n examples a step sees: whole batches of another permutation in every epoch."""
    size = min(schedule.batch_size, n)
    epoch, batch = divmod(step, n // size)
    return np.random.default_rng([schedule.seed, epoch]).permutation(n)[batch * size : (batch + 1) * size]


def step_rng(schedule: Schedule, step: int) -> np.random.Generator:
    """The generator of all else that is random in a step."""
    return np.random.default_rng([schedule.seed, step, 1])


def train(
    network: Network,
    loss: Callable[[Network, int], Tensor],
    schedule: Schedule,
    folder: Path,
    *,
    validate: Callable[[Network], Mapping[str, float]],
    validate_every: int = 1000,
    minutes: float | None = None,
) -> Network | None:
    """The running mean of the trained network, or None if the minutes were over before; the same call then goes on.

    `loss` of the network and the number of the step draws its batch from `batch_indices` and `step_rng`, so a run
    that was killed ends with the weights of one that was not. `folder` gets `checkpoint.pt` every two minutes and
    `log.jsonl`. Raises UserError if it holds a run of another schedule.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(network, schedule, folder)
    start = saved = time.monotonic()
    while run.step < schedule.steps:
        value = run.advance(loss)
        now = time.monotonic()
        if run.step % 50 == 0 or run.step == schedule.steps:
            run.note(loss=value, seconds=round(run.seconds + now - start, 1))
        if run.step % validate_every == 0 or run.step == schedule.steps:
            run.note(**validate(run.average.eval()))
        over = minutes is not None and now - start > 60 * minutes
        if over or run.step == schedule.steps or now - saved > SAVE_EVERY:
            run.save(run.seconds + now - start)
            saved = time.monotonic()
        if over and run.step < schedule.steps:
            log.info("stopped at step %d of %d; the same command goes on", run.step, schedule.steps)
            return None
    return run.average.eval()


def read_average(network: Network, folder: Path) -> tuple[Network, Schedule, int]:
    """The network with the running mean of the weights of a run, its schedule, and the steps that it has done."""
    path = folder / CHECKPOINT
    if not path.exists():
        raise UserError(f"No training run in '{folder}': {CHECKPOINT} is missing. Train first, or name it with --run.")
    saved = torch.load(path, weights_only=True)
    network.load_state_dict(saved["average"])
    return network.eval(), Schedule(**saved["schedule"]), saved["step"]


@final
class _Run(Generic[Network]):
    """Everything that changes while training; it starts from the checkpoint of the folder, if there is one."""

    def __init__(self, network: Network, schedule: Schedule, folder: Path) -> None:
        self._network, self._schedule, self._folder = network, schedule, folder
        self.average = copy.deepcopy(network).requires_grad_(False)
        self._optimiser = torch.optim.AdamW(network.parameters(), weight_decay=schedule.weight_decay)
        self.step = 0
        self.seconds = 0.0
        """Spent before this call."""
        if (folder / CHECKPOINT).exists():
            self._load(torch.load(folder / CHECKPOINT, weights_only=True))
        self._forget_later_notes()

    def advance(self, loss: Callable[[Network, int], Tensor]) -> float:
        """Takes a step and returns its loss."""
        schedule = self._schedule
        torch.manual_seed(schedule.seed * 10**7 + self.step)  # dropout must not depend on where the run was resumed
        for group in self._optimiser.param_groups:
            group["lr"] = schedule.learning_rate_at(self.step)
        value = loss(self._network.train(), self.step)
        self._optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self._network.parameters(), schedule.largest_gradient)
        self._optimiser.step()
        self._update_average(min(schedule.average, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return value.item()

    def _update_average(self, decay: float) -> None:
        now = self._network.state_dict()
        for key, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[key], 1 - decay)
            else:
                mean.copy_(now[key])

    def note(self, **values: float) -> None:
        """Adds a line to the log."""
        log.info("step %d: %s", self.step, ", ".join(f"{name} {value:.4g}" for name, value in values.items()))
        with (self._folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step} | values) + "\n")

    def save(self, seconds: float) -> None:
        """Writes the checkpoint, as a whole or not at all."""
        with whole_file(self._folder / CHECKPOINT) as file:
            torch.save(
                {
                    "schedule": asdict(self._schedule),
                    "step": self.step,
                    "seconds": seconds,
                    "network": self._network.state_dict(),
                    "average": self.average.state_dict(),
                    "optimiser": self._optimiser.state_dict(),
                },
                file,
            )

    def _load(self, saved: Mapping[str, Any]) -> None:
        if saved["schedule"] != asdict(self._schedule):
            different = [f"{k} {v}" for k, v in saved["schedule"].items() if v != asdict(self._schedule)[k]]
            raise UserError(
                f"'{self._folder}' holds a run with {', '.join(different)}, and this is another one. "
                "Name another folder with --run, or delete this one."
            )
        self._network.load_state_dict(saved["network"])
        self.average.load_state_dict(saved["average"])
        self._optimiser.load_state_dict(saved["optimiser"])
        self.step, self.seconds = saved["step"], saved["seconds"]
        log.info("going on from step %d", self.step)

    def _forget_later_notes(self) -> None:
        """Drops from the log what was done after the checkpoint, for it is done again."""
        path = self._folder / LOG
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= self.step]
            path.write_text("".join(kept), encoding="utf-8")
