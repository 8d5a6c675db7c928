"""What is to be edited: scenes with their timelines, and captions whose words for each event are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from tta_bench.scenes import Part, Scene, plan, render
from tta_bench.scenes.phrases import say
from tta_bench.scenes.sound import SAMPLE_RATE
from tta_bench.types import Clip, Event
from tta_bench.validation.edits import wrong_event

FIRST_SEED = 4_100_000_000
"""Of the scenes; they are of the split for tests."""
LITTLE_WORDS = frozenset(["a", "an", "the", "of", "from", "in", "on", "at", "is", "are", "its", "to", "with", "one"])
"""They name no event."""


@dataclass(frozen=True)
class Item:
    """One scene to be edited."""

    scene: Scene
    clip: Clip
    events: tuple[Event, ...]
    clauses: tuple[str, ...]
    """What is said of each event, as training captions say it: what is asked for here is editing, not vocabulary."""

    @property
    def caption(self) -> str:
        """All events, in words."""
        return told(self.scene, self.clauses)


def told(scene: Scene, clauses: tuple[str, ...]) -> str:
    """The caption of a scene of one event, or of two in sequence, or of one over an ambience."""
    text = (" while " if scene.ambience else ", then ").join(clauses)
    return text[0].upper() + text[1:]


def content_words(clause: str) -> list[str]:
    """The words of a clause that name its event."""
    return [word for word in dict.fromkeys(clause.lower().split()) if word not in LITTLE_WORDS]


def items(n: int, fits: Callable[[Scene], bool], *, n_events: int, duration: float) -> list[Item]:
    """The first n scenes that fit, rendered; the same for the same arguments."""
    plans = (plan(FIRST_SEED + k, split="test", n_events=n_events, duration=duration) for k in count())
    return [_item(scene) for scene in islice((scene for scene in plans if fits(scene)), n)]


def _item(scene: Scene) -> Item:
    samples, events = render(scene)
    return Item(scene, Clip(samples, SAMPLE_RATE), events, tuple(clause(scene, part) for part in scene.events))


def clause(scene: Scene, part: Part) -> str:
    """`a dog barks`, the same for a scene's seed and a part."""
    return say(np.random.default_rng(scene.seed), part, "plain", wordings="seen", talkative=0.0)


@dataclass(frozen=True)
class Replacement:
    """One event of an item in the place of which another is asked for, as long and as often."""

    index: int
    """Of the event."""
    sound: str
    """The class that is asked for."""
    clauses: tuple[str, ...]
    """What is said of all events then."""


def replacement(item: Item) -> Replacement | None:
    """Another event for one of the item's, of the same kind; None where there is none that fits."""
    changed = wrong_event(item.scene)
    if changed is None:
        return None
    pairs = list(zip(item.scene.events, changed.events, strict=True))
    index = next(k for k, (old, new) in enumerate(pairs) if old.sound != new.sound)
    new = changed.events[index]
    clauses = (*item.clauses[:index], clause(item.scene, new), *item.clauses[index + 1 :])
    return Replacement(index, new.sound, clauses)
