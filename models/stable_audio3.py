"""Stable Audio 3: a flow over latents of stereo sound, told T5Gemma's states and how long the clip is to be.

Stability AI, 2026, https://huggingface.co/stabilityai/stable-audio-3-medium. Reads the folders that are published for
diffusers, and equals `StableAudio3Pipeline` (diffusers 0.42.1) for the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import Published, card_of
from models._shared.folders import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS, Layout, weights_in

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion

PAPER = "Stability AI, Stable Audio 3, 2026, https://huggingface.co/stabilityai/stable-audio-3-medium"
STEPS = {True: 8, False: 100}
"""Of a checkpoint whose scheduler draws new noise at each step, as a distilled one's does, and of another."""
LOG_SNR = (-6.2, 2.0)
"""From the noise to the sound: the steps divide this evenly."""
LONGEST = 384.0
"""Seconds, where the configuration does not say."""
N_TOKENS = 256
NETWORKS = ("transformer", "vae", "duration_embedder")


def _published(name: str, scheduler: str, steps: int) -> Published:
    return Published(
        f"stabilityai/stable-audio-3-{name}",
        ("not known here",),
        "Stability AI Community",
        "Its weights are given out to those who accept the terms.",
        commercial="Yes, below a yearly revenue of a million US dollars.",
        parameters=1_453_170_944,
        sample_rate=44100,
        duration=LONGEST,
        text_encoder="T5Gemma",
        settings={"num_inference_steps": steps, "guidance_scale": 1.0, "scheduler": scheduler, "candidates": 1},
    )


CHECKPOINTS: Mapping[str, Published] = {
    "medium": _published("medium", "FlowMatchEuler, new noise at each step", 8),
    "medium-base": _published("medium-base", "FlowMatchEuler", 100),
}
"""Settings are those of diffusers' pipeline where it is told nothing; what they were trained on is not known here."""
LAYOUT = Layout(
    "stable_audio3",
    CHECKPOINTS,
    anchor="duration_embedder/config.json",
    needed=(
        *((f"{network}/config.json",) for network in NETWORKS),
        *weights_in(DIFFUSERS_WEIGHTS, *NETWORKS),
        ("text_encoder/config.json",),
        *weights_in(TRANSFORMERS_WEIGHTS, "text_encoder"),
        ("tokenizer/tokenizer_config.json",),
        ("scheduler/scheduler_config.json",),
    ),
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
    num_inference_steps: int | None = None,
    guidance_scale: float = 1.0,
) -> LatentDiffusion:
    """The contestant `stable_audio3:checkpoint`. Raises UserError, naming the file, for what is damaged or missing.

    Without `num_inference_steps` there are 8 for a distilled checkpoint and 100 for another.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler
    from transformers import T5GemmaEncoderModel

    from models._shared import networks as read
    from models._shared.latent_diffusion import LatentDiffusion, Networks

    precision = read.precision(dtype)
    transformer = read.read_network(files, "transformer", "StableAudio3DiTModel", precision).to(device)
    vae = read.read_network(files, "vae", "AutoencoderSAME", precision).to(device)
    embedder = read.read_network(files, "duration_embedder", "StableAudio3DurationEmbedder").to(device)
    encoder = read.read_transformer(files, "text_encoder", T5GemmaEncoderModel).to(device)
    tokenizer = read.read_tokenizer(files, "tokenizer")
    scheduler = read.read_scheduler(files, FlowMatchEulerDiscreteScheduler)
    renewed = bool(scheduler.config.stochastic_sampling)
    n_steps = num_inference_steps or STEPS[renewed]
    settings = {
        "num_inference_steps": n_steps,
        "guidance_scale": guidance_scale,
        "scheduler": "FlowMatchEuler" + ", new noise at each step" * renewed,
        "candidates": 1,
        "dtype": dtype,
    }
    return LatentDiffusion(
        card_of("stable_audio3", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, transformer, embedder, encoder, tokenizer, guidance_scale),
            partial(_grid, vae, embedder),
            partial(_decode, vae),
            vae.config.sampling_rate,
            device,
        ),
        scheduler,
        n_steps=n_steps,
        sigmas=noise_levels(n_steps),
    )


def noise_levels(n_steps: int) -> list[float]:
    """Noise levels that divide the log signal-to-noise ratio evenly; the first is all noise."""
    import torch

    lowest, highest = LOG_SNR
    levels = torch.sigmoid(torch.linspace(1, 0, n_steps + 1) * (highest - lowest) - highest)
    return [1.0, *levels[1:-1].tolist()]


def _grid(vae: Any, embedder: Any, duration: float) -> tuple[int, int]:
    """Channels and frames of the clip. Raises UserError for one longer than the network was told of."""
    from models._shared.latent_diffusion import refuse_impossible

    refuse_impossible(duration, embedder.config.max_val)
    n_frames = -(-round(duration * vae.config.sampling_rate) // vae.downsampling_ratio)
    return vae.config.latent_dim, n_frames


def _decode(vae: Any, latents: Tensor) -> Tensor:
    """Stereo samples of latents `(n, channels, frames)`."""
    samples: Tensor = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    return samples.clamp(-1, 1)


def _predictor(
    transformer: Any, embedder: Any, encoder: Any, tokenizer: Any, scale: float, texts: Sequence[str], duration: float
) -> Predict:
    """The transformer, told the captions' states and the duration, and led away from the empty caption."""
    import torch

    from models._shared.denoising import guided

    every = [*([""] * len(texts) if scale > 1 else []), *texts]
    longest = min(tokenizer.model_max_length, N_TOKENS)
    tokens = tokenizer(every, padding="max_length", max_length=longest, truncation=True, return_tensors="pt")
    tokens = tokens.to(encoder.device)
    lasting = embedder(torch.full((len(every),), duration, device=encoder.device))
    said = torch.cat([encoder(**tokens).last_hidden_state, lasting[:, None]], dim=1).to(transformer.dtype)
    mask = torch.nn.functional.pad(tokens["attention_mask"], (0, 1), value=1)

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found: Tensor = transformer(
            latents.to(transformer.dtype),
            timestep.expand(len(latents)).to(latents.device),
            encoder_hidden_states=said,
            global_hidden_states=lasting.to(said),
            encoder_attention_mask=mask,
            return_dict=False,
        )[0]
        return found.float()

    return guided(predict, scale)
