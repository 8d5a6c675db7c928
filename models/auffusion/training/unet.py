"""Trains the U-Net, and the adapters of its text encoders: noise off latents, as a caption says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.auffusion.conditioning import Unconditional
from models.auffusion.guidance import coordinates, telling
from models.auffusion.training.captions import SHARP, Blur, CaptionStates
from models.auffusion.training.diffusion import Diffusion, Noising
from models.auffusion.training.loop import Losses, Schedule, Validate, train
from tta_bench.arrays import Stacked

N_VALIDATED = 64
"""Clips."""
BATCH = 16
LEVELS = 4
"""Strengths of noise that validation looks at, evenly spread."""


@dataclass(frozen=True)
class Latents:
    """What there is to learn from."""

    latents: Stacked
    captions: tuple[tuple[int, ...], ...]
    """Numbers of each clip's captions in `states`."""
    states: CaptionStates

    def __len__(self) -> int:
        return len(self.latents)


@final
class Denoiser(nn.Module):
    """A U-Net and the adapters of its text encoders, told the time by coordinates."""

    def __init__(self, unet: Any, adapters: nn.ModuleList, names: Sequence[str], unconditional: Unconditional) -> None:
        """`names` of the coordinates; `unconditional` is what stands for no caption."""
        super().__init__()
        self.unet, self.adapters = unet.to(memory_format=torch.channels_last), adapters
        self._names, self._unconditional = tuple(names), unconditional

    def forward(
        self,
        noised: Tensor,
        timesteps: Tensor,
        captions: Sequence[int],
        heard: Tensor,
        states: CaptionStates,
        *,
        blur: Blur = SHARP,
    ) -> Tensor:
        """What it predicts for latents `(n, channels, freq, time)`; only captions that are `heard` `(n,)` are told."""
        numbers = captions
        if self._unconditional == "empty":
            numbers = [number if told else 0 for number, told in zip(captions, heard.tolist(), strict=True)]
        embeddings = states.batch(numbers, list(self.adapters), noised.device, blur)
        said = embeddings.states
        if self._unconditional == "zeros":
            said = said * heard[:, None, None]
        width = noised.shape[-1]
        told = coordinates(self._names, width, width).to(noised)[None, :, None]
        predicted: Tensor = self.unet(
            torch.cat([noised, told.expand(len(noised), -1, noised.shape[2], -1)], dim=1),
            timesteps,
            return_dict=False,
            **telling(self.unet, said, embeddings.mask),
        )[0]
        return predicted.float()


@final
class UnetTrainee:
    """See `loop.Trainee`."""

    def __init__(
        self, data: Latents, network: Denoiser, noising: Noising, diffusion: Diffusion, schedule: Schedule
    ) -> None:
        self._data, self._noising, self._schedule = data, noising, schedule
        self._no_caption, self._shift = diffusion.no_caption, diffusion.timestep_shift
        self._blur = Blur(diffusion.token_noise, diffusion.token_dropout)
        self.networks: dict[str, nn.Module] = {"unet": network}

    def __len__(self) -> int:
        return len(self._data)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        captions = [int(rng.choice(self._data.captions[i])) for i in indices]
        device = next(self.networks[name].parameters()).device
        heard = torch.from_numpy(rng.random(len(indices)) >= self._no_caption).to(device)
        shift = 1.0 if self._schedule.decays_at(step) else self._shift
        timesteps = torch.from_numpy(self._noising.timesteps(rng.random(len(indices)), shift)).to(device)
        latents = torch.from_numpy(self._data.latents[indices]).float().to(device)
        noise = torch.randn_like(latents)
        noised = self._noising.noised(latents, noise, timesteps)
        predicted = networks[name](noised, timesteps, captions, heard, self._data.states, blur=self._blur)
        errors = (predicted - self._noising.target(latents, noise, timesteps)).square().mean(dim=(1, 2, 3))
        return {"loss": (self._noising.weights(timesteps) * errors).mean(), "error": errors.mean()}


def train_unet(
    data: Latents,
    held_out: Latents,
    result: Path,
    *,
    network: Denoiser,
    scheduler: Mapping[str, Any],
    diffusion: Diffusion,
    schedule: Schedule,
    listen: Validate,
    minutes: float | None = None,
) -> Denoiser | None:
    """The trained U-Net with its adapters, or None if the minutes were over before; the same call then goes on.

    `listen` gives clips of the network, to be heard in TensorBoard. The run lies beside `result`, in `NAME-run`.
    """
    noising = Noising(scheduler, diffusion.snr_cap)
    trained = train(
        UnetTrainee(data, network, noising, diffusion, schedule),
        schedule,
        result.with_name(f"{result.name}-run"),
        validate=lambda average: {**validate(average, held_out, noising), **listen(average)},
        validate_every=1000,
        minutes=minutes,
    )
    return trained if isinstance(trained, Denoiser) else None


@torch.no_grad()
def validate(network: Any, data: Latents, noising: Noising) -> dict[str, float]:
    """Mean squared error on held-out clips at each of a few strengths of noise, the same noise every time."""
    rows = np.arange(min(N_VALIDATED, len(data)))
    device = next(network.parameters()).device
    latents = torch.from_numpy(data.latents[rows]).float().to(device)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0)).to(device)
    found = {}
    for level in range(LEVELS):
        timesteps = torch.full((len(rows),), (2 * level + 1) * noising.n_timesteps // (2 * LEVELS), device=device)
        noised, target = (make(latents, noise, timesteps) for make in (noising.noised, noising.target))
        errors = []
        for part in np.array_split(rows, range(BATCH, len(rows), BATCH)):
            captions = [data.captions[i][0] for i in part]
            heard = torch.ones(len(part), dtype=torch.bool, device=device)
            predicted = network(noised[part], timesteps[part], captions, heard, data.states)
            errors.append((predicted - target[part]).square().mean(dim=(1, 2, 3)))
        found[f"error_at_{int(timesteps[0])}"] = float(torch.cat(errors).mean())
    return found | {"error": sum(found.values()) / LEVELS}
