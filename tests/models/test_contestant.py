"""The contestant as the benchmark sees it, and where its checkpoints are looked for."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file

import models.auffusion as auffusion
from models.auffusion import cards, locate
from models.auffusion.sampling import Sampling
from models.auffusion.settings import Settings
from models.auffusion.spectrogram import MelSettings
from models.auffusion.vocoder import fold_weight_norm
from tests.models.conftest import SHORT
from tta_bench.hashes import revision
from tta_bench.types import TextToAudioModel, UserError

QUICK = Sampling(num_inference_steps=2, guidance_scale=3.0, scheduler="dpm++")


@pytest.fixture(scope="session")
def contestant(checkpoint: Path) -> auffusion.Auffusion:
    return auffusion.load("auffusion", locate.files_in(checkpoint), sampling=QUICK)


def test_it_is_a_text_to_audio_model(contestant: auffusion.Auffusion) -> None:
    assert isinstance(contestant, TextToAudioModel)
    clips = contestant.generate(["a dog", "rain"], [1, 2], SHORT)
    assert [clip.samples.shape for clip in clips] == [(5120,), (5120,)]
    assert all(clip.sample_rate == 16000 and clip.samples.dtype == np.float32 for clip in clips)
    again = contestant.generate(["rain"], [2], SHORT)
    assert np.abs(again[0].samples - clips[1].samples).max() < 1e-4


def test_its_card_says_all_that_decides_its_clips(contestant: auffusion.Auffusion) -> None:
    card = contestant.card
    assert (card.name, card.checkpoint, card.trained_on) == ("auffusion", "auffusion", ("AudioCaps",))
    assert card.settings["num_inference_steps"] == 2
    assert card.settings["scheduler"] == "dpm++"
    assert card.settings["dtype"] == "float32"
    json.dumps(dataclasses.asdict(card))


def test_the_published_settings_are_those_of_the_paper(checkpoint: Path) -> None:
    settings = auffusion.load("auffusion", locate.files_in(checkpoint)).card.settings
    assert settings["num_inference_steps"] == 100
    assert settings["guidance_scale"] == 7.5
    assert settings["scheduler"] == "PNDMScheduler"


def test_the_revision_changes_with_any_byte(checkpoint: Path, tmp_path: Path) -> None:
    files = locate.files_in(checkpoint)
    first = revision(files)
    assert revision(dict(reversed(files.items()))) == first
    changed = tmp_path / "merges.txt"
    changed.write_text(files["text_encoder_0/merges.txt"].read_text() + " ")
    assert revision({**files, "text_encoder_0/merges.txt": changed}) != first


def test_a_precision_that_there_is_not_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UserError, match="No precision 'int8'"):
        auffusion.load("auffusion", locate.files_in(checkpoint), dtype="int8")


def test_every_checkpoint_states_its_licence_and_training_sets() -> None:
    for card in cards.CHECKPOINTS.values():
        assert card.licence
        assert card.trained_on


@pytest.mark.parametrize("place", ["auffusion-full", "auffusion-full-no-adapter", "."])
def test_a_checkpoint_is_found_under_any_of_its_folders_names(checkpoint: Path, tmp_path: Path, place: str) -> None:
    name = "full" if place == "auffusion-full" else "full-no-adapter"
    folder = tmp_path / "weights" / place
    shutil.copytree(checkpoint, folder)
    files = locate.find(name, cache_dir=tmp_path / "cache", weights_dir=tmp_path / "weights")
    assert files == locate.files_in(folder)


@pytest.mark.parametrize(
    "lacking", ["vocoder/vocoder.pt", "unet/diffusion_pytorch_model.bin", "condition_config.json", "unet/config.json"]
)
def test_a_checkpoint_that_lacks_a_file_is_refused_before_it_is_loaded(
    checkpoint: Path, tmp_path: Path, lacking: str
) -> None:
    shutil.copytree(checkpoint, tmp_path / "mine")
    (tmp_path / "mine" / lacking).unlink()
    with pytest.raises(UserError, match=f"mine has no .*{lacking}.*: it is incomplete"):
        locate.find(str(tmp_path / "mine"), cache_dir=tmp_path)


def test_a_folder_is_a_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    files = locate.find(str(checkpoint), cache_dir=tmp_path)
    assert files["vocoder/vocoder.pt"] == checkpoint / "vocoder" / "vocoder.pt"
    with pytest.raises(UserError, match=r"No checkpoint or folder 'fool'\. There are: auffusion, full"):
        locate.find("fool", cache_dir=tmp_path)


def test_a_checkpoint_in_the_hubs_cache_is_found(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, commit = tmp_path / "hub" / "models--auffusion--auffusion-full", "0" * 40
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text(commit)
    shutil.copytree(checkpoint, hub / "snapshots" / commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert locate.find("full", cache_dir=tmp_path / "cache") == locate.files_in(hub / "snapshots" / commit)


def test_a_checkpoint_that_is_nowhere_is_refused_with_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(
        UserError, match=r"auffusion:full is not here: .*put it into DIR/auffusion-full and pass --weights-dir"
    ):
        locate.find("full", cache_dir=tmp_path / "cache")


@pytest.fixture(scope="session")
def pocket(maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as training leaves one: other mels, one channel, coordinates, the shared encoder, safetensors."""
    import diffusers

    folder: Path = tmp_path_factory.mktemp("pocket")
    vocoder = {**maker.VOCODERS["odd"], "num_mels": 64, "upsample_rates": [16, 16], "upsample_kernel_sizes": [32, 32]}
    configs = {
        "unet": {**maker.UNET, "in_channels": 6, "cross_attention_dim": 24},
        "vae": {**maker.VAE, "in_channels": 1, "out_channels": 1, "block_out_channels": [8, 8, 16]},
    }
    configs["vae"] |= {kind: configs["vae"][kind][:3] for kind in ("down_block_types", "up_block_types")}
    for seed, (name, config) in enumerate(configs.items()):
        network = getattr(diffusers, config["_class_name"]).from_config(config)
        maker.write_json(folder / name / "config.json", config)
        state = maker.random_state(maker.shapes_of(network), seed)
        save_file(
            {key: value.half() for key, value in state.items()}, folder / name / "diffusion_pytorch_model.safetensors"
        )
    maker.write_json(folder / "vocoder" / "config.json", vocoder)
    save_file(fold_weight_norm(maker.vocoder_state(vocoder)), folder / "vocoder" / "vocoder.safetensors")
    scheduler = {"_class_name": "DPMSolverMultistepScheduler", "prediction_type": "v_prediction"}
    maker.write_json(folder / "scheduler" / "scheduler_config.json", maker.SCHEDULER | scheduler)
    condition = {
        "condition_type": "all-MiniLM-L6-v2_tokens",
        "condition_adapter_name": "condition_adapter_0",
        "condition_max_length": 32,
        "condition_dim": 384,
        "cross_attention_dim": 24,
        "attention_mask": True,
    }
    maker.write_json(folder / "condition_config.json", [condition])
    maker.write_json(folder / "condition_adapter_0" / "config.json", condition)
    shapes = {"proj.weight": (24, 384), "proj.bias": (24,), "norm.weight": (24,), "norm.bias": (24,)}
    save_file(maker.random_state(shapes, 9), folder / "condition_adapter_0" / "condition_adapter.safetensors")
    mel = MelSettings(n_fft=1024, hop_length=256, n_mels=64, floor=1e-4, ceiling=20.0, channels=1, flipped=False)
    settings = Settings(mel=mel, n_frames=640, coordinates=("time", "sin2"), sampling=Sampling(4, 3.0))
    maker.write_json(folder / "settings.json", dataclasses.asdict(settings))
    return folder


