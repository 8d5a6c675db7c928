"""TangoFlux: a Flux transformer over latents of stereo sound, told Flan-T5's states, their mean and the duration.

Hung et al., https://arxiv.org/abs/2412.21037. Reads the folder of declare-lab/TangoFlux as `TangoFluxInference` does,
and runs `inference_flow` of tangoflux/model.py of declare-lab/TangoFlux, commit 0a11109, which takes one caption at a
time; here captions of a batch run together only where they have equally many tokens, for Flux knows no mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import UNREAD, Part, Published, card_of
from models._shared.folders import Layout

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion

PAPER = "Hung et al., TangoFlux, ICLR 2026, https://arxiv.org/abs/2412.21037"
TEXT = "flan-t5-large"
"""Folder of the text encoder's configuration and tokenizer; its weights are in the checkpoint."""
LONGEST = 30.0
"""Seconds, where the configuration does not say."""
CHECKPOINTS: Mapping[str, Published] = {
    "tangoflux": Published(
        "declare-lab/TangoFlux",
        ("WavCaps", "AudioCaps" + UNREAD, "preferences among its own clips" + UNREAD),
        "Stability AI Community, and WavCaps' academic terms",
        commercial="No: WavCaps, on which it was trained, is for academic use only.",
        parameters=516_695_616,
        parts={TEXT: Part(f"google/{TEXT}", ("config.json", "tokenizer*", "special_tokens_map.json", "spiece.model"))},
        gigabytes=4.1,
        sample_rate=44100,
        duration=LONGEST,
        text_encoder="Flan-T5-large",
        settings={"num_inference_steps": 50, "guidance_scale": 4.5, "scheduler": "FlowMatchEuler", "candidates": 1},
    )
}
LAYOUT = Layout(
    "tangoflux",
    CHECKPOINTS,
    anchor="tangoflux.safetensors",
    needed=(("vae.safetensors",), ("config.json",), (f"{TEXT}/config.json",), (f"{TEXT}/tokenizer_config.json",)),
)
SIZES = {
    "num_layers": 6,
    "num_single_layers": 18,
    "in_channels": 64,
    "attention_head_dim": 128,
    "joint_attention_dim": 1024,
    "num_attention_heads": 8,
    "guidance_embeds": False,
}
"""Of the transformer, where `config.json` does not say."""
VAE: Mapping[str, object] = {}
"""Of diffusers' AutoencoderOobleck, whose own sizes are those published."""
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 50,
    guidance_scale: float = 4.5,
) -> LatentDiffusion:
    """The contestant `tangoflux`. Raises UserError, naming the file, for what is damaged or another model's."""
    import diffusers
    import numpy as np

    from models._shared import networks
    from models._shared.latent_diffusion import LatentDiffusion, Networks
    from models._shared.states import read_json

    config = read_json(networks.path_of(files, "config.json"))
    parts = _read_parts(files, config, device, networks.precision(dtype))
    settings = {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "scheduler": "FlowMatchEuler",
        "candidates": 1,
        "dtype": dtype,
    }
    scheduler: Any = diffusers.FlowMatchEulerDiscreteScheduler
    return LatentDiffusion(
        card_of("tangoflux", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, parts, networks.read_tokenizer(files, TEXT), guidance_scale),
            partial(_grid, config),
            partial(_decode, parts["vae"]),
            parts["vae"].config.sampling_rate,
            device,
        ),
        scheduler(num_train_timesteps=1000),
        n_steps=num_inference_steps,
        sigmas=np.linspace(1, 1 / num_inference_steps, num_inference_steps).tolist(),
    )


