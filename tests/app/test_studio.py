"""What the app makes is what the benchmark and the command line make."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from commands.app.job import Job
from commands.app.run import read_run
from commands.app.studio import Studio
from commands.edits import Drawn
from tta_bench import audio, boards, generators
from tta_bench.types import Clip, UserError

PROMPT = "a dog barks, --then 'rain' falls"
FEW = {"num_inference_steps": 2}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("made"), weights_dir=None, device="cpu", dtype="float32")


def invoke(*arguments: str) -> Run:
    return CliRunner().invoke(benchmark.app, list(arguments))


def test_a_clip_is_the_one_of_the_model_with_this_seed_and_the_model_is_loaded_once(studio: Studio) -> None:
    job = Job("")
    take = studio.generate(job, "auffusion:pocket", PROMPT, 0.5, Drawn(11, {}))
    model = generators.find("auffusion:pocket", boards.find("pocket"), weights_dir=None).load("cpu", "float32")
    clip = model.generate([PROMPT], [11], 0.5)[0]
    audio.encode(studio.out / "expected.wav", clip)
    assert take.clips["Clip"].read_bytes() == (studio.out / "expected.wav").read_bytes()
    assert take.told == "seed 11 · 20 steps · 0.50 s · as the benchmark draws it"
    assert (job.step, job.n_steps) == (20, 20)
    again = Job("")
    studio.generate(again, "auffusion:pocket", PROMPT, 0.5, Drawn(11, FEW))
    assert again.what == "auffusion:pocket draws"
    assert again.step == 2
    record = json.loads(take.picture.with_suffix(".json").read_text())
    assert record == json.loads(json.dumps(take.record))
    assert record["sampling"]["num_inference_steps"] == 20


@pytest.mark.long
def test_the_line_for_a_shell_makes_an_edit_again(studio: Studio) -> None:
    arguments = {"prompt": PROMPT, "weights": {"rain": -1.5}, "duration": 1.0}
    take = studio.edit(Job(""), "reweight", "auffusion:pocket", arguments, Drawn(3, FEW))
    assert take.command is not None
    first = {name: path.read_bytes() for name, path in take.clips.items()}
    for path in take.clips.values():
        path.unlink()
    python, script, *line = shlex.split(take.command)
    assert (python, script) == ("python", "benchmark.py")
    run = invoke(*line)
    assert run.exit_code == 0, run.output
    assert {name: path.read_bytes() for name, path in take.clips.items()} == first


def test_a_sound_that_is_brought_is_kept_as_it_is_and_its_line_names_it(studio: Studio) -> None:
    samples = (0.3 * np.sin(np.arange(8000) / 9)).astype(np.float32)
    audio.encode(studio.out / "brought.flac", Clip(samples, 16_000), subtype="PCM_24")
    source = studio.read_source((studio.out / "brought.flac").read_bytes(), "../<b>.flac")
    assert np.array_equal(audio.decode(source.file).samples, audio.decode(studio.out / "brought.flac").samples)
    asked = {"prompt": PROMPT, "mask": (0.1, 0.25), "band": (200.0, 4000.0)}
    take = studio.edit(Job(""), "inpaint", "auffusion:pocket", asked, Drawn(3, FEW), source=source)
    assert take.clips["Before"] == source.file
    for part in (str(source.file), "--mask=0.1-0.25", "--band=200-4000", "--num-inference-steps=2"):
        assert part in shlex.split(take.command or "")


def test_a_model_that_cannot_be_told_its_steps_says_so(studio: Studio) -> None:
    loaded = studio._load(Job(""), "auffusion:pocket")

    class Other:
        card = loaded.model.card

    studio._loaded["other:one"] = loaded._replace(model=Other())
    with pytest.raises(UserError, match="draws in its own way"):
        studio.generate(Job(""), "other:one", PROMPT, 0.5, Drawn(3, FEW))


def test_a_folder_without_its_page_gets_one_and_one_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no results"):
        read_run(tmp_path)
    for name in ("auffusion", "noise"):
        (tmp_path / f"{name}.json").write_bytes(Path(f"reports/pocket/{name}.json").read_bytes())
    run = read_run(tmp_path)
    assert b"<h1>pocket</h1>" in run.page
    assert run.seed("pocket-000") == 3167482201
    assert run.duration == 5.12


def test_what_the_app_cannot_start_with_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds no results" in invoke("app", str(tmp_path)).stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    run = invoke("app", "reports/pocket")
    assert run.exit_code == 2
    assert "pip install" in run.stderr


def test_help_needs_neither_the_library_nor_torch() -> None:
    names = "{'nicegui', 'fastapi', 'uvicorn', 'torch'}"
    code = f"import sys, benchmark; sys.exit(bool({names} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
