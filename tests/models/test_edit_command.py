"""`benchmark.py edit` as a user meets it, with a tiny checkpoint: files out, identities, refusals, figures."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from click.testing import Result as Run
from matplotlib.figure import Figure
from typer.testing import CliRunner

import benchmark
from models.auffusion.editing import Mask
from models.auffusion.figures import figure_of_change, figure_of_mask, figure_of_words
from models.auffusion.spectrogram import PUBLISHED
from tests.models.conftest import SHORT
from tta_bench import audio
from tta_bench.types import Clip

SOURCE_EDITS = {
    "style": ("style", "source.wav", "--prompt", "a dog"),
    "inpaint": ("inpaint", "source.wav", "--prompt", "a dog", "--mask", "0.2-0.3", "--band", "200-4000"),
}
CAPTION_EDITS = {
    "swap": ("swap", "--prompt", "a dog", "--to", "a rain", "--duration", str(SHORT)),
    "reweight": ("reweight", "--prompt", "a dog", "--weight", "dog=-2.0", "--duration", str(SHORT)),
    "attention": ("attention", "--prompt", "a dog", "--duration", str(SHORT)),
}


@pytest.fixture(scope="module")
def shared(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoint, to be sampled in two steps, as the folder `tiny` of this one."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(checkpoint, folder / "tiny")
    (folder / "tiny" / "settings.json").write_text(json.dumps({"sampling": {"num_inference_steps": 2}}))
    return folder


@pytest.fixture(autouse=True)
def folder(shared: Path, source: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in, with the tiny checkpoint and a source."""
    (tmp_path / "tiny").symlink_to(shared / "tiny")
    audio.encode(tmp_path / "source.wav", source, subtype="FLOAT")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(shared / "cache"))
    return tmp_path


def edit(*arguments: str, model: str = "auffusion:tiny") -> Run:
    return CliRunner().invoke(benchmark.app, ["edit", *arguments, "--model", model, "--device", "cpu"])


def samples(path: str) -> np.ndarray:
    return audio.decode(Path(path)).samples


def panels(figure: Figure) -> list[Any]:
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


