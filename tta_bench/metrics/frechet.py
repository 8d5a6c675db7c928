"""Fréchet distance between two sets of embeddings: FD, FAD, their leave-out values, and the limit of infinite data.

With centred and scaled rows A of the one set and B of the other, C1 = A'A and C2 = B'B, and the trace of
sqrt(C1 C2) is the nuclear norm of A B'. Neither a matrix square root nor a product of covariances is ever formed,
so the result is real, and as exact for rank-deficient sets as for others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.rows import Block, Rows, matrices
from tta_bench.types import Floats

LEAST_LEFT = 1e-4
"""Of a direction of the whole set in a part of it, for Cholesky to keep 12 digits."""


def frechet_distance(generated: Floats, reference: Floats) -> float:
    """Fréchet distance between Gaussians fitted to two sets: 0 for equal means and covariances; lower is better.

    generated `(n, d)`, reference `(m, d)`, n, m >= 2; vectors count as d = 1. The value is
    |mu1 - mu2|^2 + tr(C1 + C2 - 2 sqrt(C1 C2)) with covariances over n - 1, in the squared unit of the embedding. It is
    biased upwards by about b/n, so only values at equal n and m compare.

    Heusel et al. 2017 (arXiv:1706.08500); as `calculate_fid` of audioldm_eval 8dc07ee, which loses digits where the
    covariances are singular: 1e-4 apart at n = 900, d = 2048. Raises ValueError for sets that `rows.matrices` refuses.
    """
    x, y = matrices(generated, reference)
    offset = x.mean(axis=0, dtype=np.float64) - y.mean(axis=0, dtype=np.float64)
    a, b = _covariance_factor(x), _covariance_factor(y)
    return _combine(offset, float(np.vdot(a, a) + np.vdot(b, b)), a @ b.T)


def frechet_leave_out(generated: Rows, reference: Rows, blocks: Sequence[Block]) -> NDArray[np.float64]:
    """The Fréchet distance `(G,)` without the clips of each block, on both sides: what `frechet_distance` returns for
    the remaining rows, to 1e-6 relative, from one decomposition of the whole sets."""
    x, y, core = _decompose_pair(generated.values, reference.values)
    kept = ((_take(x, _others(generated, block)), _take(y, _others(reference, block))) for block in blocks)
    return np.array([_part_distance(*parts, core) for parts in kept])


@dataclass(frozen=True)
class FrechetInfinity:
    """The Fréchet distance extrapolated to infinitely many clips."""

    value: float
    """Intercept of the fit; may be slightly negative for sets of one distribution."""
    slope: float
    """Of the fit against 1 / number of generated clips (legacy: of frames): how fast the bias falls."""
    r2: float
    """Share of the variance between sizes that the fit explains."""
    sd: float
    """Standard error of the intercept within the fit; not the uncertainty over other clips."""


def frechet_infinity(
    generated: Rows, reference: Floats, *, steps: int = 15, draws: int = 5, seed: int = 0
) -> FrechetInfinity:
    """Fréchet distance freed of its bias from the finite number of generated clips; lower is better.

    Distances of `draws` random subsets of the generated clips, without replacement, at `steps` sizes from a quarter to
    all of them, are regressed on 1/size. Frames of a clip stay together. Sizes weigh by their square, since small
    subsets scatter most and depart most from the line, which holds where clips are several times the dimensions.

    Chong & Forsyth 2020 (arXiv:1911.07023), Gui et al. 2023 (arXiv:2311.01616). The bias of the references remains:
    for equal distributions about 0 with very many of them, else half of what it was (`frechet_infinity_both`). fadtk
    ec74b1f computes something else: `frechet_infinity_legacy`. Raises ValueError below 8 clips.
    """
    n = _clips_to_divide(generated)
    x, y, core = _decompose_pair(generated.values, reference)
    rng, everything = np.random.default_rng(seed), _take(y, np.arange(len(reference)))
    return _extrapolate_subsets(
        lambda size: _part_distance(_take(x, _some(generated, size, rng)), everything, core), n, steps, draws
    )


def frechet_infinity_both(
    generated: Rows, reference: Rows, *, steps: int = 15, draws: int = 5, seed: int = 0
) -> FrechetInfinity:
    """Fréchet distance freed of its bias from both finite sets: about 0 for equal distributions; lower is better.

    As `frechet_infinity`, but each subset of generated clips meets an equal share of the reference's clips. Ours: no
    published table uses it. Raises ValueError below 8 clips on a side.
    """
    n, m = _clips_to_divide(generated), _clips_to_divide(reference)
    x, y, core = _decompose_pair(generated.values, reference.values)
    rng = np.random.default_rng(seed)

    def distance(size: int) -> float:
        parts = _take(x, _some(generated, size, rng)), _take(y, _some(reference, round(m * size / n), rng))
        return _part_distance(*parts, core)

    return _extrapolate_subsets(distance, n, steps, draws)


def frechet_infinity_legacy(
    generated: Floats, reference: Floats, *, steps: int = 25, smallest: int = 500, seed: int = 0
) -> FrechetInfinity:
    """What fadtk calls FAD-inf, kept to reproduce its numbers: it does not remove the bias.

    Frames are drawn with replacement, so that the limit is the biased distance of the frames at hand; and sizes begin
    at 500 frames even where there are fewer. `score_inf` of fadtk ec74b1f draws from numpy's global generator:
    `np.random.seed(seed)` before it gives the same subsets.
    """
    x, y, core = _decompose_pair(generated, reference)
    rng, everything = np.random.RandomState(seed), _take(y, np.arange(len(reference)))
    sizes = np.linspace(smallest, len(generated), steps).astype(int)
    frames = [rng.choice(len(generated), size, replace=True) for size in sizes]
    values = [_part_distance(_take(x, drawn), everything, core) for drawn in frames]
    return _extrapolate(sizes, np.array(values), np.ones(steps))


def _combine(offset: NDArray[np.float64], traces: float, cross: NDArray[np.float64]) -> float:
    """|offset|^2 + traces - 2 |cross|_*, where a negative value within the rounding of its terms counts as 0."""
    value = float(offset @ offset + traces - 2.0 * np.linalg.svd(cross, compute_uv=False).sum())
    rounding = 4.0 * np.finfo(np.float64).eps * max(cross.shape) * traces
    return 0.0 if -rounding <= value < 0.0 else value


def _covariance_factor(rows: Floats) -> NDArray[np.float64]:
    """F `(min(n, d), d)` with F'F = the covariance: the centred rows, or by QR where these are the longer.

    QR of one stretch of rows after the other, each below the triangle so far, keeps memory at a few d^2; unlike a
    Cholesky factor of the covariance it does not square the condition number.
    """
    n, d = rows.shape
    mean, scale = rows.mean(axis=0, dtype=np.float64), np.sqrt(n - 1)
    if n <= d:
        return np.asarray((rows - mean) / scale)
    factor, step = np.empty((0, d)), max(4 * d, 4096)
    for start in range(0, n, step):
        factor = _qr_triangle(np.concatenate([factor, rows[start : start + step] - mean]))
    return np.asarray(factor / scale)


@dataclass(frozen=True)
class _Sample:
    """A set prepared for measuring parts of it: rows = mean + basis @ factor."""

    mean: NDArray[np.float64]
    squares: NDArray[np.float64]
    """Squared lengths of the centred rows."""
    basis: NDArray[np.float64] | None
    """`(n, d)` with orthonormal columns, or None for the identity."""
    factor: NDArray[np.float64]


def _decompose_pair(generated: Floats, reference: Floats) -> tuple[_Sample, _Sample, NDArray[np.float64]]:
    """Both sets, and the product of their factors."""
    x, y = (_decompose(side) for side in matrices(generated, reference))
    return x, y, x.factor @ y.factor.T


def _decompose(rows: Floats) -> _Sample:
    mean = rows.mean(axis=0, dtype=np.float64)
    centred = rows - mean
    tall = len(rows) > rows.shape[1]
    basis, factor = np.linalg.qr(centred) if tall else (None, centred)
    return _Sample(mean, np.einsum("ij,ij->i", centred, centred), basis, factor)


@dataclass(frozen=True)
class _Part:
    """Some rows of a sample: their mean, the trace of their covariance, and M -> T @ M for `(r, k)` matrices M, where
    T @ sample.factor is a covariance factor of the rows."""

    mean: NDArray[np.float64]
    trace: float
    project: Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _take(sample: _Sample, taken: NDArray[np.intp]) -> _Part:
    n = len(taken)
    times = np.bincount(taken, minlength=len(sample.squares))
    centre = times / n if sample.basis is None else (times / n) @ sample.basis
    shift = centre @ sample.factor
    trace = (sample.squares[taken].sum() - n * (shift @ shift)) / (n - 1)
    if sample.basis is None:
        return _Part(sample.mean + shift, float(trace), lambda other: _centred(other[taken]) / np.sqrt(n - 1))
    triangle = _triangle(sample.basis, times, centre) / np.sqrt(n - 1)
    return _Part(sample.mean + shift, float(trace), lambda other: triangle @ other)


def _part_distance(x: _Part, y: _Part, core: NDArray[np.float64]) -> float:
    """The Fréchet distance between parts of two samples; `core` is the product F_x F_y' of the samples' factors."""
    return _combine(x.mean - y.mean, x.trace + y.trace, y.project(x.project(core).T))


def _others(rows: Rows, block: Block) -> NDArray[np.intp]:
    """Indices of the rows that remain without the clips of the block."""
    kept = np.flatnonzero(~np.isin(rows.clip, block))
    if len(kept) < 2:
        raise ValueError(f"{len(kept)} of {len(rows.clip)} rows remain without a block, at least 2 are needed")
    return kept


def _some(rows: Rows, n_clips: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Indices of the rows of randomly chosen clips."""
    chosen = rng.choice(np.unique(rows.clip), n_clips, replace=False)
    return np.flatnonzero(np.isin(rows.clip, chosen))


