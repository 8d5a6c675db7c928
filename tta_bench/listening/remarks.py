"""What whoever built a test should know before it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tta_bench.listening.material import Material
from tta_bench.listening.spec import Spec

AUDIBLE: Final = 0.5
"""LU that are worth a word."""
LENGTHS: Final = 0.05
"""Seconds by which clips may differ without a word about it."""
GUESSED: Final = 2**32
"""Seeds below can be tried out, all of them."""


def remarks(spec: Spec, material: Material, key: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about a test that was built, from its key."""
    clips = [one for one in key["stimuli"].values() if one["role"] in ("main", "reference")]
    if spec.sounding.loudness is not None:
        yield from _levels(spec.sounding.loudness, clips)
    if n_silent := sum("silent" in clip["flags"] for clip in clips):
        yield f"{n_silent} of {len(clips)} clips are silent. They are kept: a model that fails is rated for it."
    lengths = [clip["seconds"] for clip in clips]
    if max(lengths) - min(lengths) > LENGTHS:
        yield f"Clips last {min(lengths):.4g} to {max(lengths):.4g} s, which may tell models apart: see --seconds."
    if material.left_out:
        yield f"{len(material.left_out)} prompts are left out, because not every model has a clip of them."
    if spec.seed < GUESSED:
        yield f"The seed {spec.seed} can be guessed, and the names of files with it. Leave out --seed."


def _levels(target: float, clips: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    heard = [clip for clip in clips if clip["lufs"] is not None]
    soft = [clip for clip in heard if clip["lufs"] + clip["gain_db"] < target - AUDIBLE]
    if soft:
        yield f"{len(soft)} of {len(clips)} clips are softer than {target:g} LUFS: peaks keep a prompt's clips down."
    alone = [clip["lufs"] + clip["gain_db"] for clip in soft if "peak-limited" in clip["flags"]]
    if alone:
        yield (
            f"{len(alone)} of these are softer than their rivals, too, the softest at {min(alone):.0f} LUFS. A lower "
            "--loudness brings more of them to one level."
        )
