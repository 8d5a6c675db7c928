"""Whose answers count: the rules that the key fixed before anyone listened, and each exclusion with its reason.

A rule speaks of a session. Where there is nothing to judge, as no hidden reference, it excludes nobody. Hidden
reference and anchor are those of ITU-R BS.1534-3; the others are customary for crowds (ITU-T P.808; RELATE, 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tta_bench.listening.design import Design
from tta_bench.listening.ratings import Choice, Rating, Session, right
from tta_bench.types import UserError

FEWEST_FOR_CONSENSUS: Final = 10
LOW_CONSENSUS: Final = 0.2


@dataclass(frozen=True)
class Exclusion:
    """A session whose answers do not count, and why."""

    session: str
    rater: str
    rule: str
    detail: str


@dataclass(frozen=True)
class Evidence:
    """All that a rule may look at."""

    design: Design
    session: Session
    ratings: Sequence[Rating]
    earlier: int
    """Sessions of the same person before this one."""


Rule = Callable[[Evidence, Mapping[str, Any]], str | None]


def screen(design: Design, sessions: Sequence[Session], ratings: Sequence[Rating]) -> list[Exclusion]:
    """Every exclusion; a session that breaks several rules has one for each. Raises UserError for an unknown rule."""
    strangers = design.screening.keys() - RULES.keys()
    if strangers:
        raise UserError(f"The key screens by {', '.join(sorted(strangers))}; known are {', '.join(RULES)}.")
    of_session: dict[str, list[Rating]] = {session.id: [] for session in sessions}
    for rating in ratings:
        of_session[rating.session].append(rating)
    found, seen = [], dict.fromkeys((session.rater for session in sessions), 0)
    for session in sessions:
        evidence = Evidence(design, session, of_session[session.id], seen[session.rater])
        seen[session.rater] += 1
        reasons = {rule: RULES[rule](evidence, numbers) for rule, numbers in design.screening.items()}
        found += [Exclusion(session.id, session.rater, rule, why) for rule, why in sorted(reasons.items()) if why]
    return found


def consensus(ratings: Sequence[Rating]) -> dict[str, float]:
    """Session -> correlation of its scores with the mean of the others' on the same clips and axes, where it has 10 or
    more of these. Low ones are named, never excluded: who differs may be right."""
    cells: dict[tuple[str, str | None, str | None], dict[str, float]] = {}
    for rating in ratings:
        cells.setdefault((rating.axis, rating.system, rating.prompt), {})[rating.session] = rating.score
    pairs: dict[str, list[tuple[float, float]]] = {}
    for scores in cells.values():
        total = sum(scores.values())
        for session, score in scores.items():
            if len(scores) > 1:
                pairs.setdefault(session, []).append((score, (total - score) / (len(scores) - 1)))
    found = {}
    for session, both in pairs.items():
        own, others = np.array(both).T
        if len(both) >= FEWEST_FOR_CONSENSUS and np.ptp(own) and np.ptp(others):
            found[session] = float(np.corrcoef(own, others)[0, 1])
    return found


def _hidden_reference(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    scores = _scores(evidence, "reference", numbers["axis"])
    low = sum(score < numbers["below"] for score in scores)
    if not _more(low, numbers["share"], len(scores)):
        return None
    return f"{low} of {len(scores)} hidden references below {numbers['below']:g} (more than {numbers['share']:.0%})"


def _anchor(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    scores = _scores(evidence, numbers["role"], numbers["axis"])
    high = sum(score > numbers["above"] for score in scores)
    if not _more(high, numbers["share"], len(scores)):
        return None
    return f"{high} of {len(scores)} {numbers['role']} above {numbers['above']:g} (more than {numbers['share']:.0%})"


def _wrong(role: str) -> Rule:
    def rule(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
        trials = (evidence.design.trials[name] for name in evidence.session.answers)
        judged = [right(trial, evidence.session.answers[trial.id]) for trial in trials if trial.role == role]
        wrong = judged.count(False)
        return f"{wrong} of {len(judged)} {role} trials wrong" if wrong > numbers["wrong"] else None

    return rule


def _headphones(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    if not evidence.session.measured:
        return None
    asked, given = evidence.design.headphones, evidence.session.headphones
    wrong = sum(given.get(trial) != answer for trial, answer in asked.items())
    return f"{wrong} of {len(asked)} sounds of the headphone check wrong" if wrong > numbers["wrong"] else None


def _unheard(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    if not evidence.session.measured:
        return None
    clips = [(answer, clip) for answer, clip in _main_clips(evidence) if clip not in answer["failed"]]
    lengths = [evidence.design.stimuli[clip].seconds for _, clip in clips]
    short = sum(
        length is not None and answer["heard"].get(clip, 0.0) < numbers["clip"] * length
        for (answer, clip), length in zip(clips, lengths, strict=True)
    )
    if not _more(short, numbers["share"], len(clips)):
        return None
    return f"{short} of {len(clips)} clips heard for less than {numbers['clip']:.0%} of their length"


def _fast(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    if not evidence.session.measured:
        return None
    needed: dict[int, float] = {}
    for answer, clip in _main_clips(evidence):
        failed = clip in answer["failed"]
        needed.setdefault(id(answer), -answer["milliseconds"])
        needed[id(answer)] += 0.0 if failed else 1000 * (evidence.design.stimuli[clip].seconds or 0.0)
    fast = sum(lacking > 0 for lacking in needed.values())
    if not _more(fast, numbers["share"], len(needed)):
        return None
    return f"{fast} of {len(needed)} trials answered in less time than their clips last"


def _variance(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    low = []
    for axis, least in numbers.items():
        scores = [r.score for r in evidence.ratings if r.role == "main" and r.axis == axis]
        if len(scores) > 1 and np.var(scores, ddof=1) < least:
            low.append(f"{axis} varies by {np.var(scores, ddof=1):.2g}, less than {least:g}")
    return "; ".join(low) or None


def _retest(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    far = []
    for axis, most in numbers.items():
        gaps = list(retest_differences(evidence.design, evidence.session, axis))
        if gaps and np.mean(gaps) > most:
            far.append(f"{axis} of the same clips {np.mean(gaps):.3g} apart, more than {most:g}")
    return "; ".join(far) or None


def retest_differences(design: Design, session: Session, axis: str) -> list[float]:
    """How far apart one rater's two scores of the same clip lie, for each that they heard twice."""
    found = []
    for name, answer in session.answers.items():
        trial = design.trials[name]
        before = session.answers.get(trial.duplicate_of or "")
        if before is None or trial.duplicate_of is None:
            continue
        earlier = {_same(design, clip): scores for clip, scores in before["ratings"].items()}
        for clip, scores in answer["ratings"].items():
            other = earlier.get(_same(design, clip), {})
            if axis in scores and axis in other:
                found.append(abs(float(scores[axis]) - float(other[axis])))
    return found


