"""Sound edited by its caption: words swapped or weighted, and maps of where each word is heard.

Hertz et al., "Prompt-to-Prompt", https://arxiv.org/abs/2208.01626, in the pipeline's own denoising: source and edited
captions start from the same noise in one batch, and the edited ones take their attention from the source's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models._shared.latents import Grid, generators
from models.auffusion.attention import AttentionControl, AttentionEdit, controlled
from models.auffusion.conditioning import Conditioning
from models.auffusion.editing import read_sources
from models.auffusion.maps import AttentionMaps, Blend
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling, make_schedule, noised
from models.auffusion.words import align, positions_of, sounding, words_of
from tta_bench.types import Clip, UserError


@dataclass(frozen=True)
class Swap:
    """How a caption is changed."""

    edited: str
    """The caption with words replaced, added or left out: see `words.align`."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much words of the edited caption count: 1 as ever, 0 not at all, below 0 as their opposite."""
    blend: tuple[str, str] | None = None
    """A word of the source and one of the edited caption: only where one of them is heard does the sound change."""

    def changes(self, caption: str) -> bool:
        """Whether anything is other than for the caption itself."""
        return self.edited != caption or any(weight != 1 for weight in self.weights.values())


@dataclass(frozen=True)
class Edited:
    """Clips of captions, and of the captions after their edit: pairs from one noise."""

    sources: list[Clip]
    clips: list[Clip]


@torch.inference_mode()
def swap_words(
    pipeline: AuffusionPipeline,
    captions: Sequence[str],
    swaps: Sequence[Swap],
    *,
    seeds: Sequence[int],
    duration: float = 10.0,
    cross_replace_steps: float = 0.8,
    self_replace_steps: float = 0.4,
    sampling: Sampling | None = None,
) -> Edited:
    """Clips of captions, and of the same after a swap, in which other words sound where the source's did.

    In the first parts `cross_replace_steps` and `self_replace_steps` of the steps, attention is the source's. A swap
    that changes nothing gives the source's own clip. Raises UserError for a word that is not there, and for longer
    clips than the U-Net sees at once.
    """
    drawn, grid, n = sampling or pipeline.settings.sampling, _seen_at_once(pipeline, duration), len(captions)
    changed = [i for i in range(n) if swaps[i].changes(captions[i])]
    rows = [*captions, *(swaps[i].edited for i in changed)]
    control = AttentionControl(len(rows), grid)
    if changed:
        n_steps = len(make_schedule(pipeline.scheduler, drawn).timesteps)
        steps = [range(int(part * n_steps)) for part in (cross_replace_steps, self_replace_steps)]
        control.edit = _edit(pipeline, captions, swaps, changed, cross_steps=steps[0], self_steps=steps[1])
        control.blends = _blends(pipeline.conditioning, captions, swaps, changed)
        control.maps = AttentionMaps(grid) if control.blends else None
    noise = pipeline.noise(n, grid, generators(seeds))
    clips = _made(pipeline, control, torch.cat([noise, noise[changed]]), rows, drawn, duration=duration)
    after = dict(zip(changed, clips[n:], strict=True))
    return Edited(clips[:n], [after.get(i, clips[i]) for i in range(n)])


def reweight(
    pipeline: AuffusionPipeline,
    captions: Sequence[str],
    weights: Sequence[Mapping[str, float]],
    *,
    seeds: Sequence[int],
    duration: float = 10.0,
    sampling: Sampling | None = None,
) -> Edited:
    """Clips of captions, and of the same with words that count more or less: a swap of nothing but `weights`."""
    swaps = [Swap(caption, each) for caption, each in zip(captions, weights, strict=True)]
    return swap_words(pipeline, captions, swaps, seeds=seeds, duration=duration, sampling=sampling)


@torch.inference_mode()
def attention_maps(
    pipeline: AuffusionPipeline,
    captions: Sequence[str],
    *,
    seeds: Sequence[int],
    duration: float = 10.0,
    each_step: bool = False,
    sampling: Sampling | None = None,
) -> tuple[list[Clip], AttentionMaps]:
    """The very clips that the pipeline makes of captions, and where it looked for each token: row i is caption i's.

    `each_step` keeps steps apart. Raises UserError for longer clips than the U-Net sees at once.
    """
    grid = _seen_at_once(pipeline, duration)
    maps = AttentionMaps(grid, each_step=each_step)
    control = AttentionControl(len(captions), grid, maps=maps)
    noise = pipeline.noise(len(captions), grid, generators(seeds))
    drawn = sampling or pipeline.settings.sampling
    return _made(pipeline, control, noise, captions, drawn, duration=duration), maps


