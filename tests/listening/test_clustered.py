"""Intervals that hold over raters and items: closed forms, another package, and simulated tests of known truth."""

import numpy as np
import pytest
from scipy import stats

from tests.listening import golden
from tta_bench.listening.statistics import pigeonhole
from tta_bench.listening.statistics.clustered import (
    Estimate,
    clustered_difference,
    clustered_mean,
    clustered_variance,
    two_sided_p,
)
from tta_bench.listening.statistics.pairs import all_pairs

COVERAGE = (0.93, 0.97)
TYPE_I = 0.06


def grid(raters: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Rater and item of each rating of a complete table."""
    return tuple(x.ravel() for x in np.meshgrid(np.arange(raters), np.arange(items), indexing="ij"))  # type: ignore


def sparse(raters: int, items: int, heard: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rater and item where each rater hears some of the items."""
    drawn = np.argsort(rng.random((raters, items)), axis=1)[:, :heard]
    return np.repeat(np.arange(raters), heard), drawn.ravel()


def test_the_variance_of_a_complete_table_is_that_of_its_rows_and_columns_less_its_cells() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(5, 7))
    raters, items = grid(5, 7)
    d = table - table.mean()
    rows, columns, cells = (d.sum(1) ** 2).sum() * 5 / 4, (d.sum(0) ** 2).sum() * 7 / 6, (d**2).sum() * 35 / 34
    expected = max(rows + columns - cells, rows, columns) / 35**2
    assert clustered_variance((d / 35).ravel(), raters, items) == pytest.approx(expected)


