"""A VAE of one level that begins as the best linear code of squares of pixels, and learns the rest from there.

A network drawn at random needs hours of two cores to come as near as principal components are from the beginning. Group
normalisation and SiLU would seem to stand between a linear code and the network, but silu(x) - silu(-x) = x, and two
channels of a large constant, one of either sign, leave the spread of a group to nothing else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor

from tta_bench.arrays import Stacked
from tta_bench.types import UserError

CONSTANT = 30.0
"""In the two channels of each group, where components have a spread of 1."""
LOG_VARIANCE = -6.0
"""Of latents, at the beginning."""
N_PICTURES = 512


class Components(NamedTuple):
    """Principal components of squares of pixels."""

    mean: Tensor
    """`(n_pixels,)`."""
    directions: Tensor
    """`(n_components, n_pixels)`, of length 1, the strongest first."""
    spread: Tensor
    """`(n_components,)`: standard deviations along them."""


def start_from_components(network: Any, pictures: Stacked) -> None:
    """Sets the weights of a `vae.Reconstruct` so that latents are principal components and pictures what they make.

    Latents are the components over the root of their spread: half way between equal strength, in which noise would
    weigh as much as everything else, and their own. A VAE of more than one level stays as it was drawn.
    """
    vae = network.vae
    if len(vae.config.block_out_channels) > 1:
        return
    found = components(pictures, network.fold, vae.config.latent_channels)
    groups = vae.config.norm_num_groups
    for half in (vae.encoder, vae.decoder):
        for block in half.modules():
            if isinstance(block, ResnetBlock2D):
                _start_from_nothing(block, groups)
    root = found.spread.sqrt()
    whitened = found.directions / found.spread[:, None]
    _make_linear(vae.encoder, groups, whitened, -whitened @ found.mean, torch.diag(root))
    _make_linear(
        vae.decoder, groups, torch.diag(1 / root), torch.zeros_like(root), (found.directions * found.spread[:, None]).T
    )
    vae.encoder.conv_out.bias.data[len(root) :] = LOG_VARIANCE
    vae.decoder.conv_out.bias.data.copy_(found.mean)
    for layer in (vae.quant_conv, vae.post_quant_conv):
        layer.weight.data.copy_(torch.eye(len(layer.weight))[:, :, None, None])
        layer.bias.data.zero_()


def components(pictures: Stacked, fold: int, n_components: int) -> Components:
    """Principal components of the squares, `fold` pixels wide, of pictures in [0, 1] brought to [-1, 1]."""
    rows = np.linspace(0, len(pictures) - 1, min(N_PICTURES, len(pictures))).astype(np.int64)
    squares = F.pixel_unshuffle(2 * torch.from_numpy(pictures[rows]).float()[:, None] - 1, fold)
    squares = squares.movedim(1, -1).flatten(0, -2)
    mean = squares.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov(squares.T))
    strongest = slice(-n_components, None)
    spread = variances[strongest].flip(0).clamp(min=1e-8).sqrt()
    return Components(mean, directions[:, strongest].flip(1).T, spread)


def _start_from_nothing(block: Any, groups: int) -> None:
    """A residual block that adds nothing yet, and sees components at a spread of 1."""
    block.conv2.weight.data.zero_()
    block.conv2.bias.data.zero_()
    _undo_normalisation(block.norm1, groups)


def _undo_normalisation(norm: Any, groups: int) -> None:
    """A group normalisation that leaves the components as they are and silences the constants."""
    per_group = norm.num_channels // groups
    norm.weight.data.fill_(CONSTANT * (2 / per_group) ** 0.5)
    norm.bias.data.zero_()
    norm.weight.data.view(groups, per_group)[:, :2] = 0


def _make_linear(half: Any, groups: int, first: Tensor, offset: Tensor, second: Tensor) -> None:
    """An encoder or decoder that makes `second @ (first @ x + offset)` of each pixel x."""
    n_channels = half.conv_in.out_channels
    up, down = _places(len(first), n_channels, groups)
    for layer in (half.conv_in, half.conv_out):
        layer.weight.data.zero_()
        layer.bias.data.zero_()
    for places, sign in ((up, 1.0), (down, -1.0)):
        half.conv_in.weight.data[places, :, 1, 1] = sign * first
        half.conv_in.bias.data[places] = sign * offset
        half.conv_out.weight.data[: len(second), places, 1, 1] = sign * second
    half.conv_in.bias.data.view(groups, -1)[:, :2] = torch.tensor([CONSTANT, -CONSTANT])
    _undo_normalisation(half.conv_norm_out, groups)


def _places(n_components: int, n_channels: int, groups: int) -> tuple[list[int], list[int]]:
    """The channel of each component and that of its negative, spread over the groups behind the constants."""
    per_group = n_channels // groups
    if n_components * 2 > groups * (per_group - 2):
        raise UserError(
            f"A VAE of {n_channels} channels in {groups} groups begins with {groups * (per_group - 2) // 2} components "
            f"at most, and has {n_components} latent channels. Give it more channels."
        )
    up = [(k % groups) * per_group + 2 + 2 * (k // groups) for k in range(n_components)]
    return up, [place + 1 for place in up]
