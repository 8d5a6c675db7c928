"""From features to scores: values, intervals, per-clip values and buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tta_bench.metrics import intervals
from tta_bench.metrics.rows import Block, Rows
from tta_bench.types import Floats, Metric, Prompt, Score

MIN_HALF = 6


@dataclass(frozen=True)
class Material:
    """What a metric is computed from, for one model."""

    prompts: tuple[Prompt, ...]
    """The prompts that have everything the metric needs, in the set's order."""
    generated: tuple[Floats, ...]
    """Features of each prompt's clip, `(d,)` or `(n_frames, d)`."""
    against: tuple[Floats, ...] | None
    """Features of each prompt's reference, or of its caption."""
    units: tuple[int, ...]
    """Which prompts go together when some are left out: those that share a reference have the same number."""

    def subset(self, keep: Sequence[int]) -> Material:
        """The same for some of the prompts, by position."""
        against = None if self.against is None else tuple(self.against[i] for i in keep)
        renumbered = {unit: new for new, unit in enumerate(dict.fromkeys(self.units[i] for i in keep))}
        return Material(
            tuple(self.prompts[i] for i in keep),
            tuple(self.generated[i] for i in keep),
            against,
            tuple(renumbered[self.units[i]] for i in keep),
        )


@dataclass(frozen=True)
class Measured:
    """A score with what later comparisons need."""

    score: Score
    per_clip: Mapping[str, float] = field(default_factory=dict)
    """Prompt id -> value, for metrics that have one."""
    leave_out: tuple[float, ...] = ()
    """Set metrics: the value without each of the jackknife's blocks."""


def rows(features: Sequence[Floats], units: Sequence[int]) -> Rows:
    """Pooled rows of all clips, with the unit that each belongs to."""
    stacked = [np.atleast_2d(feature) for feature in features]
    clip = np.repeat(np.asarray(units), [len(part) for part in stacked])
    return Rows(np.concatenate(stacked), clip)


def unique_rows(features: Sequence[Floats], units: Sequence[int]) -> Rows:
    """Pooled rows of the references, each once however many prompts share it."""
    first = {unit: i for i, unit in reversed(list(enumerate(units)))}
    return rows([features[i] for i in first.values()], list(first))


def measure(metric: Metric, material: Material, *, with_interval: bool = True) -> Measured:
    """The metric's value over a set, with its interval if wanted; None and the reason where there are too few clips."""
    n = len(material.prompts)
    if n < metric.min_clips:
        return Measured(Score(metric.name, None, None, n, None, note=f"{n} clips, needs {metric.min_clips}"))
    measure_one = _measure_clips if metric.per_clip else _measure_set
    return measure_one(metric, material, with_interval)


def _measure_clips(metric: Metric, material: Material, with_interval: bool) -> Measured:
    if metric.against == "events":
        values = np.asarray(metric.compute(material.generated, [prompt.events for prompt in material.prompts]))
    else:
        sides = [material.generated] if material.against is None else [material.generated, material.against]
        values = np.asarray(metric.compute(*(np.stack(side) for side in sides)))
    interval = intervals.mean_interval(values) if with_interval else None
    why = intervals.NO_MEAN_INTERVAL if with_interval and not interval else ""
    n_reference = len(set(material.units)) if metric.against == "reference" else None
    score = Score(metric.name, float(values.mean()), interval, len(values), n_reference, note=why)
    ids = [prompt.id for prompt in material.prompts]
    return Measured(score, dict(zip(ids, values.tolist(), strict=True)))


def _measure_set(metric: Metric, material: Material, with_interval: bool) -> Measured:
    generated = rows(material.generated, material.units)
    reference = unique_rows(material.against, material.units) if material.against is not None else None
    value = _compute(metric, generated, reference)
    blocks = intervals.jackknife_blocks(len(set(material.units))) if with_interval else None
    left_out = _leave_out(metric, generated, reference, blocks) if blocks else np.empty(0)
    interval = intervals.jackknife_interval(value, left_out) if blocks else None
    why = intervals.NO_BLOCK_INTERVAL if with_interval and not blocks else ""
    size = (len(generated.values), len(reference.values) if reference else 0, generated.values.shape[1])
    notes = [metric.remark(*size) if metric.remark else "", why]
    n_reference = len(set(material.units)) if reference else None
    score = Score(metric.name, value, interval, len(material.prompts), n_reference, note="; ".join(filter(None, notes)))
    return Measured(score, leave_out=tuple(left_out.tolist()))


def _compute(metric: Metric, generated: Rows, reference: Rows | None) -> float:
    arguments = [part if metric.takes_rows else part.values for part in (generated, reference) if part is not None]
    return float(metric.compute(*arguments))


def _leave_out(metric: Metric, generated: Rows, reference: Rows | None, blocks: Sequence[Block]) -> Floats:
    """The metric `(G,)` without each block of the jackknife, whose clips are left out on both sides."""
    if metric.leave_out is not None:
        return metric.leave_out(generated, reference, blocks)
    return intervals.leave_out(metric.compute, generated, reference, blocks, as_rows=metric.takes_rows)


def by_bucket(
    metric: Metric, material: Material, field_name: str, labels: Sequence[str], *, with_interval: bool = True
) -> list[Score]:
    """The metric within each group of prompts; a set metric at equal n, since its bias depends on n.

    `labels` names each prompt's group; groups come sorted. The clips of larger groups are drawn by a fixed seed.
    """
    groups = {label: [i for i, found in enumerate(labels) if found == label] for label in sorted(set(labels) - {""})}
    smallest = min((len(group) for group in groups.values()), default=0)
    scores = []
    for label, group in groups.items():
        keep = group if metric.per_clip else sorted(np.random.default_rng(0).permutation(group)[:smallest].tolist())
        score = measure(metric, material.subset(keep), with_interval=with_interval).score
        scores.append(replace(score, bucket=f"{field_name}={label}"))
    return scores


def split_half(material: Material) -> Material | None:
    """Half of the references against the other half, at equal size by a fixed seed; None where there are too few."""
    first = {unit: i for i, unit in reversed(list(enumerate(material.units)))}
    order = np.random.default_rng(0).permutation(sorted(first.values())).tolist()
    half = len(order) // 2
    if half < MIN_HALF or material.against is None:
        return None
    one, other = order[:half], order[half : 2 * half]
    against = tuple(material.against[i] for i in other)
    return Material(
        tuple(material.prompts[i] for i in one), tuple(material.against[i] for i in one), against, tuple(range(half))
    )
