"""What a model offers that can edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tta_bench.types import Clip, Floats

Pair = tuple[list[Clip], list[Clip]]
"""Clips before and after an edit of their captions, from the same noise."""


class Editor(Protocol):
    """All clips of one call last as long as each other; clip i depends on the i-th of each argument only."""

    def generate(self, captions: Sequence[str], *, seeds: Sequence[int], duration: float) -> list[Clip]:
        """A clip of each caption, from nothing."""
        ...

    def style(
        self, sources: Sequence[Clip], captions: Sequence[str], *, strength: float, seeds: Sequence[int]
    ) -> list[Clip]:
        """The sources as their captions say; strength 0 is the source itself, 1 hardly anything of it."""
        ...

    def inpaint(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        *,
        spans: Sequence[tuple[float, float]],
        seeds: Sequence[int],
    ) -> list[Clip]:
        """The sources with the sound from the first to the second second of their span made anew."""
        ...

    def swap(self, captions: Sequence[str], edited: Sequence[str], *, seeds: Sequence[int], duration: float) -> Pair:
        """Clips of captions, and of the same after words were replaced."""
        ...

    def reweight(
        self, captions: Sequence[str], weights: Sequence[Mapping[str, float]], *, seeds: Sequence[int], duration: float
    ) -> Pair:
        """Clips of captions, and of the same with words that count more or less."""
        ...

    def attention(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        words: Sequence[Sequence[Sequence[str]]],
        *,
        seeds: Sequence[int],
    ) -> list[Floats]:
        """How much the model attends to each of several groups of words of a caption over the time of its source,
        `(n_groups, n_frames)` each, in frames of equal length."""
        ...
