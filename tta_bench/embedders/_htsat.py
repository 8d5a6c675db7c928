"""HTS-AT, a Swin transformer over a log-mel spectrogram that is folded into a square image.

Chen et al., https://arxiv.org/abs/2202.00874. Agrees with laion_clap 1.1.7 (clap_module/htsat.py) and transformers 5.23
(ClapAudioModel). The modules bear the names of LAION's checkpoints; the classifier, and the fusion of several views of
clips longer than 10 s, are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

N_MELS = 64
N_FRAMES = 1024
"""Frames that a spectrogram is stretched to."""
N_FOLDS = 4
"""The image holds this many stretches of time one above the other, and is 256 pixels square."""
PATCH = 4
WINDOW = 8
"""Tokens on each side of an attention window."""


class Htsat(nn.Module):
    """Embeddings `(n, 8 * width)` of spectrograms `(n, 64, n_frames)` in float32 dB, n_frames <= 1024.

    Width 96, depths (2, 2, 6, 2) is LAION's HTSAT-tiny; 128, (2, 2, 12, 2) its HTSAT-base.
    """

    def __init__(self, width: int, depths: Sequence[int], n_heads: Sequence[int]) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm1d(N_MELS)
        embed = {"proj": nn.Conv2d(1, width, PATCH, stride=PATCH), "norm": nn.LayerNorm(width)}
        self.patch_embed = nn.ModuleDict(embed)
        grid = N_FRAMES // N_FOLDS // PATCH
        last = len(depths) - 1
        self.layers = nn.Sequential(
            *(
                _Stage(width << i, depth, heads, grid >> i, merges=i < last)
                for i, (depth, heads) in enumerate(zip(depths, n_heads, strict=True))
            )
        )
        self.norm = nn.LayerNorm(width << last)

    def forward(self, log_mel: Tensor) -> Tensor:
        patches = self.patch_embed["proj"](image(self.bn0(log_mel)).to(self.norm.weight.dtype))
        tokens = self.patch_embed["norm"](patches.permute(0, 2, 3, 1))
        pooled: Tensor = self.norm(self.layers(tokens)).mean(dim=(1, 2))
        return pooled

    def trunk_to(self, dtype: torch.dtype) -> None:
        """Computes in `dtype` from here on, but for the normalisation of the spectrogram."""
        for part in (self.patch_embed, self.layers, self.norm):
            part.to(dtype)


def image(spectrogram: Tensor) -> Tensor:
    """Spectrograms `(n, 64, n_frames)` stretched to 1024 frames and folded in time: `(n, 1, 256, 256)`."""
    size = (N_MELS, N_FRAMES)
    stretched = F.interpolate(spectrogram[:, None], size, mode="bicubic", align_corners=True)
    folds = stretched.reshape(len(spectrogram), 1, N_MELS, N_FOLDS, N_FRAMES // N_FOLDS)
    return folds.transpose(2, 3).flatten(2, 3)


class _Stage(nn.Module):
    """Blocks over a square of tokens, whose quarters are then merged into tokens of twice the width."""

    def __init__(self, width: int, depth: int, n_heads: int, grid: int, *, merges: bool) -> None:
        super().__init__()
        shifts = [WINDOW // 2 if i % 2 and grid > WINDOW else 0 for i in range(depth)]
        self.blocks = nn.Sequential(*(_Block(width, n_heads, grid, shift) for shift in shifts))
        merge = {"norm": nn.LayerNorm(4 * width), "reduction": nn.Linear(4 * width, 2 * width, bias=False)}
        self.downsample = nn.ModuleDict(merge if merges else {})

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.blocks(tokens)
        if not self.downsample:
            return tokens
        quarters = torch.cat([tokens[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)
        merged: Tensor = self.downsample["reduction"](self.downsample["norm"](quarters))
        return merged


class _Block(nn.Module):
    def __init__(self, width: int, n_heads: int, grid: int, shift: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _WindowAttention(width, n_heads, grid, shift)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, tokens: Tensor) -> Tensor:
        mixed: Tensor = tokens + self.attn(self.norm1(tokens))
        hidden = F.gelu(self.mlp["fc1"](self.norm2(mixed)))
        return mixed.add(self.mlp["fc2"](hidden))


class _WindowAttention(nn.Module):
    """Attention among the tokens of each window of a square that is shifted cyclically by `shift` tokens."""

    index: Tensor
    mask: Tensor

    def __init__(self, width: int, n_heads: int, grid: int, shift: int) -> None:
        super().__init__()
        self.n_heads, self.n_windows, self.shift = n_heads, grid // WINDOW, shift
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, n_heads))
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.register_buffer("index", torch.from_numpy(relative_positions()), persistent=False)
        self.register_buffer("mask", torch.from_numpy(shift_mask(grid, shift)), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        n, grid = len(tokens), tokens.shape[1]
        if self.shift:
            tokens = tokens.roll((-self.shift, -self.shift), dims=(1, 2))
        windows = (self.n_windows, WINDOW, self.n_windows, WINDOW)
        split = self.qkv(tokens).view(n, *windows, 3, self.n_heads, -1).permute(5, 0, 1, 3, 6, 2, 4, 7)
        # Windows stand beside the heads, not in the batch: then one mask serves every clip.
        queries, keys, values = split.reshape(3, n, -1, WINDOW * WINDOW, split.shape[-1])
        attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=self._bias())
        back = attended.view(n, self.n_windows, self.n_windows, self.n_heads, WINDOW, WINDOW, -1)
        mixed: Tensor = self.proj(back.permute(0, 1, 4, 2, 5, 3, 6).reshape(n, grid, grid, -1))
        return mixed.roll((self.shift, self.shift), dims=(1, 2)) if self.shift else mixed

    def _bias(self) -> Tensor:
        """What is added to the attention logits, `(1, n_windows**2 * n_heads, 64, 64)`."""
        bias = self.relative_position_bias_table[self.index].permute(2, 0, 1)
        # Without the leading dimension torch falls back to attention in single steps, which takes three times as long.
        return (bias + self.mask[:, None].to(bias.dtype)).flatten(0, 1)[None]


def relative_positions() -> NDArray[np.int64]:
    """Row `(64, 64)` of the bias table for each pair of tokens of a window."""
    places = np.indices((WINDOW, WINDOW)).reshape(2, -1)
    rows, columns = places[:, :, None] - places[:, None, :] + WINDOW - 1
    table_rows: NDArray[np.int64] = rows * (2 * WINDOW - 1) + columns
    return table_rows


def shift_mask(grid: int, shift: int) -> NDArray[np.float32]:
    """-100 between tokens that only the cyclic shift brought into one window, else 0: `(n_windows**2, 64, 64)`.

    Not minus infinity: the originals' softmax leaves such pairs e**-100 of a weight too.
    """
    region = np.digitize(np.arange(grid), [grid - WINDOW, grid - shift])
    regions = (3 * region[:, None] + region).reshape(grid // WINDOW, WINDOW, grid // WINDOW, WINDOW)
    windows = regions.swapaxes(1, 2).reshape(-1, WINDOW * WINDOW)
    return np.where(windows[:, None] == windows[:, :, None], 0.0, -100.0).astype(np.float32)
