"""What the U-Net predicts for latents: through windows, told the time, and guided away from no caption.

Ho & Salimans, https://arxiv.org/abs/2207.12598, as in `__call__` of auffusion_pipeline.py of
happylittlecat2333/Auffusion, commit f44233d.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor

from models.auffusion.conditioning import Embeddings
from models.auffusion.sampling import Sampling
from models.auffusion.windows import Windows
from tta_bench.types import UserError


def coordinates(names: Sequence[str], width: int, trained_width: int) -> Tensor:
    """Channels `(n_names, width)` that tell a convolution where in the clip it is; `trained_width` columns are a clip.

    `time` rises from -1 to 1 over a clip; `sinN` and `cosN` are waves of N half periods over it.
    """
    place = (torch.arange(width) + 0.5) / trained_width
    return torch.stack([_coordinate(name, place) for name in names]) if names else torch.empty(0, width)


def _coordinate(name: str, place: Tensor) -> Tensor:
    if name == "time":
        return 2 * place - 1
    wave, n_half_periods = name[:3], name[3:]
    if wave not in ("sin", "cos") or not n_half_periods.isdigit():
        raise UserError(f"The checkpoint asks for the coordinate {name!r}; there are time, sinN and cosN.")
    return {"sin": torch.sin, "cos": torch.cos}[wave](math.pi * int(n_half_periods) * place)


def telling(unet: Any, states: Tensor, mask: Tensor | None) -> dict[str, Any]:
    """The U-Net's arguments that say what captions mean: states to attend to, or what modulates its features.

    A U-Net with a projection of class labels is AudioLDM's: the one state of a caption goes there, and nowhere else.
    """
    if unet.config.class_embed_type is None:
        return {"encoder_hidden_states": states, "encoder_attention_mask": mask}
    return {"encoder_hidden_states": None, "class_labels": states[:, 0]}


@final
class GuidedPrediction:
    """`(latents, timestep)` -> what the U-Net predicts for latents `(n, channels, freq, time)`, in float32.

    Conditional and unconditional branch run as one batch, the conditional rows last.
    """

    def __init__(
        self,
        unet: Any,
        embeddings: Embeddings,
        negative: Embeddings,
        sampling: Sampling,
        *,
        seen: Windows,
        told: Tensor,
        n_train_timesteps: int,
    ) -> None:
        """`seen`: the windows through which the U-Net looks; `told`: coordinates `(k, width)` of one of them."""
        self._unet, self._sampling, self._windows = unet, sampling, seen
        self._told, self._n_train = told.to(embeddings.states), n_train_timesteps
        self._conditional = self._ready(embeddings)
        self._both = self._ready(negative.and_then(embeddings))
        self._apart: Tensor | None = None
        self._guided_steps = 0

    def __call__(self, latents: Tensor, timestep: Tensor) -> Tensor:
        scale = self._sampling.guidance_scale
        low, high = self._sampling.guidance_interval
        if scale <= 1 or not low <= float(timestep) / self._n_train <= high:
            return self._predict(latents, timestep, self._conditional)
        fresh = self._guided_steps % self._sampling.unconditional_every == 0
        self._guided_steps += 1
        if self._apart is not None and not fresh:
            return self._predict(latents, timestep, self._conditional) + (scale - 1) * self._apart
        negative, conditional = self._predict(torch.cat([latents] * 2), timestep, self._both).chunk(2)
        self._apart = conditional - negative
        return negative + scale * self._apart

    def _ready(self, embeddings: Embeddings) -> Embeddings:
        every = embeddings.repeated(len(self._windows.starts))
        return Embeddings(every.states.to(self._unet.dtype), every.mask)

    def _predict(self, latents: Tensor, timestep: Tensor, embeddings: Embeddings) -> Tensor:
        pieces = self._windows.split(latents)
        if len(self._told):
            told = self._told[None, :, None].expand(len(pieces), -1, pieces.shape[2], -1)
            pieces = torch.cat([pieces, told], dim=1)
        predicted = self._unet(
            pieces.to(self._unet.dtype),
            timestep,
            return_dict=False,
            **telling(self._unet, embeddings.states, embeddings.mask),
        )[0]
        return self._windows.merge(predicted.float())
