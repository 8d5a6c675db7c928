"""How loud a clip is and what makes it as loud as the others: ITU-R BS.1770-4, without a peak that clips."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
from numpy.typing import NDArray

from tta_bench.resample import resample
from tta_bench.types import Clip

BLOCK = 0.4
"""Seconds of a gating block; a new one begins each quarter of it."""
PEAK = -1.0
"""dBTP that no clip goes beyond (EBU R 128)."""
OVERSAMPLED = 192_000
"""Hz at which peaks between samples are looked for: four times 48 kHz, as BS.1770-4 has it."""


@dataclass(frozen=True)
class Level:
    """What a clip measures, and what is done about it."""

    lufs: float | None
    """Integrated loudness; None for a clip that is nowhere above the absolute gate of -70 LUFS."""
    gain_db: float
    flags: tuple[str, ...]
    """"silent": left as it is. "short": less than a block, measured as one. "peak-limited": stays below the target."""


def reach(clip: Clip) -> float | None:
    """The loudness in LUFS that a clip can be brought to before its true peak goes beyond -1 dBTP; None for silence."""
    lufs = integrated(clip)
    return None if lufs is None else lufs + PEAK - true_peak(clip)


def level(clip: Clip, target: float | None) -> Level:
    """The gain that brings a clip to `target` LUFS, or as close as its true peak lets it. None leaves it as it is."""
    lufs = integrated(clip)
    short = ("short",) if clip.duration < BLOCK else ()
    if lufs is None:
        return Level(None, 0.0, ("silent", *short))
    if target is None:
        return Level(lufs, 0.0, short)
    wanted, room = target - lufs, PEAK - true_peak(clip)
    limited = ("peak-limited",) if room < wanted else ()
    return Level(lufs, min(wanted, room), (*short, *limited))


def integrated(clip: Clip) -> float | None:
    """Integrated loudness in LUFS, None below the absolute gate.

    pyloudnorm refuses less than a block and counts a last block that is not whole, as if silence followed; so a short
    clip is measured as one block of its own length, and of others the last part of a step is left out.
    """
    from pyloudnorm import Meter

    samples = np.atleast_2d(clip.samples).T.astype(np.float64)
    n, block, step = len(samples), BLOCK * clip.sample_rate, BLOCK / 4 * clip.sample_rate
    if n >= block:
        found = Meter(clip.sample_rate).integrated_loudness(samples[: ceil((n - block) // step * step + block)])
    else:
        found = Meter(clip.sample_rate, block_size=(n - 0.01) / clip.sample_rate).integrated_loudness(samples)
    return float(found) if isfinite(found) else None


def true_peak(clip: Clip) -> float:
    """Largest absolute value between samples too, in dBTP; -inf for silence."""
    factor = max(1, ceil(OVERSAMPLED / clip.sample_rate))
    fine: NDArray[np.float32] = resample(clip.samples, clip.sample_rate, factor * clip.sample_rate, "soxr_vhq")
    peak = max(float(np.abs(fine).max()), float(np.abs(clip.samples).max()))
    return float(20 * np.log10(peak)) if peak else -np.inf
