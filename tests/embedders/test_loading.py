"""Published checkpoints are read as data, never as code, and must fit to the last tensor."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tta_bench.embedders._loading import read_checkpoint
from tta_bench.states import fill
from tta_bench.types import UserError


class Command:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("numpy_module", [b"numpy._core", b"numpy.core"], ids=["NumPy 2", "NumPy 1"])
def test_arrays_and_numbers_of_numpy_beside_the_weights_are_read(tmp_path: Path, numpy_module: bytes) -> None:
    path = tmp_path / "checkpoint.pth"
    sampler = {"indexes": np.arange(5), "count": np.int64(3), "loss": np.float64(0.5)}
    torch.save({"model": {"w": torch.ones(2)}, "sampler": sampler}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes().replace(b"numpy._core", numpy_module))
    found = read_checkpoint(path)
    np.testing.assert_array_equal(found["sampler"]["indexes"], np.arange(5))
    assert found["sampler"]["count"] == 3
    assert torch.equal(found["model"]["w"], torch.ones(2))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "checkpoint.pth", tmp_path / "trace"
    torch.save({"model": Command(f"touch {trace}")}, path)
    with pytest.raises(UserError, match=r"checkpoint.pth cannot be read .*Fetch the file again"):
        read_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize("kept", [0, 100, 1000])
def test_a_damaged_file_is_named(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"w": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"checkpoint\.pth cannot be read as a PyTorch checkpoint"):
        read_checkpoint(path)


def test_a_network_is_filled_ready_for_evaluation() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.5))
    fill(network, {"0.weight": torch.ones(1, 2), "0.bias": torch.ones(1)}, "w.pth")
    assert network(torch.ones(2)).item() == 3.0
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"weight": torch.ones(1, 2)}, r"'bias' has shape None and should have \(1,\)"),
        ({"weight": torch.ones(1, 3), "bias": torch.ones(1)}, r"'weight' has shape \(1, 3\) and should have \(1, 2\)"),
        ({"weight": torch.ones(1, 2), "bias": torch.ones(1), "x": torch.ones(1)}, r"'x' has shape \(1,\) .* None"),
    ],
)
def test_tensors_that_do_not_fit_are_named(state: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(UserError, match=r"w\.pth of a:b does not fit .*1 tensors differ; " + message):
        fill(nn.Linear(2, 1), state, "w.pth of a:b")
