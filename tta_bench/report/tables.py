"""Tables from results, as every format shows them.

Among models, the best of a column is bold, and so is each that cannot be separated from it (paired difference with
Holm-corrected p of 0.05 or more); the best of the others is underlined. Control rows are set apart and never marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tta_bench.metrics import intervals
from tta_bench.report import robustness, seeds
from tta_bench.report.compare import Difference, overall
from tta_bench.report.trends import bucket_differences, trends
from tta_bench.results import ARROWS, better, board_of, card_of
from tta_bench.types import Result, Score

SIGNIFICANCE = 0.05
Mark = Literal["", "best", "second"]


@dataclass(frozen=True)
class Cell:
    """One number of a table."""

    score: Score
    mark: Mark = ""
    n: int | None = None
    """Clips behind the number, where they are not the row's."""

    @property
    def value(self) -> str:
        """The number, or a dash where there is none."""
        return "–" if self.score.value is None else number(self.score.value)

    @property
    def interval(self) -> str:
        """The 95 % interval, and n where it is not the row's."""
        interval = self.score.ci95 and f"[{number(self.score.ci95[0])}, {number(self.score.ci95[1])}]"
        return " ".join(filter(None, [interval, f"n={self.n}" if self.n is not None else ""]))


@dataclass(frozen=True)
class Line:
    """One row of a table."""

    name: str
    control: bool
    n: int
    """Clips of the row; a number from fewer says so."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """What every format shows."""

    title: str
    columns: tuple[str, ...]
    """Metric names with their arrows."""
    lines: tuple[Line, ...]
    """Models first, then control rows."""
    notes: tuple[str, ...]


def number(value: float) -> str:
    """Two decimals, three for numbers under 1, so that a column reads as papers print it."""
    rounded = round(value, 3)
    if rounded == 0:
        return "0.000"
    return f"{rounded:.3f}" if abs(rounded) < 1 else f"{value:.2f}"


def make_table(results: Sequence[Result], found: Sequence[Difference]) -> Table:
    """The main table: a row a model, a column a metric, over the whole prompt set."""
    first = results[0]
    metrics = list(dict.fromkeys(score.metric for score in first.scores if score.bucket is None))
    marks = {metric: _marks(results, metric, found) for metric in metrics}
    ordered = sorted(results, key=lambda result: result.control)
    lines = [
        _line(r.model, r, [Cell(overall(r, metric), marks[metric].get(r.model, "")) for metric in metrics])
        for r in ordered
    ]
    columns = tuple(f"{metric} {ARROWS[better(first, metric)]}" for metric in metrics)
    title = f"board {first.board}, protocol {first.protocol}"
    return Table(title, columns, tuple(lines), tuple(_notes(ordered)))


def bucket_tables(results: Sequence[Result]) -> list[Table]:
    """Scores by bucket, a table for each field that prompts are sorted by, with a row a bucket and model."""
    scored = [score for result in results for score in result.scores if score.bucket is not None]
    fields = dict.fromkeys(str(score.bucket).partition("=")[0] for score in scored)
    return [
        _bucket_table(results, field, [s for s in scored if str(s.bucket).startswith(f"{field}=")]) for field in fields
    ]


def _bucket_table(results: Sequence[Result], field: str, scored: Sequence[Score]) -> Table:
    first = results[0]
    ordered = sorted(results, key=lambda result: result.control)
    scores = {(r.model, score.bucket, score.metric): score for r in results for score in r.scores}
    metrics = [m for m in dict.fromkeys(score.metric for score in first.scores) if m in {s.metric for s in scored}]
    lines = []
    for bucket in sorted({str(score.bucket) for score in scored}):
        for r in ordered:
            nothing = (Score(metric, None, None, 0, None, bucket) for metric in metrics)
            cells = [Cell(scores.get((r.model, bucket, empty.metric), empty)) for empty in nothing]
            lines.append(_line(f"{bucket}, {r.model}", r, cells))
    columns = tuple(f"{metric} {ARROWS[better(first, metric)]}" for metric in metrics)
    set_metrics = any(metric in result.leave_out for result in results for metric in metrics)
    notes = ("set metrics (FD, FAD, IS ...) at equal n in every bucket, drawn by a fixed seed",) if set_metrics else ()
    return Table(f"{first.board} by {field}", columns, tuple(lines), notes)


def event_tables(results: Sequence[Result]) -> list[Table]:
    """The trend of per-clip metrics over the number of events, and how two models differ at each number."""
    by_name = {result.model: result for result in results}
    going = [
        (trend.model, by_name[trend.model], trend.p_holm, Score(trend.metric, trend.tau, trend.ci95, trend.n, None))
        for trend in trends(results)
    ]
    apart = [
        (
            f"n_events={bucket}, {one.a} - {one.b}",
            by_name[one.a],
            one.p_holm,
            Score(one.metric, one.value, one.ci95, one.n, None),
        )
        for bucket, one in bucket_differences(results)
    ]
    board = results[0].board
    made = [
        (f"{board}: Kendall's tau of each metric with n_events", going, "goes with the number of events"),
        (f"{board}: paired differences by n_events", apart, "differ"),
    ]
    return [_tested(title, rows, what) for title, rows, what in made if rows]


def robustness_tables(results: Sequence[Result]) -> list[Table]:
    """What is left of a metric under perturbed captions, and gaps of groups, on boards that ask for them."""
    models = [result for result in results if not result.control]
    gap_fields = board_of(results[0]).get("gaps", [])
    left = [(f"{score.bucket}, {r.model}", r, score) for r in results for score in robustness.kept(r)]
    apart = [
        (f"{field}, {r.model}", r, p, score)
        for r in models
        for field in gap_fields
        for score, p in robustness.gaps(r, str(field))
    ]
    name = results[0].board
    note = "TTA-Bench's robustness; of metrics that are better lower, above 1 is worse"
    tables = [_grid(f"{name}: metric under perturbation over metric without", left, (note,))] if left else []
    if apart:
        corrected = intervals.holm(np.array([p for _, _, p, _ in apart]))
        rows = [(row, r, float(p), score) for (row, r, _, score), p in zip(apart, corrected, strict=True)]
        tables.append(_tested(f"{name}: gap of groups in %, after TTA-Bench", rows, "larger than by chance"))
    return tables


def _tested(title: str, rows: Sequence[tuple[str, Result, float, Score]], what: str) -> Table:
    """Rows of name, result, corrected p and score as a table, whose note says what is not chance."""
    sure: dict[str, list[str]] = {}
    for name, _, p, score in rows:
        if p < SIGNIFICANCE:
            sure.setdefault(name, []).append(score.metric)
    said = "; ".join(f"{name}: {', '.join(metrics)}" for name, metrics in sure.items()) or "none"
    note = f"{what}, Holm-corrected p below {SIGNIFICANCE}: {said}"
    return _grid(title, [(name, result, score) for name, result, _, score in rows], (note,))


def _grid(title: str, rows: Sequence[tuple[str, Result, Score]], notes: tuple[str, ...]) -> Table:
    """Rows of name, result and score as a table with a column a metric."""
    metrics = list(dict.fromkeys(score.metric for *_, score in rows))
    scores = {(name, score.metric): score for name, _, score in rows}
    lines = [
        _line(
            name, result, [Cell(scores.get((name, metric), Score(metric, None, None, 0, None))) for metric in metrics]
        )
        for name, result in {name: result for name, result, _ in rows}.items()
    ]
    columns = tuple(f"{metric} {ARROWS[better(rows[0][1], metric)]}" for metric in metrics)
    return Table(title, columns, tuple(lines), notes)


def _line(name: str, result: Result, cells: Sequence[Cell]) -> Line:
    n = max(cell.score.n for cell in cells)
    told = [replace(cell, n=cell.score.n) if cell.score.n not in (0, n) else cell for cell in cells]
    return Line(name, result.control, n, tuple(told))


def _marks(results: Sequence[Result], metric: str, found: Sequence[Difference]) -> dict[str, Mark]:
    """Model -> its mark in one column."""
    sign = 1 if better(results[0], metric) == "lower" else -1
    values = {
        r.model: sign * value for r in results if not r.control and (value := overall(r, metric).value) is not None
    }
    if len(values) < 2:
        return {}
    best = min(values, key=lambda name: values[name])
    equal = {best} | {
        other
        for d in found
        if d.metric == metric and best in (d.a, d.b) and d.p_holm >= SIGNIFICANCE
        for other in (d.a, d.b)
    }
    rest = {name: value for name, value in values.items() if name not in equal}
    marks: dict[str, Mark] = dict.fromkeys(equal, "best")
    if rest:
        marks[min(rest, key=lambda name: rest[name])] = "second"
    return marks


def _notes(results: Sequence[Result]) -> list[str]:
    """Footnotes: remarks on numbers, clips left out, odd clips; the same remark on several rows is said once."""
    said: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for score in result.scores:
            if score.note and score.bucket is None:
                said.setdefault((score.metric, score.note), []).append(result.model)
    everyone = [result.model for result in results]
    notes = [
        f"{metric}: {note}" if models == everyone else f"{metric} ({', '.join(models)}): {note}"
        for (metric, note), models in said.items()
    ]
    for result in results:
        notes += [f"{result.model}: no clip for {_some(result.missing)}"] if result.missing else []
        notes += (
            [f"{result.model}: {len(result.extra)} files of no prompt: {_some(result.extra)}"] if result.extra else []
        )
        notes += [
            f"{result.model}: {metric} leaves out {_some(ids)}, too short" for metric, ids in result.left_out.items()
        ]
        notes += [f"{result.model}: {flag}: {_some(ids)}" for flag, ids in _by_flag(result).items()]
    made = [note for result in results for note in _model_notes(result)]
    return [*_board_notes(results[0]), *made, *notes, *_weights_notes(results[0])]


def _board_notes(result: Result) -> list[str]:
    """What a reader must know of the board."""
    remark = board_of(result).get("remark")
    return [str(remark)] if remark else []


def _model_notes(result: Result) -> list[str]:
    """Which checkpoint and seeds made the clips, where the suite generated them, and what a reader must know of it."""
    card = card_of(result)
    if not card:
        return []
    trained_on = ", ".join(card["trained_on"])
    made_by = f"{card['name']}:{card['checkpoint']} {card['revision'][:12]}, trained on {trained_on}"
    return [". ".join(filter(None, [f"{result.model}: clips of {made_by}", seeds.note(result), card["note"]]))]


def _by_flag(result: Result) -> dict[str, list[str]]:
    """What is odd about clips -> the prompts whose clips have it."""
    found: dict[str, list[str]] = {}
    for prompt, flags in result.flags.items():
        for flag in flags:
            found.setdefault(flag, []).append(prompt)
    return found


def _weights_notes(result: Result) -> list[str]:
    weights = result.provenance.get("weights", {})
    if not isinstance(weights, dict):
        raise TypeError("provenance of weights is no table")
    return [f"{name}: {entry['note']}" for name, entry in weights.items() if entry["note"]]


def _some(ids: Iterable[str], most: int = 3) -> str:
    names = list(ids)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def all_tables(results: Sequence[Result], found: Sequence[Difference]) -> list[Table]:
    """The main table, those by bucket, and what goes with the number of sound events; `found` by `differences`."""
    return [
        make_table(results, found),
        *bucket_tables(results),
        *event_tables(results),
        *robustness_tables(results),
    ]


def difference_table(found: Sequence[Difference]) -> Table:
    """What each two models differ by, a row a pair, a column a metric."""
    metrics = list(dict.fromkeys(d.metric for d in found))
    pairs = dict.fromkeys((d.a, d.b) for d in found)
    by_key = {(d.a, d.b, d.metric): d for d in found}
    lines = []
    for a, b in pairs:
        each = [by_key.get((a, b, metric)) for metric in metrics]
        cells = [
            Cell(Score(metric, d.value, d.ci95, d.n, None) if d else Score(metric, None, None, 0, None))
            for metric, d in zip(metrics, each, strict=True)
        ]
        n = max(cell.score.n for cell in cells)
        told = [replace(cell, n=cell.score.n) if cell.score.n not in (0, n) else cell for cell in cells]
        lines.append(Line(f"{a} - {b}", False, n, tuple(told)))
    sure = [f"{d.a} - {d.b} in {d.metric} (p {d.p_holm:.2g})" for d in found if d.p_holm < SIGNIFICANCE]
    note = f"Holm-corrected p below {SIGNIFICANCE}: {', '.join(sure) or 'none'}"
    return Table("Paired differences", tuple(metrics), tuple(lines), (note,))
