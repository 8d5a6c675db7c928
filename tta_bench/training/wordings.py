"""What the pocket CLAP reads while it is trained: wordings of a scene, and of one that differs from it in one thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tta_bench.scenes import Part, Scene, caption
from tta_bench.scenes.roles import AMBIENCES
from tta_bench.scenes.scene import PARTNERS
from tta_bench.scenes.sounds import SOUNDS

COUNTS = (2, 3, 4, 5)
STRIDE = 1_000_003
"""From one wording's seed to the next: a prime, so that scenes of neighbouring seeds do not share their draws."""


def wordings(scene: Scene, n: int) -> list[str]:
    """Captions `(n,)` of a scene, drawn anew each, in words that training may use."""
    seeds = [(scene.seed + k * STRIDE) % 2**32 for k in range(n)]
    return [caption(replace(scene, seed=seed), wordings="seen") for seed in seeds]


def wrong_wording(rng: np.random.Generator, scene: Scene) -> str:
    """A caption of the same sounds in another order, of another count, or with another sound in the place of one.

    Worded as `wordings(scene, 1)` would be, so that nothing but the content tells them apart.
    """
    changed = [change(rng, scene) for change in CHANGES.values()]
    possible = [other for other in changed if other]
    return wordings(possible[rng.integers(len(possible))], 1)[0]


def in_another_order(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """The scene with its steps in another order; None if it has but one."""
    n_steps = len(scene.steps)
    if n_steps < 2:
        return None
    order = rng.permutation(n_steps)
    while (order == np.arange(n_steps)).all():
        order = rng.permutation(n_steps)
    moved = [part if part.step is None else replace(part, step=int(order[part.step])) for part in scene.events]
    return replace(scene, events=tuple(sorted(moved, key=_step)))


def of_another_count(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """The scene with another count of one event; None if no event is counted."""
    counted = [k for k, part in enumerate(scene.events) if part.counted]
    if not counted:
        return None
    k = rng.choice(counted)
    others = [count for count in COUNTS if count != scene.events[k].times]
    return _with(scene, k, replace(scene.events[k], times=int(rng.choice(others))))


def with_another_sound(rng: np.random.Generator, scene: Scene) -> Scene | None:
    """The scene with another class in the place of one; None if no class fits."""
    k = int(rng.integers(len(scene.events)))
    old = scene.events[k]
    present = {part.sound for part in scene.events}
    # Held-out pairs must not be known as wrong, nor may the grammar's habits give the change away.
    barred = present.union(*(PARTNERS[name] for name in present - {old.sound}))
    allowed = AMBIENCES if old.step is None else SOUNDS.keys()
    names = [name for name in SOUNDS if name in allowed and name not in barred and _alike(name, old.sound)]
    if not names:
        return None
    new = SOUNDS[names[rng.integers(len(names))]]
    traits = {trait: str(rng.choice(levels)) for trait, levels in new.traits.items()}
    return _with(scene, k, replace(old, sound=new.name, traits={"distance": old.traits["distance"]} | traits))


CHANGES = {"order": in_another_order, "count": of_another_count, "sound": with_another_sound}


def _alike(name: str, other: str) -> bool:
    new, old = SOUNDS[name], SOUNDS[other]
    return (new.sustained, new.countable) == (old.sustained, old.countable)


def _with(scene: Scene, k: int, part: Part) -> Scene:
    return replace(scene, events=(*scene.events[:k], part, *scene.events[k + 1 :]))


def _step(part: Part) -> float:
    return float("inf") if part.step is None else part.step
