"""Auffusion as the benchmark of editing asks for it: batches of clips in, clips out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from models.auffusion import editing, prompting
from models.auffusion.editing import Mask
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.prompting import Swap
from tta_bench.types import Clip, Floats

Pair = tuple[list[Clip], list[Clip]]
"""Before and after."""


@final
class Editor:
    """See `tta_bench.editing.Editor`."""

    def __init__(self, pipeline: AuffusionPipeline) -> None:
        self._pipeline = pipeline

    def generate(self, captions: Sequence[str], *, seeds: Sequence[int], duration: float) -> list[Clip]:
        """Clips of captions."""
        return self._pipeline(captions, seeds=seeds, duration=duration).clips or []

    def style(
        self, sources: Sequence[Clip], captions: Sequence[str], *, strength: float, seeds: Sequence[int]
    ) -> list[Clip]:
        """See `editing.style_transfer`."""
        return editing.style_transfer(self._pipeline, sources, captions, strength=strength, seeds=seeds)

    def inpaint(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        *,
        spans: Sequence[tuple[float, float]],
        seeds: Sequence[int],
    ) -> list[Clip]:
        """See `editing.inpaint`."""
        masks = [Mask(start, stop) for start, stop in spans]
        return editing.inpaint(self._pipeline, sources, captions, masks=masks, seeds=seeds)

    def swap(self, captions: Sequence[str], edited: Sequence[str], *, seeds: Sequence[int], duration: float) -> Pair:
        """See `prompting.swap_words`."""
        swaps = [Swap(caption) for caption in edited]
        return _pair(prompting.swap_words(self._pipeline, captions, swaps, seeds=seeds, duration=duration))

    def reweight(
        self, captions: Sequence[str], weights: Sequence[Mapping[str, float]], *, seeds: Sequence[int], duration: float
    ) -> Pair:
        """See `prompting.reweight`."""
        return _pair(prompting.reweight(self._pipeline, captions, weights, seeds=seeds, duration=duration))

    def attention(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        words: Sequence[Sequence[Sequence[str]]],
        *,
        seeds: Sequence[int],
    ) -> list[Floats]:
        """See `prompting.attention_to_sounds` and `prompting.map_of`."""
        maps = prompting.attention_to_sounds(self._pipeline, sources, captions, seeds=seeds)
        curves: list[Floats] = []
        for row, (caption, groups) in enumerate(zip(captions, words, strict=True)):
            found = [prompting.map_of(self._pipeline, maps, row, caption, group) for group in groups]
            seen = [one.sum(0).cpu().numpy() for one in found]
            curves.append(np.asarray(seen, dtype=np.float64))
        return curves


def _pair(made: prompting.Edited) -> Pair:
    return made.sources, made.clips
