"""What a reconstruction must keep of a spectrogram for a listener to know the sound again, beside its mean.

The mean absolute difference is least where everything unpredictable, noise and fast rhythm, is replaced by its median:
rain becomes a hiss and a helicopter a hum. The losses here look at how strongly a spectrogram is modulated and not at
the places of its peaks, so that a texture that is merely another draw of the same noise costs little. After the
multi-resolution losses of neural vocoders (Yamamoto et al., https://arxiv.org/abs/1910.11480), one level higher.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOWS = (8, 16, 32, 64)
"""Frames in which modulations are looked at."""
SOFT = 0.02
"""Below this part of the picture's range, strengths count by their difference, above it by their ratio."""


def modulation_loss(generated: Tensor, reference: Tensor, *, windows: Sequence[int] = WINDOWS) -> Tensor:
    """Mean difference in how strongly each band is modulated, at each rate, in each window of time.

    Of pictures `(n, 1, n_mels, n_frames)` in [0, 1]. 0 for equal pictures; hardly changed by moving all peaks alike.
    """
    fitting = [size for size in windows if size <= reference.shape[-1]]
    losses = [_strength_difference(_along_time(generated, n), _along_time(reference, n)) for n in fitting]
    return torch.stack(losses).mean()


def patch_loss(generated: Tensor, reference: Tensor, *, size: int = 16) -> Tensor:
    """The same over squares of `size` mels and frames, where partials and sweeps are stripes of their own slope."""
    return _strength_difference(_over_squares(generated, size), _over_squares(reference, size))


def _strength_difference(generated: Tensor, reference: Tensor) -> Tensor:
    made, real = (torch.log1p(strength / SOFT) for strength in (generated, reference))
    return SOFT * F.l1_loss(made, real)


def _along_time(pictures: Tensor, size: int) -> Tensor:
    """Strength `(n, n_mels, n_windows, size // 2)` of each rate above 0 in windows that overlap by half."""
    window = torch.hann_window(size, device=pictures.device, dtype=pictures.dtype)
    pieces = pictures[:, 0].unfold(-1, size, size // 2)
    spectrum = torch.fft.rfft((pieces - pieces.mean(dim=-1, keepdim=True)) * window)[..., 1:]
    return _magnitude(spectrum) / window.square().sum().sqrt()


def _over_squares(pictures: Tensor, size: int) -> Tensor:
    window = torch.hann_window(size, device=pictures.device, dtype=pictures.dtype)
    pieces = pictures[:, 0].unfold(1, size, size // 2).unfold(2, size, size // 2)
    pieces = (pieces - pieces.mean(dim=(-2, -1), keepdim=True)) * window[:, None] * window
    return _magnitude(torch.fft.rfft2(pieces)) / window.square().sum()


def _magnitude(spectrum: Tensor) -> Tensor:
    # The root of 0 has no gradient.
    return (spectrum.real.square() + spectrum.imag.square() + 1e-10).sqrt()


def texture_kept(generated: Tensor, reference: Tensor) -> float:
    """Part of the texture that a reconstruction has: its spread about the mean of five frames, over the reference's."""
    return float(_texture(generated) / _texture(reference))


def _texture(pictures: Tensor) -> Tensor:
    smooth = F.avg_pool1d(pictures[:, 0], 5, stride=1, padding=2, count_include_pad=False)
    return (pictures[:, 0] - smooth).std()
