"""A leaderboard as files: Markdown, CSV, Parquet, LaTeX, figures and the page; the same results, the same bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tta_bench.report.compare import Difference, differences
from tta_bench.report.drawing import draw
from tta_bench.report.figures import figures
from tta_bench.report.page import Picture, Section, page
from tta_bench.report.tables import Cell, Table, all_tables, difference_table, number
from tta_bench.results import better, card_of
from tta_bench.types import Result


def files(
    results: Sequence[Result],
    *,
    intervals: bool = True,
    people: Mapping[str, float] | None = None,
    heard: Mapping[str, Any] | None = None,
    degraded: bytes | None = None,
) -> dict[str, bytes]:
    """Path -> content of every table, figure and page, from results alone.

    `intervals` says whether LaTeX shows them; `people` are mean human scores by row; `heard` is what `page.clips` made;
    `degraded` is the figure of a `validate` of the same protocol.
    """
    found = differences(results)
    drawn = {name: (draw(make), label) for name, (make, label) in figures(results, people).items()}
    tables = all_tables(results, found)
    texts = {
        "leaderboard.md": "\n".join(markdown(table) for table in tables),
        "leaderboard.tex": "\n".join(latex(table, intervals=intervals) for table in tables),
        "leaderboard.csv": csv_text(results),
        "differences.csv": differences_csv(found),
        "trackers/papers-with-code.json": tracker_text(results),
    }
    pictures = [Picture(name, label, drawing.svg) for name, (drawing, label) in drawn.items()]
    pictures += [Picture("degradations", DEGRADED, degraded)] if degraded else []
    return {
        **{name: text.encode() for name, text in texts.items()},
        "leaderboard.html": html(results, found, tables, pictures=pictures, heard=heard).encode(),
        "leaderboard.parquet": parquet(texts["leaderboard.csv"]),
        **{f"figures/{picture.name}.svg": picture.svg for picture in pictures},
        **{f"figures/{name}.pdf": drawing.pdf for name, (drawing, _) in drawn.items()},
    }


DEGRADED = "What each metric says of the references, degraded by grades: what it sees, and what it is blind to"


def html(
    results: Sequence[Result],
    found: Sequence[Difference],
    tables: Sequence[Table],
    *,
    pictures: Sequence[Picture],
    heard: Mapping[str, Any] | None = None,
) -> str:
    """The page: of results, what `differences` and `all_tables` make of them, and figures."""
    sections = sections_of(tables[1:], found)
    return page(results, found, notes=tables[0].notes, sections=sections, pictures=pictures, heard=heard)


def sections_of(tables: Sequence[Table], found: Sequence[Difference]) -> list[Section]:
    """The tables behind the main one, as a page shows them."""
    made = [Section("By bucket", tuple(tables))] if tables else []
    return [*made, Section("Paired differences", (difference_table(found),))] if found else made


DTYPES = {
    "board": "string", "protocol": "string", "model": "string", "control": "bool", "metric": "string",
    "better": "string", "bucket": "string", "value": "float64", "ci95_low": "float64", "ci95_high": "float64",
    "n": "int64", "n_reference": "Int64", "note": "string",
}  # fmt: skip
"""Of the columns of leaderboard.csv and leaderboard.parquet in pandas: `pd.read_csv(path, dtype=DTYPES)`."""


def parquet(text: str) -> bytes:
    """leaderboard.csv as Parquet, with the columns' types."""
    import pandas as pd

    out = io.BytesIO()
    pd.read_csv(io.StringIO(text), dtype=DTYPES).to_parquet(out, index=False)
    return out.getvalue()


def tracker_text(results: Sequence[Result]) -> str:
    """The models' numbers as trackers of the papers-with-code kind read them: its evaluation tables' JSON, as in
    paperswithcode/sota-extractor."""
    models = [result for result in results if not result.control]
    metrics = list(dict.fromkeys(score.metric for r in models for score in r.scores if score.bucket is None))
    rows = [
        {
            "model_name": result.model,
            "paper_title": card_of(result).get("paper", ""),
            "metrics": {s.metric: number(s.value) for s in result.scores if s.bucket is None and s.value is not None},
            "uses_additional_data": False,
        }
        for result in models
    ]
    dataset = {"dataset": results[0].board, "subdataset": results[0].protocol}
    table = {"task": "Audio Generation", "datasets": [{**dataset, "sota": {"metrics": metrics, "rows": rows}}]}
    return json.dumps([table], indent=1, ensure_ascii=False) + "\n"


