"""Does a metric fall with the number of sound events, and do models differ at each number? From results alone."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tta_bench.report.compare import Difference, compare, corrected
from tta_bench.results import ARROWS, better, board_of
from tta_bench.types import BUCKETS, Result, Score, bucket_of

LEAST = 10
"""Clips below which no trend is tested."""


@dataclass(frozen=True)
class Trend:
    """How a per-clip metric goes with the number of events of a model's prompts."""

    metric: str
    model: str
    tau: float
    """Kendall's tau-b: 1, it always rises; -1, it always falls; 0, it does neither."""
    ci95: tuple[float, float]
    p: float
    """Two-sided, of no trend."""
    p_holm: float
    """Corrected by Holm's method for all trends of the table."""
    n: int


def counts(result: Result) -> Mapping[str, int]:
    """Prompt id -> its number of sound events; of captions of one recording the first, and none that is perturbed."""
    said = board_of(result)
    perturbed, recordings = said.get("perturbed", {}).get("base", {}), said.get("recordings", {})
    first = {recording: prompt for prompt, recording in reversed(recordings.items())}
    return {
        prompt: int(n)
        for prompt, n in said.get("n_events", {}).items()
        if prompt not in perturbed and first.get(recordings.get(prompt), prompt) == prompt
    }


def trends(results: Sequence[Result]) -> list[Trend]:
    """Of each model in each metric that has a value a clip, where prompts differ in their number of events."""
    from scipy.stats import kendalltau  # takes a while to import

    found = []
    for result in results:
        events = counts(result)
        for metric, values in result.per_clip.items():
            shared = [prompt for prompt in values if prompt in events]
            one, other = [events[prompt] for prompt in shared], [values[prompt] for prompt in shared]
            if result.control or len(shared) < LEAST or len(set(one)) < 2 or len(set(other)) < 2:
                continue
            tested = kendalltau(one, other)
            ci95 = tau_interval(float(tested.statistic), one, other)
            tau, p = float(tested.statistic), float(tested.pvalue)
            found.append(Trend(metric, result.model, tau, ci95, p, 1.0, len(shared)))
    return corrected(found)


