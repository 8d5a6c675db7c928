"""The table of what was measured of edits, and the same as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tta_bench.editing.tasks import Outcome
from tta_bench.metrics.intervals import Interval, mean_interval, paired_mean_difference
from tta_bench.types import UserError

ARROWS = {"higher": "↑", "lower": "↓", "zero": "= 0"}
DIGITS = 3


@dataclass(frozen=True)
class Score:
    """One cell of the table."""

    task: str
    row: str
    metric: str
    better: str
    value: float
    ci95: Interval | None
    n: int
    baseline: str
    """The row that is to be beaten, or the empty string."""
    gain: float | None
    """By how much it is better than that row, on the same items; below 0 it is worse."""
    gain_ci95: Interval | None

    @property
    def beats(self) -> bool:
        """Whether it is better than the baseline beyond chance."""
        return self.gain_ci95 is not None and self.gain_ci95[0] > 0


def scores(outcomes: Sequence[Outcome]) -> list[Score]:
    """Means with intervals, and what separates each row from its baseline. Raises UserError where that is not there."""
    known = {(one.task, one.row, one.metric): one for one in outcomes}
    return [_score(one, known.get((one.task, one.baseline, one.metric))) for one in outcomes]


def _score(one: Outcome, baseline: Outcome | None) -> Score:
    if one.baseline and baseline is None:
        raise UserError(f"{one.task} has no row {one.baseline!r} to compare {one.row!r} with. Run the task again.")
    gain = None
    if baseline is not None:
        sign = 1.0 if one.better == "higher" else -1.0
        gain = paired_mean_difference(sign * one.values, sign * baseline.values)
    return Score(
        task=one.task,
        row=one.row,
        metric=one.metric,
        better=one.better,
        value=float(one.values.mean()),
        ci95=mean_interval(one.values),
        n=len(one.values),
        baseline=one.baseline,
        gain=None if gain is None else gain.value,
        gain_ci95=None if gain is None else gain.ci95,
    )


def markdown(found: Sequence[Score]) -> str:
    """A table for each task, a row for each way to do it; bold is better than the metric's baseline beyond chance."""
    tasks = dict.fromkeys(score.task for score in found)
    return "\n".join(_table([score for score in found if score.task == task]) for task in tasks)


def _table(found: Sequence[Score]) -> str:
    metrics = {score.metric: score for score in reversed(found)}
    names = list(reversed(metrics))
    cells = {(score.row, score.metric): _cell(score) for score in found}
    lines = [
        f"### {found[0].task} (n = {found[0].n})",
        "",
        "| | " + " | ".join(f"{name} {ARROWS[metrics[name].better]}" for name in names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for row in dict.fromkeys(score.row for score in found):
        lines.append(f"| {row} | " + " | ".join(cells[row, name] for name in names) + " |")
    to_beat = {name: {s.baseline for s in found if s.metric == name and s.baseline} for name in names}
    beaten = "; ".join(f"{name}: {', '.join(sorted(rows))}" for name, rows in to_beat.items() if rows)
    return "\n".join([*lines, "", f"To be beaten: {beaten}.", ""])


def _cell(score: Score) -> str:
    interval = "" if score.ci95 is None else f" [{score.ci95[0]:.{DIGITS}f}, {score.ci95[1]:.{DIGITS}f}]"
    text = f"{score.value:.{DIGITS}f}{interval}"
    return f"**{text}**" if score.beats else text


def record(outcome: Outcome) -> dict[str, Any]:
    """An outcome for JSON, its values by item."""
    return {**vars(outcome), "values": outcome.values.tolist()}


def outcome_of(entry: dict[str, Any]) -> Outcome:
    """The outcome of a record."""
    return Outcome(**{**entry, "values": np.array(entry["values"])})
