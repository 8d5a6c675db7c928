"""Edits as a user asks for them: a sound or a caption in; clips and a figure out.

A model whose package has this file can edit on the command line, by the functions of these names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from matplotlib.figure import Figure

from models.auffusion import editing, prompting
from models.auffusion.editing import Mask
from models.auffusion.figures import figure_of_change, figure_of_mask, figure_of_words
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.prompting import Swap, swap_words
from models.auffusion.sampling import Sampling
from models.auffusion.words import positions_of
from tta_bench import audio
from tta_bench.types import Clip, Preprocessing, UserError


@dataclass(frozen=True)
class Edit:
    """What an edit made."""

    clips: Mapping[str, Clip]
    """By what follows the name of the result in the name of their file: nothing for the result itself."""
    figure: Figure


def sampling_with(pipeline: AuffusionPipeline, chosen: Mapping[str, object]) -> Sampling:
    """The checkpoint's own sampling, with these fields of it otherwise."""
    return Sampling(**{**asdict(pipeline.settings.sampling), **chosen})


def style(
    pipeline: AuffusionPipeline, source: Clip, *, prompt: str, strength: float, seed: int, sampling: Sampling
) -> Edit:
    """The source, of any sample rate and number of channels, as the prompt says: see `editing.style_transfer`."""
    heard = _heard(pipeline, source)
    made = editing.style_transfer(pipeline, [heard], [prompt], strength=strength, seeds=[seed], sampling=sampling)[0]
    return Edit({"": made}, figure_of_change(heard, made, pipeline.settings.mel, title=prompt))


def inpaint(
    pipeline: AuffusionPipeline,
    source: Clip,
    *,
    prompt: str,
    mask: tuple[float, float],
    band: tuple[float, float] | None,
    seed: int,
    sampling: Sampling,
) -> Edit:
    """The source with the seconds of the mask, in the band of Hz if there is one, made anew: see `editing.inpaint`."""
    heard = _heard(pipeline, source)
    masked = Mask(*mask, *(band or ()))
    _check_mask(pipeline, masked, heard)
    made = editing.inpaint(pipeline, [heard], [prompt], masks=[masked], seeds=[seed], sampling=sampling)[0]
    return Edit({"": made}, figure_of_mask(heard, masked, made, pipeline.settings.mel, title=prompt))


def swap(
    pipeline: AuffusionPipeline,
    *,
    prompt: str,
    edited: str,
    weights: Mapping[str, float],
    blend: tuple[str, str] | None,
    cross_replace_steps: float,
    self_replace_steps: float,
    duration: float,
    seed: int,
    sampling: Sampling,
) -> Edit:
    """Clips of the prompt and of the prompt as edited, from one noise: see `prompting.swap_words`."""
    for name, part in (("cross_replace_steps", cross_replace_steps), ("self_replace_steps", self_replace_steps)):
        if not 0 <= part <= 1:
            raise UserError(f"{name} is {part}; take 0 (none of the steps) to 1 (all of them).")
    _check_duration(pipeline, duration)
    # Where nothing changes, a word that is not there would else go unseen.
    for word in (*weights, *(blend or ())[1:]):
        positions_of(pipeline.conditioning, edited, word)
    for word in (blend or ())[:1]:
        positions_of(pipeline.conditioning, prompt, word)
    made = swap_words(
        pipeline,
        [prompt],
        [Swap(edited, weights, blend)],
        seeds=[seed],
        duration=duration,
        cross_replace_steps=cross_replace_steps,
        self_replace_steps=self_replace_steps,
        sampling=sampling,
    )
    return _pair(pipeline, made.sources[0], made.clips[0], title=f"{prompt} → {edited}")


def reweight(
    pipeline: AuffusionPipeline,
    *,
    prompt: str,
    weights: Mapping[str, float],
    duration: float,
    seed: int,
    sampling: Sampling,
) -> Edit:
    """Clips of the prompt, and of the prompt with words that count more or less: see `prompting.reweight`."""
    _check_duration(pipeline, duration)
    for word in weights:
        positions_of(pipeline.conditioning, prompt, word)
    made = prompting.reweight(pipeline, [prompt], [weights], seeds=[seed], duration=duration, sampling=sampling)
    stated = ", ".join(f"{word} {weight:g}" for word, weight in weights.items())
    return _pair(pipeline, made.sources[0], made.clips[0], title=f"{prompt} ({stated})")


def attention(pipeline: AuffusionPipeline, *, prompt: str, duration: float, seed: int, sampling: Sampling) -> Edit:
    """The clip that the pipeline makes of the prompt, and a figure of where it looked for each of its words."""
    _check_duration(pipeline, duration)
    clips, maps = prompting.attention_maps(pipeline, [prompt], seeds=[seed], duration=duration, sampling=sampling)
    words = prompting.maps_of_words(pipeline, maps, 0, prompt)
    return Edit({"": clips[0]}, figure_of_words(clips[0], words, pipeline.settings.mel, title=prompt))


def _pair(pipeline: AuffusionPipeline, source: Clip, made: Clip, *, title: str) -> Edit:
    return Edit({"": made, "-source": source}, figure_of_change(source, made, pipeline.settings.mel, title=title))


def _heard(pipeline: AuffusionPipeline, source: Clip) -> Clip:
    """The source as the model hears it: mono, at its sample rate."""
    _check_duration(pipeline, source.duration)
    rate = pipeline.settings.mel.sample_rate
    return Clip(audio.prepare(source, Preprocessing(sample_rate=rate))[0], rate)


def _check_duration(pipeline: AuffusionPipeline, duration: float) -> None:
    """Raises UserError for a sound too short for a spectrogram, or for the U-Net to attend to."""
    mel = pipeline.settings.mel
    if not mel.n_fft / mel.sample_rate <= duration < math.inf:
        raise UserError(
            f"A sound of {duration:g} s cannot be edited; it takes {mel.n_fft / mel.sample_rate:g} s or more."
        )


def _check_mask(pipeline: AuffusionPipeline, mask: Mask, heard: Clip) -> None:
    """Raises UserError for a mask inside the sound that touches nothing, which would leave the source in silence."""
    mel = pipeline.settings.mel
    if mask.stop <= mask.start or mask.start >= heard.duration or mask.stop <= 0:
        return
    if not editing.cells(mask, pipeline.grid(heard.duration), pipeline).any():
        raise UserError(
            f"The mask of {mask.start:g} to {mask.stop:g} s and {mask.low:g} to {mask.high:g} Hz is too narrow for a "
            f"spectrogram of {1 / mel.frame_rate:g} s a frame, up to {mel.f_max:g} Hz. Widen or move it."
        )
