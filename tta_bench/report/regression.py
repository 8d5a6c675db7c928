"""Did a model get worse? For continuous integration, from results alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tta_bench.metrics import intervals
from tta_bench.metrics.one_sided import Excess, mean_excess, set_excess
from tta_bench.report.compare import Pair, obstacle, paired
from tta_bench.results import better
from tta_bench.types import Result, UserError

LEVEL = 0.05
"""Chance that a model no worse than its margins in any metric is said to have regressed."""


@dataclass(frozen=True)
class Margin:
    """How much worse a metric may get."""

    amount: float
    relative: bool

    def of(self, baseline: float) -> float:
        """In the unit of the metric; a relative one is a share of the baseline's value, as if that were exact."""
        return self.amount * abs(baseline) if self.relative else self.amount


def read_margin(text: str) -> Margin:
    """A margin from `0.01` or `2%`. Raises UserError for anything else, and below 0."""
    number, relative = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        amount = float(number) / (100 if relative else 1)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise UserError(f"A margin is a number from 0 on, such as 0.01 or 2%, not {text!r}.")
    return Margin(amount, relative)


@dataclass(frozen=True)
class Change:
    """One metric of two versions of a model, in its own unit."""

    metric: str
    baseline: float
    new: float
    worse_by: float
    """Whichever way the metric is better; below 0, it got better."""
    at_least: float
    """By how much it is surely worse: the lower bound of `worse_by` at `level`."""
    level: float
    """What Holm's method leaves of 0.05 for this metric."""
    margin: float
    p: float
    """One-sided, of being worse by no more than the margin."""
    p_holm: float
    n: int
    """Prompts that both were scored on."""

    @property
    def regressed(self) -> bool:
        """Whether it is worse by more than the margin, beyond its interval."""
        return self.p_holm < LEVEL


def changes(baseline: Result, new: Result, metrics: Sequence[str], margin: Margin) -> list[Change]:
    """How each metric changed, in the order given.

    The worsening w of a metric is new - baseline where lower is better, else baseline - new, paired by prompt. It has
    regressed if the one-sided lower confidence bound of w lies above the margin, at the level that Holm's method leaves
    it among these metrics: so a new version that is worse nowhere by more than its margin is said to have regressed, in
    whichever metric, in at most 5 % of comparisons. For metrics with a value a clip the bound inverts the sign-flip
    test of the mean, for set metrics it is Student's on the jackknife of the difference (`metrics.one_sided`).

    Raises UserError naming the first metric in which the two cannot be paired.
    """
    pairs = [_pair(metric, baseline, new) for metric in metrics]
    known = [_excess(pair, better(baseline, metric)) for metric, pair in zip(metrics, pairs, strict=True)]
    margins = [margin.of(pair.values[0]) for pair in pairs]
    p = [excess.p(allowed) for excess, allowed in zip(known, margins, strict=True)]
    p_holm, levels = intervals.holm(np.array(p)).tolist(), _levels(p)
    return [
        Change(name, *pair.values, excess.value, excess.bound(level), level, *tested, pair.n)
        for name, pair, excess, level, tested in zip(
            metrics, pairs, known, levels, zip(margins, p, p_holm, strict=True), strict=True
        )
    ]


def _pair(metric: str, baseline: Result, new: Result) -> Pair:
    pair = paired(metric, baseline, new)
    if pair is None:
        raise UserError(f"{metric} cannot be compared: {obstacle(metric, baseline, new)}.")
    return pair


def _excess(pair: Pair, better: str) -> Excess:
    """By how much the second of a pair is worse."""
    sign = 1 if better == "lower" else -1
    apart = sign * (pair.b - pair.a)
    return mean_excess(apart) if pair.per_clip else set_excess(sign * (pair.values[1] - pair.values[0]), apart)


def _levels(p_values: Sequence[float]) -> list[float]:
    """At which level Holm's method tests each of them: 0.05 over as many as are left; those after the first that is
    not below its own are left at its level."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    levels, reached = dict[int, float](), 0.0
    for rank, i in enumerate(order):
        if rank == 0 or p_values[order[rank - 1]] < reached:
            reached = LEVEL / (len(order) - rank)
        levels[i] = reached
    return [levels[i] for i in range(len(p_values))]
