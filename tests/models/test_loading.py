"""Checkpoints in the published layout: read whole, or refused by name."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import save_file

from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.settings import Settings, read_settings
from models.auffusion.spectrogram import MelSettings
from models.auffusion.vocoder import HiFiGAN, settings_of
from tta_bench.types import UserError


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint's folder, to be damaged."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def test_safetensors_are_preferred_to_pickles(copy: Path, published: AuffusionPipeline) -> None:
    for folder in ("unet", "vae"):
        state = torch.load(copy / folder / "diffusion_pytorch_model.bin", weights_only=True)
        save_file(
            {key: value + 1 for key, value in state.items()}, copy / folder / "diffusion_pytorch_model.safetensors"
        )
    found = load_pipeline(files_in(copy))
    assert torch.equal(found.unet.conv_in.bias, published.unet.conv_in.bias + 1)
    assert torch.equal(found.vae.post_quant_conv.bias, published.vae.post_quant_conv.bias + 1)


def test_half_precision_files_are_read_in_the_precision_asked_for(copy: Path, published: AuffusionPipeline) -> None:
    path = copy / "unet" / "diffusion_pytorch_model.bin"
    torch.save({key: value.half() for key, value in torch.load(path, weights_only=True).items()}, path)
    found = load_pipeline(files_in(copy))
    assert found.unet.dtype == torch.float32
    assert torch.allclose(found.unet.conv_in.weight, published.unet.conv_in.weight, atol=1e-3)
    low = load_pipeline(files_in(copy), dtype=torch.bfloat16)
    assert low.unet.dtype == low.vae.dtype == torch.bfloat16
    assert next(low.vocoder.parameters()).dtype == torch.float32
    assert low.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)


def test_the_vaes_names_of_older_diffusers_are_understood(copy: Path, published: AuffusionPipeline) -> None:
    path = copy / "vae" / "diffusion_pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    for new, old in {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}.items():
        state = {key.replace(f"attentions.0.{new}.", f"attentions.0.{old}."): value for key, value in state.items()}
    assert any("proj_attn" in key for key in state)
    torch.save(state, path)
    found = load_pipeline(files_in(copy)).vae.state_dict()
    assert all(torch.equal(value, found[key]) for key, value in published.vae.state_dict().items())


WEIGHTS = (
    "unet/diffusion_pytorch_model.bin",
    "vae/diffusion_pytorch_model.bin",
    "vocoder/vocoder.pt",
    "text_encoder_0/pytorch_model.bin",
    "condition_adapter_0/condition_adapter.pt",
)


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_file_cut_short_is_refused_by_name(copy: Path, name: str) -> None:
    whole = (copy / name).read_bytes()
    (copy / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=f"{name} cannot be read as weights"):
        load_pipeline(files_in(copy))


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_file_that_lacks_a_tensor_is_refused_by_name(copy: Path, name: str) -> None:
    state = torch.load(copy / name, weights_only=True)
    inner = state.get("generator", state)
    inner.pop(next(key for key in inner if key.endswith("bias") and "position" not in key))
    torch.save(state, copy / name)
    with pytest.raises(UserError, match=rf"{name} does not fit .*1 tensors .*bias"):
        load_pipeline(files_in(copy))


@pytest.mark.parametrize("name", [WEIGHTS[0], WEIGHTS[3]])
def test_a_tensor_of_another_shape_is_refused_by_name(copy: Path, name: str) -> None:
    state = torch.load(copy / name, weights_only=True)
    inner = state.get("generator", state)
    key = next(key for key in inner if key.endswith("bias"))
    inner[key] = torch.zeros(len(inner[key]) + 1)
    torch.save(state, copy / name)
    with pytest.raises(UserError, match=f"{name} does not fit"):
        load_pipeline(files_in(copy))


@pytest.mark.parametrize(
    "name", ["unet/config.json", "vocoder/config.json", "scheduler/scheduler_config.json", "vocoder/vocoder.pt"]
)
def test_a_folder_that_lacks_a_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(UserError, match=f"has no {name.split('.')[0]}"):
        load_pipeline(files_in(copy))


def test_a_text_encoder_without_weights_is_refused(copy: Path) -> None:
    (copy / "text_encoder_0" / "pytorch_model.bin").unlink()
    with pytest.raises(UserError, match="text_encoder_0 has no weights"):
        load_pipeline(files_in(copy))


def test_code_in_a_pickle_is_not_run(copy: Path, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"conv_in.weight": Harmful()}, copy / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(UserError, match=r"diffusion_pytorch_model\.bin cannot be read as weights"):
        load_pipeline(files_in(copy))
    assert not (tmp_path / "ran").exists()


def test_another_network_is_refused(copy: Path) -> None:
    shutil.copytree(copy / "vae", copy / "unet", dirs_exist_ok=True)
    with pytest.raises(UserError, match=r"unet/config\.json describes a AutoencoderKL, not a UNet2DConditionModel"):
        load_pipeline(files_in(copy))


@pytest.mark.parametrize("change", [{"block_out_channels": "x"}, {"layers_per_block": None}, {"norm_num_groups": 0}])
def test_a_configuration_that_describes_no_network_is_refused(copy: Path, change: dict[str, object]) -> None:
    path = copy / "unet" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=r"unet/config\.json describes no network"):
        load_pipeline(files_in(copy))


@pytest.mark.parametrize("text", ["[]", "null", '"UNet2DConditionModel"'])
def test_a_configuration_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / "unet" / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"unet/config\.json describes a (list|NoneType|str), not a UNet2D"):
        load_pipeline(files_in(copy))


def test_another_text_encoder_is_refused(copy: Path) -> None:
    path = copy / "text_encoder_0" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "architectures": ["BertModel"]}))
    with pytest.raises(UserError, match="'BertModel'; text encoders are CLIPText, T5, Clap"):
        load_pipeline(files_in(copy))


def test_a_damaged_configuration_is_refused(copy: Path) -> None:
    (copy / "vae" / "config.json").write_text('{"_class_name": "Auto')
    with pytest.raises(UserError, match=r"vae/config\.json cannot be read as JSON"):
        load_pipeline(files_in(copy))


def test_a_vocoder_of_another_spectrogram_is_refused(copy: Path) -> None:
    settings = asdict(Settings(mel=MelSettings(hop_length=256)))
    (copy / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="vocoder takes 256 mels with a hop of 160 samples, the spectrograms have 256"):
        load_pipeline(files_in(copy))


def test_coordinates_must_be_as_many_as_the_unet_takes(copy: Path) -> None:
    (copy / "settings.json").write_text(json.dumps(asdict(Settings(coordinates=("time",)))))
    with pytest.raises(UserError, match=r"takes 0 channels beside the 4 of the latents, .* names 1 coordinates"):
        load_pipeline(files_in(copy))


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    settings = Settings(mel=MelSettings(n_mels=64, peak=None), n_frames=640, coordinates=("time", "sin2"))
    settings = replace(settings, sampling=replace(settings.sampling, num_inference_steps=20, scheduler="dpm++"))
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(asdict(settings)))
    assert read_settings(path) == settings
    assert read_settings(None) == Settings()
    path.write_text('{"mel": {"n_mel": 64}}')
    with pytest.raises(UserError, match="'n_mel', which is no setting"):
        read_settings(path)


def test_published_checkpoints_are_sampled_by_pndm_and_ours_by_what_they_say(copy: Path) -> None:
    path = copy / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_class_name": "DPMSolverMultistepScheduler"}))
    assert type(load_pipeline(files_in(copy)).scheduler) is PNDMScheduler
    (copy / "settings.json").write_text("{}")
    assert type(load_pipeline(files_in(copy)).scheduler) is DPMSolverMultistepScheduler
    path.write_text(json.dumps({**json.loads(path.read_text()), "_class_name": "EulerScheduler"}))
    with pytest.raises(UserError, match="'EulerScheduler'"):
        load_pipeline(files_in(copy))


STABLE_DIFFUSION = {
    "_class_name": "UNet2DConditionModel",
    "block_out_channels": [320, 640, 1280, 1280],
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "layers_per_block": 2,
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
}


def test_the_unet_of_the_published_size_has_860_million_parameters() -> None:
    with torch.device("meta"):
        unet: Any = UNet2DConditionModel.from_config(STABLE_DIFFUSION)
    assert sum(weight.numel() for weight in unet.parameters()) == 859_520_964
    assert len(unet.state_dict()) == 686
    assert unet.state_dict()["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"].shape == (320, 768)


def test_the_vocoder_of_a_published_size_is_built_without_memory(maker: Any) -> None:
    config = {**maker.VOCODERS["even"], "upsample_initial_channel": 1024, "upsample_kernel_sizes": [11, 8, 8, 4]}
    with torch.device("meta"):
        network = HiFiGAN(settings_of(config, "config.json"))
    assert network.conv_pre.weight.shape == (1024, 256, 7)
    assert network(torch.empty(1, 256, 1000, device="meta")).shape == (1, 160_000)