def test_a_pocket_checkpoint_is_the_same_model_with_other_sizes(pocket: Path) -> None:
    contestant = auffusion.load("pocket", locate.files_in(pocket))
    assert contestant.card.settings["scheduler"] == "DPMSolverMultistepScheduler"
    assert contestant.pipeline.conditioning.length == 32
    captions = ["a dog barks, then rain falls", "a pooch woofs"]
    clips = contestant.generate(captions, [1, 2], 1.5)
    assert [clip.samples.shape for clip in clips] == [(24000,)] * 2
    assert np.abs(contestant.generate(captions[1:], [2], 1.5)[0].samples - clips[1].samples).max() < 1e-4
    assert np.abs(clips[0].samples - clips[1].samples).max() > 1e-4


def test_a_pocket_unet_is_told_the_time(pocket: Path) -> None:
    pipeline = auffusion.load("pocket", locate.files_in(pocket)).pipeline
    told = []
    hook = pipeline.unet.register_forward_pre_hook(lambda _, given: told.append(given[0][:, 4:]))
    pipeline("a dog", seeds=[0], duration=1.0, num_inference_steps=1)
    hook.remove()
    assert told[0].shape == (2, 2, 16, 16)
    assert torch.allclose(told[0][1, 0, 3], 2 * (torch.arange(16) + 0.5) / 160 - 1)


def test_maps_of_the_shared_encoder_leave_filling_out(pocket: Path) -> None:
    from models.auffusion.prompting import attention_maps, maps_of_words

    pipeline = auffusion.load("pocket", locate.files_in(pocket)).pipeline
    _, maps = attention_maps(pipeline, ["a dog barks"], seeds=[0], duration=1.0)
    assert list(maps_of_words(pipeline, maps, 0, "a dog barks")) == ["a", "dog", "barks"]
    mask = pipeline.conditioning.encode(["a dog barks"]).mask
    assert mask is not None
    read, filling = (found.nonzero().flatten().tolist() for found in (mask[0], ~mask[0]))
    assert read == list(range(len(read)))
    assert float(maps.of(0, read).min()) > 0.9999
    assert float(maps.of(0, filling).max()) == 0


def test_a_hub_out_of_reach_is_said_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(UserError, match=r"auffusion/auffusion-full cannot be fetched: no connection.*by hand"):
        locate.fetch("full")
    with pytest.raises(UserError, match="auffusion:pocket is not published on the hub"):
        locate.fetch("pocket")
