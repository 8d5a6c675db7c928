"""How well the tagger hears scenes whose timeline is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.segments import Detector, heard, segments
from tta_bench.training.targets import CLASSES, FRAME_RATE, targets
from tta_bench.types import Event

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Quality:
    """Each from 0 to 1, higher is better."""

    frame_f1: float
    """F1 over all frames of 80 ms and classes (micro)."""
    frame_f1_macro: float
    """Mean over the classes of the F1 over frames."""
    second_f1: float
    """F1 over segments of 1 s, in which a class is active if it is in any frame: sed_eval's segment-based F1, micro."""
    second_f1_macro: float
    """Mean over the classes of the F1 over segments of 1 s."""
    clip_f1: float
    """F1 over clips and classes, by the framewise maximum (micro)."""
    event_recall: float
    """Events of which at least one sounding was heard, of all."""
    exact_count: float
    """Counted events heard in as many separate soundings as there are, of all counted ones."""


def quality(logits: NDArray[np.float32], active: Flags, events: Sequence[Sequence[Event]]) -> Quality:
    """Quality of framewise logits `(n, n_frames, n_classes)`, with the threshold 0, of clips with these timelines."""
    found = np.asarray(logits > 0)
    seconds, true_seconds = _in_seconds(found), _in_seconds(active)
    pairs = [(clip, event) for clip, timeline in zip(found, events, strict=True) for event in timeline]
    recalled = [bool((clip & targets([event], len(clip))).any()) for clip, event in pairs]
    counted = any(event.count is not None for _, event in pairs)
    return Quality(
        frame_f1=f1(found, active),
        frame_f1_macro=f1_macro(found, active),
        second_f1=f1(seconds, true_seconds),
        second_f1_macro=f1_macro(seconds, true_seconds),
        clip_f1=f1(in_clips(found), in_clips(active)),
        event_recall=float(np.mean(recalled)),
        exact_count=float(_exact_counts(logits, events).mean()) if counted else 1.0,
    )


def f1(found: Flags, active: Flags) -> float:
    """Harmonic mean of precision and recall of flags; 1 if nothing was to be found and nothing was."""
    either = int(found.sum()) + int(active.sum())
    return 2 * int((found & active).sum()) / either if either else 1.0


def f1_macro(found: Flags, active: Flags) -> float:
    """Mean F1 of the classes, the last axis; those that neither are there nor were found have no say."""
    classes = [c for c in range(active.shape[-1]) if found[..., c].any() or active[..., c].any()]
    return float(np.mean([f1(found[..., [c]], active[..., [c]]) for c in classes]))


def _exact_counts(logits: NDArray[np.float32], events: Sequence[Sequence[Event]]) -> NDArray[np.bool_]:
    """Of each counted event, whether it is heard as often as it sounds: as the board's own metrics count."""
    pairs = [(i, event) for i, timeline in enumerate(events) for event in timeline if event.count is not None]
    probabilities = 1 / (1 + np.exp(-logits))
    found = segments(list(probabilities), Detector(tuple(CLASSES), FRAME_RATE))
    clips, labels = np.array([i for i, _ in pairs]), np.array([CLASSES[event.name] for _, event in pairs])
    return np.asarray(heard(found, clips, labels).times == np.array([event.count for _, event in pairs]))


def in_clips(flags: Flags) -> Flags:
    """Activity `(n, n_classes)` of whole clips, from that of frames `(n, n_frames, n_classes)`."""
    return np.asarray(np.logical_or.reduce(flags, axis=1))


def _in_seconds(flags: Flags) -> Flags:
    """Activity `(n, n_seconds, n_classes)` of the segments of 1 s in which frames begin."""
    starts = np.unique((np.arange(flags.shape[1]) / FRAME_RATE).astype(int), return_index=True)[1]
    return np.asarray(np.logical_or.reduceat(flags, starts, axis=1))
