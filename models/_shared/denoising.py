"""Clips out of noise, step by step: schedules, the one loop over them, and guidance.

A scheduler is one of diffusers', which keeps a history: each run needs its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tta_bench.types import UserError


class Schedule(NamedTuple):
    """A scheduler that is set to some timesteps, to be run once."""

    scheduler: Any
    timesteps: Tensor
    """On the CPU, where the loop looks at them. None of them: nothing is to be done."""


def schedule_of(scheduler: Any, n_steps: int, *, sigmas: Sequence[float] | None = None) -> Schedule:
    """A scheduler without history, set to that many steps, or to these noise levels where it is a flow's.

    Raises UserError for more steps than the diffusion has.
    """
    fresh = type(scheduler).from_config(scheduler.config)
    if sigmas is None and n_steps > fresh.config.num_train_timesteps:
        raise UserError(f"num_inference_steps is {n_steps}; the diffusion has {fresh.config.num_train_timesteps}.")
    with warnings.catch_warnings():
        # diffusers 0.42.1 makes arrays of tensors in a way that NumPy 2 warns of.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        if sigmas is None:
            fresh.set_timesteps(n_steps)
        else:
            fresh.set_timesteps(sigmas=list(sigmas))
    return Schedule(fresh, fresh.timesteps)


Predict = Callable[[Tensor, Tensor], Tensor]
"""`(latents, timestep)` -> what the network predicts for them, guided."""
AfterStep = Callable[[int, Tensor], Tensor]
"""`(step, latents)` -> the latents that the next step starts from."""
Callback = Callable[[int, int, Tensor], None]
"""`(step, timestep, latents)`, told after each step."""


def guided(predict: Predict, scale: float) -> Predict:
    """Classifier-free guidance, both branches as one batch: Ho & Salimans, https://arxiv.org/abs/2207.12598.

    `predict` gets the latents twice: first the rows that guidance leads away from, then those with the captions. Up to
    a scale of 1 there is no guidance, and `predict` gets them once.
    """
    if scale <= 1:
        return predict

    def both(latents: Tensor, timestep: Tensor) -> Tensor:
        away, towards = predict(torch.cat([latents] * 2), timestep).chunk(2)
        return away + scale * (towards - away)

    return both


def denoise(
    predict: Predict,
    schedule: Schedule,
    latents: Tensor,
    *,
    generators: Sequence[torch.Generator] | None = None,
    after_step: AfterStep | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """The latents that are left when the noise of a schedule has been taken off: the only loop over steps there is.

    `generators`, one for each row, are for a scheduler that draws new noise at each step.
    """
    scheduler, timesteps = schedule
    # The schedulers of flows leave what goes into the network as it is, and have no method for it.
    scaled = getattr(scheduler, "scale_model_input", lambda given, _: given)
    drawn: dict[str, Any] = {} if generators is None else {"generator": list(generators)}
    for step, timestep in enumerate(timesteps):
        noise = predict(scaled(latents, timestep), timestep)
        with warnings.catch_warnings():
            # torchsde tells of ends that rounding put 1e-7 outside, and takes the nearest inside.
            warnings.filterwarnings("ignore", "Should have t", UserWarning)
            latents = scheduler.step(noise, timestep, latents, return_dict=False, **drawn)[0]
        if after_step is not None:
            latents = after_step(step, latents)
        if callback is not None:
            callback(step, int(timestep), latents)
    return latents
