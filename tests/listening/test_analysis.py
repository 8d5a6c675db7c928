"""The whole way from answers to tables: order recovered, with and without screening, and nothing where nothing is."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import MakeResult
from tests.listening import simulated
from tta_bench import humans
from tta_bench.listening import analysis, design, outputs, report
from tta_bench.listening.analysis import Analysis
from tta_bench.listening.events import Event
from tta_bench.listening.tables import grids

Sessions = Sequence[list[Event]]


def analysed(key: dict[str, Any], sessions: Sessions, results: Sequence[Any] = ()) -> Analysis:
    return analysis.analyse(design.of_key(key), {events[0]["session"]: events for events in sessions}, results)


def rows(text: str, **where: str) -> list[dict[str, str]]:
    """Rows of a csv whose cells are as wanted."""
    return [row for row in csv.DictReader(text.splitlines()) if where.items() <= row.items()]


def all_files(found: Analysis) -> dict[str, str]:
    return outputs.files(found) | report.files(found)


KEY = simulated.key(prompts=15)
SESSIONS = [simulated.session(KEY, rater) for rater in range(6)]
RANDOM = simulated.session(KEY, 99, taste=0)


@pytest.fixture(scope="module")
def found() -> Analysis:
    """Six listeners of known taste, and one who answers at random."""
    return analysed(KEY, [*SESSIONS, RANDOM])


@pytest.mark.parametrize("axis", ["OVL", "REL"])
def test_the_taste_of_the_listeners_is_recovered(found: Analysis, axis: str) -> None:
    table = rows(outputs.files(found)["means.csv"], screened="yes", axis=axis)
    assert [row["system"] for row in table] == ["good", "fair", "poor"]
    assert [row["group"] for row in table] == ["a", "b", "c"]
    for row in table:
        assert float(row["mean"]) == pytest.approx(simulated.TASTE[row["system"]] + 2.5, abs=9)
        assert float(row["ci95_low"]) < float(row["mean"]) < float(row["ci95_high"])


def test_every_table_is_there_with_the_random_rater_and_without(found: Analysis) -> None:
    files = outputs.files(found)
    for name in ("means.csv", "pairs.csv", "strata.csv"):
        assert len(rows(files[name], screened="yes")) == len(rows(files[name], screened="no")) > 0
    kept, every = (rows(files["means.csv"], screened=s, axis="OVL", system="good")[0] for s in ("yes", "no"))
    assert (kept["raters"], every["raters"]) == ("6", "7")
    assert float(every["mean"]) < float(kept["mean"])
    excluded = rows(files["screening.csv"], verdict="excluded")
    assert [(row["session"], row["rule"]) for row in excluded] == [(RANDOM[0]["session"], "mismatch")]
    assert len(rows(files["screening.csv"], verdict="kept")) == 6


def test_every_interval_tells_its_method_raters_items_and_ratings(found: Analysis) -> None:
    files = outputs.files(found)
    for name in ("means.csv", "pairs.csv", "strata.csv"):
        for row in rows(files[name]):
            if row["ci95_low"]:
                assert row["method"] == "two-way clustered t (rater x item)"
                assert min(int(row["raters"]), int(row["items"])) >= 3
                assert int(row["n"]) >= int(row["raters"]) * int(row["items"])


def test_the_long_table_holds_every_score_in_its_place(found: Analysis) -> None:
    table = rows(outputs.files(found)["ratings.csv"])
    columns = (
        "test session rater list position trial role prompt bucket model axis score heard seconds milliseconds flags"
    )
    assert list(table[0]) == columns.split()
    assert len(table) == 7 * (15 * 3 + 1) * 2
    answer = SESSIONS[0][2]
    (row,) = (r for r in table if (r["session"], r["trial"], r["axis"]) == (answer["session"], answer["trial"], "OVL"))
    (scores,) = answer["payload"]["ratings"].values()
    assert (row["position"], row["role"], row["model"], float(row["score"])) == ("1", "main", "good", scores["OVL"])
    assert len({row["rater"] for row in table}) == 7


def test_practice_traps_and_mismatched_captions_are_in_the_long_table_and_in_no_mean(found: Analysis) -> None:
    files = outputs.files(found)
    assert len(rows(files["ratings.csv"], role="mismatch")) == 7 * 2
    assert rows(files["means.csv"], screened="yes", axis="OVL", system="good")[0]["n"] == str(6 * 15)


def test_strata_of_few_prompts_are_refused_with_the_reason(found: Analysis) -> None:
    assert all(row["mean"] for row in rows(outputs.files(found)["strata.csv"], bucket="1"))
    few = analysed(simulated.key(prompts=12), [simulated.session(simulated.key(prompts=12), r) for r in range(4)])
    for row in rows(outputs.files(few)["strata.csv"]):
        assert (row["mean"], row["ci95_low"], row["note"]) == ("", "", "4 prompts; a stratum needs 5")


def test_the_same_answers_give_the_same_bytes_in_any_order(found: Analysis) -> None:
    assert all_files(analysed(KEY, [RANDOM, *SESSIONS[::-1]])) == all_files(found)


def test_human_scores_can_be_read_by_the_scorer(found: Analysis, tmp_path: Path) -> None:
    files = outputs.files(found)
    path = tmp_path / "human.csv"
    path.write_text(files["human-OVL.csv"])
    read = humans.read(path)
    assert len(read) == 3 * 15
    assert read == pytest.approx(dict(found.human["OVL"]))


def test_metrics_are_held_against_each_axis_by_clip_and_by_model(make_result: MakeResult) -> None:
    models = tuple("abcd")
    key = simulated.key(prompts=15, models=models)
    results = [make_result(model, 4 - k, 0.1 * k, n=15) for k, model in enumerate(models)]
    found = analysed(key, [simulated.session(key, rater) for rater in range(3)], results)
    assert {(row.metric, row.level) for row in found.agreement["OVL"]} == {
        ("FD_X", "model"),
        ("CLAP_X", "clip"),
        ("CLAP_X", "model"),
    }
    assert next(row for row in found.agreement["REL"] if row.level == "clip").n == 60
    assert "Agreement with automatic metrics" in report.files(found)["report.md"]


def numbers(files: dict[str, str], name: str, column: str) -> set[str]:
    return {row[column] for row in rows(files[name])}


def test_without_raters_every_row_is_there_and_has_no_number() -> None:
    files = all_files(analysed(KEY, []))
    table = rows(files["means.csv"])
    assert {row["system"] for row in table} == set(simulated.TASTE)
    assert {(row["mean"], row["ci95_low"], row["note"]) for row in table} == {("", "", "no ratings")}
    assert "Nobody has answered yet" in files["report.html"]
    assert rows(files["ratings.csv"]) == []


def test_one_rater_gives_means_without_intervals() -> None:
    files = all_files(analysed(KEY, SESSIONS[:1]))
    table = rows(files["means.csv"], screened="yes")
    assert all(row["mean"] and not row["ci95_low"] for row in table)
    assert all(row["note"] == "no interval: 1 rater, 15 items; needs 3 of each" for row in table)
    assert numbers(files, "pairs.csv", "p_holm") == {""}
    assert set(json.loads(files["reliability.json"])["reliability"][0]["notes"].values()) >= {"1 rater"}
    assert numbers(files, "means.csv", "group") == {"a"}


def test_equal_ratings_by_all_have_no_interval_and_no_reliability() -> None:
    sessions = json.loads(json.dumps(SESSIONS))
    for event in (e for events in sessions for e in events if e["type"] == "answer"):
        event["payload"]["ratings"] = {one: {"OVL": 7, "REL": 7} for one in event["payload"]["ratings"]}
    files = all_files(analysed(KEY | {"screening": {}}, sessions))
    assert numbers(files, "means.csv", "mean") == {"7.0"}
    assert numbers(files, "means.csv", "ci95_low") == {""}
    assert numbers(files, "means.csv", "note") == {"no interval: all ratings are equal"}
    assert json.loads(files["reliability.json"])["reliability"][0]["alpha_interval"] is None


def test_where_all_are_excluded_only_the_rows_of_all_sessions_have_numbers() -> None:
    found = analysed(KEY, [simulated.session(KEY, rater, taste=0) for rater in range(4)])
    files = all_files(found)
    assert {row["mean"] for row in rows(files["means.csv"], screened="yes")} == {""}
    assert all(row["mean"] for row in rows(files["means.csv"], screened="no"))
    assert "All sessions are excluded" in files["report.md"]
    assert rows(files["human-OVL.csv"]) == []


def test_a_system_that_nobody_heard_has_a_row_and_the_reason() -> None:
    key = simulated.key(prompts=6)
    key["models"] = [*key["models"], "ghost"]
    found = analysed(key, [simulated.session(key, rater) for rater in range(4)])
    (row,) = rows(outputs.files(found)["means.csv"], screened="yes", axis="OVL", system="ghost")
    assert (row["mean"], row["group"], row["note"]) == ("", "", "no ratings")


def test_hidden_references_have_rows_of_their_own_and_no_tests() -> None:
    key = simulated.key(prompts=6)
    key["stimuli"] = {
        one: clip | {"model": None, "role": "reference"} if clip["model"] == "poor" else clip
        for one, clip in key["stimuli"].items()
    }
    key["models"] = ["good", "fair"]
    files = outputs.files(analysed(key, [simulated.session(key, rater) for rater in range(4)]))
    (row,) = rows(files["means.csv"], screened="yes", axis="OVL", system="reference")
    assert (row["control"], row["n"]) == ("yes", "24")
    assert {(row["a"], row["b"]) for row in rows(files["pairs.csv"])} == {("good", "fair")}


def test_steps_of_a_five_point_scale_are_counted() -> None:
    key = simulated.key(prompts=6, style="radio")
    key["screening"] = {}
    found = analysed(key, [simulated.session(key, rater) for rater in range(4)])
    one = next(row for row in found.reliability if row.screened)
    assert sum(one.histogram.values()) == one.n == 4 * 18
    assert set(one.histogram) <= {"1", "2", "3", "4", "5"}
    assert one.alpha_ordinal is not None
    assert one.sos_a is not None


AB = simulated.key("ab", prompts=10)


def test_choices_recover_the_order_with_strengths_wins_and_groups() -> None:
    found = analysed(AB, [simulated.session(AB, rater) for rater in range(5)])
    files = outputs.files(found)
    table = rows(files["means.csv"], screened="yes")
    assert [(row["system"], row["group"]) for row in table] == [("good", "a"), ("fair", "b"), ("poor", "c")]
    assert sum(float(row["mean"]) for row in table) == pytest.approx(0, abs=1e-9)
    pair = rows(files["pairs.csv"], screened="yes", a="good", b="poor")[0]
    assert int(pair["wins"]) + int(pair["ties"]) + int(pair["losses"]) == int(pair["n"]) == 50
    assert float(pair["difference"]) == pytest.approx((int(pair["wins"]) - int(pair["losses"])) / 50)
    assert len(rows(files["choices.csv"])) == 5 * 30
    assert next(iter(rows(files["human-preference.csv"])))["model"] == "good"


def test_a_system_that_always_wins_is_told_from_the_one_that_always_loses() -> None:
    sessions = [simulated.session(AB, rater) for rater in range(5)]
    for event in (e for events in sessions for e in events if e["type"] == "answer"):
        sides = AB["trials"][event["trial"]]["stimuli"]
        event["payload"]["choice"] = max(sides, key=lambda one: simulated.TASTE[AB["stimuli"][one]["model"]])
    found = analysed(AB, sessions)
    assert [row.test.p for row in found.wins if row.screened] == [0.5**4] * 3
    sessions += [[e | {"session": "f" * 31 + str(k)} for e in sessions[0]] for k in range(3)]
    for k, events in enumerate(sessions[5:]):
        events[0]["payload"] = events[0]["payload"] | {"participant": {"PROLIFIC_PID": f"more{k}"}}
    assert [row.group for row in analysed(AB, sessions).strengths if row.screened] == ["a", "b", "c"]


def test_whoever_always_takes_the_first_clip_shows_in_the_test_of_position() -> None:
    sessions = [simulated.session(AB, rater) for rater in range(5)]
    fair = analysed(AB, sessions).positions[0]
    for event in (e for events in sessions for e in events if e["type"] == "answer"):
        event["payload"]["choice"] = AB["trials"][event["trial"]]["stimuli"][event["seq"] % 8 == 0]
    biased = analysed(AB, sessions).positions[0]
    assert biased.share.value is not None
    assert biased.share.value > 0.8
    assert (biased.p or 1) < 0.01 < (fair.p or 1)


def test_systems_that_were_never_compared_have_rows_and_the_reason() -> None:
    key = simulated.key("ab", prompts=4, models=("a", "b", "c", "d"))
    apart = {one for one, trial in key["trials"].items() if crosses(key, trial)}
    key["trials"] = {one: trial for one, trial in key["trials"].items() if one not in apart}
    key["lists"] = [list(key["trials"])]
    found = analysed(key, [simulated.session(key, rater) for rater in range(4)])
    assert {(row.value, row.note) for row in found.strengths} == {(None, "never compared, even over others: a b | c d")}


def crosses(key: dict[str, Any], trial: dict[str, Any]) -> bool:
    return len({key["stimuli"][one]["model"] in "ab" for one in trial["stimuli"]}) == 2


@pytest.mark.parametrize("kind", ["ab", "abx"])
@pytest.mark.parametrize("raters", [0, 1])
def test_choices_of_nobody_or_of_one_crash_nothing(kind: str, raters: int) -> None:
    key = simulated.key(kind, prompts=4)
    files = all_files(analysed(key, [simulated.session(key, rater) for rater in range(raters)]))
    assert all(not row["ci95_low"] for row in rows(files["means.csv"]))
    assert "nan" not in files["report.html"].lower().split("</style>")[1]


def test_who_cannot_hear_a_difference_is_right_in_half_of_abx() -> None:
    key = simulated.key("abx", prompts=20)
    found = analysed(key, [simulated.session(key, rater) for rater in range(8)])
    assert len(found.abx) == 6
    for pair, row in found.abx:
        assert "|" in pair
        assert row.share.ci95
        assert row.share.ci95[0] < 0.5 < row.share.ci95[1]
    assert found.wins == ()


def test_every_row_of_every_table_has_a_cell_for_each_column(found: Analysis) -> None:
    others = [analysed(k, [simulated.session(k, r) for r in range(4)]) for k in (AB, simulated.key("abx", prompts=5))]
    for one in (found, *others):
        for grid in grids(one):
            assert {len(row) for row in grid.rows} == {len(grid.columns)}, grid.title
        for name, text in outputs.files(one).items():
            if name.endswith(".csv"):
                assert len({len(row) for row in csv.reader(text.splitlines())}) == 1, name


def test_no_number_of_a_table_is_nan_or_infinite(found: Analysis) -> None:
    for name, text in outputs.files(found).items():
        assert not {"nan", "inf", "-inf"} & set(text.lower().replace(",", "\n").split("\n")), name


def test_a_model_that_is_called_like_a_formula_stays_text() -> None:
    found = analysed(KEY, SESSIONS[:1])
    evil = replace(found.ratings[0], model="=1+1")
    text = outputs.files(replace(found, ratings=(evil,)))["ratings.csv"]
    assert rows(text)[0]["model"] == "'=1+1"


def test_scores_of_one_axis_do_not_leak_into_the_other() -> None:
    sessions = json.loads(json.dumps(SESSIONS))
    for event in (e for events in sessions for e in events if e["type"] == "answer"):
        for scores in event["payload"]["ratings"].values():
            scores["REL"] = 101 - scores["OVL"]
    found = analysed(KEY | {"screening": {}}, sessions)
    means = {(row.axis, row.system): row.estimate.value for row in found.means if row.screened}
    for system in simulated.TASTE:
        assert np.isclose(means["OVL", system] + means["REL", system], 101)  # type: ignore[operator]
