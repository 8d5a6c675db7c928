"""How much one of two models is surely worse: sign flips against margins, and bounds that agree with them."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from tta_bench.metrics.one_sided import Excess, mean_excess, set_excess


def flipped_p(values: np.ndarray, margin: float) -> float:
    """The sign-flip test as it is defined, all flips one by one."""
    x = values - margin
    sums = [np.dot(signs, x) for signs in product([1, -1], repeat=len(x))]
    return float(np.mean([total >= x.sum() - 1e-12 for total in sums]))


@pytest.mark.parametrize("margin", [-0.5, 0.0, 0.3, 2.0])
def test_the_p_of_a_margin_is_that_of_all_sign_flips(margin: float) -> None:
    values = np.random.default_rng(0).standard_normal(9) + 0.4
    assert mean_excess(values).p(margin) == flipped_p(values, margin)


def test_sampled_flips_agree_with_a_t_test_where_values_are_normal() -> None:
    values = np.random.default_rng(1).standard_normal(200) + 0.1
    expected = stats.ttest_1samp(values, 0.0, alternative="greater").pvalue
    assert mean_excess(values).p(0.0) == pytest.approx(expected, abs=0.015)
    low = stats.ttest_1samp(values, 0.0, alternative="greater").confidence_interval(0.95).low
    assert mean_excess(values).bound(0.05) == pytest.approx(low, abs=0.01)


@pytest.mark.parametrize("kind", ["mean", "few", "set"])
def test_a_bound_lies_above_a_margin_exactly_if_its_p_lies_below_the_level(kind: str) -> None:
    rng = np.random.default_rng(2)
    known: Excess = {
        "mean": mean_excess(rng.exponential(size=60)),
        "few": mean_excess(rng.exponential(size=6)),
        "set": set_excess(0.7, 0.7 + 0.05 * rng.standard_normal(30)),
    }[kind]
    for level in (0.05, 0.017):
        bound = known.bound(level)
        for margin in (*np.linspace(-1, 3, 80), bound, np.nextafter(bound, -np.inf)):
            assert (bound > margin) == (known.p(float(margin)) < level) or margin == pytest.approx(bound)


def test_a_set_metric_has_the_bound_of_students_t() -> None:
    left_out = np.array([1.0, 1.2, 0.9, 1.1])
    known = set_excess(1.0, left_out)
    sd = np.sqrt(3 / 4 * ((left_out - left_out.mean()) ** 2).sum())
    assert known.bound(0.05) == pytest.approx(1.0 - stats.t.ppf(0.95, 3) * sd)
    assert known.p(0.0) == pytest.approx(stats.t.sf(1.0 / sd, 3))


def test_too_few_prompts_have_no_bound_and_what_never_varies_is_sure() -> None:
    assert mean_excess(np.array([1.0, 2.0])).bound(0.05) == -np.inf
    assert mean_excess(np.array([1.0, 2.0])).p(0.0) == 0.25
    never = set_excess(1.0, np.ones(5))
    assert (never.p(0.5), never.p(1.0), never.bound(0.05)) == (0.0, 1.0, 1.0)
    assert mean_excess(np.zeros(40)).p(0.0) == 1.0
