"""How far each metric agrees with people: rank correlation with human scores, by clip and by model."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tta_bench.metrics.alignment import rank_correlation
from tta_bench.report.compare import overall
from tta_bench.results import better
from tta_bench.types import Result, UserError

MIN_PAIRS = 4
Ratings = dict[tuple[str, str | None], float]
"""(model, prompt id or None) -> mean human score; higher is better."""


class Agreement(NamedTuple):
    """A metric against people."""

    metric: str
    level: str
    """`clip` or `model`."""
    rho: float | None
    """Spearman's rank correlation, signed so that +1 is perfect agreement for metrics of either direction."""
    ci95: tuple[float, float] | None
    n: int
    note: str = ""

    @property
    def text(self) -> str:
        """The correlation with its interval, or why there is none."""
        if self.rho is None:
            return self.note
        return f"{self.rho:+.2f}" + (f" [{self.ci95[0]:+.2f}, {self.ci95[1]:+.2f}]" if self.ci95 else "")


def by_row(ratings: Ratings) -> dict[str, float]:
    """The mean human score of each row: the one that is given for it, or that of its clips."""
    clips: dict[str, list[float]] = defaultdict(list)
    for (model, prompt), score in ratings.items():
        if prompt is not None:
            clips[model].append(score)
    means = {model: float(np.mean(scores)) for model, scores in clips.items()}
    return means | {model: score for (model, prompt), score in ratings.items() if prompt is None}


def read(path: Path) -> Ratings:
    """Human scores from a csv with the columns `model`, `score` and, for scores per clip, `id`; averaged."""
    scores: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = {"model", "score"} - set(reader.fieldnames or ())
            if lacking:
                raise UserError(f"{path} has no column {', '.join(sorted(lacking))}; it has {reader.fieldnames}.")
            for row in reader:
                scores[row["model"], row.get("id") or None].append(_number(row["score"], path, reader.line_num))
    except OSError as error:
        raise UserError(f"Cannot read human scores {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    if not scores:
        raise UserError(f"{path} holds no scores.")
    return {key: float(np.mean(values)) for key, values in scores.items()}


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise UserError(f"{path}, line {line}: the score {text!r} is not a number.")
    return value


def agreement(results: Sequence[Result], ratings: Ratings) -> list[Agreement]:
    """Each metric against human scores, over clips where both have one per clip, and over models."""
    rated = {model for model, _ in ratings}
    strangers = rated - {result.model for result in results}
    if strangers == rated:
        raise UserError(f"The human scores are of {', '.join(sorted(rated))}; none of them is a row of this table.")
    metrics = dict.fromkeys(score.metric for result in results for score in result.scores)
    rows = []
    for metric in metrics:
        sign = 1.0 if better(results[0], metric) == "higher" else -1.0
        by_clip = _clip_pairs(results, metric, ratings)
        if by_clip:
            rows.append(_agreement(metric, "clip", by_clip, sign))
        rows.append(_agreement(metric, "model", _model_pairs(results, metric, ratings), sign))
    return rows


def _clip_pairs(results: Sequence[Result], metric: str, ratings: Ratings) -> list[tuple[float, float]]:
    return [
        (value, ratings[result.model, prompt])
        for result in results
        for prompt, value in result.per_clip.get(metric, {}).items()
        if (result.model, prompt) in ratings
    ]


def _model_pairs(results: Sequence[Result], metric: str, ratings: Ratings) -> list[tuple[float, float]]:
    means: dict[str, list[float]] = defaultdict(list)
    for (model, _), score in ratings.items():
        means[model].append(score)
    found = [(overall(result, metric).value, result.model) for result in results if result.model in means]
    return [(value, float(np.mean(means[model]))) for value, model in found if value is not None]


def _agreement(metric: str, level: str, pairs: Sequence[tuple[float, float]], sign: float) -> Agreement:
    if len(pairs) < MIN_PAIRS:
        return Agreement(metric, level, None, None, len(pairs), f"{len(pairs)} rated, needs {MIN_PAIRS}")
    ours, theirs = (np.array(side) for side in zip(*pairs, strict=True))
    if not (np.ptp(ours) and np.ptp(theirs)):
        return Agreement(metric, level, None, None, len(pairs), "one side has no two different values")
    found = rank_correlation(sign * ours, theirs)
    return Agreement(metric, level, found.rho, found.ci95, len(pairs))
