"""Sound of log-mel spectrograms without a network: magnitudes by non-negative least squares, phases by Griffin and Lim.

For checkpoints whose training could not afford a vocoder. Griffin and Lim 1984, https://doi.org/10.1109/TASSP.1984.1164317.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from models.auffusion.spectrogram import MelSettings
from tta_bench.mel import mel_filters

FITTING_ROUNDS = 30
EPSILON = 1e-8


@final
class GriffinLim(nn.Module):
    """Samples `(n, n_frames * hop_length)` in [-1, 1] of log-mel spectrograms `(n, n_mels, n_frames)`.

    Each clip is its own: phases begin with the same noise for all, and no sum goes over clips.
    """

    filters: Tensor
    window: Tensor

    def __init__(self, mel: MelSettings, rounds: int) -> None:
        """`rounds`: from waves to spectra and back; without momentum, which does harm to noise."""
        super().__init__()
        self.rounds, self._mel = rounds, mel
        filters = mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max)
        self.register_buffer("filters", torch.from_numpy(filters).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(mel.win_length), persistent=False)

    def forward(self, log_mels: Tensor) -> Tensor:
        # The frames of a log-mel lie half a hop off those that a centred transform has; one more closes the last hop.
        mels = torch.cat([log_mels, log_mels[..., -1:]], dim=-1).float().exp()
        magnitudes = self._magnitudes(mels)
        drawn = torch.rand(magnitudes.shape[1:], generator=torch.Generator().manual_seed(0)).to(magnitudes)
        spectrum = torch.polar(magnitudes, (2 * torch.pi * drawn).expand_as(magnitudes).contiguous())
        n_samples = log_mels.shape[-1] * self._mel.hop_length
        for _ in range(self.rounds):
            again = self._spectrum(self._wave(spectrum, n_samples))
            spectrum = again * (magnitudes / again.abs().clamp(min=EPSILON))
        half = self._mel.hop_length // 2
        wave = torch.nn.functional.pad(self._wave(spectrum, n_samples), (half, 0))[:, :n_samples]
        return wave.clamp(-1, 1)

    def _magnitudes(self, mels: Tensor) -> Tensor:
        """Magnitudes `(n, n_bins, n_frames)` of which the filters make nearly these, none below 0.

        Multiplicative updates, Lee and Seung, https://papers.nips.cc/paper/1861.
        """
        filters = self.filters
        wanted, overlap = filters.T @ mels, filters.T @ filters
        found = wanted.clone()
        for _ in range(FITTING_ROUNDS):
            found = found * wanted / (overlap @ found).clamp(min=EPSILON)
        return found

    def _spectrum(self, waves: Tensor) -> Tensor:
        mel = self._mel
        return torch.stft(waves, mel.n_fft, mel.hop_length, mel.win_length, window=self.window, return_complex=True)

    def _wave(self, spectrum: Tensor, n_samples: int) -> Tensor:
        mel = self._mel
        return torch.istft(spectrum, mel.n_fft, mel.hop_length, mel.win_length, window=self.window, length=n_samples)
