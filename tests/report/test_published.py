"""Numbers of the literature are read as they are printed, each with its source and whether anyone compared it."""

import pytest

from tta_bench import boards
from tta_bench.report import published
from tta_bench.report.published import PublishedCell


def cell(table: str, system: str, column: str) -> PublishedCell | None:
    [found] = [one for one in published.tables() if one.name == table]
    return found.rows[system][found.columns.index(column)]


@pytest.mark.parametrize(
    ("table", "system", "column", "expected"),
    [
        ("Tango", "TANGO", "FD ↓", PublishedCell("24.52", True)),
        ("Tango", "Ground truth", "REL ↑", PublishedCell("86.78", True)),
        ("Tango", "AudioGen", "FD ↓", None),
        ("Tango 2", "Tango 2", "CLAP ↑", PublishedCell("0.57", True)),
        ("ConsistencyTTA", "ConsistencyTTA", "KL ↓", PublishedCell("1.354", True)),
        ("audiocraft", "audio-magnet-medium", "FAD ↓", PublishedCell("2.32", True)),
        ("TangoFlux", "AudioLCM", "s ↓", PublishedCell("<0.2", False)),
        ("Auffusion", "Auffusion-Full", "IS ↑", PublishedCell("10.28", False)),
    ],
)
def test_a_number_is_that_of_its_source(table: str, system: str, column: str, expected: PublishedCell | None) -> None:
    assert cell(table, system, column) == expected


def test_every_number_has_a_source_and_what_nobody_compared_is_not_called_verified() -> None:
    for table in published.tables():
        assert "arXiv:" in table.source or "github.com/" in table.source
        assert all(column.endswith((" ↓", " ↑")) for column in table.columns)
        cells = [cell for row in table.rows.values() for cell in row if cell is not None]
        assert len(cells) >= 2
        assert all(isinstance(cell.value, float) for cell in cells)
        read = table.evidence.startswith(("compared with", "read in"))
        assert not any(cell.verified for cell in cells) or read, table.name
    names = [table.name for table in published.tables()]
    assert len(names) == len(set(names))


def test_a_board_has_the_tables_on_its_own_prompts_alone() -> None:
    assert {table.board for table in published.tables()} - {None} <= set(boards.names())
    assert [table.name for table in published.tables("audiocaps-964")] == ["AudioLDM 2"]
    assert published.tables("pocket") == []


def test_a_mark_behind_one_number_says_that_nobody_compared_it() -> None:
    entry = {"name": "x", "metrics": ["FD ↓", "KL ↓", "CLAP ↑"], "verified": True}
    assert published._row("1.5 2.0? -", entry) == (PublishedCell("1.5", True), PublishedCell("2.0", False), None)
    with pytest.raises(ValueError, match="x: 2 cells for 3 metrics"):
        published._row("1.5 2.0", entry)
