"""Trains the VAE: pictures of sound to latents and back, keeping texture."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.spectrogram import MelSettings, log_mel, to_pictures
from models.auffusion.training.adversarial import PictureJudge, fooling_loss, judge_loss, matching_loss
from models.auffusion.training.loop import Losses, Schedule, train
from models.auffusion.training.parts import save_network
from models.auffusion.training.principal import start_from_components
from models.auffusion.training.shards import ClipSet, Waves, worked_out
from models.auffusion.training.texture import modulation_loss, patch_loss, texture_kept
from tta_bench.arrays import Stacked

log = logging.getLogger(__name__)

N_VALIDATED = 64
"""Pictures."""


@dataclass(frozen=True)
class VaeLosses:
    """How much each part of the loss counts; pictures are in [0, 1]."""

    difference: float = 1.0
    kl: float = 1e-5
    """Times nats for each latent."""
    modulation: float = 1.0
    patches: float = 1.0
    fooling: float = 0.0
    """0 trains no judge."""
    matching: float = 0.0
    judged_from: int = 0
    """The step from which the judge counts; it learns from the beginning."""


def cached_pictures(clips: ClipSet, mel: MelSettings) -> Stacked:
    """Pictures `(n, n_mels, n_frames)` of all clips, one of the equal channels, float16; each worked out once."""

    def compute(waves: Waves) -> NDArray[Any]:
        found = to_pictures(log_mel(torch.from_numpy(waves), mel), mel)[:, 0]
        return found.half().numpy()

    return worked_out(clips, "pictures", mel, compute)


@final
class Reconstruct(nn.Module):
    """Pictures `(n, 1, n_mels, n_frames)` in [0, 1] to pictures again, folded for the VAE as the pipeline does it."""

    def __init__(self, vae: Any, channels: int) -> None:
        """`channels` of the whole picture, all equal."""
        super().__init__()
        self.vae, self._channels = vae, channels
        self.fold = math.isqrt(vae.config.in_channels // channels)

    def encode(self, pictures: Tensor) -> Any:
        """The distribution of their latents."""
        folded = F.pixel_unshuffle((2 * pictures - 1).expand(-1, self._channels, -1, -1), self.fold)
        return self.vae.encode(folded.contiguous(memory_format=torch.channels_last)).latent_dist

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures of latents."""
        found: Tensor = F.pixel_shuffle(self.vae.decode(latents).sample.float(), self.fold)
        return found[:, :1] / 2 + 0.5

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures of a draw from the latents, and nats for each latent."""
        latents = self.encode(pictures)
        # AutoencoderKL sums over all latents; the mean does not change with the size of the picture.
        return self.decode(latents.sample()), latents.kl().mean() / latents.mean[0].numel()


@final
class VaeTrainee:
    """See `loop.Trainee`."""

    def __init__(self, pictures: Stacked, network: Reconstruct, weights: VaeLosses) -> None:
        self._pictures, self._weights = pictures, weights
        self.networks: dict[str, nn.Module] = {"vae": network}
        if weights.fooling > 0:
            self.networks["judge"] = PictureJudge()

    def __len__(self) -> int:
        return len(self._pictures)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        real = _batch(self.networks["vae"], self._pictures, indices)
        if name == "judge":
            with torch.no_grad():
                made, _ = networks["vae"](real)
            return {"loss": judge_loss(networks["judge"](real), networks["judge"](made))}
        made, nats = networks["vae"](real)
        parts = {
            "difference": F.l1_loss(made, real),
            "kl": nats,
            "modulation": modulation_loss(made, real),
            "patches": patch_loss(made, real),
        }
        if self._weights.fooling > 0 and step >= self._weights.judged_from:
            seen = networks["judge"](made)
            parts |= {"fooling": fooling_loss(seen), "matching": matching_loss(networks["judge"](real), seen)}
        whole = torch.stack([getattr(self._weights, part) * value for part, value in parts.items()]).sum()
        return {"loss": whole, **parts}


def train_vae(
    data: Path,
    result: Path,
    *,
    mel: MelSettings,
    vae: Any,
    weights: VaeLosses,
    schedule: Schedule,
    minutes: float | None = None,
) -> bool:
    """Trains an AutoencoderKL on the sets of `data` and writes it to `result`; False if the minutes were over before.

    Its config states the factor that gives latents a spread of 1. The run itself lies beside, in `NAME-run`.
    """
    pictures, held_out = (cached_pictures(ClipSet(data / name), mel) for name in ("train", "validation"))
    network = Reconstruct(vae.to(memory_format=torch.channels_last), mel.channels)
    start_from_components(network, pictures)
    trained = train(
        VaeTrainee(pictures, network, weights),
        schedule,
        result.with_name(f"{result.name}-run"),
        validate=lambda average: validate(average, held_out),
        validate_every=500,
        minutes=minutes,
    )
    if trained is None:
        return False
    vae = trained.vae
    vae.register_to_config(scaling_factor=scaling_factor(trained, pictures))
    save_network(vae, result)
    log.info("wrote %s", result)
    return True


@torch.no_grad()
def scaling_factor(network: Any, pictures: Stacked, n: int = 256) -> float:
    """1 over the spread of all latents' means: one factor for all channels, for some hold next to nothing but noise."""
    rows = np.linspace(0, len(pictures) - 1, min(n, len(pictures))).astype(np.int64)
    parts = [
        network.encode(_batch(network, pictures, part)).mean for part in np.array_split(rows, max(1, len(rows) // 16))
    ]
    return 1 / float(torch.cat(parts).std())


@torch.no_grad()
def validate(network: Any, pictures: Stacked) -> dict[str, Any]:
    """How well held-out pictures come back from the means of their latents."""
    rows = np.arange(min(N_VALIDATED, len(pictures)))
    real = _batch(network, pictures, rows)
    made = torch.cat([network.decode(network.encode(part).mode()) for part in torch.split(real, 16)]).clamp(0, 1)
    return {
        "difference": float(F.l1_loss(made, real)),
        "modulation": float(modulation_loss(made, real)),
        "texture_kept": texture_kept(made, real),
        "picture": torch.cat([real[0, 0], made[0, 0]]),
    }


def _batch(network: Any, pictures: Stacked, rows: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(pictures[rows]).float()[:, None].to(network.vae.device)
