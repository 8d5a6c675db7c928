"""The tasks: what is edited, what one gets without any skill in editing, and what is measured of both.

Every metric names the row that it must beat. Copying the source keeps everything and changes nothing; generating from
scratch changes everything and keeps nothing; an edit is worth something only if it is better than each where that one
fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tta_bench.editing.ears import Ears
from tta_bench.editing.editor import Editor, Pair
from tta_bench.editing.items import Item, content_words, items, replacement, told
from tta_bench.editing.sounds import boundary_jump, envelope_correlation, log_spectral_distance
from tta_bench.scenes import DURATION, Scene
from tta_bench.types import Clip
from tta_bench.validation.edits import wrong_event

Made = TypeVar("Made")
COPY, SCRATCH, EDITED = "copy of the source", "from scratch", "edited"
STRENGTHS = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
MARGIN = 0.1
"""Seconds before and after an event that are inpainted with it."""


@dataclass(frozen=True)
class Outcome:
    """One metric of one row of a task."""

    task: str
    row: str
    metric: str
    better: Literal["higher", "lower", "zero"]
    """`zero`: anything else is an error."""
    values: NDArray[np.float64]
    """`(n,)`, one for each item."""
    baseline: str
    """The row that is to be beaten."""


@dataclass(frozen=True)
class Run:
    """What a task is done with."""

    editor: Editor
    ears: Ears
    n: int
    """Items."""
    seed: int
    batch_size: int

    def seeds(self, n: int, repeat: int = 0) -> list[int]:
        """One seed of noise for each item."""
        return [int(x) for x in np.random.default_rng([self.seed, repeat]).integers(2**32, size=n)]

    def batches(self, n: int) -> list[slice]:
        """Slices of n items."""
        return [slice(i, i + self.batch_size) for i in range(0, n, self.batch_size)]

    def in_batches(self, n: int, make: Callable[[slice], list[Made]]) -> list[Made]:
        """What is made of n items, batch by batch."""
        return [one for part in self.batches(n) for one in make(part)]

    def pairs(self, n: int, make: Callable[[slice], Pair]) -> Pair:
        """Clips before and after an edit of n captions, batch by batch."""
        found = [make(part) for part in self.batches(n)]
        before, after = ([clip for pair in found for clip in pair[side]] for side in (0, 1))
        return before, after

    def from_scratch(self, captions: Sequence[str], repeat: int = 1) -> list[Clip]:
        """Clips of captions from noise that no edit begins with."""
        seeds = self.seeds(len(captions), repeat)
        return self.in_batches(
            len(captions), lambda part: self.editor.generate(captions[part], seeds=seeds[part], duration=DURATION)
        )


Task = Callable[[Run], list[Outcome]]


def measure(run: Run, task: str) -> list[Outcome]:
    """All outcomes of one task."""
    return TASKS[task](run)


def style(run: Run) -> list[Outcome]:
    """One event is to sound as another, in the time course of the source, at several strengths."""
    found = [(item, replacement(item)) for item in items(run.n, _has_another, n_events=1, duration=DURATION)]
    sources = [item.clip for item, _ in found]
    targets = [new.sound for _, new in found if new]
    captions = [told(item.scene, new.clauses) for item, new in found if new]
    seeds = run.seeds(len(found))

    def edited(strength: float) -> list[Clip]:
        return run.in_batches(
            len(found),
            lambda part: run.editor.style(sources[part], captions[part], strength=strength, seeds=seeds[part]),
        )

    rows = {COPY: sources, SCRATCH: run.from_scratch(captions)}
    rows |= {f"strength {strength:g}": edited(strength) for strength in STRENGTHS}
    outcomes = []
    for row, clips in rows.items():
        heard = zip(run.ears.curves(clips), targets, strict=True)
        present = [run.ears.hears(curve, target) for curve, target in heard]
        kept = [envelope_correlation(clip, source) for clip, source in zip(clips, sources, strict=True)]
        outcomes.append(_outcome("style", row, "target_recall", "higher", present, COPY))
        outcomes.append(_outcome("style", row, "envelope_correlation", "higher", kept, SCRATCH))
    return outcomes


def inpaint(run: Run) -> list[Outcome]:
    """One event of two is lost and is to be made again, in its place, beside what is left of the sound."""
    found = items(run.n, _has_two, n_events=2, duration=DURATION)
    spans = [_span(item) for item in found]
    sources, captions = [item.clip for item in found], [item.caption for item in found]
    seeds = run.seeds(len(found))
    fresh = run.from_scratch(captions)
    edited = run.in_batches(
        len(found),
        lambda part: run.editor.inpaint(sources[part], captions[part], spans=spans[part], seeds=seeds[part]),
    )
    silent = [Clip(np.zeros_like(clip.samples), clip.sample_rate) for clip in sources]
    rows = {
        COPY: sources,
        "silence": _pasted(sources, silent, spans),
        f"{SCRATCH}, pasted in": _pasted(sources, fresh, spans),
        EDITED: edited,
    }
    pasted = f"{SCRATCH}, pasted in"
    outcomes = []
    for row, clips in rows.items():
        cases = list(zip(clips, sources, spans, strict=True))
        curves = run.ears.curves(clips)
        heard = [
            run.ears.hears(curve, item.scene.events[0].sound, span)
            for curve, item, span in zip(curves, found, spans, strict=True)
        ]
        lsd = [log_spectral_distance(clip, source, span) for clip, source, span in cases]
        jump = [boundary_jump(clip, source, span) for clip, source, span in cases]
        change = [_change_outside(clip, source, span) for clip, source, span in cases]
        outcomes.append(_outcome("inpaint", row, "masked_recall", "higher", heard, "silence"))
        outcomes.append(_outcome("inpaint", row, "masked_lsd_db", "lower", lsd, "silence"))
        outcomes.append(_outcome("inpaint", row, "boundary_jump_db", "lower", jump, pasted))
        outcomes.append(_outcome("inpaint", row, "unmasked_change", "zero", change, ""))
    return outcomes


def swap(run: Run) -> list[Outcome]:
    """One event of two in sequence is replaced in the caption; the other is to stay as it is."""
    found = [(item, replacement(item)) for item in items(run.n, _is_swappable, n_events=2, duration=DURATION)]
    captions = [item.caption for item, _ in found]
    edited = [told(item.scene, new.clauses) for item, new in found if new]
    seeds = run.seeds(len(found))
    sources, swapped = run.pairs(
        len(found), lambda part: run.editor.swap(captions[part], edited[part], seeds=seeds[part], duration=DURATION)
    )
    rows = {COPY: sources, SCRATCH: run.from_scratch(edited), EDITED: swapped}
    before = run.ears.curves(sources)
    cases = [
        (item.scene.events[new.index].sound, new.sound, item.scene.events[1 - new.index].sound)
        for item, new in found
        if new
    ]
    outcomes = []
    for row, clips in rows.items():
        curves = run.ears.curves(clips)
        there = [run.ears.hears(curve, new) for curve, (_, new, _) in zip(curves, cases, strict=True)]
        gone = [not run.ears.hears(curve, old) for curve, (old, _, _) in zip(curves, cases, strict=True)]
        rest = [
            run.ears.agreement(curve, source, kept)
            for curve, source, (_, _, kept) in zip(curves, before, cases, strict=True)
        ]
        outcomes.append(_outcome("swap", row, "new_present", "higher", there, COPY))
        outcomes.append(_outcome("swap", row, "old_gone", "higher", gone, COPY))
        outcomes.append(_outcome("swap", row, "rest_preserved", "higher", rest, SCRATCH))
    return outcomes


def reweight(run: Run) -> list[Outcome]:
    """The words of one event of two in sequence count less or more; its level is to follow."""
    found = items(run.n, _is_sequence, n_events=2, duration=DURATION)
    captions, seeds = [item.caption for item in found], run.seeds(len(found))
    words = [content_words(item.clauses[0]) for item in found]

    def weighted(weight: float) -> Pair:
        weights = [dict.fromkeys(each, weight) for each in words]
        return run.pairs(
            len(found),
            lambda part: run.editor.reweight(captions[part], weights[part], seeds=seeds[part], duration=DURATION),
        )

    pairs = [weighted(weight) for weight in WEIGHTS]
    rows = {
        COPY: [sources for sources, _ in pairs],
        SCRATCH: [run.from_scratch(captions, repeat=1 + k) for k in range(len(WEIGHTS))],
        EDITED: [clips for _, clips in pairs],
    }
    sounds = [item.scene.events[0].sound for item in found]
    outcomes = []
    for row, by_weight in rows.items():
        curves = [run.ears.curves(clips) for clips in by_weight]
        levels = [
            [run.ears.level(curve, clip, sound) for curve, clip, sound in zip(each, clips, sounds, strict=True)]
            for each, clips in zip(curves, by_weight, strict=True)
        ]
        heard = [
            [float(run.ears.of(curve, sound).max()) for curve, sound in zip(each, sounds, strict=True)]
            for each in curves
        ]
        for metric, values in (("level_correlation", levels), ("presence_correlation", heard)):
            ranks = [_rank_correlation(series) for series in np.array(values).T]
            outcomes.append(_outcome("reweight", row, metric, "higher", ranks, COPY))
    return outcomes


def attention(run: Run) -> list[Outcome]:
    """Where in a sound does the model look for the words of each event?"""
    found = items(run.n, _is_sequence, n_events=2, duration=DURATION)
    sources, captions = [item.clip for item in found], [item.caption for item in found]
    seeds = run.seeds(len(found))
    words = [[content_words(clause) for clause in item.clauses] for item in found]
    curves = run.in_batches(
        len(found),
        lambda part: run.editor.attention(sources[part], captions[part], words[part], seeds=seeds[part]),
    )
    chance = np.mean([[_inside(item, k) for k in range(2)] for item in found], axis=1)
    outcomes = []
    for metric, part in (("share_in_span", _share), ("share_above_least_in_span", _share_above_least)):
        shares = [
            [[part(curve, item, k) for k in range(2)] for curve in both]
            for both, item in zip(curves, found, strict=True)
        ]
        by_event = np.array(shares).swapaxes(0, 1)  # of whose words, item, in whose span
        rows = {
            "chance": chance,
            "words of the other event": np.mean([by_event[1, :, 0], by_event[0, :, 1]], axis=0),
            "words of the event": np.mean([by_event[0, :, 0], by_event[1, :, 1]], axis=0),
        }
        outcomes += [_outcome("attention", row, metric, "higher", values, "chance") for row, values in rows.items()]
    return outcomes


TASKS: Mapping[str, Task] = {
    "style": style,
    "inpaint": inpaint,
    "swap": swap,
    "reweight": reweight,
    "attention": attention,
}


def _outcome(
    task: str,
    row: str,
    metric: str,
    better: Literal["higher", "lower", "zero"],
    values: Sequence[float] | NDArray[np.float64],
    baseline: str,
) -> Outcome:
    return Outcome(task, row, metric, better, np.asarray(values, dtype=np.float64), "" if baseline == row else baseline)


def _has_another(scene: Scene) -> bool:
    return wrong_event(scene) is not None


def _has_two(scene: Scene) -> bool:
    return scene.relation in ("sequence", "background")


def _is_sequence(scene: Scene) -> bool:
    return scene.relation == "sequence"


def _is_swappable(scene: Scene) -> bool:
    return _is_sequence(scene) and _has_another(scene)


def _span(item: Item) -> tuple[float, float]:
    """Where the first event is, with a margin."""
    onset, offset = _times(item, 0)
    return max(0.0, onset - MARGIN), min(item.clip.duration, offset + MARGIN)


def _times(item: Item, k: int) -> tuple[float, float]:
    """Onset and offset of an event in seconds; rendered events have both."""
    event = item.events[k]
    return event.onset or 0.0, event.offset or item.clip.duration


def _pasted(sources: Sequence[Clip], others: Sequence[Clip], spans: Sequence[tuple[float, float]]) -> list[Clip]:
    """The sources with the other clips in their spans, cut at the sample."""
    made = []
    for source, other, (start, stop) in zip(sources, others, spans, strict=True):
        samples, rate = source.samples.copy(), source.sample_rate
        inside = slice(round(start * rate), round(stop * rate))
        samples[inside] = other.samples[inside]
        made.append(Clip(samples, rate))
    return made


def _change_outside(clip: Clip, source: Clip, span: tuple[float, float]) -> float:
    """The largest difference of two samples outside a span."""
    difference = np.abs(clip.samples - source.samples)
    difference[int(span[0] * clip.sample_rate) : int(np.ceil(span[1] * clip.sample_rate))] = 0
    return float(difference.max())


def _rank_correlation(series: NDArray[np.float64]) -> float:
    """Spearman's, with the weights; 0 where nothing changes."""
    if np.ptp(series) < 1e-9:
        return 0.0
    return float(spearmanr(WEIGHTS, series).statistic)


def _share(curve: NDArray[np.floating], item: Item, k: int) -> float:
    """The part of a curve over the clip's time that lies within the k-th event."""
    return float(curve @ _within(item, k, len(curve)) / curve.sum())


def _share_above_least(curve: NDArray[np.floating], item: Item, k: int) -> float:
    """The same of what the curve has beyond what it has everywhere; as by chance where it is even."""
    above = curve - curve.min()
    return _share(above, item, k) if above.sum() > 1e-9 * curve.sum() else _inside(item, k)


def _inside(item: Item, k: int) -> float:
    """The part of the clip's time that lies within the k-th event."""
    onset, offset = _times(item, k)
    return (offset - onset) / item.clip.duration


def _within(item: Item, k: int, n_frames: int) -> NDArray[np.float64]:
    """How much of each of n equal frames lies within the k-th event."""
    (onset, offset), edges = _times(item, k), np.linspace(0, item.clip.duration, n_frames + 1)
    shared = np.minimum(edges[1:], offset) - np.maximum(edges[:-1], onset)
    return np.clip(shared / np.diff(edges), 0, 1)
