"""What a leaderboard draws: metrics over buckets, against each other and against people, cost against quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tta_bench.report import drawing
from tta_bench.report.compare import overall
from tta_bench.report.drawing import Draw
from tta_bench.results import ARROWS, better
from tta_bench.types import BUCKETS, Result, Score

FIELDS = {"n_events": BUCKETS}
"""The order of a field's groups, where it is not that of the alphabet."""
AXES = {"n_events": "sound events of the prompt", "relation": "relation of the events"}
SHORT = 4
"""Letters of a group's name, up to which names stand side by side."""
MOST = 6
"""Metrics that are drawn against each other: the first ones of the protocol."""
COSTS = {
    "rtf": "seconds for a second of sound",
    "nfe": "network evaluations of a clip",
    "parameters": "parameters (millions)",
    "memory": "peak memory (GiB)",
}
"""What is known of a row's cost -> how the axis is named."""


def figures(results: Sequence[Result], people: Mapping[str, float] | None = None) -> dict[str, tuple[Draw, str]]:
    """Name -> figure and what it shows, in the order of a page; those that these results have nothing for are absent.

    `people` are mean human scores by row.
    """
    fields = dict.fromkeys(
        str(score.bucket).partition("=")[0] for r in results for score in r.scores if score.bucket is not None
    )
    found: dict[str, tuple[Draw, str]] = {
        field: (_over(results, field), f"Each metric over {AXES.get(field, field)}, with 95 % intervals")
        for field in fields
    }
    if len(metrics_of(results)) > 1 and len(results) > 2:
        found["metrics"] = (_against_each_other(results), "Metric against metric, a point a row")
    if any(costs_of(result) for result in results):
        found["costs"] = (_costs(results), "Cost against quality, a point a model")
    if people:
        found["people"] = (_against_people(results, people), "Metric against mean human score, a point a row")
    return found


def metrics_of(results: Sequence[Result]) -> list[str]:
    """The metrics of the whole set that have a value in some row."""
    scored = [s for r in results for s in r.scores if s.bucket is None and s.value is not None]
    return list(dict.fromkeys(score.metric for score in scored))


def costs_of(result: Result) -> dict[str, float]:
    """`rtf`, `nfe`, `parameters` (millions) and `memory` (GiB) of the machine that made most clips; what is not known
    is absent."""
    every: Any = result.provenance.get("costs") or []
    if not every:
        return {}
    cost = max(every, key=lambda one: one["clips"])
    found = {
        "rtf": cost["seconds"] / cost["audio_seconds"],
        "nfe": cost["evaluations"] / cost["clips"],
        "parameters": cost["parameters"] / 1e6,
        "memory": cost["peak_bytes"] / 2**30,
    }
    return {name: value for name, value in found.items() if value > 0}


def _over(results: Sequence[Result], field: str) -> Draw:
    """Panels of the metrics over the groups of a field; a line a row."""
    scores = {
        (r.model, score.metric, str(score.bucket).partition("=")[2]): score
        for r in results
        for score in r.scores
        if str(score.bucket).startswith(f"{field}=") and score.value is not None
    }
    metrics = [m for m in dict.fromkeys(s.metric for s in results[0].scores) if any(m == k[1] for k in scores)]
    there = {group for _, _, group in scores}
    groups = [group for group in FIELDS.get(field, sorted(there)) if group in there]

    def make() -> Any:
        ordered = sorted(results, key=lambda result: result.control)
        figure, every = drawing.panels(len(metrics), columns=3, size=(3.0, 2.1), n_names=len(ordered))
        for axes, metric in zip(every, metrics, strict=True):
            for i, result in enumerate(ordered):
                _line(axes, result, [scores.get((result.model, metric, group)) for group in groups], i, len(results))
            axes.set_title(f"{metric} {ARROWS[better(results[0], metric)]}", fontsize=8)
            slant = {"rotation": 20, "ha": "right"} if max(map(len, groups)) > SHORT else {}
            axes.set_xticks(range(len(groups)), groups, **slant)
            axes.set_xlim(-0.5, len(groups) - 0.5)
        figure.supxlabel(AXES.get(field, field), fontsize=8, y=0.0, va="bottom")
        drawing.legend(figure, every, [result.model for result in ordered])
        return figure

    return make


