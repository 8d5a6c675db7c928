"""Trained networks on disk: a folder with a configuration and weights, there as a whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor


def save_network(network: Any, folder: Path) -> None:
    """Writes a network of diffusers in place of what the folder holds."""
    part = _emptied(folder)
    network.save_pretrained(part)
    _rename(part, folder)


def write_part(folder: Path, name: str, state: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Writes tensors to the file `name` and the configuration to `config.json`, in place of what the folder holds."""
    part = _emptied(folder)
    save_file({key: tensor.cpu().contiguous() for key, tensor in state.items()}, part / name)
    (part / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _rename(part, folder)


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors in float16, as they are published."""
    return {key: tensor.to(torch.float16) for key, tensor in state.items()}


def _emptied(folder: Path) -> Path:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _rename(part: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
