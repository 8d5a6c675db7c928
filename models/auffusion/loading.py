"""A checkpoint's folder, in the published layout, becomes a pipeline; what is damaged, partial or foreign is refused.

The layout is that of the repositories auffusion/auffusion* on the hub, as auffusion_pipeline.py of
happylittlecat2333/Auffusion, commit f44233d, reads it: `unet/ vae/ scheduler/ vocoder/` and either
`condition_config.json` with `text_encoder_0/ condition_adapter_0/ ...`, or Stable Diffusion's `text_encoder/
tokenizer/`. Ours may add `settings.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from models._shared.networks import Files, path_of, read_network
from models._shared.states import read_json, read_state
from models.auffusion.clap import ClapEmbeddings, read_clap
from models.auffusion.conditioning import Condition, ConditionAdapter, Conditioning, Unconditional
from models.auffusion.griffin_lim import GriffinLim
from models.auffusion.locate import GRIFFIN_LIM, SETTINGS
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.reader import Readings, read_reader
from models.auffusion.sampling import SCHEDULERS
from models.auffusion.settings import read_settings
from models.auffusion.spectrogram import MelSettings
from models.auffusion.text_encoders import TextEncoder, load_minilm, load_transformers, load_untrained
from models.auffusion.vocoder import HiFiGAN, fold_weight_norm, settings_of
from tta_bench.states import fill
from tta_bench.types import UserError

MAX_LENGTH = 77
"""States for each caption where the checkpoint does not say."""
SHARED_ENCODERS: Mapping[str, Callable[..., TextEncoder]] = {
    "all-MiniLM-L6-v2_tokens": partial(load_minilm, pooled=False),
    "all-MiniLM-L6-v2_pooled": partial(load_minilm, pooled=True),
    "untrained_tokens": load_untrained,
}
"""`condition_type` -> what loads it, of encoders that no checkpoint carries."""


def load_pipeline(files: Files, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> AuffusionPipeline:
    """The pipeline of a checkpoint, with U-Net and VAE in `dtype` and channels last, the rest in float32.

    Raises UserError, naming the file, for what is missing, damaged or does not fit together.
    """
    settings, scheduler = read_settings(files.get(SETTINGS)), _scheduler(files)
    vocoder = read_vocoder(files, settings.mel)
    conditioning = _conditioning(files, settings.unconditional, device)
    return AuffusionPipeline(
        unet=read_network(files, "unet", "UNet2DConditionModel", dtype).to(device),
        vae=read_network(files, "vae", "AutoencoderKL", dtype).to(device),
        scheduler=scheduler,
        conditioning=conditioning,
        vocoder=vocoder.to(device),
        settings=settings,
    )


def read_vocoder(files: Files, mel: MelSettings) -> HiFiGAN | GriffinLim:
    """The vocoder whose configuration and weights lie in `vocoder/`, frozen and in float32.

    Or Griffin and Lim's algorithm, where there is a file that says so.
    """
    if GRIFFIN_LIM in files:
        return GriffinLim(mel, **read_json(files[GRIFFIN_LIM]))
    config_path = path_of(files, "vocoder/config.json")
    weights = path_of(files, "vocoder/vocoder.safetensors", "vocoder/vocoder.pt")
    state: Any = read_state(weights)
    settings = settings_of(read_json(config_path), str(config_path))
    if (settings.num_mels, settings.hop_length) != (mel.n_mels, mel.hop_length):
        raise UserError(
            f"The vocoder takes {settings.num_mels} mels with a hop of {settings.hop_length} samples, the spectrograms "
            f"have {mel.n_mels} and {mel.hop_length}. Bring the checkpoint's own."
        )
    with torch.device("meta"):
        network = HiFiGAN(settings)
    return fill(network, fold_weight_norm(state.get("generator", state)), str(weights), dtype=torch.float32)


def _scheduler(files: Files) -> Any:
    """The published checkpoints' is PNDM whatever their file calls it, for so the authors' code reads it."""
    path = path_of(files, "scheduler/scheduler_config.json")
    config = read_json(path)
    if SETTINGS not in files:
        return SCHEDULERS["pndm"].from_config(config)
    known = {scheduler.__name__: scheduler for scheduler in SCHEDULERS.values()}
    if config.get("_class_name") not in known:
        raise UserError(f"{path} names {config.get('_class_name')!r}; schedulers are {', '.join(known)}.")
    return known[config["_class_name"]].from_config(config)


def _conditioning(files: Files, unconditional: Unconditional, device: str) -> Conditioning:
    if "condition_config.json" in files:
        entries = read_json(files["condition_config.json"])
        return Conditioning([read_condition(files, entry, device) for entry in entries], unconditional=unconditional)
    path_of(files, "text_encoder/config.json")
    encoder = load_transformers(
        files, "text_encoder", tokenizer="tokenizer", max_length=MAX_LENGTH, full_length=True, device=device
    )
    return Conditioning([Condition(encoder)], unconditional="empty")


def read_condition(files: Files, entry: Mapping[str, Any], device: str = "cpu") -> Condition:
    """The encoder and the adapter that an entry of `condition_config.json` names."""
    max_length = entry.get("condition_max_length", MAX_LENGTH)
    if entry["condition_type"] in SHARED_ENCODERS:
        encoder = SHARED_ENCODERS[entry["condition_type"]](device=device)
    elif entry["condition_type"] == "events":
        reader = read_reader(files, entry["text_encoder_name"]).to(device)
        encoder = Readings(load_minilm(pooled=False, device=device), reader)
    elif entry["condition_type"] == "clap":
        clap = read_clap(files, entry["text_encoder_name"]).to(device)
        encoder = ClapEmbeddings(load_minilm(pooled=False, device=device), clap)
    else:
        folder = entry["text_encoder_name"]
        path_of(files, f"{folder}/config.json")
        encoder = load_transformers(
            files, folder, tokenizer=folder, max_length=max_length, full_length=False, device=device
        )
    folder = entry.get("condition_adapter_name")
    adapter = read_adapter(files, folder).to(device) if folder else None
    return Condition(
        encoder,
        adapter,
        max_length=max_length,
        masked=entry.get("attention_mask", False),
        of_events=entry["condition_type"] == "events",
    )


def read_adapter(files: Files, folder: str) -> ConditionAdapter:
    """The adapter whose configuration and weights lie in `folder`, frozen."""
    config = read_json(path_of(files, f"{folder}/config.json"))
    weights = path_of(files, f"{folder}/condition_adapter.safetensors", f"{folder}/condition_adapter.pt")
    with torch.device("meta"):
        adapter = ConditionAdapter(config["condition_dim"], config["cross_attention_dim"])
    return fill(adapter, read_state(weights), str(weights), dtype=torch.float32)