def _line(axes: Any, result: Result, found: Sequence[Score | None], place: int, n: int) -> None:
    """A row in one panel, a little beside the others so that none hides another."""
    known = [(i, score) for i, score in enumerate(found) if score is not None]
    if not known:
        return
    shift = 0.3 * (place / max(1, n - 1) - 0.5)
    values = np.array([float(score.value or 0.0) for _, score in known])
    ends = np.array([score.ci95 or (value, value) for value, (_, score) in zip(values, known, strict=True)])
    axes.errorbar(
        [i + shift for i, _ in known],
        values,
        np.abs(ends.T - values),
        label=result.model,
        markersize=3.5,
        linewidth=0.9,
        linestyle=":" if result.control else "-",
        **drawing.look(place, control=result.control),
    )


def _points(axes: Any, results: Sequence[Result], xs: Mapping[str, float], ys: Mapping[str, float]) -> None:
    """A point for each row that has both."""
    for i, result in enumerate(sorted(results, key=lambda result: result.control)):
        if result.model in xs and result.model in ys:
            style = {"linestyle": "none", "markersize": 4, **drawing.look(i, control=result.control)}
            axes.plot([xs[result.model]], [ys[result.model]], label=result.model, **style)


def values_of(results: Sequence[Result], metric: str) -> dict[str, float]:
    """Row -> its value in a metric, where it has one."""
    found = {r.model: overall(r, metric).value for r in results if any(s.metric == metric for s in r.scores)}
    return {model: value for model, value in found.items() if value is not None}


def _against_each_other(results: Sequence[Result]) -> Draw:
    """Panels of each pair of metrics."""

    def make() -> Any:
        pairs = list(combinations(metrics_of(results)[:MOST], 2))
        figure, every = drawing.panels(len(pairs), columns=5, size=(1.8, 1.7), n_names=len(results))
        for axes, (one, other) in zip(every, pairs, strict=True):
            _points(axes, results, values_of(results, one), values_of(results, other))
            axes.set_xlabel(one, fontsize=6)
            axes.set_ylabel(other, fontsize=6)
            axes.locator_params(nbins=3)
            axes.tick_params(labelsize=6)
        drawing.legend(figure, every, [r.model for r in sorted(results, key=lambda result: result.control)])
        return figure

    return make


def _against_people(results: Sequence[Result], ratings: Mapping[str, float]) -> Draw:
    """Panels of each metric against the mean human score of each row."""

    def make() -> Any:
        metrics = metrics_of(results)
        figure, every = drawing.panels(len(metrics), columns=4, size=(2.3, 2.0), n_names=len(results))
        for axes, metric in zip(every, metrics, strict=True):
            _points(axes, results, values_of(results, metric), ratings)
            axes.set_xlabel(f"{metric} {ARROWS[better(results[0], metric)]}", fontsize=7)
        figure.supylabel("mean human score", fontsize=8, x=0.0, ha="left")
        drawing.legend(figure, every, [r.model for r in sorted(results, key=lambda result: result.control)])
        return figure

    return make


def _costs(results: Sequence[Result]) -> Draw:
    """Panels of each cost against the first metric of either direction."""

    def make() -> Any:
        costs = {result.model: costs_of(result) for result in results}
        known = [name for name in COSTS if any(name in found for found in costs.values())]
        metrics = list({better(results[0], metric): metric for metric in reversed(metrics_of(results))}.values())
        figure, every = drawing.panels(
            len(known) * len(metrics), columns=len(known), size=(2.3, 2.0), n_names=len(results)
        )
        for axes, (metric, name) in zip(every, [(m, n) for m in metrics for n in known], strict=True):
            xs = {model: found[name] for model, found in costs.items() if name in found}
            _points(axes, results, xs, values_of(results, metric))
            _by_factors(axes, list(xs.values()))
            axes.set_xlabel(COSTS[name], fontsize=7)
            axes.set_ylabel(f"{metric} {ARROWS[better(results[0], metric)]}", fontsize=7)
        drawing.legend(figure, every, [result.model for result in results])
        return figure

    return make


def _by_factors(axes: Any, values: Sequence[float]) -> None:
    """A logarithmic axis with plain numbers at round places: at powers of ten, where the values span one.

    Its own labels are formulas, which figures do not set.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    near = max(values) < 10 * min(values)
    axes.xaxis.set_major_locator(MaxNLocator(3) if near else LogLocator(numticks=5))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.margins(x=0.2)
