"""Stable Audio Open: a transformer over latents of stereo sound, told T5's states, when the clip starts, when it ends.

Evans et al., https://arxiv.org/abs/2407.14358. Reads the folder of stabilityai/stable-audio-open-1.0 that is published
for diffusers, and equals `StableAudioPipeline` (diffusers 0.42.1) for the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import UNREAD, Published, card_of
from models._shared.folders import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS, Layout, weights_in

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion

PAPER = "Evans et al., Stable Audio Open, ICASSP 2025, https://arxiv.org/abs/2407.14358"
SETTINGS = {"num_inference_steps": 100, "guidance_scale": 7.0, "scheduler": "CosineDPMSolverMultistep", "candidates": 1}
"""Those of diffusers' pipeline where it is told nothing."""
NETWORKS = ("transformer", "vae", "projection_model")
CHECKPOINTS: Mapping[str, Published] = {
    "open-1.0": Published(
        "stabilityai/stable-audio-open-1.0",
        ("Freesound" + UNREAD, "Free Music Archive" + UNREAD),
        "Stability AI Community",
        "Its weights are given out to those who accept the terms.",
        commercial="Yes, below a yearly revenue of a million US dollars.",
        parameters=1_056_939_136,
        sample_rate=44100,
        duration=47.55,
        text_encoder="T5-base",
        settings=SETTINGS,
    )
}
LAYOUT = Layout(
    "stable_audio",
    CHECKPOINTS,
    anchor="transformer/config.json",
    needed=(
        *((f"{network}/config.json",) for network in NETWORKS),
        *weights_in(DIFFUSERS_WEIGHTS, *NETWORKS),
        ("text_encoder/config.json",),
        *weights_in(TRANSFORMERS_WEIGHTS, "text_encoder"),
        ("tokenizer/tokenizer_config.json",),
        ("scheduler/scheduler_config.json",),
    ),
    # Beside these folders, the same weights lie there once more in one file of another program.
    wanted=("*/*.json", "*/*.model", "*/*.safetensors"),
)
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 100,
    guidance_scale: float = 7.0,
) -> LatentDiffusion:
    """The contestant `stable_audio:open-1.0`. Raises UserError, naming the file, for what is damaged or missing."""
    from diffusers import CosineDPMSolverMultistepScheduler
    from transformers import T5EncoderModel

    from models._shared import networks as read
    from models._shared.latent_diffusion import LatentDiffusion, Networks

    precision = read.precision(dtype)
    transformer = read.read_network(files, "transformer", "StableAudioDiTModel", precision).to(device)
    vae = read.read_network(files, "vae", "AutoencoderOobleck", precision).to(device)
    told = _Conditions(
        read.read_transformer(files, "text_encoder", T5EncoderModel).to(device),
        read.read_tokenizer(files, "tokenizer"),
        read.read_network(files, "projection_model", "StableAudioProjectionModel").to(device),
    )
    settings = SETTINGS | {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "dtype": dtype,
    }
    return LatentDiffusion(
        card_of("stable_audio", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, transformer, told, guidance_scale),
            partial(_grid, transformer, vae),
            partial(_decode, vae),
            vae.config.sampling_rate,
            device,
        ),
        read.read_scheduler(files, CosineDPMSolverMultistepScheduler),
        n_steps=num_inference_steps,
    )


def _grid(transformer: Any, vae: Any, duration: float) -> tuple[int, int]:
    """Channels and frames: always those of the longest clip. Raises UserError for a longer one."""
    from models._shared.latent_diffusion import refuse_impossible

    n_frames = transformer.config.sample_size
    refuse_impossible(duration, n_frames * vae.hop_length / vae.config.sampling_rate)
    return transformer.config.in_channels, n_frames


def _decode(vae: Any, latents: Tensor) -> Tensor:
    """Stereo samples of latents `(n, channels, frames)`."""
    samples: Tensor = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    return samples


class _Conditions:
    """What the transformer is told, in float32."""

    def __init__(self, encoder: Any, tokenizer: Any, projection: Any) -> None:
        self._encoder, self._tokenizer, self._projection = encoder, tokenizer, projection

    def __call__(self, texts: Sequence[str], duration: float) -> tuple[Tensor, Tensor]:
        """States of the captions' tokens and of start and end `(n, n_states, width)`; start and end `(n, 1, width)`.

        Zeros stand in the place of tokens that a caption does not have.
        """
        import torch

        padded = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        tokens = self._tokenizer(list(texts), **padded).to(self._encoder.device)
        states = self._encoder(**tokens).last_hidden_state
        ends = torch.full((len(texts),), duration, device=states.device)
        found = self._projection(states, start_seconds=torch.zeros_like(ends), end_seconds=ends)
        start, end = found.seconds_start_hidden_states, found.seconds_end_hidden_states
        said = found.text_hidden_states * tokens["attention_mask"][..., None]
        return torch.cat([said, start, end], dim=1), torch.cat([start, end], dim=2)


def _predictor(
    transformer: Any, conditions: _Conditions, scale: float, texts: Sequence[str], duration: float
) -> Predict:
    """The transformer, led away from what it makes of zeros in the place of states; start and end, both are told."""
    import torch
    from diffusers.models.embeddings import get_1d_rotary_pos_embed

    from models._shared.denoising import guided

    states, times = (part.to(transformer.dtype) for part in conditions(texts, duration))
    if scale > 1:
        states, times = torch.cat([torch.zeros_like(states), states]), torch.cat([times, times])
    # One place for the times, then one for each frame.
    places = get_1d_rotary_pos_embed(
        transformer.config.attention_head_dim // 2,
        1 + transformer.config.sample_size,
        use_real=True,
        repeat_interleave_real=False,
    )
    rotary = tuple(part.to(transformer.device) for part in places)

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found: Tensor = transformer(
            latents.to(transformer.dtype),
            timestep[None].to(states),
            encoder_hidden_states=states,
            global_hidden_states=times,
            rotary_embedding=rotary,
            return_dict=False,
        )[0]
        return found.float()

    return guided(predict, scale)
