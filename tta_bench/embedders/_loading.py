"""Reading published PyTorch checkpoints: data only, never code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tta_bench.states import DAMAGED, why
from tta_bench.types import UserError


def read_checkpoint(path: Path) -> Any:
    """What `torch.save` wrote, on the CPU: tensors and plain containers, and NumPy arrays and numbers.

    The authors of several checkpoints left their data sampler's arrays or class counts beside the weights, which
    `weights_only` refuses unless these NumPy types are named. Nothing else of a pickle is run.
    Raises UserError for a file that is damaged or holds anything else.
    """
    try:
        with torch.serialization.safe_globals(_numpy_types()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read as a PyTorch checkpoint: {why(error)} Fetch the file again.") from error


def _numpy_types() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    multiarray = np._core.multiarray  # type: ignore[attr-defined]
    builders = [multiarray.scalar, multiarray._reconstruct]
    before_numpy_2 = [(builder, f"numpy.core.multiarray.{builder.__name__}") for builder in builders]
    dtypes = [type(np.dtype(name)) for name in ("bool", "int32", "int64", "float32", "float64")]
    return [*builders, *before_numpy_2, np.ndarray, np.dtype, *dtypes]
