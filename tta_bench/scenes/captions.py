"""A scene in words: every event by one of its wordings, how often it is heard, and what it follows, joins or overlies.

What a caption says is true of the rendering; what it leaves out may be anything. Order is never left to the order of
words alone: a `then`, `after` or `followed by` says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tta_bench.scenes.phrases import Form, Wording, say
from tta_bench.scenes.scene import Part, Scene, stream
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.scenes.wordings import frames
from tta_bench.scenes.wordings.frames import Frames

Unit = Callable[[Form], str]
"""What is said of an event, a step or a chain of them, in the form that a frame asks for."""

_MARKS = 0xE000
"""The first of the characters that nobody writes, which tell apart what is said of events until a caption is done."""
_STREAMS = {"seen": 1, "held out": 5, "rich": 7}
_SHORTEST, _LONGEST = 6, 30
# How likely each trait of an event is spoken of, by the number of events: long captions stay readable.
_TALKATIVE = (0.0, 0.85, 0.5, 0.35, 0.2, 0.1)


def caption(scene: Scene, *, wordings: Wording | None = None) -> str:
    """One sentence without a full stop, the same for the same scene; by default test scenes use held-out wordings.

    With held-out wordings every class goes by a name that no training caption has, and about half of the relations do.
    """
    return caption_with_spans(scene, wordings=wordings)[0]


def caption_with_spans(scene: Scene, *, wordings: Wording | None = None) -> tuple[str, dict[str, tuple[int, int]]]:
    """The very `caption`, and where in it each class is told of: its first character, and the first behind it."""
    wordings = wordings or ("held out" if scene.split == "test" else "seen")
    rng = stream(scene.seed, scene.split, _STREAMS[wordings])
    marks = {part.sound: chr(_MARKS + k) for k, part in enumerate(scene.events)}
    voice = _Voice(rng, wordings, _TALKATIVE[len(scene.events)], marks)
    drafts: list[str] = []
    while len(drafts) < 6 and (not drafts or _misfit(drafts[-1])):
        drafts.append(_polished(voice.scene(scene)))
    return _unmarked(min(drafts, key=_misfit), marks)


def _misfit(text: str) -> int:
    """By how many words a caption is shorter or longer than captions are."""
    count = len(text.split())
    return max(0, _SHORTEST - count, count - _LONGEST)


def _polished(text: str) -> str:
    """With `an` where it belongs, and a capital."""
    text = re.sub(r"\b([Aa]) (?=[aeiou])(?!(?:uni|use|one|eu|ew))", r"\1n ", text)
    first = next(k for k, letter in enumerate(text) if ord(letter) < _MARKS)
    return text[:first] + text[first].upper() + text[first + 1 :]


def _unmarked(text: str, marks: Mapping[str, str]) -> tuple[str, dict[str, tuple[int, int]]]:
    """A caption without the marks on either side of each event, and where they were."""
    plain = re.sub(f"[{''.join(marks.values())}]", "", text)
    ends = {name: [found.start() for found in re.finditer(mark, text)] for name, mark in marks.items()}
    before = sorted(place for places in ends.values() for place in places)
    return plain, {name: (start - before.index(start), end - before.index(end)) for name, (start, end) in ends.items()}


@dataclass(frozen=True)
class _Voice:
    """Who says it."""

    rng: np.random.Generator
    wordings: Wording
    talkative: float
    marks: Mapping[str, str]
    """What stands on either side of what is said of each class."""

    def scene(self, scene: Scene) -> str:
        steps = [self.step(step) for step in scene.steps]
        simple = all(len(step) == 1 for step in scene.steps)
        if len(steps) > 1:
            chain = self.chain(steps, simple=simple)
            return self.over(frames.OVER_CHAIN, lambda _: chain, scene.ambience)
        if not simple:
            return self.over(frames.OVER_CHAIN, steps[0], scene.ambience)
        if scene.ambience is None:
            return self.fill(self.pick(frames.ALONE), steps)
        return self.over(frames.OVER_ONE, steps[0], scene.ambience)

    def over(self, relation: Frames, told: Unit, ambience: Part | None) -> str:
        """What is told, over the ambience if there is one."""
        return self.fill(self.pick(relation), [told, self.event(ambience)]) if ambience else told("clause")

    def chain(self, steps: Sequence[Unit], *, simple: bool) -> str:
        """Steps one after another."""
        if len(steps) == 2:
            return self.fill(self.pick(frames.CHAIN if simple else frames.PAIRS_CHAIN), steps)
        first, joined, last = re.split(r"(?<=\})", self.pick(frames.LONG_CHAIN))[:3]
        middle = [joined.replace("1", str(k)) for k in range(1, len(steps) - 1)]
        return self.fill("".join([first, *middle, last.replace("2", str(len(steps) - 1))]), steps)

    def step(self, parts: Sequence[Part]) -> Unit:
        """One event, or two at once, the longer one last."""
        if len(parts) == 1:
            return self.event(parts[0])
        units = [self.event(part) for part in sorted(parts, key=lambda part: SOUNDS[part.sound].sustained)]
        return lambda form: self.fill(self.pick(frames.PAIR_OF_NOUNS if form == "noun" else frames.PAIR), units)

    def event(self, part: Part) -> Unit:
        mark = self.marks[part.sound]
        return lambda form: mark + say(self.rng, part, form, wordings=self.wordings, talkative=self.talkative) + mark

    def pick(self, relation: Frames) -> str:
        choices = relation.held_out if self.wordings == "held out" and self.rng.random() < 0.5 else relation.seen
        return choices[self.rng.integers(len(choices))]

    def fill(self, frame: str, units: Sequence[Unit]) -> str:
        """A frame with its units said, each in the form that the frame asks for."""
        forms: dict[str, Form] = {"c": "clause", "p": "plain", "g": "going", "n": "noun"}
        return re.sub(r"\{([cpgn])(\d)\}", lambda slot: units[int(slot[2])](forms[slot[1]]), frame)
