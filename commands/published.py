"""`benchmark.py list published`: numbers of the literature, a table a source."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from commands.options import JsonFlag, refusing


def list_published(
    board: Annotated[str, typer.Option("--board", metavar="NAME", help="Those on the prompts of this board.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Numbers of the literature, a table a source: they compare within a table only. `?`: not compared with the source.

    Example: python benchmark.py list published --board audiocaps-886
    """
    from tta_bench import boards, plugins
    from tta_bench.report import published, screen

    with refusing():
        name = plugins.choose(board, boards.names(), kind="board") if board else None
    found = published.tables(name)
    if as_json:
        print(json.dumps([asdict(table) for table in found], indent=1, ensure_ascii=False))
        return
    out = screen.console(sys.stdout)
    for table in found:
        rows = [
            [system, *("–" if cell is None else cell.text + ("" if cell.verified else "?") for cell in cells)]
            for system, cells in table.rows.items()
        ]
        out.print(table.name, style="bold", markup=False, emoji=False)
        out.print(screen.plain(["", *table.columns], rows))
        for note in table.notes:
            out.print(f"  {note}", style="dim", markup=False, emoji=False)
        out.print()
    if not found:
        print(f"Nothing is known of the prompts of board {name}.", file=sys.stderr)
