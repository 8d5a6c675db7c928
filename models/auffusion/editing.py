"""Sound edited by text: style transfer and inpainting.

Both run the pipeline's own denoising from the latents of a source. Agrees with diffusers' image-to-image pipeline, and
with its inpainting by blending, as notebooks/img2img.ipynb and inpainting.ipynb of happylittlecat2333/Auffusion, commit
f44233d, call them; but the latents are the VAE's mean, and what is not masked stays the source, sample by sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models._shared.latents import Grid, generators
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling, make_schedule, noised
from models.auffusion.spectrogram import at_peak, mel_centres
from tta_bench import audio
from tta_bench.types import Clip, Preprocessing, UserError

FADE = 0.01
"""Seconds over which new sound comes in and goes out, inside the mask."""
EDGE = 50.0
"""Hz over which a band of new sound fades at its ends."""


@dataclass(frozen=True)
class Mask:
    """What of a sound is to be made anew."""

    start: float
    """Seconds."""
    stop: float
    """Seconds; a stop not after the start masks nothing."""
    low: float = 0.0
    """Hz."""
    high: float = math.inf
    """Hz."""


@dataclass(frozen=True)
class Sources:
    """Sounds of one length as the model hears them."""

    samples: Tensor
    """`(n, n_samples)`, mono, at the model's sample rate, as loud as they were."""
    gains: Tensor
    """`(n, 1)`, by which they were made as loud as the model expects."""
    latents: Tensor
    """`(n, channels, freq, time)`"""
    duration: float
    """Seconds."""

    @property
    def grid(self) -> Grid:
        """Of the latents."""
        return Grid(*self.latents.shape[-2:])


def read_sources(pipeline: AuffusionPipeline, clips: Sequence[Clip]) -> Sources:
    """Clips of one duration, of any sample rate and number of channels, as a batch. ValueError if durations differ."""
    mel = pipeline.settings.mel
    rows = [audio.prepare(clip, Preprocessing(sample_rate=mel.sample_rate))[0] for clip in clips]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"the sources have {sorted({len(row) for row in rows})} samples; edit equal lengths together")
    samples = torch.from_numpy(np.stack(rows)).to(pipeline.device)
    duration = samples.shape[1] / mel.sample_rate
    levelled, gains = at_peak(samples, mel.peak)
    return Sources(samples, gains, pipeline.encode(levelled, pipeline.grid(duration)), duration)


