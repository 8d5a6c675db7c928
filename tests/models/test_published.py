"""Every published checkpoint: its card, and what is said when it cannot be had."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import huggingface_hub
import pytest
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RevisionNotFoundError

from models._shared import cards, folders
from models._shared.folders import Layout
from tta_bench import generators
from tta_bench.types import UserError

PUBLISHED = [
    (name, checkpoint)
    for name in generators.names()
    for checkpoint, known in generators.model_file(name).CHECKPOINTS.items()
    if known.flavour == "published"
]
MODELS = sorted({name for name, _ in PUBLISHED})


def of(name: str, checkpoint: str) -> Any:
    return generators.model_file(name).CHECKPOINTS[checkpoint]


@pytest.mark.parametrize(("name", "checkpoint"), PUBLISHED)
def test_its_card_is_complete_plain_data(name: str, checkpoint: str) -> None:
    known = of(name, checkpoint)
    facts = json.loads(json.dumps(known.facts))
    assert facts["settings"]["candidates"] == facts["candidates"] >= 1
    assert known.licence
    assert known.trained_on
    assert facts["commercial"].endswith(".")
    for fact in ("repository", "parameters", "sample_rate", "duration", "text_encoder"):
        assert facts[fact], fact


@pytest.mark.parametrize(("name", "checkpoint"), PUBLISHED)
def test_it_is_not_said_to_be_verified_and_every_result_says_so(name: str, checkpoint: str) -> None:
    known = of(name, checkpoint)
    assert known.facts["verified"] is False
    assert known.note.endswith(cards.UNVERIFIED)
    assert cards.UNVERIFIED not in replace(known, verified=True).note


@pytest.mark.parametrize(("name", "checkpoint"), PUBLISHED)
def test_weights_that_are_not_here_are_refused_with_the_ways_out(
    name: str, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", Mock(side_effect=LocalEntryNotFoundError("not here")))
    said = f"(?s){name}:{checkpoint} is not here: .*weights fetch {name}:{checkpoint}.*--weights-dir DIR"
    with pytest.raises(UserError, match=said):
        generators.model_file(name).find(checkpoint, cache_dir=tmp_path, weights_dir=tmp_path)


@pytest.mark.parametrize("name", MODELS)
def test_an_unknown_checkpoint_is_refused_with_those_there_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No checkpoint or folder 'xl-full'\. There are: "):
        generators.model_file(name).find("xl-full", cache_dir=tmp_path, weights_dir=None)


def refusal(error: type[Exception]) -> Mock:
    response = httpx.Response(403, request=httpx.Request("GET", "https://huggingface.co"))
    return Mock(side_effect=error("refused", response=response))


@pytest.mark.parametrize("name", MODELS)
def test_a_gated_repository_says_how_to_get_in(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", refusal(GatedRepoError))
    checkpoint = next(checkpoint for model, checkpoint in PUBLISHED if model == name)
    page = f"huggingface.co/{of(name, checkpoint).repository}"
    with pytest.raises(UserError, match=f"is gated: accept its terms on https://{page}, log in .*pass --weights-dir"):
        generators.model_file(name).fetch(checkpoint)


def layout_of(**changes: Any) -> Layout:
    known = cards.Published("their/model", ("all",), "MIT", **changes)
    return Layout("mine", {"one": known}, anchor="a.json", needed=(("a.json",), ("encoder/b.json",)))


def test_a_revision_is_asked_for_by_name_and_refused_if_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Mapping[str, Any]] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda _, **how: asked.append(how) or str(tmp_path))
    folders.fetch(layout_of(revision="abc123"), "one")
    assert asked[0]["revision"] == "abc123"
    monkeypatch.setattr(huggingface_hub, "snapshot_download", refusal(RevisionNotFoundError))
    with pytest.raises(UserError, match="their/model has no revision abc123"):
        folders.fetch(layout_of(revision="abc123"), "one")


def test_parts_of_other_repositories_lie_in_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for file in ("model/a.json", "part/b.json", "models--their--model/refs", "models--other--encoder/refs"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("{}")
    where = {"their/model": tmp_path / "model", "other/encoder": tmp_path / "part"}
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repository, **_: str(where[repository]))
    layout = layout_of(parts={"encoder": cards.Part("other/encoder", ("*.json",))})
    files = {"a.json": tmp_path / "model" / "a.json", "encoder/b.json": tmp_path / "part" / "b.json"}
    assert folders.find(layout, "one", cache_dir=tmp_path / "cache") == folders.fetch(layout, "one") == files
    where["other/encoder"] = tmp_path / "model" / "none"
    with pytest.raises(UserError, match=r"has no encoder/b.json: .*other/encoder in encoder/ of it"):
        folders.find(layout, "one", cache_dir=tmp_path / "cache")
