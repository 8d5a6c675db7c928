"""The checkpoint that comes with the suite: whole, small, described, and able to do what it is for."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tta_bench import boards, generators
from tta_bench.audio import file_sha256
from tta_bench.editing.ears import Ears
from tta_bench.types import Clip

MODELS = Path(__file__).parent.parent.parent / "models"
LARGEST = {"auffusion": 56, "audioldm": 32}
"""MiB of all weights."""
SOUNDS = {"a dog barks": "dog bark", "rain is falling": "rain", "a church bell rings": "church bell"}


@pytest.fixture(scope="module", params=LARGEST)
def model(request: pytest.FixtureRequest) -> Any:
    return generators.find(request.param, boards.find("pocket"), weights_dir=None).load("cpu", "float32")


@pytest.fixture(scope="module")
def clips(model: Any) -> list[Clip]:
    found: list[Clip] = model.generate(list(SOUNDS), [1, 2, 3], 5.12)
    return found


@pytest.mark.parametrize("name", LARGEST)
def test_it_is_small_and_its_card_names_every_file_by_its_hash(name: str) -> None:
    folder = MODELS / name / "pocket"
    weights = sorted(folder.rglob("*.safetensors"))
    assert sum(path.stat().st_size for path in weights) < LARGEST[name] * 2**20
    card = (folder / "README.md").read_text()
    for path in weights:
        assert f"`{file_sha256(path)}`" in card
    for said in ("steps", "seed", "Licence", "python -m models.auffusion.train pocket"):
        assert said in card
    assert re.search(r"\d\.\d", card)


def test_a_name_alone_means_it_on_the_board_of_scenes_and_its_row_says_so(model: Any) -> None:
    assert model.card.checkpoint == "pocket"
    assert "pocket" in generators.model_file(model.card.name).CHECKPOINTS["pocket"].note


def test_what_is_asked_for_is_heard(clips: list[Clip]) -> None:
    ears = Ears("cpu")
    heard = [ears.hears(curve, name) for curve, name in zip(ears.curves(clips), SOUNDS.values(), strict=True)]
    assert sum(heard) >= 2


def test_clips_are_whole_and_finite(clips: list[Clip]) -> None:
    for clip in clips:
        assert clip.samples.shape == (81_920,)
        assert np.isfinite(clip.samples).all()
        assert 0.01 < np.abs(clip.samples).max() <= 1.0


def test_a_clip_is_the_same_alone_and_in_a_batch(model: Any, clips: list[Clip]) -> None:
    alone = model.generate(["rain is falling"], [2], 5.12)[0]
    assert np.abs(alone.samples - clips[1].samples).max() < 1e-4
