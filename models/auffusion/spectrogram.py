"""Sound as a picture: log-mel spectrograms in [0, 1], as Auffusion's networks see them, and back.

`PUBLISHED` agrees with converter.py of happylittlecat2333/Auffusion, commit f44233d, to 1e-5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tta_bench.mel import hz_to_mel, mel_filters, mel_to_hz

POWER_FLOOR = 1e-9
"""Added to the power of each bin before the root, as HiFi-GAN's mel has it."""


@dataclass(frozen=True)
class MelSettings:
    """How a spectrogram is made, and how it becomes a picture. The defaults are the published ones."""

    sample_rate: int = 16000
    """Hz."""
    n_fft: int = 2048
    win_length: int = 1024
    """Samples of the Hann window, which is centred in the `n_fft`."""
    hop_length: int = 160
    """Samples from one frame to the next."""
    n_mels: int = 256
    f_min: float = 0.0
    """Hz."""
    f_max: float = 8000.0
    """Hz."""
    floor: float = 1e-5
    """Mel magnitude that becomes 0 in the picture, and below which nothing is told apart."""
    ceiling: float = 200.0
    """Mel magnitude that becomes 1 in the picture."""
    channels: int = 3
    """Of the picture, all equal."""
    flipped: bool = True
    """Whether the picture has its low frequencies at the bottom, its last rows."""
    peak: float | None = 0.95
    """Largest absolute sample to which sound is scaled before; None leaves it as it is."""

    @property
    def frame_rate(self) -> float:
        """Frames in a second."""
        return self.sample_rate / self.hop_length


PUBLISHED = MelSettings()


def at_peak(samples: Tensor, peak: float | None) -> tuple[Tensor, Tensor]:
    """Sounds `(n, n_samples)` with the largest absolute sample at `peak`, and the gains `(n, 1)` that put it there.

    Silence keeps the gain 1, and so does everything if `peak` is None. In between in float64, as the original does: a
    sample that is rounded otherwise moves the logarithm of a quiet mel by more than 1e-5.
    """
    if peak is None:
        return samples, torch.ones_like(samples[:, :1])
    precise = samples.double()
    loudest = precise.abs().amax(dim=1, keepdim=True)
    gains = torch.where(loudest > torch.finfo(samples.dtype).tiny, peak / loudest, 1.0)
    return (precise * gains).to(samples), gains.to(samples)


def log_mel(samples: Tensor, mel: MelSettings) -> Tensor:
    """Natural logarithms `(n, n_mels, n_samples // hop_length)` of the mel magnitudes of sounds `(n, n_samples)`.

    Nothing is below ln `floor`. The sounds are taken as loud as they are. Raises ValueError for fewer samples than the
    reflection at the ends needs.
    """
    margin = (mel.n_fft - mel.hop_length) // 2
    if samples.shape[-1] <= margin:
        raise ValueError(f"a spectrogram needs more than {margin} samples, not {samples.shape[-1]}")
    padded = F.pad(samples[:, None], (margin, margin), mode="reflect")[:, 0]
    window = torch.hann_window(mel.win_length, device=samples.device)
    spectrum = torch.stft(
        padded, mel.n_fft, mel.hop_length, mel.win_length, window=window, center=False, return_complex=True
    )
    magnitudes = torch.sqrt(torch.view_as_real(spectrum).square().sum(-1) + POWER_FLOOR)
    filters = torch.from_numpy(mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max))
    return (filters.to(magnitudes) @ magnitudes).clamp(min=mel.floor).log()


def mel_centres(mel: MelSettings) -> Tensor:
    """Hz at which each of the `n_mels` filters hears best, rising."""
    low, high = hz_to_mel(np.array([mel.f_min, mel.f_max]), "slaney").tolist()
    return torch.from_numpy(mel_to_hz(np.linspace(low, high, mel.n_mels + 2), "slaney")[1:-1])


def to_pictures(log_mels: Tensor, mel: MelSettings) -> Tensor:
    """Pictures `(n, channels, n_mels, n_frames)` in [0, 1] of log-mel spectrograms `(n, n_mels, n_frames)`."""
    low, high = math.log(mel.floor), math.log(mel.ceiling)
    scaled = (log_mels.clamp(low, high) - low) / (high - low)
    upright = scaled.flip(1) if mel.flipped else scaled
    return upright[:, None].expand(-1, mel.channels, -1, -1)


def to_log_mels(pictures: Tensor, mel: MelSettings) -> Tensor:
    """Log-mel spectrograms `(n, n_mels, n_frames)` of the first channel of pictures `(n, channels, n_mels, n_frames)`.

    Undoes `to_pictures` for what lies between floor and ceiling.
    """
    low, high = math.log(mel.floor), math.log(mel.ceiling)
    upright = pictures[:, 0].flip(1) if mel.flipped else pictures[:, 0]
    return upright * (high - low) + low
