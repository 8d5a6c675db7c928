"""What a collection server takes in, by the config of its kit. Whatever is refused is refused with a reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, final

from tta_bench.listening.database import Session
from tta_bench.listening.events import Event, Rules, canonical, fault, parse

MOST_EVENTS: Final = 50
"""In one request."""
LARGEST_EVENT: Final = 16_384
"""Bytes; an answer on twenty clips has 3,000."""
DEEPEST: Final = 8
"""Levels of a body; an answer has six."""
PARTICIPANT: Final = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
UNPRINTED: Final = frozenset({"Cc", "Cs"})


@final
class RefusedError(Exception):
    """A request that changes nothing: status, reason, and what else its sender should know."""

    def __init__(self, status: int, reason: str, **more: object) -> None:
        super().__init__(reason)
        self.status = status
        self.content = {"error": reason, **more}


@dataclass(frozen=True)
class Kit:
    """A config, as far as it decides what is taken."""

    config: Mapping[str, Any]

    @cached_property
    def rules(self) -> Rules:
        """What answers may say."""
        shown = {trial: [one["id"] for one in known["stimuli"]] for trial, known in self.config["trials"].items()}
        references = {known["reference"]["id"] for known in self.config["trials"].values() if known["reference"]}
        return Rules(
            {axis["id"]: (axis["min"], axis["max"]) for axis in self.config["axes"]},
            {trial: frozenset(stimuli) for trial, stimuli in shown.items()},
            frozenset(one for stimuli in shown.values() for one in stimuli) | references,
        )

    @property
    def lists(self) -> Sequence[Sequence[str]]:
        """Trials of each list."""
        lists: Sequence[Sequence[str]] = self.config["lists"]
        return lists

    def most_events(self, number: int) -> int:
        """Events that a session of a list may have: every trial can be changed many times."""
        return 100 + 30 * len(self.lists[number])


def body(data: bytes, *keys: str) -> dict[str, Any]:
    """The object that a request holds. Refuses what is no JSON, too deep, has other keys or control characters."""
    try:
        content = parse(data)
    except ValueError as error:
        raise RefusedError(400, f"not JSON: {error}"[:200]) from error
    if not isinstance(content, dict) or content.keys() != set(keys):
        raise RefusedError(422, f"the body is an object with the keys: {', '.join(keys) or 'none'}")
    for level, text in _texts(content):
        if level > DEEPEST:
            raise RefusedError(422, f"nested deeper than {DEEPEST} levels")
        if any(unicodedata.category(letter) in UNPRINTED and letter not in "\n\t" for letter in text):
            raise RefusedError(422, "a text holds control characters")
    return content


def check_session(asked: Mapping[str, Any], kit: Kit) -> None:
    """Refuses a session of another kit, a language that is not offered, a participant that the kit does not ask for."""
    if (asked["test"], asked["digest"]) != (kit.config["test"], kit.config["digest"]):
        raise RefusedError(409, "the page is of another version of the kit: load it again")
    if asked["language"] not in kit.config["languages"]:
        raise RefusedError(422, f"language is one of {', '.join(kit.config['languages'])}")
    who = asked["participant"]
    if not isinstance(who, dict) or not who.keys() <= set(kit.config["participant"]):
        raise RefusedError(422, f"participant has no keys but {', '.join(kit.config['participant']) or 'none'}")
    if not all(isinstance(value, str) and PARTICIPANT.fullmatch(value) for value in who.values()):
        raise RefusedError(422, "values of participant are 1 to 100 letters, digits, or _ . @ -")


def check_events(events: object, session: Session, kit: Kit) -> list[Event]:
    """The events of a request, all of them good for a session. Refuses them all if one is not."""
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
        raise RefusedError(422, f"events is a list of 1 to {MOST_EVENTS}")
    for place, event in enumerate(events):
        reason = fault(event, kit.rules) or _foreign(event, session, kit)
        if reason:
            raise RefusedError(422, f"event {place}: {reason}")
    return events


def _foreign(event: Event, session: Session, kit: Kit) -> str | None:
    if event["session"] != session.session:
        return "is of another session"
    if event["seq"] >= kit.most_events(session.list):
        return f"seq is {kit.most_events(session.list)} or more"
    if event["trial"] is not None and event["trial"] not in kit.lists[session.list]:
        return "trial is not in the list of this session"
    if len(canonical(event).encode()) > LARGEST_EVENT:
        return f"is larger than {LARGEST_EVENT} bytes"
    payload = event["payload"]
    if event["type"] == "start" and payload != _start(session, kit):
        return "start is not what the session was opened with"
    if event["type"] in ("questionnaire", "headphones"):
        return _unasked(event["type"], payload, kit.config)
    return None


def _start(session: Session, kit: Kit) -> dict[str, object]:
    """Payload of the first event of a session."""
    return {
        "test": kit.config["test"],
        "digest": kit.config["digest"],
        "list": session.list,
        "participant": dict(session.participant),
        "language": session.language,
    }


def _unasked(kind: str, payload: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    asked = config["questionnaire"] if kind == "questionnaire" else (config["headphones"] or {"trials": []})["trials"]
    known = {one["id"]: {option["value"] for option in one.get("options") or ()} for one in asked}
    if payload.keys() != {"answers"} or not payload["answers"].keys() <= known.keys():
        return f"answers of {kind} name what was not asked"
    chosen = ((known[one], value) for one, value in payload["answers"].items())
    if any(options and value is not None and value not in options for options, value in chosen):
        return "an answer is not among the options of its question"
    return None


def _texts(content: object) -> Iterator[tuple[int, str]]:
    """Level and text of all strings and keys; of all else the level and nothing."""
    waiting = [(1, content)]
    while waiting:
        level, one = waiting.pop()
        yield level, one if isinstance(one, str) else ""
        inner = [*one.keys(), *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(level + 1, part) for part in inner]


def missing(events: Sequence[Event], session: Session, kit: Kit) -> dict[str, list[Any]]:
    """What a session lacks before it is finished: numbers in the row of its events, types, trials without an answer."""
    numbers = {event["seq"] for event in events}
    types = {event["type"] for event in events}
    answered = {event["trial"] for event in events}
    lacking: dict[str, list[Any]] = {
        "seq": sorted(set(range(max(numbers, default=0) + 1)) - numbers)[:MOST_EVENTS],
        "types": [kind for kind in ("start", "consent", "finish") if kind not in types],
        "trials": [trial for trial in kit.lists[session.list] if trial not in answered],
    }
    return {what: some for what, some in lacking.items() if some}
