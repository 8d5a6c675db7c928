"""Means and differences of ratings with intervals that hold when both the listeners and the prompts are a sample.

Ratings of one listener are alike, and so are ratings of one prompt: an interval that takes them for independent covers
the truth in half of all tests, not in 95 %. Here the variance is clustered by both (Cameron, Gelbach and Miller 2011).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tta_bench.types import Floats

Codes = NDArray[np.integer]
METHOD: Final = "two-way clustered t (rater x item)"
FEWEST: Final = 3
"""Raters, and items, below which an interval would rest on one or two differences."""
ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A number with what it rests on."""

    value: float | None
    """None where there is no rating."""
    ci95: tuple[float, float] | None
    """None where it cannot be had; `note` says why."""
    se: float | None
    df: int | None
    raters: int
    items: int
    n: int
    """Ratings."""
    method: str = METHOD
    note: str = ""
    unanimous: bool = False
    """Whether all raters and items say the same, so that nothing tells how far the next would differ."""


def clustered_mean(scores: Floats, raters: Codes, items: Codes) -> Estimate:
    """Mean of ratings `(n,)` with its 95 % interval over raters and items, both coded as integers `(n,)`.

    Missing cells are allowed. No interval below 3 raters or 3 items, nor where all ratings are equal.
    """
    n = len(scores)
    if n == 0:
        return Estimate(None, None, None, None, 0, 0, 0, note="no ratings")
    mean = float(np.mean(scores))
    return _estimate(mean, (scores - mean) / n, raters, items)


def clustered_difference(scores: Floats, first: NDArray[np.bool_], raters: Codes, items: Codes) -> Estimate:
    """Mean of the ratings where `first` less the mean of the others, with its 95 % interval.

    Both sides share clusters, so what a rater or a prompt does to both cancels. Where each rater judged both sides of
    each item this is the paired test on the differences; where some did not, their ratings still count.
    """
    second = ~first
    if not (first.any() and second.any()):
        return Estimate(None, None, None, None, 0, 0, len(scores), note="no ratings of one side")
    means = float(scores[first].mean()), float(scores[second].mean())
    influence = np.where(first, (scores - means[0]) / first.sum(), (means[1] - scores) / second.sum())
    return _estimate(means[0] - means[1], influence, raters, items)


def two_sided_p(estimate: Estimate, null: float = 0.0) -> float | None:
    """p of the value being `null`, by t with the estimate's degrees of freedom; None below 3 raters or items.

    Where all say the same there is no t: then it is the sign test over the raters or the items, whichever are fewer.
    """
    from scipy.special import stdtr  # late, because reading a kit needs none of it

    if estimate.unanimous and estimate.df is not None:
        return 1.0 if estimate.value == null else 0.5**estimate.df
    if estimate.value is None or estimate.se is None or estimate.df is None:
        return None
    return float(2.0 * stdtr(estimate.df, -abs(estimate.value - null) / estimate.se))


def critical_t(df: int) -> float:
    """Half width of a 95 % interval in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def clustered_variance(influence: Floats, raters: Codes, items: Codes) -> float:
    """Variance of a sum of centred contributions `(n,)`: V_rater + V_item - V_cell, each times G / (G - 1) of its G
    clusters, and no less than the larger of the first two."""
    by_rater, by_item = _cluster_sum(influence, raters), _cluster_sum(influence, items)
    by_cell = _cluster_sum(influence, raters.astype(np.int64) * (int(items.max()) + 1) + items)
    return max(by_rater + by_item - by_cell, by_rater, by_item)


def _cluster_sum(influence: Floats, clusters: Codes) -> float:
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=influence)
    groups = len(sums)
    return float((sums**2).sum()) * groups / max(groups - 1, 1)


def _estimate(value: float, influence: Floats, raters: Codes, items: Codes) -> Estimate:
    counts = len(np.unique(raters)), len(np.unique(items))
    bare = Estimate(value, None, None, None, *counts, len(influence))
    if min(counts) < FEWEST:
        return replace(bare, note=f"no interval: {_counted(counts)}; needs {FEWEST} of each")
    df, least = min(counts) - 1, ROUNDING * max(abs(value), 1.0)
    if np.abs(influence).max() * len(influence) <= least:
        return replace(bare, df=df, unanimous=True, note="no interval: all ratings are equal")
    se = clustered_variance(influence, raters, items) ** 0.5
    if se <= least:
        return replace(bare, df=df, unanimous=True, note="no interval: all raters and items agree on the difference")
    half = critical_t(df) * se
    return Estimate(value, (value - half, value + half), se, df, *counts, len(influence))


def _counted(counts: tuple[int, int]) -> str:
    raters, items = counts
    return f"{raters} rater{'s' * (raters != 1)}, {items} item{'s' * (items != 1)}"