@torch.inference_mode()
def style_transfer(
    pipeline: AuffusionPipeline,
    sources: Sequence[Clip],
    captions: Sequence[str],
    *,
    strength: float,
    seeds: Sequence[int],
    sampling: Sampling | None = None,
) -> list[Clip]:
    """Each source as its caption says, in the time course of the source: mono, at the model's sample rate.

    `strength` 0 gives the sources themselves, 1 almost nothing of them: the last part `strength` of the steps is run.
    Sources of one duration. Raises UserError for a strength beyond 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise UserError(f"strength is {strength}; take 0 (the source) to 1 (hardly anything of it).")
    heard, drawn = read_sources(pipeline, sources), sampling or pipeline.settings.sampling
    schedule = make_schedule(pipeline.scheduler, drawn, strength=strength)
    if len(schedule.timesteps) == 0:
        return _clips(heard.samples, pipeline)
    start = noised(heard.latents, pipeline.noise(len(sources), heard.grid, generators(seeds)), schedule, 0)
    clean = pipeline.denoise(start, list(captions), drawn, schedule)
    return _clips(_sound(pipeline, clean, heard), pipeline)


@torch.inference_mode()
def inpaint(
    pipeline: AuffusionPipeline,
    sources: Sequence[Clip],
    captions: Sequence[str],
    *,
    masks: Sequence[Mask],
    seeds: Sequence[int],
    sampling: Sampling | None = None,
) -> list[Clip]:
    """Each source with the sound under its mask made anew after its caption: mono, at the model's sample rate.

    Outside the mask's time, samples are the source's own; inside, new sound fades in and out, in the mask's band alone.
    Sources of one duration. Raises UserError for a mask that lies outside the sound.
    """
    heard, drawn = read_sources(pipeline, sources), sampling or pipeline.settings.sampling
    for mask in masks:
        _check(mask, heard.duration)
    schedule = make_schedule(pipeline.scheduler, drawn)
    noise = pipeline.noise(len(sources), heard.grid, generators(seeds))
    new = torch.stack([cells(mask, heard.grid, pipeline) for mask in masks])[:, None].to(noise)
    if not new.any():
        return _clips(heard.samples, pipeline)

    def keep_the_known(step: int, latents: Tensor) -> Tensor:
        return new * latents + (1 - new) * noised(heard.latents, noise, schedule, step + 1)

    clean = pipeline.denoise(noise, list(captions), drawn, schedule, after_step=keep_the_known)
    made = _sound(pipeline, clean, heard)
    rate = pipeline.settings.mel.sample_rate
    mixed = [_mix(old, fresh, mask, rate) for old, fresh, mask in zip(heard.samples, made, masks, strict=True)]
    return _clips(torch.stack(mixed), pipeline)


def cells(mask: Mask, grid: Grid, pipeline: AuffusionPipeline) -> Tensor:
    """Which cells `(freq, time)` of the latents a mask touches, as 0 and 1: those with a masked frame and mel band."""
    mel, factor = pipeline.settings.mel, pipeline.vae_factor
    times = (torch.arange(grid.time * factor) + 0.5) / mel.frame_rate
    centres = mel_centres(mel)
    frames = ((times >= mask.start) & (times < mask.stop)).view(-1, factor).any(1)
    bands = (centres >= mask.low) & (centres <= mask.high)
    rows = (bands.flip(0) if mel.flipped else bands).view(-1, factor).any(1)
    return (rows[:, None] & frames).float()


def _check(mask: Mask, duration: float) -> None:
    if mask.stop > mask.start and not (mask.start < duration and mask.stop > 0 and mask.low < mask.high):
        raise UserError(
            f"The mask of {mask.start} to {mask.stop} s and {mask.low} to {mask.high} Hz lies outside the sound, which "
            f"lasts {duration:.2f} s. Move it."
        )


def _sound(pipeline: AuffusionPipeline, clean: Tensor, heard: Sources) -> Tensor:
    """Samples `(n, n_samples)` of latents, as loud as the sources are to what the model heard."""
    clips = pipeline.sound(pipeline.decode(clean), heard.duration)
    return torch.from_numpy(np.stack([clip.samples for clip in clips])).to(heard.gains) / heard.gains


def _mix(old: Tensor, fresh: Tensor, mask: Mask, sample_rate: int) -> Tensor:
    """The old samples `(n_samples,)`, with the fresh ones cross-faded in under the mask."""
    if mask.stop <= mask.start:
        return old
    times = torch.arange(len(old), device=old.device) / sample_rate
    duration = len(old) / sample_rate
    # Where the mask reaches an end of the clip there is nothing to fade from.
    rise = (times - mask.start) / FADE if mask.start > 0 else torch.ones_like(times)
    fall = (mask.stop - times) / FADE if mask.stop < duration else torch.ones_like(times)
    envelope = torch.sin(torch.minimum(rise, fall).clamp(0, 1) * math.pi / 2) ** 2
    return torch.where(envelope > 0, old + envelope * _band(fresh - old, mask, sample_rate), old)


def _band(samples: Tensor, mask: Mask, sample_rate: int) -> Tensor:
    """What samples `(n_samples,)` have between the mask's lowest and highest frequency, without a shift in time."""
    if mask.low <= 0 and mask.high >= sample_rate / 2:
        return samples
    spectrum: Tensor = torch.fft.rfft(samples)
    bins = torch.fft.rfftfreq(len(samples), 1 / sample_rate, device=samples.device)
    above = (bins - mask.low) / EDGE + 0.5 if mask.low > 0 else torch.ones_like(bins)
    passed = torch.minimum(above, (mask.high - bins) / EDGE + 0.5).clamp(0, 1)
    band: Tensor = torch.fft.irfft(spectrum * passed, n=len(samples))
    return band


def _clips(samples: Tensor, pipeline: AuffusionPipeline) -> list[Clip]:
    return [Clip(row, pipeline.settings.mel.sample_rate) for row in samples.cpu().numpy()]