@pytest.mark.parametrize("name", [*SOURCE_EDITS, *CAPTION_EDITS])
def test_an_edit_writes_and_lists_its_clips_a_figure_and_a_record(name: str) -> None:
    run = edit(*{**SOURCE_EDITS, **CAPTION_EDITS}[name], "--seed", "3", "--out", "new/made.wav")
    assert run.exit_code == 0, run.output
    pair = ["new/made-source.wav"] if name in ("swap", "reweight") else []
    assert run.stdout.split() == ["new/made.wav", *pair, "new/made.png", "new/made.json"]
    assert Path("new/made.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    record = json.loads(Path("new/made.json").read_text())
    assert (record["task"], record["seed"], record["model"]) == (name, 3, "auffusion:tiny")
    assert record["arguments"]["prompt"] == "a dog"
    assert record["sampling"]["num_inference_steps"] == 2
    assert len(record["checkpoint_sha256"]) == len(record["code_sha256"]) == 64
    duration = SHORT if name in CAPTION_EDITS else 0.5
    assert soundfile.info("new/made.wav").duration == pytest.approx(duration)
    if name in SOURCE_EDITS:
        assert record["source"] == {"file": "source.wav", "sha256": audio.file_sha256(Path("source.wav"))}
        assert not np.array_equal(samples("new/made.wav"), samples("source.wav"))
    if pair:
        assert not np.array_equal(samples("new/made.wav"), samples("new/made-source.wav"))


@pytest.mark.parametrize("unchanged", [("style", "--strength", "0"), ("inpaint", "--mask", "0.2-0.2")])
def test_strength_0_and_an_empty_mask_give_the_source_itself(unchanged: tuple[str, ...], source: Clip) -> None:
    task, *options = unchanged
    run = edit(task, "source.wav", "--prompt", "a dog", *options, "--out", "made.wav")
    assert run.exit_code == 0, run.output
    assert np.array_equal(samples("made.wav"), source.samples)


@pytest.mark.parametrize("unchanged", [("swap", "--to", "a dog"), ("reweight", "--weight", "dog=1")])
def test_the_same_word_and_weight_1_give_the_clip_of_the_caption(unchanged: tuple[str, ...]) -> None:
    run = edit(*unchanged, "--prompt", "a dog", "--duration", str(SHORT), "--out", "made.wav")
    assert run.exit_code == 0, run.output
    assert np.array_equal(samples("made.wav"), samples("made-source.wav"))
    assert edit("attention", "--prompt", "a dog", "--duration", str(SHORT), "--out", "base.wav").exit_code == 0
    assert np.array_equal(samples("made.wav"), samples("base.wav"))


def test_a_source_of_another_format_rate_and_number_of_channels_is_edited() -> None:
    t = np.arange(22050) / 44100
    tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    audio.encode(Path("stereo.ogg"), Clip(np.stack([tone, tone]), 44100), subtype="VORBIS")
    run = edit("style", "stereo.ogg", "--prompt", "a dog", "--strength", "0", "--out", "made.wav")
    assert run.exit_code == 0, run.output
    made = audio.decode(Path("made.wav"))
    assert (made.samples.shape, made.sample_rate) == ((8000,), 16000)
    expected = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
    assert np.abs(made.samples - expected)[200:-200].max() < 0.05


def test_what_lies_outside_a_mask_stays_the_source_and_options_reach_the_sampling(source: Clip) -> None:
    options = ["--num-inference-steps", "1", "--guidance-scale", "2.5", "--negative-prompt", "rain", "--json"]
    run = edit(*SOURCE_EDITS["inpaint"], *options)
    assert run.exit_code == 0, run.output
    record = json.loads(run.stdout)
    assert record["files"] == ["runs/edits/inpaint.wav", "runs/edits/inpaint.png", "runs/edits/inpaint.json"]
    assert record == json.loads(Path(record["files"][-1]).read_text())
    drawn = record["sampling"]
    assert (drawn["num_inference_steps"], drawn["guidance_scale"], drawn["negative_prompt"]) == (1, 2.5, "rain")
    assert record["arguments"]["mask"] == [0.2, 0.3]
    assert record["arguments"]["band"] == [200.0, 4000.0]
    changed = np.flatnonzero(samples(record["files"][0]) != source.samples) / 16000
    assert changed.size
    assert changed.min() >= 0.2
    assert changed.max() <= 0.3


def test_an_edit_is_made_again_byte_by_byte_and_another_seed_makes_another() -> None:
    made = []
    for seed, out in (("1", "a.wav"), ("1", "b.wav"), ("2", "c.wav")):
        assert edit(*SOURCE_EDITS["style"], "--seed", seed, "--out", out).exit_code == 0
        made.append(Path(out).read_bytes())
    assert made[0] == made[1] != made[2]
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("style", "none.wav", "--prompt", "a dog"), "'none.wav' does not exist"),
        (("style", "tiny/settings.json", "--prompt", "a dog"), "damaged or not audio"),
        (("style", "short.wav", "--prompt", "a dog"), "A sound of 0.05 s cannot be edited; it takes 0.128 s or more"),
        (("style", "source.wav", "--prompt", " "), "--prompt is ' ', which says nothing"),
        (("style", "source.wav", "--prompt", "a dog", "--strength", "1.5"), "strength is 1.5; take 0"),
        (("style", "source.wav", "--prompt", "a dog", "--out", "made.mp3"), "--out is 'made.mp3'"),
        (("style", "source.wav", "--prompt", "a dog", "--out", "source.wav"), "the source itself"),
        (("style", "source.wav", "--prompt", "a dog", "--num-inference-steps", "0"), "take 1 or more"),
        (("inpaint", "source.wav", "--prompt", "a dog", "--mask", "half"), "--mask is 'half'; write it as FROM-TO"),
        (("inpaint", "source.wav", "--prompt", "a dog", "--mask", "0.3-0.1"), "Write 0.1-0.3?"),
        (("inpaint", "source.wav", "--prompt", "a dog", "--mask", "7-8"), "lies outside the sound, which lasts 0.50 s"),
        (("inpaint", "source.wav", "--prompt", "a dog", "--mask", "0-1", "--band", "8500-9000"), "too narrow"),
        (("swap", "--prompt", "a dog", "--to", "a rain", "--blend", "cat=rain"), "'cat' is not in the caption 'a dog'"),
        (("swap", "--prompt", "a dog", "--to", "a dog", "--blend", "dog"), "--blend is 'dog'; write it as OLD=NEW"),
        (("swap", "--prompt", "a dog", "--to", "a rain", "--self-replace-steps", "2"), "self_replace_steps is 2.0"),
        (("reweight", "--prompt", "a dog", "--weight", "cat=1"), "'cat' is not in the caption 'a dog'. Take one of: a"),
        (("reweight", "--prompt", "a dog", "--weight", "dog=nan"), "--weight is 'dog=nan'; write it as WORD=NUMBER"),
        (("reweight", "--prompt", "a dog", "--weight", "dog=2", "--weight", "Dog=3"), "'dog' twice"),
        (("attention", "--prompt", "a dog", "--duration", "60"), "of up to 10.24 s, not of 60.0 s"),
    ],
)
def test_what_cannot_be_edited_is_refused_by_name_and_nothing_is_written(
    arguments: tuple[str, ...], message: str
) -> None:
    audio.encode(Path("short.wav"), Clip(np.zeros(800, dtype=np.float32), 16000))
    before = Path("source.wav").read_bytes()
    run = edit(*arguments)
    assert run.exit_code == 2
    assert message in run.stderr
    assert not list(Path().glob("**/*.png"))
    assert Path("source.wav").read_bytes() == before


