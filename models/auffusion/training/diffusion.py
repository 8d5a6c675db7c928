"""What the U-Net learns from: noise of any strength on latents, and how much each strength counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from diffusers import DDPMScheduler
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Diffusion:
    """How the U-Net is trained, beside what `scheduler` says of the noise."""

    snr_cap: float | None = None
    """Min-SNR weighting (https://arxiv.org/abs/2303.09556) with this cap, usually 5; None: all count alike."""
    timestep_shift: float = 1.0
    """Above 1: strong noise is trained on more often, as by equation 23 of https://arxiv.org/abs/2403.03206.

    Until the learning rate decays: what is to be heard is learnt first. Then all strengths come alike.
    """
    token_noise: float = 0.0
    """On what text encoders say, at most, in its own spread: see `captions.Blur`."""
    token_dropout: float = 0.0
    """Share of text encoders' states that are hidden, at most."""
    no_caption: float = 0.1
    """Share of the examples that are shown without their caption, so that guidance has something to lead away from."""


@final
class Noising:
    """Noise of any strength, by the `scheduler` of a checkpoint, and what is to be predicted then."""

    def __init__(self, scheduler: Mapping[str, Any], snr_cap: float | None) -> None:
        known = ("num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "prediction_type")
        kind: Any = DDPMScheduler
        self._scheduler = kind.from_config({key: scheduler[key] for key in known if key in scheduler})
        self.n_timesteps: int = self._scheduler.config.num_train_timesteps
        self._kind: str = self._scheduler.config.prediction_type
        self._cap = snr_cap

    def timesteps(self, uniform: NDArray[np.float64], shift: float = 1.0) -> NDArray[np.int64]:
        """Timesteps for numbers from 0 to 1, evenly drawn: shifted to strong noise."""
        shifted = shift * uniform / (1 + (shift - 1) * uniform)
        return (shifted * self.n_timesteps).astype(np.int64)

    def noised(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Latents `(n, ...)` with noise as strong as at each one's timestep."""
        found: Tensor = self._scheduler.add_noise(latents, noise, timesteps)
        return found

    def target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the network is to predict: the noise, or the velocity."""
        if self._kind == "epsilon":
            return noise
        found: Tensor = self._scheduler.get_velocity(latents, noise, timesteps)
        return found

    def weights(self, timesteps: Tensor) -> Tensor:
        """How much the squared error at each timestep counts, `(n,)`."""
        if self._cap is None:
            return torch.ones(len(timesteps), device=timesteps.device)
        kept = self._scheduler.alphas_cumprod.to(timesteps.device)[timesteps]
        snr = kept / (1 - kept)
        capped = snr.clamp(max=self._cap)
        found: Tensor = capped / snr if self._kind == "epsilon" else capped / (snr + 1)
        return found