def _read_parts(
    files: Mapping[str, Path], config: Mapping[str, Any], device: str, dtype: torch.dtype
) -> dict[str, Any]:
    """The networks by name, in float32 those that read captions and durations."""
    import torch
    from diffusers.pipelines.stable_audio.modeling_stable_audio import StableAudioNumberConditioner
    from torch import nn
    from transformers import T5EncoderModel

    from models._shared import networks
    from models._shared.states import part_of, read_json, read_state
    from tta_bench.states import fill

    path, vae_path = (networks.path_of(files, name) for name in ("tangoflux.safetensors", "vae.safetensors"))
    state, said = read_state(path), read_json(networks.path_of(files, f"{TEXT}/config.json"))
    width = said["d_model"]
    sizes = {name: config[name] for name in SIZES if name in config}
    conditioner: Any = StableAudioNumberConditioner
    with torch.device("meta"):
        duration = conditioner(width, min_value=0, max_value=_longest(config))
        mean = nn.Sequential(
            nn.Linear(width, config.get("joint_attention_dim", SIZES["joint_attention_dim"])), nn.ReLU()
        )
    vae = networks.unfilled("AutoencoderOobleck", VAE)
    transformer = networks.unfilled("FluxTransformer2DModel", SIZES | sizes | {"pooled_projection_dim": width})
    text = networks.with_state(
        T5EncoderModel, said, part_of(state, "text_encoder."), f"{path} does not fit {TEXT}/config.json"
    )
    filled = {
        "transformer": fill(transformer, part_of(state, "transformer."), str(path), dtype=dtype),
        "mean": fill(mean, part_of(state, "fc."), str(path), dtype=torch.float32),
        "duration": fill(duration, part_of(state, "duration_emebdder."), str(path), dtype=torch.float32),
        "vae": fill(vae, read_state(vae_path), str(vae_path), dtype=dtype),
        "text": text,
    }
    return {name: network.to(device) for name, network in filled.items()}


def _longest(config: Mapping[str, Any]) -> float:
    return float(config.get("max_duration", LONGEST))


def _grid(config: Mapping[str, Any], duration: float) -> tuple[int, int]:
    """Frames and channels: always those of the longest clip. Raises UserError for a longer one."""
    from models._shared.latent_diffusion import refuse_impossible

    refuse_impossible(duration, _longest(config))
    return config.get("audio_seq_len", 645), config.get("in_channels", SIZES["in_channels"])


def _decode(vae: Any, latents: Tensor) -> Tensor:
    """Stereo samples of latents `(n, frames, channels)`."""
    samples: Tensor = vae.decode(latents.transpose(1, 2).to(vae.dtype), return_dict=False)[0]
    return samples


def _predictor(
    parts: Mapping[str, Any], tokenizer: Any, scale: float, texts: Sequence[str], duration: float
) -> Predict:
    """The transformer, told the captions and the duration, and led away from the empty caption."""
    import torch

    from models._shared.denoising import guided

    lengths = [len(ids) for ids in tokenizer(list(texts), truncation=True)["input_ids"]]
    groups = []
    for length in sorted(set(lengths)):
        rows = [i for i, n_tokens in enumerate(lengths) if n_tokens == length]
        said = [*([""] * len(rows) if scale > 1 else []), *(texts[i] for i in rows)]
        groups.append((rows + [len(texts) + i for i in rows if scale > 1], *_read(parts, tokenizer, said, duration)))

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found = torch.empty_like(latents)
        for rows, states, pooled in groups:
            found[rows] = _velocity(parts["transformer"], latents[rows], timestep, states, pooled)
        return found

    return guided(predict, scale)


def _read(parts: Mapping[str, Any], tokenizer: Any, texts: Sequence[str], duration: float) -> tuple[Tensor, Tensor]:
    """States of all tokens, filled up to the longest caption's, with the duration's after them; and the mean of those
    of the caption's own tokens, adapted."""
    import torch

    tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt").to(parts["text"].device)
    states, mask = parts["text"](**tokens).last_hidden_state, tokens["attention_mask"][..., None]
    pooled = parts["mean"]((states * mask).sum(1) / mask.sum(1))
    lasting = parts["duration"](torch.full((len(texts),), duration, device=states.device))
    return torch.cat([states, lasting], dim=1), pooled


def _velocity(transformer: Any, latents: Tensor, timestep: Tensor, states: Tensor, pooled: Tensor) -> Tensor:
    import torch

    places = torch.arange(latents.shape[1], device=latents.device)[:, None].expand(-1, 3)
    found: Tensor = transformer(
        hidden_states=latents.to(transformer.dtype),
        # Flux multiplies by the number of timesteps of training.
        timestep=(timestep / 1000).expand(len(latents)).to(latents),
        pooled_projections=pooled.to(transformer.dtype),
        encoder_hidden_states=states.to(transformer.dtype),
        txt_ids=states.new_zeros(states.shape[1], 3),
        img_ids=places,
        return_dict=False,
    )[0]
    return found.float()