def markdown(table: Table) -> str:
    """A GitHub-flavoured table with its notes as a list."""
    lines = [_row(["", "n", *table.columns]), _row(["---", "---:", *["---:"] * len(table.columns)])]
    for line in table.lines:
        name = f"*{_escape(line.name)}*" if line.control else _escape(line.name)
        lines.append(_row([name, str(line.n), *(_marked(cell, "**{}**", "<u>{}</u>") for cell in line.cells)]))
    notes = [f"- {_escape(note)}" for note in table.notes]
    return "\n".join([f"### {_escape(table.title)}", "", *lines, "", *notes, ""])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _marked(cell: Cell, best: str, second: str) -> str:
    value = {"": "{}", "best": best, "second": second}[cell.mark].format(cell.value)
    return f"{value} {cell.interval}".rstrip()


def csv_text(results: Sequence[Result]) -> str:
    """One line a score, buckets included: what pandas wants to read."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = "board protocol model control metric better bucket value ci95_low ci95_high n n_reference note"
    writer.writerow(columns.split())
    for result in results:
        for score in result.scores:
            low, high = score.ci95 or ("", "")
            value, n_reference = ("" if x is None else x for x in (score.value, score.n_reference))
            head = [result.board, result.protocol, result.model, result.control, score.metric]
            head += [better(result, score.metric), score.bucket or ""]
            writer.writerow([*head, value, low, high, score.n, n_reference, score.note])
    return out.getvalue()


def differences_csv(found: Sequence[Difference]) -> str:
    """One line a pair of models and metric, ten digits a number: further ones depend on the machine."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["metric", "a", "b", "difference", "ci95_low", "ci95_high", "p", "p_holm", "n"])
    for d in found:
        numbers = [f"{x:.10g}" for x in (d.value, *(d.ci95 or ()), d.p, d.p_holm)]
        writer.writerow([d.metric, d.a, d.b, numbers[0], *(numbers[1:3] if d.ci95 else ("", "")), *numbers[-2:], d.n])
    return out.getvalue()


def latex(table: Table, *, intervals: bool = True) -> str:
    """A booktabs table: needs `\\usepackage{booktabs}`."""
    columns = " & ".join(["Model", "$n$", *(_latex_column(column) for column in table.columns)])
    body: list[str] = []
    ruled = False
    for line in table.lines:
        if line.control and not ruled:
            body, ruled = [*body, r"\midrule"], True
        body.append(
            " & ".join(
                [_latex_text(line.name), str(line.n), *(_latex_cell(cell, intervals=intervals) for cell in line.cells)]
            )
            + r" \\"
        )
    notes = [f"% {' '.join(note.split())}" for note in table.notes]  # a line each, whatever is in a name
    head = [r"\begin{tabular}{lr" + "r" * len(table.columns) + "}", r"\toprule", columns + r" \\", r"\midrule"]
    return "\n".join([*notes, *head, *body, r"\bottomrule", r"\end{tabular}", ""])


def _latex_column(column: str) -> str:
    name, _, arrow = column.partition(" ")
    return " ".join(filter(None, [_latex_text(name), {"↓": r"$\downarrow$", "↑": r"$\uparrow$", "": ""}[arrow]]))


def _latex_cell(cell: Cell, *, intervals: bool) -> str:
    if cell.score.value is None:
        return "--"
    value = {"": "{}", "best": r"\textbf{{{}}}", "second": r"\underline{{{}}}"}[cell.mark].format(cell.value)
    return rf"{value} {{\scriptsize {cell.interval}}}" if intervals and cell.interval else value


def _latex_text(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)
