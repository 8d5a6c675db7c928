"""From framewise probabilities to segments: when which class is heard in a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.rows import chunks
from tta_bench.types import Floats

Indices = NDArray[np.intp]
Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """How framewise probabilities become segments: part of a protocol. There is no median filter, as elsewhere: one
    that is long enough to be of use swallows a single knock and joins three."""

    classes: tuple[str, ...]
    """What the columns stand for, in the names that events have."""
    frame_rate: float
    """Frames a second."""
    threshold: float = 0.5
    """A segment reaches this probability somewhere..."""
    release: float = 0.3
    """...and lasts while the probability is no lower than this one, so that wavering about a threshold is no event."""
    gap: float = 0.0
    """Seconds; two segments of a class with a shorter pause between them are one."""
    shortest: float = 0.0
    """Seconds; what is still shorter is no segment."""

    def __post_init__(self) -> None:
        if not 0 < self.release <= self.threshold <= 1 or self.frame_rate <= 0:
            given = f"{self.release}, {self.threshold}, {self.frame_rate}"
            raise ValueError(f"0 < release <= threshold <= 1 and a frame rate above 0 are needed, got {given}")


@dataclass(frozen=True)
class Segments:
    """When which class is heard in a set of clips: one row a segment, sorted by clip, class and time."""

    clip: Indices
    """`(n_segments,)`."""
    label: Indices
    """`(n_segments,)`, index into the detector's classes."""
    onset: Seconds
    """`(n_segments,)`, from the start of the clip: where the first frame begins."""
    offset: Seconds
    """`(n_segments,)`: where the last frame ends."""


@dataclass(frozen=True)
class Heard:
    """What is heard of a class in a clip, for each of several pairs of the two."""

    times: Indices
    """`(n_pairs,)`, number of segments."""
    onset: Seconds
    """`(n_pairs,)`, of the first segment; 0 where there is none."""
    offset: Seconds
    """`(n_pairs,)`, of the last segment; 0 where there is none."""


def segments(generated: Sequence[Floats], detector: Detector) -> Segments:
    """The segments that a detector finds in the probabilities `(n_frames, n_classes)` of each clip.

    Raises ValueError for another number of classes, a clip without frames, and what is no probability.
    """
    n_classes = len(detector.classes)
    for i, clip in enumerate(generated):
        if clip.ndim != 2 or clip.shape[1] != n_classes or not len(clip):
            raise ValueError(f"clip {i} has shape {clip.shape} instead of (n_frames, {n_classes}), a column a class")
    largest = max(clip.size for clip in generated)
    parts = [_segments(generated[part], part.start, detector) for part in chunks(len(generated), largest)]
    found, label, begin, end = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Segments(found, label, begin / detector.frame_rate, end / detector.frame_rate)


def heard(found: Segments, clip: Indices, label: Indices) -> Heard:
    """What `found` holds of each pair of a clip and a class, both `(n_pairs,)`."""
    n_classes = 1 + max(found.label.max(initial=0), label.max(initial=0))
    keys, wanted = found.clip * n_classes + found.label, clip * n_classes + label
    first, behind = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    onset, offset = np.zeros(len(wanted)), np.zeros(len(wanted))
    there = behind > first
    onset[there], offset[there] = found.onset[first[there]], found.offset[behind[there] - 1]
    return Heard(behind - first, onset, offset)


def classes_heard(found: Segments, n_clips: int) -> Indices:
    """Number of classes `(n_clips,)` that are heard in each clip."""
    fresh = np.ones(len(found.clip), dtype=bool)
    fresh[1:] = (np.diff(found.clip) != 0) | (np.diff(found.label) != 0)
    return np.bincount(found.clip[fresh], minlength=n_clips)


def _segments(generated: Sequence[Floats], first: int, detector: Detector) -> tuple[Indices, ...]:
    """Clip, class, first frame and the frame behind the last one of each segment, of clips numbered from `first`."""
    # All classes of all clips lie one behind the other, a zero before each, so that no run of frames reaches the next.
    n_classes = len(detector.classes)
    widths = np.array([len(clip) + 1 for clip in generated])
    starts = np.concatenate([[0], np.cumsum(np.repeat(widths, n_classes))])
    line = np.zeros(starts[-1] + 1, dtype=np.float32)
    for clip, start, width in zip(generated, starts[::n_classes], widths, strict=False):
        line[start : start + width * n_classes].reshape(n_classes, width)[:, 1:] = clip.T
    if not (line.min() >= 0 and line.max() <= 1):
        raise ValueError(f"probabilities lie between 0 and 1, these between {line.min()} and {line.max()}")
    column, begin, end = _joined(starts, *_runs(line, detector), detector)
    origin = starts[column] + 1
    return column // n_classes + first, column % n_classes, begin - origin, end - origin


def _runs(line: NDArray[np.float32], detector: Detector) -> tuple[Indices, Indices]:
    """Where runs of frames begin that do not fall below `release` and reach `threshold`, and where they are over."""
    on = line >= detector.release
    change = np.flatnonzero(on[1:] != on[:-1]) + 1
    begin, end = change[::2], change[1::2]
    reached = np.maximum.reduceat(line, begin) >= detector.threshold
    return begin[reached], end[reached]


def _joined(starts: Indices, begin: Indices, end: Indices, detector: Detector) -> tuple[Indices, Indices, Indices]:
    """Column, begin and end of segments: runs over short pauses joined, and of these the long enough."""
    column = np.searchsorted(starts, begin, "right") - 1
    gap, shortest = (seconds * detector.frame_rate - 1e-9 for seconds in (detector.gap, detector.shortest))
    fresh = np.ones(len(begin), dtype=bool)
    fresh[1:] = (column[1:] != column[:-1]) | (begin[1:] - end[:-1] >= gap)
    column, begin, end = column[fresh], begin[fresh], end[np.roll(fresh, -1)]
    lasting = end - begin >= shortest
    return column[lasting], begin[lasting], end[lasting]
