"""Plans: closed forms, and variances that are found again."""

import numpy as np
import pytest

from tests.listening.test_clustered import grid, sparse
from tta_bench.listening import plan
from tta_bench.listening.statistics.clustered import clustered_mean
from tta_bench.listening.statistics.planning import Variances, of_differences, variances

RELATE = plan.PRESETS["relate"]


@pytest.mark.parametrize(
    ("raters", "prompts", "expected"),
    [(6, 30, 14.6), (6, 100, 11.9), (12, 50, 9.0), (20, 50, 7.6), (30, 100, 5.5), (50, 100, 4.9)],
)
def test_half_widths_of_the_preset(raters: int, prompts: int, expected: float) -> None:
    assert RELATE.means.half_width(raters, prompts) == pytest.approx(expected, abs=0.06)


def test_a_standard_error_is_the_sum_of_its_parts() -> None:
    assert Variances(4, 9, 36).se(9, 4) == pytest.approx((4 / 4 + 9 / 9 + 36 / 36) ** 0.5)


def test_without_a_difference_power_is_the_level_and_it_grows_with_the_difference() -> None:
    of = Variances(200, 30, 700)
    powers = [of.power(difference, 12, 50) for difference in (0, 4, 6, 10)]
    assert powers[0] == pytest.approx(0.05)
    assert powers == sorted(powers)
    assert powers[3] == pytest.approx(0.93, abs=0.03)
    assert of.power(-6, 12, 50) == pytest.approx(powers[2])


def test_another_scale_changes_half_widths_in_proportion() -> None:
    one, other = (plan.rows(plan.scaled(RELATE, width), [12], [50])[0].half_widths[0] for width in (100.0, 4.0))
    assert other == pytest.approx(0.04 * one)


def test_the_fewest_prompts_reach_the_width_and_one_less_does_not() -> None:
    (row,) = plan.rows(RELATE, [20], [50], half_width=7.0, difference=8.0)
    assert row.prompts_for_half_width is not None
    assert RELATE.means.half_width(20, row.prompts_for_half_width) <= 7.0
    assert RELATE.means.half_width(20, row.prompts_for_half_width - 1) > 7.0
    assert row.prompts_for_power is not None
    assert RELATE.differences
    assert RELATE.differences.power(8.0, 20, row.prompts_for_power) >= 0.8


def test_what_a_thousand_prompts_do_not_reach_is_told_as_such() -> None:
    (row,) = plan.rows(RELATE, [6], [50], half_width=1.0)
    assert (row.prompts_for_half_width, row.prompts_for_power, row.powers) == (None, None, None)


@pytest.mark.parametrize("heard", [120, 30])
def test_variances_of_a_simulated_pilot_are_found_again(heard: int) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(30):
        r, i = grid(60, 120) if heard == 120 else sparse(60, 120, heard, rng)
        scores = rng.normal(0, 10, 120)[i] + rng.normal(0, 6, 60)[r] + rng.normal(0, 15, len(r))
        one = variances(scores, r, i)
        assert one
        found.append([one.item, one.rater, one.residual])
    assert np.mean(found, axis=0) == pytest.approx([100, 36, 225], rel=0.06)


def test_a_plan_foretells_the_standard_error_of_a_test() -> None:
    rng = np.random.default_rng(1)
    of = Variances(150, 80, 350)
    r, i = grid(20, 40)
    found = []
    for _ in range(200):
        scores = rng.normal(0, 150**0.5, 40)[i] + rng.normal(0, 80**0.5, 20)[r] + rng.normal(0, 350**0.5, 800)
        found.append(clustered_mean(scores, r, i).value)
    assert np.std(found) == pytest.approx(of.se(20, 40), rel=0.12)


def test_pilots_that_cannot_tell_raters_from_prompts_have_no_variances() -> None:
    assert variances(np.arange(5.0), np.zeros(5, int), np.arange(5)) is None
    assert variances(np.arange(5.0), np.arange(5), np.zeros(5, int)) is None
    assert variances(np.arange(4.0), np.arange(4), np.arange(4)) is None


def test_differences_need_raters_who_heard_both() -> None:
    r, i = grid(6, 8)
    scores = np.random.default_rng(2).normal(size=48)
    both = of_differences(np.r_[scores, scores[::-1]], np.r_[r, r], np.r_[i, i], np.repeat([0, 1], 48))
    apart = of_differences(np.r_[scores, scores], np.r_[r, r + 6], np.r_[i, i], np.repeat([0, 1], 48))
    assert both is not None
    assert apart is None
