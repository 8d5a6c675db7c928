"""Strengths from choices: closed forms, another package, separation, ties and comparisons that fall apart."""

import numpy as np
import pytest

from tests.listening import golden
from tta_bench.listening.statistics import bradley_terry as bt


def of(rows: list[tuple[int, int, int]], systems: int) -> bt.Choices:
    """Choices (left, right, outcome), each by a rater and on an item of its own."""
    left, right, outcome = np.array(rows).T
    places = np.arange(len(rows))
    return bt.Choices(left, right, outcome, places % 7, places % 11, systems)


def test_two_systems_differ_by_the_log_odds_of_their_wins() -> None:
    found = bt.strengths(of([(0, 1, 0)] * 300 + [(0, 1, 1)] * 100, 2))
    assert found.values[0] - found.values[1] == pytest.approx(np.log(3), abs=1e-3)
    assert found.values.sum() == pytest.approx(0)


def test_among_equals_the_share_of_ties_tells_nu() -> None:
    """P(tie) = nu / (2 + nu): 40 % of ties make nu 4/3."""
    found = bt.strengths(of([(0, 1, 0)] * 300 + [(0, 1, 1)] * 300 + [(1, 0, 2)] * 400, 2))
    assert found.tie == pytest.approx(np.log(4 / 3), abs=1e-3)
    assert found.values == pytest.approx([0, 0], abs=1e-9)


def test_without_ties_the_strengths_are_those_of_choix_with_the_same_ridge() -> None:
    found = bt.strengths(of([(a, b, 0) for a, b in golden.inputs().comparisons()], 5))
    expected = np.array(golden.expected()["bradley_terry"])
    # Its model has no ties at all, ours a chance of them that the ridge keeps above 0.
    assert found.values == pytest.approx(expected - expected.mean(), abs=5e-4)


def test_the_place_of_a_clip_does_not_change_its_strength() -> None:
    pairs = golden.inputs().comparisons()
    turned = [(a, b, 0) if k % 2 else (b, a, 1) for k, (a, b) in enumerate(pairs)]
    straight = bt.strengths(of([(a, b, 0) for a, b in pairs], 5)).values
    assert bt.strengths(of(turned, 5)).values == pytest.approx(straight)


def test_a_system_that_never_lost_is_strongest_finite_and_named() -> None:
    choices = of([(0, 1, 0)] * 20 + [(0, 2, 0)] * 20 + [(1, 2, 0)] * 12 + [(1, 2, 1)] * 8, 3)
    found = bt.strengths(choices).values
    assert found[0] > found[1] > found[2]
    assert np.isfinite(found).all()
    assert found[0] - found[1] > 3
    assert bt.unbeaten(choices) == [0]


def test_total_separation_of_all_gives_their_order() -> None:
    choices = of([(a, b, 0) for a in range(5) for b in range(a + 1, 5)] * 4, 5)
    assert np.argsort(-bt.strengths(choices).values).tolist() == [0, 1, 2, 3, 4]
    assert bt.unbeaten(choices) == [0, 4]


def test_known_strengths_are_found_again() -> None:
    rng = np.random.default_rng(0)
    truth, nu = np.array([1.0, 0.3, -0.2, -1.1]), 0.8
    rows = []
    for a in range(4):
        for b in range(a + 1, 4):
            weights = np.array([np.exp(truth[a]), np.exp(truth[b]), nu * np.exp((truth[a] + truth[b]) / 2)])
            rows += [(a, b, int(k)) for k in rng.choice(3, 4000, p=weights / weights.sum())]
    found = bt.strengths(of(rows, 4))
    assert found.values == pytest.approx(truth, abs=0.05)
    assert found.tie == pytest.approx(np.log(nu), abs=0.05)


def test_systems_that_were_never_compared_even_over_others_are_not_ranked() -> None:
    choices = of([(0, 1, 0), (1, 0, 0), (2, 3, 0), (3, 2, 2)], 4)
    assert bt.components(choices) == [{0, 1}, {2, 3}]
    with pytest.raises(ValueError, match="fall apart into 2 groups"):
        bt.strengths(choices)
    assert bt.components(of([(0, 1, 0), (2, 1, 0), (2, 3, 2)], 4)) == [{0, 1, 2, 3}]


def test_the_tally_counts_wins_of_the_lower_code_first_wherever_it_was_shown() -> None:
    choices = of([(0, 2, 0), (2, 0, 0), (2, 0, 1), (1, 2, 2), (0, 1, 1)], 3)
    assert bt.tally(choices).tolist() == [[0, 1, 0], [2, 1, 0], [0, 0, 1]]


def test_bootstrap_strengths_scatter_around_the_estimate_and_follow_from_the_seed() -> None:
    choices = of([(a, b, 0) for a, b in golden.inputs().comparisons()], 5)
    one, same = (bt.bootstrap_strengths(choices, draws=300, seed=3) for _ in range(2))
    assert (one == same).all()
    low, high = np.quantile(one, [0.025, 0.975], axis=0)
    found = bt.strengths(choices).values
    assert ((low < found) & (found < high)).all()


def test_draws_that_lose_a_system_give_no_number() -> None:
    choices = bt.Choices(
        np.array([0, 0]), np.array([1, 2]), np.array([0, 1]), np.array([0, 1]), np.array([0, 0]), systems=3
    )
    found = bt.bootstrap_strengths(choices, draws=200, seed=0)
    assert np.isnan(found).all(axis=1).any()
    assert np.isfinite(found).all(axis=1).any()
