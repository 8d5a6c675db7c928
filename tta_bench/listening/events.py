"""What an event of a session may hold. The same rules hold for a server's door and for files that are collected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Event = dict[str, Any]
KEYS: Final = frozenset({"event", "session", "seq", "time", "type", "trial", "payload"})
TIE: Final = "tie"
HEX32: Final = re.compile(r"[0-9a-f]{32}")
LONGEST_TEXT: Final = 2000
"""Characters of anything that a rater typed."""
LARGEST: Final = 2**53
"""Up to which browsers count exactly."""


@dataclass(frozen=True)
class Rules:
    """What answers of one test may say."""

    axes: Mapping[str, tuple[float, float]]
    """Axis -> its scale (low, high); empty where raters choose."""
    trials: Mapping[str, frozenset[str]]
    """Trial -> stimuli that are rated or chosen in it."""
    stimuli: frozenset[str]
    """All stimuli, references too."""


def fault(event: object, rules: Rules) -> str | None:
    """Why an event cannot be taken, in words; None where it can."""
    if not isinstance(event, dict) or event.keys() != KEYS:
        return f"an event has the keys {', '.join(sorted(KEYS))}"
    for key in ("event", "session"):
        if not isinstance(event[key], str) or not HEX32.fullmatch(event[key]):
            return f"{key} is not 32 hex digits"
    for key in ("seq", "time"):
        if not _count(event[key]):
            return f"{key} is not a number from 0 on"
    if not isinstance(event["payload"], dict):
        return "payload is not an object"
    known = _OF_TYPE.get(event["type"]) if isinstance(event["type"], str) else None
    if known is None:
        return f"type {_shown(event['type'])} is not known"
    if (event["seq"] == 0) != (event["type"] == "start"):
        return "start, and only start, has seq 0"
    if event["type"] != "answer" and event["trial"] is not None:
        return f"{event['type']} names a trial"
    return known(event, rules)


def _answer(event: Event, rules: Rules) -> str | None:
    stimuli = rules.trials.get(event["trial"]) if isinstance(event["trial"], str) else None
    if stimuli is None:
        return f"trial {_shown(event['trial'])} is not of this test"
    payload = event["payload"]
    lacking = {"ratings", "choice", "heard", "plays", "milliseconds", "blurs", "failed"} ^ payload.keys()
    if lacking:
        return f"an answer lacks, or has too much: {_shown(sorted(map(str, lacking)))}"
    if not (_count(payload["milliseconds"]) and _count(payload["blurs"])):
        return "milliseconds or blurs is not a number from 0 on"
    if not isinstance(payload["failed"], list) or not all(_of(one, rules.stimuli) for one in payload["failed"]):
        return "failed names stimuli that are not of this test"
    if not _amounts(payload["heard"], rules.stimuli, _amount) or not _amounts(payload["plays"], rules.stimuli, _count):
        return "heard or plays is not a number from 0 on of each stimulus"
    return _choice(payload["choice"], stimuli, rules) or _ratings(payload, stimuli, rules)


def _choice(choice: object, stimuli: frozenset[str], rules: Rules) -> str | None:
    if choice is None:
        return None
    if rules.axes:
        return "a choice in a test of ratings"
    return None if choice == TIE or _of(choice, stimuli) else f"choice {_shown(choice)} is not of this trial"


def _ratings(payload: Event, stimuli: frozenset[str], rules: Rules) -> str | None:
    ratings = payload["ratings"]
    if not isinstance(ratings, dict) or not all(isinstance(one, dict) for one in ratings.values()):
        return "ratings is not an object of objects"
    if not rules.axes and payload["choice"] is None and not payload["failed"]:
        return "no choice"
    for stimulus, scores in ratings.items():
        if stimulus not in stimuli:
            return f"stimulus {_shown(stimulus)} is not of this trial"
        for axis, score in scores.items():
            if axis not in rules.axes:
                return f"axis {_shown(axis)} is not of this test"
            low, high = rules.axes[axis]
            if not _number(score) or not low <= score <= high:
                return f"{axis} {_shown(score)} is not within {low:g} to {high:g}"
    return None


def _start(event: Event, _: Rules) -> str | None:
    payload = event["payload"]
    if payload.keys() != {"test", "digest", "list", "participant", "language"}:
        return "start has the keys test, digest, list, participant, language"
    texts = [payload["test"], payload["digest"], payload["language"]]
    if not all(_text(text) for text in texts) or not _count(payload["list"]):
        return "start has a test, a digest, a language and the number of a list"
    who = payload["participant"]
    if not isinstance(who, dict) or not all(_text(key) and _text(value) for key, value in who.items()):
        return "participant is not an object of texts"
    return None


def _consent(event: Event, _: Rules) -> str | None:
    return None if event["payload"] == {"given": True} else "consent was not given"


def _questionnaire(event: Event, _: Rules) -> str | None:
    answers = event["payload"].get("answers")
    good = isinstance(answers, dict) and all(
        _text(key) and (value is None or _text(value) or _number(value)) for key, value in answers.items()
    )
    return None if good else "answers of a questionnaire are texts or numbers"


def _headphones(event: Event, _: Rules) -> str | None:
    answers = event["payload"].get("answers")
    good = isinstance(answers, dict) and all(_text(key) and _count(value) for key, value in answers.items())
    return None if good else "answers of the headphone check are numbers from 0 on"


def _finish(event: Event, _: Rules) -> str | None:
    return None if event["payload"] == {} else "finish holds nothing"


_OF_TYPE: Final[Mapping[str, Callable[[Event, Rules], str | None]]] = {
    "start": _start,
    "consent": _consent,
    "questionnaire": _questionnaire,
    "headphones": _headphones,
    "answer": _answer,
    "finish": _finish,
}


def canonical(content: object) -> str:
    """JSON of which equal content has only one."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def parse(text: str | bytes) -> Any:
    """JSON. Raises ValueError for what is none, for numbers without end, for a key twice in an object, for bottomless
    nesting, and for text that is no Unicode."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
        canonical(found).encode()  # 1e999 is JSON and half a surrogate pair too, but neither can be written again
        return found
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} occurs twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _amount(value: object) -> bool:
    return _number(value) and 0 <= value <= LARGEST  # type: ignore[operator]


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _of(value: object, among: frozenset[str]) -> bool:
    return isinstance(value, str) and value in among


def _amounts(found: object, among: frozenset[str], good: Callable[[object], bool]) -> bool:
    return isinstance(found, dict) and all(_of(key, among) and good(value) for key, value in found.items())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
