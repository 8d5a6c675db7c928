"""Trains a small CLAP: clips and captions in one space; generation needs the text half of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.clap import ClapText
from models.auffusion.training.captions import SHARP, Blur, CaptionStates
from models.auffusion.training.loop import Losses, Schedule, train
from tta_bench.arrays import Stacked

CHANNELS = (48, 96, 128)
"""Of the audio half, each level of which sees half the rows and columns of the one before."""
PATCH = 4
"""Side of the squares of pixels that its first layer sees."""
BLUR = Blur(noise=1.0, dropout=0.3)
HOTTEST = 100.0
"""Largest scale of cosines in the loss; Radford et al. 2021, https://arxiv.org/abs/2103.00020."""
N_VALIDATED = 250
"""Clips that are looked for among each other."""


@dataclass(frozen=True)
class Pairs:
    """What there is to learn from."""

    pictures: Stacked
    """`(n, n_mels, n_frames)` in [0, 1]."""
    captions: Sequence[Sequence[int]]
    """Numbers of each clip's captions in `states`."""
    states: CaptionStates
    heard: NDArray[np.float32] | None = None
    """`(n, n_sounds)`, 1 for each sound of a clip, where that is known: the audio half learns to name them too."""

    def __len__(self) -> int:
        return len(self.pictures)


@final
class ClapAudio(nn.Module):
    """Pictures of sound to vectors of the common space: convolutions, then several means over time."""

    def __init__(self, n_mels: int, width: int, n_means: int, n_sounds: int) -> None:
        super().__init__()
        levels: list[nn.Module] = [nn.Conv2d(1, CHANNELS[0], PATCH, PATCH), _Block(CHANNELS[0])]
        for below, above in pairwise(CHANNELS):
            levels += [nn.Conv2d(below, above, 2, 2), _Block(above)]
        self.levels = nn.Sequential(*levels)
        rows = n_mels // (PATCH * 2 ** (len(CHANNELS) - 1))
        self.enter = nn.Linear(rows * CHANNELS[-1] + 2, width)
        self.mix = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.weigh = nn.Linear(width, n_means)
        self.leave = nn.Sequential(nn.LayerNorm(n_means * width), nn.Linear(n_means * width, width))
        self.name = nn.Linear(width, n_sounds)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors `(n, width)` of pictures `(n, n_mels, n_frames)`; logits `(n, n_sounds)` of what is heard."""
        seen = self.levels(2 * pictures[:, None] - 1)
        columns = seen.permute(0, 3, 1, 2).flatten(2)
        place = torch.linspace(0, math.pi, columns.shape[1], device=columns.device)
        told = torch.stack([place.cos(), place.sin()], dim=-1).expand(len(columns), -1, -1)
        entered = self.mix(self.enter(torch.cat([columns, told], dim=-1)))
        means = (self.weigh(entered).softmax(dim=1).mT @ entered).flatten(1)
        return F.normalize(self.leave(means), dim=-1), self.name(entered.amax(dim=1))


@final
class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.GroupNorm(8, channels),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, seen: Tensor) -> Tensor:
        found: Tensor = seen + self.block(seen)
        return found


@final
class Clap(nn.Module):
    """Both halves, and the scale of cosines when they compete."""

    def __init__(self, text: ClapText, n_mels: int, n_sounds: int) -> None:
        super().__init__()
        self.text = text
        self.audio = ClapAudio(n_mels, text.config["width"], text.config["n_means"], n_sounds)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, pictures: Tensor, states: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines `(n, n)` of clips with captions, scaled, and logits of what is heard in the clips."""
        sounds, heard = self.audio(pictures)
        return self.log_scale.exp().clamp(max=HOTTEST) * sounds @ self.text(states, present).mT, heard


@final
class ClapTrainee:
    """See `loop.Trainee`."""

    def __init__(self, data: Pairs, network: Clap) -> None:
        self._data = data
        self.networks: dict[str, nn.Module] = {"clap": network}

    def __len__(self) -> int:
        return len(self._data)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        del step  # nothing changes over the training
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        captions = np.array([rng.choice(self._data.captions[i]) for i in indices])
        device = next(self.networks[name].parameters()).device
        pictures = torch.from_numpy(self._data.pictures[indices]).float().to(device)
        cosines, heard = networks[name](pictures, *self._data.states.words(captions.tolist(), device, BLUR))
        losses = {"match": contrastive(cosines, torch.from_numpy(captions).to(device))}
        if self._data.heard is not None:
            meant = torch.from_numpy(self._data.heard[indices]).to(device)
            losses["heard"] = F.binary_cross_entropy_with_logits(heard, meant, reduction="none").sum(dim=1).mean()
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def contrastive(cosines: Tensor, captions: Tensor) -> Tensor:
    """How badly clips find their captions, and captions their clips; equal captions `(n,)` are no rivals."""
    equal = (captions == captions[:, None]).fill_diagonal_(False)
    rivals, own = cosines.masked_fill(equal, -torch.inf), torch.arange(len(cosines), device=cosines.device)
    return (F.cross_entropy(rivals, own) + F.cross_entropy(rivals.mT, own)) / 2


def train_clap(
    data: Pairs, held_out: Pairs, result: Path, *, text: ClapText, schedule: Schedule, minutes: float | None
) -> ClapText | None:
    """The trained text half, or None if the minutes were over before; the same call then goes on.

    The run lies beside `result`, in `NAME-run`.
    """
    network = Clap(text, data.pictures[[0]].shape[1], 1 if data.heard is None else data.heard.shape[1])
    trained = train(
        ClapTrainee(data, network),
        schedule,
        result.with_name(f"{result.name}-run"),
        validate=lambda average: validate(average, held_out),
        validate_every=200,
        minutes=minutes,
    )
    return trained.text if isinstance(trained, Clap) else None


@torch.no_grad()
def validate(network: Any, data: Pairs) -> dict[str, float]:
    """How often held-out captions find their clips among 250, first or among the first ten."""
    rows = np.arange(min(N_VALIDATED, len(data)))
    device = next(network.parameters()).device
    said = data.states.words([data.captions[int(i)][0] for i in rows], device, SHARP)
    cosines = network(torch.from_numpy(data.pictures[rows]).float().to(device), *said)[0]
    rank = (cosines > cosines.diagonal()).sum(dim=0)
    return {f"recall_at_{k}": float((rank < k).float().mean()) for k in (1, 10)}
