"""What the tagger should say of a clip whose timeline is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tta_bench.scenes.sounds import SOUNDS
from tta_bench.types import Event

FRAME_RATE = 12.5
"""Frames a second of the tagger: 80 ms each."""
CLASSES = {name: index for index, name in enumerate(SOUNDS)}

Span = tuple[int, int]


def targets(events: Iterable[Event], n_frames: int) -> NDArray[np.bool_]:
    """Which class sounds in which frame: `(n_frames, 61)`.

    A sounding is there in the frames of which it covers at least half, and in one frame if it is shorter. Two
    soundings of one event that follow each other have a frame without between them, which tells them apart, unless
    they begin in neighbouring frames.
    """
    active = np.zeros((n_frames, len(CLASSES)), dtype=np.bool_)
    for event in events:
        for first, last in _apart([_span(*sounding) for sounding in _soundings(event)]):
            active[first : last + 1, CLASSES[event.name]] = True
    return active


def _soundings(event: Event) -> Sequence[tuple[float, float]]:
    if event.soundings:
        return sorted(event.soundings)
    if event.onset is None or event.offset is None:
        raise ValueError(f"the event {event.name!r} has no known time, so it can be no target")
    return [(event.onset, event.offset)]


def _span(onset: float, offset: float) -> Span:
    """First and last frame of a sounding."""
    first, last = round(onset * FRAME_RATE), round(offset * FRAME_RATE) - 1
    if first <= last:
        return first, last
    middle = int((onset + offset) / 2 * FRAME_RATE)
    return middle, middle


def _apart(spans: Sequence[Span]) -> list[Span]:
    """The spans with a frame between neighbours: the earlier one ends sooner, or the later one begins later."""
    found: list[Span] = []
    for first, last in spans:
        if found:
            before, end = found[-1]
            found[-1] = before, max(before, min(end, first - 2))
            if found[-1][1] == first - 1:
                first = min(first + 1, last)
        found.append((first, last))
    return found
