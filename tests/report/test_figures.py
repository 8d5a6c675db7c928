"""What a leaderboard draws, and the forms in which it is kept."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tta_bench.report import drawing, formats
from tta_bench.report.figures import costs_of, figures
from tta_bench.report.page.spectrogram import decibels, png
from tta_bench.types import Clip, Result, Score, UserError
from tta_bench.validation import figure_of

MakeResult = Callable[..., Result]


def by_events(result: Result) -> Result:
    """The result with a score in each bucket."""
    scores = [Score("CLAP_X", 0.5 - 0.1 * i, (0.1, 0.6), 10, None, f"n_events={n}") for i, n in enumerate("123")]
    return replace(result, scores=(*result.scores[:2], *scores))


@pytest.fixture
def rows(make_result: MakeResult) -> list[Result]:
    return [by_events(make_result("costs $5_a <b>", 3, 0.3)), by_events(make_result("noise", 9, 0.1, control=True))]


def test_a_figure_is_the_same_bytes_every_time_and_names_every_row(rows: list[Result]) -> None:
    make, _ = figures(rows)["n_events"]
    drawn = drawing.draw(make)
    assert drawn == drawing.draw(make)
    text = drawn.svg.decode()
    for name in ("costs $5_a &lt;b&gt;", "noise", "CLAP_X ↑", "sound events of the prompt"):
        assert f">{name}<" in text


def test_an_inline_figure_has_no_styles_and_the_colours_of_its_page(rows: list[Result]) -> None:
    make, _ = figures(rows)["n_events"]
    text = drawing.inline(drawing.draw(make).svg, "what it shows")
    assert text.startswith('<svg role="img" aria-label="what it shows"')
    assert "style=" not in text
    assert "<style" not in text
    assert "currentColor" in text
    assert "#000000" not in text
    assert "#ffffff" not in text


def test_an_inline_figure_has_short_places_and_its_numbers_as_they_were() -> None:
    text = drawing.inline(b'<svg x="1.23456"><text>0.785</text></svg>', "what it shows")
    assert 'x="1.23"' in text
    assert ">0.785<" in text


def test_what_is_not_known_is_not_drawn(make_result: MakeResult) -> None:
    bare = make_result("a", 1, 0.3)
    assert figures([replace(bare, scores=bare.scores[:2])]) == {}


def test_costs_are_those_of_the_machine_that_made_most_clips(make_result: MakeResult) -> None:
    few = {"clips": 4, "seconds": 1.0, "audio_seconds": 20.0, "evaluations": 8, "parameters": 5e6, "peak_bytes": 0}
    many = {**few, "clips": 40, "seconds": 50.0, "audio_seconds": 200.0, "evaluations": 1600}
    result = make_result("a", 1, 0.3)
    result = replace(result, provenance={**result.provenance, "costs": [few, many]})
    assert costs_of(result) == {"rtf": 0.25, "nfe": 40.0, "parameters": 5.0}
    drawn = figures([result])
    assert list(drawn) == ["n_events", "costs"]
    svg = drawing.draw(drawn["costs"][0]).svg
    assert b"seconds for a second of sound" in svg
    assert b"$" not in svg
    assert {b">0.24<", b">40<"} <= set(re.findall(rb">[0-9.]+<", svg))


def test_metrics_are_drawn_against_what_people_said(rows: list[Result]) -> None:
    make, _ = figures(rows, {"noise": 1.5})["people"]
    assert b"mean human score" in drawing.draw(make).svg


def test_csv_and_parquet_have_the_documented_types_in_pandas(rows: list[Result]) -> None:
    found = formats.files(rows)
    csv = pd.read_csv(io.BytesIO(found["leaderboard.csv"]), dtype=formats.DTYPES)
    parquet = pd.read_parquet(io.BytesIO(found["leaderboard.parquet"]))
    assert {name: str(kind) for name, kind in csv.dtypes.items()} == formats.DTYPES
    pd.testing.assert_frame_equal(csv, parquet)
    assert csv["value"].tolist() == [score.value for row in rows for score in row.scores]


def test_a_tracker_gets_the_models_alone(rows: list[Result]) -> None:
    [table] = pd.read_json(io.StringIO(formats.tracker_text(rows))).to_dict("records")
    [dataset] = table["datasets"]
    assert dataset["dataset"] == "test"
    assert [row["model_name"] for row in dataset["sota"]["rows"]] == ["costs $5_a <b>"]
    assert dataset["sota"]["rows"][0]["metrics"] == {"FD_X": "3.00", "CLAP_X": "0.300"}


def test_the_figure_of_a_study_is_shown_for_its_own_protocol(rows: list[Result], tmp_path: Path) -> None:
    (tmp_path / "degradations.csv").write_text("board,protocol,metric\nb,p,m\n")
    (tmp_path / "degradations.svg").write_text(
        '<svg width="9pt" height="9pt" viewBox="0 0 9 9"><text>seen</text></svg>'
    )
    drawn = figure_of(tmp_path, "p")
    page = formats.files(rows, degraded=drawn)["leaderboard.html"].decode()
    assert "what it is blind to" in page
    assert "<text>seen</text>" in page
    with pytest.raises(UserError, match="the results are of other"):
        figure_of(tmp_path, "other")
    with pytest.raises(UserError, match="validate"):
        figure_of(tmp_path / "nowhere", "p")


def test_a_spectrogram_has_time_to_the_right_and_pitch_upwards() -> None:
    t = np.arange(16_000) / 16_000
    late_and_high = Clip((0.5 * np.sin(2 * np.pi * 5000 * t) * (t > 0.5)).astype(np.float32), 16_000)
    levels = decibels(late_and_high.samples, 16_000)
    assert levels.shape == (80, 256)
    assert levels[:, :100].max() < -60
    assert 60 <= levels[:, 200].argmax() <= 72  # 5 kHz among 80 bands to 8 kHz
    assert levels[:, 200].max() > -20
    assert png(late_and_high).startswith(b"\x89PNG")
    assert png(Clip(np.zeros((2, 7), np.float32), 44_100)).startswith(b"\x89PNG")
