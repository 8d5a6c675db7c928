"""Rating sheets that were filled in by hand, as sessions: a row a clip, a column an axis."""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from tta_bench.listening.design import Design
from tta_bench.listening.events import Event

CLIP: Final = "clip"
RATER: Final = "rater"
SHEET: Final = "sheet"
"""Parameter of the participant that tells a sheet's session: nobody measured how long its rater listened."""
LARGEST: Final = 64 * 2**20
"""Bytes of a workbook when it is unpacked: a thousand times a sheet of a long test."""
_DAMAGED = (
    BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    zlib.error,
    RuntimeError,
)
"""What openpyxl, and the libraries below it, raise for files that are no workbooks; XML that is none is SyntaxError."""
Faults = list[tuple[str, str]]


def read(path: Path, design: Design) -> tuple[list[Event], Faults]:
    """Events of the session that a sheet is, and (place, reason) of each row that cannot be taken.

    The session's id is the hash of the file, so the same file is the same session.
    """
    data = path.read_bytes()
    try:
        rows = list(_rows(data, path.suffix.lower()))
    except (*_DAMAGED, csv.Error) as error:
        return [], [("", f"not a sheet: {error}")]
    columns = set(rows[0]) if rows else set()
    lacking = {CLIP, *design.axes} - columns
    if lacking:
        return [], [("", f"lacks the columns {', '.join(sorted(lacking))}")]
    return _events(rows, design, hashlib.sha256(data).hexdigest()[:32], path.name)


def _rows(data: bytes, suffix: str) -> Iterator[Mapping[str, str]]:
    """Rows of a csv, or of the first page of a workbook, as texts."""
    if suffix == ".csv":
        text = data.decode("utf-8-sig")
        first = text.partition("\n")[0]
        # Spreadsheets write semicolons where the comma is decimal.
        delimiter = ";" if first.count(";") > first.count(",") else ","
        yield from csv.DictReader(io.StringIO(text, newline=""), restval="", delimiter=delimiter)
        return
    from openpyxl import load_workbook

    with ZipFile(io.BytesIO(data)) as archive:
        if (size := sum(member.file_size for member in archive.infolist())) > LARGEST:
            raise ValueError(f"unpacked it takes {size} bytes, more than {LARGEST}")
    page = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
    lines = ([_cell(value) for value in line] for line in page.iter_rows(values_only=True))
    head = next(lines, [])
    yield from (dict(zip(head, line, strict=False)) for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _events(rows: list[Mapping[str, str]], design: Design, session: str, name: str) -> tuple[list[Event], Faults]:
    trial_of = {stimulus: trial.id for trial in design.trials.values() for stimulus in trial.stimuli}
    rater = next((row[RATER].strip() for row in rows if row.get(RATER, "").strip()), Path(name).stem)
    answers: list[Event] = []
    faults: Faults = []
    for line, row in enumerate(rows, start=2):
        clip = row[CLIP].strip().removesuffix(".wav").removesuffix(".flac")
        try:
            scores = {axis: float(row[axis].replace(",", ".")) for axis in design.axes if row[axis].strip()}
        except ValueError:
            faults.append((f"line {line}", f"a score of {clip!r} is not a number"))
            continue
        if clip not in trial_of:
            faults.append((f"line {line}", f"clip {clip!r} is not of this test"))
        elif scores:
            answers.append(_answer(session, len(answers) + 1, trial_of[clip], clip, scores))
    shown = {answer["trial"] for answer in answers}
    lists = [len(shown.intersection(one)) for one in design.lists]
    payload = {"test": design.test, "digest": design.digest, "list": lists.index(max(lists)), "language": ""}
    start = _event(session, 0, "start", payload | {"participant": {SHEET: name, RATER: rater}})
    return [start, *answers], faults


def _answer(session: str, seq: int, trial: str, clip: str, scores: Mapping[str, float]) -> Event:
    payload = {"ratings": {clip: scores}, "choice": None, "heard": {}, "plays": {}, "milliseconds": 0, "blurs": 0}
    return _event(session, seq, "answer", payload | {"failed": []}, trial)


def _event(session: str, seq: int, kind: str, payload: object, trial: str | None = None) -> Event:
    name = hashlib.sha256(f"{session} {seq}".encode()).hexdigest()[:32]
    return {"event": name, "session": session, "seq": seq, "time": 0, "type": kind, "trial": trial, "payload": payload}
