"""AudioLDM: its published layout, against diffusers' own pipeline, and its clips one by one."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AudioLDMPipeline, AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import (
    ClapAudioConfig,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapTextConfig,
    ClapTextModelWithProjection,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
)

from models import audioldm
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators, start_noise
from models._shared.networks import read_network, read_tokenizer, read_transformer
from tests.models import tiny
from tests.models.tiny import SHORT
from tta_bench.types import TextToAudioModel, UserError

CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain"]
UNET: dict[str, Any] = {
    "_class_name": "UNet2DConditionModel",
    "block_out_channels": [8, 16],
    "cross_attention_dim": [8, 16],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "layers_per_block": 1,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
    "in_channels": 8,
    "out_channels": 8,
    "class_embed_type": "simple_projection",
    "class_embeddings_concat": True,
    "projection_class_embeddings_input_dim": 8,
}
TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SOUND = {"patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 2], "hidden_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as cvssp/audioldm-* are published."""
    root = tmp_path_factory.mktemp("audioldm")
    tiny.write_diffusers(root / "unet", UNET, 1)
    tiny.write_diffusers(root / "vae", tiny.MEL_VAE, 2)
    tiny.write_transformers(root / "vocoder", SpeechT5HifiGan(SpeechT5HifiGanConfig(**tiny.VOCODER)), 3)
    n_words = tiny.write_roberta_tokenizer(root / "tokenizer")
    text = ClapTextConfig(vocab_size=n_words, projection_dim=8, **TEXT)
    tiny.write_transformers(root / "text_encoder", ClapTextModelWithProjection(text), 4)
    tiny.write_json(root / "scheduler" / "scheduler_config.json", tiny.DDIM)
    return root