def test_the_floor_holds_where_raters_differ_in_opposite_ways() -> None:
    """Rows and columns that all sum to the mean would give a variance below 0."""
    table = np.array([[1.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    raters, items = grid(3, 3)
    assert clustered_variance(table.ravel(), raters, items) == pytest.approx(0, abs=1e-12)


def test_the_standard_error_is_that_of_statsmodels() -> None:
    scores, raters, items = golden.inputs().cells()
    assert clustered_mean(scores, raters, items).se == pytest.approx(golden.expected()["clustered_se"], rel=1e-9)


def test_the_interval_is_t_with_the_smaller_count_less_one() -> None:
    raters, items = grid(4, 9)
    scores = np.random.default_rng(1).normal(50, 10, 36)
    found = clustered_mean(scores, raters, items)
    assert found.ci95 is not None
    assert found.se is not None
    assert (found.df, found.raters, found.items, found.n) == (3, 4, 9, 36)
    assert found.ci95[1] - found.ci95[0] == pytest.approx(2 * stats.t.ppf(0.975, 3) * found.se)


@pytest.mark.parametrize(("raters", "items"), [(1, 10), (2, 10), (10, 2), (2, 2)])
def test_two_raters_or_items_give_a_mean_and_the_reason_why_no_interval(raters: int, items: int) -> None:
    scores = np.arange(raters * items, dtype=float)
    found = clustered_mean(scores, *grid(raters, items))
    assert found.value == pytest.approx(scores.mean())
    assert (found.ci95, found.se) == (None, None)
    assert "needs 3 of each" in found.note
    assert f"{raters} rater" in found.note


def test_no_ratings_and_equal_ratings_are_told_and_never_zero() -> None:
    empty = clustered_mean(np.array([]), np.array([], dtype=int), np.array([], dtype=int))
    assert (empty.value, empty.ci95, empty.note) == (None, None, "no ratings")
    equal = clustered_mean(np.full(20, 3.3), *grid(4, 5))
    assert (equal.value, equal.ci95) == (pytest.approx(3.3), None)
    assert "all ratings are equal" in equal.note


def test_missing_cells_are_no_obstacle_and_order_is_none_either() -> None:
    scores, raters, items = golden.inputs().cells()
    order = np.random.default_rng(2).permutation(len(scores))
    one, other = (clustered_mean(*(x[o] for x in (scores, raters, items))) for o in (np.arange(len(scores)), order))
    assert one.se == pytest.approx(other.se)
    assert one.value == pytest.approx(other.value)


def test_where_all_heard_both_the_difference_is_the_mean_of_the_paired_differences() -> None:
    rng = np.random.default_rng(3)
    raters, items = grid(6, 10)
    a, b = rng.normal(60, 10, 60), rng.normal(55, 10, 60)
    first = np.r_[np.ones(60, bool), np.zeros(60, bool)]
    found = clustered_difference(np.r_[a, b], first, np.r_[raters, raters], np.r_[items, items])
    paired = clustered_mean(a - b, raters, items)
    assert found.value == pytest.approx(paired.value)
    assert found.se == pytest.approx(paired.se)
    assert two_sided_p(found) == pytest.approx(two_sided_p(paired))


def test_a_side_less_the_other_turns_its_sign_with_the_sides() -> None:
    rng = np.random.default_rng(4)
    raters, items = grid(6, 10)
    first = rng.random(60) < 0.5
    scores = rng.normal(50, 10, 60) + 30 * first
    found, turned = (clustered_difference(scores, side, raters, items) for side in (first, ~first))
    assert found.value == pytest.approx(-(turned.value or 0))
    assert (found.value or 0) > 20


def test_one_side_without_ratings_has_no_difference() -> None:
    found = clustered_difference(np.ones(9), np.ones(9, bool), *grid(3, 3))
    assert (found.value, found.note) == (None, "no ratings of one side")
    assert two_sided_p(found) is None


def test_where_all_agree_the_sign_test_over_the_fewer_clusters_tells() -> None:
    raters, items = grid(12, 7)
    won = clustered_mean(np.ones(84), raters, items)
    assert (won.ci95, won.unanimous) == (None, True)
    assert two_sided_p(won) == pytest.approx(2 * 0.5**7)
    assert two_sided_p(clustered_mean(np.zeros(84), raters, items)) == 1.0
    assert two_sided_p(clustered_mean(np.ones(4), *grid(2, 2))) is None


def test_the_bootstrap_agrees_with_the_clustered_interval_and_follows_from_its_seed() -> None:
    scores, raters, items = golden.inputs().cells()
    draws = [pigeonhole.bootstrap_means(scores, raters, items, np.zeros_like(raters), seed=s) for s in (1, 1, 2)]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any()
    interval = pigeonhole.percentile_interval(draws[0][:, 0])
    exact = clustered_mean(scores, raters, items).ci95
    assert interval
    assert exact
    assert interval[1] - interval[0] == pytest.approx(exact[1] - exact[0], rel=0.35)
    assert (interval[0] + interval[1]) / 2 == pytest.approx((exact[0] + exact[1]) / 2, abs=1.5)


def test_a_bootstrap_that_mostly_fails_gives_no_interval() -> None:
    assert pigeonhole.percentile_interval(np.r_[np.ones(50), np.full(50, np.nan)]) is None


DESIGNS = {
    "6 raters x 30 prompts": (6, 30, 30),
    "12 x 50": (12, 50, 50),
    "20 x 20": (20, 20, 20),
    "100 raters, 20 of 100 each": (100, 100, 20),
    "40 raters, 5 of 100 each": (40, 100, 5),
}


def simulated_mean(design: tuple[int, int, int], rng: np.random.Generator) -> Estimate:
    """A test of one system whose true mean is 50."""
    raters, items, heard = design
    r, i = grid(raters, items) if heard == items else sparse(raters, items, heard, rng)
    noise = rng.normal(0, 350**0.5, len(r))
    scores = 50 + rng.normal(0, 150**0.5, items)[i] + rng.normal(0, 80**0.5, raters)[r] + noise
    return clustered_mean(scores, r, i)


def coverage(design: tuple[int, int, int], runs: int) -> float:
    """Share of simulated tests whose interval holds the truth."""
    rng = np.random.default_rng(list(design))
    found = [simulated_mean(design, rng).ci95 or (0.0, 0.0) for _ in range(runs)]
    return float(np.mean([low <= 50 <= high for low, high in found]))


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS.keys())
def test_intervals_hold_the_truth_in_95_of_100_tests(design: tuple[int, int, int]) -> None:
    assert COVERAGE[0] <= coverage(design, 600) <= COVERAGE[1]


@pytest.mark.long
@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS.keys())
def test_intervals_hold_the_truth_in_95_of_100_tests_at_length(design: tuple[int, int, int]) -> None:
    found = coverage(design, 10_000)
    assert COVERAGE[0] <= found <= COVERAGE[1]


def test_an_interval_that_takes_ratings_for_independent_would_not() -> None:
    """Why all this is needed."""
    rng = np.random.default_rng(5)
    r, i = grid(12, 50)
    hits = 0
    for _ in range(300):
        scores = rng.normal(0, 150**0.5, 50)[i] + rng.normal(0, 80**0.5, 12)[r] + rng.normal(0, 350**0.5, 600)
        hits += abs(scores.mean()) <= 1.96 * scores.std(ddof=1) / 600**0.5
    assert hits / 300 < 0.6


def false_claims(raters: int, items: int, runs: int) -> tuple[float, float]:
    """Share of tests of four equal systems with any claim after Holm, and of the first pair before it."""
    rng = np.random.default_rng([raters, items])
    r, i, m = (x.ravel() for x in np.meshgrid(np.arange(raters), np.arange(items), np.arange(4), indexing="ij"))
    family, single = 0, 0
    for _ in range(runs):
        scores = rng.normal(0, 150**0.5, items)[i] + rng.normal(0, 80**0.5, raters)[r]
        scores += rng.normal(0, 10, (items, 4))[i, m] + rng.normal(0, 15**0.5, (raters, 4))[r, m]
        found = all_pairs(scores + rng.normal(0, 350**0.5, len(r)), r, i, m)
        family += any((pair.p_holm or 0) < 0.05 for pair in found)
        single += (found[0].p or 0) < 0.05
    return family / runs, single / runs


@pytest.mark.parametrize(("raters", "items"), [(6, 30), (12, 50), (20, 20)])
@pytest.mark.long
def test_equal_systems_are_told_apart_in_at_most_6_of_100_tests(raters: int, items: int) -> None:
    family, single = false_claims(raters, items, 100)
    assert family <= TYPE_I
    assert single <= 0.12  # 100 runs: within three standard errors of 0.05


@pytest.mark.long
@pytest.mark.parametrize(("raters", "items"), [(6, 30), (12, 50), (20, 20), (20, 100)])
def test_equal_systems_are_told_apart_in_at_most_6_of_100_tests_at_length(raters: int, items: int) -> None:
    family, single = false_claims(raters, items, 2000)
    assert family <= TYPE_I
    assert single <= TYPE_I
