"""Recipes as data, and the command that runs them."""

import math
from pathlib import Path

import pytest

from models.auffusion.train import NAMES, main, parser
from models.auffusion.training.recipe import Recipe, read_recipe, read_variants, with_steps
from models.auffusion.training.stages import STAGES
from tta_bench.types import UserError


@pytest.mark.parametrize("name", ["pocket", "published"])
def test_the_sizes_in_a_recipe_fit_together(name: str) -> None:
    recipe = read_recipe(name)
    if recipe.vocoder.learns:
        assert recipe.vocoder.network["num_mels"] == recipe.mel.n_mels
        assert math.prod(recipe.vocoder.network["upsample_rates"]) == recipe.mel.hop_length
    if recipe.unet.network and recipe.vae.network:
        channels = recipe.vae.network["latent_channels"]
        assert recipe.unet.network["in_channels"] == channels + len(recipe.coordinates)
        assert recipe.unet.network["out_channels"] == channels


def test_every_stage_of_the_pocket_recipe_is_stated(recipe: Recipe) -> None:
    pocket = read_recipe("pocket")
    assert pocket.mel.peak is None
    assert pocket.n_frames == 320
    assert all(getattr(pocket, stage).schedule.steps > 0 for stage in ("vae", "unet"))
    assert tuple(STAGES) == NAMES
    assert recipe.unet.schedule.accumulate == 2


def test_a_setting_that_there_is_not_is_refused_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("duration = 1.0\n[mel]\nn_mells = 64\n")
    with pytest.raises(UserError, match=r"mine\.toml, mel states 'n_mells'"):
        read_recipe(str(path))
    path.write_text("duration = 1.0\n")
    with pytest.raises(UserError, match="incomplete"):
        read_recipe(str(path))
    with pytest.raises(UserError, match=r"No recipe 'pokket'\. There are: pocket, pocket-audioldm, published"):
        read_recipe("pokket")


def test_variants_differ_in_their_encoders_alone() -> None:
    variants = read_variants(read_recipe("pocket"))
    assert list(variants) == ["token-states", "pooled-state", "untrained-encoder"]
    assert all(variant.data == read_recipe("pocket").data for variant in variants.values())
    assert not read_variants(read_recipe("published"))["no-pretraining"].unet.pretrained


def test_steps_may_be_changed_for_one_stage() -> None:
    recipe = with_steps(read_recipe("pocket"), "vae", 7)
    assert (recipe.vae.schedule.steps, recipe.unet.schedule.steps) == (7, read_recipe("pocket").unet.schedule.steps)


def test_the_command_refuses_what_it_does_not_know(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["pocket", "--stages", "vea"]) == 2
    assert "No stage 'vea'" in caplog.text
    assert main(["pocket", "--steps", "5"]) == 2
    assert "name it with --stages" in caplog.text
    assert main(["pocket", "--ablation"]) == 2
    assert "needs --steps" in caplog.text


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    assert "python -m models.auffusion.train pocket" in capsys.readouterr().out
