"""Rows that any table can show beside the models: what the score of a perfect, a careless and a useless model would be.

recordings  the references themselves; set metrics compare one half of them with the other
shuffled    the reference of another prompt: perfect sound, wrong content
noise       white noise at -20 dBFS RMS, of the reference's length and rate
silence     digital silence, of the reference's length and rate
retrieval   on a board of scenes, the training clip whose caption is nearest: what any generator must beat
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tta_bench.types import Clip

CONTROLS = ("recordings", "shuffled", "retrieval", "noise", "silence")
NOISE_RMS = 0.1


def shuffled(references: Mapping[str, Path], *, seed: int = 0) -> dict[str, Path]:
    """Prompt id -> the reference of another prompt, each used as often as it is referred to, none by its own prompt.

    With fewer than two different references there is no other, and the result is empty.
    """
    paths = sorted(set(references.values()))
    if len(paths) < 2:
        return {}
    order = np.random.default_rng(seed).permutation(len(paths))
    other = {paths[i]: paths[j] for i, j in zip(order, np.roll(order, 1), strict=True)}
    return {prompt: other[path] for prompt, path in references.items()}


def noise(n_samples: int, sample_rate: int, *, seed: int) -> Clip:
    """White noise `(n_samples,)` at -20 dBFS RMS."""
    samples = NOISE_RMS * np.random.default_rng(seed).standard_normal(n_samples)
    return Clip(samples.astype(np.float32), sample_rate)


def silence(n_samples: int, sample_rate: int) -> Clip:
    """Digital silence `(n_samples,)`."""
    return Clip(np.zeros(n_samples, np.float32), sample_rate)
