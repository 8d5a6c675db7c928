"""TangoFlux: its published layout, against the authors' loop put together of stock parts, and its clips one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderOobleck, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from diffusers.pipelines.stable_audio.modeling_stable_audio import StableAudioNumberConditioner
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoTokenizer, T5Config, T5EncoderModel

from models import tangoflux
from models._shared.folders import files_in
from models._shared.latent_diffusion import LatentDiffusion
from models._shared.latents import generators, start_noise
from models._shared.networks import unfilled
from tests.models import tiny
from tta_bench.types import UserError

CAPTIONS = ["a dog barks, then rain falls on a tin roof", "rain", "wind"]
VAE = {
    "encoder_hidden_size": 4,
    "downsampling_ratios": [2, 4],
    "channel_multiples": [1, 2],
    "decoder_channels": 4,
    "decoder_input_channels": 8,
    "sampling_rate": 8000,
}
CONFIG = {
    "num_layers": 1,
    "num_single_layers": 1,
    "in_channels": 8,
    "attention_head_dim": 128,
    "joint_attention_dim": 16,
    "num_attention_heads": 1,
    "audio_seq_len": 100,
    "max_duration": 0.1,
    "uncondition": False,
    "text_encoder_name": "google/flan-t5-large",
}
FLUX = {name: CONFIG[name] for name in tangoflux.SIZES if name in CONFIG}
SHORT = 0.05
pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")


@pytest.fixture(scope="module", autouse=True)
def small_vae() -> Iterator[None]:
    """The published folder has no configuration of the VAE: its sizes are in the code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tangoflux, "VAE", VAE)
        yield


