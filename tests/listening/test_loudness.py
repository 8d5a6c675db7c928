"""Loudness agrees with BS.1770 where it is known, and says what it does where that says nothing."""

import numpy as np
import pytest

from tta_bench.listening.loudness import PEAK, integrated, level, reach, true_peak
from tta_bench.types import Clip


def tone(seconds: float = 2.0, *, rate: int = 48_000, frequency: float = 997.0, dbfs: float = -23.0) -> Clip:
    t = np.arange(round(seconds * rate)) / rate
    return Clip((10 ** (dbfs / 20) * np.sin(2 * np.pi * frequency * t)).astype(np.float32), rate)


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_a_tone_of_1_khz_measures_its_level_less_3_lu_in_one_channel(rate: int) -> None:
    """BS.1770-4, annex 1: 0 dBFS at 997 Hz in one channel is -3.01 LKFS; at 16 kHz pyloudnorm's filter is 0.1 off."""
    assert integrated(tone(rate=rate, dbfs=0.0)) == pytest.approx(-3.01, abs=0.12)


def test_a_stereo_tone_measures_its_level() -> None:
    """EBU Tech 3341, case 1: 1 kHz in both channels at -23 dBFS is -23 LUFS."""
    mono = tone(20.0, frequency=1000.0)
    assert integrated(Clip(np.stack([mono.samples] * 2), 48_000)) == pytest.approx(-23.0, abs=0.1)


def test_silence_between_sounds_is_gated_out() -> None:
    """EBU Tech 3341, case 3: what is far softer than the rest does not count."""
    parts = [tone(10, dbfs=-36), tone(60, dbfs=-23), tone(10, dbfs=-36)]
    samples = np.concatenate([part.samples for part in parts])
    assert integrated(Clip(np.stack([samples] * 2), 48_000)) == pytest.approx(-23.0, abs=0.1)


def test_a_last_part_of_a_step_does_not_count_as_if_silence_followed() -> None:
    whole = integrated(tone(2.0))
    assert integrated(tone(2.07)) == pytest.approx(whole, abs=0.01)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.399])
def test_a_clip_shorter_than_a_block_is_measured_as_one_and_flagged(seconds: float) -> None:
    found = level(tone(seconds), -30.0)
    assert found.lufs == pytest.approx(-26.0, abs=1.0)
    assert found.flags == ("short",)


def test_a_silent_clip_is_left_as_it_is_and_flagged() -> None:
    for samples in (np.zeros(48_000, np.float32), tone(dbfs=-90).samples):
        found = level(Clip(samples, 48_000), -23.0)
        assert (found.lufs, found.gain_db, found.flags) == (None, 0.0, ("silent",))


def test_a_gain_brings_a_clip_to_the_target() -> None:
    clip = tone(dbfs=-40)
    raised = Clip(clip.samples * np.float32(10 ** (level(clip, -23.0).gain_db / 20)), 48_000)
    assert integrated(raised) == pytest.approx(-23.0, abs=0.01)


def test_a_peak_between_samples_is_found() -> None:
    """A tone at a quarter of the rate, sampled at 45 degrees: samples at -3 dB of its peak (BS.1770-4, annex 2)."""
    samples = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4) * np.hanning(4800)
    clip = Clip(samples.astype(np.float32), 48_000)
    assert 20 * np.log10(np.abs(clip.samples).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak(clip) == pytest.approx(0.0, abs=0.1)


def test_no_gain_takes_a_true_peak_beyond_the_guard() -> None:
    samples = np.zeros(48_000, np.float32)
    samples[::4800] = 0.5
    clip = Clip(samples, 48_000)
    found = level(clip, -23.0)
    assert found.flags == ("peak-limited",)
    assert true_peak(clip) + found.gain_db == pytest.approx(PEAK, abs=0.01)
    assert reach(clip) == pytest.approx(found.lufs + found.gain_db)


def test_without_a_target_nothing_is_changed() -> None:
    assert level(tone(), None).gain_db == 0.0
