"""Degradations of what a scene tells. Only who renders a scene can make them: one thing is wrong, all else as it was.

The plan of a scene is edited and rendered again. Each sound is drawn from a generator of its own, so those that stay
are the same to the sample; they move in time and level as the edited scene has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from tta_bench import scenes
from tta_bench.plugins import code_sha256
from tta_bench.references import plan_of
from tta_bench.scenes import Part, Scene
from tta_bench.scenes.roles import AMBIENCES, BROADBAND, NEEDS
from tta_bench.scenes.scene import PAUSE, TAIL
from tta_bench.scenes.sound import SAMPLE_RATE, SoundClass
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.types import Clip
from tta_bench.validation.degradations import Degradation, Degrade, Made, Originals, share

Edit = Callable[[Scene], Scene | None]
"""The scene with one thing wrong, or None where it has no such thing."""


def wrong_event(scene: Scene) -> Scene | None:
    """One event is of another class: sustained or not as before, and as often."""
    rng = np.random.default_rng(scene.seed)
    for k in rng.permutation(len(scene.events)).tolist():
        for name in rng.permutation(list(SOUNDS)).tolist():
            part = _played_by(SOUNDS[name], scene.events[k], rng)
            edited = _with(scene, k, part)
            if _may_replace(part, scene.events[k], scene) and _fits(edited):
                return edited
    return None


def missing_event(scene: Scene) -> Scene | None:
    """The last event is left out: the ambience, or one of the last step."""
    return replace(scene, events=scene.events[:-1]) if len(scene.events) > 1 else None


def swapped_order(scene: Scene) -> Scene | None:
    """The first and the last step change places."""
    last = len(scene.steps) - 1
    if last < 1:
        return None
    places: dict[int | None, int] = {0: last, last: 0}
    return replace(scene, events=tuple(replace(p, step=places.get(p.step, p.step)) for p in scene.events))


def wrong_count(scene: Scene) -> Scene | None:
    """A counted event sounds once or twice more or less often."""
    counted = [k for k, part in enumerate(scene.events) if part.counted]
    if not counted:
        return None
    rng = np.random.default_rng(scene.seed)
    k = counted[rng.integers(len(counted))]
    times = [n for off in (-2, -1, 1, 2) if (n := scene.events[k].times + off) > 0]
    edited = [_with(scene, k, replace(scene.events[k], times=n)) for n in times]
    fitting = [found for found in edited if _fits(found) or found.events[k].times < scene.events[k].times]
    return fitting[rng.integers(len(fitting))]


def _with(scene: Scene, k: int, part: Part) -> Scene:
    return replace(scene, events=(*scene.events[:k], part, *scene.events[k + 1 :]))


def _played_by(sound: SoundClass, part: Part, rng: np.random.Generator) -> Part:
    """The event by another class, as long as before, or as long as that class needs."""
    needed = 0.6 * sound.seconds[0] if sound.sustained else sound.seconds[0]
    seconds = min(max(part.seconds, needed), sound.seconds[1])
    fitting = {
        trait: [level for level in levels if NEEDS.get((sound.name, level), 0) <= seconds]
        for trait, levels in sound.traits.items()
    }
    traits = {"distance": part.traits["distance"]} | {t: str(rng.choice(levels)) for t, levels in fitting.items()}
    return replace(part, sound=sound.name, traits=traits, seconds=seconds)


def _may_replace(new: Part, old: Part, scene: Scene) -> bool:
    """Whether a class can stand where another stood, and the scene does not have it yet."""
    sound, before = SOUNDS[new.sound], SOUNDS[old.sound]
    return (
        all(new.sound != part.sound for part in scene.events)
        and sound.sustained == before.sustained
        and (sound.countable or new.times == 1)
        and (new.sound in AMBIENCES or new.step is not None)
        and (new.sound not in BROADBAND or old.sound in BROADBAND)
    )


def _fits(scene: Scene) -> bool:
    """Whether the steps, one after another, are over when the scene is."""
    lengths = [max(part.times * (part.seconds + TAIL + part.gap) - part.gap for part in step) for step in scene.steps]
    return sum(lengths) + PAUSE * len(lengths) <= scene.duration


def _edited(edit: Edit) -> Degrade:
    """A share of the scenes that have what is edited are rendered anew."""

    def degrade(originals: Originals, percent: float) -> dict[str, Made]:
        edited = {prompt.id: edit(plan_of(prompt)) for prompt in originals.prompts}
        found = {prompt: scene for prompt, scene in edited.items() if scene is not None}
        chosen = share(found, percent, edit.__name__)
        return {prompt: _made(found[prompt]) for prompt in chosen}

    return degrade


def _made(scene: Scene) -> Made:
    return Made([code_sha256("tta_bench.scenes"), asdict(scene)], partial(_rendered, scene))


def _rendered(scene: Scene) -> Clip:
    return Clip(scenes.render(scene)[0], SAMPLE_RATE)


OF_SCENES = tuple(
    Degradation(
        edit.__name__.replace("_", "-"), (25, 50, 100), "%", f"in so many of the clips {summary}", _edited(edit)
    )
    for edit, summary in (
        (wrong_event, "one event is of another class"),
        (missing_event, "that have two events or more, the last is missing"),
        (swapped_order, "that tell a sequence, its first and last step change places"),
        (wrong_count, "that count, something sounds once or twice too often or too seldom"),
    )
)
"""For boards of scenes."""
