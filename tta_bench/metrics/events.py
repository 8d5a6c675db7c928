"""Do clips hold the sound events that their captions ask for: which, nothing else, how many, in what order, when?

Every metric takes `generated`, for each clip a tagger's class probabilities frame by frame `(n_frames, n_classes)`;
`events`, what each caption asks for; and the `detector` that makes segments of the probabilities. It returns one value
a clip, `(n,)`. A prompt that has nothing to be judged by is a ValueError (`has_events`, `is_counted`, `has_order`,
`has_relation`, `has_onset` say which have), an event that the tagger has no class for is a UserError.

The tagger errs too, so a value means something only beside the one that the references get from the same detector.
A class that a caption names twice counts for recall, precision and F1 alone: of two dogs none can tell which is which.

Nearest kin: STEAM of AudioTime (arXiv:2407.02857, github.com/zeyuxie29/AudioTime 0403d8c), which looks for the asked
events alone, with a detector guided by text; and RiTTA (arXiv:2412.15922, github.com/yuhanghe01/RiTTA 09509a3), whose
detector knows 25 classes in steps of 0.5 s. Each has another detector, so their numbers do not compare with these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.segments import Detector, Heard, Indices, classes_heard, heard, segments
from tta_bench.types import Event, Floats, UserError

Clips = Sequence[Floats]
Events = Sequence[Event]
PerClip = NDArray[np.float64]
T = TypeVar("T")

TOLERANCE: Final = 0.1
"""Seconds by which an event may run into the next one and yet be before it, for a tail has no sharp end."""


def event_recall(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Share of the classes that a caption asks for which are heard in its clip, in [0, 1]; higher is better.

    RiTTA's presence is 1 where this is 1, else 0. Of all here it alone makes sense where captions leave out what
    sounds, as those of recordings do.
    """
    hits, asked, _ = _presence(generated, events, detector)
    return hits / asked


