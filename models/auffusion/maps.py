"""Where in the sound the U-Net looks for each token of a caption: frequency x time, by layer and by step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor

from models._shared.latents import Grid

BLEND_THRESHOLD = 0.3
"""Part of its loudest cell's attention from which on a word is heard in a cell, as in google/prompt-to-prompt."""


@final
class AttentionMaps:
    """Cross-attention of the captions of a batch, averaged over heads. Over all tokens it adds up to 1 in each cell."""

    def __init__(self, grid: Grid, *, each_step: bool = False) -> None:
        """`grid`: of the latents. Steps are kept apart with `each_step`, which needs that many times the memory."""
        self.grid = grid
        self._each_step = each_step
        self._sums: dict[tuple[str, int | None], Tensor] = {}
        self._counts: dict[tuple[str, int | None], int] = {}

    @property
    def layers(self) -> list[str]:
        """Names of the layers seen, in the order of the U-Net."""
        return list(dict.fromkeys(layer for layer, _ in self._sums))

    @property
    def steps(self) -> list[int]:
        """The steps that are kept apart; none without `each_step`."""
        return sorted({step for _, step in self._sums if step is not None})

    def add(self, step: int, layer: str, attention: Tensor) -> None:
        """Takes note of attention `(n, cells, length)` of all captions in a layer."""
        n, n_cells, length = attention.shape
        halved = math.isqrt(self.grid.freq * self.grid.time // n_cells)
        shape = (n, length, self.grid.freq // halved, self.grid.time // halved)
        seen = attention.detach().float().transpose(1, 2).reshape(shape)
        key = (layer, step if self._each_step else None)
        self._sums[key] = self._sums[key] + seen if key in self._sums else seen
        self._counts[key] = self._counts.get(key, 0) + 1

    def of(
        self,
        row: int,
        positions: Sequence[int],
        *,
        layers: Iterable[str] | None = None,
        steps: Iterable[int] | None = None,
    ) -> Tensor:
        """The map `(freq, time)` on the latents' grid of some tokens of a caption: their sum, averaged over the rest.

        Values are the part of attention, 0 to 1. Over all layers and steps if these are not named. Row 0 is the lowest
        row of the latents, which is the highest of frequencies where the picture is flipped.
        """
        wanted_layers = None if layers is None else set(layers)
        wanted_steps = None if steps is None else set(steps)
        found = []
        for (layer, step), total in self._sums.items():
            if (wanted_layers is None or layer in wanted_layers) and (wanted_steps is None or step in wanted_steps):
                seen = total[row, list(positions)].sum(0) / self._counts[layer, step]
                found.append(F.interpolate(seen[None, None], (self.grid.freq, self.grid.time), mode="nearest")[0, 0])
        if not found:
            raise ValueError(f"no maps of layers {wanted_layers} and steps {wanted_steps}; there are {self.layers}")
        return torch.stack(found).mean(0)


class Blend(NamedTuple):
    """A row of latents that may differ from another only where one of two words is heard."""

    row: int
    source: int
    """The other row."""
    positions: list[int]
    """Tokens of the row's word."""
    source_positions: list[int]
    """Tokens of the other row's."""


def blended(latents: Tensor, maps: AttentionMaps, blends: Iterable[Blend]) -> Tensor:
    """Latents, of which some rows now differ from others only where a word is heard."""
    changed = latents.clone()
    for row, source, positions, source_positions in blends:
        heard = torch.maximum(_heard(maps.of(row, positions)), _heard(maps.of(source, source_positions)))
        changed[row] = latents[source] + heard.to(latents) * (latents[row] - latents[source])
    return changed


def _heard(seen: Tensor) -> Tensor:
    """Where a map `(freq, time)`, spread by a cell to each side, reaches its threshold: 0 and 1."""
    spread = F.max_pool2d(seen[None], 3, stride=1, padding=1)[0]
    return (spread > BLEND_THRESHOLD * spread.max()).float()
