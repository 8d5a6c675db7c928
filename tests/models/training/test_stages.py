"""A whole training of tiny networks, from clips to a checkpoint that makes sound."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.training.recipe import Recipe
from models.auffusion.training.stages import Job, make_checkpoint, make_unet, make_vae, make_vocoder, read_latents, run
from tta_bench.types import UserError


@pytest.fixture(scope="session")
def trained(data: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A training that is done."""
    job = Job(recipe, tmp_path_factory.mktemp("training"), command="train tiny")
    shutil.copytree(data, job.data)
    assert run(job, ["vae", "vocoder", "reader", "unet", "export"])
    return job


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.safetensors")}


def test_the_checkpoint_is_read_by_the_loader_and_makes_sound(trained: Job) -> None:
    files = files_in(trained.folder / "checkpoint")
    folders = ("condition_adapter_0", "condition_adapter_1", "reader", "scheduler", "unet", "vae", "vocoder")
    assert {name.split("/")[0] for name in files} == {*folders, "condition_config.json", "settings.json"}
    pipeline = load_pipeline(files)
    assert (pipeline.fold, pipeline.vae_factor) == (8, 8)
    made = pipeline("a hiss", duration=0.5, seeds=[0])
    assert made.clips is not None
    assert made.clips[0].samples.shape == (8000,)
    assert np.isfinite(made.clips[0].samples).all()


def test_weights_are_written_in_half_precision_and_named_in_the_card(trained: Job) -> None:
    checkpoint = trained.folder / "checkpoint"
    halves = sum(path.stat().st_size for path in checkpoint.rglob("*.safetensors"))
    wholes = sum(path.stat().st_size for path in trained.parts.rglob("*.safetensors"))
    assert 0.45 < halves / wholes < 0.7
    card = (checkpoint / "README.md").read_text()
    assert "train tiny" in card
    assert "unet/diffusion_pytorch_model.safetensors" in card


def test_the_vae_states_the_factor_that_brings_latents_to_a_spread_of_one(trained: Job) -> None:
    latents, _ = read_latents(trained)
    assert latents.latents[range(6)].shape == (6, 4, 4, 4)
    assert abs(float(latents.latents[range(6)].astype(np.float32).std()) - 1) < 0.02


def test_captions_reach_the_u_net_as_they_will_in_the_pipeline(trained: Job) -> None:
    latents, _ = read_latents(trained)
    pipeline = load_pipeline(files_in(trained.folder / "checkpoint"))
    wanted = pipeline.conditioning.encode(["a hiss", ""])
    adapters = [condition.adapter for condition in pipeline.conditioning.conditions if condition.adapter is not None]
    found = latents.states.batch(latents.states.numbers(["a hiss", ""]), adapters, torch.device("cpu"))
    assert found.mask is not None
    assert wanted.mask is not None
    assert torch.equal(found.mask, wanted.mask)
    assert torch.allclose(found.states, wanted.states, atol=5e-3)  # what is kept of tokens is float16


@pytest.mark.parametrize(("stage", "part"), [(make_vae, "vae"), (make_vocoder, "vocoder"), (make_unet, "unet")])
@pytest.mark.long
def test_a_stage_that_is_stopped_ends_with_the_same_weights(trained: Job, tmp_path: Path, stage, part: str) -> None:  # type: ignore[no-untyped-def]
    job = replace(trained, folder=tmp_path, minutes=0.0)
    shutil.copytree(trained.data, job.data)
    shutil.copytree(trained.parts, job.parts, ignore=shutil.ignore_patterns(f"{part}*"))
    stops = 0
    while not stage(job):
        stops += 1
    assert stops == 3
    assert weights(job.parts / part) == weights(trained.parts / part)


def test_a_stage_that_is_done_is_not_done_again(trained: Job) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.parts.rglob("*.safetensors")}
    assert run(trained, ["vae", "vocoder", "unet"])
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_no_checkpoint_is_written_of_half_a_training(trained: Job, tmp_path: Path) -> None:
    job = replace(trained, folder=tmp_path)
    shutil.copytree(trained.parts / "vae", job.parts / "vae")
    with pytest.raises(UserError, match="no trained unet, vocoder"):
        make_checkpoint(job)


def test_a_vocoder_that_learns_nothing_is_a_stage_of_no_time(trained: Job, tmp_path: Path) -> None:
    vocoder = replace(trained.recipe.vocoder, griffin_lim={"rounds": 3})
    job = replace(trained, folder=tmp_path, recipe=replace(trained.recipe, vocoder=vocoder))
    for part in ("vae", "reader", "unet", "condition_adapter_0", "condition_adapter_1"):
        shutil.copytree(trained.parts / part, job.parts / part)
    assert run(job, ["vocoder", "export"])
    pipeline = load_pipeline(files_in(job.folder / "checkpoint"))
    assert pipeline.vocoder.rounds == 3
    assert "vocoder: " not in (job.folder / "checkpoint" / "README.md").read_text()


def test_a_recipe_without_networks_needs_a_checkpoint_to_start_from(trained: Job, tmp_path: Path) -> None:
    recipe = replace(trained.recipe, vae=replace(trained.recipe.vae, network=None))
    job = replace(trained, folder=tmp_path, recipe=recipe)
    with pytest.raises(UserError, match="--start"):
        make_vae(job)
    assert make_vae(replace(job, start=trained.folder / "checkpoint"))
    config = json.loads((job.parts / "vae" / "config.json").read_text())
    assert config["latent_channels"] == 4


def test_the_minutes_end_a_run_between_stages_too(trained: Job) -> None:
    assert not run(replace(trained, minutes=0.0), ["vae"])
