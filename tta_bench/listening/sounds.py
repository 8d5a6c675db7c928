"""Sounds that a test makes itself: anchors, spoilt clips, beeps to count, and stimuli that tell headphones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tta_bench.types import Clip

Samples = NDArray[np.float32]
RATE = 44_100
"""Hz of sounds that are made from nothing."""
SPOILT = 10.0
"""dB by which the noise of a spoilt clip is louder than the clip."""
BEEP, PAUSE = 0.22, 0.28
HUGGINS = (600.0, 0.06)
"""Hz of the pitch, and the width of the band around it as a share of it (Milne et al. 2021)."""
ANTIPHASE = 200.0
"""Hz of a tone that is softer from loudspeakers where its channels are opposite (Woods et al. 2017)."""
N_HEADPHONE = 6
"""Trials of the headphone check, three sounds each."""


def lowpass(clip: Clip, cutoff: float) -> Clip:
    """The clip without what lies above `cutoff` Hz: an anchor of BS.1534; unchanged where there is nothing above."""
    from scipy.signal import ellip, sosfiltfilt

    if cutoff >= 0.49 * clip.sample_rate:
        return clip
    # Run both ways, so half of the ripple and attenuation: at most 0.1 dB, and at least 50 dB.
    sections = ellip(10, 0.05, 30, cutoff, fs=clip.sample_rate, output="sos")
    return Clip(sosfiltfilt(sections, clip.samples).astype(np.float32), clip.sample_rate)


def spoilt(clip: Clip, rng: np.random.Generator) -> Clip:
    """The clip under noise that is 10 dB louder: nobody who listens calls that good."""
    rms = max(float(np.sqrt(np.mean(np.square(clip.samples, dtype=np.float64)))), 1e-3)
    noise = rng.standard_normal(clip.samples.shape) * rms * 10 ** (SPOILT / 20)
    mixed = clip.samples + noise
    return Clip((mixed / np.abs(mixed).max()).astype(np.float32), clip.sample_rate)


def beeps(n: int, sample_rate: int) -> Clip:
    """So many beeps of 880 Hz, half a second apart."""
    t = np.arange(round(BEEP * sample_rate)) / sample_rate
    one = np.concatenate([_faded(np.sin(2 * np.pi * 880 * t), sample_rate), np.zeros(round(PAUSE * sample_rate))])
    silence = np.zeros(round(PAUSE * sample_rate))
    return Clip((0.3 * np.concatenate([silence, np.tile(one, n)])).astype(np.float32), sample_rate)


def huggins(*, target: bool, rng: np.random.Generator, seconds: float = 1.0) -> Clip:
    """White noise to both ears, `(2, n)`; where it is the target, with a faint pitch that only headphones can give.

    The phase of one ear turns by 360 degrees across a narrow band (Cramer & Huggins 1958): the ears' difference is the
    pitch, and a loudspeaker mixes it away.
    """
    n = round(seconds * RATE)
    noise = rng.standard_normal(n)
    spectrum, frequencies = np.fft.rfft(noise), np.fft.rfftfreq(n, 1 / RATE)
    centre, width = HUGGINS
    turn = np.clip((frequencies / centre - 1 + width / 2) / width, 0, 1) * 2 * np.pi
    other = np.fft.irfft(spectrum * np.exp(1j * turn), n) if target else noise
    return _stereo(noise, other)


def antiphase(*, kind: str, seconds: float = 1.0) -> Clip:
    """A tone of 200 Hz to both ears, `(2, n)`: `plain`, `opposite` in one ear, or the `quiet` one, 6 dB softer."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * ANTIPHASE * t) * (10 ** (-6 / 20) if kind == "quiet" else 1.0)
    return _stereo(tone, -tone if kind == "opposite" else tone, gain=0.2)


def _stereo(left: NDArray[np.float64], right: NDArray[np.float64], gain: float = 0.05) -> Clip:
    both = [gain * _faded(channel, RATE) for channel in (left, right)]
    return Clip(np.stack(both).astype(np.float32), RATE)


def _faded(samples: NDArray[np.float64], sample_rate: int, seconds: float = 0.01) -> NDArray[np.float64]:
    """Without a click at either end."""
    n = round(seconds * sample_rate)
    ramp = np.minimum(1, np.minimum(np.arange(len(samples)), np.arange(len(samples))[::-1]) / n)
    return samples * ramp
