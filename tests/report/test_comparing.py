"""`compare`, `regress` and `list published` as a user meets them."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from tests.conftest import MakeResult
from tests.report.seeding import of_seed
from tta_bench.results import to_json
from tta_bench.store import write_json

POCKET = Path(__file__).parent.parent.parent / "reports" / "pocket"


def run(*arguments: object) -> Run:
    return CliRunner().invoke(benchmark.app, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path: Path, make_result: MakeResult) -> Path:
    """old.json and new.json, which is worse in FD_X; bare.json without intervals; [x]<b>.json with such a name."""
    made = {"old": make_result("old", 10, 0.3), "new": make_result("new", 12, 0.3)}
    made["bare"] = replace(
        made["new"], model="bare", scores=tuple(replace(score, ci95=None) for score in made["new"].scores)
    )
    made["odd"] = replace(made["new"], model="[red]x[/] :boom: <b>")
    for name, result in made.items():
        write_json(tmp_path / f"{name}.json", to_json(result))
    return tmp_path


def test_the_committed_models_are_compared_metric_by_metric_bucket_by_bucket_and_prompt_by_prompt() -> None:
    told = run("compare", POCKET / "audioldm.json", POCKET / "auffusion.json", "--json", "--top", 2)
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["verdict"].startswith("auffusion is better in FD_AISFX")
    assert found["verdict"].endswith("audioldm in none; the other 2 cannot be told apart.")
    winners = {one["metric"]: one["winner"] for one in found["differences"]}
    assert (len(winners), winners["CLAP_pocket"], winners["IS_AISFX"]) == (11, "auffusion", None)
    assert set(found["buckets"]) == {"n_events", "relation"}
    assert {one["bucket"] for one in found["buckets"]["n_events"]} == {"1", "2", "3", "4+"}
    assert all(len(rows) == 2 for rows in found["prompts"].values())


def test_a_comparison_says_the_same_on_a_terminal_and_shows_names_as_they_are(files: Path) -> None:
    told = run("compare", files / "old.json", files / "odd.json")
    assert told.exit_code == 0, told.stderr
    assert "A  old" in told.stdout
    assert "B  [red]x[/] :boom: <b>" in told.stdout
    assert "old is better in FD_X, [red]x[/] :boom: <b> in none; CLAP_X cannot tell them apart." in told.stdout


def test_seeds_given_together_are_told_as_one_side(files: Path, make_result: MakeResult) -> None:
    for seed in (0, 1):
        write_json(files / f"m{seed}.json", to_json(of_seed(make_result("m", 10 + seed, 0.3), seed)))
    told = run("compare", files / "m0.json", files / "old.json", files / "m1.json")
    assert told.exit_code == 0, told.stderr
    assert "A  m. mean of seeds 0, 1" in told.stdout
    table = run("report", files / "m0.json", files / "old.json", files / "m1.json", "--json")
    assert [row["model"] for row in json.loads(table.stdout)["results"]] == ["m", "old"]


def test_ci_learns_of_a_regression_by_the_exit_status_and_a_file(files: Path) -> None:
    told = run(
        "regress", files / "old.json", files / "new.json", "--metrics", "FD_X,CLAP_X", "--margin", "2%",
        "--junit", files / "ci" / "junit.xml", "--json",
    )  # fmt: skip
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert (found["baseline"], found["new"], found["regressed"]) == ("old", "new", ["FD_X"])
    assert found["changes"][0]["margin"] == pytest.approx(0.2)
    assert ElementTree.parse(files / "ci" / "junit.xml").getroot().get("failures") == "1"


@pytest.mark.parametrize(
    ("pair", "more", "status", "said"),
    [
        (("old", "new"), ("--metrics", "FD_X", "--margin", "30%"), 0, "Nothing is surely worse than allowed."),
        (("old", "new"), ("--metrics", "CLAP_X"), 0, "fine"),
        (("new", "old"), ("--metrics", "FD_X"), 0, "old against new"),
        (("old", "new"), ("--metrics", "FD_X"), 1, "REGRESSED"),
        (("old", "new"), ("--metrics", "FD_Y"), 2, "No metric 'FD_Y'. Did you mean 'FD_X'?"),
        (("old", "new"), ("--metrics", " , "), 2, "--metrics names none"),
        (("old", "bare"), ("--metrics", "FD_X"), 2, "FD_X cannot be compared: bare has no interval"),
        (("old", "new"), ("--metrics", "FD_X", "--margin", "much"), 2, "A margin is a number"),
        (("old", "gone"), ("--metrics", "FD_X"), 2, "Cannot read result"),
    ],
)  # fmt: skip
def test_the_exit_status_says_fine_regressed_or_refused(
    files: Path, pair: tuple[str, str], more: tuple[str, ...], status: int, said: str
) -> None:
    told = run("regress", *(files / f"{name}.json" for name in pair), *more)
    assert (told.exit_code, said in told.stdout + told.stderr) == (status, True), told.stdout + told.stderr


def test_a_junit_file_that_cannot_be_written_is_refused_by_name(files: Path) -> None:
    told = run(
        "regress", files / "old.json", files / "new.json", "--metrics", "FD_X", "--junit", files / "old.json" / "x"
    )
    assert told.exit_code == 2
    assert "Cannot write" in told.stderr


def test_published_numbers_are_listed_by_source_with_a_mark_on_what_nobody_compared() -> None:
    told = run("list", "published", "--board", "audiocaps-761")
    assert told.exit_code == 0, told.stderr
    assert "21.99?" in told.stdout
    assert "arXiv:2401.01044" in told.stdout
    [table] = json.loads(run("list", "published", "--board", "audiocaps-964", "--json").stdout)
    assert table["rows"]["TANGO"][0] == {"text": "1.73", "verified": False}
    assert "Nothing is known" in run("list", "published", "--board", "pocket").stderr
    assert run("list", "published", "--board", "nowhere").exit_code == 2
