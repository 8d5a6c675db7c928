"""Birds: whistled syllables, and the harsh pulses of a rooster and a crow."""

from __future__ import annotations

import numpy as np

from tta_bench.scenes.signals import (
    band_noise,
    contour,
    finish,
    harmonics,
    length,
    noise,
    phase,
    place,
    saturate,
    swell,
    voice,
    wander,
)
from tta_bench.scenes.sound import Samples, SoundClass, Traits


def _syllable(rng: np.random.Generator, note: float, seconds: float) -> Samples:
    """A whistled sweep around a note, up, down or arched, with a faint octave and sometimes a flutter."""
    n = length(seconds)
    ends = note * np.exp(rng.uniform(-0.25, 0.25, 3))
    pitch = contour(n, (0, ends[0]), (rng.uniform(0.3, 0.7), ends[1]), (1, ends[2]))
    pitch *= 1 + rng.choice((0, 0, 0.05)) * np.sin(phase(rng.uniform(25, 60), n))
    return harmonics(pitch, (1, 0.08)) * swell(n, 0.3 * seconds, 0.5 * seconds)


def _bird_song(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """Strophes of one or two syllables said over and over, a breath between strophes."""
    n = length(duration)
    note = rng.uniform(*{"low": (1900, 2600), "high": (4200, 5600)}[traits["pitch"]])
    step = rng.uniform(*{"slow": (0.22, 0.32), "fast": (0.07, 0.11)}[traits["speed"]])
    onsets: list[float] = []
    syllables: list[Samples] = []
    now = rng.uniform(0, 0.15)
    while now < duration:
        motif = [_syllable(rng, note * np.exp(rng.normal(0, 0.1)), step * rng.uniform(0.5, 0.9)) for _ in range(2)]
        for k in range(max(2, round(rng.uniform(0.5, 1.1) / step))):
            onsets.append(now)
            syllables.append(motif[k % len(motif)] * rng.uniform(0.7, 1))
            now += step * rng.uniform(0.95, 1.05)
        now += rng.uniform(0.15, 0.4)
    return finish(place(n, onsets, syllables) + 0.002 * noise(rng, n, -3))


def _rooster(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """One cock-a-doodle-doo: two short notes, one that breaks into roughness, and a long one that sinks."""
    n, top = length(duration), rng.uniform(*{"low": (660, 740), "high": (820, 940)}[traits["pitch"]])
    notes = (
        (0, 0.12, 0.8, 0.85, 0.6),
        (0.14, 0.22, 0.85, 1, 0.6),
        (0.24, 0.45, 1.15, 1.2, 1),
        (0.46, 1, 1.1, 0.85, 0.1),
    )
    throat = rng.uniform(0.94, 1.06)
    formants = [(1250, 300, 1), (1750, 350, 0.9), (2600, 400, 0.25), (3800, 500, 0.1), (5500, 600, 0.06)]
    crow = np.zeros(n)
    for begin, end, first, last, rough in notes:
        m = length((end - begin) * duration)
        pitch = top * contour(m, (0, 0.8 * first), (0.1, first), (0.6, last), (0.85, 0.97 * last), (1, 0.8 * last))
        note = voice(
            rng,
            pitch,
            [(throat * f, b, g) for f, b, g in formants],
            cutoff=2500,
            jitter=0.005 + 0.03 * rough,
            breath=0.4 * rough,
        )
        crow += place(n, [begin * duration], [note * swell(m, 0.02, 0.02 if end < 1 else 0.2)])
    return finish(saturate(crow, 1.0))  # a throat that is forced


def _crow(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """One caw: a rough nasal pulse train, its pitch slightly arched."""
    n, top = length(duration), rng.uniform(*{"low": (290, 360), "high": (480, 600)}[traits["pitch"]])
    pitch = contour(n, (0, 0.85 * top), (0.3, top), (1, 0.8 * top))
    throat = rng.uniform(0.95, 1.08) * (1.15 if traits["pitch"] == "high" else 1)
    formants = [(1250, 220, 1), (1800, 260, 1), (3000, 500, 0.4), (4500, 700, 0.2)]
    caw = voice(rng, pitch, [(throat * f, b, g) for f, b, g in formants], cutoff=2500, jitter=0.03, breath=0.5)
    caw *= 1 + 0.4 * np.sin(phase(pitch / 2))
    return finish(saturate(caw * swell(n, 0.04, 0.12), 0.8))


def _owl(rng: np.random.Generator, traits: Traits, duration: float) -> Samples:
    """A call: a hoot, a pause, short hoots and a long wavering one, all of them almost pure low tones."""
    n, top = length(duration), rng.uniform(*{"low": (290, 360), "high": (480, 600)}[traits["pitch"]])

    def hoot(seconds: float, waver: float) -> Samples:
        m = length(seconds)
        # Each hoot swoops up and droops: a tone that holds its pitch is a whistle or a foghorn.
        pitch = top * contour(m, (0, 0.78), (0.3, 1), (0.7, 0.97), (1, 0.75))
        shake = np.sin(phase(rng.uniform(11, 14), m))
        tone = harmonics(pitch * (1 + 0.006 * wander(rng, m, 15) + waver * shake), (1, 0.06, 0.03))
        tone += 0.05 * band_noise(rng, m, 0.7 * top, 2 * top)
        return tone * (1 + 8 * waver * shake) * swell(m, 0.08, 0.25 * seconds) * rng.uniform(0.8, 1)

    call = ((0.0, 0.24, 0.0), (0.45, 0.09, 0.0), (0.58, 0.42, 0.03))
    onsets = [start * duration for start, _, _ in call]
    hoots = (hoot(share * duration, waver) for _, share, waver in call)
    return finish(place(n, onsets, hoots))


_PITCH = {"pitch": ("low", "high")}

SOUNDS: tuple[SoundClass, ...] = (
    SoundClass("bird song", _bird_song, _PITCH | {"speed": ("slow", "fast")}, sustained=True, seconds=(1.5, 10.0)),
    SoundClass("rooster", _rooster, _PITCH, countable=True, seconds=(1.4, 2.1)),
    SoundClass("crow", _crow, _PITCH, countable=True, seconds=(0.3, 0.55)),
    SoundClass("owl", _owl, _PITCH, seconds=(1.6, 2.6)),
)
