"""AudioLDM 2: its published layout, against diffusers' own pipeline, and its clips one by one."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AudioLDM2Pipeline, AudioLDM2ProjectionModel, DDIMScheduler
from transformers import (
    ClapAudioConfig,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    ClapTextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    T5Config,
    T5EncoderModel,
)

from models import audioldm2
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators, start_noise
from models._shared.networks import read_network, read_tokenizer, read_transformer, unfilled
from tests.models import tiny
from tests.models.tiny import SHORT
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain"]
UNET: dict[str, Any] = {
    "_class_name": "AudioLDM2UNet2DConditionModel",
    "block_out_channels": [8, 16],
    "cross_attention_dim": [[None, 16, 24], [None, 16, 24]],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "layers_per_block": 1,
    "transformer_layers_per_block": 1,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
    "in_channels": 8,
    "out_channels": 8,
}
PROJECTION = {
    "_class_name": "AudioLDM2ProjectionModel",
    "text_encoder_dim": 8,
    "text_encoder_1_dim": 24,
    "langauge_model_dim": 16,
}
TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SOUND = {"patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 2], "hidden_size": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as cvssp/audioldm2* are published."""
    root = tmp_path_factory.mktemp("audioldm2")
    tiny.write_diffusers(root / "unet", UNET, 1)
    tiny.write_diffusers(root / "vae", tiny.MEL_VAE, 2)
    tiny.write_diffusers(root / "projection_model", PROJECTION, 3)
    tiny.write_transformers(root / "vocoder", SpeechT5HifiGan(SpeechT5HifiGanConfig(**tiny.VOCODER)), 4)
    n_words = tiny.write_roberta_tokenizer(root / "tokenizer")
    text = ClapTextConfig(vocab_size=n_words, projection_dim=8, **TEXT).to_dict()
    sound = ClapAudioConfig(projection_dim=8, **SOUND).to_dict()
    config = ClapConfig(text_config=text, audio_config=sound, projection_dim=8)
    tiny.write_transformers(root / "text_encoder", ClapModel(config), 5)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(root / "feature_extractor")
    n_words = tiny.write_t5_tokenizer(root / "tokenizer_2")
    sizes = {"d_model": 24, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": n_words}
    tiny.write_transformers(root / "text_encoder_2", T5EncoderModel(T5Config(**sizes)), 6)
    words = GPT2Config(vocab_size=20, n_positions=128, n_embd=16, n_layer=2, n_head=2, max_new_tokens=8)
    tiny.write_transformers(root / "language_model", GPT2Model(words), 7)
    tiny.write_json(root / "scheduler" / "scheduler_config.json", tiny.DDIM)
    return root


def loaded(folder: Path, **how: Any) -> LatentDiffusion:
    return audioldm2.load("base", files_in(folder), num_inference_steps=3, **how)


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return loaded(folder, n_candidates=1)


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> AudioLDM2Pipeline:
    """diffusers' own, with the language model in the class that it still works with."""
    files = files_in(folder)
    words = read_transformer(files, "language_model", GPT2Model)
    language_model = GPT2LMHeadModel(words.config).eval()
    language_model.transformer.load_state_dict(words.state_dict())
    made = AudioLDM2Pipeline(
        vae=read_network(files, "vae", "AutoencoderKL"),
        unet=read_network(files, "unet", "AudioLDM2UNet2DConditionModel"),
        projection_model=read_network(files, "projection_model", "AudioLDM2ProjectionModel"),
        language_model=language_model,
        text_encoder=read_transformer(files, "text_encoder", ClapModel),
        text_encoder_2=read_transformer(files, "text_encoder_2", T5EncoderModel),
        tokenizer=read_tokenizer(files, "tokenizer"),
        tokenizer_2=read_tokenizer(files, "tokenizer_2"),
        feature_extractor=ClapFeatureExtractor.from_pretrained(folder / "feature_extractor"),
        scheduler=DDIMScheduler.from_config(tiny.DDIM),
        vocoder=read_transformer(files, "vocoder", SpeechT5HifiGan),
    )
    made.set_progress_bar_config(disable=True)
    return made


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("caption", CAPTIONS)
def test_its_clips_are_those_of_diffusers_own_pipeline_for_one_caption_and_the_same_noise(
    pipeline: AudioLDM2Pipeline, model: LatentDiffusion, caption: str
) -> None:
    noise = start_noise(1, (8, 8, 4), generators([1]))
    theirs = pipeline([caption], audio_length_in_s=SHORT, num_inference_steps=3, latents=noise, max_new_tokens=8)
    ours = model.generate([caption], [1], SHORT)[0]
    assert np.abs(ours.samples - theirs.audios[0]).max() < 1e-4


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((5120,), 16000)] * 2
    alone, other = (model.generate(CAPTIONS[1:], [seed], SHORT)[0] for seed in (2, 3))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_is_heard(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS, [1, 1], SHORT)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4


