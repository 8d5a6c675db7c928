"""Tango: its published layout, its parts against the authors' code, and its clips one by one."""

import json
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import AutoTokenizer, SpeechT5HifiGan, SpeechT5HifiGanConfig, T5Config, T5EncoderModel

from models import tango
from models._shared import audioldm_parts, mel_latents
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators, start_noise
from tests.models import tiny
from tta_bench.types import UserError

GOLDEN = Path(__file__).parent.parent / "golden"
ORIGINAL = np.load(GOLDEN / "tango.npz")
MAKER = SimpleNamespace(**runpy.run_path(str(GOLDEN / "make_tango.py")))
CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain"]
UNET = {
    "block_out_channels": [8, 16],
    "cross_attention_dim": 16,
    "attention_head_dim": [2, 4],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "in_channels": 8,
    "out_channels": 8,
    "use_linear_projection": True,
    "upcast_attention": True,
}


def published_vae() -> dict[str, torch.Tensor]:
    """Random weights under the names that the authors' code gives them."""
    rows = [str(row).split() for row in ORIGINAL["layout"]]
    state: dict[str, torch.Tensor] = MAKER.random_state({name: tuple(map(int, sizes)) for name, *sizes in rows})
    return state


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as declare-lab/tango* are published, beside what it needs of google/flan-t5-large."""
    root = tmp_path_factory.mktemp("tango")
    n_words = tiny.write_t5_tokenizer(root / "flan-t5-large")
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": n_words}
    encoder = tiny.randomise(T5EncoderModel(T5Config(feed_forward_proj="gated-gelu", **sizes)), 1)
    tiny.write_json(root / "flan-t5-large" / "config.json", encoder.config.to_dict())
    unet = tiny.randomise(UNet2DConditionModel.from_config(UNET), 2)
    tiny.write_json(root / "configs" / "diffusion_model_config.json", UNET)
    tiny.write_json(
        root / "main_config.json",
        {
            "text_encoder_name": "google/flan-t5-large",
            "scheduler_name": "stabilityai/stable-diffusion-2-1",
            "unet_model_name": None,
            "unet_model_config_path": "configs/diffusion_model_config.json",
            "snr_gamma": 5.0,
        },
    )
    tiny.write_json(root / "vae_config.json", MAKER.VAE)
    parts = {"unet.": unet, "text_encoder.": encoder}
    main = {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.state_dict().items()}
    torch.save(main, root / "pytorch_model_main.bin")
    torch.save(published_vae(), root / "pytorch_model_vae.bin")
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return tango.load("tango2", files_in(folder), num_inference_steps=3)


def test_its_vae_and_vocoder_make_what_the_authors_code_makes(folder: Path) -> None:
    vae, vocoder = audioldm_parts.read_sound_networks(files_in(folder), torch.float32)
    latents = torch.from_numpy(ORIGINAL["latents"])
    with torch.no_grad():
        log_mels = vae.decode(latents / vae.config.scaling_factor).sample
        samples = mel_latents.sound_of(vae, vocoder, latents)
    assert np.abs(log_mels.numpy() - ORIGINAL["log_mels"]).max() < 1e-4
    assert np.abs(samples.numpy() - ORIGINAL["samples"]).max() < 1e-4


def test_its_clips_are_those_of_the_authors_loop_put_together_of_stock_parts(
    folder: Path, model: LatentDiffusion
) -> None:
    """`inference` and `encode_text_classifier_free` of models.py of declare-lab/tango, but with a generator a clip."""
    state = torch.load(folder / "pytorch_model_main.bin", weights_only=True)
    unet: Any = UNet2DConditionModel.from_config(UNET).eval()
    stated = json.loads((folder / "flan-t5-large" / "config.json").read_text())
    unet.load_state_dict({key[5:]: tensor for key, tensor in state.items() if key.startswith("unet.")})
    encoder = T5EncoderModel(T5Config(**stated)).eval()
    encoder.load_state_dict({key[13:]: tensor for key, tensor in state.items() if key.startswith("text_encoder.")})
    words = AutoTokenizer.from_pretrained(folder / "flan-t5-large")
    told = words(CAPTIONS, padding=True, return_tensors="pt")
    untold = words([""] * 2, padding="max_length", max_length=told.input_ids.shape[1], return_tensors="pt")
    drawn = generators([1, 2])
    latents = start_noise(2, (8, 256, 4), drawn)
    scheduler = DDPMScheduler(1000, 0.00085, 0.012, "scaled_linear", prediction_type="v_prediction", clip_sample=False)
    scheduler.set_timesteps(3)
    with torch.no_grad():
        states = torch.cat([encoder(**tokens).last_hidden_state for tokens in (untold, told)])
        mask = torch.cat([untold.attention_mask, told.attention_mask]) == 1
        for timestep in scheduler.timesteps:
            both = unet(torch.cat([latents] * 2), timestep, states, encoder_attention_mask=mask).sample
            away, towards = both.chunk(2)
            latents = scheduler.step(away + 3 * (towards - away), timestep, latents, generator=drawn).prev_sample
        theirs = model.networks.decode(latents)[:, :16000].numpy()
    ours = model.generate(CAPTIONS, [1, 2], 1.0)
    assert all(np.abs(clip.samples - row).max() < 1e-4 for clip, row in zip(ours, theirs, strict=True))


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2], 10.0)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((160_000,), 16000)] * 2
    alone, other = (model.generate(CAPTIONS[1:], [seed], 10.0)[0] for seed in (2, 3))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_is_heard_and_what_is_not_asked_for_is_cut_off(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS, [1, 1], 2.0)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4
    longer = model.generate(CAPTIONS, [1, 1], 3.0)
    assert np.abs(longer[0].samples[:32000] - clips[0].samples).max() < 1e-4


def test_more_than_it_makes_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match=r"at most 10\.24 s, not of 11\.00 s"):
        model.generate(["rain"], [1], 11.0)


def test_its_card_has_the_papers_settings(folder: Path) -> None:
    card = tango.load("tango2", files_in(folder)).card
    assert (card.settings["num_inference_steps"], card.settings["guidance_scale"]) == (200, 3.0)
    assert "Tango 2" in card.paper


@pytest.mark.parametrize("name", ["pytorch_model_main.bin", "pytorch_model_vae.bin"])
def test_a_damaged_file_and_one_that_lacks_a_tensor_are_refused_by_name(
    folder: Path, tmp_path: Path, name: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    state = torch.load(copy / name, weights_only=True)
    for key in list(state)[:1], [key for key in state if "SelfAttention.k" in key or "vocoder.ups" in key][:1]:
        torch.save({name: tensor for name, tensor in state.items() if name not in key}, copy / name)
        with pytest.raises(UserError, match=f"{name} does not fit"):
            tango.load("tango", files_in(copy))
    (copy / name).write_bytes((copy / name).read_bytes()[:-1000])
    with pytest.raises(UserError, match=f"{name} cannot be read as weights"):
        tango.load("tango", files_in(copy))


def test_without_flan_t5s_tokenizer_the_folder_is_refused_with_its_address(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "tango-tango")
    shutil.rmtree(tmp_path / "tango-tango" / "flan-t5-large")
    with pytest.raises(UserError, match=r"has no flan-t5-large/config.json: .*google/flan-t5-large in flan-t5-large/"):
        tango.find("tango", cache_dir=tmp_path / "cache", weights_dir=tmp_path)


def test_networks_of_the_published_sizes_fill_the_published_files() -> None:
    """The hub says 4.83 GB of pytorch_model_main.bin and 443 MB of pytorch_model_vae.bin, in float32."""
    with torch.device("meta"):
        unet: Any = UNet2DConditionModel.from_config(tango.UNET)
        main = tiny.n_parameters(unet, T5EncoderModel(tiny.FLAN_T5_LARGE))
        vae: Any = AutoencoderKL.from_config(tiny.PUBLISHED_VAE)
        vocoder = SpeechT5HifiGan(SpeechT5HifiGanConfig(**tiny.PUBLISHED_VOCODER))
    assert tiny.n_parameters(unet) == tango.CHECKPOINTS["tango"].parameters
    assert f"{4 * main / 1e9:.2f} GB" == "4.83 GB"
    assert f"{4 * tiny.n_parameters(vae, vocoder) / 1e6:.0f} MB" == "443 MB"
    ddconfig = MAKER.VAE["ddconfig"] | {"ch": 128, "ch_mult": [1, 2, 4], "num_res_blocks": 2}
    sizes = audioldm_parts.vae_sizes(ddconfig)
    assert sizes.items() <= dict(vae.config).items()
    assert audioldm_parts.vocoder_sizes({}).to_dict() == vocoder.config.to_dict()
