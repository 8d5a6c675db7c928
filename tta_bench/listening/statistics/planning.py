"""How sure a test will be: variances of ratings, and what they make of a number of raters and prompts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tta_bench.listening.statistics.clustered import Codes, critical_t
from tta_bench.types import Floats


@dataclass(frozen=True)
class Variances:
    """Of one rating around its mean, by what it comes from, in squared units of the scale."""

    item: float
    rater: float
    residual: float

    def se(self, raters: int, items: int) -> float:
        """Standard error of a mean: sqrt(item / I + rater / R + residual / (R I))."""
        return math.sqrt(self.item / items + self.rater / raters + self.residual / (raters * items))

    def half_width(self, raters: int, items: int) -> float:
        """Of the 95 % interval, with min(R, I) - 1 degrees of freedom. Needs 2 of each."""
        return critical_t(min(raters, items) - 1) * self.se(raters, items)

    def power(self, difference: float, raters: int, items: int) -> float:
        """Chance that a two-sided test at 0.05 finds a true difference, where these are variances of differences."""
        from scipy.stats import nct

        df, shift = min(raters, items) - 1, abs(difference) / self.se(raters, items)
        critical = critical_t(df)
        return float(nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift))

    def scaled(self, factor: float) -> Variances:
        """The same on a scale whose numbers are `factor` times as large."""
        return Variances(self.item * factor**2, self.rater * factor**2, self.residual * factor**2)


def variances(scores: Floats, raters: Codes, items: Codes) -> Variances | None:
    """Variance components of ratings `(n,)` with any cells missing, by the mean squared differences of pairs that share
    a rater, an item, or neither (Ribeiro et al. 2011). What comes out below 0 is 0.

    None where one of the three kinds of pairs does not occur.
    """
    every, n_every = _squared_differences(scores, np.zeros(len(scores), dtype=np.int64))
    same_rater, n_rater = _squared_differences(scores, raters)
    same_item, n_item = _squared_differences(scores, items)
    same_cell, n_cell = _squared_differences(scores, raters.astype(np.int64) * (int(items.max()) + 1) + items)
    n_rater, n_item = n_rater - n_cell, n_item - n_cell
    n_neither = n_every - n_rater - n_item - n_cell
    if min(n_rater, n_item, n_neither) <= 0:
        return None
    neither = (every - same_rater - same_item + same_cell) / n_neither
    across_items, across_raters = (same_rater - same_cell) / n_rater, (same_item - same_cell) / n_item
    parts = neither - across_raters, neither - across_items, across_items + across_raters - neither
    return Variances(*(max(0.0, float(part)) for part in parts))


def _squared_differences(scores: Floats, clusters: Codes) -> tuple[float, int]:
    """Half the sum of squared differences over all pairs within clusters, and how many pairs these are."""
    index = np.unique(clusters, return_inverse=True)[1]
    counts = np.bincount(index)
    sums = np.bincount(index, weights=scores - scores.mean())
    squares = np.bincount(index, weights=(scores - scores.mean()) ** 2)
    return float((counts * squares - sums**2).sum()) / 2, int((counts * (counts - 1) // 2).sum())


def pooled(found: Sequence[Variances]) -> Variances:
    """Mean of each component."""
    columns = zip(*((one.item, one.rater, one.residual) for one in found), strict=True)
    return Variances(*(float(np.mean(column)) for column in columns))


def of_systems(scores: Floats, raters: Codes, items: Codes, systems: Codes) -> Variances | None:
    """Components of a rating of one system, mean over systems; None where no system has enough."""
    parts = [systems == k for k in range(int(systems.max()) + 1)]
    found = [variances(scores[part], raters[part], items[part]) for part in parts if part.any()]
    good = [one for one in found if one is not None]
    return pooled(good) if good else None


def of_differences(scores: Floats, raters: Codes, items: Codes, systems: Codes) -> Variances | None:
    """Components of the difference of two systems that one rater heard on one item, mean over pairs of systems.

    None where no two systems were rated by the same raters on the same items.
    """
    columns = int(items.max()) + 1
    cells = raters.astype(np.int64) * columns + items
    tables = [dict(zip(cells[systems == k].tolist(), scores[systems == k].tolist(), strict=True))
              for k in range(int(systems.max()) + 1)]  # fmt: skip
    found = []
    for a, b in combinations(tables, 2):
        shared = np.array(sorted(a.keys() & b.keys()), dtype=np.int64)
        if len(shared):
            found.append(variances(np.array([a[c] - b[c] for c in shared]), shared // columns, shared % columns))
    good = [one for one in found if one is not None]
    return pooled(good) if good else None
