"""What a scene holds: which sounds, how often each is heard, and which comes after or beneath which.

Two splits share nothing but the classes: pairs of classes that are held out never meet in training, and every test
scene of two events or more has such a pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

import numpy as np

from tta_bench.scenes.roles import AMBIENCES, BROADBAND, CLOSE, NEEDS
from tta_bench.scenes.sound import SoundClass
from tta_bench.scenes.sounds import SOUNDS

Split = Literal["train", "test"]
Relation = Literal["single", "counted", "sequence", "parallel", "background", "mixed"]

DURATION = 5.12
"""Seconds of a scene, unless another duration is asked for."""
SILENCE = 0.27
"""Seconds of silence at least between two soundings of one event, so that they can be counted."""

_N_EVENTS = (0.25, 0.35, 0.22, 0.12, 0.06)
_MOST_TIMES = 5
TAIL, PAUSE = 0.2, 0.3
"""Seconds that a room adds to a sound, and between two steps, as planned for; rendering uses at most as much."""


@dataclass(frozen=True)
class Part:
    """One event of a scene, as planned."""

    sound: str
    """Its class."""
    traits: Mapping[str, str]
    """A level of each trait of its class and, whether the class has it or not, of `distance`."""
    step: int | None
    """Steps follow one another, and what shares a step sounds at once; None is an ambience under all steps."""
    seconds: float
    """The longest that one sounding of it may last."""
    times: int = 1
    """How often it sounds."""
    counted: bool = False
    """Whether the caption says how often."""
    gap: float = SILENCE
    """Seconds of silence between two soundings."""

    @property
    def count(self) -> int | None:
        """How often it sounds, where the caption says so."""
        return self.times if self.counted else None


@dataclass(frozen=True)
class Scene:
    """A plan that can be captioned and rendered; both depend on nothing else."""

    seed: int
    split: Split
    duration: float
    """Seconds."""
    events: tuple[Part, ...]
    """Step after step, the ambience last."""

    @property
    def steps(self) -> tuple[tuple[Part, ...], ...]:
        """The parts that sound at once, step after step, without the ambience."""
        count = max((part.step for part in self.events if part.step is not None), default=-1) + 1
        return tuple(tuple(part for part in self.events if part.step == k) for k in range(count))

    @property
    def ambience(self) -> Part | None:
        """What sounds under all else, if anything does."""
        return next((part for part in self.events if part.step is None), None)

    @property
    def relation(self) -> Relation:
        """How its events relate: `mixed` if in more than one way."""
        if len(self.events) == 1:
            return "counted" if self.events[0].counted else "single"
        sizes = [len(step) for step in self.steps]
        if self.ambience:
            return "background" if sizes == [1] else "mixed"
        if len(sizes) == 1:
            return "parallel"
        return "sequence" if max(sizes) == 1 else "mixed"


def stream(scene_seed: int, split: Split, part: int) -> np.random.Generator:
    """The generator of one part of what is random in a scene; others do not notice how much is drawn from it."""
    return np.random.default_rng([get_args(Split).index(split), scene_seed, part])


def _shortest(sound: SoundClass) -> float:
    """The seconds that a sound needs to be itself."""
    return max(1.0, 0.6 * sound.seconds[0]) if sound.sustained else sound.seconds[0]


# Long sounds and noises fit less often, so they are tried more often.
_TRIED = {name: max(1.0, _shortest(SOUNDS[name])) * (1.5 if name in BROADBAND else 1.0) for name in SOUNDS}


def _held_out(*pair: str) -> bool:
    """Whether two classes never meet in training: 8 % of all pairs, whatever classes are added later."""
    # With this salt every class has two partners or more beside which it can be heard.
    return int(hashlib.sha256("+".join(["98", *sorted(pair)]).encode()).hexdigest(), 16) % 100 < 8


PARTNERS = {name: frozenset(other for other in SOUNDS if other != name and _held_out(name, other)) for name in SOUNDS}
"""Class -> the classes that it never meets in a training scene."""


def plan(seed: int, *, split: Split = "train", n_events: int | None = None, duration: float = DURATION) -> Scene:
    """A scene of distinct classes, the same for the same arguments; nothing is rendered.

    `seed` is below 2**32, and equal seeds of the two splits have nothing in common. `n_events` is 1..5, by default 1
    to 5 with probabilities 0.25, 0.35, 0.22, 0.12 and 0.06; `duration` is 2..60 s. ValueError for anything else, and
    where so many events do not fit into so short a time.
    """
    if not (0 <= seed < 2**32 and 2 <= duration <= 60):
        raise ValueError(f"No scene of seed {seed} and {duration} s: seeds are 0..2**32-1, durations 2..60 s")
    if n_events is not None and not 1 <= n_events <= len(_N_EVENTS):
        raise ValueError(f"n_events is {n_events}, not 1..{len(_N_EVENTS)}")
    rng = stream(seed, split, 0)
    drawn = int(rng.choice(len(_N_EVENTS), p=_N_EVENTS)) + 1
    for n in [n_events] if n_events else range(drawn, 0, -1):
        if events := _events(rng, split, n, duration):
            return Scene(seed, split, duration, events)
    raise ValueError(f"{n_events} events do not fit into {duration} s: give them more time")


def _events(rng: np.random.Generator, split: Split, n: int, duration: float) -> tuple[Part, ...]:
    """The events of a scene, or none where so many hardly fit."""
    for _ in range(300):
        shape = _shape(rng, n, duration)
        cast = _cast(rng, shape, split)
        if cast and (lengths := _lengths(rng, shape, cast, duration)):
            return tuple(
                _part(rng, SOUNDS[name], step, lengths[step] if step is not None else duration)
                for step, name in zip(shape, cast, strict=True)
            )
    return ()


def _shape(rng: np.random.Generator, n: int, duration: float) -> list[int | None]:
    """The step of each event: at most two share one, and there may be an ambience if there is anything above it."""
    ambience = n > 1 and rng.random() < 0.3
    voices = n - ambience
    most = min(voices, max(2, int(duration / 1.2)))
    fewest = min(most, ceil(voices / 2))
    count = most if rng.random() < 0.3 else int(rng.integers(fewest, most + 1))
    doubled = rng.permutation(count)[: voices - count]
    steps: list[int | None] = sorted([*range(count), *doubled.tolist()])
    return [*steps, None] if ambience else steps


def _cast(rng: np.random.Generator, shape: Sequence[int | None], split: Split) -> list[str] | None:
    """A class for each event, or None where the draw ends in a dead end."""
    cast: dict[int, str] = {}
    for turn, k in enumerate(rng.permutation(len(shape)).tolist()):
        together = shape[k] is not None and shape.count(shape[k]) == 2
        mate = next((cast[j] for j in cast if together and shape[j] == shape[k]), None)
        names = [name for name in SOUNDS if name not in cast.values()]
        if shape[k] is None:
            names = [name for name in names if name in AMBIENCES]
        elif rng.random() < 0.25:
            names = [name for name in names if SOUNDS[name].countable]
        if mate and not SOUNDS[mate].sustained:  # else two short sounds would meet for a moment only
            names = [name for name in names if SOUNDS[name].sustained]
        if split == "train":
            names = [name for name in names if not any(name in PARTNERS[other] for other in cast.values())]
        elif turn == 1:
            names = [name for name in names if name in PARTNERS[cast[next(iter(cast))]]]
        if not names:
            return None
        weights = np.cumsum([_TRIED[name] for name in names])
        cast[k] = names[int(np.searchsorted(weights, rng.uniform(0, weights[-1])))]
    noises = [step for k, step in enumerate(shape) if cast[k] in BROADBAND]
    if (None in noises and len(noises) > 1) or len(set(noises)) < len(noises):
        return None
    return [cast[k] for k in range(len(shape))]


def _lengths(
    rng: np.random.Generator, shape: Sequence[int | None], cast: Sequence[str], duration: float
) -> list[float] | None:
    """The seconds of each step, or None if they are too few for its sounds."""
    count = max(step for step in shape if step is not None) + 1
    needs = [
        max(_shortest(SOUNDS[name]) for step, name in zip(shape, cast, strict=True) if step == k) for k in range(count)
    ]
    spare = duration - sum(needs) - count * (TAIL + PAUSE)
    if spare < 0:
        return None
    shares = rng.dirichlet(np.full(count, 2.0))
    return [need + spare * float(share) for need, share in zip(needs, shares, strict=True)]


def _part(rng: np.random.Generator, sound: SoundClass, step: int | None, longest: float) -> Part:
    """An event of at most so many seconds: its levels, how long it lasts and how often it is heard."""
    fitting = {
        t: [level for level in levels if NEEDS.get((sound.name, level), 0) <= longest]
        for t, levels in sound.traits.items()
    }
    traits = {trait: levels[rng.integers(len(levels))] for trait, levels in fitting.items()}
    far = rng.random() < 0.15 and step is not None and sound.name not in CLOSE
    traits.setdefault("distance", "far" if far else "near")
    need = max([_shortest(sound), *(NEEDS.get((sound.name, level), 0) for level in traits.values())])
    if sound.sustained:
        seconds = longest if step is None else float(rng.uniform(max(need, 0.65 * longest), longest))
        return Part(sound.name, traits, step, seconds)
    once = Part(sound.name, traits, step, float(rng.uniform(need, max(need, min(longest, sound.seconds[1])))))
    counted = rng.random() < 0.75
    if not sound.countable or rng.random() < 0.25:
        return once
    wanted = int(rng.integers(2, _MOST_TIMES + 1)) if counted else int(rng.integers(3, _MOST_TIMES + 2))
    return _several(rng, once, need, wanted, longest, counted=counted)


def _several(rng: np.random.Generator, once: Part, need: float, wanted: int, longest: float, *, counted: bool) -> Part:
    """The event sounding `wanted` times, or as often as so many seconds allow; a repetition is three times at least."""
    room = longest + SILENCE
    times = min(wanted, int(room / (1.05 * need + TAIL + SILENCE)))
    if times < (2 if counted else 3):
        return once
    seconds = min(once.seconds, (room / times - TAIL - SILENCE) / 1.05)
    loose = max(SILENCE, (longest - times * (1.05 * seconds + TAIL)) / (times - 1))
    gap = float(rng.uniform(SILENCE, min(0.8, loose)))
    return Part(once.sound, once.traits, once.step, seconds, times, counted, gap)
