"""The degradations: for each a few grades, and what becomes of each prompt's clip at a grade.

Which clips a share falls on follows from their prompts' ids alone, and a larger share holds the smaller ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from tta_bench import controls
from tta_bench.embedding import SoundClip
from tta_bench.plugins import code_sha256
from tta_bench.store import digest
from tta_bench.types import Clip, Prompt
from tta_bench.validation import sounds


@dataclass(frozen=True)
class Originals:
    """What is degraded: prompts and their references."""

    prompts: tuple[Prompt, ...]
    clips: Mapping[str, SoundClip]
    """Prompt id -> reference, for each of the prompts."""


@dataclass(frozen=True)
class Made:
    """A clip to be made."""

    content: object
    """All that decides it, as JSON can write it: the name of its file is the hash of this."""
    make: Callable[[], Clip]
    """Makes it, in whichever process."""


Degrade = Callable[[Originals, float], Mapping[str, SoundClip | Made]]


@dataclass(frozen=True)
class Degradation:
    """One way in which clips can be bad."""

    name: str
    grades: tuple[float, ...]
    """The weakest first."""
    unit: str
    """Of the grades."""
    summary: str
    """What is done to clips, in words that follow the name."""
    degrade: Degrade
    """`(originals, grade)` -> prompt id -> another clip, for the prompts whose clip changes."""

    def label(self, grade: float) -> str:
        """A grade with its unit: `10 dB`."""
        return f"{grade:g} {self.unit}"


def ranked(prompts: Iterable[str], salt: str) -> list[str]:
    """Prompt ids in an order that is random, another one for each salt, and the same every time."""
    return sorted(prompts, key=lambda prompt: digest([salt, prompt]))


def share(prompts: Iterable[str], percent: float, salt: str) -> list[str]:
    """The first `percent` of the ids in their random order."""
    order = ranked(prompts, salt)
    return order[: round(percent / 100 * len(order))]


def _made(change: sounds.Change, what: list[object], clip: SoundClip) -> Made:
    content = [code_sha256("tta_bench.validation.sounds"), *what, clip.sha256]
    return Made(content, partial(sounds.changed, clip.path, change, clip.seed))


def _each(change: Callable[..., sounds.Samples]) -> Degrade:
    """Every clip is changed, as far as the grade says."""

    def degrade(originals: Originals, grade: float) -> dict[str, Made]:
        what = [change.__name__, grade]
        return {prompt: _made(partial(change, grade), what, clip) for prompt, clip in originals.clips.items()}

    return degrade


def _backwards(originals: Originals, percent: float) -> dict[str, Made]:
    chosen = share(originals.clips, percent, "backwards")
    return {prompt: _made(sounds.backwards, ["backwards"], originals.clips[prompt]) for prompt in chosen}


def _of_another(originals: Originals, percent: float) -> dict[str, SoundClip]:
    by_path = {clip.path: clip for clip in originals.clips.values()}
    other = controls.shuffled({prompt: clip.path for prompt, clip in originals.clips.items()})
    return {prompt: by_path[other[prompt]] for prompt in share(originals.clips, percent, "another")}


def _all_alike(originals: Originals, percent: float) -> dict[str, SoundClip]:
    first, *others = ranked(originals.clips, "alike")
    n = round(percent / 100 * len(originals.clips))
    return dict.fromkeys(others[:n], originals.clips[first])


def _few(originals: Originals, percent: float) -> dict[str, SoundClip]:
    order = ranked(originals.clips, "few")
    kept = max(1, round(percent / 100 * len(order)))
    return {prompt: originals.clips[order[i % kept]] for i, prompt in enumerate(order) if i >= kept}


OF_CLIPS = (
    Degradation("noise", (30, 20, 10, 0), "dB", "white noise at this ratio of signal to noise", _each(sounds.noisy)),
    Degradation("low-pass", (4, 2, 1, 0.5), "kHz", "nothing above this is left", _each(sounds.muffled)),
    Degradation("clipping", (12, 24, 36), "dB", "so much louder, cut off at the peak of before", _each(sounds.clipped)),
    Degradation("silence", (25, 50, 100), "%", "so much of each clip's time is silent", _each(sounds.silenced)),
    Degradation("reversal", (25, 50, 100), "%", "so many of the clips run backwards", _backwards),
    Degradation("wrong-clip", (25, 50, 100), "%", "so many of the clips are another prompt's reference", _of_another),
    Degradation("duplicates", (25, 50, 90), "%", "so many of the clips are copies of one", _all_alike),
    Degradation("few-distinct", (50, 25, 10), "%", "so many of the clips are left, the others copies of these", _few),
)
"""For any references."""
