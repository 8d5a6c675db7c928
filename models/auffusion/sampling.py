"""How clips are drawn from noise: the knobs of a run, the schedulers, and the one denoising loop."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, PNDMScheduler
from torch import Tensor

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


class Schedule(NamedTuple):
    """A scheduler that is set to some timesteps, to be run once."""

    scheduler: Any
    timesteps: Tensor
    """On the CPU, where the loop looks at them. None of them: nothing is to be done."""


def make_schedule(base: Any, sampling: Sampling, *, strength: float = 1.0) -> Schedule:
    """The schedule of the diffusion that `base` is a scheduler of; with `strength`, of the last part of it only.

    Agrees with diffusers' pipelines, text-to-image and image-to-image, except that PNDM repeats the second of the
    timesteps that are run. Theirs repeats the second of all, and where that one is left out, every noise level is off
    by one. Raises UserError for more steps than there are timesteps.
    """
    scheduler, n_steps = _fresh(base, sampling.scheduler), sampling.num_inference_steps
    if n_steps > scheduler.config.num_train_timesteps:
        raise UserError(f"num_inference_steps is {n_steps}; the diffusion has {scheduler.config.num_train_timesteps}.")
    with warnings.catch_warnings():
        # diffusers 0.42.1 makes arrays of tensors in a way that NumPy 2 warns of.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        scheduler.set_timesteps(n_steps)
    every: Tensor = scheduler.timesteps
    n_left_out = n_steps - min(int(n_steps * strength), n_steps)
    if n_left_out == 0:
        return Schedule(scheduler, every)
    if isinstance(scheduler, PNDMScheduler):
        last = torch.unique(every).flip(0)[n_left_out:]
        return Schedule(scheduler, torch.cat([last[:2], last[1:]]))
    return Schedule(scheduler, every[n_left_out:])


def _fresh(base: Any, name: str | None) -> Any:
    """A scheduler without history.

    What its configuration does not state is chosen as Stable Diffusion does: PNDM without Runge-Kutta steps, and no
    clipping, for these are latents and not pictures.
    """
    if name is None:
        return type(base).from_config(base.config)
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


Predict = Callable[[Tensor, Tensor], Tensor]
"""`(latents, timestep)` -> what the network predicts for them, guided."""
AfterStep = Callable[[int, Tensor], Tensor]
"""`(step, latents)` -> the latents that the next step starts from."""
Callback = Callable[[int, int, Tensor], None]
"""`(step, timestep, latents)`, told after each step."""


def denoise(
    predict: Predict,
    schedule: Schedule,
    latents: Tensor,
    *,
    after_step: AfterStep | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """The latents that are left when the noise of a schedule has been taken off: the only loop over steps there is."""
    scheduler, timesteps = schedule
    for step, timestep in enumerate(timesteps):
        noise = predict(scheduler.scale_model_input(latents, timestep), timestep)
        latents = scheduler.step(noise, timestep, latents, return_dict=False)[0]
        if after_step is not None:
            latents = after_step(step, latents)
        if callback is not None:
            callback(step, int(timestep), latents)
    return latents
