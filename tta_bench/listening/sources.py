"""Files that hold answers: downloads of the page, the server's database, rating sheets, and journals made of these."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from tta_bench.listening import sheets
from tta_bench.listening.design import Design
from tta_bench.listening.events import Event, parse
from tta_bench.types import UserError

SCHEMA: Final = 1
JOURNAL: Final = "events.jsonl"
DATABASES: Final = (".sqlite", ".sqlite3", ".db")
SUFFIXES: Final = (".json", ".csv", ".xlsx", *DATABASES)
KEYS: Final = {"schema", "test", "digest", "session", "events", "sha256"}


class Quarantined(NamedTuple):
    """Something that was not taken."""

    file: str
    where: str
    """Session and seq, a line, or empty for the whole file."""
    reason: str


@dataclass(frozen=True)
class Item:
    """An event as it was found, not yet checked."""

    event: Any
    file: str
    trusted: bool
    """Whether the server took it in; its word is worth more than a file's."""

    @property
    def where(self) -> str:
        """Session and seq, as far as it has them."""
        if not isinstance(self.event, dict):
            return ""
        return f"{self.event.get('session', '?')}/{self.event.get('seq', '?')}"[:60]


class Reading(NamedTuple):
    """What one file holds."""

    items: list[Item]
    quarantined: list[Quarantined]


def files(paths: Sequence[Path]) -> list[Path]:
    """The files meant by paths, each once, sorted. A folder with a journal means the journal; other folders mean all
    files in them that can hold answers. Raises UserError where there is nothing."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist. Give downloads, a database of the server, sheets, or a folder.")
        held = list(_inside(path)) if path.is_dir() else [path]
        if not held:
            raise UserError(f"{path} holds nothing to collect: no {', '.join(SUFFIXES)} and no {JOURNAL}.")
        found += held
    return sorted({path.absolute(): path for path in found}.values(), key=str)


def _inside(folder: Path) -> Iterator[Path]:
    if (folder / JOURNAL).exists():
        yield folder / JOURNAL
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            yield path


def read(path: Path, design: Design) -> Reading:
    """What a file holds, by its kind. What cannot be read is quarantined whole."""
    suffix = path.suffix.lower()
    try:
        if path.name == JOURNAL or suffix == ".jsonl":
            return _journal(path)
        if suffix in DATABASES:
            return _database(path)
        if suffix in (".csv", ".xlsx"):
            return _sheet(path, design)
        return _download(path)
    except (OSError, UnicodeDecodeError) as error:
        return _whole(path, f"cannot be read: {error}")


def _whole(path: Path, reason: str) -> Reading:
    return Reading([], [Quarantined(str(path), "", reason)])


def _download(path: Path) -> Reading:
    try:
        content = parse(path.read_bytes())
    except ValueError as error:
        return _whole(path, f"not JSON: {error}")
    if not isinstance(content, dict) or content.keys() != KEYS or content["schema"] != SCHEMA:
        return _whole(path, f"not a download of schema {SCHEMA}")
    text = content["events"]
    if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != content["sha256"]:
        return _whole(path, "sha256 does not fit: the file was cut short or edited")
    try:
        found = parse(text)
    except ValueError as error:
        return _whole(path, f"its events are not JSON: {error}")
    if not isinstance(found, list):
        return _whole(path, "its events are not a list")
    strangers = [one for one in found if isinstance(one, dict) and one.get("session") != content["session"]]
    if strangers:
        return _whole(path, "holds events of another session than it says")
    return Reading([Item(one, str(path), trusted=False) for one in found], [])


def _journal(path: Path) -> Reading:
    items: list[Item] = []
    aside: list[Quarantined] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            items.append(Item(parse(line), str(path), trusted=False))
        except ValueError as error:
            aside.append(Quarantined(str(path), f"line {number}", f"not JSON: {error}"))
    return Reading(items, aside)


def _database(path: Path) -> Reading:
    from tta_bench.listening.database import server_events

    try:
        return Reading([Item(event, str(path), trusted=True) for event in server_events(path)], [])
    except (sqlite3.Error, ValueError) as error:
        return _whole(path, f"not a database of the server: {error}")


def _sheet(path: Path, design: Design) -> Reading:
    found: list[Event]
    found, faults = sheets.read(path, design)
    items = [Item(event, str(path), trusted=False) for event in found]
    return Reading(items, [Quarantined(str(path), where, reason) for where, reason in faults])
