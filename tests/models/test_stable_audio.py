"""Stable Audio Open: its published folder, against the pipeline of diffusers, and its clips one by one."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
from diffusers.pipelines.stable_audio.modeling_stable_audio import StableAudioProjectionModel
from transformers import AutoTokenizer, T5Config, T5EncoderModel

from models import stable_audio
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators
from models._shared.networks import unfilled
from tests.models import tiny
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls", "rain", "wind"]
SHORT = 0.05
TRANSFORMER = {
    "_class_name": "StableAudioDiTModel",
    "sample_size": 100,
    "in_channels": 8,
    "out_channels": 8,
    "num_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "num_key_value_attention_heads": 1,
    "cross_attention_dim": 16,
    "cross_attention_input_dim": 16,
    "time_proj_dim": 8,
    "global_states_input_dim": 32,
}
VAE = {
    "_class_name": "AutoencoderOobleck",
    "encoder_hidden_size": 4,
    "downsampling_ratios": [2, 4],
    "channel_multiples": [1, 2],
    "decoder_channels": 4,
    "decoder_input_channels": 8,
    "sampling_rate": 8000,
}
PROJECTION = {
    "_class_name": "StableAudioProjectionModel",
    "text_encoder_dim": 16,
    "conditioning_dim": 16,
    "min_value": 0,
    "max_value": 1,
}
SCHEDULER = {
    "_class_name": "CosineDPMSolverMultistepScheduler",
    "sigma_min": 0.3,
    "sigma_max": 500,
    "sigma_data": 1.0,
    "solver_order": 2,
    "prediction_type": "v_prediction",
}
PUBLISHED_TRANSFORMER = {
    "sample_size": 1024,
    "in_channels": 64,
    "out_channels": 64,
    "num_layers": 24,
    "attention_head_dim": 64,
    "num_attention_heads": 24,
    "num_key_value_attention_heads": 12,
    "cross_attention_dim": 768,
    "cross_attention_input_dim": 768,
    "time_proj_dim": 256,
    "global_states_input_dim": 1536,
}
"""What `StableAudioDiTModel` of diffusers 0.42.1 is where it is told nothing."""
pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning", "ignore:Should have t:UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as stabilityai/stable-audio-open-1.0 is published for diffusers."""
    root: Path = tmp_path_factory.mktemp("stable-audio")
    for seed, (name, config) in enumerate(
        [("transformer", TRANSFORMER), ("vae", VAE), ("projection_model", PROJECTION)]
    ):
        tiny.write_diffusers(root / name, config, seed)
    tiny.write_json(root / "scheduler" / "scheduler_config.json", SCHEDULER)
    size = tiny.write_t5_tokenizer(root / "tokenizer", longest=24)
    text = T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=size)
    tiny.write_transformers(root / "text_encoder", T5EncoderModel(text), 7)
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return stable_audio.load("open-1.0", files_in(folder), num_inference_steps=4)


def stock(folder: Path) -> Any:
    """The pipeline of diffusers, its parts read by diffusers and transformers themselves."""
    kind: Any = diffusers.StableAudioPipeline
    auto: Any = AutoTokenizer
    return kind(
        vae=diffusers.AutoencoderOobleck.from_pretrained(folder / "vae"),
        text_encoder=T5EncoderModel.from_pretrained(folder / "text_encoder"),
        projection_model=StableAudioProjectionModel.from_pretrained(folder / "projection_model"),
        tokenizer=auto.from_pretrained(folder / "tokenizer"),
        transformer=diffusers.StableAudioDiTModel.from_pretrained(folder / "transformer"),
        scheduler=diffusers.CosineDPMSolverMultistepScheduler.from_pretrained(folder / "scheduler"),
    )


@pytest.mark.parametrize("scale", [7.0, 1.0])
def test_its_clips_are_those_of_the_pipeline_of_diffusers(folder: Path, scale: float) -> None:
    model = stable_audio.load("open-1.0", files_in(folder), num_inference_steps=4, guidance_scale=scale)
    ours = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    pipeline = stock(folder)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        CAPTIONS,
        audio_end_in_s=SHORT,
        num_inference_steps=4,
        guidance_scale=scale,
        generator=generators([1, 2, 3]),
        output_type="np",
    ).audios
    assert max(np.abs(clip.samples - samples).max() for clip, samples in zip(ours, theirs, strict=True)) < 1e-4


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((2, 400), 8000)] * 3
    alone, other = (model.generate(CAPTIONS[1:2], [seed], SHORT)[0] for seed in (2, 4))
    loudest = np.abs(alone.samples).max()  # of random weights: 150, where a trained decoder says 1
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4 * loudest
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_and_the_duration_are_heard(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS[1:], [1, 1], SHORT)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4
    longer = model.generate(CAPTIONS[1:2], [1], 0.1)[0]
    assert np.abs(longer.samples[:, :400] - clips[0].samples).max() > 1e-4


def test_more_than_it_makes_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match=r"at most 0\.10 s, not of 1\.00 s"):
        model.generate(["rain"], [1], 1.0)


def test_its_card_has_the_published_settings(folder: Path) -> None:
    settings = stable_audio.load("open-1.0", files_in(folder)).card.settings
    assert (settings["num_inference_steps"], settings["guidance_scale"]) == (100, 7.0)


@pytest.mark.parametrize("part", stable_audio.NETWORKS)
def test_a_damaged_file_or_one_without_a_tensor_is_refused_by_name(folder: Path, tmp_path: Path, part: str) -> None:
    tiny.refuses_damage(
        lambda files: stable_audio.load("open-1.0", files),
        folder,
        tmp_path / "copy",
        f"{part}/diffusion_pytorch_model.safetensors",
    )


def test_the_published_network_has_as_many_parameters_as_its_card_says() -> None:
    made = unfilled("StableAudioDiTModel", PUBLISHED_TRANSFORMER)
    assert tiny.n_parameters(made) == stable_audio.CHECKPOINTS["open-1.0"].parameters
    assert tiny.n_parameters(unfilled("StableAudioDiTModel", {})) == tiny.n_parameters(made)
