"""How far raters agree: with each other, and how far their mean would be found again by others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tta_bench.types import Floats

SPLITS: Final = 200
FEWEST_ITEMS: Final = 3


@dataclass(frozen=True)
class Icc:
    """Intraclass correlations of a complete table, two-way random, absolute agreement (McGraw and Wong 1996)."""

    single: float
    """ICC(A,1), also called ICC(2,1): of one rater."""
    mean: float
    """ICC(A,k), also called ICC(2,k): of the mean of all k raters."""


def icc(table: Floats) -> Icc | None:
    """Agreement of a table `(items, raters)` without gaps; None where it has one, or below 2 of either, or where
    nothing differs."""
    n, k = table.shape
    if min(n, k) < 2 or not np.isfinite(table).all() or np.ptp(table) == 0:
        return None
    mean = table.mean()
    by_item = k * ((table.mean(axis=1) - mean) ** 2).sum()
    by_rater = n * ((table.mean(axis=0) - mean) ** 2).sum()
    rest = ((table - mean) ** 2).sum() - by_item - by_rater
    ms_item, ms_rater, ms_rest = by_item / (n - 1), by_rater / (k - 1), rest / ((n - 1) * (k - 1))
    extra = (ms_rater - ms_rest) / n
    single, whole = ms_item + (k - 1) * ms_rest + k * extra, ms_item + extra
    if single <= 0 or whole <= 0:
        return None
    return Icc(float((ms_item - ms_rest) / single), float((ms_item - ms_rest) / whole))


def krippendorff_alpha(table: Floats, level: Literal["interval", "ordinal"] = "interval") -> float | None:
    """Krippendorff's alpha of a table `(items, raters)`, NaN where a rater did not rate; 1 is full agreement, 0 none.

    None where no item has two ratings or nothing differs. Krippendorff 2011, "Computing Krippendorff's Alpha-
    Reliability". The reliability of one rating, not of the mean; around 0.3 to 0.45 is usual for generated sound.
    """
    kept = table[np.isfinite(table).sum(axis=1) >= 2]
    if not len(kept):
        return None
    values, codes = np.unique(kept[np.isfinite(kept)], return_inverse=True)
    if len(values) < 2:
        return None
    counts = np.zeros((len(kept), len(values)))
    np.add.at(counts, (np.nonzero(np.isfinite(kept))[0], codes), 1)
    ratings = counts.sum(axis=1)
    marginals = counts.sum(axis=0)
    distance = _distances(values, marginals, level)
    within = np.einsum("uc,ck,uk->u", counts, distance, counts)  # the diagonal of `distance` is 0
    observed = float((within / (ratings - 1)).sum() / marginals.sum())
    expected = float(marginals @ distance @ marginals / (marginals.sum() * (marginals.sum() - 1)))
    return 1.0 - observed / expected


def _distances(values: Floats, marginals: Floats, level: str) -> Floats:
    """Squared distances between values `(v, v)`: of the numbers, or of their places among all ratings."""
    places = values if level == "interval" else np.cumsum(marginals) - marginals / 2
    return np.asarray((places[:, None] - places) ** 2)


def split_half(table: Floats, *, splits: int = SPLITS, seed: int = 0) -> float | None:
    """Reliability of the mean over all raters: correlation of the item means of two halves of the raters, stepped up by
    Spearman and Brown, mean over random splits. table `(items, raters)`, NaN where a rater did not rate.

    None where fewer than 3 items were rated in both halves, or a half has no differences, in every split.
    """
    rng = np.random.default_rng(seed)
    found = [_stepped_up(table, rng.permutation(table.shape[1])) for _ in range(splits)]
    good = [value for value in found if value is not None]
    return float(np.mean(good)) if good else None


def _stepped_up(table: Floats, order: np.ndarray) -> float | None:
    halves = np.array_split(order, 2)
    means = [_row_means(table[:, half]) for half in halves]
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    x, y = means[0][both], means[1][both]
    if len(x) < FEWEST_ITEMS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    r = float(np.corrcoef(x, y)[0, 1])
    return 2 * r / (1 + r) if r > 0 else r  # stepping up a negative correlation leaves [-1, 1]


def _row_means(table: Floats) -> Floats:
    """Means of what is there `(rows,)`, NaN where nothing is."""
    there = np.isfinite(table)
    counts = there.sum(axis=1)
    sums = np.where(there, table, 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(table), np.nan), where=counts > 0))


def sos_a(table: Floats, low: float, high: float) -> float | None:
    """SOS parameter a: spread of opinions relative to the widest possible, 0 (all agree) to 1, by least squares over
    items (Hossfeld, Schatz and Egger 2011). None below 3 items with two ratings, or none inside the scale."""
    kept = table[np.isfinite(table).sum(axis=1) >= 2]
    if len(kept) < FEWEST_ITEMS:
        return None
    widest = (_row_means(kept) - low) * (high - _row_means(kept))
    spread = np.nanvar(kept, axis=1)
    return float(spread @ widest / (widest @ widest)) if widest.any() else None
