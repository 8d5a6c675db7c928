"""Riffusion: its published folder, against the pipeline of diffusers and the authors' calls of torchaudio."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, CLIPTextConfig, CLIPTextModel

from models import riffusion
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators
from models._shared.networks import unfilled
from tests.models import tiny
from tta_bench.types import UserError

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "riffusion.npz")
CAPTIONS = ["a dog barks, then rain falls", "rain", "wind"]
SHORT = 0.3
UNET = {
    "_class_name": "UNet2DConditionModel",
    "block_out_channels": [8, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
    "cross_attention_dim": 16,
    "attention_head_dim": 2,
    "norm_num_groups": 4,
    "sample_size": 8,
}
VAE = {
    "_class_name": "AutoencoderKL",
    "block_out_channels": [4, 4, 8, 8],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 4,
}
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "skip_prk_steps": True,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
PUBLISHED_UNET = {"cross_attention_dim": 768, "sample_size": 64}
"""Stable Diffusion 1.5's; all else is as diffusers' network is where it is told nothing."""

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def small_picture() -> Iterator[None]:
    """Pictures of 64 rows, so that the clips of a test are made quickly; what is golden is as large as published."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(riffusion, "N_MELS", 64)
        patch.setattr(riffusion, "ROUNDS", 2)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as riffusion/riffusion-model-v1 is published."""
    root: Path = tmp_path_factory.mktemp("riffusion")
    tiny.write_diffusers(root / "unet", UNET, 1)
    tiny.write_diffusers(root / "vae", VAE, 2)
    tiny.write_json(root / "scheduler" / "scheduler_config.json", SCHEDULER)
    size = tiny.write_t5_tokenizer(root / "tokenizer", longest=77)
    text = CLIPTextConfig(
        vocab_size=size, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    tiny.write_transformers(root / "text_encoder", CLIPTextModel(text), 3)
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return riffusion.load("model-v1", files_in(folder), num_inference_steps=3)


def stock(folder: Path) -> Any:
    """The pipeline of diffusers, its parts read by diffusers and transformers themselves."""
    kind: Any = diffusers.StableDiffusionPipeline
    auto: Any = AutoTokenizer
    made = kind(
        vae=diffusers.AutoencoderKL.from_pretrained(folder / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        tokenizer=auto.from_pretrained(folder / "tokenizer"),
        unet=diffusers.UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=diffusers.DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.parametrize("scale", [7.0, 1.0])
def test_its_pictures_are_those_of_the_pipeline_of_diffusers(
    folder: Path, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    whole = riffusion.heard
    monkeypatch.setattr(riffusion, "heard", lambda pictures: whole(seen.append(pictures) or pictures))
    model = riffusion.load("model-v1", files_in(folder), num_inference_steps=3, guidance_scale=scale)
    model.generate(CAPTIONS, [1, 2, 3], SHORT)
    theirs = stock(folder)(
        CAPTIONS,
        height=64,
        width=64,
        num_inference_steps=3,
        guidance_scale=scale,
        generator=generators([1, 2, 3]),
        output_type="np",
    ).images
    assert seen[0].shape == (3, 64, 64)
    assert np.abs(seen[0].numpy() - theirs[..., 0]).max() < 1e-4


def test_a_picture_sounds_as_torchaudio_makes_it_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(riffusion, "N_MELS", 512)
    monkeypatch.setattr(riffusion, "ROUNDS", 32)
    ours = riffusion.heard(torch.from_numpy(GOLDEN["picture"])[None] / 255)[0].numpy()
    theirs = GOLDEN["wave"] / np.abs(GOLDEN["wave"]).max()
    assert np.abs(ours / riffusion.PEAK - theirs).max() < 1e-3  # 32 rounds let rounding grow; 3e-4 was measured


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((13230,), 44100)] * 3
    alone, other = (model.generate(CAPTIONS[1:2], [seed], SHORT)[0] for seed in (2, 4))
    # A pixel on the border of two shades may fall to the other side.
    assert np.abs(alone.samples - together[1].samples).max() < 0.02
    assert np.abs(other.samples - alone.samples).max() > 0.1


def test_a_long_clip_is_a_wide_picture(model: LatentDiffusion) -> None:
    clip = model.generate(["rain"], [1], 1.0)[0]
    assert clip.samples.shape == (44100,)
    assert np.abs(clip.samples[-4410:]).max() > 0


def test_a_clip_of_no_length_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match="more than 0 s"):
        model.generate(["rain"], [1], 0.0)


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_a_damaged_file_or_one_without_a_tensor_is_refused_by_name(folder: Path, tmp_path: Path, part: str) -> None:
    tiny.refuses_damage(
        lambda files: riffusion.load("model-v1", files),
        folder,
        tmp_path / "copy",
        f"{part}/diffusion_pytorch_model.safetensors",
    )


def test_the_published_network_has_as_many_parameters_as_its_card_says() -> None:
    made = unfilled("UNet2DConditionModel", PUBLISHED_UNET)
    assert tiny.n_parameters(made) == riffusion.CHECKPOINTS["model-v1"].parameters
