"""How much one of two models is surely worse: one-sided tests against any margin, and the bound that each gives.

A bound at a level lies above a margin exactly if the p of "no worse than this margin" lies below the level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.intervals import jackknife_sd, random_integers
from tta_bench.types import Floats


class Excess(Protocol):
    """What is known of a difference that should not be positive."""

    @property
    def value(self) -> float:
        """The difference seen."""
        ...

    def p(self, margin: float) -> float:
        """One-sided p of a true difference of at most `margin`."""
        ...

    def bound(self, level: float) -> float:
        """The largest margin whose p lies below `level`; minus infinity if none does."""
        ...


@dataclass(frozen=True)
class MeanExcess:
    """A mean over prompts, tested by the sign flips that `intervals.paired_mean_difference` uses.

    Flipping the signs of some of the values less the margin gives at least their sum exactly if the mean of the
    flipped ones is no larger than the margin. So the means of random subsets hold the p of every margin, and their
    quantiles are its bounds (Hartigan 1969, typical values).
    """

    value: float
    subsets: NDArray[np.float64]
    """Means of subsets of the values, sorted."""

    def p(self, margin: float) -> float:
        """Share of flips that are as large; the one seen counts."""
        below = int(np.searchsorted(self.subsets, margin, side="right"))
        return (1 + below) / (1 + len(self.subsets))

    def bound(self, level: float) -> float:
        """A quantile of the subsets' means."""
        rank = math.ceil(level * (1 + len(self.subsets)) - 1) - 1
        return float(self.subsets[rank]) if rank >= 0 else -math.inf


def mean_excess(values: Floats, *, draws: int = 10_000, seed: int = 0) -> MeanExcess:
    """What is known of the mean of `values` `(n,)`, n >= 2; all subsets count where they are no more than `draws`."""
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    every = 2**n <= draws
    chosen = iter([np.arange(1, 2**n)[:, None] >> np.arange(n) & 1]) if every else random_integers(2, n, draws, seed)
    rounding = 1e-12 * np.abs(x).max()
    means = [_subset_means(subsets, x) - rounding for subsets in chosen]
    return MeanExcess(float(x.mean()), np.sort(np.concatenate(means)))


def _subset_means(subsets: NDArray[np.int64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means `(some,)` of x over subsets `(some, n)` of ones; minus infinity for none, which flips nothing."""
    sizes = subsets.sum(axis=1)
    means: NDArray[np.float64] = np.where(sizes > 0, (subsets @ x) / np.maximum(sizes, 1), -np.inf)
    return means


@dataclass(frozen=True)
class SetExcess:
    """A difference between two set metrics, tested by Student's t on its block jackknife."""

    value: float
    sd: float
    """Standard error."""
    degrees: int
    """Of freedom: blocks less one."""

    def p(self, margin: float) -> float:
        """From the distribution of t."""
        from scipy.special import stdtr

        if self.sd == 0:
            return 0.0 if self.value > margin else 1.0
        return float(stdtr(self.degrees, (margin - self.value) / self.sd))

    def bound(self, level: float) -> float:
        """The value less a quantile of t standard errors."""
        from scipy.special import stdtrit

        return self.value + float(stdtrit(self.degrees, level)) * self.sd


def set_excess(value: float, left_out: Floats) -> SetExcess:
    """What is known of a difference, from its values without each block `(G,)`."""
    x = np.asarray(left_out, dtype=np.float64)
    return SetExcess(value, jackknife_sd(x), len(x) - 1)
