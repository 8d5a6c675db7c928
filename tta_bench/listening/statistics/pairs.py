"""Every system against every other on one axis, corrected together, and the groups that cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tta_bench.listening.statistics.clustered import FEWEST, Codes, Estimate, clustered_difference, two_sided_p
from tta_bench.metrics.intervals import holm
from tta_bench.types import Floats

WILCOXON: Final = "Wilcoxon signed-rank on item means (raters taken as fixed)"
LEVEL: Final = 0.05


@dataclass(frozen=True)
class Pair:
    """What separates system `a` from system `b`, both as codes."""

    a: int
    b: int
    estimate: Estimate
    """Mean of a less mean of b."""
    p: float | None
    """Two-sided, of no difference, by the estimate's method; None where there is no interval."""
    p_holm: float | None
    """Corrected for all pairs that were tested."""
    wilcoxon_p: float | None
    """Second opinion: over prompts, for these raters only."""
    wilcoxon_p_holm: float | None
    wilcoxon_items: int
    """Prompts on which both were rated."""


def all_pairs(scores: Floats, raters: Codes, items: Codes, systems: Codes) -> list[Pair]:
    """Each two of the systems, all arguments `(n,)`; p values corrected by Holm over all of these."""
    found = [_pair(a, b, scores, raters, items, systems) for a, b in combinations(range(int(systems.max()) + 1), 2)]
    main, second = corrected([pair.p for pair in found]), corrected([pair.wilcoxon_p for pair in found])
    return [replace(pair, p_holm=p, wilcoxon_p_holm=w) for pair, p, w in zip(found, main, second, strict=True)]


def corrected(p_values: Sequence[float | None]) -> list[float | None]:
    """The same by Holm's method; what was not tested stays None and does not count."""
    tested = [p for p in p_values if p is not None]
    adjusted = iter(holm(np.array(tested)).tolist() if tested else [])
    return [None if p is None else next(adjusted) for p in p_values]


def item_means(scores: Floats, items: Codes) -> dict[int, float]:
    """Item -> mean of its ratings."""
    codes, index = np.unique(items, return_inverse=True)
    return dict(zip(codes.tolist(), (np.bincount(index, weights=scores) / np.bincount(index)).tolist(), strict=True))


def groups(order: Sequence[int], pairs: Sequence[Pair], *, level: float = LEVEL) -> dict[int, str]:
    """Letters of each system: two that share one cannot be told apart. `order` are the systems, best first.

    The groups are the largest sets within which no pair is separated (p after Holm below `level`), named in the order
    of their best members. A pair that could not be tested is not separated.
    """
    apart = {frozenset((pair.a, pair.b)) for pair in pairs if pair.p_holm is not None and pair.p_holm < level}
    near = {one: {other for other in order if other != one and frozenset((one, other)) not in apart} for one in order}
    ranks = {system: rank for rank, system in enumerate(order)}
    cliques = sorted(_cliques(set(), set(order), set(), near), key=lambda clique: sorted(ranks[one] for one in clique))
    return {one: "".join(_letter(k) for k, clique in enumerate(cliques) if one in clique) for one in order}


def _cliques(chosen: set[int], open_: set[int], closed: set[int], near: dict[int, set[int]]) -> list[frozenset[int]]:
    """All largest sets of systems that are near each other (Bron and Kerbosch 1973)."""
    if not open_ and not closed:
        return [frozenset(chosen)]
    found = []
    for one in sorted(open_):
        found += _cliques(chosen | {one}, open_ & near[one], closed & near[one], near)
        open_, closed = open_ - {one}, closed | {one}
    return found


def _letter(k: int) -> str:
    return chr(ord("a") + k) if k < 26 else f"({k + 1})"


def _pair(a: int, b: int, scores: Floats, raters: Codes, items: Codes, systems: Codes) -> Pair:
    chosen = (systems == a) | (systems == b)
    first = systems[chosen] == a
    estimate = clustered_difference(scores[chosen], first, raters[chosen], items[chosen])
    differences = _item_differences(scores[chosen], first, items[chosen])
    p = wilcoxon_p(differences)
    return Pair(a, b, estimate, two_sided_p(estimate), None, p, None, len(differences))


def _item_differences(scores: Floats, first: NDArray[np.bool_], items: Codes) -> Floats:
    ours, theirs = item_means(scores[first], items[first]), item_means(scores[~first], items[~first])
    return np.array([ours[item] - theirs[item] for item in ours if item in theirs])


def wilcoxon_p(differences: Floats) -> float | None:
    """Two-sided p of Wilcoxon's signed-rank test on differences `(n,)`, exact with ties too; None below 3 that are not
    0 (those are left out, as Wilcoxon did)."""
    from scipy.stats import rankdata

    d = differences[differences != 0]
    if len(d) < FEWEST:
        return None
    ranks = np.rint(2 * rankdata(np.abs(d))).astype(np.int64)  # doubled, so that shared ranks are whole
    chance = np.ones(1)
    for rank in ranks:
        chance = 0.5 * (np.r_[chance, np.zeros(rank)] + np.r_[np.zeros(rank), chance])
    centre = ranks.sum() / 2
    as_far = np.abs(np.arange(len(chance)) - centre) >= abs(ranks[d > 0].sum() - centre)
    return min(1.0, float(chance[as_far].sum()))
