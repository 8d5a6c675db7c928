"""Where a checkpoint's folder is: named by the user, in the suite, in our cache, or in the hub's."""

from __future__ import annotations

from pathlib import Path

from models._shared import folders
from models._shared.folders import DIFFUSERS_WEIGHTS, Layout, files_in
from models.auffusion.cards import CHECKPOINTS

__all__ = ["fetch", "files_in", "find"]

SETTINGS = "settings.json"
"""Of the checkpoints that are trained here, and of none that was published."""
GRIFFIN_LIM = "vocoder/griffin_lim.json"
"""In the place of a vocoder: the arguments of `griffin_lim.GriffinLim`."""
LAYOUT = Layout(
    "auffusion",
    CHECKPOINTS,
    anchor="unet/config.json",
    needed=(
        ("unet/config.json",),
        tuple(f"unet/{name}" for name in DIFFUSERS_WEIGHTS),
        ("vae/config.json",),
        tuple(f"vae/{name}" for name in DIFFUSERS_WEIGHTS),
        ("scheduler/scheduler_config.json",),
        ("vocoder/config.json", GRIFFIN_LIM),
        ("vocoder/vocoder.safetensors", "vocoder/vocoder.pt", GRIFFIN_LIM),
        ("condition_config.json", "text_encoder/config.json"),
    ),
)


def find(checkpoint: str, *, cache_dir: Path, weights_dir: Path | None = None) -> dict[str, Path]:
    """The files of `auffusion:checkpoint`, or of the folder that `checkpoint` is the path of; see `folders.find`."""
    bundled = Path(__file__).parent
    return folders.find(LAYOUT, checkpoint, cache_dir=cache_dir, weights_dir=weights_dir, bundled=bundled)


def fetch(checkpoint: str) -> dict[str, Path]:
    """The files of a published checkpoint, from the hub; see `folders.fetch`."""
    return folders.fetch(LAYOUT, checkpoint)