@torch.inference_mode()
def attention_to_sounds(
    pipeline: AuffusionPipeline,
    sources: Sequence[Clip],
    captions: Sequence[str],
    *,
    seeds: Sequence[int],
    sampling: Sampling | None = None,
) -> AttentionMaps:
    """Where in given sounds of one duration the pipeline looks for each token of their captions: row i is caption i's.

    At each step of the denoising it sees the sound itself under that step's noise, whatever it made of it before.
    """
    heard, drawn = read_sources(pipeline, sources), sampling or pipeline.settings.sampling
    grid = _seen_at_once(pipeline, heard.duration)
    maps = AttentionMaps(grid)
    control = AttentionControl(len(captions), grid, maps=maps)
    schedule = make_schedule(pipeline.scheduler, drawn)
    noise = pipeline.noise(len(captions), grid, generators(seeds))

    def see_the_sound(step: int, latents: Tensor) -> Tensor:
        control.after_step(step, latents)
        return noised(heard.latents, noise, schedule, step + 1)

    with controlled(pipeline.unet, control):
        start = noised(heard.latents, noise, schedule, 0)
        pipeline.denoise(start, captions, drawn, schedule, after_step=see_the_sound)
    return maps


def maps_of_words(pipeline: AuffusionPipeline, maps: AttentionMaps, row: int, caption: str) -> dict[str, Tensor]:
    """Word -> its map `(freq, time)`, of all words of a caption that were read, in order, without punctuation."""
    read = [word.text for word in words_of(pipeline.conditioning, caption) if word.positions and word.text[0].isalnum()]
    return {word: map_of(pipeline, maps, row, caption, [word]) for word in dict.fromkeys(read)}


def map_of(pipeline: AuffusionPipeline, maps: AttentionMaps, row: int, caption: str, words: Sequence[str]) -> Tensor:
    """The map `(freq, time)` of some words of a caption together, in the layers that the checkpoint names for it.

    Of words that belong to an event, where an encoder reads events, it is the event's.
    """
    positions = {p for word in words for p in positions_of(pipeline.conditioning, caption, word)}
    layers = pipeline.settings.map_layers or None
    return maps.of(row, sounding(pipeline.conditioning, positions), layers=layers)


def _seen_at_once(pipeline: AuffusionPipeline, duration: float) -> Grid:
    """The grid of clips whose words can be followed. UserError for longer ones, and where no word is attended to."""
    if pipeline.unet.config.class_embed_type is not None:
        raise UserError(
            "This checkpoint is told one embedding of the whole caption: there is no attention to single words. Style "
            "and inpainting work with it; for words, take another, such as auffusion:pocket."
        )
    grid, n_frames = pipeline.grid(duration), pipeline.settings.n_frames
    if grid.time * pipeline.vae_factor > n_frames:
        longest = n_frames / pipeline.settings.mel.frame_rate
        raise UserError(f"Attention can be edited and watched in clips of up to {longest:.2f} s, not of {duration} s.")
    return grid


def _made(
    pipeline: AuffusionPipeline,
    control: AttentionControl,
    noise: Tensor,
    captions: Sequence[str],
    sampling: Sampling,
    *,
    duration: float,
) -> list[Clip]:
    """Clips of captions, denoised under control."""
    schedule = make_schedule(pipeline.scheduler, sampling)
    with controlled(pipeline.unet, control):
        clean = pipeline.denoise(noise, captions, sampling, schedule, after_step=control.after_step)
    return pipeline.sound(pipeline.decode(clean), duration)


def _edit(
    pipeline: AuffusionPipeline,
    captions: Sequence[str],
    swaps: Sequence[Swap],
    changed: Sequence[int],
    *,
    cross_steps: range,
    self_steps: range,
) -> AttentionEdit:
    """What the changed captions, which follow all captions, take from their sources."""
    alignments = [align(pipeline.conditioning, captions[i], swaps[i].edited) for i in changed]
    factors = torch.ones(len(changed), pipeline.conditioning.length)
    for row, i in enumerate(changed):
        for word, weight in swaps[i].weights.items():
            factors[row, positions_of(pipeline.conditioning, swaps[i].edited, word)] = weight
    device = pipeline.device
    return AttentionEdit(
        rows=(torch.arange(len(changed)) + len(captions)).to(device),
        sources=torch.tensor(changed, device=device),
        mappers=torch.stack([alignment.mapper for alignment in alignments]).to(device),
        taken=torch.stack([alignment.taken for alignment in alignments]).to(device),
        weights=factors.to(device),
        cross_steps=cross_steps,
        self_steps=self_steps,
    )


def _blends(
    conditioning: Conditioning, captions: Sequence[str], swaps: Sequence[Swap], changed: Sequence[int]
) -> list[Blend]:
    found = []
    for row, i in enumerate(changed, start=len(captions)):
        if (words := swaps[i].blend) is not None:
            old = positions_of(conditioning, captions[i], words[0])
            found.append(Blend(row, i, positions_of(conditioning, swaps[i].edited, words[1]), old))
    return found
