"""Weather, vehicles, machines, alarms, home and blasts: what a renderer promises, and what each level of each trait."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from tta_bench.scenes.sound import SAMPLE_RATE, Samples, SoundClass
from tta_bench.scenes.sounds import alarms, blasts, home, machines, vehicles, weather

FAMILIES = (weather, vehicles, machines, alarms, home, blasts)
SOUNDS = {sound.name: sound for family in FAMILIES for sound in family.SOUNDS}
CORNERS = [
    (sound, dict(zip(sound.traits, levels, strict=True)))
    for sound in SOUNDS.values()
    for levels in product(*sound.traits.values())
]
every_sound = pytest.mark.parametrize("sound", SOUNDS.values(), ids=list(SOUNDS))
every_corner = pytest.mark.parametrize(
    ("sound", "traits"), CORNERS, ids=[f"{sound.name}-{'-'.join(traits.values())}" for sound, traits in CORNERS]
)


def render(sound: SoundClass, seed: int = 0, duration: float | None = None, **traits: str) -> Samples:
    chosen = {trait: levels[0] for trait, levels in sound.traits.items()} | traits
    return sound.render(np.random.default_rng(seed), chosen, duration or min(sound.seconds[1], 2.5))


def spectrum(samples: Samples) -> tuple[Samples, Samples]:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    return np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), power


def brightness(samples: Samples) -> float:
    """The centre of the power spectrum, in Hz."""
    frequencies, power = spectrum(samples)
    return float(np.sum(frequencies * power) / np.sum(power))


def lowest_partial(samples: Samples) -> float:
    """The lowest frequency in Hz that carries a peak within 20 dB of the strongest."""
    frequencies, power = spectrum(samples)
    return float(frequencies[np.argmax((power > power.max() / 100) & (frequencies > 40))])


def pitch(samples: Samples) -> float:
    """The rate in Hz at which the waveform repeats, 20..500, by the peak of its autocorrelation."""
    power = np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2
    lags = np.fft.irfft(power)
    first, last = SAMPLE_RATE // 500, SAMPLE_RATE // 20
    return float(SAMPLE_RATE / (first + np.argmax(lags[first:last])))


def noisiness(samples: Samples) -> float:
    """The flatness of the spectrum from 200 to 6000 Hz in steps of about 8 Hz: 1 is white noise, a tone is near 0."""
    frames = samples[: len(samples) // 2048 * 2048].reshape(-1, 2048) * np.hanning(2048)
    power = np.mean(np.abs(np.fft.rfft(frames)) ** 2, axis=0)[26:768]
    return float(np.exp(np.mean(np.log(power + 1e-12))) / np.mean(power))


def loudness(samples: Samples) -> Samples:
    """The level of each 10 ms."""
    return np.sqrt(np.mean(samples[: len(samples) // 160 * 160].reshape(-1, 160) ** 2, axis=1))


def events(samples: Samples, apart: float = 0.08) -> float:
    """How many times a second the level leaps by 4 dB within 30 ms to near its peak, not sooner than `apart`."""
    level = 20 * np.log10(loudness(samples) + 1e-4)
    before = np.minimum(level[:-3], np.minimum(level[1:-2], level[2:-1]))
    leaps = np.flatnonzero((level[3:] > before + 4) & (level[3:] > level.max() - 20))
    return float(np.sum(np.diff(leaps, prepend=-99) > 100 * apart) / seconds(samples))


def grains(samples: Samples) -> float:
    return events(samples, apart=0.02)


def pace(samples: Samples, fastest: float = 50.0) -> float:
    """The centre in Hz of how fast the level swings, weighted by how much, up to the fastest that counts."""
    level = loudness(samples)
    swings = np.abs(np.fft.rfft((level / level.mean() - 1) * np.hanning(len(level)))) ** 2
    rates = np.fft.rfftfreq(len(level), 0.01)
    return float(np.sum((swings * rates)[rates < fastest]) / np.sum(swings[rates < fastest]))


def swell_pace(samples: Samples) -> float:
    return pace(samples, fastest=0.6)


def unevenness(samples: Samples) -> float:
    level = np.convolve(loudness(samples), np.ones(20) / 20, "valid")
    return float(np.std(level) / np.mean(level))


def glide(samples: Samples) -> float:
    """How far the pitch strays from its mean, as a part of it, over pieces of 0.25 s."""
    pitches = [pitch(piece) for piece in samples[: len(samples) // 4000 * 4000].reshape(-1, 4000)]
    return float(np.std(pitches) / np.mean(pitches))


def lateness(samples: Samples) -> float:
    """The time in s around which the energy lies: an echo makes it later."""
    return float(np.sum(samples**2 * np.arange(len(samples))) / np.sum(samples**2) / SAMPLE_RATE)


def spikiness(samples: Samples) -> float:
    """The kurtosis: many spikes that are far apart have more of it than many that run together."""
    return float(np.mean(samples**4) / np.mean(samples**2) ** 2)


def seconds(samples: Samples) -> float:
    return len(samples) / SAMPLE_RATE


# sound, trait, the level that has less of the measure, the level that has more
PROMISES: list[tuple[str, str, str, str, Callable[[Samples], float]]] = [
    ("rain", "intensity", "heavy", "light", spikiness),
    ("rain", "surface", "metal roof", "ground", noisiness),
    ("thunder", "distance", "far", "near", brightness),
    ("wind", "intensity", "light", "strong", brightness),
    ("sea waves", "speed", "slow", "fast", swell_pace),
    ("stream", "flow", "gentle", "rushing", noisiness),
    ("dripping water", "pitch", "low", "high", brightness),
    ("dripping water", "speed", "slow", "fast", events),
    ("bubbles", "size", "large", "small", brightness),
    ("bubbles", "speed", "slow", "fast", grains),
    ("car passing", "speed", "slow", "fast", unevenness),
    ("motorcycle", "size", "large", "small", pitch),
    ("motorcycle", "motion", "idling", "revving", unevenness),
    ("helicopter", "distance", "far", "near", brightness),
    ("helicopter", "speed", "slow", "fast", pace),
    ("train", "speed", "slow", "fast", grains),
    ("airplane", "engine", "propeller", "jet", brightness),
    ("chainsaw", "throttle", "steady", "revving", glide),
    ("drill", "pitch", "low", "high", pitch),
    ("vacuum cleaner", "pitch", "low", "high", pitch),
    ("siren", "pitch", "low", "high", lowest_partial),
    ("siren", "distance", "far", "near", brightness),
    ("fast siren", "pitch", "low", "high", lowest_partial),
    ("fast siren", "pattern", "two-tone", "yelp", noisiness),
    ("car horn", "pitch", "low", "high", lowest_partial),
    ("car horn", "length", "short", "long", seconds),
    ("telephone ring", "pitch", "low", "high", lowest_partial),
    ("telephone ring", "kind", "electronic", "bell", noisiness),
    ("alarm beep", "pitch", "low", "high", lowest_partial),
    ("alarm beep", "speed", "slow", "fast", events),
    ("doorbell", "pitch", "low", "high", lowest_partial),
    ("clock tick", "speed", "slow", "fast", events),
    ("clock tick", "size", "large", "small", brightness),
    ("door knock", "force", "soft", "hard", brightness),
    ("door slam", "weight", "heavy", "light", brightness),
    ("footsteps", "surface", "carpet", "boards", brightness),
    ("footsteps", "speed", "slow", "fast", events),
    ("keyboard typing", "keyboard", "laptop", "mechanical", brightness),
    ("keyboard typing", "speed", "slow", "fast", grains),
    ("glass breaking", "size", "large", "small", brightness),
    ("hammering", "surface", "wood", "metal", brightness),
    ("hammering", "speed", "slow", "fast", events),
    ("sawing", "material", "wood", "metal", brightness),
    ("sawing", "speed", "slow", "fast", pace),
    ("coins", "number", "many", "one", spikiness),
    ("zipper", "speed", "fast", "slow", seconds),
    ("gunshot", "gun", "rifle", "pistol", brightness),
    ("gunshot", "distance", "near", "far", lateness),
    ("explosion", "distance", "far", "near", brightness),
    ("fireworks", "effect", "whistling", "crackling", noisiness),
]


@every_corner
def test_a_seed_gives_the_same_samples_again_and_another_seed_others(sound: SoundClass, traits: dict[str, str]) -> None:
    first, again, other = (render(sound, seed, 0.8, **traits) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    shared = min(len(first), len(other))
    assert abs(np.corrcoef(first[:shared], other[:shared])[0, 1]) < 0.95


@every_corner
def test_it_is_finite_without_dc_and_starts_and_ends_in_silence(sound: SoundClass, traits: dict[str, str]) -> None:
    samples = render(sound, 3, **traits)
    assert samples.dtype == np.float64
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert abs(samples.mean()) < 0.01 * np.abs(samples).max()
    assert np.abs(samples).max() == pytest.approx(1)
    assert np.abs(samples[[0, -1]]).max() < 1e-6
    assert np.abs(samples[-16:]).max() < 0.05


@every_sound
@pytest.mark.long
def test_a_sustained_sound_lasts_as_long_as_asked_and_a_single_one_at_most(sound: SoundClass) -> None:
    for duration in (0.3, sound.seconds[0], min(sound.seconds[1], 4.0)):
        n = len(render(sound, 3, duration))
        if sound.sustained:
            assert n == round(duration * SAMPLE_RATE)
        else:
            assert 0.1 * SAMPLE_RATE <= n <= round(duration * SAMPLE_RATE)


@every_sound
def test_a_sustained_sound_goes_on_to_its_end(sound: SoundClass) -> None:
    if sound.sustained:
        level = loudness(render(sound, 4, 5.0))
        assert level[-200:].max() > 0.1 * level.max()


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
    duration = 9.0 if name in ("sea waves", "train") else None  # longer than a wave, and than the horn of a train
    below, above = (
        [measure(render(SOUNDS[name], seed, duration, **{trait: level})) for seed in range(3)] for level in (less, more)
    )
    assert np.median(above) > 1.15 * np.median(below)
    assert np.mean([a > b for a, b in zip(above, below, strict=True)]) > 0.5
