"""A whole test, analysed: every table with the sessions that screening excludes and without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tta_bench.humans import Agreement, Ratings, agreement
from tta_bench.listening import preferences, ratings, scores, screening
from tta_bench.listening.design import Design
from tta_bench.listening.events import Event
from tta_bench.listening.preferences import AXIS, Position, Strength, Wins
from tta_bench.listening.ratings import Choice, Rating, Session
from tta_bench.listening.scores import Mean, PairRow, Reliability
from tta_bench.listening.screening import Exclusion
from tta_bench.types import Result


@dataclass(frozen=True)
class Retest:
    """How far apart raters put the same clip when they heard it twice."""

    axis: str
    n: int
    mean: float | None
    """Mean absolute difference; None where nobody heard one twice."""


@dataclass(frozen=True)
class Analysis:
    """All that is known of a test. Tables that do not apply to its kind are empty."""

    design: Design
    sessions: tuple[Session, ...]
    exclusions: tuple[Exclusion, ...]
    consensus: Mapping[str, float]
    ratings: tuple[Rating, ...]
    choices: tuple[Choice, ...]
    means: tuple[Mean, ...]
    strata: tuple[Mean, ...]
    pairs: tuple[PairRow, ...]
    reliability: tuple[Reliability, ...]
    retest: tuple[Retest, ...]
    strengths: tuple[Strength, ...]
    wins: tuple[Wins, ...]
    positions: tuple[Position, ...]
    abx: tuple[tuple[str, Position], ...]
    human: Mapping[str, Ratings]
    """Axis -> mean score of each clip, or strength of each system; excluded sessions left out."""
    agreement: Mapping[str, Sequence[Agreement]]
    """Axis -> how far each automatic metric agrees with it."""

    @property
    def excluded(self) -> frozenset[str]:
        """Sessions that do not count."""
        return screening.excluded(self.exclusions)


def analyse(design: Design, events: Mapping[str, Sequence[Event]], results: Sequence[Result] = ()) -> Analysis:
    """The analysis of all sessions, `events` by session and seq. Raises UserError for rules or results that do not fit.

    Without raters, or with all of them excluded, every row is there and says why it has no number.
    """
    found = ratings.sessions(design, events)
    rated, chosen = ratings.ratings(design, found), ratings.choices(design, found)
    exclusions = screening.screen(design, found, rated)
    out = screening.excluded(exclusions)
    kept, kept_choices = screening.kept_ratings(rated, out), screening.kept_choices(chosen, out)
    both = ((True, kept, kept_choices), (False, rated, chosen))
    of_ratings = [_of_axis(design, axis, some, screened) for axis in design.axes for screened, some, _ in both]
    of_choices = [_of_choices(design, some, screened) for screened, _, some in both] if design.chooses else []
    human = _human(design, kept, [row for part in of_choices for row in part.strengths])
    return Analysis(
        design=design,
        sessions=tuple(found),
        exclusions=tuple(exclusions),
        consensus=screening.consensus([rating for rating in rated if rating.role == "main"]),
        ratings=tuple(rated),
        choices=tuple(chosen),
        means=tuple(row for part in of_ratings for row in part.means),
        strata=tuple(row for part in of_ratings for row in part.strata),
        pairs=tuple(row for part in of_ratings for row in part.pairs),
        reliability=tuple(part.reliability for part in of_ratings),
        retest=tuple(_retest(design, axis, [one for one in found if one.id not in out]) for axis in design.axes),
        strengths=tuple(row for part in of_choices for row in part.strengths),
        wins=tuple(row for part in of_choices for row in part.wins),
        positions=tuple(part.position for part in of_choices if design.kind == "ab"),
        abx=tuple(row for part in of_choices for row in part.abx),
        human=human,
        agreement={axis: agreement(results, of_axis) for axis, of_axis in human.items() if results and of_axis},
    )


@dataclass(frozen=True)
class _OfAxis:
    means: list[Mean]
    strata: list[Mean]
    pairs: list[PairRow]
    reliability: Reliability


def _of_axis(design: Design, axis: str, some: Sequence[Rating], screened: bool) -> _OfAxis:
    counted = scores.counted(some, axis)
    pairs = scores.pairs(design, counted, axis, screened=screened)
    means = scores.grouped(design, scores.means(design, counted, axis, screened=screened), pairs)
    strata = scores.strata(design, counted, axis, screened=screened)
    of_models = [rating for rating in counted if rating.model]
    return _OfAxis(means, strata, pairs, scores.agree(design, of_models, design.axes[axis], screened=screened))


@dataclass(frozen=True)
class _OfChoices:
    strengths: list[Strength]
    wins: list[Wins]
    position: Position
    abx: list[tuple[str, Position]]


def _of_choices(design: Design, some: Sequence[Choice], screened: bool) -> _OfChoices:
    found = preferences.coded(design, some)
    position = preferences.position(found, screened=screened)
    if design.kind == "abx":
        return _OfChoices([], [], position, preferences.correct(some, screened=screened))
    wins = preferences.wins(found, screened=screened)
    strengths = preferences.strengths(found, screened=screened, seed=design.seed)
    return _OfChoices(preferences.grouped(strengths, wins, design.models), wins, position, [])


def _human(design: Design, kept: Sequence[Rating], strengths: Sequence[Strength]) -> dict[str, Ratings]:
    """Human scores in the form that metrics are held against."""
    cells: dict[str, dict[tuple[str, str | None], list[float]]] = {axis: defaultdict(list) for axis in design.axes}
    for rating in kept:
        if rating.model and rating.role == "main":
            cells[rating.axis][rating.model, rating.prompt].append(rating.score)
    found: dict[str, Ratings] = {
        axis: {cell: float(np.mean(some)) for cell, some in sorted(of_axis.items(), key=str)}
        for axis, of_axis in cells.items()
    }
    if strengths:
        found[AXIS] = {(row.system, None): row.value for row in strengths if row.screened and row.value is not None}
    return found


def _retest(design: Design, axis: str, found: Sequence[Session]) -> Retest:
    gaps = [gap for session in found for gap in screening.retest_differences(design, session, axis)]
    return Retest(axis, len(gaps), float(np.mean(gaps)) if gaps else None)
