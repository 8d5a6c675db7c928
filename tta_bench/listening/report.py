"""The report of a listening test: a page, Markdown and LaTeX, from an analysis alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from typing import Any, Final

from tta_bench import __version__
from tta_bench.listening.analysis import Analysis
from tta_bench.listening.scores import Mean
from tta_bench.listening.tables import grids, scale
from tta_bench.listening.words import Grid, number

LATEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
    "[": "{[}",  # after the end of a row a bracket would be its argument
}
WIDTH: Final = 320
"""Of a figure's scale, in units of its drawing."""
STEP: Final = 34
"""From one system to the next."""


def files(found: Analysis) -> dict[str, str]:
    """File name -> content of the report in each form."""
    tables = grids(found)
    return {
        "report.md": markdown(found, tables),
        "report.html": page(found, tables),
        "report.tex": "\n".join(latex(grid) for grid in tables),
    }


def facts(found: Analysis) -> list[tuple[str, str]]:
    """What a reader must know before the numbers: what was asked, of whom, and from what the numbers were made."""
    design, kept = found.design, [one for one in found.sessions if one.id not in found.excluded]
    raters = len({one.rater for one in kept})
    scales = "; ".join(f"{axis}: {scale(found, axis)}" for axis in design.axes)
    finished = sum(one.finished is not None for one in found.sessions)
    told = [
        ("Test", f"{design.test}, kind {design.kind}"),
        ("Kit", f"digest {design.digest[:16]}"),
        ("Scales", scales),
        ("Systems", ", ".join(design.models)),
        ("Prompts", str(len(design.buckets))),
        ("Sessions", f"{len(found.sessions)}, of them {finished} finished and {len(found.excluded)} excluded"),
        ("Raters that count", str(raters)),
        ("Made by", f"tta_bench {__version__}, seed {design.seed}"),
    ]
    return [(name, text) for name, text in told if text]


def warnings(found: Analysis) -> list[str]:
    """What stands in the way of reading the numbers as they are."""
    notes = [] if found.sessions else ["Nobody has answered yet: every row below says so."]
    if found.sessions and len(found.excluded) == len(found.sessions):
        notes.append("All sessions are excluded: only the columns of all sessions have numbers.")
    low = [one for one in found.sessions if found.consensus.get(one.id, 1.0) < 0.2 and one.id not in found.excluded]
    if low:
        names = ", ".join(one.id[:12] for one in low)
        notes.append(f"Of little agreement with the others (r below 0.2), but counted: {names}.")
    return [*notes, "Scores are relative to the systems of this test: do not put means of two tests in one column."]


def markdown(found: Analysis, tables: Sequence[Grid]) -> str:
    """The report as GitHub-flavoured Markdown."""
    head = ["# Listening test", "", *(f"- {name}: {_escaped(text)}" for name, text in facts(found)), ""]
    head += [f"> {_escaped(note)}\n" for note in warnings(found)]
    return "\n".join([*head, *(_markdown_grid(grid) for grid in tables)])


def _markdown_grid(grid: Grid) -> str:
    lines = [grid.columns, ("---", *["---:"] * (len(grid.columns) - 1)), *grid.rows]
    shown = [f"| {' | '.join(_escaped(cell) for cell in line)} |" for line in lines]
    return "\n".join(
        [f"## {_escaped(grid.title)}", "", *shown, "", *(f"- {_escaped(note)}" for note in grid.notes), ""]
    )


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())


def latex(grid: Grid) -> str:
    """A booktabs table: needs `\\usepackage{booktabs}`."""
    head = " & ".join(_latex_text(column) for column in grid.columns)
    body = [" & ".join(_latex_text(cell) for cell in row) + r" \\" for row in grid.rows]
    notes = [f"% {' '.join(text.split())}" for text in (grid.title, *grid.notes)]
    begin = rf"\begin{{tabular}}{{l{'r' * (len(grid.columns) - 1)}}}"
    return "\n".join(
        [*notes, begin, r"\toprule", rf"{head} \\", r"\midrule", *body, r"\bottomrule", r"\end{tabular}", ""]
    )


def _latex_text(text: str) -> str:
    return "".join(LATEX.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


# ------------------------------------------------------------------------------------------------------------- the page


@dataclass(frozen=True)
class Mark:
    """A system in a figure; places are in units of the drawing."""

    system: str
    control: bool
    at: float
    low: float
    high: float
    label: str
    y: int


def page(found: Analysis, tables: Sequence[Grid]) -> str:
    """The report as one file that asks for nothing else, under a policy that lets no script run."""
    style = _text("report.css")
    sha256 = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    figures = [
        {
            "axis": axis,
            "marks": marks,
            "low": its.low,
            "high": its.high,
            "height": STEP * len(marks) + 34,
            "width": WIDTH,
        }
        for axis, its in found.design.axes.items()
        if (marks := _marks([row for row in found.means if row.axis == axis], its.low, its.high))
    ]
    shown = {"facts": facts(found), "warnings": warnings(found), "grids": tables, "figures": figures}
    return str(_template().render(style=style, style_sha256=sha256, **shown))


def _marks(rows: Sequence[Mean], low: float, high: float) -> list[Mark]:
    def place(value: float) -> float:
        return round(WIDTH * (min(max(value, low), high) - low) / (high - low), 2)

    marks: list[Mark] = []
    for row in rows:
        value = row.estimate.value
        if row.screened and value is not None:
            at, start, end = (place(one) for one in (value, *(row.estimate.ci95 or (value, value))))
            marks.append(Mark(row.system, row.control, at, start, end, number(value, 1), STEP * len(marks) + 26))
    return marks


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("report.html"))


def _text(name: str) -> str:
    return (resources("tta_bench.listening") / "templates" / name).read_text(encoding="utf-8")
