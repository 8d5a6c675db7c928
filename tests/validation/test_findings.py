"""What a metric is said to see follows from its values, and is written the same way every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import numpy as np
import pytest

from tta_bench.types import BenchmarkProtocol, Board, Metric, Preprocessing, PromptSet, Result, Score
from tta_bench.validation import Study, findings, render
from tta_bench.validation.degradations import Degradation
from tta_bench.validation.studies import Row

Values = Mapping[str, Sequence[float | None]]


def nothing(*_: object) -> dict[str, object]:
    return {}


def metric(name: str, better: str = "lower", *, per_clip: bool = False) -> Metric:
    return Metric(
        name, "x:y", Preprocessing(16_000), "embedding", nothing, "reference", better, "here", per_clip=per_clip
    )  # type: ignore[arg-type]


def result(metric: Metric, value: float | None, clips: Sequence[float] = ()) -> Result:
    score = Score(metric.name, value, None, 40, 40, note="" if value is not None else "1 clips, needs 2")
    per_clip = {metric.name: {f"p{i}": float(v) for i, v in enumerate(clips)}} if len(clips) else {}
    return Result("b", "p", "", False, (score,), per_clip, {}, {}, {}, (), {}, {})


def study(metric: Metric, values: Values, clips: Mapping[str, Sequence[Sequence[float]]] | None = None) -> Study:
    """The first value of each degradation is the references'; the others are its grades."""
    every = {kind: [result(metric, v, (clips or {}).get(kind, [()] * 9)[i]) for i, v in enumerate(row)]
             for kind, row in values.items()}  # fmt: skip
    kinds = {kind: Degradation(kind, tuple(range(1, len(row))), "dB", f"as {kind}", nothing)
             for kind, row in every.items()}  # fmt: skip
    rows = [Row(kinds[kind], i + 1, 40, found) for kind, row in every.items() for i, found in enumerate(row[1:])]
    board = Board("test", PromptSet("test", ()), BenchmarkProtocol("mine", (metric,), ""))
    return Study(board, next(iter(every.values()))[0], tuple(rows))


def verdicts(found: Study) -> dict[str, str]:
    [line] = findings(found)
    return {finding.degradation.name: finding.verdict for finding in line if finding}


def test_worse_with_every_grade_is_seen() -> None:
    assert verdicts(study(metric("FD"), {"noise": (0, 5, 10)})) == {"noise": "seen"}


def test_which_way_is_worse_is_the_metrics_own() -> None:
    values = {"noise": (0.5, 0.4, 0.1), "odd": (0.5, 0.6, 0.9)}
    assert verdicts(study(metric("IS", "higher"), values)) == {"noise": "seen", "odd": "wrong way"}
    assert verdicts(study(metric("KL", "lower"), values)) == {"noise": "wrong way", "odd": "seen"}


def test_better_again_with_a_stronger_grade_is_not_monotone() -> None:
    assert verdicts(study(metric("FD"), {"noise": (0, 8, 5, 10), "hum": (0, 6, 5.9, 9)})) == {
        "noise": "not monotone",
        "hum": "seen",
    }


def test_a_move_that_is_small_beside_the_largest_is_none() -> None:
    assert verdicts(study(metric("FD"), {"noise": (0, 50, 100), "order": (0, 30, 1.9), "slow": (0, 1, 2.1)})) == {
        "noise": "seen",
        "order": "blind",
        "slow": "seen",
    }


def test_a_metric_that_never_moves_is_blind() -> None:
    assert verdicts(study(metric("FD"), {"noise": (3.0, 3.0, 3.0)})) == {"noise": "blind"}


def test_where_clips_have_values_chance_is_no_sight() -> None:
    rng = np.random.default_rng(1)
    before, scatter = rng.standard_normal(40), rng.standard_normal(40)
    scatter -= scatter.mean()
    clips = {"sure": [before, before + 1 + 0.1 * scatter], "chance": [before, before + 0.2 + 5 * scatter]}
    values = {kind: [float(np.mean(row)) for row in rows] for kind, rows in clips.items()}
    assert verdicts(study(metric("KL", per_clip=True), values, clips)) == {"sure": "seen", "chance": "blind"}


def test_losses_are_shares_of_the_largest_move() -> None:
    [[noise, order]] = findings(study(metric("IS", "higher"), {"noise": (5, 3, 1), "order": (5, 6, 4)}))
    assert noise is not None
    assert order is not None
    assert noise.losses == (0, 0.5, 1)
    assert order.losses == (0, -0.25, 0.25)


@pytest.fixture
def odd() -> Study:
    return study(metric("FD"), {"noise": (0.0, 50, 100), "hum": (0.0, 8, 5, 10), "order": (0.0, None)})


def test_the_table_tells_what_is_odd_and_why_a_value_is_missing(odd: Study) -> None:
    text = render(odd)["degradations.md"].decode()
    assert "| FD ↓ | ✓ 0.000 → 100.00 | ~ 0.000 → 10.00 | n/a |" in text
    assert "- ~ FD, hum: 0.000; 8.00 at 1 dB; 5.00 at 2 dB; 10.00 at 3 dB" in text
    assert "- n/a FD: 1 clips, needs 2" in text
    assert "- **noise** (1, 2 dB): as noise" in text


def test_the_csv_has_every_value(odd: Study) -> None:
    rows = list(csv.DictReader(io.StringIO(render(odd)["degradations.csv"].decode())))
    found = [(row["degradation"], row["grade"], row["value"]) for row in rows]
    assert found == [
        ("", "", "0.0"),
        ("noise", "1", "50"),
        ("noise", "2", "100"),
        ("hum", "1", "8"),
        ("hum", "2", "5"),
        ("hum", "3", "10"),
        ("order", "1", ""),
    ]


def test_the_figure_draws_a_line_a_degradation_and_the_same_bytes_again(odd: Study) -> None:
    svg = render(odd)["degradations.svg"]
    assert render(odd)["degradations.svg"] == svg
    text = "".join(ElementTree.fromstring(svg).itertext())
    assert all(name in text for name in ("FD ↓", "noise", "hum", "order", "not monotone"))
    assert b"date" not in svg


def test_a_metric_that_never_moves_can_be_drawn() -> None:
    assert b"FD" in render(study(metric("FD"), {"noise": (3.0, 3.0, 3.0)}))["degradations.svg"]
