"""AudioLDM: a U-Net that is told one CLAP embedding of the whole caption, over latents of mel spectrograms.

Liu et al., https://arxiv.org/abs/2301.12503. Reads the folders of cvssp/audioldm-* as they are published for diffusers;
its own loop, as `AudioLDMPipeline` is deprecated, and equal to it (diffusers 0.42.1) for the same noise.

The pocket checkpoint has AudioLDM's conditioning, and spectrogram, VAE and sampler of pocket Auffusion, so that the two
differ in what they are told of a caption: it is laid out and loaded as Auffusion's checkpoints are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import UNREAD, Published, card_of
from models._shared.folders import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS, Layout, weights_in
from models.auffusion import locate

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion
    from models.auffusion import Auffusion

PAPER = "Liu et al., AudioLDM, ICML 2023, https://arxiv.org/abs/2301.12503"
SETTINGS = {"num_inference_steps": 200, "guidance_scale": 2.5, "scheduler": "DDIM", "candidates": 3}
"""DDIM 200, guidance 2.5, the best of 3 by CLAP: the authors' own command line (haoheliu/AudioLDM)."""
RERANKER = "clap"
"""Folder of a whole CLAP, such as laion/clap-htsat-unfused: the published folders have only its text half."""


def _published(repository: str, parameters: int) -> Published:
    return Published(
        repository,
        ("AudioSet", "AudioCaps", "FreeSound" + UNREAD, "BBC Sound Effects" + UNREAD),
        "CC-BY-NC-SA-4.0",
        f"Single draws; with a whole CLAP in {RERANKER}/ of its folder, the best of 3 by that, as in the paper.",
        commercial="No: non-commercial use only.",
        parameters=parameters,
        sample_rate=16000,
        duration=10.24,
        text_encoder="CLAP, one embedding of 512 for the whole caption",
        settings=SETTINGS,
    )


CHECKPOINTS: Mapping[str, Published] = {
    "l-full": _published("cvssp/audioldm-l-full", 739_139_080),
    "m-full": _published("cvssp/audioldm-m-full", 415_954_568),
    "s-full-v2": _published("cvssp/audioldm-s-full-v2", 185_036_552),
    "pocket": Published(
        None,
        ("scenes of tta_bench, split training",),
        "Apache-2.0",
        "Small enough for two CPU cores; compare it on the board `pocket` only.",
        commercial="Yes, under the terms of the licence.",
        sample_rate=16000,
        duration=5.12,
        text_encoder="a small CLAP over all-MiniLM-L6-v2, one embedding of 256 for the whole caption",
        verified=True,
    ),
}
"""Sizes are those of the U-Nets: with the other networks 975, 652 and 421 million, as the repositories say."""
LAYOUT = Layout(
    "audioldm",
    CHECKPOINTS,
    anchor="unet/config.json",
    needed=(
        ("unet/config.json",),
        *weights_in(DIFFUSERS_WEIGHTS, "unet", "vae"),
        ("scheduler/scheduler_config.json",),
        *weights_in(TRANSFORMERS_WEIGHTS, "vocoder", "text_encoder"),
        ("tokenizer/tokenizer_config.json",),
    ),
)
POCKET = replace(locate.LAYOUT, model="audioldm", checkpoints=CHECKPOINTS)
fetch = partial(folders.fetch, LAYOUT)


def find(checkpoint: str, *, cache_dir: Path, weights_dir: Path | None = None) -> dict[str, Path]:
    """The files of `audioldm:checkpoint`, or of the folder that `checkpoint` is the path of; see `folders.find`."""
    ours = checkpoint == "pocket" or (Path(checkpoint) / locate.SETTINGS).is_file()
    bundled = Path(__file__).parent
    return folders.find(
        POCKET if ours else LAYOUT, checkpoint, cache_dir=cache_dir, weights_dir=weights_dir, bundled=bundled
    )


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 200,
    guidance_scale: float = 2.5,
) -> LatentDiffusion | Auffusion:
    """The contestant `audioldm:checkpoint`. Raises UserError, naming the file, for what is damaged or another model's.

    With a whole CLAP in `clap/` of the folder, a clip is the best of 3 by its judgement; the card says which was done.
    A pocket checkpoint's settings are its own.
    """
    if locate.SETTINGS in files:
        from models.auffusion import load_as

        card = partial(card_of, "audioldm", checkpoint, CHECKPOINTS.get(checkpoint), files, paper=PAPER)
        return load_as(card, files, device=device, dtype=dtype)
    from diffusers import DDIMScheduler
    from transformers import ClapTextModelWithProjection, SpeechT5HifiGan

    from models._shared import mel_latents
    from models._shared import networks as read
    from models._shared.latent_diffusion import LatentDiffusion, Networks
    from models._shared.ranking import read_ranking

    precision = read.precision(dtype)
    unet = read.read_network(files, "unet", "UNet2DConditionModel", precision).to(device)
    vae = read.read_network(files, "vae", "AutoencoderKL", precision).to(device)
    vocoder = read.read_transformer(files, "vocoder", SpeechT5HifiGan).to(device)
    encoder = read.read_transformer(files, "text_encoder", ClapTextModelWithProjection).to(device)
    tokenizer = read.read_tokenizer(files, "tokenizer")
    rank = read_ranking(files, RERANKER, device) if f"{RERANKER}/config.json" in files else None
    n_candidates = 3 if rank else 1
    settings = {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "scheduler": "DDIM",
        "candidates": n_candidates,
        "chosen_by": f"CLAP in {RERANKER}/" if rank else None,
        "dtype": dtype,
    }
    known = CHECKPOINTS.get(checkpoint)
    return LatentDiffusion(
        card_of("audioldm", checkpoint, known, files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, unet, encoder, tokenizer, guidance_scale),
            partial(mel_latents.grid_of, vae, vocoder),
            partial(mel_latents.sound_of, vae, vocoder),
            vocoder.config.sampling_rate,
            device,
        ),
        read.read_scheduler(files, DDIMScheduler),
        n_steps=num_inference_steps,
        rank=rank,
        n_candidates=n_candidates,
    )


def _predictor(unet: Any, encoder: Any, tokenizer: Any, scale: float, texts: Sequence[str], _: float) -> Predict:
    """The U-Net, told the caption's CLAP embedding, and led away from that of the empty caption."""
    import torch

    from models._shared.denoising import guided

    told = _embeddings(encoder, tokenizer, texts)
    if scale > 1:
        told = torch.cat([_embeddings(encoder, tokenizer, [""]).expand_as(told), told])

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        given = latents.to(unet.dtype)
        found: Tensor = unet(given, timestep, None, class_labels=told.to(given), return_dict=False)[0]
        return found.float()

    return guided(predict, scale)


def _embeddings(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """CLAP's embeddings `(n, 512)` of length 1; a caption's part beyond its 512 tokens is not read."""
    import torch.nn.functional as F

    tokens = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt").to(encoder.device)
    return F.normalize(encoder(**tokens).text_embeds, dim=-1)
