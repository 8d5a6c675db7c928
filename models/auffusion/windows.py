"""Long pictures seen through windows of the width that a network was trained on, cross-faded where they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """Places of equal windows along the last dimension."""

    total: int
    """Length of what they cover together."""
    width: int
    starts: tuple[int, ...]
    """The first is 0, the last ends at `total`."""

    def times(self, factor: int) -> Windows:
        """The same windows on an axis `factor` times as fine."""
        return Windows(self.total * factor, self.width * factor, tuple(start * factor for start in self.starts))

    def split(self, whole: Tensor) -> Tensor:
        """Pieces `(n * n_windows, ..., width)` of `(n, ..., total)`: all of the first, then all of the second."""
        if len(self.starts) == 1:
            return whole
        pieces = [whole[..., start : start + self.width] for start in self.starts]
        return torch.stack(pieces, dim=1).flatten(0, 1)

    def merge(self, pieces: Tensor) -> Tensor:
        """The whole `(n, ..., total)` of pieces `(n * n_windows, ..., width)`: undoes `split`, cross-fading overlaps.

        Each window counts by its distance to its own nearer end, so that none is heard to begin.
        """
        if len(self.starts) == 1:
            return pieces
        ramp = torch.arange(1, self.width + 1, device=pieces.device, dtype=pieces.dtype)
        ramp = torch.minimum(ramp, ramp.flip(0))
        apart = pieces.reshape(-1, len(self.starts), *pieces.shape[1:])
        whole = pieces.new_zeros(apart.shape[0], *pieces.shape[1:-1], self.total)
        weights = pieces.new_zeros(self.total)
        for i, start in enumerate(self.starts):
            whole[..., start : start + self.width] += apart[:, i] * ramp
            weights[start : start + self.width] += ramp
        return whole / weights


def windows(total: int, width: int, *, overlap: float = 0.25) -> Windows:
    """The fewest windows that cover `total`, evenly spread, neighbours sharing at least that part of `width`."""
    if total <= width:
        return Windows(total, total, (0,))
    stride = max(1, int(width * (1 - overlap)))
    n_windows = 1 + -(-(total - width) // stride)
    starts = (round(i * (total - width) / (n_windows - 1)) for i in range(n_windows))
    return Windows(total, width, tuple(starts))
