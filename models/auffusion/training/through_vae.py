"""What a trained VAE makes of all clips, worked out once: latents for the U-Net, pictures for the vocoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from models._shared.networks import read_network
from models.auffusion.locate import files_in
from models.auffusion.spectrogram import MelSettings, log_mel, to_pictures
from models.auffusion.training.shards import ClipSet, Waves, worked_out
from models.auffusion.training.vae import Reconstruct
from tta_bench.arrays import Stacked
from tta_bench.audio import file_sha256


def read_vae(folder: Path, mel: MelSettings) -> Reconstruct:
    """The VAE whose `vae/` lies in a folder, in float32."""
    network = Reconstruct(read_network(files_in(folder), "vae", "AutoencoderKL"), mel.channels)
    return network.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def cached_latents(clips: ClipSet, folder: Path, mel: MelSettings) -> Stacked:
    """Means of the latents `(n, channels, freq, time)` of all clips, scaled to a spread of 1, float16."""
    network = read_vae(folder, mel)
    scale = float(network.vae.config.scaling_factor)

    @torch.no_grad()
    def compute(waves: Waves) -> NDArray[Any]:
        found: Tensor = network.encode(_pictures(waves, mel, network)).mode() * scale
        return found.cpu().half().numpy()

    return worked_out(clips, "latents", [mel, _vae_sha256(folder)], compute)


def cached_reconstructions(clips: ClipSet, folder: Path, mel: MelSettings) -> Stacked:
    """Pictures `(n, n_mels, n_frames)` of all clips as the VAE gives them back, one of the equal channels, float16."""
    network = read_vae(folder, mel)

    @torch.no_grad()
    def compute(waves: Waves) -> NDArray[Any]:
        found = network.decode(network.encode(_pictures(waves, mel, network)).mode())
        return found[:, 0].clamp(0, 1).cpu().half().numpy()

    return worked_out(clips, "reconstructions", [mel, _vae_sha256(folder)], compute)


def _pictures(waves: Waves, mel: MelSettings, network: Reconstruct) -> Tensor:
    return to_pictures(log_mel(torch.from_numpy(waves), mel), mel)[:, :1].to(network.vae.device)


def _vae_sha256(folder: Path) -> list[str]:
    return [file_sha256(path) for path in sorted((folder / "vae").iterdir())]
