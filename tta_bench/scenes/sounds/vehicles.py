"""Vehicles: engines as trains of explosions in a pipe, rotors that beat the air, jets, rails and horns on the move."""

from __future__ import annotations

import numpy as np

from tta_bench.scenes.signals import (
    band_noise,
    beats,
    contour,
    decay,
    finish,
    harmonics,
    highpass,
    length,
    lowpass,
    modes,
    noise,
    phase,
    place,
    resonate,
    room,
    saturate,
    swell,
    times,
    unit,
    wander,
)
from tta_bench.scenes.sound import Samples, SoundClass, Traits

SPEED_OF_SOUND = 340.0


def _engine(
    rng: np.random.Generator, firing: Samples, *, cylinders: int, roughness: float, pipe: float = 1.0
) -> Samples:
    """An engine at an RMS of 1 that fires at a rate `(n,)`, each cylinder with a level of its own.

    Explosions are bursts of pressure and noise, never quite equal, that ring in an exhaust pipe.
    """
    n = len(firing)
    turns = phase(firing * (1 + 0.01 * wander(rng, n, 20))) / (2 * np.pi)
    cylinder = np.floor(turns).astype(int)
    within = turns - cylinder
    levels = rng.uniform(0.7, 1, cylinders)[cylinder % cylinders] * rng.uniform(0.85, 1, cylinder[-1] + 1)[cylinder]
    burst = levels * np.exp(-8 * within) * np.minimum(1, within * 30)
    blast = unit(highpass(burst, 30)) + roughness * unit(burst * noise(rng, n))
    exhaust = [pipe * f for f in (110, 250, 480, 900, 1700, 3000, 4800)]
    return unit(resonate(blast, exhaust, [0.5 * f for f in exhaust], [1, 1, 1, 1.3, 1.5, 1.5, 1.2]))


def _passing(samples: Samples, speed: float, nearest: float, when: float) -> Samples:
    """What a listener hears of a source that drives past in a straight line: nearer, then farther, with Doppler shift.

    `speed` in m/s, `nearest` distance in m, reached at `when` seconds.
    """
    t = times(len(samples))
    distance = np.hypot(nearest, speed * (t - when))
    heard = t - (distance - nearest) / SPEED_OF_SOUND
    moved = np.interp(heard, t, samples, left=0.0, right=0.0)
    far = lowpass(moved, 900, order=1)
    closeness = nearest / distance
    return closeness**1.2 * (closeness * moved + (1 - closeness) * far)


