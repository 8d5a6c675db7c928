"""A scene as one hears it, and its timeline as it really is: onsets and offsets are measured, not those planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft
from scipy.signal import resample

from tta_bench.scenes.scene import SILENCE, Part, Scene, stream
from tta_bench.scenes.signals import highpass, length, lowpass, noise, room
from tta_bench.scenes.sound import SAMPLE_RATE, Samples
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.types import Event

HEARD_DB = 32.0
"""A sound lasts while its envelope is within so many dB of its highest."""
NOISE_FLOOR_DB = -79.0
"""RMS of the noise under every scene, dB of full scale."""
AUDIBLE_DB = 8.0
"""What an event has above all others, in some band, in a third of the frames in which it is at its loudest."""

_HOP, _WINDOW = 80, 320
_ROOM, _LAYOUT, _FLOOR, _EVENTS = 2, 3, 4, 16


@dataclass(frozen=True)
class _Take:
    """A sound in its room, and where in it one begins and ceases to hear it."""

    samples: Samples
    onset: int
    offset: int

    @property
    def seconds(self) -> float:
        return (self.offset - self.onset) / SAMPLE_RATE


@dataclass(frozen=True)
class _Stem:
    """One event alone, as long as the scene, at a level of its own."""

    samples: Samples
    soundings: tuple[tuple[float, float], ...]

    @property
    def rms(self) -> float:
        """While it sounds."""
        heard = [self.samples[length(onset) : length(offset) + 1] for onset, offset in self.soundings]
        return float(np.sqrt(np.mean(np.concatenate(heard) ** 2)))


def render(scene: Scene) -> tuple[NDArray[np.float32], tuple[Event, ...]]:
    """The samples `(n,)` of a scene at 16 kHz, peak below -1 dB of full scale, and its events in the scene's order.

    Bit-identical for a scene. Each event is drawn from a generator of its own; `onset`, `offset` and `soundings` are
    where its envelope, in its room, is within 32 dB of its peak.
    """
    n = round(scene.duration * SAMPLE_RATE)
    takes = [_takes(scene, k) for k in range(len(scene.events))]
    stems = [_stem(n, heard, onsets) for heard, onsets in zip(takes, _onsets(scene, takes), strict=True)]
    stems = _audible(stems)
    rng = stream(scene.seed, scene.split, _FLOOR)
    loudest = max(stem.rms for stem in stems)
    mixture = np.sum([stem.samples for stem in stems], axis=0)
    gain = min(10 ** (rng.uniform(-26, -14) / 20) / loudest, 10 ** (-1.1 / 20) / float(np.abs(mixture).max()))
    mixture = gain * mixture + 10 ** (NOISE_FLOOR_DB / 20) * noise(rng, n, -2)
    events = [_event(part, stem, loudest) for part, stem in zip(scene.events, stems, strict=True)]
    return mixture.astype(np.float32), tuple(events)


def _event(part: Part, stem: _Stem, loudest: float) -> Event:
    onset, offset = stem.soundings[0][0], stem.soundings[-1][1]
    level = round(20 * float(np.log10(stem.rms / loudest)), 2)
    return Event(part.sound, onset, offset, part.count, level, stem.soundings)


def _takes(scene: Scene, k: int) -> list[_Take]:
    """Every sounding of an event, at the event's level: one rendering, said again a little faster, slower, softer."""
    part, rng = scene.events[k], stream(scene.seed, scene.split, _EVENTS + k)
    heard = _in_room(scene, rng, part)
    heard = heard * 10 ** (_level(rng, part) / 20) / _loudness(heard)
    takes = [_measured(heard)]
    for _ in range(part.times - 1):
        speed, louder = rng.uniform(0.97, 1.03), 10 ** (rng.uniform(-1.5, 1.5) / 20)
        takes.append(_measured(louder * resample(heard, next_fast_len(round(len(heard) / speed), real=True))))
    return takes


def _in_room(scene: Scene, rng: np.random.Generator, part: Part) -> Samples:
    """The sound of a part in the scene's room; from afar it is duller, and the room is more of it."""
    sound = SOUNDS[part.sound]
    samples = sound.render(rng, part.traits, part.seconds)
    shared = stream(scene.seed, scene.split, _ROOM)
    t60, wet = shared.uniform(0.2, 0.8), shared.uniform(0.04, 0.16)
    if part.traits["distance"] == "far" and "distance" not in sound.traits:
        samples, wet = lowpass(samples, 1800, order=1), 3 * wet
    reverberated = room(shared, samples, t60, wet)
    return np.pad(reverberated, (0, next_fast_len(len(reverberated), real=True) - len(reverberated)))


def _level(rng: np.random.Generator, part: Part) -> float:
    """The loudness of a part in dB, beside the 0 of something ordinary."""
    if part.step is None:
        return float(rng.uniform(-15, -8))
    return float(rng.uniform(-2, 2) - (rng.uniform(6, 10) if part.traits["distance"] == "far" else 0))


