"""Animals, people and music: what a renderer promises, and what each level of each trait promises to the ear."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.signal import stft

from tta_bench.scenes import signals
from tta_bench.scenes.sound import SAMPLE_RATE, Samples, SoundClass, Traits
from tta_bench.scenes.sounds import animals, birds, music, people

SOUNDS = {sound.name: sound for sound in (*animals.SOUNDS, *birds.SOUNDS, *people.SOUNDS, *music.SOUNDS)}
CORNERS = [
    (sound, dict(zip(sound.traits, levels, strict=True)))
    for sound in SOUNDS.values()
    for levels in product(*sound.traits.values())
]
every_corner = pytest.mark.parametrize(
    ("sound", "traits"), CORNERS, ids=[f"{sound.name}-{'-'.join(traits.values())}" for sound, traits in CORNERS]
)


def render(sound: SoundClass, seed: int, traits: Traits | None = None, duration: float | None = None) -> Samples:
    chosen = {trait: levels[0] for trait, levels in sound.traits.items()} | dict(traits or {})
    return sound.render(np.random.default_rng(seed), chosen, duration or min(sound.seconds[1], 2.5))


def spectrum(samples: Samples) -> tuple[Samples, Samples]:
    power: Samples = np.abs(np.fft.rfft(samples)) ** 2
    return np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE).astype(np.float64), power


def centroid(samples: Samples) -> float:
    frequencies, power = spectrum(samples)
    return float(np.sum(frequencies * power) / np.sum(power))


def lowest_partial(samples: Samples) -> float:
    """The lowest frequency that carries a peak within 25 dB of the strongest."""
    frequencies, power = spectrum(samples * np.hanning(len(samples)))
    return float(frequencies[np.argmax((power > power.max() * 10**-2.5) & (frequencies > 40))])


def period(samples: Samples) -> float:
    """The pitch in Hz of a voice, by the highest peak of its mean cepstrum."""
    levels = np.abs(stft(samples, SAMPLE_RATE, nperseg=1024)[2])
    energy = np.sum(levels**2, axis=0)
    logs = np.log(levels[:, energy > 0.1 * energy.max()] + 1e-3 * levels.max()).mean(axis=1)
    first, last = SAMPLE_RATE // 900, SAMPLE_RATE // 50
    return float(SAMPLE_RATE / (first + np.argmax(np.fft.irfft(logs - logs.mean())[first:last])))


def loudness(samples: Samples) -> Samples:
    """The level of each 10 ms."""
    whole = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)))


def rises(samples: Samples) -> float:
    """How much the level rises, all rises together, in units of its mean: for what swells and sinks."""
    level = np.convolve(loudness(samples), np.hanning(7) / 3, "same")
    return float(np.sum(np.maximum(0, np.diff(level))) / np.mean(level))


def attacks(samples: Samples) -> float:
    """The number of onsets, by the peaks of what each moment adds to the log spectrum 30 ms before."""
    levels = np.abs(stft(samples, SAMPLE_RATE, nperseg=512, noverlap=352)[2])
    logs = np.log1p(300 * levels / levels.max())
    flux = np.convolve(np.maximum(0, logs[:, 3:] - logs[:, :-3]).sum(axis=0), np.hanning(9), "same")
    peaks = (flux[1:-1] > flux[:-2]) & (flux[1:-1] >= flux[2:]) & (flux[1:-1] > 0.35 * np.quantile(flux, 0.99))
    return float(np.sum(peaks))


def changes(samples: Samples) -> float:
    """How unlike the spectrum of 0.13 s before a moment's is on average, 0..1: for notes that run into each other."""
    levels = np.sqrt(np.abs(stft(samples, SAMPLE_RATE, nperseg=2048, noverlap=1536)[2]))
    levels /= np.linalg.norm(levels, axis=0) + 1e-9
    return float(np.mean(1 - np.sum(levels[:, 4:] * levels[:, :-4], axis=0)))


def unevenness(samples: Samples) -> float:
    level = np.convolve(loudness(samples), np.ones(10) / 10, "valid")
    return float(np.std(level) / np.mean(level))


def climb(samples: Samples) -> float:
    """By how many Hz the second half is brighter than the first."""
    half = len(samples) // 2
    return centroid(samples[half:]) - centroid(samples[:half])


