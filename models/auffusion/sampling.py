"""How clips are drawn from noise: the knobs of a run, and its schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, PNDMScheduler
from torch import Tensor

from models._shared.denoising import Schedule, schedule_of
from tta_bench.types import UserError

SCHEDULERS: Mapping[str, Any] = {"pndm": PNDMScheduler, "ddim": DDIMScheduler, "dpm++": DPMSolverMultistepScheduler}


@dataclass(frozen=True)
class Sampling:
    """All that decides clips beside weights, prompts, seeds and duration. The defaults are the published ones."""

    num_inference_steps: int = 100
    guidance_scale: float = 7.5
    """How far the caption is followed, beyond 1; up to 1 there is no guidance, and half the work."""
    scheduler: Literal["pndm", "ddim", "dpm++"] | None = None
    """None is the pipeline's own."""
    negative_prompt: str | None = None
    """What guidance leads away from; None is no caption, in the way that the checkpoint was trained with."""
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    """Parts of the noising, 0 is the clean end, between which there is guidance; outside, half the work.
    Kynkäänniemi et al., https://arxiv.org/abs/2404.07724."""
    unconditional_every: int = 1
    """Guided steps from one computation of the unconditional branch to the next. Between, its last distance to the
    conditional one is used again, and a step costs half."""

    def __post_init__(self) -> None:
        low, high = self.guidance_interval
        if self.num_inference_steps < 1 or self.unconditional_every < 1:
            counts = f"{self.num_inference_steps} and {self.unconditional_every}"
            raise UserError(f"num_inference_steps and unconditional_every are {counts}; take 1 or more.")
        if not 0 <= low <= high <= 1:
            raise UserError(f"guidance_interval is {low} to {high}; take two parts of 0 to 1, the lower one first.")
        if self.scheduler not in (None, *SCHEDULERS):
            raise UserError(f"No scheduler {self.scheduler!r}. There are: {', '.join(SCHEDULERS)}.")


def make_schedule(base: Any, sampling: Sampling, *, strength: float = 1.0) -> Schedule:
    """The schedule of the diffusion that `base` is a scheduler of; with `strength`, of the last part of it only.

    Agrees with diffusers' pipelines, text-to-image and image-to-image, except that PNDM repeats the second of the
    timesteps that are run. Theirs repeats the second of all, and where that one is left out, every noise level is off
    by one. Raises UserError for more steps than there are timesteps.
    """
    n_steps = sampling.num_inference_steps
    scheduler, every = schedule_of(_chosen(base, sampling.scheduler), n_steps)
    n_left_out = n_steps - min(int(n_steps * strength), n_steps)
    if n_left_out == 0:
        return Schedule(scheduler, every)
    if isinstance(scheduler, PNDMScheduler):
        last = torch.unique(every).flip(0)[n_left_out:]
        return Schedule(scheduler, torch.cat([last[:2], last[1:]]))
    return Schedule(scheduler, every[n_left_out:])


def _chosen(base: Any, name: str | None) -> Any:
    """The scheduler of that name for the diffusion that `base` is one of.

    What its configuration does not state is chosen as Stable Diffusion does: PNDM without Runge-Kutta steps, and no
    clipping, for these are latents and not pictures.
    """
    if name is None:
        return base
    stated = dict(base.config)
    if name == "pndm" and not isinstance(base, PNDMScheduler):
        stated["skip_prk_steps"] = True
    if name == "ddim" and not isinstance(base, DDIMScheduler):
        stated["clip_sample"] = False
    return SCHEDULERS[name].from_config(stated)


def noised(clean: Tensor, noise: Tensor, schedule: Schedule, step: int) -> Tensor:
    """What clean latents are before that step of a schedule, with this noise; after its last step, they themselves."""
    if step == len(schedule.timesteps):
        return clean
    kept: float = float(schedule.scheduler.alphas_cumprod[int(schedule.timesteps[step])])
    return clean * math.sqrt(kept) + noise * math.sqrt(1 - kept)
