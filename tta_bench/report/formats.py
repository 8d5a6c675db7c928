"""Tables as files: Markdown, CSV and LaTeX, from results alone; rendering again gives the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tta_bench.report.compare import Difference, differences
from tta_bench.report.tables import Cell, Table, all_tables
from tta_bench.report.trends import figure
from tta_bench.results import better
from tta_bench.types import Result


def files(results: Sequence[Result]) -> dict[str, str]:
    """File name -> content of every table, and of the figure by number of events, from results alone."""
    found, tables, drawn = differences(results), all_tables(results), figure(results)
    return {
        **({"n_events.svg": drawn.decode()} if drawn else {}),
        "table.md": "\n".join(markdown(table) for table in tables),
        "table.tex": "\n".join(latex(table) for table in tables),
        "table.csv": csv_text(results),
        "differences.csv": differences_csv(found),
    }


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
    """One line a pair of models and metric."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["metric", "a", "b", "difference", "ci95_low", "ci95_high", "p", "p_holm", "n"])
    writer.writerows([d.metric, d.a, d.b, d.value, *(d.ci95 or ("", "")), d.p, d.p_holm, d.n] for d in found)
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
    notes = [f"% {note}" for note in table.notes]
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
