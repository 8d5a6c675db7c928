"""Networks that tell real from made, and what both sides learn from them.

Least squares for sound, as HiFi-GAN has it (https://arxiv.org/abs/2010.05646), and feature matching. Sound is looked at
folded by periods and as spectrograms of several resolutions (Jang et al., https://arxiv.org/abs/2106.07889); pictures
through patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

Heard = list[list[Tensor]]
"""Of each judge, what each of its layers makes of the input; the last one is its verdict."""
SLOPE = 0.1


def judge_loss(real: Heard, made: Heard) -> Tensor:
    """What the judges make small: their verdicts' distance from 1 for the real and from 0 for the made."""
    losses = [(r[-1] - 1).square().mean() + m[-1].square().mean() for r, m in zip(real, made, strict=True)]
    return torch.stack(losses).mean()


def fooling_loss(made: Heard) -> Tensor:
    """What the maker makes small: how far the verdicts of what it made are from 1."""
    return torch.stack([(m[-1] - 1).square().mean() for m in made]).mean()


def matching_loss(real: Heard, made: Heard) -> Tensor:
    """How far apart the judges' layers are for the real and the made, relative to their size for the real."""
    pairs = [pair for r, m in zip(real, made, strict=True) for pair in zip(r[:-1], m[:-1], strict=True)]
    return torch.stack([F.l1_loss(m, r.detach()) / (r.detach().abs().mean() + 1e-6) for r, m in pairs]).mean()


@final
class SoundJudges(nn.Module):
    """Judges of waves `(n, n_samples)`: one for each period, one for each resolution."""

    def __init__(
        self, *, periods: Sequence[int] = (2, 3, 5, 7), resolutions: Sequence[int] = (256, 512, 1024), width: int = 16
    ) -> None:
        super().__init__()
        self._periods, self._resolutions = tuple(periods), tuple(resolutions)
        widths = (1, width, 2 * width, 4 * width, 4 * width)
        self.of_periods = nn.ModuleList(_Judge(widths, kernel=(5, 1), stride=(3, 1)) for _ in periods)
        self.of_resolutions = nn.ModuleList(
            _Judge((1, width, width, 2 * width, 2 * width), kernel=(3, 5), stride=(2, 2)) for _ in resolutions
        )

    def forward(self, waves: Tensor) -> Heard:
        folded = [judge(_fold(waves, n)) for judge, n in zip(self.of_periods, self._periods, strict=True)]
        seen = [judge(_spectrogram(waves, n)) for judge, n in zip(self.of_resolutions, self._resolutions, strict=True)]
        return folded + seen


@final
class PictureJudge(nn.Module):
    """A judge of patches of pictures `(n, 1, n_mels, n_frames)`."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.judge = _Judge((2, width, 2 * width, 4 * width), kernel=(3, 3), stride=(2, 2))

    def forward(self, pictures: Tensor) -> Heard:
        smooth = F.avg_pool2d(pictures, (1, 5), stride=1, padding=(0, 2), count_include_pad=False)
        # Textures are a tenth of what levels are: unmagnified, a judge takes thousands of steps to notice them.
        return [self.judge(torch.cat([2 * pictures - 1, 20 * (pictures - smooth)], dim=1))]


class _Judge(nn.Module):
    """Convolutions that end in a map of verdicts."""

    def __init__(self, widths: Sequence[int], *, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        around = (kernel[0] // 2, kernel[1] // 2)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(n_in, n_out, kernel, stride, around)) for n_in, n_out in pairwise(widths)
        )
        self.verdict = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, maps: Tensor) -> list[Tensor]:
        heard = []
        for layer in self.layers:
            maps = F.leaky_relu(layer(maps), SLOPE)
            heard.append(maps)
        return [*heard, self.verdict(maps)]


def _fold(waves: Tensor, period: int) -> Tensor:
    """`(n, 1, n_samples / period, period)`, the end reflected."""
    missing = -waves.shape[-1] % period
    whole = F.pad(waves[:, None], (0, missing), mode="reflect")
    return whole.view(len(whole), 1, -1, period)


def _spectrogram(waves: Tensor, n_fft: int) -> Tensor:
    """Logarithmic magnitudes `(n, 1, n_frames, n_fft // 2 + 1)`."""
    window = torch.hann_window(n_fft, device=waves.device)
    spectrum = torch.stft(waves.float(), n_fft, n_fft // 4, window=window, return_complex=True)
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-7).log().mT[:, None] / 10
