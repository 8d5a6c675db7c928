"""`listen collect`, `analyze` and `plan` as a user meets them."""

import json
from pathlib import Path

import pytest
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from tests.listening import simulated

KEY = simulated.key(prompts=6)
SESSIONS = [simulated.session(KEY, rater) for rater in range(4)]


def listen(*arguments: object) -> Run:
    return CliRunner().invoke(benchmark.app, ["listen", *map(str, arguments)])


def test_from_downloads_to_a_report(tmp_path: Path) -> None:
    key, downloads = simulated.write(tmp_path, KEY, SESSIONS)
    run = listen("collect", key, downloads, "--out", tmp_path / "collected")
    assert run.exit_code == 0, run.stderr
    assert "4 sessions" in run.stdout
    run = listen("analyze", key, tmp_path / "collected", "--out", tmp_path / "analysis")
    assert run.exit_code == 0, run.stderr
    assert "good" in run.stdout
    found = {path.name for path in (tmp_path / "analysis").iterdir()}
    assert found == {
        *("ratings.csv", "screening.csv", "means.csv", "pairs.csv", "strata.csv", "reliability.json"),
        *("report.md", "report.html", "report.tex", "human-OVL.csv", "human-REL.csv"),
    }
    means = json.loads(listen("analyze", key, tmp_path / "collected", "--out", tmp_path / "b", "--json").stdout)[
        "means"
    ]
    assert [row["system"] for row in means[:3]] == ["good", "fair", "poor"]


def test_what_was_set_aside_is_told_and_changes_the_exit_status(tmp_path: Path) -> None:
    key, downloads = simulated.write(tmp_path, KEY, SESSIONS)
    (downloads / "broken.json").write_text("{")
    run = listen("collect", key, downloads, "--out", tmp_path / "collected")
    assert run.exit_code == 1
    assert "broken.json" in run.stdout
    assert "not JSON" in (tmp_path / "collected" / "quarantine.csv").read_text()
    counts = json.loads(listen("collect", key, downloads, "--out", tmp_path / "collected", "--json").stdout)
    assert counts == {"sessions": 4, "events": sum(map(len, SESSIONS)), "duplicates": 0, "quarantined": 1}


def test_a_journal_that_was_edited_is_not_analysed(tmp_path: Path) -> None:
    key, downloads = simulated.write(tmp_path, KEY, SESSIONS)
    listen("collect", key, downloads, "--out", tmp_path / "collected")
    journal = tmp_path / "collected" / "events.jsonl"
    journal.write_text(journal.read_text().replace('"OVL":', '"OVL":9', 1))
    run = listen("analyze", key, tmp_path / "collected", "--out", tmp_path / "analysis")
    assert run.exit_code == 2
    assert "was edited" in run.stderr
    assert not (tmp_path / "analysis").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "Cannot read"), ("{", "is not the key of a kit"), ("[]", "is not the key of a kit of schema 1"),
     ('{"schema": 1}', "lacks 'test'")],
)  # fmt: skip
def test_a_key_that_is_none_is_refused_by_name(content: str | None, message: str, tmp_path: Path) -> None:
    if content:
        (tmp_path / "key.json").write_text(content)
    run = listen("collect", tmp_path, tmp_path, "--out", tmp_path / "out")
    assert run.exit_code == 2
    assert message in run.stderr


def test_a_plan_tells_half_widths_prompts_and_power() -> None:
    run = listen("plan", "--half-width", 8, "--difference", 6, "--scale", 100)
    assert run.exit_code == 0, run.stderr
    assert "±14.6" in run.stdout
    assert "power for 6" in run.stdout
    assert "over 1000" in run.stdout


def test_a_pilot_is_a_plan_too(tmp_path: Path) -> None:
    key, downloads = simulated.write(tmp_path, KEY, SESSIONS)
    listen("collect", key, downloads, "--out", tmp_path / "collected")
    run = listen("plan", "--pilot", tmp_path / "collected", "--key", key, "--difference", 5, "--json")
    assert run.exit_code == 0, run.stderr
    found = json.loads(run.stdout)
    assert "72 ratings of OVL by 4 raters" in found["basis"]["source"]
    assert found["basis"]["means"]["residual"] > 0
    assert len(found["rows"][0]["powers"]) == len(found["prompts"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--raters", "1,5"), "--raters '1,5' is not a list of whole numbers from 2 on"),
        (("--prompts", "many"), "--prompts 'many'"),
        (("--preset", "rleate"), "relate"),
        (("--pilot", "x"), "needs --key"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(arguments: tuple[str, ...], message: str) -> None:
    run = listen("plan", *arguments)
    assert run.exit_code == 2
    assert message in run.stderr


def test_a_pilot_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    key, downloads = simulated.write(tmp_path, KEY, SESSIONS[:1])
    run = listen("plan", "--pilot", downloads, "--key", key)
    assert run.exit_code == 2
    assert "too few ratings of OVL" in run.stderr
