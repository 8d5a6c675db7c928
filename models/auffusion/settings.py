"""What a checkpoint was trained with, beyond the shapes of its networks: the file `settings.json` of its folder.

The published checkpoints have no such file, and the defaults here are theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from models._shared.states import read_json
from models.auffusion.conditioning import Unconditional
from models.auffusion.sampling import Sampling
from models.auffusion.spectrogram import MelSettings
from tta_bench.types import UserError


@dataclass(frozen=True)
class Settings:
    """`dataclasses.asdict` of it is what `settings.json` holds; what that does not state is as published."""

    mel: MelSettings = field(default_factory=MelSettings)
    n_frames: int = 1024
    """Frames of the clips that the U-Net was trained on: the longest that it sees at once."""
    coordinates: tuple[str, ...] = ()
    """Channels beyond the latents' that tell the U-Net the time: see `guidance.coordinates`."""
    unconditional: Unconditional = "zeros"
    """What stood for no caption in training."""
    map_layers: tuple[str, ...] = ()
    """Layers whose cross-attention tells best where words are heard; all, where none is named."""
    sampling: Sampling = field(default_factory=Sampling)
    """With which its clips are best."""


def read_settings(path: Path | None) -> Settings:
    """The settings that a file states. UserError for a name that no setting has."""
    if path is None:
        return Settings()
    stated = _checked(Settings, read_json(path), path)
    parts = {"mel": MelSettings, "sampling": Sampling}
    made = {name: part(**_checked(part, stated[name], path)) for name, part in parts.items() if name in stated}
    return Settings(**{**stated, **made})


def _checked(record: Any, stated: Mapping[str, Any], path: Path) -> dict[str, Any]:
    known = {entry.name for entry in fields(record)}
    if unknown := sorted(stated.keys() - known):
        raise UserError(f"{path} states {unknown[0]!r}, which is no setting. There are: {', '.join(sorted(known))}.")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}
