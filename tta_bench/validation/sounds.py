"""Changes of a clip's sound: what no caption asks for and a listener hears at once.

Each takes `samples`, float64 `(n,)` or `(n_channels, n)`, `sample_rate` in Hz and a generator, and returns samples of
the same shape. A change of the same clip draws the same at every grade, so a stronger one is never luckier.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tta_bench import audio
from tta_bench.types import Clip

Samples = NDArray[np.float64]
Rng = np.random.Generator
Change = Callable[[Samples, int, Rng], Samples]


def noisy(snr: float, samples: Samples, _sample_rate: int, rng: Rng) -> Samples:
    """With white noise, `snr` dB below the clip's RMS."""
    noise = rng.standard_normal(samples.shape)
    return np.asarray(samples + noise * np.sqrt(np.mean(samples**2)) * 10 ** (-snr / 20))


def muffled(cutoff: float, samples: Samples, sample_rate: int, _rng: Rng) -> Samples:
    """Without what is above `cutoff` kHz (Butterworth, order 8); the clip itself where it has nothing up there."""
    if 2000 * cutoff >= sample_rate:
        return samples
    return np.asarray(sosfilt(butter(8, 1000 * cutoff, fs=sample_rate, output="sos"), samples))


def clipped(drive: float, samples: Samples, _sample_rate: int, _rng: Rng) -> Samples:
    """`drive` dB louder and cut off at the peak that it had, so that a quiet clip suffers as a loud one does."""
    peak = np.abs(samples).max()
    return np.clip(samples * 10 ** (drive / 20), -peak, peak)


def silenced(percent: float, samples: Samples, _sample_rate: int, rng: Rng) -> Samples:
    """Silent for `percent` of its time, in one piece at any place; a longer piece holds the shorter ones."""
    n = samples.shape[-1]
    length = round(percent / 100 * n)
    start = round(rng.uniform() * (n - length))
    return np.concatenate(
        [samples[..., :start], np.zeros_like(samples[..., :length]), samples[..., start + length :]], axis=-1
    )


def backwards(samples: Samples, _sample_rate: int, _rng: Rng) -> Samples:
    """From its end to its beginning."""
    return samples[..., ::-1]


def changed(path: Path, change: Change, seed: int) -> Clip:
    """The clip of a file, changed; made quieter where it would leave full scale."""
    clip = audio.decode(path)
    samples = change(clip.samples.astype(np.float64), clip.sample_rate, np.random.default_rng(seed))
    return Clip((samples / max(1.0, float(np.abs(samples).max()))).astype(np.float32), clip.sample_rate)
