"""Riffusion: Stable Diffusion 1.5, fine-tuned on pictures of music's mel spectrograms, heard by Griffin and Lim.

Forsgren and Martiros, https://www.riffusion.com/about. Reads the folder of riffusion/riffusion-model-v1, and makes
clips as `text_to_audio.py` of riffusion/riffusion, commit 70fb80f, does where nothing is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models._shared import folders
from models._shared.cards import UNREAD, Published, card_of
from models._shared.folders import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS, Layout, weights_in

if TYPE_CHECKING:
    from torch import Tensor

    from models._shared.denoising import Predict
    from models._shared.latent_diffusion import LatentDiffusion

PAPER = "Forsgren and Martiros, Riffusion, 2022, https://www.riffusion.com/about"
SETTINGS = {"num_inference_steps": 30, "guidance_scale": 7.0, "scheduler": "DPMSolverMultistep", "candidates": 1}
SAMPLE_RATE = 44100
N_FFT, WINDOW, HOP = 17640, 4410, 441
"""Samples: 400, 100 and 10 ms."""
N_MELS, HIGHEST = 512, 10000.0
"""HTK mels from 0 to so many Hz, as high as the picture."""
POWER = 0.25
"""Of magnitudes, in the picture."""
ROUNDS, MOMENTUM = 32, 0.99
"""Of Griffin and Lim."""
PEAK = 10 ** (-0.1 / 20)
"""Of every clip: -0.1 dBFS. A picture does not say how loud it is."""
LATENT = 8
"""Pixels that a latent is wide, and latents of which a picture's width is a multiple."""
CHECKPOINTS: Mapping[str, Published] = {
    "model-v1": Published(
        "riffusion/riffusion-model-v1",
        ("music" + UNREAD,),
        "CreativeML OpenRAIL-M",
        "Made for music. Longer clips are wider pictures than it was trained on; all are as loud as can be.",
        commercial="Yes, within the uses that the licence allows.",
        parameters=859_520_964,
        gigabytes=3.4,
        sample_rate=SAMPLE_RATE,
        duration=5.11,
        text_encoder="CLIP ViT-L/14",
        settings=SETTINGS,
    )
}
LAYOUT = Layout(
    "riffusion",
    CHECKPOINTS,
    anchor="unet/config.json",
    needed=(
        ("unet/config.json",),
        *weights_in(DIFFUSERS_WEIGHTS, "unet", "vae"),
        ("scheduler/scheduler_config.json",),
        *weights_in(TRANSFORMERS_WEIGHTS, "text_encoder"),
        ("tokenizer/tokenizer_config.json",),
    ),
    # Beside these folders lie the same weights in one file of another program, and a classifier of pictures.
    wanted=tuple(f"{part}/*" for part in ("unet", "vae", "scheduler", "text_encoder", "tokenizer")),
)
find = partial(folders.find, LAYOUT)
fetch = partial(folders.fetch, LAYOUT)


def load(
    checkpoint: str,
    files: Mapping[str, Path],
    *,
    device: str = "cpu",
    dtype: str = "float32",
    num_inference_steps: int = 30,
    guidance_scale: float = 7.0,
) -> LatentDiffusion:
    """The contestant `riffusion:model-v1`. Raises UserError, naming the file, for what is damaged or missing."""
    from diffusers import DPMSolverMultistepScheduler
    from transformers import CLIPTextModel

    from models._shared import networks as read
    from models._shared.latent_diffusion import LatentDiffusion, Networks

    precision = read.precision(dtype)
    unet = read.read_network(files, "unet", "UNet2DConditionModel", precision).to(device)
    vae = read.read_network(files, "vae", "AutoencoderKL", precision).to(device)
    encoder = read.read_transformer(files, "text_encoder", CLIPTextModel).to(device)
    settings = SETTINGS | {
        "num_inference_steps": num_inference_steps,
        "guidance_scale": guidance_scale,
        "dtype": dtype,
    }
    return LatentDiffusion(
        card_of("riffusion", checkpoint, CHECKPOINTS.get(checkpoint), files, settings=settings, paper=PAPER),
        Networks(
            partial(_predictor, unet, encoder, read.read_tokenizer(files, "tokenizer"), guidance_scale),
            partial(_grid, unet),
            partial(_decode, vae),
            SAMPLE_RATE,
            device,
        ),
        read.read_scheduler(files, DPMSolverMultistepScheduler),
        n_steps=num_inference_steps,
    )


