"""What raters said, as tables: one row a score, one row a choice, from the journal and the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tta_bench.listening.design import Design, Stimulus, Trial
from tta_bench.listening.events import TIE, Event
from tta_bench.listening.sheets import SHEET

CONTROLS: Final = ("reference", "anchor35", "anchor70", "noise")
"""Roles of clips that are heard beside the systems and stand for no system."""


@dataclass(frozen=True)
class Session:
    """One person's pass through a list."""

    id: str
    rater: str
    """Pseudonym; the same in all sessions of a person."""
    list: int
    language: str
    participant: Mapping[str, str]
    started: int
    """Milliseconds since 1970; 0 for a sheet."""
    finished: int | None
    events: int
    gaps: int
    """Numbers missing in the sequence of its events."""
    questionnaire: Mapping[str, Any]
    headphones: Mapping[str, int]
    answers: Mapping[str, Mapping[str, Any]]
    """Trial -> the last answer given to it."""
    revised: int
    """Answers that a later one replaced."""

    @property
    def measured(self) -> bool:
        """Whether a page recorded how long each clip was heard."""
        return SHEET not in self.participant


@dataclass(frozen=True)
class Rating:
    """A score of a clip on an axis."""

    test: str
    session: str
    rater: str
    list: int
    position: int
    """Of the trial in its list, from 1."""
    trial: str
    role: str
    """What it is for: the trial's role, or within a main trial that of a hidden clip."""
    prompt: str | None
    bucket: str | None
    model: str | None
    axis: str
    score: float
    heard: float | None
    """Seconds; None where nobody measured."""
    seconds: float | None
    """Length of the clip."""
    milliseconds: int | None
    """From the start of the trial to its answer."""
    flags: str

    @property
    def system(self) -> str | None:
        """The model, or the role of a clip that stands for none."""
        return self.model or (self.role if self.role in CONTROLS else None)


@dataclass(frozen=True)
class Choice:
    """A choice between two clips."""

    test: str
    session: str
    rater: str
    list: int
    position: int
    trial: str
    role: str
    prompt: str | None
    bucket: str | None
    left: str | None
    """System that was shown first."""
    right: str | None
    choice: str
    """`left`, `right` or `tie`."""
    correct: bool | None
    """Of ABX, and of trials with a known answer."""
    heard: float | None
    """Seconds of both together."""
    seconds: float | None
    milliseconds: int | None
    flags: str


def sessions(design: Design, events: Mapping[str, Sequence[Event]]) -> list[Session]:
    """Sessions in order of their start, from their events by session."""
    found = [_session(design, name, of_one) for name, of_one in events.items()]
    return sorted(found, key=lambda one: (one.started, one.id))


def _session(design: Design, name: str, events: Sequence[Event]) -> Session:
    start, last = events[0], {event["type"]: event for event in events}
    answers = [event for event in events if event["type"] == "answer"]
    participant = start["payload"]["participant"]
    latest = {event["trial"]: event["payload"] for event in answers}
    return Session(
        id=name,
        rater=design.rater(participant, name),
        list=start["payload"]["list"],
        language=start["payload"]["language"],
        participant=participant,
        started=start["time"],
        finished=last["finish"]["time"] if "finish" in last else None,
        events=len(events),
        gaps=events[-1]["seq"] + 1 - len(events),
        questionnaire=last["questionnaire"]["payload"]["answers"] if "questionnaire" in last else {},
        headphones=last["headphones"]["payload"]["answers"] if "headphones" in last else {},
        answers=latest,
        revised=len(answers) - len(latest),
    )


def ratings(design: Design, found: Sequence[Session]) -> list[Rating]:
    """Every score, by session and position; practice too, which `role` tells apart."""
    return [rating for session in found for place, trial in _trials(design, session)
            for rating in _ratings(design, session, place, trial)]  # fmt: skip


def choices(design: Design, found: Sequence[Session]) -> list[Choice]:
    """Every choice, by session and position."""
    return [
        _choice(design, session, place, trial)
        for session in found
        for place, trial in _trials(design, session)
        if session.answers[trial.id]["choice"] is not None
    ]


def right(trial: Trial, answer: Mapping[str, Any]) -> bool | None:
    """Whether an answer is as expected; None where nothing is, or nothing that could be judged was answered."""
    expected = trial.expected
    if expected is None:
        return None
    if "choice" in expected:
        return None if answer["choice"] is None else bool(answer["choice"] == expected["choice"])
    scores = [
        score
        for of_clip in answer["ratings"].values()
        for axis, score in of_clip.items()
        if expected["axis"] in (None, axis)
    ]
    return all(expected["low"] <= score <= expected["high"] for score in scores) if scores else None


def _trials(design: Design, session: Session) -> Iterator[tuple[int, Trial]]:
    for place, name in enumerate(design.lists[session.list], start=1):
        if name in session.answers:
            yield place, design.trials[name]


def _ratings(design: Design, session: Session, place: int, trial: Trial) -> Iterator[Rating]:
    answer = session.answers[trial.id]
    for name in trial.stimuli:
        clip = design.stimuli[name]
        for axis, score in answer["ratings"].get(name, {}).items():
            yield Rating(
                test=design.test,
                session=session.id,
                rater=session.rater,
                list=session.list,
                position=place,
                trial=trial.id,
                role=clip.role if trial.role == "main" and clip.role != "main" else trial.role,
                prompt=trial.prompt or clip.prompt,
                bucket=design.buckets.get(trial.prompt or clip.prompt or ""),
                model=clip.model,
                axis=axis,
                score=float(score),
                heard=answer["heard"].get(name, 0.0) if session.measured else None,
                seconds=clip.seconds,
                milliseconds=answer["milliseconds"] if session.measured else None,
                flags=_flags(answer, [name], design.stimuli),
            )


def _choice(design: Design, session: Session, place: int, trial: Trial) -> Choice:
    answer = session.answers[trial.id]
    first, second = (design.stimuli[name] for name in trial.stimuli[:2])
    sides = {first.id: "left", second.id: "right", TIE: "tie"}
    lengths = [clip.seconds for clip in (first, second)]
    return Choice(
        test=design.test,
        session=session.id,
        rater=session.rater,
        list=session.list,
        position=place,
        trial=trial.id,
        role=trial.role,
        prompt=trial.prompt,
        bucket=design.buckets.get(trial.prompt or ""),
        left=first.model or first.role,
        right=second.model or second.role,
        choice=sides[answer["choice"]],
        correct=right(trial, answer),
        heard=sum(answer["heard"].get(name, 0.0) for name in trial.stimuli) if session.measured else None,
        seconds=None if None in lengths else sum(length or 0.0 for length in lengths),
        milliseconds=answer["milliseconds"] if session.measured else None,
        flags=_flags(answer, trial.stimuli, design.stimuli),
    )


def _flags(answer: Mapping[str, Any], names: Sequence[str], stimuli: Mapping[str, Stimulus]) -> str:
    """What is odd about an answer, in words between `;`."""
    flags = ["would not play"] if set(names) & set(answer["failed"]) else []
    flags += ["window left"] if answer["blurs"] else []
    roles = {stimuli[name].role for name in names} - {"main"}
    return ";".join(flags + sorted(roles))
