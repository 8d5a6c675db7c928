"""Does a metric fall with the number of sound events, and do models differ at each number? From results alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tta_bench.report.compare import Difference, compare_all, corrected
from tta_bench.results import board_of
from tta_bench.types import BUCKETS, Result, bucket_of

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
    asked: list[tuple[str, tuple[str, Result, Result]]] = []
    for bucket, prompts in members(results[0]).get(field, {}).items():
        kept = [_within(result, _independent(results[0], prompts)) for result in models]
        asked += [(bucket, (metric, a, b)) for a, b in combinations(kept, 2) for metric in a.per_clip]
    compared = compare_all([each for _, each in asked])
    found = [(bucket, one) for (bucket, _), one in zip(asked, compared, strict=True) if one is not None]
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
