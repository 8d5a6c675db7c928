"""How much of a metric is left under perturbed captions, and how far groups of prompts lie apart. From results alone.

As TTA-Bench defines them (https://arxiv.org/abs/2509.02398): robustness is the score on perturbed captions over that
on the same captions unperturbed; the gap of two groups is `100 |a - b| / max(a, b)`, and fairness the mean over all
pairs of groups. What is left has a percentile interval of 2,000 resamples of the captions that were perturbed. A gap is
above 0 even where groups do not differ, so it has no interval, but the share of 2,000 shuffles of the groups in which
it is as large.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tta_bench.results import board_of
from tta_bench.types import Result, Score

N_RESAMPLES = 2000
LEAST = 5
"""Captions, or prompts of a group, below which there is no interval and no p."""
WITHOUT = "its mean is not above 0, so it has no ratio"
Values = NDArray[np.float64]


def told(result: Result, key: str) -> Mapping[str, Mapping[str, str]]:
    """What the board of a result says of its prompts under `fields` or `perturbed`: name -> prompt id -> what."""
    found: Mapping[str, Mapping[str, str]] = board_of(result).get(key, {})
    return found


def kept(result: Result) -> list[Score]:
    """Per-clip metrics under each kind of perturbation, over their value on the captions that were perturbed.

    Buckets are the kinds; the last one, `all kinds`, is their mean. A kind under which a metric's mean is not above 0
    has no value and says why, and then there is no mean either. Empty where no caption is perturbed.
    """
    perturbed = told(result, "perturbed")
    bases, kind_of = perturbed.get("base", {}), perturbed.get("kind", {})
    originals = list(dict.fromkeys(bases.values()))
    kinds = list(dict.fromkeys(kind_of[prompt] for prompt in bases if prompt in kind_of))
    made = {(kind_of[prompt], base): prompt for prompt, base in bases.items() if prompt in kind_of}
    drawn = np.random.default_rng(0).integers(len(originals), size=(N_RESAMPLES, len(originals))) if originals else None
    scores = []
    for metric, values in result.per_clip.items():
        before = np.array([values.get(base, np.nan) for base in originals])
        ratios: list[float | None] = []
        shares: list[Values] = []
        for kind in kinds:
            after = np.array([values.get(made.get((kind, base), ""), np.nan) for base in originals])
            both = np.isfinite(before) & np.isfinite(after)
            if not both.any():
                continue
            one, other = np.where(both, after, np.nan), np.where(both, before, np.nan)
            n = int(both.sum())
            if min(np.nanmean(one), np.nanmean(other)) <= 0 or drawn is None:
                scores.append(Score(metric, None, None, n, None, kind, WITHOUT))
                ratios.append(None)
                continue
            ratios.append(float(np.nanmean(one) / np.nanmean(other)))
            shares.append(_ratio(one[drawn], other[drawn]))
            scores.append(Score(metric, ratios[-1], _interval(shares[-1], n), n, None, kind))
        known = [ratio for ratio in ratios if ratio is not None]
        if ratios and len(known) == len(ratios):
            whole = _interval(np.mean(shares, axis=0), len(originals))
            scores.append(Score(metric, float(np.mean(known)), whole, len(originals), None, "all kinds"))
        elif ratios:
            scores.append(Score(metric, None, None, len(originals), None, "all kinds", WITHOUT))
    return scores


def _ratio(after: Values, before: Values) -> Values:
    """Ratios of the means of rows, NaN where the lower one is not above 0."""
    sums, counts = np.nansum(before, axis=1), np.isfinite(before).sum(axis=1)
    ratios: Values = np.nansum(after, axis=1) / np.where((sums > 0) & (counts > 0), sums, np.nan)
    return ratios


def _interval(drawn: Values, n: int) -> tuple[float, float] | None:
    """The 95 % of the middle; None where there are too few, or where a resample has no value."""
    if n < LEAST or not np.isfinite(drawn).all():
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def gaps(result: Result, field: str) -> list[tuple[Score, float]]:
    """Mean gap, in percent, of per-clip metrics between groups of prompts by a field, and how often chance is as large.

    Empty without groups. A metric with a group whose mean is not above 0 has no value and says why.
    """
    labels = told(result, "fields").get(field, {})
    found = []
    for metric, values in result.per_clip.items():
        shared = [prompt for prompt in labels if prompt in values]
        groups = sorted({labels[prompt] for prompt in shared})
        if len(groups) < 2:
            continue
        scored = np.array([values[prompt] for prompt in shared])
        of = np.array([groups.index(labels[prompt]) for prompt in shared])
        n = int(np.bincount(of).min())
        gap = _mean_gap(scored, of[None])[0]
        if not np.isfinite(gap):
            found.append((Score(metric, None, None, n, None, field, WITHOUT), 1.0))
            continue
        rng = np.random.default_rng(0)
        by_chance = _mean_gap(scored, np.stack([rng.permutation(of) for _ in range(N_RESAMPLES)]))
        p = float((1 + np.sum(~(by_chance < gap))) / (1 + N_RESAMPLES)) if n >= LEAST else 1.0
        found.append((Score(metric, float(gap), None, n, None, field), p))
    return found


def _mean_gap(values: Values, groups: NDArray[np.int64]) -> Values:
    """For each row of `groups` `(k, n)`, the mean gap of pairs in percent; NaN where a mean is not above 0."""
    means = np.stack(
        [np.where(groups == g, values, 0).sum(axis=1) / (groups == g).sum(axis=1) for g in np.unique(groups)]
    )
    above = np.where(means.min(axis=0) > 0, means, np.nan)
    pairs = [100 * np.abs(a - b) / np.maximum(a, b) for a, b in combinations(above, 2)]
    found: Values = np.mean(pairs, axis=0)
    return found
