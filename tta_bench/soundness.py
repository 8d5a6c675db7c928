"""Clips that cannot be what they claim: silent, clipped, too short or long, or with another's sample rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tta_bench.types import Clip

SILENT = 10 ** (-80 / 20)
"""Peak below which a clip counts as silent: -80 dBFS, three steps of 16 bits."""
FULL_SCALE = 32767 / 32768
CLIPPED_RUN = 3
"""Samples in a row at full scale that a clean signal does not reach: a sine would have to be below 30 Hz."""
CLIPPED_FRACTION = 0.001
DURATION_TOLERANCE = 0.05
"""10.24 s, the clips of many latent models, pass for 10 s."""
STANDARD_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)
RATE_TOLERANCE = 0.005
MOVED = 0.4
"""Of the distance that two rates predict. Not half: the upper end of a spectrum stays where the header puts it."""
N_FFT = 2048


@dataclass(frozen=True)
class ClipReport:
    """What one decoded clip measures, in plain numbers: `asdict` goes through JSON and back unchanged."""

    n_samples: int
    """Of one channel."""
    n_channels: int
    sample_rate: int
    """Hz."""
    duration: float
    """Seconds."""
    peak: float
    """Largest absolute sample of all channels; full scale is 1."""
    rms: float
    """Over all channels."""
    clipped: float
    """Fraction of the samples that stand in runs of three or more at full scale."""
    centroid: float
    """Hz; geometric mean of the frequencies above 50 Hz, weighted by the spectrum's magnitude. 0 for silence.

    Tells a wrong sample rate better than the usual rolloff at 95 % of the energy, to which high frequencies are
    nothing, and than a bandwidth, which a wrong header leaves at its own Nyquist frequency.
    """


def clip_report(clip: Clip) -> ClipReport:
    """The measurements of one clip, about 3 ms for 10 s at 44.1 kHz. Raises ValueError for a clip without samples."""
    channels = np.atleast_2d(clip.samples)
    n_channels, n_samples = channels.shape
    if n_samples == 0:
        raise ValueError("a clip without samples has no measurements")
    peak = max(float(channels.max()), -float(channels.min()))
    return ClipReport(
        n_samples=n_samples,
        n_channels=n_channels,
        sample_rate=clip.sample_rate,
        duration=clip.duration,
        peak=peak,
        rms=float(np.linalg.norm(channels)) / channels.size**0.5,
        clipped=_clipped(channels) if peak >= FULL_SCALE else 0.0,
        centroid=_centroid(channels, clip.sample_rate),
    )


def _clipped(channels: NDArray[np.float32]) -> float:
    full = np.abs(channels) >= FULL_SCALE
    n_starts = full.shape[1] - CLIPPED_RUN + 1
    starts = np.logical_and.reduce([full[:, i : n_starts + i] for i in range(CLIPPED_RUN)])
    in_run = np.zeros_like(full)
    for i in range(CLIPPED_RUN):
        in_run[:, i : n_starts + i] |= starts
    return float(in_run.mean())


def _centroid(channels: NDArray[np.float32], sample_rate: int) -> float:
    import scipy.fft  # late, because scores from stored features need no spectrum, and its import a third of a second

    length = min(N_FFT, channels.shape[1])
    frames = channels[:, : channels.shape[1] // length * length].reshape(-1, length)
    spectrum = scipy.fft.rfft(frames * np.hanning(length).astype(np.float32), N_FFT).view(np.float32)
    energy = np.einsum("ij,ij->j", spectrum, spectrum).reshape(-1, 2).sum(axis=1)
    frequencies = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    magnitude = np.sqrt(energy[frequencies > 50])
    if not magnitude.any():
        return 0.0
    return float(np.exp(np.average(np.log(frequencies[frequencies > 50]), weights=magnitude)))


def flags(report: ClipReport, *, expected_duration: float | None = None) -> tuple[str, ...]:
    """What is wrong with a clip: "silent", "clipped", "short", "long", or nothing.

    Silent: the peak is below -80 dBFS. Clipped: over 0.1 % of the samples stand in runs at full scale. Short or long:
    over 5 % off `expected_duration` in seconds, where one is given.
    """
    found = {"silent": report.peak < SILENT, "clipped": report.clipped > CLIPPED_FRACTION}
    if expected_duration is not None:
        found["short"] = report.duration < (1 - DURATION_TOLERANCE) * expected_duration
        found["long"] = report.duration > (1 + DURATION_TOLERANCE) * expected_duration
    return tuple(name for name, holds in found.items() if holds)


def wrong_rate(reports: Sequence[ClipReport]) -> dict[int, str]:
    """Which clips of a set carry a sample rate in their header that cannot be true, by index, and what it should be.

    A clip is suspected if another standard rate would give it a duration that at least a quarter of the clips (and
    three) share to 0.5 %, and more than share its own. Suspects with the same two rates stand or fall together: the
    median of their centroids must be off that of the clips they would join, the way the rates predict and by two
    fifths of it or more. Silent clips are left out.

    Duration is the strong evidence, the spectrum the weak. Of 200 recordings of ten kinds, 5 s each, read at 16
    instead of 44.1 kHz, 71 % were found alone among the others at 16 kHz, and 97 % as a tenth of the set; of honest
    clips of exactly that suspicious duration, 23 % were accused alone and 3 % as a tenth.
    """
    audible = {i: report for i, report in enumerate(reports) if report.centroid > 0}
    durations = np.array([report.duration for report in audible.values()])
    centroids = np.array([report.centroid for report in audible.values()])
    suspects: dict[tuple[int, int], list[int]] = defaultdict(list)
    lengths = {(report.n_samples, report.sample_rate): report for report in audible.values()}
    rates = {length: _shared_rate(report, durations) for length, report in lengths.items()}
    for i, report in audible.items():
        rate = rates[report.n_samples, report.sample_rate]
        if rate != report.sample_rate:
            suspects[report.sample_rate, rate].append(i)
    found: dict[int, str] = {}
    for (header, rate), indices in suspects.items():
        usual = np.median(centroids[_sharing(audible[indices[0]], rate, durations)])
        moved = np.log(usual / np.median([audible[i].centroid for i in indices]))
        if moved / np.log(rate / header) >= MOVED:
            found |= dict.fromkeys(indices, f"header says {header} Hz, duration and spectrum say {rate} Hz")
    return found


def _sharing(report: ClipReport, sample_rate: int, durations: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whose durations this clip would share at another sample rate."""
    return np.abs(durations * sample_rate / report.n_samples - 1) <= RATE_TOLERANCE


def _shared_rate(report: ClipReport, durations: NDArray[np.float64]) -> int:
    """The sample rate at which most clips share the duration of this one, if these are enough; else its own."""
    n_sharing = {rate: _sharing(report, rate, durations).sum() for rate in (report.sample_rate, *STANDARD_RATES)}
    best = max(n_sharing, key=lambda rate: n_sharing[rate])
    return best if n_sharing[best] >= max(3, len(durations) / 4) else report.sample_rate
