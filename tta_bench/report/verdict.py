"""Two models side by side: in which metrics, buckets and prompts they differ, and what that comes to in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tta_bench.report.compare import Difference, differences, obstacle
from tta_bench.report.tables import SIGNIFICANCE
from tta_bench.report.trends import bucket_differences, members
from tta_bench.results import better
from tta_bench.types import Result


class Disagreement(NamedTuple):
    """A prompt that two models were scored differently on."""

    prompt: str
    a: float
    b: float

    @property
    def difference(self) -> float:
        """a - b."""
        return self.a - self.b


@dataclass(frozen=True)
class Comparison:
    """All that results say of two models against each other."""

    a: Result
    b: Result
    found: tuple[Difference, ...]
    """In each metric over the whole set, p corrected over all of them."""
    not_compared: Mapping[str, str]
    """Metric -> why the two cannot be paired in it."""
    buckets: Mapping[str, tuple[tuple[str, Difference], ...]]
    """Field -> bucket and difference in per-clip metrics, p corrected over the field's buckets."""
    prompts: Mapping[str, tuple[Disagreement, ...]]
    """Per-clip metric -> the prompts where the two differ most, the largest difference first."""


def compared(a: Result, b: Result, *, most: int = 5) -> Comparison:
    """Two models against each other; `most` prompts a metric. Their names must differ, and neither be a control row."""
    found = differences([a, b])
    metrics = dict.fromkeys(score.metric for score in (*a.scores, *b.scores))
    lacking = {metric: obstacle(metric, a, b) for metric in metrics if metric not in {one.metric for one in found}}
    buckets = {field: tuple(bucket_differences([a, b], field)) for field in members(a)}
    prompts = {metric: disagreements(a, b, metric)[:most] for metric in a.per_clip if metric in b.per_clip}
    return Comparison(
        a,
        b,
        tuple(found),
        lacking,
        {field: rows for field, rows in buckets.items() if len({bucket for bucket, _ in rows}) > 1},
        {metric: tuple(rows) for metric, rows in prompts.items() if rows},
    )


def disagreements(a: Result, b: Result, metric: str) -> list[Disagreement]:
    """Prompts on which two models differ in a per-clip metric, the largest difference first, equal ones by id."""
    one, other = a.per_clip[metric], b.per_clip[metric]
    rows = [Disagreement(prompt, one[prompt], other[prompt]) for prompt in one if prompt in other]
    return sorted((row for row in rows if row.difference), key=lambda row: (-abs(row.difference), row.prompt))


def winner(difference: Difference, result: Result) -> str | None:
    """The name of the model that is better, or None where chance explains the difference."""
    if difference.p_holm >= SIGNIFICANCE or not difference.value:
        return None
    lower = difference.value < 0
    return difference.a if lower == (better(result, difference.metric) == "lower") else difference.b


def verdict(comparison: Comparison) -> str:
    """Who is better in what, in one sentence."""
    a, b = comparison.a.model, comparison.b.model
    won: dict[str, list[str]] = {a: [], b: []}
    equal: list[str] = []
    for difference in comparison.found:
        name = winner(difference, comparison.a)
        (won[name] if name else equal).append(difference.metric)
    if not comparison.found:
        said = f"{a} and {b} cannot be compared in any metric"
    elif not won[a] and not won[b]:
        said = f"No metric tells {a} and {b} apart ({len(equal)} compared)"
    else:
        one, other = sorted((a, b), key=lambda name: -len(won[name]))
        said = f"{one} is better in {listed(won[one])}, {other} in {listed(won[other])}"
        said += f"; the other {len(equal)} cannot be told apart" if len(equal) > 1 else ""
        said += f"; {equal[0]} cannot tell them apart" if len(equal) == 1 else ""
    lacking = comparison.not_compared
    return said + (f"; {listed(list(lacking))} cannot be compared." if lacking and comparison.found else ".")


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: `FD, KL and CLAP`, or `none`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "none"
