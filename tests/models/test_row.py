"""The main job with a real generator: names in, a table with provenance out; the same bytes after an interruption."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from tests.models.conftest import SHORT
from tta_bench import boards, generating, results
from tta_bench.types import Board


@pytest.fixture
def few_steps(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny checkpoint, to be sampled in two steps, as the folder `tiny` of the folder that commands run in."""
    shutil.copytree(checkpoint, tmp_path / "tiny")
    (tmp_path / "tiny" / "settings.json").write_text(json.dumps({"sampling": {"num_inference_steps": 2}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def short_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board pocket with short clips, for a network of random weights needs no long ones."""
    original = boards.find

    def find(name: str, metrics: Sequence[str] = ()) -> Board:
        return replace(original(name, metrics), duration=SHORT)

    monkeypatch.setattr(boards, "find", find)


def main_job(*more: str) -> Run:
    options = ["--limit", "1", "--metrics", "event_recall", "--store", "store", "--out", "out", "--no-intervals"]
    return CliRunner().invoke(benchmark.app, ["--models", "auffusion:tiny,noise", *options, *more])


@pytest.mark.long
@pytest.mark.usefixtures("few_steps", "short_board")
def test_the_main_job_generates_measures_and_goes_on_with_the_same_bytes() -> None:
    run = main_job()
    assert run.exit_code == 0, run.stderr
    assert "auffusion:tiny: clips of auffusion:tiny" in run.stdout
    first = Path("out/auffusion-tiny.json").read_bytes()
    result = results.read(Path("out/auffusion-tiny.json"))
    assert (result.board, result.model, result.control) == ("pocket-first-1", "auffusion:tiny", False)
    seeds = {prompt: generating.clip_seed(0, prompt) for prompt in result.provenance["clips"]}
    assert result.provenance["generation"]["seeds"] == seeds
    assert result.provenance["model"]["settings"]["num_inference_steps"] == 2
    assert result.provenance["command"]["limit"] == 1

    made = {path: path.read_bytes() for path in Path("store").rglob("*.wav")}
    clip = next(path for path in made if "scenes" not in path.parts)
    clip.unlink()
    shutil.rmtree("store/features")
    assert main_job().exit_code == 0
    assert {path: path.read_bytes() for path in Path("store").rglob("*.wav")} == made
    assert Path("out/auffusion-tiny.json").read_bytes() == first


def test_weights_that_are_not_here_are_refused_before_anything_is_made(few_steps: Path) -> None:
    (few_steps / "tiny" / "vocoder" / "vocoder.pt").unlink()
    run = main_job()
    assert run.exit_code == 2
    assert "tiny has no vocoder/vocoder.safetensors and no vocoder/vocoder.pt" in run.stderr
    assert not Path("store").exists()


def test_a_damaged_checkpoint_is_refused_before_anything_is_made(few_steps: Path) -> None:
    weights = few_steps / "tiny" / "unet" / "diffusion_pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[:1000])
    run = main_job()
    assert run.exit_code == 2
    assert "diffusion_pytorch_model.bin cannot be read as weights" in run.stderr
    assert not Path("store").exists()


def test_the_weights_of_a_model_are_fetched_by_its_name(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def snapshot(repository: str, **_: object) -> str:
        asked.append(repository)
        return str(checkpoint)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    run = CliRunner().invoke(benchmark.app, ["weights", "fetch", "auffusion:full"])
    assert run.exit_code == 0, run.stderr
    assert asked == ["auffusion/auffusion-full"]
    run = CliRunner().invoke(benchmark.app, ["weights", "fetch", "auffusion:ful"])
    assert run.exit_code == 2
    assert "Did you mean 'full'?" in run.stderr


def test_the_generators_of_this_folder_are_listed() -> None:
    run = CliRunner().invoke(benchmark.app, ["list", "models", "--json"])
    assert run.exit_code == 0
    listed = {row["model"]: row for row in json.loads(run.stdout)}
    assert listed["auffusion:pocket"]["flavour"] == "pocket"
    assert "pocket` only" in listed["auffusion:pocket"]["note"]
    assert listed["auffusion:auffusion"]["trained_on"] == ["AudioCaps"]
