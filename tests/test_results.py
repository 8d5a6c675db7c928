"""Results survive their way through JSON, and tables refuse to mix what cannot be compared."""

import json
from pathlib import Path

import pytest

from tta_bench import results
from tta_bench.store import write_json
from tta_bench.types import UserError

from .conftest import MakeResult


def test_a_result_comes_back_from_json_as_it_was(tmp_path: Path, make_result: MakeResult) -> None:
    result = make_result("m", 10, 0.3)
    write_json(tmp_path / "m.json", results.to_json(result))
    found = results.read(tmp_path / "m.json")
    assert found.scores == result.scores
    assert found.per_clip == result.per_clip
    assert found.provenance == result.provenance


def test_the_summary_has_the_documented_form(make_result: MakeResult) -> None:
    summary = json.loads(json.dumps(results.summary([make_result("m", 10, 0.3)])))
    assert set(summary) == {"board", "protocol", "results"}
    assert set(summary["results"][0]) == {"model", "control", "scores"}
    expected = {"metric", "value", "ci95", "n", "n_reference", "bucket", "note"}
    assert set(summary["results"][0]["scores"][0]) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "not a result of schema 1 .found: list"),
        ('{"schema": 99}', "not a result of schema 1 .found: 99"),
        ('{"schema": 1}', "lacks board, protocol"),
    ],
)
def test_a_file_that_is_no_result_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        results.read(path)


def test_results_of_different_boards_make_no_table(tmp_path: Path, make_result: MakeResult) -> None:
    one, other = make_result("a", 10, 0.3), make_result("b", 10, 0.3, board="c" * 64)
    for result in (one, other):
        write_json(tmp_path / f"{result.model}.json", results.to_json(result))
    with pytest.raises(UserError, match=r"b\.json is of board .* cannot be compared"):
        results.read_all([tmp_path / "a.json", tmp_path / "b.json"])
