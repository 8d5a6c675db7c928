"""Numbers of the literature, by source. They stand beside our rows and never among them: `published.toml` says why."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class PublishedCell:
    """One number of a paper."""

    text: str
    """As it is printed there: `24.52`, `<0.2`."""
    verified: bool
    """Whether someone compared it with the source; else it may be wrong."""

    @property
    def value(self) -> float:
        """The number; of `<0.2`, its limit."""
        return float(self.text.removeprefix("<"))


@dataclass(frozen=True)
class PublishedTable:
    """Numbers that compare with each other: one source, one list of prompts, one protocol."""

    name: str
    source: str
    """arXiv id, repository."""
    prompts: str
    board: str | None
    """Our board of the same prompts, where there is one."""
    protocol: str
    """Networks and scales of the metrics."""
    sampling: str
    """Steps, guidance and candidates, where the source tells."""
    evidence: str
    """How far the numbers are known to be those of the source."""
    note: str
    columns: tuple[str, ...]
    """Metrics with their arrows."""
    rows: Mapping[str, tuple[PublishedCell | None, ...]]
    """System -> its cell in each column, None where the source has none."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, a line each."""
        told = {"prompts": self.prompts, "protocol": self.protocol, "sampling": self.sampling}
        told |= {"source": self.source, "evidence": self.evidence, "note": self.note}
        return tuple(f"{key}: {text}" for key, text in told.items() if text)


@cache
def every_table() -> tuple[PublishedTable, ...]:
    """All tables, in the order of the file."""
    stated = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(_table(entry) for entry in stated["table"])


def tables(board: str | None = None) -> list[PublishedTable]:
    """The tables on the prompts of a board, or all."""
    return [table for table in every_table() if board is None or table.board == board]


def _table(entry: Mapping[str, Any]) -> PublishedTable:
    told = {key: entry[key] for key in ("name", "source", "prompts", "protocol", "sampling", "evidence", "note")}
    rows = {system: _row(text, entry) for system, text in entry["rows"].items()}
    return PublishedTable(**told, board=entry.get("board"), columns=tuple(entry["metrics"]), rows=rows)


def _row(text: str, entry: Mapping[str, Any]) -> tuple[PublishedCell | None, ...]:
    cells = text.split()
    if len(cells) != len(entry["metrics"]):
        raise ValueError(f"{entry['name']}: {len(cells)} cells for {len(entry['metrics'])} metrics: {text!r}")
    return tuple(None if cell == "-" else _cell(cell, entry["verified"]) for cell in cells)


def _cell(text: str, verified: bool) -> PublishedCell:
    return PublishedCell(text.removesuffix("?"), verified and not text.endswith("?"))
