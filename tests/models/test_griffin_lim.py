"""Sound of spectrograms without a network."""

import json
from pathlib import Path

import pytest
import torch

from models.auffusion.griffin_lim import GriffinLim
from models.auffusion.loading import read_vocoder
from models.auffusion.spectrogram import PUBLISHED, MelSettings, log_mel

POCKET = MelSettings(n_fft=1024, hop_length=256, n_mels=64, floor=1e-4, ceiling=20.0, channels=1, flipped=False)


@pytest.fixture
def sounds() -> torch.Tensor:
    """A chord that begins late, and noise that ends early, 1.024 s each."""
    t = torch.arange(16_384) / 16_000
    chord = 0.1 * (torch.sin(2 * torch.pi * 440 * t) + torch.sin(2 * torch.pi * 1320 * t)) * (t > 0.4)
    noise = 0.1 * torch.randn(16_384, generator=torch.Generator().manual_seed(1)) * (t < 0.6)
    return torch.stack([chord, noise])


@pytest.mark.parametrize("mel", [POCKET, PUBLISHED])
def test_the_sound_has_the_spectrogram_that_it_was_made_of(sounds: torch.Tensor, mel: MelSettings) -> None:
    wanted = log_mel(sounds, mel)
    made = GriffinLim(mel, 32)(wanted)
    assert made.shape == (2, wanted.shape[-1] * mel.hop_length)
    loud = wanted > wanted.amax() - 5
    assert (log_mel(made, mel) - wanted)[loud].abs().mean() < 0.35


def test_an_event_begins_when_its_spectrogram_says(sounds: torch.Tensor) -> None:
    made = GriffinLim(POCKET, 16)(log_mel(sounds, POCKET))[0]
    first = int((made.abs() > 0.5 * made.abs().max()).nonzero()[0])
    assert first / 16_000 == pytest.approx(0.4, abs=0.016)


def test_a_clip_does_not_depend_on_its_neighbours_nor_on_chance(sounds: torch.Tensor) -> None:
    network, mels = GriffinLim(POCKET, 4), log_mel(sounds, POCKET)
    both = network(mels)
    assert torch.equal(both, network(mels))
    assert (network(mels[1:])[0] - both[1]).abs().max() < 1e-5


def test_a_checkpoint_names_it_in_the_place_of_a_network(tmp_path: Path) -> None:
    path = tmp_path / "griffin_lim.json"
    path.write_text(json.dumps({"rounds": 7}))
    found = read_vocoder({"vocoder/griffin_lim.json": path}, POCKET)
    assert isinstance(found, GriffinLim)
    assert found.rounds == 7
