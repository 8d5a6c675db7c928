"""Stable Audio 3: its published folder, against the pipeline of diffusers, and its clips one by one."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
from transformers import AutoTokenizer, T5GemmaConfig, T5GemmaEncoderModel

from models import stable_audio3
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators
from models._shared.networks import unfilled
from tests.models import tiny
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls", "rain", "wind"]
SHORT = 0.05
CLOSE = 3e-6
"""Of samples up to 1: a caption makes a difference of 7e-5 to these random weights."""
TRANSFORMER = {
    "_class_name": "StableAudio3DiTModel",
    "io_channels": 8,
    "embed_dim": 32,
    "depth": 2,
    "num_heads": 2,
    "cond_token_dim": 16,
    "global_cond_dim": 16,
    "local_add_cond_dim": 9,
    "timestep_features_dim": 8,
    "num_memory_tokens": 2,
}
VAE = {
    "_class_name": "AutoencoderSAME",
    "patch_size": 8,
    "encoder_channels": 8,
    "encoder_c_mults": [2],
    "encoder_strides": [2],
    "encoder_transformer_depths": [1],
    "latent_dim": 8,
    "dim_heads": 8,
    "use_differential_attention": False,  # of random weights, its two halves cancel, and no latent is heard
    "sampling_rate": 8000,
}
DURATION = {"_class_name": "StableAudio3DurationEmbedder", "output_dim": 16, "fourier_dim": 8, "max_val": 2.0}
SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1, "shift": 1.0}


def write(root: Path, *, distilled: bool) -> Path:
    """A folder as stabilityai/stable-audio-3-medium is published for diffusers."""
    parts = [("transformer", TRANSFORMER), ("vae", VAE), ("duration_embedder", DURATION)]
    for seed, (name, config) in enumerate(parts):
        tiny.write_diffusers(root / name, config, seed)
    tiny.write_json(root / "scheduler" / "scheduler_config.json", SCHEDULER | {"stochastic_sampling": distilled})
    size = tiny.write_t5_tokenizer(root / "tokenizer", longest=24)
    module = {
        "vocab_size": size,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    }
    text = T5GemmaConfig(encoder=module, decoder=module, is_encoder_decoder=False)
    tiny.write_transformers(root / "text_encoder", T5GemmaEncoderModel(text), 7)
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("stable-audio-3"), distilled=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("stable-audio-3-base"), distilled=False)


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return stable_audio3.load("medium", files_in(folder))


def stock(folder: Path) -> Any:
    """The pipeline of diffusers, its parts read by diffusers and transformers themselves."""
    kind: Any = diffusers.StableAudio3Pipeline
    auto: Any = AutoTokenizer
    made = kind(
        vae=diffusers.AutoencoderSAME.from_pretrained(folder / "vae"),
        text_encoder=T5GemmaEncoderModel.from_pretrained(folder / "text_encoder"),
        tokenizer=auto.from_pretrained(folder / "tokenizer"),
        duration_embedder=diffusers.StableAudio3DurationEmbedder.from_pretrained(folder / "duration_embedder"),
        transformer=diffusers.StableAudio3DiTModel.from_pretrained(folder / "transformer"),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler"),
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.parametrize(("distilled", "steps", "scale"), [(True, None, 1.0), (False, 3, 1.0), (False, 3, 4.0)])
def test_its_clips_are_those_of_the_pipeline_of_diffusers(
    folder: Path, base: Path, distilled: bool, steps: int | None, scale: float
) -> None:
    where = folder if distilled else base
    model = stable_audio3.load("medium", files_in(where), num_inference_steps=steps, guidance_scale=scale)
    ours = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    theirs = stock(where)(
        CAPTIONS,
        duration=SHORT,
        num_inference_steps=steps,
        guidance_scale=scale,
        generator=generators([1, 2, 3]),
        output_type="np",
    ).audios
    assert max(np.abs(clip.samples - samples).max() for clip, samples in zip(ours, theirs, strict=True)) < CLOSE
    assert np.abs(theirs).max() > 0.01


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((2, 400), 8000)] * 3
    alone, other = (model.generate(CAPTIONS[1:2], [seed], SHORT)[0] for seed in (2, 4))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_and_the_duration_are_heard(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS[1:], [1, 1], SHORT)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 10 * CLOSE
    longer = model.generate(CAPTIONS[1:2], [1], 0.1)[0]
    assert longer.samples.shape == (2, 800)


def test_more_than_it_makes_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match=r"at most 2\.00 s, not of 3\.00 s"):
        model.generate(["rain"], [1], 3.0)


def test_a_distilled_checkpoint_takes_few_steps_and_another_many(folder: Path, base: Path) -> None:
    steps = [stable_audio3.load("x", files_in(one)).card.settings["num_inference_steps"] for one in (folder, base)]
    assert steps == [8, 100]


@pytest.mark.parametrize("part", stable_audio3.NETWORKS)
def test_a_damaged_file_or_one_without_a_tensor_is_refused_by_name(folder: Path, tmp_path: Path, part: str) -> None:
    tiny.refuses_damage(
        lambda files: stable_audio3.load("medium", files),
        folder,
        tmp_path / "copy",
        f"{part}/diffusion_pytorch_model.safetensors",
    )


def test_the_published_network_has_as_many_parameters_as_its_card_says() -> None:
    made = unfilled("StableAudio3DiTModel", {})
    assert tiny.n_parameters(made) == stable_audio3.CHECKPOINTS["medium"].parameters
