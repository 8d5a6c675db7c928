"""What is measured of the sound of an edit."""

import numpy as np
import pytest

from tta_bench.editing.sounds import boundary_jump, envelope_correlation, log_spectral_distance
from tta_bench.types import Clip, Floats

RATE = 16_000


def clip(samples: Floats) -> Clip:
    return Clip(np.asarray(samples, dtype=np.float32), RATE)


def noise(seed: int, n: int = RATE) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.1, n)


def gate(*loud: tuple[float, float], n: int = RATE) -> Floats:
    times = np.arange(n) / RATE
    return np.sum([(times >= a) & (times < b) for a, b in loud], axis=0) + 1e-3


def test_the_same_time_course_of_another_sound_correlates_and_the_opposite_one_does_not() -> None:
    first, second = gate((0, 0.5)), gate((0.5, 1.0))
    assert envelope_correlation(clip(noise(0) * first), clip(noise(1) * first)) > 0.99
    assert envelope_correlation(clip(noise(0) * first), clip(noise(1) * second)) < -0.99


def test_a_flat_envelope_correlates_with_nothing() -> None:
    assert envelope_correlation(clip(np.ones(RATE)), clip(noise(0) * gate((0, 0.5)))) == 0.0


def test_twice_the_amplitude_is_six_db_of_log_spectral_distance_within_the_span_only() -> None:
    source = noise(0, 2 * RATE)
    edited = source * np.where(np.arange(2 * RATE) < RATE, 1, 2)
    assert log_spectral_distance(clip(edited), clip(source), (1.2, 1.9)) == pytest.approx(6.02, abs=0.05)
    assert log_spectral_distance(clip(edited), clip(source), (0.1, 0.8)) == 0.0


def test_a_boundary_jumps_by_what_the_source_does_not() -> None:
    source = noise(0)
    louder = source * np.where(np.arange(RATE) < RATE // 2, 1, 10)
    assert boundary_jump(clip(source), clip(source), (0.5, 1.0)) == 0.0
    assert boundary_jump(clip(louder), clip(source), (0.5, 1.0)) == pytest.approx(20.0, abs=2.0)
