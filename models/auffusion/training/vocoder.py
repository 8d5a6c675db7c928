"""Trains the vocoder: sound of spectrograms as the VAE gives them back, whose lost texture it is to restore."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.spectrogram import MelSettings, log_mel, to_log_mels
from models.auffusion.training.adversarial import SoundJudges, fooling_loss, judge_loss, matching_loss
from models.auffusion.training.loop import Losses, Schedule, train
from models.auffusion.training.shards import ClipSet
from models.auffusion.vocoder import HiFiGAN
from tta_bench.arrays import Stacked
from tta_bench.types import Clip

log = logging.getLogger(__name__)

N_VALIDATED = 24
"""Clips."""


@dataclass(frozen=True)
class VocoderLosses:
    """How much each part of the loss counts."""

    mel: float = 15.0
    spectra: float = 2.0
    fooling: float = 1.0
    matching: float = 2.0
    judged_from: int = 1500
    """The step from which the judges count and learn; before, spectra alone."""
    crop: int = 32
    """Frames of an example."""
    reconstructed: float = 0.7
    """Share of the examples whose spectrogram went through the VAE; the others' are the sounds' own."""


def spectra_loss(generated: Tensor, reference: Tensor, *, resolutions: Sequence[int] = (256, 512, 1024)) -> Tensor:
    """Mean difference of logarithmic magnitudes of waves `(n, n_samples)`, and of magnitudes, over several windows.

    Yamamoto et al., https://arxiv.org/abs/1910.11480.
    """
    losses = []
    for n_fft in resolutions:
        made, real = _magnitudes(generated, n_fft), _magnitudes(reference, n_fft)
        losses += [F.l1_loss(made.log(), real.log()), (made - real).norm() / real.norm()]
    return torch.stack(losses).mean()


def _magnitudes(waves: Tensor, n_fft: int) -> Tensor:
    window = torch.hann_window(n_fft, device=waves.device)
    spectrum = torch.stft(waves, n_fft, n_fft // 4, window=window, return_complex=True)
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-6).sqrt()


@final
class VocoderTrainee:
    """See `loop.Trainee`."""

    def __init__(
        self,
        clips: ClipSet,
        pictures: tuple[Stacked, Stacked],
        network: HiFiGAN,
        mel: MelSettings,
        weights: VocoderLosses,
    ) -> None:
        """`pictures`: the sounds' own and those that the VAE gives back."""
        self._clips, self._pictures, self._mel, self._weights = clips, pictures, mel, weights
        self.networks: dict[str, nn.Module] = {"vocoder": network, "judges": SoundJudges()}

    def __len__(self) -> int:
        return len(self._clips)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        judged = step >= self._weights.judged_from
        if name == "judges" and not judged:
            return {}
        log_mels, real = self._crops(indices, step)
        if name == "judges":
            with torch.no_grad():
                made = networks["vocoder"](log_mels)
            return {"loss": judge_loss(networks["judges"](real), networks["judges"](made))}
        made = networks["vocoder"](log_mels)
        parts = {
            "mel": F.l1_loss(log_mel(made, self._mel), log_mel(real, self._mel)) / 10,
            "spectra": spectra_loss(made, real),
        }
        if judged:
            seen = networks["judges"](made)
            with torch.no_grad():
                known = networks["judges"](real)
            parts |= {"fooling": fooling_loss(seen), "matching": matching_loss(known, seen)}
        whole = torch.stack([getattr(self._weights, part) * value for part, value in parts.items()]).sum()
        return {"loss": whole, **parts}

    def _crops(self, indices: NDArray[np.int64], step: int) -> tuple[Tensor, Tensor]:
        """Log-mels `(n, n_mels, crop)` and waves `(n, crop * hop_length)` of a place in each clip, mostly loud."""
        rng = np.random.default_rng([step, int(indices[0])])
        hop, size = self._mel.hop_length, self._weights.crop
        own, back = (part[indices] for part in self._pictures)
        pictures = np.where((rng.random(len(indices)) < self._weights.reconstructed)[:, None, None], back, own)
        starts = [_place(rng, picture, size) for picture in own]
        waves = self._clips.waves(indices)
        mels = np.stack([picture[:, i : i + size] for picture, i in zip(pictures, starts, strict=True)])
        sounds = np.stack([wave[i * hop : (i + size) * hop] for wave, i in zip(waves, starts, strict=True)])
        device = next(self.networks["vocoder"].parameters()).device
        return to_log_mels(torch.from_numpy(mels).float()[:, None].to(device), self._mel), torch.from_numpy(sounds).to(
            device
        )


def _place(rng: np.random.Generator, picture: NDArray[Any], size: int) -> int:
    """The louder of two places, for much of a clip may be silent."""
    places = rng.integers(picture.shape[1] - size + 1, size=2)
    return int(max(places, key=lambda i: float(picture[:, i : i + size].mean(dtype=np.float64))))


def train_vocoder(
    data: Path,
    result: Path,
    *,
    pictures: Mapping[str, tuple[Stacked, Stacked]],
    mel: MelSettings,
    network: HiFiGAN,
    weights: VocoderLosses,
    schedule: Schedule,
    minutes: float | None = None,
) -> HiFiGAN | None:
    """The trained vocoder, or None if the minutes were over before; the same call then goes on.

    `pictures` of the sets `train` and `validation` are the sounds' own and those that the VAE gives back.
    """
    trainee = VocoderTrainee(ClipSet(data / "train"), pictures["train"], network, mel, weights)
    held_out = ClipSet(data / "validation")
    trained = train(
        trainee,
        schedule,
        result.with_name(f"{result.name}-run"),
        validate=lambda average: validate(average, held_out, pictures["validation"][1], mel),
        validate_every=1000,
        minutes=minutes,
    )
    return trained if isinstance(trained, HiFiGAN) else None


@torch.no_grad()
def validate(network: Any, clips: ClipSet, pictures: Stacked, mel: MelSettings) -> dict[str, Any]:
    """How near held-out sounds are to those that the vocoder makes of the VAE's pictures."""
    rows = np.arange(min(N_VALIDATED, len(clips)))
    device = next(network.parameters()).device
    real = torch.from_numpy(clips.waves(rows)).to(device)
    made = network(to_log_mels(torch.from_numpy(pictures[rows]).float()[:, None].to(device), mel))[:, : real.shape[1]]
    return {
        "mel": float(F.l1_loss(log_mel(made, mel), log_mel(real, mel))),
        "spectra": float(spectra_loss(made, real)),
        "made": Clip(made[0].cpu().numpy(), mel.sample_rate),
        "real": Clip(real[0].cpu().numpy(), mel.sample_rate),
    }


def config_of(network: HiFiGAN) -> dict[str, Any]:
    """The `config.json` of a vocoder."""
    return asdict(network.settings)