def _car_passing(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A car that drives past: tyres hiss on the road, the engine hums beneath, the pitch falls as it passes."""
    pad = length(0.5)
    n = length(duration) + pad
    speed, nearest, rate = {"slow": (11, 9, 70), "fast": (27, 8, 110)}[traits["speed"]]
    tyres = highpass(noise(rng, n, -1.5), 200) + 1.5 * band_noise(rng, n, 500, 1500, order=1)
    motor = _engine(rng, rate * rng.uniform(0.85, 1.15) * np.ones(n), cylinders=4, roughness=0.5)
    car = lowpass(unit(tyres) * np.exp(0.08 * wander(rng, n, 8)) + 0.7 * motor, 7000, order=1)
    passed = _passing(car, speed * rng.uniform(0.85, 1.15), nearest, 0.5 + duration * rng.uniform(0.4, 0.6))[pad:]
    return finish(passed * swell(n - pad, 0.2 * duration, 0.3 * duration), 0.1)


def _motorcycle(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A motorcycle with two cylinders that idles, or revs up again and again."""
    n = length(duration)
    idle, pipe = {"small": (rng.uniform(42, 52), 1.4), "large": (rng.uniform(24, 30), 0.8)}[traits["size"]]
    if traits["motion"] == "idling":
        firing, throttle = idle * (1 + 0.03 * wander(rng, n, 2)), np.ones(n)
    else:
        twist = np.sin(phase(rng.uniform(0.45, 0.75), n) + rng.uniform(-1.2, 0))
        rev = lowpass(np.clip(twist, 0, 1) ** 0.7, 3)
        firing, throttle = idle * (1.4 + 3.0 * rev), 0.35 + rev
    motor = saturate(_engine(rng, firing, cylinders=2, roughness=0.5, pipe=pipe * rng.uniform(0.9, 1.1)), 1.0)
    rattle = 0.12 * band_noise(rng, n, 800, 5000, order=1)
    return finish((motor + rattle) * throttle, 0.1)


def _helicopter(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Rotor blades that slap the air, over the roar of the turbine; from afar only the thud of the blades is left."""
    n = length(duration)
    rate = rng.uniform(*{"slow": (10, 13), "fast": (18, 23)}[traits["speed"]])
    slap = (0.5 + 0.5 * np.cos(phase(rate * (1 + 0.005 * wander(rng, n, 1))))) ** 3
    air = highpass(noise(rng, n, -4), 70)
    rotor = unit(air) * (0.3 + slap)
    if traits["distance"] == "near":
        whine = harmonics(rng.uniform(500, 800) * (1 + 0.003 * wander(rng, n, 3)), [1, 0.5, 0.4, 0.2])
        # A slap is a thud, and the turbine roars on between two of them: bright blows over silence are a gun's.
        rotor += 0.3 * unit(air) + 0.12 * band_noise(rng, n, 300, 2500, order=1) * (1 + slap) + 0.05 * whine
    else:
        rotor = lowpass(rotor, 350, order=1)
    return finish(rotor * np.exp(0.1 * wander(rng, n, 0.5)), 0.2)


def _flown_over(samples: Samples, height: float) -> Samples:
    """A sound with its echo from the ground, later the higher the source stands: the comb that sweeps as it passes."""
    n = len(samples)
    t = times(n)
    delay = contour(n, (0, 0.2 * height), (0.5, height), (1, 0.2 * height)) / SPEED_OF_SOUND
    return samples + 0.7 * np.interp(t - delay, t, samples, left=0.0)


def _airplane(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """An airplane overhead: the roar and whine of a jet, or the drone of a propeller."""
    n = length(duration)
    top = rng.uniform(0.4, 0.65)
    fly, fall = contour(n, (0, 0.4), (top, 1), (1, 0.35)), contour(n, (0, 1.1), (top, 1), (1, 0.9))
    if traits["engine"] == "jet":
        roar = unit(highpass(lowpass(noise(rng, n, -3), rng.uniform(400, 700), order=1), 80))
        whine = harmonics(rng.uniform(1800, 2600) * fall * (1 + 0.002 * wander(rng, n, 20)), [1, 0.4, 0.2])
        jet = roar + 0.4 * band_noise(rng, n, 400, 3000, order=1) * fly + 0.1 * unit(whine) * fly
        return finish(_flown_over(jet, rng.uniform(0.8, 1.5)) * fly, 0.3)
    blades = rng.uniform(75, 105) * fall
    drone = _engine(rng, blades, cylinders=3, roughness=0.2, pipe=1.1)
    drone += 0.8 * _engine(rng, blades * rng.uniform(1.006, 1.02), cylinders=3, roughness=0.2)
    air = highpass(noise(rng, n, -4), 100)
    return finish(_flown_over(lowpass(drone + 0.7 * unit(air), 1500, order=1), 0.6) * fly, 0.3)


def _train(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Wagons that rumble and clack over rail joints, and a horn of three notes."""
    n, m = length(duration), length(0.25)
    rate = {"slow": 0.9, "fast": 2.4}[traits["speed"]] * rng.uniform(0.9, 1.1)
    axles = (beats(rng, duration, rate, 0.03)[:, None] + np.array([0, 0.22]) / rate).ravel()

    def clack() -> Samples:
        steel = modes(m, rng.uniform(300, 2500, 12), 0.08, rng.normal(0, 0.3, 12))
        return rng.uniform(0.6, 1) * (band_noise(rng, m, 100, 1500, order=1) * decay(m, 0.15) + steel)

    rumble = unit(highpass(noise(rng, n, -4), 60)) * np.exp(0.2 * wander(rng, n, 5))
    rumble += 0.2 * band_noise(rng, n, 300, 2000, order=1) * np.exp(0.2 * wander(rng, n, 8))
    wagons = 0.5 * rumble + 3.0 * place(n, axles, (clack() for _ in axles))
    start, span = rng.uniform(0.05, 0.15) * duration, min(rng.uniform(1.2, 2.0), 0.5 * duration)
    horn = room(rng, place(n, [start], [_train_horn(rng, span)]), 2.0, 0.6)[:n]
    return finish(wagons + 2.5 * horn, 0.2)


def _train_horn(rng: np.random.Generator, seconds: float) -> Samples:
    """Three trumpets of a chord that slide into tune as the air comes up, never quite, at an RMS of 1."""
    n = length(seconds)
    chord, root = np.zeros(n), rng.uniform(0.94, 1.06)
    for note in (311, 370, 494):
        slide = contour(n, (0, 0.93), (0.15, 1), (0.9, 1), (1, 0.95)) * (1 + 0.002 * wander(rng, n, 15))
        bell = np.array([0.6, 0.8, 1, 0.9, 0.7, 0.5, 0.4, 0.3, 0.2, 0.15])
        chord += harmonics(note * root * rng.uniform(0.985, 1.015) * slide, bell, rng.uniform(0, 6))
    return unit(chord * swell(n, 0.15, 0.2)) + 0.2 * band_noise(rng, n, 1000, 6000) * swell(n, 0.15, 0.2)


_FAR = {"distance": ("near", "far")}
_SPEED = {"speed": ("slow", "fast")}
_LONG = (2.0, 10.0)

SOUNDS: tuple[SoundClass, ...] = (
    SoundClass("car passing", _car_passing, _SPEED, seconds=(3.0, 5.0)),
    SoundClass(
        "motorcycle",
        _motorcycle,
        {"size": ("small", "large"), "motion": ("idling", "revving")},
        sustained=True,
        seconds=_LONG,
    ),
    SoundClass("helicopter", _helicopter, _FAR | _SPEED, sustained=True, seconds=_LONG),
    SoundClass("train", _train, _SPEED, sustained=True, seconds=(3.0, 10.0)),
    SoundClass("airplane", _airplane, {"engine": ("jet", "propeller")}, sustained=True, seconds=(3.0, 10.0)),
)
