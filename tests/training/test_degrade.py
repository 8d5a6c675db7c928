"""Degraded copies: same length, same times, the same again for a seed, and each kind does what it is called after."""

import numpy as np
import pytest

from tta_bench.training import degrade
from tta_bench.training.degrade import HEAVY, LIGHT

RATE = 16_000
KINDS = HEAVY | LIGHT


def burst() -> np.ndarray:
    """Noise from 1 to 1.5 s within 3 s of silence."""
    wave = np.zeros(3 * RATE, dtype=np.float32)
    wave[RATE : RATE + RATE // 2] = 0.2 * np.random.default_rng(0).standard_normal(RATE // 2)
    return wave


def energy(wave: np.ndarray, start: float, end: float) -> float:
    return float(np.sum(wave[round(start * RATE) : round(end * RATE)].astype(float) ** 2))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leaves_sounds_where_they_are(kind: str) -> None:
    wave = burst()
    copy = np.asarray(KINDS[kind](np.random.default_rng(1), wave))
    assert len(copy) == len(wave)
    assert np.isfinite(copy).all()
    assert not np.array_equal(copy, wave)
    assert energy(copy, 0.95, 1.6) > 0.75 * energy(copy, 0, 3)
    edge = np.abs(copy) > 0.2 * np.abs(copy).max()
    assert edge.argmax() / RATE == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_stays_finite(kind: str) -> None:
    assert np.abs(KINDS[kind](np.random.default_rng(1), np.zeros(RATE, dtype=np.float32))).max() < 1e-3


def test_a_copy_is_the_same_again_for_a_seed_and_another_one_for_another() -> None:
    first, again, other = (degrade.degrade(np.random.default_rng(seed), burst()) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert not np.array_equal(first[0], other[0])


def test_a_vocoder_keeps_the_spectrum() -> None:
    time = np.arange(2 * RATE) / RATE
    wave = (0.3 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    found = np.abs(np.fft.rfft(degrade.vocoder(np.random.default_rng(0), wave)))
    assert found.argmax() / 2 == pytest.approx(1000, abs=40)


def test_more_rounds_bring_the_spectrogram_nearer() -> None:
    magnitude = np.abs(degrade._spectrum(burst()))

    def distance(n_rounds: int) -> float:
        wave = degrade.griffin_lim(np.random.default_rng(0), magnitude, 3 * RATE, n_rounds)
        return float(np.linalg.norm(np.abs(degrade._spectrum(wave)) - magnitude))

    assert distance(16) < 0.8 * distance(2) < 0.8 * distance(0)


def test_a_spectrogram_has_its_wave() -> None:
    np.testing.assert_allclose(degrade._wave(degrade._spectrum(burst()), 3 * RATE), burst(), atol=1e-5)
