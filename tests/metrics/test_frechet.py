"""Fréchet distance: closed forms, degenerate sets, leave-out values, the limit of infinite data, parity."""

import numpy as np
import pytest
from scipy import stats

from tta_bench.metrics import frechet
from tta_bench.metrics.frechet import frechet_distance, frechet_leave_out
from tta_bench.metrics.intervals import jackknife_blocks, leave_out
from tta_bench.metrics.rows import Rows


def with_deviations(n: int, deviations: np.ndarray, seed: int) -> np.ndarray:
    """Rows of mean 0 whose sample covariance is exactly diag(deviations^2)."""
    noise = np.random.default_rng(seed).standard_normal((n, len(deviations)))
    return np.sqrt(n - 1) * np.linalg.qr(noise - noise.mean(axis=0))[0] * deviations


def noise(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def one_row_a_clip(values: np.ndarray) -> Rows:
    return Rows(values, np.arange(len(values)))


@pytest.mark.parametrize(("n", "m"), [(40, 60), (6, 60), (60, 6)])
def test_diagonal_gaussians_differ_by_their_means_and_deviations(n, m):
    s, t, shift = np.array([1.0, 2.0, 0.5, 0.0, 3.0]), np.array([2.0, 2.0, 0.1, 1.0, 0.0]), np.arange(5.0)
    expected = (shift**2).sum() + ((s - t) ** 2).sum()
    assert frechet_distance(with_deviations(n, s, 1) + shift, with_deviations(m, t, 2)) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (8, 50)])
def test_a_shift_costs_its_squared_length(n, d):
    x, shift = noise(n, d, 0), noise(1, d, 1)
    assert frechet_distance(x + shift, x) == pytest.approx((shift**2).sum(), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (8, 50)])
def test_a_scaled_copy_costs_the_scaling_of_mean_and_deviations(n, d):
    x = noise(n, d, 0) + 2.0
    size = (x.mean(axis=0) ** 2).sum() + x.var(axis=0, ddof=1).sum()
    assert frechet_distance(0.7 * x, x) == pytest.approx(0.3**2 * size, rel=1e-12)


def test_vectors_are_sets_of_one_dimension():
    x, y = np.array([1.0, 2.0, 6.0]), np.array([0.0, 4.0, 1.0, 9.0])
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-13)
    assert frechet_distance(x[:, None], y[:, None]) == frechet_distance(x, y)


def test_two_rows_span_one_direction():
    x, y = noise(2, 9, 0), noise(2, 9, 1)
    u, v = (x[0] - x[1]) / np.sqrt(2), (y[0] - y[1]) / np.sqrt(2)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + u @ u + v @ v - 2 * abs(u @ v)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("n", "d"), [(300, 10), (30, 100), (2, 5), (40, 1), (10, 10)])
def test_identical_sets_are_at_distance_zero(n, d):
    x = noise(n, d, 3) * np.logspace(0, -6, d)
    assert 0.0 <= frechet_distance(x, x) <= 1e-13 * d * x.var(axis=0).sum()


def test_constant_sets_differ_by_their_means_alone():
    assert frechet_distance(np.full((5, 3), 2.0), np.full((9, 3), 1.0)) == 3.0


@pytest.mark.parametrize("n", [40, 400])
def test_deviations_that_a_squared_covariance_would_lose_are_kept(n):
    """The sets differ in one direction, 3e-4 against 1e-4; its eigenvalue in C1 C2 is 1e-15 of the largest."""
    s, t = np.full(30, 1.0), np.full(30, 1.0)
    s[-1], t[-1] = 1e-4, 3e-4
    assert frechet_distance(with_deviations(n, s, 1), with_deviations(n, t, 1)) == pytest.approx(4e-8, rel=1e-5)


def test_it_is_symmetric_and_lower_for_nearer_sets():
    x, y = noise(50, 6, 0), noise(40, 6, 1) + 0.5
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)
    assert frechet_distance(x, y) < frechet_distance(x, y + 0.5)


@pytest.mark.parametrize(("n", "d"), [(50, 6), (20, 64)])
def test_order_rotation_origin_and_precision_of_the_rows_do_not_matter(n, d):
    x, y = noise(n, d, 0).astype(np.float32), noise(n + 5, d, 1).astype(np.float32)
    expected = frechet_distance(x, y)
    rotation = np.linalg.qr(noise(d, d, 2))[0]
    assert frechet_distance(x[::-1], y) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(x.astype(float) + 1e4, y.astype(float) + 1e4) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(x.astype(float), y.astype(float)) == expected


