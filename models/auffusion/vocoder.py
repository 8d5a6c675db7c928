"""Sound from log-mel spectrograms by HiFi-GAN, in float32.

Kong et al., "HiFi-GAN", https://arxiv.org/abs/2010.05646. Reads the tensors of `vocoder.pt` as converter.py of
happylittlecat2333/Auffusion, commit f44233d, writes them, and agrees with its `Generator` to 1e-5. That code goes on to
multiply by 32768 and to cast to int16, which makes clicks of full-scale peaks; here samples stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tta_bench.types import UserError

SLOPE = 0.1
"""Of the leaky rectifiers; the last one has torch's default, 0.01."""
NORMED = {
    ".weight_g": ".weight_v",
    ".parametrizations.weight.original0": ".parametrizations.weight.original1",
}
"""Endings of the names of a norm and of its direction, as torch's two weight norms store them."""


@dataclass(frozen=True)
class VocoderSettings:
    """Sizes of a HiFi-GAN, under the names of its published `config.json`."""

    num_mels: int
    upsample_rates: tuple[int, ...]
    """Their product is the hop length."""
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int
    """Halved by each upsampling."""
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilation_sizes: tuple[tuple[int, ...], ...]
    resblock: str = "1"
    """With "1", each dilated convolution is followed by a plain one; with "2" it is not."""

    @property
    def hop_length(self) -> int:
        """Samples for each frame."""
        return math.prod(self.upsample_rates)


def settings_of(config: Mapping[str, Any], name: str) -> VocoderSettings:
    """The sizes that a `config.json` states; what else it holds is ignored. UserError, naming `name`, if one lacks."""
    wanted = VocoderSettings.__dataclass_fields__
    missing = [key for key in wanted if key not in config and key != "resblock"]
    if missing:
        raise UserError(f"{name} does not state {', '.join(missing)}. It should be the config.json of a HiFi-GAN.")
    return VocoderSettings(**{key: _frozen(config[key]) for key in wanted if key in config})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def fold_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, where each pair of a norm and a direction has become the weight that it stands for."""
    folded = dict(state)
    for key in state:
        norm_end = next((end for end in NORMED if key.endswith(end)), None)
        if norm_end is None:
            continue
        name = key.removesuffix(norm_end)
        direction = folded.pop(name + NORMED[norm_end], None)
        if direction is None:
            raise UserError(f"The vocoder's weights hold {key!r} but not {name + NORMED[norm_end]!r}.")
        length = direction.flatten(1).norm(dim=1).view(-1, *[1] * (direction.ndim - 1))
        folded[f"{name}.weight"] = folded.pop(key) * direction / length
    return folded


@final
class HiFiGAN(nn.Module):
    """Samples `(n, n_frames * hop_length)` in [-1, 1] of log-mel spectrograms `(n, num_mels, n_frames)`.

    Its modules bear the names of the published tensors, without weight norm: see `fold_weight_norm`.
    """

    def __init__(self, settings: VocoderSettings) -> None:
        super().__init__()
        self.settings = settings
        widths = [settings.upsample_initial_channel >> i for i in range(len(settings.upsample_rates) + 1)]
        self.conv_pre = nn.Conv1d(settings.num_mels, widths[0], 7, padding=3)
        steps = zip(widths[:-1], widths[1:], settings.upsample_rates, settings.upsample_kernel_sizes, strict=True)
        self.ups = nn.ModuleList(_upsampling(*step) for step in steps)
        block = _ResidualBlock if settings.resblock == "1" else _PlainResidualBlock
        shapes = list(zip(settings.resblock_kernel_sizes, settings.resblock_dilation_sizes, strict=True))
        self.resblocks = nn.ModuleList(block(width, *shape) for width in widths[1:] for shape in shapes)
        self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3)

    def forward(self, log_mels: Tensor) -> Tensor:
        # A row of pixels with its channels last: CPUs convolve that 2 to 9 times as fast as they do a line of samples.
        sound = _convolved(self.conv_pre, log_mels[:, :, None].contiguous(memory_format=torch.channels_last))
        n_blocks = len(self.settings.resblock_kernel_sizes)
        for i, up in enumerate(self.ups):
            sound = _upsampled(up, F.leaky_relu(sound, SLOPE))
            blocks = self.resblocks[i * n_blocks : (i + 1) * n_blocks]
            sound = reduce(add, [block(sound) for block in blocks]) / n_blocks
        samples: Tensor = _convolved(self.conv_post, F.leaky_relu(sound)).tanh()
        return samples[:, 0, 0]


def _upsampling(n_in: int, n_out: int, rate: int, kernel_size: int) -> nn.ConvTranspose1d:
    """Makes exactly `rate` times as many frames, whether or not the kernel is longer by an even number."""
    odd = (kernel_size - rate) % 2
    return nn.ConvTranspose1d(
        n_in, n_out, kernel_size, rate, padding=(kernel_size - rate) // 2 + odd, output_padding=odd
    )


def _same_length(width: int, kernel_size: int, dilation: int) -> nn.Conv1d:
    return nn.Conv1d(width, width, kernel_size, dilation=dilation, padding=(kernel_size - 1) * dilation // 2)


def _convolved(layer: Any, sound: Tensor) -> Tensor:
    """What a one-dimensional convolution makes of `(n, channels, 1, n_samples)`."""
    (padding,), (dilation,) = layer.padding, layer.dilation
    weight = layer.weight[:, :, None]
    return F.conv2d(sound, weight, layer.bias, padding=(0, padding), dilation=(1, dilation))


def _upsampled(layer: Any, sound: Tensor) -> Tensor:
    """What a one-dimensional transposed convolution makes of `(n, channels, 1, n_samples)`."""
    (stride,), (padding,), (odd,) = layer.stride, layer.padding, layer.output_padding
    weight = layer.weight[:, :, None]
    return F.conv_transpose2d(
        sound, weight, layer.bias, stride=(1, stride), padding=(0, padding), output_padding=(0, odd)
    )


class _ResidualBlock(nn.Module):
    def __init__(self, width: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same_length(width, kernel_size, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same_length(width, kernel_size, 1) for _ in dilations)

    def forward(self, sound: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            heard = _convolved(dilated, F.leaky_relu(sound, SLOPE))
            sound = _convolved(plain, F.leaky_relu(heard, SLOPE, inplace=True)).add_(sound)
        return sound


class _PlainResidualBlock(nn.Module):
    def __init__(self, width: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same_length(width, kernel_size, dilation) for dilation in dilations)

    def forward(self, sound: Tensor) -> Tensor:
        for dilated in self.convs:
            sound = _convolved(dilated, F.leaky_relu(sound, SLOPE)).add_(sound)
        return sound
