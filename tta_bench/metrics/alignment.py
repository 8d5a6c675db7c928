"""How well clips fit their captions, from embeddings of both in one space; and how well a metric agrees with people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.intervals import bca_interval, resamples
from tta_bench.metrics.rows import chunks, pairs
from tta_bench.types import Floats


def clap_score(audio: Floats, text: Floats) -> NDArray[np.float64]:
    """Cosine between each clip and its own caption `(n,)`, in [-1, 1]; higher is better. Not clamped, not times 100.

    audio `(n, d)`, text `(n, d)`, in the space of one CLAP checkpoint: scores of two checkpoints do not compare (one
    model: 0.13 with one, 0.31 with another). Raises ValueError for unpaired rows and rows of length 0.
    """
    clips, captions = _directions(audio, text)
    return _dot(clips, captions)


def retrieval_hits(audio: Floats, text: Floats, k: int) -> NDArray[np.float64]:
    """1 where a caption finds its own clip among the k nearest of all clips, else 0 `(n,)`; the mean is R@k.

    audio `(n, d)`, text `(n, d)`. A tie counts against the clip, or a model that always makes the same clip would
    retrieve everything. Clips of an equal caption (equal rows of text) are no rivals: with repeats, or captions that
    occur twice, nothing tells whose clip is whose. Raises ValueError as `clap_score`, and for k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    clips, captions = _directions(audio, text)
    caption = np.unique(text, axis=0, return_inverse=True)[1].reshape(-1)
    own = _dot(clips, captions)
    rivals = np.empty(len(clips), dtype=int)
    for part in chunks(len(clips), len(clips)):
        nearer = captions[part] @ clips.T >= own[part, None] - 1e-12  # equal clips must tie whatever rounding does
        rivals[part] = (nearer & (caption[part, None] != caption)).sum(axis=1)
    return (rivals < k).astype(np.float64)


@dataclass(frozen=True)
class Correlation:
    """Agreement of two rankings."""

    rho: float
    """Spearman's, in [-1, 1]; ties share the mean rank."""
    ci95: tuple[float, float] | None
    """BCa bootstrap over the items; None where resamples leave it undefined."""
    p: float
    """Two-sided permutation test of no association; exact for up to 7 items."""


def rank_correlation(metric_values: Floats, human_scores: Floats, *, seed: int = 0) -> Correlation:
    """Spearman correlation of a metric with human scores over models or clips.

    Both `(n,)`, n >= 3. Where lower is better for the metric, agreement is a negative rho. Raises ValueError for other
    shapes, NaN, or a side without any difference.
    """
    from scipy.stats import permutation_test  # takes a second to import, which most runs need not wait for

    x, y = np.asarray(metric_values, dtype=np.float64), np.asarray(human_scores, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 3 or not np.isfinite([x, y]).all():
        raise ValueError(f"a rank correlation needs two vectors of 3 or more numbers, got shapes {x.shape}, {y.shape}")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise ValueError("a rank correlation is undefined where one side has no two different values")
    agreement = partial(_cosine, _centred_ranks(y))
    test = permutation_test((_centred_ranks(x),), agreement, permutation_type="pairings", vectorized=True, rng=seed)
    return Correlation(float(test.statistic), _rank_interval(x, y, float(test.statistic), seed), float(test.pvalue))


def _rank_interval(x: NDArray[np.float64], y: NDArray[np.float64], rho: float, seed: int) -> tuple[float, float] | None:
    """BCa interval of Spearman's rho over the items; resamples without any difference on a side do not count."""
    others = np.flatnonzero(~np.eye(len(x), dtype=bool)).reshape(len(x), -1) % len(x)
    left_out = _cosine(_centred_ranks(x[others]), _centred_ranks(y[others]))
    drawn = resamples(len(x), 2000, seed)
    resampled = np.concatenate([_cosine(_centred_ranks(x[i]), _centred_ranks(y[i])) for i in drawn])
    if not np.isfinite(left_out).all():
        return None
    return bca_interval(rho, resampled[np.isfinite(resampled)], left_out)


def _centred_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=-1)
    return np.asarray(ranks - ranks.mean(axis=-1, keepdims=True))


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Cosine along an axis, NaN where a side has length 0."""
    product, lengths = (a * b).sum(axis), np.sqrt((a * a).sum(axis) * (b * b).sum(axis))
    return np.asarray(np.divide(product, lengths, out=np.full(product.shape, np.nan), where=lengths > 0))


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((a * b).sum(axis=1))


def _directions(audio: Floats, text: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sides scaled to rows of length 1."""
    clips, captions = pairs(audio, text)
    return _unit(clips, "audio"), _unit(captions, "text")


def _unit(rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(f"{name} row {np.argmin(lengths)} has length 0: it has no direction to compare")
    return np.asarray(rows / lengths)
