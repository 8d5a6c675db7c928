"""Tables as a terminal shows them. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console, Group
from rich.table import Table as Grid
from rich.text import Text

from tta_bench.report.tables import Table

STYLES = {"": "", "best": "bold", "second": "underline"}
FILE_WIDTH = 240
"""Columns where stdout is no terminal: enough that nothing is cut."""
PADDING = 3
"""Columns between two cells."""


def console(stream: IO[str]) -> Console:
    """A console on a stream: as wide as the terminal, or wide where it is a file or a pipe."""
    return Console(file=stream, width=None if stream.isatty() else FILE_WIDTH, highlight=False)


def grid(table: Table, width: int) -> Group:
    """A table with its notes; models above, control rows below. What `width` columns cannot hold follows in parts."""
    first, *parts = _parts(table, width)
    grids = [_grid(table, first, table.title), *(_grid(table, part, f"{table.title}, continued") for part in parts)]
    return Group(*grids, *(_text(f"  {note}", "dim") for note in table.notes), Text())


def _parts(table: Table, width: int) -> list[list[int]]:
    """Which of the table's columns stand side by side."""
    left = max((len(line.name) for line in table.lines), default=0) + max(len(str(line.n)) for line in table.lines)
    parts: list[list[int]] = [[]]
    used = left + 2 * PADDING
    for i, column in enumerate(table.columns):
        cells = [line.cells[i] for line in table.lines]
        wide = max(len(text) for cell in cells for text in (column, cell.value, cell.interval)) + PADDING
        if parts[-1] and used + wide > width:
            parts, used = [*parts, []], left + 2 * PADDING
        parts[-1].append(i)
        used += wide
    return parts


def _grid(table: Table, columns: Sequence[int], title: str) -> Grid:
    shown = Grid(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    shown.add_column("")
    shown.add_column("n", justify="right")
    for i in columns:
        shown.add_column(table.columns[i], justify="right")
    for k, line in enumerate(table.lines):
        cells = [_text(cell.value, STYLES[cell.mark], cell.interval) for cell in (line.cells[i] for i in columns)]
        last_model = not line.control and k + 1 < len(table.lines) and table.lines[k + 1].control
        name = _text(line.name, "italic" if line.control else "")
        shown.add_row(name, str(line.n), *cells, end_section=last_model)
    return shown


def plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    """Rows of words."""
    shown = Grid(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        shown.add_row(*(_text(cell, "") for cell in row))
    return shown


def _text(text: str, style: str, more: str = "") -> Text:
    """Text that is shown as it is, whatever brackets it holds; `more` stands below it, dimmed."""
    return Text.assemble((text, style), (f"\n{more}", "dim") if more else "")