def test_empty_dimensions_change_nothing_though_the_rows_become_fewer_than_the_columns():
    x, y = noise(50, 6, 0), noise(40, 6, 1)
    wide = [np.pad(side, ((0, 0), (0, 60))) for side in (x, y)]
    assert frechet_distance(*wide) == pytest.approx(frechet_distance(x, y), rel=1e-12)


def test_sets_longer_than_a_stretch_of_rows_are_measured_whole():
    x, y = noise(9000, 3, 0) * [1, 2, 3], noise(5000, 3, 1)
    x[-100:] += 50.0
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    cross = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).real).sum()
    offset = x.mean(axis=0) - y.mean(axis=0)
    expected = offset @ offset + np.trace(covariances[0] + covariances[1]) - 2 * cross
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("n", "m", "d"), [(60, 50, 8), (40, 40, 90), (30, 70, 50), (70, 30, 50), (40, 40, 1)])
def test_leave_out_values_are_the_distances_of_the_remaining_rows(n, m, d):
    x, y = one_row_a_clip(noise(n, d, 0) + 0.3), one_row_a_clip(noise(m, d, 1))
    blocks = jackknife_blocks(max(n, m), groups=7)
    expected = leave_out(frechet_distance, x, y, blocks)
    np.testing.assert_allclose(frechet_leave_out(x, y, blocks), expected, rtol=1e-9)
    assert expected.std() > 0


def test_leave_out_keeps_the_frames_of_a_clip_together_and_references_of_no_block():
    clip = np.repeat(np.arange(20), 5)
    x, y = Rows(noise(100, 6, 0), clip), Rows(noise(100, 6, 1), clip + 1000)
    blocks = jackknife_blocks(20, groups=4)
    expected = [frechet_distance(x.values[~np.isin(clip, block)], y.values) for block in blocks]
    np.testing.assert_allclose(frechet_leave_out(x, y, blocks), expected, rtol=1e-9)


def test_leave_out_survives_a_block_that_takes_a_whole_direction_with_it():
    x, y = noise(40, 6, 0), noise(40, 6, 1)
    x[1:, 5] = y[1:, 5] = 0.0
    rows, blocks = (one_row_a_clip(x), one_row_a_clip(y)), [np.array([0]), np.array([7])]
    np.testing.assert_allclose(frechet_leave_out(*rows, blocks), leave_out(frechet_distance, *rows, blocks), rtol=1e-9)


def test_a_part_without_any_variance_has_a_triangle_though_cholesky_fails():
    assert (frechet._triangle(np.eye(5, 3), np.array([0, 0, 0, 1, 1]), np.zeros(3)) == 0).all()


def test_leave_out_refuses_a_block_that_leaves_nothing_to_measure():
    x = one_row_a_clip(noise(7, 3, 0))
    with pytest.raises(ValueError, match="1 of 7 rows remain"):
        frechet_leave_out(x, x, [np.arange(6)])


def test_leave_out_survives_a_block_that_leaves_fewer_rows_than_columns():
    x, y, blocks = one_row_a_clip(noise(12, 8, 0)), one_row_a_clip(noise(12, 8, 1)), jackknife_blocks(12, groups=2)
    np.testing.assert_allclose(frechet_leave_out(x, y, blocks), leave_out(frechet_distance, x, y, blocks), rtol=1e-7)


def test_a_negative_value_counts_as_zero_within_rounding_only():
    within, beyond = np.array([[0.5 + 1e-16]]), np.array([[0.6]])
    assert frechet._combine(np.zeros(1), 1.0 - 2e-16, within) == 0.0
    assert frechet._combine(np.zeros(1), 1.0, beyond) == pytest.approx(-0.2)


