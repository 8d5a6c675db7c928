"""Pairs of systems: Holm, the exact signed-rank test, and groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.listening import golden
from tta_bench.listening.statistics.clustered import Estimate
from tta_bench.listening.statistics.pairs import Pair, all_pairs, corrected, groups, wilcoxon_p


def apart(a: int, b: int, p: float | None) -> Pair:
    return Pair(a, b, Estimate(0.0, None, None, None, 3, 3, 9), p, p, None, None, 0)


def test_holm_is_that_of_statsmodels() -> None:
    assert corrected(golden.inputs().p_values().tolist()) == pytest.approx(golden.expected()["holm"], abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_shrinks_a_p_value_nor_changes_their_order(p_values: list[float]) -> None:
    found = np.array(corrected(p_values), dtype=float)
    assert (found >= np.array(p_values) - 1e-12).all()
    assert (np.diff(found[np.argsort(p_values, kind="stable")]) >= -1e-12).all()


def test_what_was_not_tested_does_not_count() -> None:
    assert corrected([0.01, None, 0.04]) == pytest.approx([0.02, None, 0.04])
    assert corrected([None]) == [None]


def test_the_signed_rank_test_is_scipys_exact_one() -> None:
    d = np.random.default_rng(0).normal(0.4, 1, 15)
    assert wilcoxon_p(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue, rel=1e-9)


def test_the_signed_rank_test_is_exact_with_ties_too() -> None:
    """All 2^7 signs of |d| = 1 1 2 2 2 3 3, by hand of the computer."""
    d = np.array([1.0, 1, -2, 2, 2, 3, 3])
    ranks = stats.rankdata(np.abs(d))
    signs = 1 - 2 * ((np.arange(128)[:, None] >> np.arange(7)) & 1)
    as_far = np.abs(signs @ ranks) >= abs((np.sign(d) * ranks).sum())
    assert wilcoxon_p(d) == pytest.approx(as_far.mean())


def test_no_difference_at_all_is_no_test() -> None:
    assert wilcoxon_p(np.zeros(10)) is None
    assert wilcoxon_p(np.array([1.0, 2.0])) is None


def test_systems_that_no_test_separates_share_a_letter() -> None:
    pairs = [apart(0, 1, 0.5), apart(0, 2, 0.01), apart(1, 2, 0.3)]
    assert groups([0, 1, 2], pairs) == {0: "a", 1: "ab", 2: "b"}
    assert groups([2, 1, 0], pairs) == {2: "a", 1: "ab", 0: "b"}


def test_what_could_not_be_tested_is_not_separated() -> None:
    assert groups([0, 1], [apart(0, 1, None)]) == {0: "a", 1: "a"}
    assert groups([0, 1], [apart(0, 1, 0.001)]) == {0: "a", 1: "b"}
    assert groups([], []) == {}


def test_three_systems_give_three_pairs_of_which_the_distant_are_separated() -> None:
    rng = np.random.default_rng(1)
    r, i, m = (x.ravel() for x in np.meshgrid(np.arange(8), np.arange(20), np.arange(3), indexing="ij"))
    found = all_pairs(50 + 15.0 * (m == 2) + rng.normal(0, 8, len(m)), r, i, m)
    assert [(pair.a, pair.b) for pair in found] == [(0, 1), (0, 2), (1, 2)]
    assert [(pair.p_holm or 0) < 0.05 for pair in found] == [False, True, True]
    assert [pair.wilcoxon_items for pair in found] == [20, 20, 20]
    assert (found[1].estimate.value or 0) < 0
