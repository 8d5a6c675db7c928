"""One command trains the variants of a recipe and compares them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.training.ablation import Outcome, compare
from models.auffusion.training.recipe import Recipe
from models.auffusion.training.stages import Job, run


@pytest.mark.long
def test_variants_share_data_and_vae_and_are_told_apart_in_a_table(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    entry = dict(recipe.conditions[0])
    variants = (
        {"name": "tokens", "conditions": [entry]},
        {"name": "untrained", "conditions": [{**entry, "condition_type": "untrained_tokens"}]},
    )
    job = Job(replace(recipe, variants=variants), tmp_path)
    shutil.copytree(data, job.data)
    assert run(job, ["vae", "vocoder"])
    assert compare(replace(job, minutes=0.0), 2) is None
    report = compare(job, 2)
    assert report is not None
    lines = report.read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines[-2:]] == ["tokens", "untrained"]
    outcome = Outcome(**json.loads((tmp_path / "ablation" / "untrained" / "outcome.json").read_text()))
    assert 0 < outcome.error < 3
    made = load_pipeline(files_in(tmp_path / "ablation" / "untrained" / "checkpoint"))(
        "a hiss", duration=0.5, seeds=[1]
    )
    assert made.clips is not None


def test_the_gain_is_the_part_of_the_error_that_captions_take_away() -> None:
    assert Outcome("x", 0.75, 1.0).gain == 0.25
