"""Strengths of systems from choices between two, ties included (Bradley and Terry 1952, Davidson 1970).

P(i over j) : P(tie) : P(j over i) = s_i : nu sqrt(s_i s_j) : s_j. In log strengths the likelihood is concave, so
Newton's method finds its one maximum from anywhere; a small ridge keeps it finite where a system never lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tta_bench.listening.statistics.clustered import Codes
from tta_bench.listening.statistics.pigeonhole import DRAWS, weights

METHOD: Final = "Bradley-Terry with ties (Davidson)"
RIDGE: Final = 0.01
"""Precision of a normal prior on each log strength: sd 10, so a system that won 10 of 10 stays finite."""
STEPS: Final = 100
LONGEST_STEP: Final = 1.0
CLOSE: Final = 1e-10


@dataclass(frozen=True)
class Choices:
    """Comparisons, one each `(n,)`; all coded from 0 on."""

    left: Codes
    """System that was shown first."""
    right: Codes
    outcome: Codes
    """0 where the left was chosen, 1 the right, 2 neither."""
    raters: Codes
    items: Codes
    systems: int
    """How many systems there are."""


@dataclass(frozen=True)
class Strengths:
    """Log strengths, mean 0; 400 / ln 10 times a difference is an Elo difference."""

    values: NDArray[np.float64]
    """`(systems,)`."""
    tie: float
    """Log of Davidson's nu; very low where there were no ties."""


def strengths(choices: Choices) -> Strengths:
    """The most likely strengths. Raises ValueError where not every system was compared, over others, with every other
    (`components` tells which hang together): then nothing says how they stand."""
    if len(components(choices)) > 1:
        raise ValueError(f"the comparisons fall apart into {len(components(choices))} groups of systems")
    values, tie = _fit(tally(choices)[None], choices.systems)
    return Strengths(values[0], float(tie[0]))


def bootstrap_strengths(choices: Choices, *, draws: int = DRAWS, seed: int = 0) -> NDArray[np.float64]:
    """Log strengths `(draws, systems)` with raters and items drawn again; NaN where a draw lost a system."""
    n_raters, n_items = int(choices.raters.max()) + 1, int(choices.items.max()) + 1
    cells, n_pairs = _cells(choices), choices.systems * (choices.systems - 1) // 2
    parts = []
    for by_rater, by_item in weights(n_raters, n_items, draws=draws, seed=seed):
        weight = by_rater[:, choices.raters] * by_item[:, choices.items]
        counted = np.stack([np.bincount(cells, weights=one, minlength=3 * n_pairs) for one in weight])
        tallies = counted.astype(np.float64).reshape(len(weight), n_pairs, 3)
        values = _fit(tallies, choices.systems)[0]
        values[~_all_met(tallies, choices.systems)] = np.nan
        parts.append(values)
    return np.concatenate(parts)


def tally(choices: Choices) -> NDArray[np.float64]:
    """Wins of i, wins of j and ties `(pairs, 3)` of each two systems i < j, in the order of `combinations`."""
    pairs = choices.systems * (choices.systems - 1) // 2
    return np.bincount(_cells(choices), minlength=3 * pairs).astype(np.float64).reshape(pairs, 3)


def components(choices: Choices) -> list[set[int]]:
    """Sets of systems that comparisons connect; one set where all can be ranked."""
    groups = [{system} for system in range(choices.systems)]
    for a, b in set(zip(choices.left.tolist(), choices.right.tolist(), strict=True)):
        joined = [group for group in groups if a in group or b in group]
        groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    return sorted(groups, key=min)


def unbeaten(choices: Choices) -> list[int]:
    """Systems that won, or lost, every comparison: their strength is as far as the ridge lets it go."""
    wins = np.bincount(np.where(choices.outcome == 0, choices.left, choices.right)[choices.outcome < 2],
                       minlength=choices.systems)  # fmt: skip
    losses = np.bincount(np.where(choices.outcome == 0, choices.right, choices.left)[choices.outcome < 2],
                         minlength=choices.systems)  # fmt: skip
    ties = np.bincount(np.r_[choices.left, choices.right][np.r_[choices.outcome, choices.outcome] == 2],
                       minlength=choices.systems)  # fmt: skip
    return np.flatnonzero((ties == 0) & ((wins == 0) | (losses == 0))).tolist()


def _cells(choices: Choices) -> Codes:
    """Index into the flat tally of each comparison."""
    low, high = np.minimum(choices.left, choices.right), np.maximum(choices.left, choices.right)
    pair = low * (2 * choices.systems - low - 1) // 2 + high - low - 1
    winner_is_high = np.where(choices.left < choices.right, choices.outcome == 1, choices.outcome == 0)
    return np.asarray(3 * pair + np.where(choices.outcome == 2, 2, winner_is_high))


def _features(systems: int) -> NDArray[np.float64]:
    """What each outcome of each pair adds to its log weight `(pairs, 3, systems + 1)`; the last column is log nu."""
    found = np.zeros((systems * (systems - 1) // 2, 3, systems + 1))
    for row, (i, j) in enumerate(combinations(range(systems), 2)):
        found[row, 0, i] = found[row, 1, j] = found[row, 2, systems] = 1.0
        found[row, 2, [i, j]] = 0.5
    return found


def _fit(tallies: NDArray[np.float64], systems: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centred log strengths `(draws, systems)` and log nu `(draws,)` for tallies `(draws, pairs, 3)`."""
    x = _features(systems)
    theta = np.zeros((len(tallies), systems + 1))
    totals, observed = tallies.sum(axis=2), np.einsum("dpo,pof->df", tallies, x)
    for _ in range(STEPS):
        logits = np.einsum("pof,df->dpo", x, theta)
        chance = np.exp(logits - logits.max(axis=2, keepdims=True))
        chance /= chance.sum(axis=2, keepdims=True)
        mean = np.einsum("dpo,pof->dpf", chance, x)
        slope = observed - np.einsum("dp,dpf->df", totals, mean) - RIDGE * theta
        bend = np.einsum("dp,dpo,pof,pog->dfg", totals, chance, x, x, optimize=True)
        bend -= np.einsum("dp,dpf,dpg->dfg", totals, mean, mean, optimize=True)
        step = np.linalg.solve(bend + RIDGE * np.eye(systems + 1), slope[..., None])[..., 0]
        step *= np.minimum(1.0, LONGEST_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), CLOSE))
        theta = theta + step
        if np.abs(step).max() < CLOSE:
            break
    return theta[:, :-1] - theta[:, :-1].mean(axis=1, keepdims=True), theta[:, -1]


def _all_met(tallies: NDArray[np.float64], systems: int) -> NDArray[np.bool_]:
    """Whether each draw `(draws,)` connects all systems."""
    reach = np.broadcast_to(np.eye(systems, dtype=bool), (len(tallies), systems, systems)).copy()
    for pair, (i, j) in enumerate(combinations(range(systems), 2)):
        reach[:, i, j] = reach[:, j, i] = tallies[:, pair].sum(axis=1) > 0
    for _ in range(systems.bit_length()):  # each squaring doubles the length of the paths that count
        reach = np.einsum("dij,djk->dik", reach, reach)
    return np.asarray(reach[:, 0].all(axis=1))
