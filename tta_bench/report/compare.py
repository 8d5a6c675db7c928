"""Is a difference between two models real? Paired by prompt, from results alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from tta_bench.metrics import intervals
from tta_bench.types import Result, Score


@dataclass(frozen=True)
class Difference:
    """How much model `a` differs from model `b` on the same prompts."""

    metric: str
    a: str
    b: str
    value: float
    """Score of `a` minus score of `b`."""
    ci95: tuple[float, float] | None
    p: float
    """Two-sided, of no difference."""
    p_holm: float
    """Corrected by Holm's method for all differences of the table."""
    n: int
    """Prompts that both were scored on."""


def differences(results: Sequence[Result]) -> list[Difference]:
    """Paired differences between each two models that are no control rows, in every metric, corrected together.

    Per-clip metrics are compared on the prompts that both models have, set metrics where both have the same prompts
    and an interval; other pairs are absent.
    """
    models = [result for result in results if not result.control]
    found = [
        difference
        for metric in dict.fromkeys(score.metric for result in models for score in result.scores)
        for a, b in combinations(models, 2)
        if (difference := compare(metric, a, b)) is not None
    ]
    return corrected(found)


class _Tested(Protocol):
    """What has a p value, and one that is corrected."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def p(self) -> float: ...


Found = TypeVar("Found", bound=_Tested)


def corrected(found: Sequence[Found]) -> list[Found]:
    """The same with `p_holm`, by Holm's method over all of them."""
    if not found:
        return []
    every = intervals.holm(np.array([one.p for one in found]))
    return [replace(one, p_holm=float(p)) for one, p in zip(found, every, strict=True)]


def compare(metric: str, a: Result, b: Result) -> Difference | None:
    """The paired difference of two models in one metric, uncorrected; None where the two cannot be paired, or were
    scored without intervals."""
    if overall(a, metric).ci95 is None or overall(b, metric).ci95 is None:
        return None
    if metric in a.per_clip and metric in b.per_clip:
        one, two = a.per_clip[metric], b.per_clip[metric]
        shared = [prompt for prompt in one if prompt in two]
        if len(shared) < 2:
            return None
        found = intervals.paired_mean_difference(
            np.array([one[prompt] for prompt in shared]), np.array([two[prompt] for prompt in shared])
        )
        return Difference(metric, a.model, b.model, found.value, found.ci95, found.p, found.p, len(shared))
    if metric in a.leave_out and metric in b.leave_out and _scored(a, metric) == _scored(b, metric):
        values = overall(a, metric).value, overall(b, metric).value
        if values[0] is None or values[1] is None:
            return None
        left_out = np.array(a.leave_out[metric]), np.array(b.leave_out[metric])
        found = intervals.paired_jackknife_difference(values[0], left_out[0], values[1], left_out[1])
        return Difference(metric, a.model, b.model, found.value, found.ci95, found.p, found.p, overall(a, metric).n)
    return None


def overall(result: Result, metric: str) -> Score:
    """A model's score over the whole set. Raises KeyError if it was not measured."""
    for score in result.scores:
        if score.metric == metric and score.bucket is None:
            return score
    raise KeyError(f"{result.model} has no {metric}")


def _scored(result: Result, metric: str) -> set[str]:
    """Ids of the prompts behind a score."""
    clips = result.provenance["clips"]
    if not isinstance(clips, dict):
        raise TypeError(f"provenance of {result.model} has no clips")
    return set(clips) - set(result.left_out.get(metric, ()))