@pytest.fixture(scope="module")
def with_clap(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a whole CLAP, as laion/clap-htsat-unfused is published."""
    root = Path(shutil.copytree(folder, tmp_path_factory.mktemp("chosen") / "audioldm"))
    n_words = tiny.write_roberta_tokenizer(root / "clap")
    text = ClapTextConfig(vocab_size=n_words, projection_dim=8, **TEXT).to_dict()
    config = ClapConfig(text_config=text, audio_config=ClapAudioConfig(projection_dim=8, **SOUND).to_dict())
    tiny.write_transformers(root / "clap", ClapModel(config), 5)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(root / "clap")
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return audioldm.load(str(folder), files_in(folder), num_inference_steps=3)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:__array__ implementation:DeprecationWarning")
def test_its_clips_are_those_of_diffusers_own_pipeline_for_the_same_noise(folder: Path, model: LatentDiffusion) -> None:
    files = files_in(folder)
    pipeline = AudioLDMPipeline(
        vae=read_network(files, "vae", "AutoencoderKL"),
        unet=read_network(files, "unet", "UNet2DConditionModel"),
        text_encoder=read_transformer(files, "text_encoder", ClapTextModelWithProjection),
        tokenizer=read_tokenizer(files, "tokenizer"),
        scheduler=DDIMScheduler.from_config(tiny.DDIM),
        vocoder=read_transformer(files, "vocoder", SpeechT5HifiGan),
    )
    pipeline.set_progress_bar_config(disable=True)
    noise = start_noise(2, (8, 8, 4), generators([1, 2]))
    theirs = pipeline(CAPTIONS, SHORT, 3, 2.5, latents=noise).audios
    ours = model.generate(CAPTIONS, [1, 2], SHORT)
    assert all(np.abs(clip.samples - row).max() < 1e-4 for clip, row in zip(ours, theirs, strict=True))


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    assert isinstance(model, TextToAudioModel)
    together = model.generate(CAPTIONS, [1, 2], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((5120,), 16000)] * 2
    alone, other = (model.generate(CAPTIONS[1:], [seed], SHORT)[0] for seed in (2, 3))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_is_heard(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS, [1, 1], SHORT)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4


@pytest.mark.parametrize(("duration", "n_samples"), [(0.2345, 3752), (0.5, 8000)])
def test_any_duration_is_made(model: LatentDiffusion, duration: float, n_samples: int) -> None:
    assert model.generate(["rain"], [1], duration)[0].samples.shape == (n_samples,)


def test_a_duration_that_cannot_be_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match="cannot be made"):
        model.generate(["rain"], [1], float("nan"))


def test_with_a_whole_clap_the_best_of_three_is_chosen_and_the_card_says_so(with_clap: Path, folder: Path) -> None:
    chooser = audioldm.load(str(with_clap), files_in(with_clap), num_inference_steps=2)
    single = audioldm.load(str(folder), files_in(folder), num_inference_steps=2)
    assert (chooser.card.settings["candidates"], chooser.card.settings["chosen_by"]) == (3, "CLAP in clap/")
    assert (single.card.settings["candidates"], single.card.settings["chosen_by"]) == (1, None)
    captions = [*CAPTIONS, "a bell", "wind"]
    chosen = chooser.generate(captions, [1, 2, 3, 4], SHORT)
    first = single.generate(captions, [1, 2, 3, 4], SHORT)
    kept = [np.abs(one.samples - other.samples).max() < 1e-4 for one, other in zip(chosen, first, strict=True)]
    assert not all(kept)
    assert chooser._rank is not None
    assert (chooser._rank(captions, chosen) >= chooser._rank(captions, first) - 1e-6).all()
    alone = chooser.generate(captions[2:3], [3], SHORT)[0]
    assert np.abs(alone.samples - chosen[2].samples).max() < 1e-4


def test_its_card_has_the_papers_settings(folder: Path) -> None:
    card = audioldm.load("l-full", files_in(folder)).card
    assert (card.name, card.checkpoint, card.licence) == ("audioldm", "l-full", "CC-BY-NC-SA-4.0")
    assert (card.settings["num_inference_steps"], card.settings["guidance_scale"]) == (200, 2.5)


@pytest.mark.parametrize("name", ["unet", "vae", "text_encoder", "vocoder"])
def test_a_damaged_file_is_refused_by_name(folder: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    path = next((copy / name).glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{name}/{path.name} cannot be read as weights"):
        audioldm.load("l-full", files_in(copy))


@pytest.mark.parametrize(
    "lacking", ["unet/config.json", "vocoder/model.safetensors", "tokenizer/tokenizer_config.json"]
)
def test_an_incomplete_folder_is_refused_before_it_is_loaded(folder: Path, tmp_path: Path, lacking: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / lacking).unlink()
    with pytest.raises(UserError, match=f"has no .*{lacking}.* not a checkpoint of audioldm"):
        audioldm.find(str(copy), cache_dir=tmp_path)


SIZES = {"s-full-v2": (128, 421), "m-full": (192, 652), "l-full": (256, 975)}


@pytest.mark.parametrize("checkpoint", SIZES)
def test_networks_of_the_published_sizes_have_the_published_numbers_of_parameters(checkpoint: str) -> None:
    """Configurations as scripts/convert_original_audioldm_to_diffusers.py of huggingface/diffusers, commit 01f9ade, has
    them, widths as audioldm/utils.py of declare-lab/tango, commit 34ecd38; millions as the README of
    cvssp/audioldm-l-full."""
    width, millions = SIZES[checkpoint]
    widths = [width * factor for factor in (1, 2, 3, 5)]
    config = UNET | {
        "block_out_channels": widths,
        "cross_attention_dim": widths,
        "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 3,
        "up_block_types": ["CrossAttnUpBlock2D"] * 3 + ["UpBlock2D"],
        "layers_per_block": 2,
        "attention_head_dim": 8,
        "norm_num_groups": 32,
        "projection_class_embeddings_input_dim": 512,
    }
    with torch.device("meta"):
        unet: Any = UNet2DConditionModel.from_config(config)
        vae = AutoencoderKL.from_config(tiny.PUBLISHED_VAE)
        vocoder = SpeechT5HifiGan(SpeechT5HifiGanConfig(**tiny.PUBLISHED_VOCODER))
        clap = ClapTextModelWithProjection(ClapTextConfig())
    assert tiny.n_parameters(unet) == audioldm.CHECKPOINTS[checkpoint].parameters
    assert round(tiny.n_parameters(unet, vae, vocoder, clap) / 1e6) == millions
    assert len(unet.state_dict()) == 690
    assert unet.state_dict()["class_embedding.weight"].shape == (4 * width, 512)
