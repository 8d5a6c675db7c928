"""How sure a number is: 95 % intervals of a metric, and of the difference between two models on the same prompts.

Means over clips are bootstrapped. Set metrics are not, because a resample repeats rows and that alone moves FD by +89 %
at n = 900; they are jackknifed over blocks of clips, which never repeats one. All clips of a prompt are one
observation: average the repeats first, or keep them in one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.rows import CHUNK_ENTRIES, Block, Rows
from tta_bench.types import Floats

Interval = tuple[float, float]

FEWEST_FOR_MEAN: Final = 2
FEWEST_FOR_BLOCKS: Final = 6
NO_MEAN_INTERVAL: Final = f"no interval: fewer than {FEWEST_FOR_MEAN} clips"
NO_BLOCK_INTERVAL: Final = f"no interval: fewer than {FEWEST_FOR_BLOCKS} clips"


def mean_interval(values: Floats, *, draws: int = 2000, seed: int = 0) -> Interval | None:
    """95 % interval (low, high) of the mean of `values` `(n,)`, by the BCa bootstrap.

    None below 2 values, with the reason in `NO_MEAN_INTERVAL`. Equal values give an interval of width 0.
    Efron 1987. Raises ValueError for another shape or NaN.
    """
    return mean_intervals(_vector(values, "values")[None], draws=draws, seed=seed)[0]


def mean_intervals(rows: Floats, *, draws: int = 2000, seed: int = 0) -> list[Interval | None]:
    """`mean_interval` of each of `rows` `(k, n)`, from the same resamples: many take little longer than one."""
    x = np.asarray(rows, dtype=np.float64)
    n = x.shape[1]
    if n < FEWEST_FOR_MEAN:
        return [None] * len(x)
    # Resampled means of few different values often equal the mean; that must not hang on the last bit of a sum.
    step = 1e-12 * np.maximum(np.abs(x).max(axis=1), np.finfo(np.float64).tiny)
    sums = np.concatenate([_times(chosen, n) @ x.T for chosen in resamples(n, draws, seed)])
    resampled, means = np.rint(sums / n / step) * step, np.rint(x.mean(axis=1) / step) * step
    left_out = (x.sum(axis=1, keepdims=True) - x) / (n - 1)
    return [bca_interval(float(means[i]), resampled[:, i], left_out[i]) for i in range(len(x))]


def _times(chosen: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """How often each of n was chosen, `(some, n)`."""
    places = chosen + n * np.arange(len(chosen))[:, None]
    return np.bincount(places.ravel(), minlength=chosen.size).reshape(-1, n).astype(np.float64)


def bca_interval(value: float, resampled: Floats, left_out: Floats) -> Interval:
    """95 % bias-corrected and accelerated interval (low, high) from the statistic of resamples `(draws,)` and of the
    data without each observation `(n,)`."""
    from scipy.special import ndtr, ndtri  # late, because values alone need none of it

    below = np.mean(resampled < value) + 0.5 * np.mean(resampled == value)
    bias = ndtri(np.clip(below, 0.5 / len(resampled), 1.0 - 0.5 / len(resampled)))
    influence = left_out.mean() - left_out
    spread = float((influence**2).sum()) ** 1.5
    acceleration = float((influence**3).sum()) / (6.0 * spread) if spread else 0.0
    z = bias + ndtri(np.array([0.025, 0.975]))
    levels = ndtr(bias + z / (1.0 - acceleration * z))  # |acceleration| <= 1/6, so the divisor stays above 0
    low, high = np.quantile(resampled, levels)
    return float(low), float(high)


def resamples(n: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices `(some, n)` of bootstrap resamples, `draws` in all, as many at once as memory should hold."""
    return random_integers(n, n, draws, seed)


def jackknife_blocks(n: int, *, groups: int = 30, seed: int = 0) -> list[NDArray[np.intp]] | None:
    """Clips 0 to n - 1 as min(groups, n) random blocks whose sizes differ by at most 1; None below 6 clips
    (`NO_BLOCK_INTERVAL`)."""
    if n < FEWEST_FOR_BLOCKS:
        return None
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(block) for block in np.array_split(order, min(groups, n))]


def leave_out(
    compute: Callable[..., float | Floats],
    generated: Rows,
    reference: Rows | None,
    blocks: Sequence[Block],
    *,
    as_rows: bool = False,
) -> NDArray[np.float64]:
    """`compute` `(G,)` without the clips of each block, on both sides. It is given (generated, reference), or
    (generated,) where there is no reference: arrays, or `Rows` if `as_rows`."""
    sides = [generated] if reference is None else [generated, reference]
    parts = ([side.without(block) for side in sides] for block in blocks)
    return np.array([compute(*(part if as_rows else part.values for part in kept)) for kept in parts], np.float64)