def _grid(unet: Any, duration: float) -> tuple[int, int, int]:
    """Channels, height and width: at least as wide as it was trained on, else as wide as the clip is long."""
    from models._shared.latent_diffusion import refuse_impossible

    refuse_impossible(duration, None)
    n_frames = 1 + -(-round(duration * SAMPLE_RATE) // HOP)
    width = LATENT * -(-n_frames // LATENT**2)
    return unet.config.in_channels, N_MELS // LATENT, max(width, N_MELS // LATENT)


def _predictor(unet: Any, encoder: Any, tokenizer: Any, scale: float, texts: Sequence[str], _: float) -> Predict:
    """The U-Net, told the states of all 77 tokens, and led away from those of the empty caption."""
    from models._shared.denoising import guided

    every = [*([""] * len(texts) if scale > 1 else []), *texts]
    tokens = tokenizer(every, padding="max_length", truncation=True, return_tensors="pt")["input_ids"]
    states = encoder(tokens.to(encoder.device)).last_hidden_state.to(unet.dtype)

    def predict(latents: Tensor, timestep: Tensor) -> Tensor:
        found: Tensor = unet(latents.to(unet.dtype), timestep, states, return_dict=False)[0]
        return found.float()

    return guided(predict, scale)


def _decode(vae: Any, latents: Tensor) -> Tensor:
    """Samples `(n, n_samples)` of latents."""
    given = (latents / vae.config.scaling_factor).to(vae.dtype)
    pictures: Tensor = vae.decode(given, return_dict=False)[0]
    return heard((pictures[:, 0].float() / 2 + 0.5).clamp(0, 1))


def heard(pictures: Tensor) -> Tensor:
    """Samples `(n, (n_frames - 1) * 441)` of grey pictures `(n, 512, n_frames)`, 1 white and silent, high mels on top.

    Pictures have 256 shades, as the authors' have: where rounding falls to the other side in another batch, a clip is
    the same to 1e-2 only. Magnitudes are the least that have these mels; phases begin with the same noise for all and
    are found by Griffin and Lim with momentum (https://doi.org/10.1109/WASPAA.2013.6701851).
    """
    import torch

    mels = (1 - (pictures.flip(1) * 255).round() / 255) ** (1 / POWER)
    magnitudes = (_unfiltering(N_FFT, N_MELS).to(pictures) @ mels).clamp(min=0)
    window = torch.hann_window(WINDOW, device=pictures.device)
    drawn = torch.rand(magnitudes.shape[1:], dtype=torch.cfloat, generator=torch.Generator().manual_seed(0))
    phases = drawn.to(pictures.device).expand_as(magnitudes)
    before = torch.zeros_like(phases)
    for _ in range(ROUNDS):
        waves = torch.istft(magnitudes * phases, N_FFT, HOP, WINDOW, window)
        now = torch.stft(waves, N_FFT, HOP, WINDOW, window, return_complex=True)
        ahead = now - before * (MOMENTUM / (1 + MOMENTUM))
        phases, before = ahead / (ahead.abs() + 1e-16), now
    waves = torch.istft(magnitudes * phases, N_FFT, HOP, WINDOW, window)
    return PEAK * waves / waves.abs().amax(dim=1, keepdim=True).clamp(min=1e-12)


@lru_cache
def _unfiltering(n_fft: int, n_mels: int) -> Tensor:
    """The pseudo-inverse of the mel filters, `(n_fft // 2 + 1, n_mels)`."""
    import torch

    from tta_bench.mel import mel_filters

    filters = mel_filters(SAMPLE_RATE, n_fft, n_mels, 0.0, HIGHEST, scale="htk", area_norm=False)
    inverse: Tensor = torch.linalg.pinv(torch.from_numpy(filters).double())
    return inverse