def test_a_model_that_is_none_and_weights_that_are_not_here_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = edit(*SOURCE_EDITS["style"], model="aufusion")
    assert run.exit_code == 2
    assert "No model that can edit 'aufusion'. Did you mean 'auffusion'?" in run.stderr
    monkeypatch.setattr("models.auffusion.locate.__file__", str(folder / "locate.py"))
    run = edit(*SOURCE_EDITS["style"], model="auffusion")
    assert run.exit_code == 2
    assert "auffusion:pocket is not here" in run.stderr
    assert "Or name another with --model: auffusion:auffusion, auffusion:full" in run.stderr
    assert "auffusion:pocket, or" not in run.stderr


def test_without_a_name_the_pocket_checkpoint_edits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tiny").rename(folder / "pocket")
    monkeypatch.setattr("models.auffusion.locate.__file__", str(folder / "locate.py"))
    run = edit(*SOURCE_EDITS["style"], "--json", model="auffusion")
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["model"] == "auffusion:pocket"


def test_every_edit_has_help_with_an_example() -> None:
    for task in [*SOURCE_EDITS, *CAPTION_EDITS]:
        run = CliRunner().invoke(benchmark.app, ["edit", task, "--help"])
        assert run.exit_code == 0
        assert f"Example: python benchmark.py edit {task} " in run.stdout


def test_source_change_and_result_stand_side_by_side_in_seconds_and_hz(source: Clip) -> None:
    louder = Clip(source.samples * np.float32(2), source.sample_rate)
    figure = figure_of_change(source, louder, PUBLISHED, title="$ a dog")
    before, change, after = panels(figure)
    assert [axes.get_title() for axes in (before, change, after)] == ["source", "change (dB)", "result"]
    assert before.get_xlim() == after.get_xlim() == (0, 0.5)
    assert before.get_ylim() == (0, 8000)
    drawn = [axes.collections[0].get_array() for axes in (before, change, after)]
    assert all(values.shape == (256, 50) for values in drawn)
    loudest = np.unravel_index(drawn[0].argmax(), drawn[0].shape)
    assert drawn[1][loudest] == pytest.approx(20 * np.log10(2), abs=0.01)


def test_the_mask_is_drawn_where_it_is(source: Clip) -> None:
    figure = figure_of_mask(source, Mask(0.2, 0.3, 500, 1000), source, PUBLISHED, title="a dog")
    mesh = panels(figure)[1].collections[0]
    values, corners = mesh.get_array(), mesh.get_coordinates()
    rows, columns = np.nonzero(values)
    assert corners[0, columns.min(), 0] == pytest.approx(0.2)
    assert corners[0, columns.max() + 1, 0] == pytest.approx(0.3)
    assert corners[rows.min(), 0, 1] == pytest.approx(500, abs=20)
    assert corners[rows.max() + 1, 0, 1] == pytest.approx(1000, abs=20)


def test_attention_has_a_row_a_word_under_the_spectrogram_with_low_frequencies_below(source: Clip) -> None:
    high = torch.zeros(32, 8)
    high[0, 3] = 0.5  # the first row of the latents is the highest of frequencies, for their picture is flipped
    figure = figure_of_words(source, {"dog": high, "rain": torch.ones(32, 8)}, PUBLISHED, title="dog rain")
    rows = panels(figure)
    assert len(rows) == 3
    assert [axes.get_title(loc="left") for axes in rows[1:]] == ["dog", "rain"]
    assert {axes.get_xlim() for axes in rows} == {(0, 0.5)}
    values = rows[1].collections[0].get_array()
    assert values.shape == (256, 50)
    assert (values[248:, 24:32] == 0.5).all()
    assert values.sum() == pytest.approx(0.5 * 64)
