"""A killed training ends with the same weights as one that was not."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tta_bench.training import _loop
from tta_bench.training._loop import Schedule, batch_indices, read_average, step_rng, train
from tta_bench.types import UserError

SCHEDULE = Schedule(steps=20, batch_size=4, warm_up=3, learning_rate=0.05)
EXAMPLES = torch.randn(10, 3, generator=torch.Generator().manual_seed(0))


def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))


def loss(net: nn.Module, step: int) -> Tensor:
    batch = EXAMPLES[batch_indices(SCHEDULE, len(EXAMPLES), step)]
    noise = torch.from_numpy(step_rng(SCHEDULE, step).standard_normal(batch.shape)).float()
    return (net(batch + 0.1 * noise)[:, 0] - batch.sum(dim=1)).square().mean()


def run(folder: Path, schedule: Schedule = SCHEDULE, loss: Callable[..., Tensor] = loss) -> nn.Module | None:
    return train(network(), loss, schedule, folder, validate=lambda _: {"quality": 0.5}, validate_every=5)


def test_a_killed_training_ends_like_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_loop, "SAVE_EVERY", 0.0)

    def fatal(net: nn.Module, step: int) -> Tensor:
        if step == 12:
            raise KeyboardInterrupt
        return loss(net, step)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", loss=fatal)
    resumed, whole = run(tmp_path / "killed"), run(tmp_path / "whole")
    assert resumed is not None
    assert whole is not None
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_what_was_done_after_the_checkpoint_leaves_the_log_when_it_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fatal(net: nn.Module, step: int) -> Tensor:
        if step == 12:
            raise KeyboardInterrupt
        return loss(net, step)

    monkeypatch.setattr(_loop, "SAVE_EVERY", 1e9)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, loss=fatal)
    run(tmp_path)
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [5, 10, 15, 20, 20]


def test_a_training_that_is_out_of_time_goes_on_when_called_again(tmp_path: Path) -> None:
    part = train(network(), loss, SCHEDULE, tmp_path, validate=lambda _: {}, minutes=0.0)
    assert part is None
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 1
    assert run(tmp_path) is not None


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first = run(tmp_path)

    def never(_: nn.Module, step: int) -> Tensor:
        raise AssertionError(step)

    again = run(tmp_path, loss=never)
    assert first is not None
    assert again is not None
    assert torch.equal(first[0].weight, again[0].weight)


def test_a_folder_of_another_schedule_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with pytest.raises(UserError, match=r"holds a run with steps 20.*--run"):
        run(tmp_path, Schedule(steps=21, batch_size=4, warm_up=3, learning_rate=0.05))


def test_the_result_is_the_running_mean_of_the_weights(tmp_path: Path) -> None:
    trained = run(tmp_path)
    again, schedule, step = read_average(network(), tmp_path)
    assert trained is not None
    assert (schedule, step) == (SCHEDULE, 20)
    assert torch.equal(again[0].weight, trained[0].weight)
    assert not torch.equal(
        torch.load(tmp_path / "checkpoint.pt", weights_only=True)["network"]["0.weight"], trained[0].weight
    )


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No training run in"):
        read_average(network(), tmp_path)


def test_an_epoch_shows_every_example_once_in_an_order_of_its_own() -> None:
    schedule = Schedule(steps=100, batch_size=5)
    epochs = [np.concatenate([batch_indices(schedule, 20, 4 * e + k) for k in range(4)]) for e in range(2)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert not np.array_equal(*epochs)


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    schedule = Schedule(steps=1000, learning_rate=1.0, warm_up=10)
    assert schedule.learning_rate_at(0) == pytest.approx(0.1)
    assert schedule.learning_rate_at(10) == pytest.approx(1.0, abs=1e-3)
    assert schedule.learning_rate_at(500) == pytest.approx(0.5)
    assert schedule.learning_rate_at(999) == pytest.approx(0.0, abs=1e-5)