def test_the_best_of_three_is_chosen_by_its_own_clap_and_the_card_says_so(folder: Path, model: LatentDiffusion) -> None:
    chooser = loaded(folder)
    assert (chooser.card.settings["candidates"], chooser.card.settings["chosen_by"]) == (3, "its own CLAP")
    assert (model.card.settings["candidates"], model.card.settings["chosen_by"]) == (1, None)
    captions = [*CAPTIONS, "a bell", "wind"]
    chosen, first = (one.generate(captions, [1, 2, 3, 4], SHORT) for one in (chooser, model))
    assert chooser._rank is not None
    gained = np.asarray(chooser._rank(captions, chosen)) - np.asarray(chooser._rank(captions, first))
    assert gained.min() > -1e-6
    assert gained.max() > 1e-6


def test_its_card_has_the_papers_settings(folder: Path) -> None:
    settings = audioldm2.load("large", files_in(folder)).card.settings
    assert (settings["num_inference_steps"], settings["guidance_scale"], settings["candidates"]) == (200, 3.5, 3)


@pytest.mark.parametrize("name", ["unet", "projection_model", "language_model", "text_encoder_2"])
def test_a_damaged_file_is_refused_by_name(folder: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    path = next((copy / name).glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{name}/{path.name} cannot be read as weights"):
        audioldm2.load("base", files_in(copy))


@pytest.mark.parametrize("lacking", ["language_model/model.safetensors", "tokenizer_2/tokenizer_config.json"])
def test_an_incomplete_folder_is_refused_before_it_is_loaded(folder: Path, tmp_path: Path, lacking: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / lacking).unlink()
    with pytest.raises(UserError, match=f"has no .*{lacking}.* not a checkpoint of audioldm2"):
        audioldm2.find(str(copy), cache_dir=tmp_path)


SIZES = {"base": ([None, 768, 1024], 1, 0), "large": ([None, 768, 1024, None], 2, 0.01)}


@pytest.mark.parametrize("checkpoint", SIZES)
def test_unets_of_the_published_sizes_have_the_published_numbers_of_parameters(checkpoint: str) -> None:
    """Configurations: unet/config.json of cvssp/audioldm2; large, whose could not be read, as `default_audioldm_config`
    of audioldm2/utils.py of haoheliu/AudioLDM2, commit 1712dec: 718 millions, where later papers say 712."""
    contexts, depth, tolerance = SIZES[checkpoint]
    config = UNET | {
        "block_out_channels": [128, 256, 384, 640],
        "cross_attention_dim": [contexts] * 4,
        "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 3,
        "up_block_types": ["CrossAttnUpBlock2D"] * 3 + ["UpBlock2D"],
        "layers_per_block": 2,
        "transformer_layers_per_block": depth,
        "attention_head_dim": 8,
        "norm_num_groups": 32,
    }
    n = tiny.n_parameters(unfilled("AudioLDM2UNet2DConditionModel", config))
    assert n == pytest.approx(audioldm2.CHECKPOINTS[checkpoint].parameters, rel=tolerance, abs=0)


def test_networks_around_the_unet_have_the_published_sizes() -> None:
    """498 MB of GPT-2 in float32 says the hub; 1.1 thousand million parameters in all, the base repository's README."""
    with torch.device("meta"):
        words, clap, t5 = GPT2Model(GPT2Config()), ClapModel(ClapConfig()), T5EncoderModel(tiny.FLAN_T5_LARGE)
        vocoder = SpeechT5HifiGan(SpeechT5HifiGanConfig(**tiny.PUBLISHED_VOCODER))
        projection = AudioLDM2ProjectionModel(512, 1024, 768)
    vae = unfilled("AutoencoderKL", tiny.PUBLISHED_VAE)
    assert round(4 * tiny.n_parameters(words) / 1e6) == 498
    together = tiny.n_parameters(vae, words, clap, t5, vocoder, projection)
    assert round((together + (audioldm2.CHECKPOINTS["base"].parameters or 0)) / 1e8) == 11
