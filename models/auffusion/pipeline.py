"""Text to sound: Auffusion's networks, and the way from captions through latents and spectrograms to clips.

Xue et al., https://arxiv.org/abs/2401.01044. Agrees with `AuffusionPipeline` of auffusion_pipeline.py of
happylittlecat2333/Auffusion, commit f44233d, on the same start noise; but its clips are float, and each has a seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, final

import torch
import torch.nn.functional as F
from torch import Tensor

from models._shared.denoising import AfterStep, Callback, Schedule, denoise
from models._shared.latents import Generators, Grid, generators, start_noise
from models.auffusion import spectrogram
from models.auffusion.conditioning import Conditioning
from models.auffusion.griffin_lim import GriffinLim
from models.auffusion.guidance import GuidedPrediction, coordinates
from models.auffusion.sampling import Sampling, make_schedule
from models.auffusion.settings import Settings
from models.auffusion.vocoder import HiFiGAN
from models.auffusion.windows import Windows, windows
from tta_bench.types import Clip, UserError

Vocoder = HiFiGAN | GriffinLim


@dataclass(frozen=True)
class Output:
    """What was made, as far as it was asked for."""

    latents: Tensor
    """`(n, channels, freq, time)`, clean."""
    log_mels: Tensor | None = None
    """`(n, n_mels, n_frames)`, of the whole grid."""
    clips: list[Clip] | None = None


@final
class AuffusionPipeline:
    """Makes clips of captions. Its components are its attributes and may be replaced, as in diffusers."""

    def __init__(
        self, *, unet: Any, vae: Any, scheduler: Any, conditioning: Conditioning, vocoder: Vocoder, settings: Settings
    ) -> None:
        self.unet, self.vae, self.scheduler = unet, vae, scheduler
        self.conditioning, self.vocoder, self.settings = conditioning, vocoder, settings
        self.fold: int = math.isqrt(vae.config.in_channels // settings.mel.channels)
        """Side of the squares of pixels that the VAE sees as one pixel with more channels; 1 for the published ones."""
        self.vae_factor: int = self.fold * 2 ** (len(vae.config.block_out_channels) - 1)
        self.n_channels: int = vae.config.latent_channels
        told = unet.config.in_channels - self.n_channels
        if told != len(settings.coordinates):
            raise UserError(
                f"The U-Net takes {told} channels beside the {self.n_channels} of the latents, but the checkpoint's "
                f"settings.json names {len(settings.coordinates)} coordinates. Use the two that were saved together."
            )

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        device: torch.device = self.vae.device
        return device

    @torch.inference_mode()
    def __call__(
        self,
        prompt: str | Sequence[str],
        *,
        duration: float = 10.0,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        negative_prompt: str | None = None,
        sampling: Sampling | None = None,
        seeds: Sequence[int] | None = None,
        generator: Generators = None,
        latents: Tensor | None = None,
        callback: Callback | None = None,
        output_type: Literal["clips", "mel", "latent"] = "clips",
    ) -> Output:
        """Clips of `duration` seconds for each caption, all as one batch.

        Clip i depends on prompt i and seed i (or generator i, or latents i), not on the others, up to rounding: below
        1e-4 in float32. `sampling` defaults to the checkpoint's; the three keywords before it override parts of it.
        `latents` `(n, channels, freq, time)` is the start noise.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        given = {
            "num_inference_steps": num_inference_steps,
            "guidance_scale": guidance_scale,
            "negative_prompt": negative_prompt,
        }
        chosen: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        drawn = replace(sampling or self.settings.sampling, **chosen)
        if latents is None:
            each = generator if seeds is None else generators(seeds)
            latents = self.noise(len(prompts), self.grid(duration), each)
        schedule = make_schedule(self.scheduler, drawn)
        clean = self.denoise(latents.to(self.device).float(), prompts, drawn, schedule, callback=callback)
        if output_type == "latent":
            return Output(clean)
        log_mels = self.decode(clean)
        return Output(clean, log_mels, self.sound(log_mels, duration) if output_type == "clips" else None)

    def grid(self, duration: float) -> Grid:
        """The latents that hold `duration` seconds: as many frames as the U-Net can halve, and no more than needed."""
        if not 0 < duration < math.inf:
            raise UserError(f"A clip of {duration} s cannot be made. Ask for more than 0 s.")
        mel = self.settings.mel
        halved = 2 ** (len(self.unet.config.block_out_channels) - 1)
        n_frames = math.ceil(round(duration * mel.frame_rate, 6))
        return Grid(mel.n_mels // self.vae_factor, math.ceil(n_frames / (self.vae_factor * halved)) * halved)

    def noise(self, n: int, grid: Grid, generator: Generators = None) -> Tensor:
        """Start noise `(n, channels, freq, time)`; with a generator for each, row i depends on the i-th alone."""
        return start_noise(n, (self.n_channels, *grid), generator).to(self.device)

    def denoise(
        self,
        latents: Tensor,
        prompts: Sequence[str],
        sampling: Sampling,
        schedule: Schedule,
        *,
        after_step: AfterStep | None = None,
        callback: Callback | None = None,
    ) -> Tensor:
        """Clean latents of these captions from noisy ones; what is longer than the U-Net knows, through windows."""
        seen = self._windows(latents.shape[-1])
        embeddings = self.conditioning.encode(prompts)
        predict = GuidedPrediction(
            self.unet,
            embeddings,
            self.conditioning.negative(embeddings, sampling.negative_prompt),
            sampling,
            seen=seen,
            told=coordinates(self.settings.coordinates, seen.width, self.settings.n_frames // self.vae_factor),
            n_train_timesteps=schedule.scheduler.config.num_train_timesteps,
        )
        return denoise(predict, schedule, latents, after_step=after_step, callback=callback)

    def encode(self, samples: Tensor, grid: Grid) -> Tensor:
        """Latents `(n, channels, freq, time)` of sounds `(n, n_samples)` that are as loud as the network expects.

        What the grid has beyond the sounds' end is silent. The mean of what the VAE says, not a draw from it.
        """
        log_mels = spectrogram.log_mel(samples.to(self.device).float(), self.settings.mel)
        pictures = spectrogram.to_pictures(log_mels, self.settings.mel)
        seen = self._windows(grid.time)
        padded = F.pad(pictures, (0, grid.time * self.vae_factor - pictures.shape[-1]))
        pieces = seen.times(self.vae_factor).split(2 * padded - 1)
        folded = F.pixel_unshuffle(pieces, self.fold).to(self.vae.dtype)
        found = self.vae.encode(folded).latent_dist.mode().float()
        return seen.merge(found) * float(self.vae.config.scaling_factor)

    def decode(self, latents: Tensor) -> Tensor:
        """Log-mel spectrograms `(n, n_mels, n_frames)` of clean latents."""
        seen = self._windows(latents.shape[-1])
        pieces = (seen.split(latents) / self.vae.config.scaling_factor).to(self.vae.dtype)
        decoded = F.pixel_shuffle(self.vae.decode(pieces, return_dict=False)[0].float(), self.fold)
        pictures = seen.times(self.vae_factor).merge((decoded / 2 + 0.5).clamp(0, 1))
        return spectrogram.to_log_mels(pictures, self.settings.mel)

    def sound(self, log_mels: Tensor, duration: float) -> list[Clip]:
        """Clips of exactly `duration` seconds of log-mel spectrograms that are at least as long."""
        sample_rate = self.settings.mel.sample_rate
        samples = self.vocoder(log_mels)[:, : round(duration * sample_rate)].cpu().numpy()
        return [Clip(row, sample_rate) for row in samples]

    def _windows(self, width: int) -> Windows:
        return windows(width, self.settings.n_frames // self.vae_factor)
