"""A study as files: a table in Markdown, all values as csv, and a figure. The same study gives the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tta_bench.report.compare import overall
from tta_bench.report.tables import number
from tta_bench.results import ARROWS
from tta_bench.types import Metric, UserError
from tta_bench.validation.figure import figure
from tta_bench.validation.findings import TOLERANCE, Finding, findings
from tta_bench.validation.studies import Study

SIGNS = {"seen": "✓", "not monotone": "~", "blind": "–", "wrong way": "✗"}
LEGEND = f"""\
Each cell: the value of the references → the value at the strongest grade.

- ✓ seen: worse than the references by more than {100 * TOLERANCE:g} % of the metric's largest move in its row, and
  never better again with a stronger grade
- ~ seen, but some stronger grade is better than a weaker one
- – blind: no such difference at the strongest grade
- ✗ the wrong way: better than the references, by as much

Where each clip has a value, the 95 % interval of the paired difference must exclude 0 too. Metrics of a whole set have
no such interval here: a small move of one may be chance."""


def render(study: Study) -> dict[str, bytes]:
    """File name -> content: `degradations.md`, `degradations.csv` and `degradations.svg`."""
    found = findings(study)
    return {
        "degradations.md": markdown(study, found).encode(),
        "degradations.csv": csv_text(study).encode(),
        "degradations.svg": figure(study, found),
    }


def markdown(study: Study, found: Sequence[Sequence[Finding | None]]) -> str:
    """What each metric sees, a row a metric; what the signs and columns mean; every value of what is odd."""
    n = max(score.n for score in study.references.scores)
    title = (
        f"{study.board.name}: what the metrics of protocol {study.board.protocol.name} see in {n} degraded references"
    )
    head = ["", *(degradation.name for degradation in study.degradations)]
    rows = [
        [_name(study, metric, n), *(_cell(finding) for finding in line)]
        for metric, line in zip(study.board.protocol.metrics, found, strict=True)
    ]
    grid = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    columns = [
        f"- **{d.name}** ({', '.join(f'{grade:g}' for grade in d.grades)} {d.unit}): {d.summary}"
        for d in study.degradations
    ]
    parts = [[f"### {title}"], grid, [LEGEND], columns, _odd(found), _without_value(study, found)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _name(study: Study, metric: Metric, n: int) -> str:
    """Of a row, with the number of its clips where it has fewer than others."""
    own = overall(study.references, metric.name).n
    return f"{metric.name} {ARROWS[metric.better]}" + (f" n={own}" if own != n else "")


def _cell(finding: Finding | None) -> str:
    if finding is None:
        return "n/a"
    return f"{SIGNS[finding.verdict]} {number(finding.values[0])} → {number(finding.values[-1])}"


def _odd(found: Sequence[Sequence[Finding | None]]) -> list[str]:
    """The values at every grade of what is not monotone or goes the wrong way."""
    odd = [f for line in found for f in line if f and f.verdict in ("not monotone", "wrong way")]
    return [f"- {SIGNS[f.verdict]} {f.metric.name}, {f.degradation.name}: {_at_grades(f)}" for f in odd]


def _at_grades(finding: Finding) -> str:
    first, *values = finding.values
    graded = zip(values, finding.degradation.grades, strict=True)
    return "; ".join([number(first), *(f"{number(v)} at {finding.degradation.label(grade)}" for v, grade in graded)])


def _without_value(study: Study, found: Sequence[Sequence[Finding | None]]) -> list[str]:
    """Why a metric has no value."""
    results = (study.references, *(row.result for row in study.rows))
    without = [m for m, line in zip(study.board.protocol.metrics, found, strict=True) if None in line]
    scores = {m.name: [overall(result, m.name) for result in results] for m in without}
    notes = {name: dict.fromkeys(s.note for s in found if s.value is None) for name, found in scores.items()}
    return [f"- n/a {name}: {'; '.join(why)}" for name, why in notes.items()]


def csv_text(study: Study) -> str:
    """One line a metric, degradation and grade; the references themselves come first, without a degradation."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = "board protocol metric better degradation grade unit n_changed n value note"
    writer.writerow(columns.split())
    for metric in study.board.protocol.metrics:
        head = [study.board.name, study.board.protocol.name, metric.name, metric.better]
        rows = [(["", "", "", 0], study.references)]
        rows += [([r.degradation.name, r.grade, r.degradation.unit, r.n_changed], r.result) for r in study.rows]
        for what, result in rows:
            score = overall(result, metric.name)
            writer.writerow([*head, *what, score.n, "" if score.value is None else score.value, score.note])
    return out.getvalue()


def figure_of(folder: Path, protocol: str) -> bytes:
    """The figure of an earlier study. Raises UserError where there is none, or it is of another protocol."""
    try:
        rows = list(csv.DictReader((folder / "degradations.csv").read_text(encoding="utf-8").splitlines()))
        drawn = (folder / "degradations.svg").read_bytes()
    except OSError as error:
        raise UserError(
            f"Cannot read '{error.filename}': {error.strerror}. Name the folder that `validate` wrote."
        ) from error
    of = {row["protocol"] for row in rows}
    if of != {protocol}:
        named = ", ".join(sorted(of))
        raise UserError(f"'{folder}' is a study of the protocol {named}, and the results are of {protocol}.")
    return drawn
