"""Divergences between what a classifier says of clips: KL per pair of clips, and the inception score of a set.

Everything takes logits `(n, n_classes)`. KL is in nats; lower is better. Published "KL" of text-to-audio is
`kl_softmax` with its default eps (audioldm_eval 8dc07ee); tools disagree on direction and eps, so each has a name here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics.rows import Block, Rows, matrix, pairs
from tta_bench.types import Floats

CLIPS_PER_SPLIT = 10
"""The fewest clips in a split for which the inception score, whose ceiling is that number, still means something."""


def kl_softmax(generated: Floats, reference: Floats, *, eps: float = 1e-6) -> NDArray[np.float64]:
    """KL(reference || generated) of the class distribution of each pair of clips `(n,)`.

    eps is added to the generated probabilities only, which are not renormalised: equal clips give about -eps times
    the number of classes. As `calculate_kl` of audioldm_eval 8dc07ee ("kullback_leibler_divergence_softmax"); with
    eps=0 exact, as `compute_kl` of av-benchmark 050a5cd. Raises ValueError unless row i pairs with row i.
    """
    logits, targets = pairs(generated, reference)
    log_p, log_q = _log_softmax(logits), _log_softmax(targets)
    return _sum(np.exp(log_q) * (log_q - _log_plus(log_p, eps)))


def kl_softmax_reversed(generated: Floats, reference: Floats, *, eps: float = 1e-6) -> NDArray[np.float64]:
    """KL(generated || reference) of each pair of clips `(n,)`, eps on the reference: the direction of
    stable-audio-metrics fd55536, whose logits are means over windows of 10 s."""
    return kl_softmax(reference, generated, eps=eps)


def kl_sigmoid(generated: Floats, reference: Floats, *, eps: float = 1e-6) -> NDArray[np.float64]:
    """Sum over classes of q log(q / p) with sigmoid probabilities, reference q and generated p, of each pair `(n,)`.

    Not a divergence: the terms of 1 - q are missing, so it can be negative (`kl_bernoulli` has them). It stands in
    tables as "kullback_leibler_divergence_sigmoid" of audioldm_eval 8dc07ee; eps=0 as av-benchmark 050a5cd.
    """
    logits, targets = pairs(generated, reference)
    return _sum(np.exp(_log_sigmoid(targets)) * (_log_sigmoid(targets) - _log_plus(_log_sigmoid(logits), eps)))


def kl_bernoulli(generated: Floats, reference: Floats) -> NDArray[np.float64]:
    """KL(reference || generated) of the independent yes or no of every class, summed, of each pair `(n,)`; 0 exactly
    if equal, never negative. What multi-label classifiers (sigmoid outputs) ask for; no published table uses it."""
    logits, targets = pairs(generated, reference)
    yes = np.exp(_log_sigmoid(targets)) * (_log_sigmoid(targets) - _log_sigmoid(logits))
    no = np.exp(_log_sigmoid(-targets)) * (_log_sigmoid(-targets) - _log_sigmoid(-logits))
    return np.maximum(_sum(yes + no), 0.0)


def inception_score(logits: Floats, *, splits: int = 10, seed: int = 2020) -> float:
    """Inception score, the mean over splits of exp(mean KL(p(y|clip) || p(y))): 1 if all clips are classified alike,
    at most the number of classes or of clips in a split; higher is better.

    logits `(n, n_classes)`. It grows with the size of a split, so only values of equal n and `splits` compare. Salimans
    et al. 2016 (arXiv:1606.03498); shuffle and splits as `calculate_isc` of audioldm_eval 8dc07ee. Raises ValueError
    for fewer clips than splits.
    """
    return float(inception_scores(logits, splits=splits, seed=seed).mean())


def inception_scores(logits: Floats, *, splits: int = 10, seed: int = 2020) -> NDArray[np.float64]:
    """The inception score of each split `(splits,)`. Their spread says how splits differ; it is no interval."""
    members = _splits(len(logits), splits, seed)
    log_p = _log_softmax(matrix(logits, "logits", least=1).astype(np.float64))
    return np.array([_score(_sums(log_p[split])) for split in members])


def inception_leave_out(
    generated: Rows, reference: None, blocks: Sequence[Block], *, splits: int = 10, seed: int = 2020
) -> NDArray[np.float64]:
    """The inception score `(G,)` without the clips of each block, every other clip staying in its split.

    Calling `inception_score` on the rest would shuffle all clips anew, and the jackknife would measure the shuffle.
    """
    del reference
    log_p = _log_softmax(matrix(generated.values, "generated").astype(np.float64))
    members = _splits(len(log_p), splits, seed)
    gone = [np.isin(generated.clip, block) for block in blocks]
    whole = [_sums(log_p[split]) for split in members]
    rest = [
        [_without(sums, log_p[split[out[split]]]) for sums, split in zip(whole, members, strict=True)] for out in gone
    ]
    return np.array([np.mean([_score(sums) for sums in each if sums.n]) for each in rest])


def usable_splits(n: int, wanted: int) -> int:
    """The number of splits, at most `wanted` and at least 1, that hold `CLIPS_PER_SPLIT` of n clips each."""
    return max(1, min(wanted, n // CLIPS_PER_SPLIT))


def _splits(n: int, splits: int, seed: int) -> list[NDArray[np.intp]]:
    """Indices of the clips of each split."""
    if not 1 <= splits <= n:
        raise ValueError(f"{n} clips cannot fill {splits} splits")
    order = np.random.RandomState(seed).permutation(n)
    return [order[i * n // splits : (i + 1) * n // splits] for i in range(splits)]


class _Sums(NamedTuple):
    """All that the score of some clips is computed from."""

    n: int
    p: NDArray[np.float64]
    """Of probabilities, over clips: `(n_classes,)`."""
    p_log_p: float
    """Over clips and classes."""


def _sums(log_p: NDArray[np.float64]) -> _Sums:
    p = np.exp(log_p)
    return _Sums(len(p), p.sum(axis=0), float(np.vdot(p, log_p)))


def _without(sums: _Sums, log_p: NDArray[np.float64]) -> _Sums:
    """The sums without some of the clips."""
    out = _sums(log_p)
    return _Sums(sums.n - out.n, np.maximum(sums.p - out.p, 0.0), sums.p_log_p - out.p_log_p)


def _score(sums: _Sums) -> float:
    mean = sums.p / sums.n
    log_mean = np.log(mean, out=np.zeros_like(mean), where=mean > 0)
    return float(np.exp(sums.p_log_p / sums.n - mean @ log_mean))


def _log_plus(log_p: NDArray[np.float64], eps: float) -> NDArray[np.float64]:
    """log(p + eps), exact for eps = 0."""
    return np.log(np.exp(log_p) + eps) if eps else log_p


def _sum(terms: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(terms.sum(axis=1))


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _log_sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.logaddexp(0.0, -logits))
