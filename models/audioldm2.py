"""AudioLDM 2: a U-Net that attends to Flan-T5 and to eight states that GPT-2 makes of CLAP's and Flan-T5's.

Liu et al., https://arxiv.org/abs/2308.05734. Reads the folders of cvssp/audioldm2*. `AudioLDM2Pipeline` breaks with
GPT-2 of transformers 5; this is a loop of our own, equal to it (diffusers 0.42.1) for one caption and the same noise.
In a batch the pipeline's clips change with the longest caption; here each caption is read alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

PAPER = "Liu et al., AudioLDM 2, IEEE/ACM TASLP 32 (2024), https://arxiv.org/abs/2308.05734"
N_STATES = 8
"""That the language model makes, where its configuration does not say."""


TRAINED_ON = (
    "AudioCaps",
    "AudioSet",
    "WavCaps",
    "Audiostock (music)",
    "Free To Use Sounds",
    "Epidemic Sound Effects",
    "VGGSound",
    "Million Song Dataset",
)
"""`data.train` in audioldm2/utils.py of haoheliu/AudioLDM2, commit 1712dec, as are steps, guidance and candidates."""


def _published(repository: str, parameters: int) -> Published:
    return Published(
        repository,
        TRAINED_ON,
        "CC-BY-NC-SA-4.0",
        commercial="No: non-commercial use only.",
        parameters=parameters,
        sample_rate=16000,
        duration=10.24,
        text_encoder="CLAP and Flan-T5-large, through GPT-2",
        settings={"num_inference_steps": 200, "guidance_scale": 3.5, "scheduler": "DDIM", "candidates": 3},
    )


CHECKPOINTS: Mapping[str, Published] = {
    "base": _published("cvssp/audioldm2", 346_943_496),
    "large": _published("cvssp/audioldm2-large", 712_000_000),
}
LAYOUT = Layout(
    "audioldm2",
    CHECKPOINTS,
    anchor="language_model/config.json",
    needed=(
        *weights_in(DIFFUSERS_WEIGHTS, "unet", "vae", "projection_model"),
        *weights_in(TRANSFORMERS_WEIGHTS, "language_model", "text_encoder", "text_encoder_2", "vocoder"),
        *((f"{folder}/tokenizer_config.json",) for folder in ("tokenizer", "tokenizer_2")),
        ("scheduler/scheduler_config.json",),
        ("feature_extractor/preprocessor_config.json",),
    ),
    wanted=("*.json", "*.txt", "*.model", "*.safetensors"),
)
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 200,
    guidance_scale: float = 3.5,
    n_candidates: int = 3,
) -> LatentDiffusion:
    """The contestant `audioldm2:checkpoint`, each clip the best of `n_candidates` by the checkpoint's own CLAP.

    Raises UserError, naming the file, for what is damaged or another model's.
    """
    from diffusers import DDIMScheduler
    from transformers import ClapModel, SpeechT5HifiGan

    from models._shared import mel_latents, networks, ranking
    from models._shared.latent_diffusion import LatentDiffusion, Networks

    precision = networks.precision(dtype)
    unet = networks.read_network(files, "unet", "AudioLDM2UNet2DConditionModel", precision).to(device)
    vae = networks.read_network(files, "vae", "AutoencoderKL", precision).to(device)
    vocoder = networks.read_transformer(files, "vocoder", SpeechT5HifiGan).to(device)
    clap = networks.read_transformer(files, "text_encoder", ClapModel).to(device)
    reader = _read_reader(files, clap, device)
    rank = ranking.clap_ranking(clap, reader.clap_words, ranking.read_features(files, "feature_extractor"))
    settings = {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "scheduler": "DDIM",
        "candidates": n_candidates,
        "chosen_by": "its own CLAP" if n_candidates > 1 else None,
        "dtype": dtype,
    }
    known = CHECKPOINTS.get(checkpoint)
    return LatentDiffusion(
        card_of("audioldm2", checkpoint, known, files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, unet, reader, guidance_scale),
            partial(mel_latents.grid_of, vae, vocoder),
            partial(mel_latents.sound_of, vae, vocoder),
            vocoder.config.sampling_rate,
            device,
        ),
        networks.read_scheduler(files, DDIMScheduler),
        n_steps=num_inference_steps,
        rank=rank if n_candidates > 1 else None,
        n_candidates=n_candidates,
    )


@dataclass(frozen=True)
class Reader:
    """The networks that read captions."""

    clap: Any
    clap_words: Any
    t5: Any
    t5_words: Any
    projection: Any
    language_model: Any
    n_states: int


def _read_reader(files: Mapping[str, Path], clap: Any, device: str) -> Reader:
    from transformers import GPT2Model, T5EncoderModel

    from models._shared import networks

    language_model = networks.read_transformer(files, "language_model", GPT2Model).to(device)
    return Reader(
        clap,
        networks.read_tokenizer(files, "tokenizer"),
        networks.read_transformer(files, "text_encoder_2", T5EncoderModel).to(device),
        networks.read_tokenizer(files, "tokenizer_2"),
        networks.read_network(files, "projection_model", "AudioLDM2ProjectionModel").to(device),
        language_model,
        getattr(language_model.config, "max_new_tokens", N_STATES),
    )


def _read(reader: Reader, text: str, n_tokens: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """States `(8, 768)` of GPT-2, states `(n_tokens, 1024)` of Flan-T5 and a mask `(n_tokens,)` of a caption.

    `n_tokens` fills up: GPT-2 counts positions, and what no caption is read as has as many as the caption has.
    """
    import torch

    device = reader.clap.device
    said = reader.clap_words([text], truncation=True, return_tensors="pt").to(device)
    pooled = reader.clap.get_text_features(**said).pooler_output[:, None]
    how: dict[str, Any] = {"padding": "max_length", "max_length": n_tokens} if n_tokens else {}
    tokens = reader.t5_words([text], truncation=True, return_tensors="pt", **how).to(device)
    states = reader.t5(**tokens).last_hidden_state
    mask = tokens["attention_mask"]
    projected = reader.projection(pooled, states, mask.new_ones(1, 1), mask)
    told, present = projected.hidden_states, projected.attention_mask
    for _ in range(reader.n_states):
        new = reader.language_model(inputs_embeds=told, attention_mask=present).last_hidden_state[:, -1:]
        told, present = torch.cat([told, new], dim=1), torch.cat([present, present.new_ones(1, 1)], dim=1)
    return told[0, -reader.n_states :], states[0], mask[0]


def _predictor(unet: Any, reader: Reader, scale: float, texts: Sequence[str], _: float) -> Predict:
    """The U-Net, told the captions, and led away from the empty caption."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from models._shared.denoising import guided

    read = [_read(reader, text) for text in texts]
    if scale > 1:
        read = [*(_read(reader, "", len(mask)) for _, _, mask in read), *read]
    made = torch.stack([one for one, _, _ in read]).to(unet.dtype)
    states = pad_sequence([one for _, one, _ in read], batch_first=True).to(unet.dtype)
    mask = pad_sequence([one for _, _, one in read], batch_first=True).to(torch.bool)

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found: Tensor = unet(
            latents.to(unet.dtype),
            timestep,
            encoder_hidden_states=made,
            encoder_hidden_states_1=states,
            encoder_attention_mask_1=mask,
            return_dict=False,
        )[0]
        return found.float()

    return guided(predict, scale)
