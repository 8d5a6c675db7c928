"""How much of a metric is left under perturbed captions, and how far groups of prompts lie apart. From results alone.

As TTA-Bench defines them (https://arxiv.org/abs/2509.02398): robustness is the score on perturbed captions over that
on the same captions unperturbed; the gap of two groups is `100 |a - b| / max(a, b)`, and fairness the mean over all
pairs of groups. Both with percentile intervals of 2,000 resamples: of pairs of captions, and of prompts within their
group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tta_bench.types import Result, Score

N_RESAMPLES = 2000
LEAST = 5
"""Pairs, or prompts of a group, below which no interval is given."""
BASE = "base"
"""Field of a perturbed caption: the id of the one that it is made of."""
Values = NDArray[np.float64]


def fields(result: Result) -> Mapping[str, Mapping[str, str]]:
    """Field -> prompt id -> what it says, of the fields by which the board tells scores apart."""
    board = result.provenance.get("board", {})
    found: Mapping[str, Mapping[str, str]] = board.get("fields", {}) if isinstance(board, dict) else {}
    return found


def kept(result: Result) -> list[Score]:
    """Per-clip metrics under each kind of perturbation, over their value on the captions that were perturbed.

    Buckets are `KIND=robustness`; the last one, `all`, is the mean over kinds. Empty where no caption has a base, and
    for a metric whose values are not all above 0 on average.
    """
    said = fields(result)
    bases = said.get(BASE, {})
    kind_of = next((labels for name, labels in said.items() if name != BASE), {})
    kinds = list(dict.fromkeys(kind_of[prompt] for prompt in bases if prompt in kind_of))
    scores = []
    for metric, values in result.per_clip.items():
        pairs = {
            kind: np.array(
                [
                    (values[prompt], values[base])
                    for prompt, base in bases.items()
                    if kind_of.get(prompt) == kind and prompt in values and base in values
                ]
            )
            for kind in kinds
        }
        pairs = {kind: found for kind, found in pairs.items() if len(found) and found.mean(axis=0).min() > 0}
        if not pairs:
            continue
        drawn = [_ratios(found, i) for i, found in enumerate(pairs.values())]
        for (kind, found), ratios in zip(pairs.items(), drawn, strict=True):
            value = float(found[:, 0].mean() / found[:, 1].mean())
            scores.append(Score(metric, value, _interval(ratios, len(found)), len(found), None, kind))
        whole = float(np.mean([found[:, 0].mean() / found[:, 1].mean() for found in pairs.values()]))
        n = min(map(len, pairs.values()))
        scores.append(Score(metric, whole, _interval(np.mean(drawn, axis=0), n), n, None, "all"))
    return scores


def gaps(result: Result, field: str) -> list[Score]:
    """Mean gap, in percent, of per-clip metrics between groups of prompts by a field; empty without groups."""
    labels = fields(result).get(field, {})
    scores = []
    for metric, values in result.per_clip.items():
        groups = {
            label: np.array([values[prompt] for prompt, found in labels.items() if found == label and prompt in values])
            for label in sorted(set(labels.values()))
        }
        groups = {label: found for label, found in groups.items() if len(found) and found.mean() > 0}
        if len(groups) < 2:
            continue
        means = np.stack([_resampled(found, i).mean(axis=1) for i, found in enumerate(groups.values())])
        value = float(_mean_gap(np.array([[found.mean()] for found in groups.values()]))[0])
        n = min(map(len, groups.values()))
        scores.append(Score(metric, value, _interval(_mean_gap(means), n), n, None, field))
    return scores


def _resampled(found: Values, seed: int) -> Values:
    """Rows of an array drawn anew, `(2000, n, ...)`."""
    rows = np.random.default_rng(seed).integers(len(found), size=(N_RESAMPLES, len(found)))
    drawn: Values = found[rows]
    return drawn


def _ratios(found: Values, seed: int) -> Values:
    """Ratios `(2000,)` of the means of pairs `(n, 2)` drawn anew."""
    means = _resampled(found, seed).mean(axis=1)
    ratios: Values = means[:, 0] / np.where(means[:, 1] > 0, means[:, 1], np.nan)
    return ratios


def _mean_gap(means: Values) -> Values:
    """Of means `(n_groups, n)`, the mean over all pairs of groups of their gap in percent, `(n,)`."""
    pairs = [100 * np.abs(a - b) / np.maximum(a, b) for a, b in combinations(means, 2)]
    found: Values = np.mean(pairs, axis=0)
    return found


def _interval(drawn: Values, n: int) -> tuple[float, float] | None:
    """The 95 % of the middle; None where there are too few, or where a resample has no value."""
    if n < LEAST or not np.isfinite(drawn).all():
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def tested(results: Sequence[Result], gap_fields: Sequence[str]) -> list[tuple[str, list[tuple[str, Result, Score]]]]:
    """Title and rows (name, result, score) of a table of what is left, and of one of gaps, where there are any."""
    left = [(f"{score.bucket}, {r.model}", r, score) for r in results for score in kept(r)]
    apart = [(f"{field}, {r.model}", r, score) for r in results for field in gap_fields for score in gaps(r, field)]
    board = results[0].board
    made = [(f"{board}: score under perturbation over score without", left), (f"{board}: gap of groups in %", apart)]
    return [(title, rows) for title, rows in made if rows]
