"""Spectrograms as pictures, against the authors' converter.py."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.auffusion.spectrogram import PUBLISHED, MelSettings, at_peak, log_mel, mel_centres, to_log_mels, to_pictures

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "auffusion_mel.npz")
POCKET = MelSettings(n_fft=1024, hop_length=256, n_mels=64, floor=1e-4, ceiling=20.0, channels=1, flipped=False)


@pytest.fixture
def sound(maker: Any) -> torch.Tensor:
    return torch.from_numpy((maker.sound() / 32768).astype(np.float32))[None]


def test_the_mel_is_the_authors(sound: torch.Tensor) -> None:
    levelled, _ = at_peak(sound, PUBLISHED.peak)
    assert np.abs(log_mel(levelled, PUBLISHED)[0].numpy() - GOLDEN["mel"]).max() < 1e-5


def test_the_picture_is_the_authors(sound: torch.Tensor) -> None:
    levelled, _ = at_peak(sound, PUBLISHED.peak)
    picture = to_pictures(log_mel(levelled, PUBLISHED), PUBLISHED)
    assert picture.shape == (1, 3, 256, 50)
    for channel in picture[0]:
        assert np.abs(channel.numpy() - GOLDEN["picture"]).max() < 1e-6


@pytest.mark.parametrize("mel", [PUBLISHED, POCKET, replace(POCKET, flipped=True)])
def test_a_picture_becomes_the_mel_that_it_was_made_of(sound: torch.Tensor, mel: MelSettings) -> None:
    spectrogram = log_mel(sound, mel)
    assert spectrogram.shape == (1, mel.n_mels, sound.shape[1] // mel.hop_length)
    assert torch.allclose(to_log_mels(to_pictures(spectrogram, mel), mel), spectrogram, atol=1e-5)


def test_pictures_of_loud_and_silent_sounds_stay_between_0_and_1() -> None:
    sounds = torch.stack([torch.zeros(4000), 1e4 * torch.randn(4000, generator=torch.manual_seed(0))])
    pictures = to_pictures(log_mel(sounds, POCKET), POCKET)
    assert pictures[0].unique().tolist() == [0]
    assert pictures[1].amin() >= 0
    assert pictures[1].amax() == 1


def test_low_sounds_lie_at_the_bottom_of_a_flipped_picture() -> None:
    t = torch.arange(8000) / 16000
    pictures = to_pictures(log_mel(torch.sin(2 * torch.pi * 200 * t)[None], PUBLISHED), PUBLISHED)
    assert int(pictures[0, 0].mean(1).argmax()) > 230


def test_a_spectrogram_does_not_depend_on_its_neighbours(sound: torch.Tensor) -> None:
    both = torch.cat([sound, sound.flip(1)])
    assert torch.allclose(log_mel(both, PUBLISHED)[:1], log_mel(sound, PUBLISHED), atol=1e-5)


def test_the_gain_takes_a_sound_back_to_where_it_was(sound: torch.Tensor) -> None:
    quiet = torch.cat([0.01 * sound, torch.zeros_like(sound)])
    levelled, gains = at_peak(quiet, 0.95)
    assert levelled.abs().amax(1).tolist() == pytest.approx([0.95, 0.0])
    assert torch.allclose(levelled / gains, quiet, atol=1e-8)
    assert gains[1] == 1
    assert torch.equal(at_peak(quiet, None)[0], quiet)


def test_too_short_a_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 944 samples"):
        log_mel(torch.zeros(1, 900), PUBLISHED)


def test_a_tone_is_loudest_where_its_mel_has_its_centre() -> None:
    centres = mel_centres(PUBLISHED)
    t = torch.arange(16000) / 16000
    loudest = log_mel(torch.sin(2 * torch.pi * float(centres[200]) * t)[None], PUBLISHED)[0].mean(1).argmax()
    assert abs(int(loudest) - 200) <= 1
