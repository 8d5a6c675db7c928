"""Which metric sees which degradation, and whether it gets worse with every grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from tta_bench.metrics.intervals import mean_interval
from tta_bench.report.compare import overall
from tta_bench.types import Metric, Result
from tta_bench.validation.degradations import Degradation
from tta_bench.validation.studies import Row, Study

TOLERANCE = 0.02
"""Of the largest move that any degradation makes a metric do: less than this is no move."""

Verdict = Literal["seen", "not monotone", "blind", "wrong way"]


@dataclass(frozen=True)
class Finding:
    """What one metric makes of one degradation."""

    metric: Metric
    degradation: Degradation
    verdict: Verdict
    values: tuple[float, ...]
    """Of the references, then of each grade."""
    losses: tuple[float, ...]
    """By how much each value is worse than the references', in the largest move of the metric: 1 is the worst that
    any degradation does to it, and below 0 is better than the references."""


def findings(study: Study) -> list[list[Finding | None]]:
    """For each metric a finding for each degradation; None where the metric has no value, whose note says why.

    Seen: at its strongest grade it is worse than the references by more than `TOLERANCE` of the metric's largest move
    and, where each clip has a value, the 95 % interval of the paired difference says so too. Wrong way: better, by as
    much. Blind: neither. Not monotone: seen, but some grade is better than a weaker one, by more than the tolerance.
    """
    rows = [[row for row in study.rows if row.degradation == degradation] for degradation in study.degradations]
    return [_of_metric(metric, study.references, rows) for metric in study.board.protocol.metrics]


def _of_metric(metric: Metric, references: Result, kinds: Sequence[Sequence[Row]]) -> list[Finding | None]:
    values = [_values(metric, [references, *(row.result for row in rows)]) for rows in kinds]
    sign = 1 if metric.better == "lower" else -1
    worse = [[sign * (value - found[0]) for value in found] if found else [] for found in values]
    largest = max((abs(move) for moves in worse for move in moves), default=0.0) or 1.0
    return [
        Finding(
            metric,
            rows[0].degradation,
            _verdict([move / largest for move in moves], _interval(metric, references, rows[-1].result, sign)),
            tuple(found),
            tuple(move / largest for move in moves),
        )
        if found
        else None
        for rows, found, moves in zip(kinds, values, worse, strict=True)
    ]


def _values(metric: Metric, results: Sequence[Result]) -> list[float]:
    """The metric's values, or nothing where one is missing."""
    values = [overall(result, metric.name).value for result in results]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _interval(metric: Metric, references: Result, degraded: Result, sign: int) -> tuple[float, float] | None:
    """Of the mean by which clips are worse than the references; None for a metric that has no value a clip."""
    if metric.name not in degraded.per_clip:
        return None
    before, after = references.per_clip[metric.name], degraded.per_clip[metric.name]
    return mean_interval(sign * np.array([after[prompt] - before[prompt] for prompt in after]))


def _verdict(losses: Sequence[float], interval: tuple[float, float] | None) -> Verdict:
    low, high = interval or (losses[-1], losses[-1])
    if losses[-1] < -TOLERANCE and high < 0:
        return "wrong way"
    if losses[-1] <= TOLERANCE or low <= 0:
        return "blind"
    return "seen" if all(after >= before - TOLERANCE for before, after in pairwise(losses)) else "not monotone"
