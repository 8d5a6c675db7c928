"""Tango and Tango 2: a U-Net of Stable Diffusion 2.1's shape that attends to Flan-T5, over AudioLDM's mel latents.

Ghosal et al., https://arxiv.org/abs/2304.13731; Majumder et al., https://arxiv.org/abs/2404.09956. Reads the folders of
declare-lab/tango* as tango.py and models.py of declare-lab/tango, commit 34ecd38, read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import Part, Published, card_of
from models._shared.folders import Layout

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion

PAPERS = {
    "1": "Ghosal et al., Tango, ACM MM 2023, https://arxiv.org/abs/2304.13731",
    "2": "Majumder et al., Tango 2, ACM MM 2024, https://arxiv.org/abs/2404.09956",
}
NATIVE = 10.24
"""Seconds of every clip that it makes, before what was not asked for is cut off."""
TEXT = "flan-t5-large"
"""Folder of the text encoder's configuration and tokenizer; its weights are in the checkpoint."""
PROMPT_BANK = "TangoPromptBank (several sets, of which AudioCaps may be one)"


def _published(name: str, revision: str, trained_on: tuple[str, ...]) -> Published:
    return Published(
        f"declare-lab/{name}",
        trained_on,
        "CC-BY-NC-SA-4.0 (the weights'; the code's is CC-BY-NC-ND)",
        commercial="No: non-commercial use only.",
        revision=revision,
        parts={TEXT: Part(f"google/{TEXT}", ("config.json", "tokenizer*", "special_tokens_map.json", "spiece.model"))},
        gigabytes=5.3,
        parameters=865_933_768,
        sample_rate=16000,
        duration=NATIVE,
        text_encoder="Flan-T5-large",
        settings={"num_inference_steps": 200, "guidance_scale": 3.0, "scheduler": "DDPM", "candidates": 1},
    )


CHECKPOINTS: Mapping[str, Published] = {
    "tango": _published("tango", "5ed94b368f5a05993d20938dad1d5fbb832c4f7f", ("AudioCaps",)),
    "tango-full": _published("tango-full", "28c2cd4451d772cf3f2ae4927669ad91e938ebca", (PROMPT_BANK,)),
    "tango2": _published(
        "tango2", "86d7260a578b8a51218d26f1ba4e8398eaac9761", (PROMPT_BANK, "AudioCaps", "Audio-alpaca")
    ),
    "tango2-full": _published("tango2-full", "b779f5a77c18e21b0c093bf4700e3ad743f6ef0b", (PROMPT_BANK, "Audio-alpaca")),
}
"""Revisions are those that a later study of these models pinned; the authors' README names the training sets."""
LAYOUT = Layout(
    "tango",
    CHECKPOINTS,
    anchor="main_config.json",
    needed=(
        ("pytorch_model_main.bin",),
        ("pytorch_model_vae.bin",),
        ("vae_config.json",),
        (f"{TEXT}/config.json",),
        (f"{TEXT}/tokenizer_config.json",),
    ),
)
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)

UNET = {
    "block_out_channels": [320, 640, 1280, 1280],
    "attention_head_dim": [5, 10, 20, 20],
    "cross_attention_dim": 1024,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "layers_per_block": 2,
    "in_channels": 8,
    "out_channels": 8,
    "sample_size": [32, 2],
    "use_linear_projection": True,
    "upcast_attention": True,
}
"""configs/diffusion_model_config.json of the authors' code, which the published folders name and do not hold."""
DIFFUSION = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "num_train_timesteps": 1000,
}
"""Of Stable Diffusion 2.1, run by DDPM without the offset of one timestep, which DDPM of that time did not know."""


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 200,
    guidance_scale: float = 3.0,
) -> LatentDiffusion:
    """The contestant `tango:checkpoint`. Raises UserError, naming the file, for what is damaged or another model's."""
    import diffusers

    from models._shared import mel_latents, networks
    from models._shared.audioldm_parts import read_sound_networks
    from models._shared.latent_diffusion import LatentDiffusion, Networks

    scheduler_class: Any = diffusers.DDPMScheduler
    precision = networks.precision(dtype)
    unet, encoder = (part.to(device) for part in _main_networks(files, precision))
    vae, vocoder = (part.to(device) for part in read_sound_networks(files, precision))
    settings = {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "scheduler": "DDPM",
        "candidates": 1,
        "dtype": dtype,
    }
    known = CHECKPOINTS.get(checkpoint)
    paper = PAPERS["2" if "tango2" in checkpoint else "1"]
    return LatentDiffusion(
        card_of("tango", checkpoint, known, files, settings=settings, paper=paper),
        Networks(
            partial(_predictor, unet, encoder, networks.read_tokenizer(files, TEXT), guidance_scale),
            partial(mel_latents.grid_of, vae, vocoder, native=NATIVE),
            partial(mel_latents.sound_of, vae, vocoder),
            vocoder.config.sampling_rate,
            device,
        ),
        scheduler_class.from_config(DIFFUSION),
        n_steps=num_inference_steps,
    )


def _main_networks(files: Mapping[str, Path], precision: Any) -> tuple[Any, Any]:
    """The U-Net and the text encoder, whose weights are one file."""
    from transformers import T5EncoderModel

    from models._shared import networks
    from models._shared.states import part_of, read_json, read_state
    from tta_bench.states import fill

    path = networks.path_of(files, "pytorch_model_main.bin")
    state, named = read_state(path), read_json(networks.path_of(files, "main_config.json"))["unet_model_config_path"]
    unet = networks.unfilled("UNet2DConditionModel", read_json(files[named]) if named in files else UNET)
    fill(unet, part_of(state, "unet."), str(path), dtype=precision)
    config = read_json(networks.path_of(files, f"{TEXT}/config.json"))
    encoder = networks.with_state(
        T5EncoderModel, config, part_of(state, "text_encoder."), f"{path} does not fit {TEXT}/config.json"
    )
    return unet, encoder


def _predictor(unet: Any, encoder: Any, tokenizer: Any, scale: float, texts: Sequence[str], _: float) -> Predict:
    """The U-Net, told the states of the caption's tokens, and led away from those of the empty caption."""
    import torch

    from models._shared.denoising import guided

    every = [*([""] * len(texts) if scale > 1 else []), *texts]
    tokens = tokenizer(every, padding=True, truncation=True, return_tensors="pt").to(encoder.device)
    states = encoder(**tokens).last_hidden_state.to(unet.dtype)
    mask = tokens["attention_mask"].to(torch.bool)

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found: Tensor = unet(latents.to(unet.dtype), timestep, states, encoder_attention_mask=mask, return_dict=False)[
            0
        ]
        return found.float()

    return guided(predict, scale)