def jackknife_interval(value: float, leave_out_values: Floats) -> Interval:
    """95 % interval (low, high) around a set metric from its values without each block `(G,)`.

    value +- t(G - 1) * sqrt((G - 1) / G * sum (v - mean v)^2), the delete-a-block jackknife. It covers the scatter over
    clips, not the bias that FD has at every n, and it may pass a metric's bound.
    """
    from scipy.special import stdtrit

    left_out = _vector(leave_out_values, "leave_out_values", least=2)
    half = float(stdtrit(len(left_out) - 1, 0.975)) * jackknife_sd(left_out)
    return value - half, value + half


@dataclass(frozen=True)
class Difference:
    """What separates model a from model b on the same prompts."""

    value: float
    """a - b, in the unit of the metric."""
    ci95: Interval | None
    """None with a single prompt."""
    p: float
    """Two-sided, of no difference; not corrected for other comparisons (`holm`)."""


def paired_mean_difference(a: Floats, b: Floats, *, draws: int = 10_000, seed: int = 0) -> Difference:
    """Mean of a - b over prompts, both `(n,)`, with its BCa interval and the p of a sign-flip permutation test.

    The test supposes only that without a difference a and b could change places on each prompt: no normality, which
    skewed per-clip KL lacks and a paired t test needs; and it tests the mean that tables print, which Wilcoxon does
    not. All 2^n flips are tried where they are no more than `draws`, so p < 0.05 takes at least 6 prompts.
    """
    x, y = _vector(a, "a"), _vector(b, "b")
    if len(x) != len(y):
        raise ValueError(f"paired values must be equally many, got {len(x)} and {len(y)}")
    return paired_mean_differences((x - y)[None], draws=draws, seed=seed)[0]


def paired_mean_differences(rows: Floats, *, draws: int = 10_000, seed: int = 0) -> list[Difference]:
    """`paired_mean_difference` of many pairs, of each of which `rows` `(k, n)` has a - b; all from the same draws."""
    d = np.asarray(rows, dtype=np.float64)
    p_values, every = _sign_flip_p(d, draws, seed), mean_intervals(d, seed=seed)
    return [Difference(float(row.mean()), ci95, float(p)) for row, ci95, p in zip(d, every, p_values, strict=True)]


def paired_jackknife_difference(value_a: float, leave_out_a: Floats, value_b: float, leave_out_b: Floats) -> Difference:
    """Difference a - b of a set metric, with interval and p (t test on G - 1 degrees) of the paired block jackknife.

    Both leave-out vectors `(G,)` come from the same blocks of prompts and the same references, so what is common to
    both models, the scatter of the references above all, cancels.
    """
    from scipy.special import stdtr

    left_a, left_b = _vector(leave_out_a, "leave_out_a", least=2), _vector(leave_out_b, "leave_out_b", least=2)
    if len(left_a) != len(left_b):
        raise ValueError(f"both models need the same blocks, got {len(left_a)} and {len(left_b)} leave-out values")
    value, sd = value_a - value_b, jackknife_sd(left_a - left_b)
    t = abs(value) / sd if sd else (np.inf if value else 0.0)
    p = float(2.0 * stdtr(len(left_a) - 1, -t))
    return Difference(value, jackknife_interval(value, left_a - left_b), p)


def holm(p_values: Floats) -> NDArray[np.float64]:
    """p values `(k,)` adjusted so that the chance of any false claim among the k stays below the level; in the order
    given. Holm 1979: the i-th smallest times k - i + 1, never below a smaller one's, at most 1."""
    p = _vector(p_values, "p_values")
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"p values lie in [0, 1], got {p.min()} to {p.max()}")
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def _vector(values: Floats, name: str, *, least: int = 1) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or len(x) < least or not np.isfinite(x).all():
        raise ValueError(f"{name} must be a vector of {least} or more finite numbers, got shape {x.shape}: {x}")
    return x


def jackknife_sd(left_out: NDArray[np.float64]) -> float:
    """Standard error of a set metric from its values without each block `(G,)`."""
    groups = len(left_out)
    return float(np.sqrt((groups - 1) / groups * ((left_out - left_out.mean()) ** 2).sum()))


def _sign_flip_p(rows: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """Share `(k,)` of sign flips of each row `(k, n)` whose |sum| is at least the one seen.

    Where flips are sampled, the seen one counts as one.
    """
    n = rows.shape[1]
    exact = 2**n <= draws
    flipped = iter([np.arange(2**n)[:, None] >> np.arange(n) & 1]) if exact else random_integers(2, n, draws, seed)
    sums, rounding = rows.sum(axis=1), 1e-12 * np.abs(rows).sum(axis=1)
    hits = np.zeros(len(rows), dtype=np.int64)
    for flips in flipped:
        hits += (np.abs(sums - 2.0 * (flips.astype(np.float64) @ rows.T)) >= np.abs(sums) - rounding).sum(axis=0)
    return np.asarray(hits / 2**n if exact else (hits + 1) / (draws + 1))


def random_integers(below: int, n: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Integers under `below`, `(some, n)` at a time, `(draws, n)` in all."""
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK_ENTRIES // n)
    return (rng.integers(0, below, (min(step, draws - start), n)) for start in range(0, draws, step))
