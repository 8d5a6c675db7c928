"""The loop: killed and resumed, a run ends with the same weights, bit by bit."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.training.loop import CHECKPOINT, Schedule, batch_indices, train
from tta_bench.types import Clip, UserError

SCHEDULE = Schedule(steps=12, batch_size=4, learning_rate=0.1, warm_up=2, average=0.9)


class Fit:
    """A line through points, with noise on them, and a second network that learns from the fourth step on."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.networks: dict[str, nn.Module] = {"line": nn.Linear(1, 1), "rival": nn.Linear(1, 1)}
        self.seen: list[list[int]] = []

    def __len__(self) -> int:
        return 10

    def loss(
        self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int
    ) -> Mapping[str, Tensor]:
        if name == "rival" and step < 4:
            return {}
        self.seen.append(indices.tolist())
        x = torch.from_numpy(indices).float()[:, None] / 10
        y = networks["line"](x) + (networks["rival"](x) if step >= 4 else 0)
        return {"loss": (y - 3 * x - 1 + 0.01 * torch.randn(len(x), 1)).square().mean()}


def run(folder: Path, schedule: Schedule = SCHEDULE, minutes: float | None = None) -> nn.Module | None:
    return train(Fit(), schedule, folder, validate=lambda _: {}, minutes=minutes)


def test_a_run_that_is_stopped_again_and_again_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    stops = 0
    while (found := run(tmp_path / "parts", minutes=0)) is None:
        stops += 1
    assert whole is not None
    assert stops == 11
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), found.parameters(), strict=True))
    last = [json.loads((tmp_path / name / "log.jsonl").read_text().splitlines()[-1]) for name in ("whole", "parts")]
    assert last[0] == last[1]


def test_accumulating_the_parts_of_a_batch_changes_nothing_but_rounding(tmp_path: Path) -> None:
    class Still(Fit):
        def loss(self, name: str, networks: Any, indices: Any, step: int) -> Mapping[str, Tensor]:
            torch.manual_seed(step)
            x = torch.from_numpy(indices).float()[:, None] / 10
            return {"loss": (networks[name](x) - 3 * x).square().mean()}

    whole, parts = (
        train(Still(), replace(SCHEDULE, accumulate=n), tmp_path / str(n), validate=lambda _: {}) for n in (1, 2)
    )
    assert whole is not None
    assert parts is not None
    assert torch.allclose(next(whole.parameters()), next(parts.parameters()), atol=1e-5)


def test_each_network_learns_from_its_own_loss_alone(tmp_path: Path) -> None:
    class Apart(Fit):
        def loss(self, name: str, networks: Any, indices: Any, step: int) -> Mapping[str, Tensor]:
            del indices, step
            both = sum(one(torch.ones(1, 1)).square().sum() for one in networks.values())
            return {"loss": both} if name == "line" else {}

    trainee = Apart()
    before = [next(one.parameters()).clone() for one in trainee.networks.values()]
    train(trainee, SCHEDULE, tmp_path, validate=lambda _: {})
    line, rival = (next(one.parameters()) for one in trainee.networks.values())
    assert not torch.equal(line, before[0])
    assert torch.equal(rival, before[1])


def test_an_epoch_sees_every_example_once() -> None:
    schedule = Schedule(steps=9, batch_size=4)
    epoch = np.concatenate([batch_indices(schedule, 12, step) for step in range(3)])
    assert sorted(epoch) == list(range(12))
    assert not np.array_equal(epoch[:4], batch_indices(schedule, 12, 3))


def test_the_learning_rate_warms_up_stays_and_decays() -> None:
    schedule = Schedule(steps=100, learning_rate=1.0, warm_up=10, decay=0.4)
    rates = [schedule.learning_rate_at(step) for step in range(100)]
    assert rates[0] == 0.1
    assert set(rates[9:60]) == {1.0}
    assert rates[80] == 0.5
    assert 0 < rates[-1] < 0.03
    assert [step for step in range(100) if schedule.decays_at(step)] == list(range(61, 100))


def test_a_run_of_another_schedule_is_refused(tmp_path: Path) -> None:
    run(tmp_path, minutes=0)
    with pytest.raises(UserError, match=r"a run with learning_rate 0\.1"):
        run(tmp_path, replace(SCHEDULE, learning_rate=0.2))


def test_what_validation_finds_is_noted_and_shown(tmp_path: Path) -> None:
    found = {"error": 0.5, "picture": torch.rand(4, 6), "clip": Clip(np.zeros(160, np.float32), 16000)}
    train(Fit(), SCHEDULE, tmp_path, validate=lambda _: found, validate_every=6)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    noted = [(line["step"], line["validation/error"]) for line in lines if "validation/error" in line]
    assert noted == [(6, 0.5), (12, 0.5)]
    assert sum(path.stat().st_size for path in (tmp_path / "events").iterdir()) > 500
    assert (tmp_path / CHECKPOINT).exists()
