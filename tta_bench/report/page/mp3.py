"""Sound for a page: small, and played by every browser. No score is ever computed from it."""

from __future__ import annotations

import numpy as np

from tta_bench.resample import resample
from tta_bench.types import Clip

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz, that an MP3 can have."""
HALF_BAND = 24_000
"""Hz, up to which half the bits are enough."""
EFFORT = 7
"""LAME's, from 0, the slowest, to 9; what libsndfile asks for takes 3.5 times as long."""


def mp3(clip: Clip) -> bytes:
    """The clip as MP3 at its own rate where MP3 has it, else at 48 kHz: 48 kbit/s a channel, 96 above 24 kHz.

    As any MP3 it begins 1,105 samples late. More than two channels are mixed to one.
    """
    import lameenc

    rate = clip.sample_rate if clip.sample_rate in RATES else RATES[-1]
    samples = np.atleast_2d(clip.samples)
    if len(samples) > 2:
        samples = samples.mean(axis=0, keepdims=True)
    if rate != clip.sample_rate:
        samples = resample(samples, clip.sample_rate, rate, "soxr_vhq")
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_quality(EFFORT)
    encoder.set_channels(len(samples))
    encoder.set_bit_rate((48 if rate <= HALF_BAND else 96) * len(samples))
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(rate)
    steps = np.rint(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    return bytes(encoder.encode(np.ascontiguousarray(steps.T).tobytes()) + encoder.flush())
