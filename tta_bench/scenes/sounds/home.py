"""Home and street: bodies that are struck, broken and rubbed."""

from __future__ import annotations

import numpy as np

from tta_bench.scenes.signals import (
    band_noise,
    bandpass,
    beats,
    contour,
    decay,
    dust,
    finish,
    highpass,
    length,
    lowpass,
    modes,
    noise,
    phase,
    place,
    resonate,
    room,
    swell,
    times,
    unit,
    wander,
)
from tta_bench.scenes.sound import SAMPLE_RATE, Samples, SoundClass, Traits


def _panel(rng: np.random.Generator, n: int, low: float, high: float, t60: float) -> Samples:
    """What a plate rings with between two frequencies, at an RMS of 1: modes at even steps, higher ones shorter."""
    f = np.sort(rng.uniform(low, high, 40))
    return unit(
        modes(n, f, t60 * rng.uniform(0.6, 1.4, 40) * (low / f) ** 0.5, rng.normal(0, 1, 40) * (low / f) ** 0.7)
    )


def _knock(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """One rap of knuckles on a door: a dull blow, the boom of the panel and the hall behind it.

    A hard rap is a shorter contact, hence a brighter blow.
    """
    n = length(min(duration, rng.uniform(0.3, 0.35)))
    cutoff = rng.uniform(*{"soft": (350, 450), "hard": (750, 950)}[traits["force"]])
    thud = lowpass(noise(rng, n), cutoff, order=1) * decay(n, rng.uniform(0.06, 0.1)) * np.minimum(1, times(n) / 0.002)
    panel = lowpass(_panel(rng, n, rng.uniform(75, 110), 700, 0.15), 2 * cutoff, order=1)
    return finish(room(rng, unit(thud) + 0.7 * panel, 0.6, 0.6)[:n] * swell(n, 0, 0.12), 0.02)


def _slam(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """One door that falls shut: the latch, the leaf that booms against its frame, and the house that answers."""
    n = length(duration)
    low, t60 = {"light": (110, 0.22), "heavy": (55, 0.5)}[traits["weight"]]
    blow = lowpass(noise(rng, n), 9 * low, order=1) * decay(n, t60) * np.minimum(1, times(n) / 0.004)
    leaf = lowpass(_panel(rng, n, low, 8 * low, t60), 6 * low, order=1)
    latch = 0.15 * unit(band_noise(rng, n, 800, 4000, order=1) * decay(n, 0.03))
    bang = unit(blow) + 0.5 * unit(leaf)
    door = place(n, (0, 0.02, rng.uniform(0.06, 0.1)), (latch, bang, latch + 0.3 * bang))
    return finish(room(rng, door, 0.9, 0.6)[:n] * swell(n, 0, 0.3 * duration), 0.1)


def _footsteps(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A walk or a run: heel, ball and the sole that scuffs, on boards that clack or a carpet that swallows it."""
    n, m = length(duration), length(0.4)
    rate = {"slow": 1.7, "fast": 2.9}[traits["speed"]] * rng.uniform(0.92, 1.08)
    top, clack, scrape = {"boards": (1500, 0.5, 0.22), "carpet": (500, 0.08, 0.12)}[traits["surface"]]
    feet = [0.4 * _panel(rng, m, 90, 600, 0.1) for _ in "lr"]

    def touch(foot: Samples) -> Samples:
        thud = foot + unit(band_noise(rng, m, 0.13 * top, top, order=1) * decay(m, 0.05))
        tap = unit(band_noise(rng, m, 1500, 6000, order=1) * decay(m, 0.02))
        return (thud + clack * tap) * np.minimum(1, times(m) / 0.004)

    def step(foot: Samples) -> Samples:
        press = swell(m, 0.03, 0.25) * np.exp(0.5 * wander(rng, m, 40))
        scuff = unit(bandpass(dust(rng, m, 3000, 6) * press, 500, 5000, order=1))
        return place(m, (0, rng.uniform(0.02, 0.05), 0.02), (touch(foot), 0.6 * touch(foot), scrape * scuff))

    onsets = beats(rng, duration, rate, 0.05)
    walk = place(n, onsets, (rng.uniform(0.7, 1) * step(feet[k % 2]) for k in range(len(onsets))))
    return finish(room(rng, walk, 0.3, 0.1)[:n] + 0.002 * np.abs(walk).max() * noise(rng, n, -3), 0.02)


def _typing(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Keys struck in bursts: the finger, the key that bottoms out and, softer, its release."""
    n, m = length(duration), length(0.2)
    rate = {"slow": 5.0, "fast": 11.0}[traits["speed"]] * rng.uniform(0.9, 1.1)
    low, t60 = {"laptop": (600, 0.035), "mechanical": (2200, 0.06)}[traits["keyboard"]]
    case = _panel(rng, m, 150, 900, 0.04)

    def touch() -> Samples:
        click = band_noise(rng, m, low * rng.uniform(0.7, 1.4), 7000, order=1)
        return unit(click * decay(m, t60 * rng.uniform(0.6, 1.5)))

    touches = [touch() for _ in range(16)]

    def key() -> Samples:
        finger, bottom, release = (touches[k] for k in rng.integers(0, 16, 3))
        down = rng.uniform(0.006, 0.018)
        parts = (0.4 * finger, bottom + 0.35 * case, rng.uniform(0.2, 0.4) * release)
        return rng.uniform(0.5, 1) * place(m, (0, down, down + rng.uniform(0.06, 0.1)), parts)

    onsets = beats(rng, duration, rate, 0.35)
    thought = np.sin(phase(0.35, n) + rng.uniform(0, 6))
    onsets = onsets[thought[np.minimum((onsets * SAMPLE_RATE).astype(int), n - 1)] > -0.9]
    desk = unit(room(rng, place(n, onsets, (key() for _ in onsets)), 0.4, 0.25)[:n])
    return finish(desk + 0.03 * noise(rng, n, -3), 0.02)  # over silence, keys are the shots of a toy gun


def _glass(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A pane or a goblet that bursts: the crack, then shards that ring, each with its own notes, as they fall."""
    n = length(duration)
    low, high, shards = {"small": (2600, 7500, 25), "large": (1200, 7000, 60)}[traits["size"]]
    crack = unit(highpass(noise(rng, n, -2), 500) * decay(n, 0.12)) * 1.5
    fall = np.concatenate([rng.exponential(0.06, shards), rng.gamma(3, 0.12, shards)]) + 0.005

    def shard() -> Samples:
        f = np.exp(rng.uniform(np.log(low), np.log(high), 4))
        ring = modes(length(0.5), f, rng.uniform(0.1, 0.5, 4), rng.normal(0, 1, 4))
        level = float(10 ** (rng.normal(0, 7) / 20) * rng.choice((-1, 1)))
        return np.asarray(level * ring)

    tinkle = place(n, fall, (shard() for _ in fall))
    dusty = unit(highpass(dust(rng, n, 800, 8), 2500)) * contour(n, (0, 1), (0.3, 0.4), (0.8, 0))
    return finish(room(rng, crack + 1.2 * unit(tinkle) + 0.3 * dusty, 0.5, 0.25)[:n] * swell(n, 0, 0.3 * duration), 0.1)


def _hammering(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Blow after blow on a nail in wood, or on metal that rings."""
    n, m = length(duration), length(0.5)
    rate = {"slow": 1.3, "fast": 2.5}[traits["speed"]] * rng.uniform(0.9, 1.1)
    if traits["surface"] == "wood":
        body = _panel(rng, m, 130, 1500, 0.12) + 0.25 * _panel(rng, m, 2500, 6000, 0.08)
    else:
        body = 0.6 * _panel(rng, m, 900, 6500, 0.5) + 0.4 * _panel(rng, m, 200, 1200, 0.1)

    def blow() -> Samples:
        crack = unit(band_noise(rng, m, 150, 3500, order=1) * decay(m, 0.04))
        return rng.uniform(0.7, 1) * (crack * rng.uniform(0.8, 1.2) + body)

    onsets = beats(rng, duration, rate, 0.05)
    return finish(room(rng, place(n, onsets, (blow() for _ in onsets)), 0.5, 0.5)[:n], 0.05)


def _strokes(rng: np.random.Generator, n: int, rate: float) -> Samples:
    """The speed `(n,)` of a hand that pushes and pulls, -1..1."""
    hand: Samples = np.sin(phase(rate * (1 + 0.08 * wander(rng, n, 2))) + rng.uniform(0, 6))
    return hand


def _sawing(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A handsaw: teeth that rasp faster in mid-stroke, louder as it is pushed than when it is pulled back."""
    n = length(duration)
    hand = _strokes(rng, n, {"slow": 1.2, "fast": 2.4}[traits["speed"]] * rng.uniform(0.9, 1.1))
    teeth = 0.5 + 0.5 * np.sin(phase(20 + 200 * np.abs(hand) * (1 + 0.1 * wander(rng, n, 50))))
    rasp = noise(rng, n, -1) * (0.5 + teeth) * np.abs(hand) * np.where(hand > 0, 1.0, 0.5)
    low = {"wood": 900, "metal": 2000}[traits["material"]] * rng.uniform(0.9, 1.1)
    blade = resonate(rasp, [low, 2.1 * low, 3.4 * low], [0.6 * low, 0.8 * low, 1.2 * low], [0.8, 1, 0.8])
    return finish(room(rng, unit(blade) + 0.3 * unit(highpass(rasp, 800)), 0.3, 0.2)[:n], 0.05)


def _coins(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Coins dropped on a table: each bounces faster and faster, and rings at notes no harmonic series has."""
    n = length(duration)
    drop, m = np.zeros(n), length(0.3)
    for start in np.sort(rng.uniform(0, 0.5, {"one": 1, "many": int(rng.integers(6, 10))}[traits["number"]])):
        f = rng.uniform(2600, 4200) * np.array([1, 1.004, 1.73, 1.9, 2.31]) * rng.uniform(0.99, 1.01, 5)
        gaps = rng.uniform(0.2, 0.3) * rng.uniform(0.72, 0.82) ** np.arange(14)
        onsets = (start if traits["number"] == "many" else 0.0) + np.cumsum(gaps) - gaps[0]
        ring = unit(modes(m, f, rng.uniform(0.08, 0.25, 5), rng.uniform(0.3, 1, 5)))
        blow = ring + unit(band_noise(rng, m, 900, 7000) * decay(m, 0.015))
        levels = 0.82 ** np.arange(14) * rng.uniform(0.5, 1, 14)
        drop += place(n, onsets, (level * blow for level in levels))
    return finish(room(rng, drop, 0.4, 0.2)[:n] * swell(n, 0, 0.2 * duration), 0.05)


def _zipper(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """One pull of a zipper: teeth that rasp past the slider, higher and louder the faster it goes."""
    quick = {"slow": (1.0, 1.5), "fast": (0.35, 0.55)}[traits["speed"]]
    n = length(min(duration, rng.uniform(*quick)))
    rate = rng.uniform(190, 240) * {"slow": 1.0, "fast": 1.6}[traits["speed"]]
    hand = contour(n, (0, 0.15), (rng.uniform(0.25, 0.4), 0.8), (0.8, 1), (1, 0.4)) * (1 + 0.05 * wander(rng, n, 10))
    teeth = np.maximum(0, np.sin(phase(rate * hand * (1 + 0.1 * wander(rng, n, 50))))) ** 2
    rasp = noise(rng, n) * (0.1 + teeth) * hand**1.5
    low = rng.uniform(900, 1200)
    slider = resonate(rasp, [low, 2.1 * low, 3.6 * low], [0.7 * low, 1.2 * low, 2 * low], [0.8, 1, 1])
    return finish(unit(slider) + 0.4 * unit(highpass(rasp, 1000)), 0.02)


_SPEED = {"speed": ("slow", "fast")}
_LONG = (2.0, 10.0)

SOUNDS: tuple[SoundClass, ...] = (
    SoundClass("door knock", _knock, {"force": ("soft", "hard")}, countable=True, seconds=(0.2, 0.35)),
    SoundClass("door slam", _slam, {"weight": ("light", "heavy")}, countable=True, seconds=(0.8, 1.5)),
    SoundClass("footsteps", _footsteps, {"surface": ("boards", "carpet")} | _SPEED, sustained=True, seconds=_LONG),
    SoundClass(
        "keyboard typing", _typing, {"keyboard": ("laptop", "mechanical")} | _SPEED, sustained=True, seconds=_LONG
    ),
    SoundClass("glass breaking", _glass, {"size": ("small", "large")}, countable=True, seconds=(1.0, 1.8)),
    SoundClass("hammering", _hammering, {"surface": ("wood", "metal")} | _SPEED, sustained=True, seconds=_LONG),
    SoundClass("sawing", _sawing, {"material": ("wood", "metal")} | _SPEED, sustained=True, seconds=_LONG),
    SoundClass("coins", _coins, {"number": ("one", "many")}, seconds=(1.5, 2.5)),
    SoundClass("zipper", _zipper, _SPEED, countable=True, seconds=(0.35, 1.5)),
)