def _same(design: Design, clip: str) -> tuple[str | None, str]:
    """What a clip has in common with its copy of another name."""
    return design.stimuli[clip].model, design.stimuli[clip].role


def _unfinished(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    trials = evidence.design.trials
    asked = [name for name in evidence.design.lists[evidence.session.list] if trials[name].role == "main"]
    answered = sum(name in evidence.session.answers for name in asked)
    if answered >= numbers["answered"] * len(asked):
        return None
    return f"{answered} of {len(asked)} main trials answered (less than {numbers['answered']:.0%})"


def _sessions(evidence: Evidence, numbers: Mapping[str, Any]) -> str | None:
    if evidence.earlier < numbers["most"]:
        return None
    return f"session {evidence.earlier + 1} of one person; the first {numbers['most']} count"


RULES: Final[Mapping[str, Rule]] = {
    "hidden_reference": _hidden_reference,
    "anchor": _anchor,
    "trap": _wrong("trap"),
    "gold": _wrong("gold"),
    "mismatch": _wrong("mismatch"),
    "headphones": _headphones,
    "unheard": _unheard,
    "fast": _fast,
    "variance": _variance,
    "retest": _retest,
    "unfinished": _unfinished,
    "sessions": _sessions,
}


def _more(count: int, share: float, n: int) -> bool:
    """Whether `count` is strictly more than a share of n; rounding never decides."""
    return count > share * n + 1e-9


def _scores(evidence: Evidence, role: str, axis: str) -> list[float]:
    return [rating.score for rating in evidence.ratings if rating.role == role and rating.axis == axis]


def _main_clips(evidence: Evidence) -> list[tuple[Mapping[str, Any], str]]:
    """(answer, clip) of each clip of the main trials that were answered."""
    found = []
    for name, answer in evidence.session.answers.items():
        trial = evidence.design.trials[name]
        found += [(answer, clip) for clip in trial.stimuli] if trial.role == "main" else []
    return found


def excluded(found: Sequence[Exclusion]) -> frozenset[str]:
    """Sessions that do not count."""
    return frozenset(one.session for one in found)


def kept_ratings(ratings: Sequence[Rating], out: frozenset[str]) -> list[Rating]:
    """Ratings of sessions that count."""
    return [rating for rating in ratings if rating.session not in out]


def kept_choices(choices: Sequence[Choice], out: frozenset[str]) -> list[Choice]:
    """Choices of sessions that count."""
    return [choice for choice in choices if choice.session not in out]
