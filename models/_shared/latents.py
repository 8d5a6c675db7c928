"""The grid that latents lie on, and the noise that they start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Generators = torch.Generator | Sequence[torch.Generator] | None
"""One for all clips, asked in order; or one for each; None is torch's own."""


class Grid(NamedTuple):
    """Size of latents."""

    freq: int
    time: int


def start_noise(n: int, shape: tuple[int, ...], generator: Generators) -> Tensor:
    """Normal noise `(n, *shape)`, on the generators' device; with one for each, row i depends on the i-th alone."""
    each = [generator] * n if generator is None or isinstance(generator, torch.Generator) else list(generator)
    if len(each) != n:
        raise ValueError(f"{len(each)} seeds or generators for {n} captions; give one for each")
    return torch.stack([torch.randn(shape, generator=one, device=one.device if one else None) for one in each])


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """A generator for each seed, on the CPU, so that a seed means the same noise on every device."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]
