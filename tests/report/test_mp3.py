"""What a page plays."""

import io

import numpy as np
import pytest
import soundfile

from tta_bench.report.page.mp3 import mp3
from tta_bench.types import Clip

LATE = 1105
"""Samples that every MP3 by LAME begins with."""


@pytest.mark.parametrize(("rate", "played"), [(16_000, 16_000), (44_100, 44_100), (96_000, 48_000), (17_000, 48_000)])
def test_the_sound_is_the_clip_s_at_a_rate_that_mp3_has(rate: int, played: int) -> None:
    def tone(sample_rate: int) -> np.ndarray:
        return (0.5 * np.sin(2 * np.pi * 440 * np.arange(sample_rate) / sample_rate)).astype(np.float32)

    sound, found = soundfile.read(io.BytesIO(mp3(Clip(tone(rate), rate))))
    assert found == played
    assert sound[LATE : LATE + played] == pytest.approx(tone(played), abs=0.05)


@pytest.mark.parametrize(("n", "heard"), [(1, 1), (2, 2), (6, 1)])
def test_two_channels_stay_two_and_more_are_mixed(n: int, heard: int) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((n, 16_000)).astype(np.float32)
    assert soundfile.info(io.BytesIO(mp3(Clip(noise if n > 1 else noise[0], 16_000)))).channels == heard


def test_the_same_clip_is_the_same_bytes() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    assert mp3(Clip(noise, 16_000)) == mp3(Clip(noise, 16_000))
