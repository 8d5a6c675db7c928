"""Files whose headers lie: their words are not taken for memory."""

import io
import struct

import numpy as np
import pytest
import soundfile

from tta_bench import audio
from tta_bench.audio import BadClip, decode
from tta_bench.types import Clip


def test_a_flac_that_promises_months_is_refused_and_fills_no_memory(tmp_path):
    soundfile.write(tmp_path / "a.flac", np.zeros(1600, np.float32), 16_000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] |= 0x0F
    (tmp_path / "a.flac").write_bytes(content)
    with pytest.raises(BadClip, match=r"a\.flac' is (damaged|truncated)"):
        decode(tmp_path / "a.flac")


def test_a_file_of_more_samples_than_any_clip_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "MOST", 1000)
    monkeypatch.setattr(audio, "BLOCK", 600)
    soundfile.write(tmp_path / "a.wav", np.zeros(1300, np.float32), 16_000)
    with pytest.raises(BadClip, match=r"a\.wav' holds more than 1000 samples"):
        decode(tmp_path / "a.wav")


def test_blocks_are_put_together_as_they_lie(tmp_path, monkeypatch):
    samples = np.random.default_rng(0).uniform(-1, 1, (1000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    monkeypatch.setattr(audio, "BLOCK", 300)
    assert np.array_equal(decode(tmp_path / "a.wav").samples, samples.T)


def test_samples_that_no_sound_reaches_are_refused(tmp_path):
    written = io.BytesIO()
    soundfile.write(written, np.zeros(100, np.float32), 16_000, subtype="FLOAT", format="WAV")
    (tmp_path / "a.wav").write_bytes(written.getvalue()[:-4] + struct.pack("<f", 1e30))
    with pytest.raises(BadClip, match=r"1e\+30 times full scale"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".aiff"])
def test_a_clip_is_written_in_the_format_of_its_suffix(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    audio.encode(path, Clip(np.zeros(1600, np.float32), 16_000), subtype="VORBIS" if suffix == ".ogg" else "PCM_16")
    assert soundfile.info(path).format == suffix[1:].upper()
