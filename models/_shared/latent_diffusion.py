"""What the contestants that denoise latents have in common: seeded noise in, the best of some candidates out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from models._shared.denoising import Predict, denoise, schedule_of
from models._shared.latents import generators, start_noise
from tta_bench.types import Clip, Floats, ModelCard, UserError

Rank = Callable[[Sequence[str], Sequence[Clip]], Floats]
"""`(captions, clips)` -> how well each clip fits its caption, `(n,)`, higher is better."""


@dataclass(frozen=True)
class Networks:
    """The parts of a model, as functions of captions, durations in s and tensors."""

    predictor: Callable[[Sequence[str], float], Predict]
    """What is predicted for the latents of these captions, guided."""
    grid: Callable[[float], tuple[int, ...]]
    """Shape of the latents that hold a clip. Raises UserError for a duration that cannot be made."""
    decode: Callable[[Tensor], Tensor]
    """Samples `(n, n_samples)` or `(n, n_channels, n_samples)`, at least as long, of clean latents `(n, *grid)`."""
    sample_rate: int
    """Hz."""
    device: str


@final
class LatentDiffusion:
    """A contestant. Each clip has noise of its own, whatever else is in the batch."""

    def __init__(
        self,
        card: ModelCard,
        networks: Networks,
        scheduler: Any,
        *,
        n_steps: int,
        sigmas: Sequence[float] | None = None,
        rank: Rank | None = None,
        n_candidates: int = 1,
    ) -> None:
        """`sigmas` are the noise levels, where they are not the scheduler's own. With `rank`, `n_candidates` are made
        of each caption, and the one that it says fits best is the clip."""
        self.card, self.networks = card, networks
        self._scheduler, self._n_steps, self._sigmas = scheduler, n_steps, sigmas
        self._rank, self._n_candidates = rank, n_candidates

    @torch.inference_mode()
    def generate(self, texts: Sequence[str], seeds: Sequence[int], duration: float) -> list[Clip]:
        """One clip of `duration` seconds for each text, as one batch, as loud as the model makes it.

        Clip i depends on texts[i], seeds[i] and duration only, up to 1e-4 in float32; its candidates are drawn one
        after the other from the seed's generator. Raises UserError for a duration that the model cannot make.
        """
        grid, drawn = self.networks.grid(duration), generators(seeds)
        predict = self.networks.predictor(texts, duration)
        takes = [self._take(predict, grid, drawn, duration) for _ in range(self._n_candidates)]
        if self._rank is None:
            return takes[0]
        best = np.argmax([self._rank(texts, clips) for clips in takes], axis=0)
        return [takes[chosen][i] for i, chosen in enumerate(best)]

    def _take(
        self, predict: Predict, grid: tuple[int, ...], drawn: list[torch.Generator], duration: float
    ) -> list[Clip]:
        schedule = schedule_of(self._scheduler, self._n_steps, sigmas=self._sigmas)
        noise = start_noise(len(drawn), grid, drawn) * getattr(schedule.scheduler, "init_noise_sigma", 1.0)
        steps_draw = "generator" in inspect.signature(schedule.scheduler.step).parameters
        latents = noise.to(self.networks.device)
        clean = denoise(predict, schedule, latents, generators=drawn if steps_draw else None)
        rate = self.networks.sample_rate
        samples = self.networks.decode(clean).float()[..., : round(duration * rate)].cpu().numpy()
        return [Clip(row, rate) for row in samples]


def refuse_impossible(duration: float, longest: float | None) -> None:
    """Raises UserError for a duration that no clip has, or that is longer than what the model makes."""
    if not 0 < duration < float("inf"):
        raise UserError(f"A clip of {duration} s cannot be made. Ask for more than 0 s.")
    if longest is not None and duration > longest:
        raise UserError(f"This model makes clips of at most {longest:.2f} s, not of {duration:.2f} s. Ask for shorter.")