def _loudness(samples: Samples) -> float:
    """The highest RMS of any 0.1 s, without the bass that ears hear less of."""
    power = np.cumsum(highpass(samples, 150, order=1) ** 2)
    window = min(1600, len(power) - 1)
    return float(np.sqrt(np.max(power[window:] - power[:-window]) / window))


def _measured(samples: Samples) -> _Take:
    """Where a sound begins and ends for the ear."""
    power = np.concatenate([[0.0], np.cumsum(np.pad(samples, _WINDOW) ** 2)])[::_HOP]
    width = _WINDOW // _HOP
    envelope = power[width:] - power[:-width]
    heard = np.flatnonzero(envelope > envelope.max() * 10 ** (-HEARD_DB / 10)) * _HOP - _WINDOW
    # The first window that hears anything hears it at its end, the last one at its beginning.
    return _Take(samples, max(0, int(heard[0]) + _WINDOW - _HOP), min(len(samples), int(heard[-1]) + _HOP))


def _onsets(scene: Scene, takes: Sequence[Sequence[_Take]]) -> list[list[float]]:
    """When each sounding of each event begins: steps one after another, what shares a step within its longest part."""
    rng = stream(scene.seed, scene.split, _LAYOUT)
    spans = [_span(rng, part, heard) for part, heard in zip(scene.events, takes, strict=True)]
    steps = [[k for k, part in enumerate(scene.events) if part.step == s] for s in range(len(scene.steps))]
    lengths = [max(spans[k][-1] for k in step) for step in steps]
    pauses = rng.uniform(0.05, 0.4, len(steps))
    spare = scene.duration - sum(lengths) - sum(pauses)
    start = max(0.02, rng.uniform(0.0, 0.9) * spare)
    begin = [0.0] * len(spans)
    for step, longest, pause in zip(steps, lengths, pauses, strict=True):
        for k in step:
            begin[k] = start + rng.uniform(0, 1) * (longest - spans[k][-1])
        start += longest + pause
    return [[first + later for later in span[:-1]] for first, span in zip(begin, spans, strict=True)]


def _span(rng: np.random.Generator, part: Part, takes: Sequence[_Take]) -> list[float]:
    """When an event's soundings begin, from its first on, and when the last ends."""
    onsets, now = [], 0.0
    for take in takes:
        onsets.append(now)
        now += take.seconds + max(SILENCE, part.gap * rng.uniform(0.9, 1.1))
    return [*onsets, onsets[-1] + takes[-1].seconds]


def _stem(n: int, takes: Sequence[_Take], onsets: Sequence[float]) -> _Stem:
    """The takes at their onsets, with what is audible of each inside the n samples."""
    mixture, soundings = np.zeros(n), []
    for take, onset in zip(takes, onsets, strict=True):
        start = round(onset * SAMPLE_RATE) - take.onset
        samples = take.samples[max(0, -start) :][: n - max(0, start)]
        mixture[max(0, start) : max(0, start) + len(samples)] += samples
        end = min(n, start + take.offset)
        soundings.append((round((start + take.onset) / SAMPLE_RATE, 4), round(end / SAMPLE_RATE, 4)))
    return _Stem(mixture, tuple(soundings))


def _audible(stems: list[_Stem]) -> list[_Stem]:
    """The stems, each raised as far as the others would hide it."""
    powers = [_bands(stem.samples) for stem in stems]
    gains = np.ones(len(stems))
    for _ in range(3):
        for k in range(len(stems)):
            rest = (gains[j] ** 2 * powers[j] for j in range(len(stems)) if j != k)
            others = sum(rest, np.full_like(powers[k], 1e-9))
            gains[k] *= 10 ** (max(0.0, AUDIBLE_DB - _clearance(gains[k] ** 2 * powers[k], others)) / 20)
    return [replace(stem, samples=gain * stem.samples) for stem, gain in zip(stems, gains, strict=True)]


def _bands(samples: Samples) -> Samples:
    """The power `(n_frames, 24)` in bands of equal width in octaves, in frames of 64 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 512), 1024)[::512]
    power = np.abs(rfft(frames * np.hanning(1024))) ** 2
    edges = np.unique(np.geomspace(3, 480, 25).astype(int))
    return np.asarray(np.add.reduceat(power, edges, axis=1))


def _clearance(event: Samples, others: Samples) -> float:
    """The dB by which an event stands above the others, in its best band, in a third of its loud frames."""
    loudness = event.sum(axis=1, keepdims=True)
    loud = loudness[:, 0] > 0.01 * loudness.max()
    telling = np.where(event > 0.05 * loudness, event / others, 1e-9)[loud].max(axis=1)
    return 10 * float(np.log10(np.quantile(telling, 2 / 3)))
