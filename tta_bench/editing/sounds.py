"""What is measured of the sound of an edited clip, beside its source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import stft

from tta_bench.types import Clip, Floats

FLOOR_DB = 80.0
"""dB below the loudest point of the source from which on nothing is told apart."""
FRAME = 0.05
"""Seconds of a frame of an envelope, and of what is compared on either side of a boundary."""
_HOP = 256


def envelope(clip: Clip) -> NDArray[np.float64]:
    """RMS in dB `(n_frames,)` of frames of 50 ms, no lower than 60 dB below the loudest one."""
    size = round(FRAME * clip.sample_rate)
    frames = clip.samples[: len(clip.samples) // size * size].reshape(-1, size).astype(np.float64)
    power = np.maximum((frames**2).mean(axis=1), 1e-12)
    return np.asarray(10 * np.log10(np.maximum(power, power.max() * 1e-6)))


def envelope_correlation(clip: Clip, source: Clip) -> float:
    """Pearson's correlation of two envelopes in dB; 0 where one of them is flat."""
    a, b = envelope(clip), envelope(source)
    if min(a.std(), b.std()) < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def log_spectral_distance(clip: Clip, source: Clip, span: tuple[float, float]) -> float:
    """dB: over the frames of a span, the mean of the RMS difference of two log magnitude spectra (Gray and Markel,
    https://doi.org/10.1109/TASSP.1976.1162849), of which nothing counts that is 80 dB below the source's loudest
    point."""
    a, b = (_levels(one, source) for one in (clip, source))
    first, last = (round(time * clip.sample_rate / _HOP) for time in span)
    difference = (a - b)[:, first : max(last, first + 1)]
    return float(np.sqrt((difference**2).mean(axis=0)).mean())


def boundary_jump(clip: Clip, source: Clip, span: tuple[float, float]) -> float:
    """dB by which the mean spectra of the 50 ms before and after a span's ends differ, over the source's own jump:
    0 where no more happens there than in the source."""
    duration = clip.duration
    edges = [edge for edge in span if FRAME <= edge <= duration - FRAME]
    return float(np.mean([abs(_jump(clip, source, edge) - _jump(source, source, edge)) for edge in edges] or [0.0]))


def _jump(clip: Clip, source: Clip, edge: float) -> float:
    place, size = round(edge * clip.sample_rate), round(FRAME * clip.sample_rate)
    floor = float(np.abs(source.samples).max()) * 10 ** (-FLOOR_DB / 20)
    sides = (clip.samples[place - size : place], clip.samples[place : place + size])
    before, after = (np.abs(np.fft.rfft(side * np.hanning(size))) / size for side in sides)
    bands = np.array_split(np.arange(len(before)), 16)
    return float(np.mean([abs(_db(before[band], floor) - _db(after[band], floor)) for band in bands]))


def _db(magnitudes: Floats, floor: float) -> float:
    return float(20 * np.log10(max(np.sqrt((magnitudes**2).mean()), floor, 1e-12)))


def _levels(clip: Clip, source: Clip) -> NDArray[np.float64]:
    _, _, spectrum = stft(clip.samples, nperseg=4 * _HOP, noverlap=3 * _HOP)
    _, _, loudest = stft(source.samples, nperseg=4 * _HOP, noverlap=3 * _HOP)
    return np.asarray(20 * np.log10(np.maximum(np.abs(spectrum), np.abs(loudest).max() * 10 ** (-FLOOR_DB / 20))))