def tau_interval(tau: float, one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of tau-b, with the spread that it has without a trend: it leaves 0 out as p falls below 0.05.

    That spread counts ties: Kendall 1970, Rank Correlation Methods, section 4.3; a trend makes it smaller.
    """
    n = len(one)
    ties = [np.unique(values, return_counts=True)[1].astype(float) for values in (one, other)]
    pairs = [(n * (n - 1) - (t * (t - 1)).sum()) / 2 for t in ties]
    twos, threes = [(t * (t - 1)).sum() for t in ties], [(t * (t - 1) * (t - 2)).sum() for t in ties]
    fives = [(t * (t - 1) * (2 * t + 5)).sum() for t in ties]
    variance = (n * (n - 1) * (2 * n + 5) - sum(fives)) / 18
    variance += math.prod(twos) / (2 * n * (n - 1)) + math.prod(threes) / (9 * n * (n - 1) * (n - 2))
    half = 1.959964 * math.sqrt(variance / math.prod(pairs))
    return max(-1.0, tau - half), min(1.0, tau + half)


def members(result: Result) -> dict[str, dict[str, list[str]]]:
    """Field by which prompts are told apart -> bucket -> its prompts, as far as a result says so."""
    said = board_of(result)
    found: dict[str, dict[str, list[str]]] = {"n_events": {bucket: [] for bucket in BUCKETS}}
    for prompt, n in said.get("n_events", {}).items():
        found["n_events"][bucket_of(int(n))].append(prompt)
    for field, labels in said.get("fields", {}).items():
        found[field] = {label: [] for label in sorted(set(labels.values()))}
        for prompt, label in labels.items():
            found[field][label].append(prompt)
    return {field: kept for field, buckets in found.items() if (kept := {b: p for b, p in buckets.items() if p})}


def bucket_differences(results: Sequence[Result], field: str = "n_events") -> list[tuple[str, Difference]]:
    """Bucket and paired difference of each two models, in per-clip metrics, all corrected together."""
    models = [result for result in results if not result.control]
    found: list[tuple[str, Difference]] = []
    for bucket, prompts in members(results[0]).get(field, {}).items():
        kept = [_within(result, _independent(results[0], prompts)) for result in models]
        found += [
            (bucket, difference)
            for i, a in enumerate(kept)
            for b in kept[i + 1 :]
            for metric in a.per_clip
            if (difference := compare(metric, a, b)) is not None
        ]
    return list(zip([bucket for bucket, _ in found], corrected([one for _, one in found]), strict=True))


def _independent(result: Result, prompts: Sequence[str]) -> set[str]:
    """One prompt of each recording, and of each caption and those perturbed from it, which is the caption if it is
    there."""
    said = board_of(result)
    perturbed, recordings = said.get("perturbed", {}).get("base", {}), said.get("recordings", {})
    first: dict[str, str] = {}
    for prompt in sorted(prompts, key=lambda prompt: prompt in perturbed):
        base = perturbed.get(prompt, prompt)
        first.setdefault(recordings.get(base, base), prompt)
    return set(first.values())


def _within(result: Result, prompts: set[str]) -> Result:
    """A result with the values of some prompts alone."""
    per_clip = {
        metric: found
        for metric, values in result.per_clip.items()
        if len(found := {prompt: value for prompt, value in values.items() if prompt in prompts}) > 1
    }
    return replace(result, per_clip=per_clip)


def figure(results: Sequence[Result]) -> bytes | None:
    """The metrics over the number of events as SVG, the same bytes every time; None where nothing is told apart by it.

    A panel a metric, a line a row with its 95 % intervals; control rows are grey.
    """
    scores = {
        (result.model, score.metric, str(score.bucket).partition("=")[2]): score
        for result in results
        for score in result.scores
        if str(score.bucket).startswith("n_events=") and score.value is not None
    }
    metrics = [m for m in dict.fromkeys(score.metric for score in results[0].scores) if any(m == k[1] for k in scores)]
    if not metrics:
        return None
    import matplotlib
    from matplotlib.figure import Figure

    ordered = sorted(results, key=lambda result: result.control)
    n_columns = min(3, len(metrics))
    n_rows = math.ceil(len(metrics) / n_columns)
    with matplotlib.rc_context({"svg.hashsalt": "tta_bench", "svg.fonttype": "none", "font.size": 8}):
        drawn = Figure(figsize=(3.0 * n_columns, 2.2 * n_rows + 0.4), layout="constrained")
        panels = drawn.subplots(n_rows, n_columns, squeeze=False).flatten()
        for panel in panels[len(metrics) :]:
            panel.set_visible(False)
        for panel, metric in zip(panels, metrics, strict=False):
            for i, result in enumerate(ordered):
                _line(
                    panel, result, [scores.get((result.model, metric, bucket)) for bucket in BUCKETS], i, len(results)
                )
            panel.set_title(f"{metric} {ARROWS[better(results[0], metric)]}", fontsize=8)
            panel.set_xticks(range(len(BUCKETS)), BUCKETS)
            panel.spines[["top", "right"]].set_visible(False)
        drawn.supxlabel("sound events of the prompt", fontsize=8)
        found = [panel.get_legend_handles_labels() for panel in panels]
        named = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
        shown = [result.model for result in ordered if result.model in named]
        places: dict[str, Any] = {"loc": "outside upper center", "ncols": min(4, len(shown)), "frameon": False}
        drawn.legend([named[name] for name in shown], shown, **places)
        out = io.BytesIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _line(axes: Any, result: Result, found: Sequence[Score | None], place: int, n: int) -> None:
    """A row in one panel, a little beside the others so that none hides another."""
    known = [(i, score) for i, score in enumerate(found) if score is not None]
    if not known:
        return
    shift = 0.3 * (place / max(1, n - 1) - 0.5)
    values = [float(score.value or 0.0) for _, score in known]
    errors = [
        [value - (score.ci95 or (value, value))[0] for value, (_, score) in zip(values, known, strict=True)],
        [(score.ci95 or (value, value))[1] - value for value, (_, score) in zip(values, known, strict=True)],
    ]
    style = {"color": "0.6", "linestyle": ":"} if result.control else {"color": f"C{place}", "linestyle": "-"}
    marker = "os^Dv*Px"[place % 8]
    axes.errorbar(
        [i + shift for i, _ in known],
        values,
        np.abs(errors),
        label=result.model,
        marker=marker,
        markersize=3.5,
        linewidth=0.9,
        capsize=1.5,
        **style,
    )
