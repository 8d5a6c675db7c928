"""Weights out of files: safetensors, or pickles of which only tensors and plain containers are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tta_bench import records
from tta_bench.states import DAMAGED, read_tensors, why
from tta_bench.types import UserError


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors by name, on the CPU, of a .safetensors file or of what `torch.save` wrote.

    Of a pickle, tensors and plain containers are read and nothing is run. A mapping of mappings is given as it is.
    Raises UserError for a file that is damaged, cut short or holds anything else.
    """
    try:
        if path.suffix == ".safetensors":
            return read_tensors(path)[0]
        found = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read as weights ({why(error)}). Fetch the file again.") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} holds a {type(found).__name__}, not tensors by name. Fetch the published file.")
    return found


def part_of(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def read_json(path: Path) -> Any:
    """What a JSON file says. Raises UserError if it is missing or damaged."""
    try:
        return records.parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON ({error}). Fetch the file again.") from error
