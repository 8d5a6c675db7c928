"""Agreement of raters: published tables, other packages, and the limits."""

import numpy as np
import pytest

from tests.listening import golden
from tta_bench.listening.statistics.reliability import icc, krippendorff_alpha, sos_a, split_half

# Shrout and Fleiss 1979, table 2: 6 targets, 4 judges.
SHROUT = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
# Krippendorff 2011, section C: 12 units, 4 observers.
N = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
).T


def test_icc_of_the_table_of_shrout_and_fleiss() -> None:
    found = icc(SHROUT)
    assert found is not None
    assert (found.single, found.mean) == (pytest.approx(0.29, abs=0.005), pytest.approx(0.62, abs=0.005))


@pytest.mark.parametrize("name", golden.expected()["icc"])
def test_icc_is_that_of_pingouin(name: str) -> None:
    found = icc(golden.inputs().tables()[name])
    assert found is not None
    assert [found.single, found.mean] == pytest.approx(golden.expected()["icc"][name], rel=1e-9)


@pytest.mark.parametrize("name", golden.expected()["icc"])
def test_the_mean_of_k_raters_is_as_reliable_as_spearman_and_brown_say(name: str) -> None:
    table = golden.inputs().tables()[name]
    found, k = icc(table), table.shape[1]
    assert found is not None
    assert found.mean == pytest.approx(stepped_up(found.single, k))


def stepped_up(single: float, k: int) -> float:
    return k * single / (1 + (k - 1) * single)


def test_a_table_with_gaps_or_without_differences_has_no_icc() -> None:
    assert icc(np.where(SHROUT == 9, np.nan, SHROUT)) is None
    assert icc(np.full((5, 4), 3.0)) is None
    assert icc(SHROUT[:, :1]) is None


@pytest.mark.parametrize(("level", "expected"), [("interval", 0.849), ("ordinal", 0.815)])
def test_alpha_of_krippendorffs_own_table(level: str, expected: float) -> None:
    assert krippendorff_alpha(KRIPPENDORFF, level) == pytest.approx(expected, abs=0.0005)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", golden.expected()["alpha"])
def test_alpha_is_that_of_krippendorff_the_package(name: str) -> None:
    table = golden.inputs().tables()[name]
    for level, value in golden.expected()["alpha"][name].items():
        assert krippendorff_alpha(table, level) == pytest.approx(value, abs=1e-12)


def test_alpha_is_one_for_full_agreement_and_absent_without_pairs_or_differences() -> None:
    assert krippendorff_alpha(np.array([[1.0, 1.0], [2.0, 2.0], [5.0, 5.0]])) == pytest.approx(1)
    assert krippendorff_alpha(np.array([[1.0, np.nan], [np.nan, 2.0]])) is None
    assert krippendorff_alpha(np.full((4, 3), 2.0)) is None


def test_split_half_estimates_the_reliability_of_the_mean_also_where_raters_heard_little() -> None:
    """True reliability of a mean of k ratings: v_item / (v_item + v_noise / k)."""
    rng = np.random.default_rng(0)
    table = rng.normal(0, 1, (200, 1)) + rng.normal(0, 2, (200, 40))
    sparse = np.where(rng.random(table.shape) < 0.5, table, np.nan)
    assert split_half(table) == pytest.approx(1 / (1 + 4 / 40), abs=0.03)
    assert split_half(sparse) == pytest.approx(1 / (1 + 4 / 20), abs=0.04)
    assert split_half(sparse, seed=1) == split_half(sparse, seed=1)


def test_split_half_is_absent_where_nothing_can_be_split() -> None:
    assert split_half(np.ones((10, 1))) is None
    assert split_half(np.full((10, 6), 3.0)) is None


def test_sos_is_zero_where_all_agree_and_one_where_votes_are_as_far_apart_as_can_be() -> None:
    assert sos_a(np.array([[2.0, 2, 2], [3, 3, 3], [4, 4, 4]]), 1, 5) == pytest.approx(0)
    assert sos_a(np.array([[1.0, 5, 1, 5], [1, 1, 1, 5], [5, 5, 5, 1]]), 1, 5) == pytest.approx(1)
    assert sos_a(np.array([[1.0, 2]]), 1, 5) is None
