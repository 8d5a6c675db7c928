"""Is a difference between two models real? Paired by prompt, from results alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

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
    metrics = dict.fromkeys(score.metric for result in models for score in result.scores)
    found = compare_all([(metric, a, b) for metric in metrics for a, b in combinations(models, 2)])
    return corrected([difference for difference in found if difference is not None])


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
    return compare_all([(metric, a, b)])[0]


def compare_all(asked: Sequence[tuple[str, Result, Result]]) -> list[Difference | None]:
    """`compare` of each metric and two models; those of equally many prompts together, which is many times as fast."""
    pairs = [paired(*each) for each in asked]
    tested: dict[int, intervals.Difference] = {}
    for n in {pair.n for pair in pairs if pair and pair.per_clip}:
        alike = {i: pair.a - pair.b for i, pair in enumerate(pairs) if pair and pair.per_clip and pair.n == n}
        tested |= zip(alike, intervals.paired_mean_differences(np.stack(list(alike.values()))), strict=True)
    for i, pair in enumerate(pairs):
        if pair and not pair.per_clip:
            tested[i] = intervals.paired_jackknife_difference(pair.values[0], pair.a, pair.values[1], pair.b)
    return [
        _difference(metric, a, b, pair, tested[i]) if pair else None
        for i, (pair, (metric, a, b)) in enumerate(zip(pairs, asked, strict=True))
    ]


def _difference(metric: str, a: Result, b: Result, pair: Pair, found: intervals.Difference) -> Difference:
    return Difference(metric, a.model, b.model, found.value, found.ci95, found.p, found.p, pair.n)


@dataclass(frozen=True)
class Pair:
    """Two models in one metric, prompt by prompt or block by block."""

    per_clip: bool
    a: NDArray[np.float64]
    """Values of `a` on the prompts that both have, or without each block of prompts."""
    b: NDArray[np.float64]
    values: tuple[float, float]
    """Means of these prompts, or the set metric of all."""
    n: int
    """Prompts that both were scored on."""


def paired(metric: str, a: Result, b: Result) -> Pair | None:
    """What a metric says of two models on the same prompts; None where `obstacle` knows why not."""
    if _unmeasured(metric, a) or _unmeasured(metric, b):
        return None
    if metric in a.per_clip and metric in b.per_clip:
        shared = [prompt for prompt in a.per_clip[metric] if prompt in b.per_clip[metric]]
        if len(shared) < 2:
            return None
        one, two = (np.array([result.per_clip[metric][prompt] for prompt in shared]) for result in (a, b))
        return Pair(True, one, two, (float(one.mean()), float(two.mean())), len(shared))
    first, second = overall(a, metric), overall(b, metric)
    same = scored(a, metric) == scored(b, metric) and first.n == second.n  # halves of recordings are no other's blocks
    without = a.leave_out.get(metric), b.leave_out.get(metric)
    if not same or without[0] is None or without[1] is None or first.value is None or second.value is None:
        return None
    return Pair(False, np.array(without[0]), np.array(without[1]), (first.value, second.value), first.n)


def obstacle(metric: str, a: Result, b: Result) -> str:
    """Why two models cannot be paired in a metric, for a reader."""
    return _unmeasured(metric, a) or _unmeasured(metric, b) or "the two were not scored on the same prompts"


def _unmeasured(metric: str, result: Result) -> str:
    """Why a model has no number with an interval in a metric; empty where it has one."""
    found = next((score for score in result.scores if score.metric == metric and score.bucket is None), None)
    if found is None:
        return f"{result.model} was not measured in it"
    if found.value is None:
        return f"{result.model} has no value: {found.note}"
    return "" if found.ci95 else f"{result.model} has no interval" + (f": {found.note}" if found.note else "")


def overall(result: Result, metric: str) -> Score:
    """A model's score over the whole set. Raises KeyError if it was not measured."""
    for score in result.scores:
        if score.metric == metric and score.bucket is None:
            return score
    raise KeyError(f"{result.model} has no {metric}")


def scored(result: Result, metric: str) -> set[str]:
    """Ids of the prompts behind a score."""
    clips = result.provenance["clips"]
    if not isinstance(clips, dict):
        raise TypeError(f"provenance of {result.model} has no clips")
    return set(clips) - set(result.left_out.get(metric, ()))
