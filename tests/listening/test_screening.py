"""Screening: each rule at its edge, and nobody without a reason."""

from typing import Any

import pytest

from tests.listening import simulated
from tta_bench.listening import design, ratings, screening
from tta_bench.listening.screening import Exclusion
from tta_bench.types import UserError


def screened(key: dict[str, Any], *sessions: list[dict[str, Any]]) -> list[Exclusion]:
    asked = design.of_key(key)
    found = ratings.sessions(asked, {events[0]["session"]: events for events in sessions})
    return screening.screen(asked, found, ratings.ratings(asked, found))


def with_hidden(role: str, scores: list[int], **rules: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A key whose trials are hidden references or anchors, and a session that gives them these scores."""
    key = simulated.key(prompts=len(scores), models=("good",))
    key["trials"] = {k: t for k, t in key["trials"].items() if t["role"] == "main"}
    key["lists"] = [list(key["trials"])]
    key["stimuli"] = {one: clip | {"model": None, "role": role} for one, clip in key["stimuli"].items()}
    key["screening"] = rules
    events = simulated.session(key, 0)
    for event, score in zip((e for e in events if e["type"] == "answer"), scores, strict=True):
        event["payload"]["ratings"] = {one: {"OVL": score} for one in event["payload"]["ratings"]}
    return key, events


REFERENCE = {"hidden_reference": {"axis": "OVL", "below": 90, "share": 0.15}}
ANCHOR = {"anchor": {"axis": "OVL", "role": "anchor70", "above": 90, "share": 0.15}}


@pytest.mark.parametrize(
    ("scores", "out"),
    [([89] * 3 + [95] * 17, False), ([89] * 4 + [95] * 16, True), ([90] * 20, False), ([89] * 6 + [90] * 34, False)],
)
def test_exactly_15_in_100_low_hidden_references_are_kept(scores: list[int], out: bool) -> None:
    found = screened(*with_hidden("reference", scores, **REFERENCE))
    assert [one.rule for one in found] == ["hidden_reference"] * out
    assert not out or found[0].detail == "4 of 20 hidden references below 90 (more than 15%)"


@pytest.mark.parametrize(
    ("scores", "out"), [([91] * 3 + [50] * 17, False), ([91] * 4 + [50] * 16, True), ([90] * 20, False)]
)
def test_exactly_15_in_100_high_anchors_are_kept(scores: list[int], out: bool) -> None:
    assert [one.rule for one in screened(*with_hidden("anchor70", scores, **ANCHOR))] == ["anchor"] * out


def test_rules_that_find_nothing_to_judge_exclude_nobody() -> None:
    key = simulated.key(prompts=3)
    key["screening"] = REFERENCE | ANCHOR | {"trap": {"wrong": 0}, "gold": {"wrong": 0}, "retest": {"OVL": 1}}
    assert screened(key, simulated.session(key, 0)) == []


@pytest.mark.parametrize(("given", "out"), [({"h0": 1, "h1": 2}, False), ({"h0": 1, "h1": 0}, True), (None, True)])
def test_who_did_not_pass_a_headphone_check_that_was_asked_for_is_out(given: dict[str, int] | None, out: bool) -> None:
    key = simulated.key(prompts=3)
    key |= {"screening": {"headphones": {"wrong": 0}}, "headphones": {"h0": 1, "h1": 2}}
    events = simulated.session(key, 0)
    checked = {**events[1], "event": "e" * 32, "type": "headphones", "trial": None, "payload": {"answers": given}}
    found = screened(key, [*events[:1], *([checked] if given else []), *events[1:]])
    assert [one.rule for one in found] == ["headphones"] * out


def test_a_rater_who_finds_that_anything_fits_any_caption_is_out() -> None:
    key = simulated.key(prompts=3)
    (found,) = screened(key, simulated.session(key, 0), simulated.session(key, 1, taste=0))
    assert (found.rule, found.detail) == ("mismatch", "1 of 1 mismatch trials wrong")
    assert found.session == simulated.session(key, 1)[0]["session"]


def answers(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["payload"] for event in events if event["type"] == "answer"]


def alone(rule: str, numbers: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A key with one rule, and a session that keeps it."""
    key = simulated.key(prompts=4)
    key["screening"] = {rule: numbers}
    return key, simulated.session(key, 0)


def test_a_clip_that_was_not_heard_to_its_end_counts_unless_it_would_not_play() -> None:
    key, events = alone("unheard", {"clip": 0.95, "share": 0.0})
    first = answers(events)[0]
    (clip,) = first["heard"]
    first["heard"][clip] = 3.8
    assert screened(key, events) == []
    first["heard"][clip] = 3.7
    assert [one.detail for one in screened(key, events)] == ["1 of 12 clips heard for less than 95% of their length"]
    first["failed"] = [clip]
    assert screened(key, events) == []


def test_answers_in_less_time_than_the_clips_last_are_too_fast() -> None:
    key, events = alone("fast", {"share": 0.25})
    for payload in answers(events)[:3]:
        payload["milliseconds"] = 3999
    assert screened(key, events) == []
    answers(events)[3]["milliseconds"] = 3999
    assert [one.rule for one in screened(key, events)] == ["fast"]


def test_one_score_for_everything_is_no_rating() -> None:
    key, events = alone("variance", {"OVL": 0.1})
    for payload in answers(events):
        payload["ratings"] = {one: {"OVL": 50, "REL": 50} for one in payload["ratings"]}
    assert [one.detail for one in screened(key, events)] == ["OVL varies by 0, less than 0.1"]


def test_a_duplicate_far_from_its_first_score_excludes() -> None:
    key, _ = alone("retest", {"OVL": 20})
    name, trial = next(iter(key["trials"].items()))
    key["trials"]["d" * 16] = trial | {"role": "duplicate", "duplicate_of": name}
    key["lists"][0].append("d" * 16)
    events = simulated.session(key, 0)
    (first, again) = (e for e in events if e["trial"] in (name, "d" * 16))
    for gap, out in ((20, 0), (21, 1)):
        again["payload"]["ratings"] = {one: {"OVL": s["OVL"] - gap} for one, s in first["payload"]["ratings"].items()}
        assert len(screened(key, events)) == out


def test_half_a_session_counts_and_less_does_not() -> None:
    key, events = alone("unfinished", {"answered": 0.5})
    assert screened(key, events[: 2 + 6]) == []
    assert [one.detail for one in screened(key, events[: 2 + 5])] == ["5 of 12 main trials answered (less than 50%)"]


def test_the_second_session_of_a_person_does_not_count() -> None:
    key = simulated.key(prompts=3)
    key["screening"] = {"sessions": {"most": 1}}
    found = screened(key, simulated.session(key, 1, person="p"), simulated.session(key, 0, person="p"))
    assert [(one.session, one.rule) for one in found] == [(simulated.session(key, 1)[0]["session"], "sessions")]


def test_a_choice_trap_is_right_only_with_its_clip() -> None:
    key = simulated.key("ab", prompts=2)
    key["screening"] = {"trap": {"wrong": 0}}
    name, trial = next(iter(key["trials"].items()))
    trial |= {"role": "trap", "expected": {"choice": trial["stimuli"][1]}}
    events = simulated.session(key, 0)
    (answer,) = (e["payload"] for e in events if e["trial"] == name)
    for choice, out in ((trial["stimuli"][1], 0), (trial["stimuli"][0], 1), ("tie", 1)):
        answer["choice"] = choice
        assert len(screened(key, events)) == out


def test_a_rule_that_nobody_knows_is_refused() -> None:
    key = simulated.key(prompts=3)
    key["screening"] = {"vibes": {"wrong": 0}}
    with pytest.raises(UserError, match="screens by vibes; known are hidden_reference"):
        screened(key, simulated.session(key, 0))


def test_rules_that_are_off_do_nothing() -> None:
    key = simulated.key(prompts=3)
    key["screening"] = dict.fromkeys(screening.RULES)
    assert screened(key, simulated.session(key, 0, taste=0)) == []


def test_a_rater_at_odds_with_the_others_is_named_but_counts() -> None:
    key = simulated.key(prompts=8)
    key["screening"] = {}
    asked = design.of_key(key)
    sessions = [simulated.session(key, rater) for rater in range(5)]
    for payload in answers(sessions[0]):
        payload["ratings"] = {one: {a: 101 - s for a, s in of.items()} for one, of in payload["ratings"].items()}
    found = ratings.sessions(asked, {events[0]["session"]: events for events in sessions})
    rated = [one for one in ratings.ratings(asked, found) if one.role == "main"]
    agreement = screening.consensus(rated)
    assert min(agreement, key=lambda one: agreement[one]) == sessions[0][0]["session"]
    assert agreement[sessions[0][0]["session"]] < -0.5
    assert screening.screen(asked, found, rated) == []