def test_the_extrapolation_is_the_line_of_least_squares():
    sizes, values = np.array([10, 14, 25, 50, 80]), np.array([3.5, 3.4, 3.3, 3.05, 3.1])
    found, expected = frechet._extrapolate(sizes, values, np.ones(5)), stats.linregress(1 / sizes, values)
    assert (found.value, found.slope) == pytest.approx((expected.intercept, expected.slope))
    assert (found.r2, found.sd) == pytest.approx((expected.rvalue**2, expected.intercept_stderr))
    twice = frechet._extrapolate(np.append(sizes, 80), np.append(values, 3.1), np.ones(6))
    weighted = frechet._extrapolate(sizes, values, np.array([1, 1, 1, 1, 2]))
    assert (weighted.value, weighted.slope, weighted.r2) == pytest.approx((twice.value, twice.slope, twice.r2))


def test_subsets_that_depart_from_the_line_weigh_little():
    found = frechet._extrapolate_subsets(lambda size: 3 + 50 / size + 500 / size**2, 200, steps=15, draws=1)
    assert found.value == pytest.approx(3.0, abs=0.045)


def equal_sets(n_references: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """160 generated clips and references of one distribution in 12 dimensions: the true distance is 0."""
    spread = np.linspace(0.3, 2.0, 12)
    return noise(160, 12, seed) * spread, noise(n_references, 12, seed + 100) * spread


def test_infinity_is_zero_for_equal_distributions_and_many_references_but_drawing_with_replacement_keeps_the_bias():
    sets = [equal_sets(3000, seed) for seed in range(16)]
    plain = np.mean([frechet_distance(*pair) for pair in sets])
    ours = np.mean([frechet.frechet_infinity(one_row_a_clip(x), y, steps=8, draws=3).value for x, y in sets])
    legacy = np.mean([frechet.frechet_infinity_legacy(x, y, steps=8, smallest=40).value for x, y in sets])
    assert abs(ours) < 0.2 * plain
    assert legacy > 0.6 * plain


def test_infinity_of_both_sides_is_zero_for_equal_distributions_and_as_few_references():
    sets = [equal_sets(160, seed) for seed in range(16)]
    plain = np.mean([frechet_distance(*pair) for pair in sets])
    fixed = np.mean([frechet.frechet_infinity(one_row_a_clip(x), y, steps=8, draws=3).value for x, y in sets])
    both = np.mean([frechet.frechet_infinity_both(*map(one_row_a_clip, pair), steps=8, draws=3).value for pair in sets])
    assert fixed > 0.35 * plain
    assert abs(both) < 0.2 * plain


def test_infinity_draws_whole_clips_since_frames_of_a_clip_repeat_each_other():
    x, y = equal_sets(3000, 0)
    frames = np.repeat(x, 6, axis=0) + 0.1 * noise(960, 12, 5)
    by_clip = frechet.frechet_infinity(Rows(frames, np.repeat(np.arange(160), 6)), y).value
    by_frame = frechet.frechet_infinity(one_row_a_clip(frames), y).value
    assert by_clip < 0.5 * by_frame


def test_infinity_finds_a_true_distance_and_repeats_with_its_seed():
    x, y = equal_sets(3000, 3)
    first, again, other = (frechet.frechet_infinity(one_row_a_clip(x + 0.5), y, seed=seed) for seed in (0, 0, 1))
    assert first.value == pytest.approx(12 * 0.5**2, abs=0.8)
    assert first == again != other
    assert 0.5 < first.r2 <= 1
    assert 0 < first.sd < 0.2


def test_infinity_refuses_a_handful_of_clips():
    with pytest.raises(ValueError, match="at least 8 clips to divide, got 7"):
        frechet.frechet_infinity(one_row_a_clip(noise(7, 2, 0)), noise(50, 2, 1))


def test_it_agrees_with_audioldm_eval(arrays, golden):
    """The original's float32 means and sqrtm keep about 7 digits; of singular products fewer, hence 1e-4 for those."""
    found = {s: frechet_distance(arrays[f"{s}_generated"], arrays[f"{s}_reference"]) for s in ("tall", "wide")}
    assert found["tall"] == pytest.approx(float(golden["fd_tall"]), rel=2e-6)
    assert found["wide"] == pytest.approx(float(golden["fd_wide"]), abs=1e-4)


def test_the_legacy_infinity_agrees_with_fadtk(arrays, golden):
    """Intercept, slope and r2 magnify the 1e-7 by which the distances differ (float32 means in the original)."""
    found = frechet.frechet_infinity_legacy(arrays["tall_generated"], arrays["tall_reference"], seed=3)
    assert (found.value, found.slope, found.r2) == pytest.approx(tuple(golden["fad_inf"]), rel=1e-4)