def _centred(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows - rows.mean(axis=0))


def _triangle(basis: NDArray[np.float64], times: NDArray[np.intp], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """R with R'R = the scatter around `centre` of the rows that are taken so many `times`.

    Columns of a basis are orthonormal, so where most rows are taken once, the few others tell the sum of squares. It is
    nearly the identity, so Cholesky is accurate and the cheapest; where the part has lost a direction, QR does it.
    """
    others = times == 0
    if times.max() == 1 and 2 * others.sum() < len(times):
        squares = np.eye(basis.shape[1]) - basis[others].T @ basis[others]
    else:
        rows = np.repeat(basis, times, axis=0)
        squares = rows.T @ rows
    try:
        triangle = np.linalg.cholesky(squares - times.sum() * np.outer(centre, centre)).T
        if triangle.diagonal().min() > LEAST_LEFT:
            return np.asarray(triangle, dtype=np.float64)
    except np.linalg.LinAlgError:
        pass
    return _qr_triangle(np.repeat(basis, times, axis=0) - centre)


def _qr_triangle(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _clips_to_divide(rows: Rows) -> int:
    n = len(np.unique(rows.clip))
    if n < 8:
        raise ValueError(f"extrapolation needs at least 8 clips to divide, got {n}")
    return n


def _extrapolate_subsets(distance: Callable[[int], float], n: int, steps: int, draws: int) -> FrechetInfinity:
    """The limit of the mean distance of subsets of growing size; all n are drawn once, as every draw is the same."""
    sizes = np.unique(np.linspace(n // 4, n, steps).astype(int))
    values = [np.mean([distance(size) for _ in range(draws if size < n else 1)]) for size in sizes]
    return _extrapolate(sizes, np.array(values), sizes**2.0)


def _extrapolate(sizes: NDArray[np.int_], values: NDArray[np.float64], weights: Floats) -> FrechetInfinity:
    """Weighted least squares of the values on 1/size."""
    design = np.stack([np.ones(len(sizes)), 1.0 / sizes], axis=1)
    inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
    intercept, slope = inverse @ (design.T @ (weights * values))
    residual = values - design @ (intercept, slope)
    unexplained = float(weights @ residual**2)
    total = float(weights @ (values - np.average(values, weights=weights)) ** 2)
    sd = np.sqrt(unexplained / (len(sizes) - 2) * inverse[0, 0])
    return FrechetInfinity(float(intercept), float(slope), 1.0 - unexplained / total if total else 1.0, float(sd))
