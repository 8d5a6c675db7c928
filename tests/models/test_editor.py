"""Auffusion before the benchmark of editing: the same edits as elsewhere, in batches."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import benchmark
from models.auffusion import editing, prompting
from models.auffusion.editor import Editor
from models.auffusion.pipeline import AuffusionPipeline
from tests.models.conftest import SHORT
from tta_bench.types import Clip

PROMPTS = ["a dog", "rain in a dog"]


def test_edits_are_those_of_the_pipeline(pipeline: AuffusionPipeline, source: Clip) -> None:
    editor = Editor(pipeline)
    made = editor.style([source], ["rain"], strength=0.7, seeds=[1])[0]
    assert np.array_equal(
        made.samples, editing.style_transfer(pipeline, [source], ["rain"], strength=0.7, seeds=[1])[0].samples
    )
    assert editor.inpaint([source], ["rain"], spans=[(0.2, 0.2)], seeds=[1])[0].samples == pytest.approx(
        source.samples, abs=1e-6
    )
    before, after = editor.swap(["a dog"], ["a dog"], seeds=[1], duration=SHORT)
    assert np.array_equal(before[0].samples, after[0].samples)
    before, after = editor.reweight(["a dog"], [{"dog": 1.0}], seeds=[1], duration=SHORT)
    assert np.array_equal(before[0].samples, after[0].samples)
    assert np.array_equal(editor.generate(["a dog"], seeds=[1], duration=SHORT)[0].samples, before[0].samples)


def test_attention_to_a_sound_adds_up_to_one_over_all_positions(pipeline: AuffusionPipeline, source: Clip) -> None:
    maps = prompting.attention_to_sounds(pipeline, [source, source], PROMPTS, seeds=[1, 2])
    whole = maps.of(1, range(pipeline.conditioning.length))
    assert whole.numpy() == pytest.approx(1.0, abs=1e-4)


def test_attention_depends_on_the_sound_and_on_no_neighbour(pipeline: AuffusionPipeline, source: Clip) -> None:
    editor, quiet = Editor(pipeline), Clip(source.samples[::-1].copy(), source.sample_rate)
    both = editor.attention([source, quiet], PROMPTS, [[["dog"]], [["rain", "dog"]]], seeds=[1, 2])
    alone = editor.attention([source], PROMPTS[:1], [[["dog"]]], seeds=[1])
    other = editor.attention([quiet], PROMPTS[:1], [[["dog"]]], seeds=[1])
    assert both[0] == pytest.approx(alone[0], abs=1e-5)
    assert np.abs(other[0] - alone[0]).max() > 1e-6


def test_the_benchmark_writes_a_table_and_does_no_task_twice(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(checkpoint, tmp_path / "tiny")
    (tmp_path / "tiny" / "settings.json").write_text(json.dumps({"sampling": {"num_inference_steps": 1}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    command = ["edit", "benchmark", "--models", "auffusion:tiny", "--tasks", "attention", "--items", "2"]
    run = CliRunner().invoke(benchmark.app, [*command, "--device", "cpu", "--out", "out"])
    assert run.exit_code == 0, run.output
    assert "### attention (n = 2)" in run.stdout
    assert Path("out/auffusion-tiny.md").read_text().strip() == run.stdout.strip()
    result = json.loads(Path("out/auffusion-tiny.json").read_text())
    assert {"checkpoint_sha256", "code_sha256", "packages", "scores", "per_item"} <= set(result)
    done = next(Path("out/tasks").iterdir())
    done.write_text(done.read_text().replace("chance", "luck"))
    again = CliRunner().invoke(benchmark.app, [*command, "--device", "cpu", "--out", "out"])
    assert "luck" in again.stdout


def test_a_task_that_is_none_is_refused_before_any_work() -> None:
    run = CliRunner().invoke(benchmark.app, ["edit", "benchmark", "--tasks", "stile"])
    assert run.exit_code == 2
    assert "Did you mean 'style'" in run.stderr
