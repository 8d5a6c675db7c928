"""The VAE and the vocoder of AudioLDM as its authors' code saves them, in the classes of diffusers and transformers.

Configurations and names of tensors: audioldm/ of declare-lab/tango, commit 34ecd38. Tango publishes them so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from models._shared.networks import Files, path_of, unfilled
from models._shared.states import part_of, read_json, read_state
from tta_bench.states import fill

RENAMED = (
    (r"nin_shortcut", "conv_shortcut"),
    (r"\.norm_out\.", ".conv_norm_out."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.up\.(\d+)\.block\.", r".up_blocks.\1.resnets."),
    (r"\.up\.(\d+)\.upsample\.", r".up_blocks.\1.upsamplers.0."),
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.attn_1\.norm\.", ".attn_1.group_norm."),
    (r"\.attn_1\.([qkv])\.", r".attn_1.to_\1."),
    (r"\.attn_1\.proj_out\.", ".attn_1.to_out.0."),
    (r"\.mid\.attn_1\.", ".mid_block.attentions.0."),
)
"""Names of tensors of latent diffusion's VAE, and those of diffusers, applied in turn."""


def read_sound_networks(files: Files, dtype: torch.dtype) -> tuple[Any, Any]:
    """The VAE, in `dtype`, and the vocoder, in float32, of `pytorch_model_vae.bin` and `vae_config.json`."""
    path = path_of(files, "pytorch_model_vae.bin")
    state, stated = read_state(path), read_json(path_of(files, "vae_config.json"))
    sizes, sound = vae_sizes(stated["ddconfig"]), part_of(state, "vocoder.")
    vae = unfilled("AutoencoderKL", {**sizes, "scaling_factor": stated["scale_factor"]})
    with torch.device("meta"):
        vocoder: Any = SpeechT5HifiGan(vocoder_sizes(sound))
    seen = {name: tensor for name, tensor in state.items() if not name.startswith("vocoder.")}
    fill(vae, todays_vae(seen, len(sizes["block_out_channels"])), str(path), dtype=dtype)
    fill(vocoder, todays_vocoder(sound), str(path), dtype=torch.float32)
    return vae.to(memory_format=torch.channels_last), vocoder


def vae_sizes(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Of diffusers' class, as the authors' `ddconfig` states them."""
    widths = [stated["ch"] * factor for factor in stated["ch_mult"]]
    return {
        "in_channels": stated["in_channels"],
        "out_channels": stated["out_ch"],
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "layers_per_block": stated["num_res_blocks"],
        "latent_channels": stated["z_channels"],
    }


def todays_vae(state: Mapping[str, Tensor], n_levels: int) -> dict[str, Tensor]:
    """The same tensors under diffusers' names, where levels of the decoder count from the other end."""
    found = {}
    for name, tensor in state.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        name = re.sub(r"up_blocks\.(\d+)", lambda level: f"up_blocks.{n_levels - 1 - int(level[1])}", name)
        is_linear = ".attentions." in name and tensor.ndim == 4
        found[name] = tensor[:, :, 0, 0] if is_linear else tensor
    return found


def vocoder_sizes(state: Mapping[str, Tensor]) -> SpeechT5HifiGanConfig:
    """HIFIGAN_16K_64 of the authors' code, as wide as the weights are."""
    first = state.get("conv_pre.weight", torch.empty(1024, 64, 7, device="meta"))
    return SpeechT5HifiGanConfig(
        model_in_dim=first.shape[1],
        upsample_initial_channel=first.shape[0],
        upsample_rates=[5, 4, 2, 2, 2],
        upsample_kernel_sizes=[16, 16, 8, 4, 4],
        normalize_before=False,
    )


def todays_vocoder(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under transformers' names, with the statistics that it does not use."""
    n_mels = vocoder_sizes(state).model_in_dim
    unused = {"mean": torch.zeros(n_mels), "scale": torch.ones(n_mels)}
    return {re.sub(r"^ups\.", "upsampler.", name): tensor for name, tensor in state.items()} | unused
