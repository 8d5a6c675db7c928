"""Latents of mel spectrograms as AudioLDM has them, and the way back to sound; AudioLDM 2 and Tango share it.

Latents are `(n, channels, time, mel)`. Agrees with the pipelines of diffusers 0.42.1.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from models._shared.latent_diffusion import refuse_impossible


def grid_of(vae: Any, vocoder: Any, duration: float, *, native: float | None = None) -> tuple[int, int, int]:
    """Channels, frames and mels of the fewest latents that hold `duration` seconds, or always `native` ones.

    Raises UserError if they hold no clip of that duration.
    """
    refuse_impossible(duration, native)
    fine, factor = vocoder.config, 2 ** (len(vae.config.block_out_channels) - 1)
    n_frames = math.ceil(round((native or duration) * fine.sampling_rate) / math.prod(fine.upsample_rates))
    return vae.config.latent_channels, math.ceil(n_frames / factor), fine.model_in_dim // factor


def sound_of(vae: Any, vocoder: Any, latents: Tensor) -> Tensor:
    """Samples `(n, n_samples)` in float32 of clean latents."""
    scaled = (latents / vae.config.scaling_factor).to(vae.dtype)
    log_mels = vae.decode(scaled, return_dict=False)[0].to(torch.float32)
    samples: Tensor = vocoder(log_mels[:, 0])
    return samples
