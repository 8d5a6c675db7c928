"""The pipeline of networks that are still being trained, to hear how they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from models._shared.networks import read_network
from models.auffusion.conditioning import Conditioning
from models.auffusion.loading import read_vocoder
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import SCHEDULERS
from models.auffusion.settings import Settings
from models.auffusion.training.captions import read_conditions
from models.auffusion.training.recipe import Recipe

PROMPTS = ("A dog barks", "Rain falls on a roof", "A bell rings, then a car passes by", "Birds sing while a man speaks")


def settings_of(recipe: Recipe) -> Settings:
    """What `settings.json` is to say of a checkpoint of this recipe."""
    return Settings(
        mel=recipe.mel,
        n_frames=recipe.n_frames,
        coordinates=recipe.coordinates,
        unconditional=recipe.unconditional,
        map_layers=recipe.map_layers,
        sampling=recipe.sampling,
    )


def assemble(network: Any, recipe: Recipe, parts: Path, start: Path | None) -> AuffusionPipeline:
    """The pipeline of a `unet.Denoiser` with the VAE and the vocoder in the folder `parts`."""
    device, files = str(network.unet.device), files_in(parts)
    conditions = read_conditions(recipe.conditions, start, parts, device)
    pairs = zip(conditions, network.adapters, strict=True)
    schedulers = {kind.__name__: kind for kind in SCHEDULERS.values()}
    return AuffusionPipeline(
        unet=network.unet,
        vae=read_network(files, "vae", "AutoencoderKL").to(device),
        scheduler=schedulers[recipe.scheduler["_class_name"]].from_config(dict(recipe.scheduler)),
        conditioning=Conditioning(
            [replace(condition, adapter=adapter) for condition, adapter in pairs], unconditional=recipe.unconditional
        ),
        vocoder=read_vocoder(files, recipe.mel).to(device),
        settings=settings_of(recipe),
    )


def listen(network: Any, recipe: Recipe, parts: Path, start: Path | None) -> dict[str, Any]:
    """Clips of a few prompts, always from the same noise, by their prompts."""
    with torch.random.fork_rng():
        pipeline = assemble(network, recipe, parts, start)
        found = pipeline(PROMPTS, duration=recipe.duration, seeds=range(len(PROMPTS)))
    return dict(zip(PROMPTS, found.clips or [], strict=True))
