"""Weights into networks, checked tensor by tensor."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from tta_bench.types import UserError

Network = TypeVar("Network", bound=nn.Module)
DAMAGED = (
    SafetensorError, pickle.UnpicklingError, struct.error, ArithmeticError, AssertionError, AttributeError, EOFError,
    LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What torch and safetensors raise for files that are cut short, damaged, or made to look like weights."""


def why(error: BaseException) -> str:
    """What a library says of a damaged file, in one line."""
    said = str(error).splitlines()
    return said[0][:300] if said else type(error).__name__


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name of a .safetensors file, and what it says beside them. Raises UserError if it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read as weights ({why(error)}). Fetch the file again.") from error


def fill(network: Network, state: Mapping[str, Tensor], name: str, *, dtype: torch.dtype | None = None) -> Network:
    """The network, which may be built on the device "meta", with these tensors as its weights, in evaluation mode.

    Tensors of floating point become `dtype`; None leaves each as it is. Raises UserError, which calls the file `name`,
    unless it holds exactly the tensors that the network needs.
    """
    needed = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    found = {key: tuple(tensor.shape) for key, tensor in state.items()}
    wrong = sorted(key for key in needed.keys() | found.keys() if needed.get(key) != found.get(key))
    if wrong:
        raise UserError(
            f"{name} does not fit this network: {len(wrong)} tensors differ; {wrong[0]!r} has shape "
            f"{found.get(wrong[0])} and should have {needed.get(wrong[0])} (None: not there). "
            "Fetch what was published again, or name the checkpoint that this file belongs to."
        )
    cast = {key: tensor.to(dtype) if dtype and tensor.is_floating_point() else tensor for key, tensor in state.items()}
    network.load_state_dict(cast, assign=True)
    return network.eval().requires_grad_(False)
