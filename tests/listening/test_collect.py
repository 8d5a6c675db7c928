"""Collecting: everything that verifies once, everything else aside with its reason, the same in any order."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.listening import simulated
from tta_bench.listening import design, outputs
from tta_bench.listening.collect import Collection, check_covers, collect
from tta_bench.listening.design import Design
from tta_bench.listening.events import Event, fault, parse
from tta_bench.types import UserError

KEY = simulated.key(prompts=3)
DESIGN = design.of_key(KEY)
EVENTS = simulated.session(KEY, 0)
ANSWER = 2
"""Place of the first answer among the events."""


def files(folder: Path, *sessions: list[Event]) -> Path:
    return simulated.write(folder, KEY, sessions)[1]


def reasons(found: Collection) -> list[str]:
    return [one.reason for one in found.quarantined]


def changed(**change: Any) -> list[Event]:
    """The session with a changed first answer."""
    answer = EVENTS[ANSWER]
    payload = answer["payload"] | {k: v for k, v in change.items() if k in answer["payload"]}
    top = {k: v for k, v in change.items() if k in answer}
    return [*EVENTS[:ANSWER], answer | {"payload": payload} | top, *EVENTS[ANSWER + 1 :]]


def write(design_: Design, folder: Path, found: Collection) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in outputs.collected_files(design_, found).items():
        (folder / name).write_text(text)


def test_every_event_of_every_session_is_collected_once(tmp_path: Path) -> None:
    sessions = [simulated.session(KEY, rater) for rater in range(3)]
    found = collect(DESIGN, [files(tmp_path, *sessions)])
    assert list(found.events) == sorted((e for s in sessions for e in s), key=lambda e: (e["session"], e["seq"]))
    assert (found.quarantined, found.duplicates) == ((), 0)


def test_the_same_file_twice_and_a_longer_one_double_nothing(tmp_path: Path) -> None:
    folder = files(tmp_path, EVENTS[:5], EVENTS, EVENTS)
    found = collect(DESIGN, [folder, folder / "answers-0.json"])
    assert list(found.events) == EVENTS
    assert found.duplicates == 5 + len(EVENTS)


def test_the_order_of_files_changes_no_byte_and_collecting_again_neither(tmp_path: Path) -> None:
    folder = files(tmp_path, EVENTS, changed(milliseconds=1), simulated.session(KEY, 1))
    paths = sorted(folder.iterdir())
    one, other = collect(DESIGN, paths), collect(DESIGN, paths[::-1])
    assert outputs.collected_files(DESIGN, one) == outputs.collected_files(DESIGN, other)
    write(DESIGN, tmp_path / "out", one)
    again = collect(DESIGN, [tmp_path / "out", folder])
    assert again.events == one.events


def test_two_answers_that_claim_one_place_are_both_set_aside(tmp_path: Path) -> None:
    found = collect(DESIGN, [files(tmp_path, EVENTS, changed(milliseconds=1))])
    assert reasons(found) == ["conflicts with another source: the same place, other content"] * 2
    assert len(found.events) == len(EVENTS) - 1


def test_one_event_id_for_two_places_is_set_aside(tmp_path: Path) -> None:
    twin = EVENTS[-1] | {"event": EVENTS[-2]["event"]}
    found = collect(DESIGN, [files(tmp_path, [*EVENTS[:-1], twin])])
    assert reasons(found) == ["conflicts with another source: the same event id, other content"] * 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ratings": {simulated.hexed("good", "p00"): {"OVL": 101}}}, "OVL 101 is not within 1 to 100"),
        ({"ratings": {simulated.hexed("good", "p00"): {"OVL": 0}}}, "OVL 0 is not within 1 to 100"),
        ({"ratings": {simulated.hexed("good", "p00"): {"OVL": True}}}, "OVL True is not within"),
        ({"ratings": {simulated.hexed("good", "p00"): {"OVL": "50"}}}, "OVL '50' is not within"),
        ({"ratings": {simulated.hexed("good", "p00"): {"FUN": 5}}}, "axis 'FUN' is not of this test"),
        ({"ratings": {"0" * 32: {"OVL": 5}}}, "stimulus '000"),
        ({"ratings": [1]}, "ratings is not an object"),
        ({"choice": "tie"}, "a choice in a test of ratings"),
        ({"heard": {"x": 1}}, "heard or plays"),
        ({"heard": {simulated.hexed("good", "p00"): -1}}, "heard or plays"),
        ({"milliseconds": -5}, "milliseconds or blurs"),
        ({"failed": ["x"]}, "failed names stimuli"),
        ({"trial": "f" * 16}, "is not of this test"),
        ({"trial": None}, "is not of this test"),
        ({"seq": -1}, "seq is not a number"),
        ({"seq": 1.5}, "seq is not a number"),
        ({"event": "x"}, "event is not 32 hex digits"),
        ({"type": "hack"}, "type 'hack' is not known"),
        ({"payload": []}, "payload is not an object"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_set_aside_alone(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    found = collect(DESIGN, [files(tmp_path, changed(**change))])
    assert len(found.quarantined) == 1
    assert reason in reasons(found)[0]
    assert [e["seq"] for e in found.events] == [e["seq"] for e in EVENTS if e["seq"] != ANSWER]


def edited(content: dict[str, Any]) -> str:
    return json.dumps(content | {"events": content["events"].replace('"seq": 3', '"seq": 4')})


def of_text(content: dict[str, Any], text: str) -> str:
    return json.dumps(content | {"events": text, "sha256": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (edited, "sha256 does not fit"),
        (lambda c: json.dumps(c)[:-20], "not JSON"),
        (lambda _: "", "not JSON"),
        (lambda _: "[]", "not a download of schema 1"),
        (lambda c: json.dumps(c | {"schema": 2}), "not a download of schema 1"),
        (lambda c: json.dumps(c | {"extra": 2}), "not a download of schema 1"),
        (lambda c: json.dumps(c | {"session": "0" * 32}), "another session than it says"),
        (lambda c: of_text(c, "{}"), "its events are not a list"),
        (
            lambda c: of_text(c, c["events"].replace('ds": 9000', 'ds": NaN')),
            "its events are not JSON: NaN is not a number",
        ),
        (lambda c: of_text(c, c["events"].replace('ds": 9000', 'ds": 1e999')), "not JSON: Out of range float"),
        (lambda c: of_text(c, c["events"].replace('"blurs": 0', '"blurs": 0, "blurs": 1')), "'blurs' occurs twice"),
        (lambda c: of_text(c, c["events"].replace('"en"', '"\\ud800"')), "its events are not JSON"),
        (lambda c: of_text(c, "[" * 100_000), "its events are not JSON: nested too deeply"),
    ],
)
def test_a_file_that_does_not_verify_is_set_aside_whole(
    spoil: Callable[[dict[str, Any]], str], reason: str, tmp_path: Path
) -> None:
    folder = files(tmp_path, EVENTS, simulated.session(KEY, 1))
    path = folder / "answers-0.json"
    path.write_text(spoil(json.loads(path.read_text())))
    found = collect(DESIGN, [folder])
    assert [(one.file, one.where) for one in found.quarantined] == [(str(path), "")]
    assert reason in reasons(found)[0]
    assert list(found.events) == simulated.session(KEY, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"digest": "0" * 64}, "made with another version of the kit"),
        ({"test": "0" * 16}, "of test 0000000000000000"),
        ({"list": 7}, "list 7 of 1"),
    ],
)
def test_a_session_of_another_kit_is_set_aside_event_by_event(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    start = EVENTS[0] | {"payload": EVENTS[0]["payload"] | change}
    found = collect(DESIGN, [files(tmp_path, [start, *EVENTS[1:]])])
    assert found.events == ()
    assert len(found.quarantined) == len(EVENTS)
    assert all(reason in one for one in reasons(found))


def test_a_session_without_its_start_and_a_trial_of_another_list_are_set_aside(tmp_path: Path) -> None:
    found = collect(DESIGN, [files(tmp_path, EVENTS[1:])])
    assert set(reasons(found)) == {"its session has no start"}
    two = design.of_key(KEY | {"lists": [KEY["lists"][0][1:], KEY["lists"][0]]})
    found = collect(two, [files(tmp_path / "b", EVENTS)])
    assert [reason for reason in reasons(found) if "is not in its list 0" in reason] == reasons(found)
    assert len(found.quarantined) == 1


def test_what_the_key_has_not_is_never_compared_with_a_list_of_unhashable_things() -> None:
    for event in (None, [], 3, EVENTS[0] | {"type": []}, EVENTS[ANSWER] | {"trial": []}, EVENTS[0] | {"payload": {}}):
        assert fault(event, DESIGN.rules)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", '{"a":1,"a":1}', '"\\ud800"', "[" * 99_999, "1" * 9999])
def test_json_that_cannot_be_written_again_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_nothing_is_lost_by_collecting_into_a_folder_that_holds_more(tmp_path: Path) -> None:
    both = collect(DESIGN, [files(tmp_path / "a", EVENTS, simulated.session(KEY, 1))])
    write(DESIGN, tmp_path / "out", both)
    one = collect(DESIGN, [files(tmp_path / "b", EVENTS)])
    with pytest.raises(UserError, match=r"holds 1 sessions that these sources lack .*Add .*out itself"):
        check_covers(tmp_path / "out", DESIGN, one)
    check_covers(tmp_path / "out", DESIGN, both)
    check_covers(tmp_path / "new", DESIGN, one)


def test_a_path_that_is_not_there_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        collect(DESIGN, [tmp_path / "no"])
    with pytest.raises(UserError, match="holds nothing to collect"):
        collect(DESIGN, [tmp_path])


def sheet(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "anna.csv"
    path.write_text("\n".join(["clip,OVL,REL,rater", *lines]) + "\n")
    return path


def test_a_sheet_is_a_session_whose_rows_are_answers(tmp_path: Path) -> None:
    good, fair, poor = (simulated.hexed(model, "p00") for model in ("good", "fair", "poor"))
    path = sheet(tmp_path, f"{good}.wav,80,70,anna", f"{fair},55,,", f"{poor},,,")
    found = collect(DESIGN, [path, path])
    assert reasons(found) == []
    (events,) = found.sessions.values()
    assert events[0]["payload"]["participant"] == {"sheet": "anna.csv", "rater": "anna"}
    assert [event["payload"]["ratings"] for event in events[1:]] == [
        {good: {"OVL": 80, "REL": 70}},
        {fair: {"OVL": 55}},
    ]


def test_a_sheet_saved_with_semicolons_and_decimal_commas_is_read(tmp_path: Path) -> None:
    good = simulated.hexed("good", "p00")
    (tmp_path / "anna.csv").write_text(
        f"nr;clip;text;OVL;REL;rater\r\n1;{good};a, b;80,5;70;anna\r\n", encoding="utf-8-sig"
    )
    found = collect(DESIGN, [tmp_path / "anna.csv"])
    assert [e["payload"]["ratings"] for e in found.events if e["seq"]] == [{good: {"OVL": 80.5, "REL": 70}}]


def test_a_workbook_is_read_like_a_csv(tmp_path: Path) -> None:
    from openpyxl import Workbook

    good, fair = (simulated.hexed(model, "p00") for model in ("good", "fair"))
    book = Workbook()
    for line in (["clip", "caption", "OVL", "REL", "rater"], [good, "=1+1", 80, 70.0, 7], [fair, None, None, 3, None]):
        book.worksheets[0].append(line)
    book.save(tmp_path / "anna.xlsx")
    (events,) = collect(DESIGN, [tmp_path / "anna.xlsx"]).sessions.values()
    assert events[0]["payload"]["participant"]["rater"] == "7"
    assert [event["payload"]["ratings"] for event in events[1:]] == [{good: {"OVL": 80, "REL": 70}}, {fair: {"REL": 3}}]


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv", "x.sqlite", "x.json", "events.jsonl"])
def test_noise_of_any_name_is_set_aside_and_crashes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 9)
    found = collect(DESIGN, [tmp_path / name])
    assert found.events == ()
    assert found.quarantined


def test_rows_of_a_sheet_that_are_wrong_are_named_by_line(tmp_path: Path) -> None:
    good = simulated.hexed("good", "p00")
    found = collect(DESIGN, [sheet(tmp_path, f"{good},high,70,", "nothing,5,5,", f"{good},500,5,")])
    told = {(one.where, one.reason) for one in found.quarantined}
    assert ("line 2", f"a score of '{good}' is not a number") in told
    assert ("line 3", "clip 'nothing' is not of this test") in told
    assert any("OVL 500.0 is not within 1 to 100" in reason for _, reason in told)


def test_a_table_that_is_no_sheet_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    found = collect(DESIGN, [tmp_path / "x.csv"])
    assert reasons(found) == ["lacks the columns OVL, REL, clip"]


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    evil = "=HYPERLINK(1)"
    start = EVENTS[0] | {"payload": EVENTS[0]["payload"] | {"participant": {"PROLIFIC_PID": evil}, "language": "@x"}}
    found = collect(DESIGN, [files(tmp_path, [start, *EVENTS[1:]])])
    (row,) = csv.DictReader(outputs.collected_files(DESIGN, found)["sessions.csv"].splitlines())
    assert (row["participant.PROLIFIC_PID"], row["language"]) == (f"'{evil}", "'@x")
    assert [outputs.guarded(cell) for cell in ("+1", "-1", "a", -1.5, None, True)] == [
        "'+1",
        "'-1",
        "a",
        -1.5,
        "",
        "yes",
    ]


def test_sessions_tell_what_is_missing_in_them(tmp_path: Path) -> None:
    revised = EVENTS[-2] | {"trial": EVENTS[ANSWER]["trial"], "payload": EVENTS[ANSWER]["payload"]}
    found = collect(DESIGN, [files(tmp_path, [*EVENTS[:3], *EVENTS[5:-2], revised])])
    (row,) = csv.DictReader(outputs.collected_files(DESIGN, found)["sessions.csv"].splitlines())
    assert (row["gaps"], row["finished"], row["revised"]) == ("2", "", "1")
    assert int(row["answered"]) == int(row["trials"]) - 3