def parts() -> dict[str, Any]:
    """The networks of the first file, by the names that the authors' code gives them, with random weights."""
    text = T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=40)
    flux: Any = FluxTransformer2DModel
    conditioner: Any = StableAudioNumberConditioner
    made = {
        "transformer": flux(**FLUX, pooled_projection_dim=16, guidance_embeds=False),
        "fc": nn.Sequential(nn.Linear(16, 16), nn.ReLU()),
        "duration_emebdder": conditioner(16, min_value=0, max_value=CONFIG["max_duration"]),
        "text_encoder": T5EncoderModel(text),
    }
    return {name: tiny.randomise(network, seed) for seed, (name, network) in enumerate(made.items())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as declare-lab/TangoFlux is published, beside what it needs of google/flan-t5-large."""
    root: Path = tmp_path_factory.mktemp("tangoflux")
    tiny.write_json(root / "config.json", CONFIG)
    networks = parts()
    tiny.write_t5_tokenizer(root / "flan-t5-large")
    tiny.write_json(root / "flan-t5-large" / "config.json", networks["text_encoder"].config.to_dict())
    state = {f"{name}.{key}": value for name, part in networks.items() for key, value in part.state_dict().items()}
    # As published: see the comment in `TangoFluxInference` of tangoflux/__init__.py.
    del state["text_encoder.encoder.embed_tokens.weight"]
    save_file(state, root / "tangoflux.safetensors")
    vae: Any = AutoencoderOobleck
    save_file(tiny.randomise(vae(**VAE), 9).state_dict(), root / "vae.safetensors")
    return root


@pytest.fixture(scope="module")
def model(folder: Path) -> LatentDiffusion:
    return tangoflux.load("tangoflux", files_in(folder), num_inference_steps=3)


def authors(folder: Path, caption: str, seed: int) -> Any:
    """`inference_flow` of tangoflux/model.py of declare-lab/TangoFlux, commit 0a11109, for one caption."""
    networks, words = parts(), AutoTokenizer.from_pretrained(folder / "flan-t5-large")
    told = words([caption], return_tensors="pt")
    untold = words([""], padding="max_length", max_length=told.input_ids.shape[1], return_tensors="pt")
    states = torch.cat([networks["text_encoder"](**tokens).last_hidden_state for tokens in (untold, told)])
    mask = torch.cat([untold.attention_mask, told.attention_mask])[..., None] == 1
    pooled = networks["fc"](torch.nanmean(torch.where(mask, states, torch.nan), dim=1))
    lasting = networks["duration_emebdder"](torch.tensor([SHORT])).repeat(2, 1, 1)
    states = torch.cat([states, lasting], dim=1)
    scheduler: Any = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / 3, 3).tolist())
    latents = start_noise(1, (100, 8), generators([seed]))
    for timestep in scheduler.timesteps:
        away, towards = networks["transformer"](
            hidden_states=torch.cat([latents] * 2),
            timestep=(timestep / 1000).repeat(2),
            pooled_projections=pooled,
            encoder_hidden_states=states,
            txt_ids=torch.zeros(states.shape[1], 3),
            img_ids=torch.arange(100)[:, None].repeat(1, 3),
        ).sample.chunk(2)
        latents = scheduler.step(away + 4.5 * (towards - away), timestep, latents).prev_sample
    vae: Any = AutoencoderOobleck
    made = vae(**VAE).eval()
    made.load_state_dict(load_file(folder / "vae.safetensors"))
    return made.decode(latents.transpose(1, 2)).sample[0, :, :400].numpy()


def test_its_clips_are_those_of_the_authors_loop_put_together_of_stock_parts(
    folder: Path, model: LatentDiffusion
) -> None:
    ours = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    with torch.no_grad():
        theirs = [authors(folder, caption, seed) for caption, seed in zip(CAPTIONS, [1, 2, 3], strict=True)]
    assert all(np.abs(clip.samples - samples).max() < 1e-4 for clip, samples in zip(ours, theirs, strict=True))


def test_a_clip_is_the_same_alone_and_in_a_batch_and_each_seed_makes_its_own(model: LatentDiffusion) -> None:
    together = model.generate(CAPTIONS, [1, 2, 3], SHORT)
    assert [(clip.samples.shape, clip.sample_rate) for clip in together] == [((2, 400), 8000)] * 3
    alone, other = (model.generate(CAPTIONS[1:2], [seed], SHORT)[0] for seed in (2, 4))
    assert np.abs(alone.samples - together[1].samples).max() < 1e-4
    assert np.abs(other.samples - alone.samples).max() > 1e-3


def test_the_caption_and_the_duration_are_heard(model: LatentDiffusion) -> None:
    clips = model.generate(CAPTIONS[1:], [1, 1], SHORT)
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4
    longer = model.generate(CAPTIONS[1:2], [1], 0.1)[0]
    assert np.abs(longer.samples[:, :400] - clips[0].samples).max() > 1e-4


def test_more_than_it_makes_is_refused(model: LatentDiffusion) -> None:
    with pytest.raises(UserError, match=r"at most 0\.10 s, not of 1\.00 s"):
        model.generate(["rain"], [1], 1.0)


def test_its_card_has_the_papers_settings(folder: Path) -> None:
    settings = tangoflux.load("tangoflux", files_in(folder)).card.settings
    assert (settings["num_inference_steps"], settings["guidance_scale"]) == (50, 4.5)


@pytest.mark.parametrize("name", ["tangoflux.safetensors", "vae.safetensors"])
def test_a_damaged_file_or_one_without_a_tensor_is_refused_by_name(folder: Path, tmp_path: Path, name: str) -> None:
    tiny.refuses_damage(lambda files: tangoflux.load("tangoflux", files), folder, tmp_path / "copy", name)


def test_networks_of_the_published_sizes_fill_the_published_files() -> None:
    """The hub says 3.44 GB of tangoflux.safetensors and 624 MB of vae.safetensors, in float32."""
    flux = unfilled("FluxTransformer2DModel", tangoflux.SIZES | {"pooled_projection_dim": 1024})
    vae = unfilled("AutoencoderOobleck", {})
    conditioner: Any = StableAudioNumberConditioner
    with torch.device("meta"):
        others = T5EncoderModel(tiny.FLAN_T5_LARGE), nn.Linear(1024, 1024), conditioner(1024, 0, 30)
    assert tiny.n_parameters(flux) == tangoflux.CHECKPOINTS["tangoflux"].parameters
    assert f"{4 * tiny.n_parameters(flux, *others) / 1e9:.2f} GB" == "3.44 GB"
    assert f"{4 * tiny.n_parameters(vae) / 1e6:.0f} MB" == "624 MB"
