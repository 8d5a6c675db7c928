"""A checkpoint's folder, in the published layout, becomes a pipeline; what is damaged, partial or foreign is refused.

The layout is that of the repositories auffusion/auffusion* on the hub, as auffusion_pipeline.py of
happylittlecat2333/Auffusion, commit f44233d, reads it: `unet/ vae/ scheduler/ vocoder/` and either
`condition_config.json` with `text_encoder_0/ condition_adapter_0/ ...`, or Stable Diffusion's `text_encoder/
tokenizer/`. Ours may add `settings.json`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import torch
from torch import Tensor

from models._shared.states import read_json, read_state
from models.auffusion.conditioning import Condition, ConditionAdapter, Conditioning, Unconditional
from models.auffusion.griffin_lim import GriffinLim
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import SCHEDULERS
from models.auffusion.settings import read_settings
from models.auffusion.spectrogram import MelSettings
from models.auffusion.text_encoders import TextEncoder, load_minilm, load_transformers, load_untrained
from models.auffusion.vocoder import HiFiGAN, fold_weight_norm, settings_of
from tta_bench.states import fill
from tta_bench.types import UserError

Files = Mapping[str, Path]
"""Name inside the published folder -> where it is on this disk."""

MAX_LENGTH = 77
"""States for each caption where the checkpoint does not say."""
DIFFUSERS_WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
SHARED_ENCODERS: Mapping[str, Callable[..., TextEncoder]] = {
    "all-MiniLM-L6-v2_tokens": partial(load_minilm, pooled=False),
    "all-MiniLM-L6-v2_pooled": partial(load_minilm, pooled=True),
    "untrained_tokens": load_untrained,
}
"""`condition_type` -> what loads it, of encoders that no checkpoint carries."""
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names in the VAE of diffusers before 0.18, and today's."""


def load_pipeline(files: Files, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> AuffusionPipeline:
    """The pipeline of a checkpoint, with U-Net and VAE in `dtype` and channels last, the rest in float32.

    Raises UserError, naming the file, for what is missing, damaged or does not fit together.
    """
    settings, scheduler = read_settings(files.get("settings.json")), _scheduler(files)
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


def _path(files: Files, *names: str) -> Path:
    """The first of these files that is there."""
    found = next((files[name] for name in names if name in files), None)
    if found is None:
        raise UserError(
            f"The checkpoint has no {' and no '.join(names)}: it is incomplete or not one of Auffusion's. It has "
            f"{len(files)} files: {', '.join(sorted(files)[:5])} ... Fetch the whole folder."
        )
    return found


def read_network(files: Files, folder: str, class_name: str, dtype: torch.dtype = torch.float32) -> Any:
    """The network of diffusers whose configuration and weights lie in `folder`, frozen and with channels last."""
    config_path = _path(files, f"{folder}/config.json")
    config = read_json(config_path)
    if config.get("_class_name") != class_name:
        raise UserError(f"{config_path} describes a {config.get('_class_name')}, not a {class_name}.")
    weights = _path(files, *(f"{folder}/{name}" for name in DIFFUSERS_WEIGHTS))
    with torch.device("meta"):
        network = getattr(diffusers, class_name).from_config(config)
    filled = fill(network, _today(read_state(weights)), str(weights), dtype=dtype)
    return filled.to(memory_format=torch.channels_last)


def _today(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names that diffusers has given them since 0.18."""
    old = re.compile(rf"(?<=\.attentions\.)(\d+)\.({'|'.join(OLD_ATTENTION)})(?=\.)")
    return {old.sub(lambda m: f"{m[1]}.{OLD_ATTENTION[m[2]]}", key): tensor for key, tensor in state.items()}


def read_vocoder(files: Files, mel: MelSettings) -> HiFiGAN | GriffinLim:
    """The vocoder whose configuration and weights lie in `vocoder/`, frozen and in float32.

    A configuration with the `_class_name` of Griffin and Lim's algorithm has no weights.
    """
    config_path = _path(files, "vocoder/config.json")
    config = read_json(config_path)
    if config.get("_class_name") == GriffinLim.__name__:
        return GriffinLim(mel, config["rounds"])
    weights = _path(files, "vocoder/vocoder.safetensors", "vocoder/vocoder.pt")
    state: Any = read_state(weights)
    settings = settings_of(config, str(config_path))
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
    path = _path(files, "scheduler/scheduler_config.json")
    config = read_json(path)
    if "settings.json" not in files:
        return SCHEDULERS["pndm"].from_config(config)
    known = {scheduler.__name__: scheduler for scheduler in SCHEDULERS.values()}
    if config.get("_class_name") not in known:
        raise UserError(f"{path} names {config.get('_class_name')!r}; schedulers are {', '.join(known)}.")
    return known[config["_class_name"]].from_config(config)


def _conditioning(files: Files, unconditional: Unconditional, device: str) -> Conditioning:
    if "condition_config.json" in files:
        entries = read_json(files["condition_config.json"])
        return Conditioning([read_condition(files, entry, device) for entry in entries], unconditional=unconditional)
    _path(files, "text_encoder/config.json")
    encoder = load_transformers(
        files, "text_encoder", tokenizer="tokenizer", max_length=MAX_LENGTH, full_length=True, device=device
    )
    return Conditioning([Condition(encoder)], unconditional="empty")


def read_condition(files: Files, entry: Mapping[str, Any], device: str = "cpu") -> Condition:
    """The encoder and the adapter that an entry of `condition_config.json` names."""
    max_length = entry.get("condition_max_length", MAX_LENGTH)
    if entry["condition_type"] in SHARED_ENCODERS:
        encoder = SHARED_ENCODERS[entry["condition_type"]](device=device)
    else:
        folder = entry["text_encoder_name"]
        _path(files, f"{folder}/config.json")
        encoder = load_transformers(
            files, folder, tokenizer=folder, max_length=max_length, full_length=False, device=device
        )
    folder = entry.get("condition_adapter_name")
    adapter = read_adapter(files, folder).to(device) if folder else None
    return Condition(encoder, adapter, max_length=max_length, masked=entry.get("attention_mask", False))


def read_adapter(files: Files, folder: str) -> ConditionAdapter:
    """The adapter whose configuration and weights lie in `folder`, frozen."""
    config = read_json(_path(files, f"{folder}/config.json"))
    weights = _path(files, f"{folder}/condition_adapter.safetensors", f"{folder}/condition_adapter.pt")
    with torch.device("meta"):
        adapter = ConditionAdapter(config["condition_dim"], config["cross_attention_dim"])
    return fill(adapter, read_state(weights), str(weights), dtype=torch.float32)