def event_precision(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Share of the classes heard in a clip that its caption asks for, in [0, 1]; higher is better.

    0 where nothing is heard: something was asked for, nothing right came, and silence must not raise a mean. AudioTime
    has no such measure; RiTTA's parsimony exp(-0.1 |segments heard - events asked for|) takes a repetition for too much
    and forgives the wrong class that stands in for the right one.
    """
    hits, _, classes = _presence(generated, events, detector)
    return hits / np.maximum(classes, 1)


def event_f1(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Is what the caption asks for there, and nothing else? The harmonic mean of a clip's recall and precision, in
    [0, 1]; higher is better; 0 where nothing of it is heard."""
    hits, asked, classes = _presence(generated, events, detector)
    return 2 * hits / (asked + classes)


def event_count(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Share of a caption's counted events that are heard exactly as often as it says, in [0, 1]; higher is better.

    A segment is one sounding. AudioTime has the error alone (`event_count_error`); RiTTA's relation "count" is right
    where the segments heard are the events asked for, one each.
    """
    clip, errors = _count_errors(generated, events, detector)
    return _mean(clip, errors == 0)


def event_count_error(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Mean over a caption's counted events of |times heard - times asked for|, 0 or more; lower is better. What is not
    heard at all is heard 0 times. AudioTime's frequency error, which pools the events of all clips."""
    return _mean(*_count_errors(generated, events, detector))


def event_order(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Share of the pairs in sequence by a caption's timeline of which both are heard and the first begins first, in
    [0, 1]; higher is better; about 0.5 for the right events in any order.

    First onsets decide, not centroids: "then" tells what begins next, and a tail or a sound that goes on moves the
    centroid alone. One minus AudioTime's ordering error but for pairs that overlap (`event_relation` sees them), and
    over all pairs instead of two events. RiTTA's "before" is content with any two segments, so taking turns is in both
    orders.
    """
    clip, pairs = _listed(generated, events, _sequences, "events in sequence")
    first, second, both = _heard_pairs(generated, clip, pairs, detector)
    return _mean(clip, both & (first.onset < second.onset))


def event_relation(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Share of the pairs in sequence or together by a caption's timeline that are so in its clip, in [0, 1]; higher is
    better.

    Together: from first onset to last offset they share at least half of the shorter one's time. In sequence: the
    first begins first, and they are not together; so all at once is no sequence. On sequences this is one minus
    AudioTime's ordering error, with its half. RiTTA's "together" is content with any overlap of two segments.
    """
    clip, pairs = _listed(generated, events, _related, "events in sequence or together")
    first, second, both = _heard_pairs(generated, clip, pairs, detector)
    together, asked = _together(first, second), np.array([bool(_together(*pair)) for pair in pairs])
    return _mean(clip, both & np.where(asked, together, (first.onset < second.onset) & ~together))


def event_onset(generated: Clips, events: Sequence[Events], *, detector: Detector) -> PerClip:
    """Mean over a caption's events of the seconds between the onset in its timeline and the first one heard; lower is
    better. For prompts that tell the model when.

    An event that is not heard has the worst onset that its clip has room for, so silence is never good. AudioTime has
    F1 of timestamps in segments of 1 s, and the error of durations, where a missing event errs by its whole duration.
    """
    clip, timed = _listed(generated, events, _with_onset, "events with an onset")
    found = heard(segments(generated, detector), clip, class_indices((name for name, _ in timed), detector.classes))
    asked = np.array([onset for _, onset in timed])
    duration = np.array([len(frames) for frames in generated])[clip] / detector.frame_rate
    return _mean(clip, np.where(found.times > 0, np.abs(found.onset - asked), np.maximum(asked, duration - asked)))


def has_events(events: Events) -> bool:
    """Whether recall, precision and F1 apply to a prompt: it tells its events."""
    return bool(events)


def is_counted(events: Events) -> bool:
    """Whether `event_count` and `event_count_error` apply to a prompt: it says how often something sounds."""
    return bool(_counted(events))


def has_order(events: Events) -> bool:
    """Whether `event_order` applies to a prompt: in its timeline something is over before something else begins."""
    return bool(_sequences(events))


def has_relation(events: Events) -> bool:
    """Whether `event_relation` applies to a prompt: its timeline has events in sequence or together."""
    return bool(_related(events))


def has_onset(events: Events) -> bool:
    """Whether `event_onset` applies to a prompt: it says when something begins."""
    return bool(_with_onset(events))


def class_indices(names: Iterable[str], classes: Sequence[str]) -> Indices:
    """Index of each event's class among a tagger's. Raises UserError for a name that it does not have."""
    index = {name: i for i, name in enumerate(classes)}
    wanted = list(names)
    if unknown := sorted(set(wanted) - set(index)):
        close = get_close_matches(unknown[0], classes, n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise UserError(
            f"Prompts ask for {len(unknown)} events that are none of the tagger's {len(index)} classes (first: "
            f"{unknown[0]!r}).{guess} Name events as the tagger does, or drop the event metrics."
        )
    return np.array([index[name] for name in wanted], dtype=np.intp)


class Span(NamedTuple):
    """From when to when an event lasts, in seconds."""

    onset: float
    offset: float
    name: str


def _names(events: Events) -> list[str]:
    return sorted({event.name for event in events})


def _once(events: Events) -> list[Event]:
    """The events whose class has no other."""
    times = Counter(event.name for event in events)
    return [event for event in events if times[event.name] == 1]


def _counted(events: Events) -> list[tuple[str, int]]:
    return [(event.name, event.count) for event in _once(events) if event.count is not None]


def _with_onset(events: Events) -> list[tuple[str, float]]:
    return [(event.name, event.onset) for event in _once(events) if event.onset is not None]


def _related(events: Events) -> list[tuple[Span, Span]]:
    """Pairs in sequence or together, by onset; one that overlaps a little is neither."""
    known = [(event.onset, event.offset, event.name) for event in _once(events)]
    spans = sorted(Span(on, off, name) for on, off, name in known if on is not None and off is not None)
    return [(a, b) for a, b in combinations(spans, 2) if a.offset <= b.onset + TOLERANCE or _together(a, b)]


def _sequences(events: Events) -> list[tuple[Span, Span]]:
    return [pair for pair in _related(events) if not _together(*pair)]


def _together(a: Span | Heard, b: Span | Heard) -> NDArray[np.bool_]:
    """Whether two events share at least half of the shorter one's time."""
    shared = np.minimum(a.offset, b.offset) - np.maximum(a.onset, b.onset)
    shorter = np.minimum(np.subtract(a.offset, a.onset), np.subtract(b.offset, b.onset))
    return np.asarray(shared >= 0.5 * shorter - 1e-9)  # rounding must not decide of exactly half


def _listed(
    generated: Clips, events: Sequence[Events], pick: Callable[[Events], list[T]], what: str
) -> tuple[Indices, list[T]]:
    """What is picked of the events of all clips in one list, with the index of the clip that each belongs to."""
    if len(generated) != len(events) or not events:
        raise ValueError(f"every clip needs its prompt's events, got {len(generated)} clips and {len(events)} prompts")
    picked = [pick(asked) for asked in events]
    if lacking := [i for i, found in enumerate(picked) if not found]:
        raise ValueError(f"{len(lacking)} of {len(events)} prompts have no {what} (first: {lacking[0]})")
    clip = np.repeat(np.arange(len(events)), [len(found) for found in picked])
    return clip, [item for found in picked for item in found]


def _presence(generated: Clips, events: Sequence[Events], detector: Detector) -> tuple[Indices, Indices, Indices]:
    """Number of classes of each clip that are both asked for and heard, asked for, heard."""
    clip, names = _listed(generated, events, _names, "events")
    found = segments(generated, detector)
    there = heard(found, clip, class_indices(names, detector.classes)).times > 0
    hits, asked = (np.bincount(owner, minlength=len(events)) for owner in (clip[there], clip))
    return hits, asked, classes_heard(found, len(events))


def _count_errors(generated: Clips, events: Sequence[Events], detector: Detector) -> tuple[Indices, Indices]:
    """Clip of each counted event, and by how many times it is off."""
    clip, counted = _listed(generated, events, _counted, "counted events")
    label = class_indices((name for name, _ in counted), detector.classes)
    times = heard(segments(generated, detector), clip, label).times
    return clip, np.abs(times - np.array([count for _, count in counted]))


def _heard_pairs(
    generated: Clips, clip: Indices, pairs: Sequence[tuple[Span, Span]], detector: Detector
) -> tuple[Heard, Heard, NDArray[np.bool_]]:
    """What is heard of the first and of the second of each pair, and whether both are."""
    found = segments(generated, detector)
    names = ((span.name for span in side) for side in zip(*pairs, strict=True))
    first, second = (heard(found, clip, class_indices(side, detector.classes)) for side in names)
    return first, second, (first.times > 0) & (second.times > 0)


def _mean(clip: Indices, values: NDArray[np.generic]) -> PerClip:
    """Mean `(n,)` over what belongs to each clip."""
    return np.asarray(np.bincount(clip, weights=values) / np.bincount(clip))
