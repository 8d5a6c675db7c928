"""Pages of a test as records, and those that check a listener: known answers, repeated pages, captions that lie."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from tta_bench.listening.material import Material
from tta_bench.listening.names import Names
from tta_bench.listening.sampling import least_alike
from tta_bench.listening.spec import RATED, Spec
from tta_bench.types import Prompt

SoundRole = Literal["main", "reference", "anchor35", "anchor70", "noise", "trap"]
TrialRole = Literal["training", "main", "duplicate", "trap", "gold", "mismatch"]
NOISY: Final = re.compile(r"nois|static|hiss|rain|water|wind|ocean|wave|fall|river|stream|spray|sizzl|fry|applau", re.I)
"""Captions of sounds that noise may pass for."""
MISMATCHED, SPOILT = 0.3, 0.4
"""Up to which share of the scale a caption that lies, and a spoilt clip, may be rated."""
TRAP_SCORE: Final = {"slider": (10, 2), "radio": (1, 0)}
"""What a beep of a trap counts on a scale, and how far off the score may be."""


@dataclass(frozen=True)
class Sound:
    """Something to be heard. Each copy gets a name of its own, so that names tell of no repetition."""

    role: SoundRole
    model: str | None = None
    prompt: str | None = None
    copy: int = 0
    beeps: int | None = None

    def id(self, names: Names) -> str:
        """32 hex digits, the name of its file."""
        return names.hex("sound", self.role, self.model, self.prompt, self.copy, self.beeps, digits=32)


@dataclass(frozen=True)
class Expected:
    """What a listener who hears and reads answers: a score in these bounds on an axis (None: each), or a choice."""

    axis: str | None = None
    low: int | None = None
    high: int | None = None
    choice: Sound | None = None


@dataclass(frozen=True)
class Trial:
    """A page."""

    role: TrialRole
    prompt: str | None
    """Whose caption is shown."""
    sounds: tuple[Sound, ...]
    """In the order shown."""
    reference: Sound | None = None
    expected: Expected | None = None
    duplicate_of: Trial | None = None
    question: tuple[str, int] | None = None
    """A text of the language files and the number to put into it; shown in place of a caption."""

    def id(self, names: Names) -> str:
        """16 hex digits."""
        sounds = [sound.id(names) for sound in self.heard]
        first = self.duplicate_of.id(names) if self.duplicate_of else None
        return names.hex("trial", self.role, self.prompt, sounds, first, digits=16)

    @property
    def heard(self) -> tuple[Sound, ...]:
        """All that sounds on it."""
        return (*self.sounds, *([self.reference] if self.reference else []))

    @property
    def topics(self) -> set[str | None]:
        """Prompts that are heard or read in it."""
        return {self.prompt, *(sound.prompt for sound in self.sounds)} - {None}


def duplicate(trial: Trial) -> Trial:
    """The same page under other names."""
    sounds = tuple(replace(sound, copy=sound.copy + 1) for sound in trial.sounds)
    reference = trial.reference and replace(trial.reference, copy=trial.reference.copy + 1)
    expected = trial.expected
    if expected and expected.choice:
        expected = Expected(choice=replace(expected.choice, copy=expected.choice.copy + 1))
    return replace(trial, role="duplicate", sounds=sounds, reference=reference, expected=expected, duplicate_of=trial)


def trap(spec: Spec, number: int) -> Trial:
    """Beeps to be counted: the number of them is the score to give, or tells which clip to choose."""
    beeps = 2 + number % 4
    sound = Sound("trap", copy=number, beeps=beeps)
    if spec.kind not in RATED:
        pair = (sound, replace(sound, beeps=2 + (number + 2) % 4))
        sides = pair if number % 2 else pair[::-1]
        return Trial("trap", None, sides, expected=Expected(choice=sound), question=("choose_beeps", beeps))
    axis = spec.axes[0]
    each, slack = TRAP_SCORE[axis.style]
    expected = Expected(None, each * beeps - slack, each * beeps + slack)
    return Trial("trap", None, (sound,), expected=expected, question=("count_beeps", each))


def mismatch(spec: Spec, material: Material, number: int, rng: np.random.Generator) -> Trial:
    """A clip, or a page of clips, under the caption that shares the fewest words with its own."""
    heard = material.prompts[int(rng.integers(len(material.prompts)))]
    shown = least_alike(heard.text, [one for one in material.prompts if one is not heard], rng)
    axis = next(axis for axis in spec.axes if axis.id == "REL")
    expected = Expected("REL", axis.min, axis.at(MISMATCHED))
    models = material.models if spec.kind == "multi" else (_any(material.models, rng),)
    sounds = tuple(Sound("main", model, heard.id, copy=10 + number) for model in models)
    return Trial("mismatch", shown.id, sounds, expected=expected)


def gold(spec: Spec, material: Material, number: int, rng: np.random.Generator) -> Trial:
    """A clip that is spoilt by noise, alone or, where raters choose, beside the clip itself."""
    calm = [prompt for prompt in material.prompts if not NOISY.search(prompt.text)] or list(material.prompts)
    prompt, model = calm[int(rng.integers(len(calm)))], _any(material.models, rng)
    noise = Sound("noise", model, prompt.id, copy=10 + number)
    if spec.kind in RATED:
        axis = spec.axes[0]
        return Trial("gold", prompt.id, (noise,), expected=Expected(axis.id, axis.min, axis.at(SPOILT)))
    clean = Sound("main", model, prompt.id, copy=20 + number)
    sides = (clean, noise) if rng.random() < 0.5 else (noise, clean)
    reference = replace(clean, copy=30 + number) if spec.kind == "abx" else None
    return Trial("gold", prompt.id, sides, reference, Expected(choice=clean))


def training(pages: list[Trial], prompt: Prompt, rng: np.random.Generator) -> Trial:
    """A page of a prompt to practise on: one of those that it would have in the test."""
    own = [page for page in pages if page.prompt == prompt.id]
    return replace(own[int(rng.integers(len(own)))], role="training", expected=None)


def _any(models: tuple[str, ...], rng: np.random.Generator) -> str:
    return models[int(rng.integers(len(models)))]