# sound, trait, the level that has less of the measure, the level that has more
PROMISES: list[tuple[str, str, str, str, Callable[[Samples], float]]] = [
    ("dog bark", "size", "large", "small", centroid),
    ("cat meow", "pitch", "low", "high", period),
    ("cow", "pitch", "low", "high", period),
    ("sheep", "pitch", "low", "high", lowest_partial),
    ("frog", "pitch", "low", "high", centroid),
    ("frog", "speed", "slow", "fast", changes),
    ("cricket", "speed", "slow", "fast", rises),
    ("insect buzz", "pitch", "low", "high", period),
    ("insect buzz", "motion", "steady", "darting", unevenness),
    ("bird song", "pitch", "low", "high", centroid),
    ("bird song", "speed", "slow", "fast", attacks),
    ("rooster", "pitch", "low", "high", lowest_partial),
    ("crow", "pitch", "low", "high", centroid),
    ("owl", "pitch", "low", "high", lowest_partial),
    ("hand clapping", "pitch", "low", "high", centroid),
    ("hand clapping", "speed", "slow", "fast", attacks),
    ("whistling", "pitch", "low", "high", centroid),
    ("laughter", "pitch", "low", "high", lowest_partial),
    ("laughter", "speed", "slow", "fast", attacks),
    ("snoring", "pitch", "low", "high", period),
    ("snoring", "speed", "slow", "fast", rises),
    ("cough", "pitch", "low", "high", centroid),
    ("sneeze", "pitch", "low", "high", period),
    ("heartbeat", "speed", "slow", "fast", attacks),
    ("crowd", "mood", "calm", "excited", centroid),
    ("church bell", "pitch", "low", "high", lowest_partial),
    ("piano", "pitch", "low", "high", lowest_partial),
    ("piano", "speed", "slow", "fast", attacks),
    ("guitar pluck", "pitch", "low", "high", centroid),
    ("guitar pluck", "speed", "slow", "fast", attacks),
    ("flute", "pitch", "low", "high", lowest_partial),
    ("flute", "speed", "slow", "fast", changes),
    ("organ", "pitch", "low", "high", lowest_partial),
    ("organ", "speed", "slow", "fast", changes),
    ("drum hit", "pitch", "low", "high", centroid),
    ("sine tone", "pitch", "low", "high", centroid),
    ("sine tone", "motion", "steady", "rising", climb),
    ("white noise", "motion", "steady", "pulsing", unevenness),
]


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
def test_a_seed_gives_the_same_samples_again_and_another_seed_others(sound: SoundClass) -> None:
    first, again, other = (render(sound, seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    shared = min(len(first), len(other))
    assert abs(np.corrcoef(first[:shared], other[:shared])[0, 1]) < 0.95


@every_corner
def test_it_is_finite_without_dc_and_starts_and_ends_in_silence(sound: SoundClass, traits: dict[str, str]) -> None:
    samples = render(sound, 5, traits)
    assert samples.dtype == np.float64
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert abs(samples.mean()) < 0.01 * np.abs(samples).max()
    assert np.abs(samples).max() == pytest.approx(1)
    assert np.abs(samples[[0, -1]]).max() < 1e-6
    assert np.abs(samples[-8:]).max() < 0.05


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
def test_a_sustained_sound_lasts_as_long_as_asked_and_a_single_one_at_most(sound: SoundClass) -> None:
    for duration in sound.seconds:
        n = len(render(sound, 3, duration=duration))
        if sound.sustained:
            assert n == round(duration * SAMPLE_RATE)
        else:
            assert 0.1 * SAMPLE_RATE <= n <= round(duration * SAMPLE_RATE)


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
def test_a_sustained_sound_goes_on_to_its_end(sound: SoundClass) -> None:
    if sound.sustained:
        level = loudness(render(sound, 4, duration=6.0))
        assert level[-200:].max() > 0.25 * level.max()


def test_every_trait_has_a_promise_and_every_promise_a_trait() -> None:
    promised = {(name, trait) for name, trait, *_ in PROMISES}
    assert promised == {(sound.name, trait) for sound in SOUNDS.values() for trait in sound.traits}


@pytest.mark.parametrize(
    ("name", "trait", "less", "more", "measure"), PROMISES, ids=[f"{name}-{trait}" for name, trait, *_ in PROMISES]
)
@pytest.mark.long
def test_a_level_changes_the_sound_as_its_name_says(
    name: str, trait: str, less: str, more: str, measure: Callable[[Samples], float]
) -> None:
    low, high = ([measure(render(SOUNDS[name], seed, {trait: level})) for seed in range(5)] for level in (less, more))
    assert np.median(high) > max(np.median(low), 0) * 1.1
    assert sum(b > a for a, b in zip(low, high, strict=True)) >= 4


@pytest.mark.parametrize("frequency", [50.0, 440.0, 3000.0])
def test_modes_ring_at_their_frequency_and_lose_60_db_in_their_t60(frequency: float) -> None:
    t = signals.times(16000)
    expected = 0.5 * np.sin(2 * np.pi * frequency * t + 0.3) * 10 ** (-3 * t / 0.7)
    assert np.allclose(signals.modes(16000, frequency, 0.7, 0.5, 0.3), expected, atol=1e-9)


@pytest.mark.parametrize("frequency", [90.0, 440.0, 1000.0])
def test_buzz_has_every_harmonic_8_7_db_lower_per_cutoff_and_nothing_between(frequency: float) -> None:
    _, power = spectrum(signals.buzz(np.full(SAMPLE_RATE, frequency), 1500.0) * np.hanning(SAMPLE_RATE))
    levels = 10 * np.log10([power[round(k * frequency)] for k in range(1, int(5000 / frequency))])
    assert np.allclose(np.diff(levels), -20 * np.log10(np.e) * frequency / 1500, atol=0.5)
    assert 10 * np.log10(power[round(1.5 * frequency)]) < levels[0] - 40


def test_resonate_passes_its_peak_with_its_gain() -> None:
    tone = np.sin(signals.phase(1000.0, SAMPLE_RATE))
    assert np.abs(signals.resonate(tone, [1000], [80], [0.5])[8000:]).max() == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("slope", [0.0, -3.0, -6.0])
def test_noise_has_the_slope_that_is_asked_for(slope: float) -> None:
    frequencies, power = spectrum(signals.noise(np.random.default_rng(0), 4 * SAMPLE_RATE, slope))
    octaves = [power[(frequencies >= 200 * 2**k) & (frequencies < 200 * 2 ** (k + 1))].mean() for k in range(5)]
    assert np.allclose(np.diff(10 * np.log10(octaves)), slope, atol=0.7)


def test_a_room_adds_a_tail_of_its_length_with_its_part_of_the_energy() -> None:
    blow = signals.decay(1600, 0.02)
    wet = signals.room(np.random.default_rng(0), blow, 0.5, 0.5)
    assert len(wet) == len(blow) + 8000 - 1
    tail = wet.copy()
    tail[: len(blow)] -= blow
    assert np.sum(tail**2) / np.sum(blow**2) == pytest.approx(0.25)
