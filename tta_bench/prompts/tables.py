"""Rows of a table of any format that prompts are published in, with the place of each; a UserError says where."""

from __future__ import annotations

import csv
import io
import json
import math
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from tta_bench.types import UserError

Row = tuple[int, Mapping[str, object]]
"""Number of the row (of its first line, in text), and its cells by column name."""


@dataclass(frozen=True)
class Table:
    """The rows of a file; each has the cells that it names, whatever the others have."""

    path: Path
    unit: str
    """What the numbers of the rows count: "line", "entry" or "row"."""
    columns: tuple[str, ...]
    """Every column of any row, in order of first appearance."""
    rows: Sequence[Row]

    def place(self, number: int) -> str:
        """Where a row is, for messages."""
        return f"'{self.path}', {self.unit} {number}"


def read_table(path: Path) -> Table:
    """The table in a file, its format told by the suffix: .csv, .tsv, .json, .jsonl, .parquet or .pkl.

    A .json file may hold a list of objects, `{"data": [...]}`, `{id: {...}}`, or one object a line; a .pkl file is
    RiTTA's, of which plain data are read and nothing is run. Raises UserError where the file
    cannot be read, is not UTF-8, has no rows, names a column twice, or a row has too many or too few cells.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise UserError(
            f"Cannot tell the format of '{path}' from the suffix '{path.suffix}'. There are: {', '.join(_READERS)}"
        )
    try:
        table = read(path)
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {error.strerror or error}. Check the path.") from error
    if not table.rows:
        raise UserError(f"'{path}' has no rows. Give a table with one prompt a row.")
    counts = Counter(column.strip().lower() for column in table.columns if column.strip())
    if twice := [name for name, count in counts.items() if count > 1]:
        raise UserError(f"'{path}' has the column '{twice[0]}' twice (case does not count). Rename or remove one.")
    return table


def as_text(cell: object) -> str:
    """The cell as it would stand in a csv: "" for null and NaN, no `.0` behind whole numbers, JSON for lists."""
    if isinstance(cell, str):
        return cell
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (list, dict, bool)):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return str(cell)


def _read_text(path: Path) -> str:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    way_out = "Save it as UTF-8 (in Excel: 'CSV UTF-8')."
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(data, error.start)
        seen = f"byte 0x{data[error.start]:02x} at position {column}"
        raise UserError(f"'{path}', line {line}: {seen} is not UTF-8. {way_out}") from error
    if "\0" in text:
        line, column = _position(data, data.index(b"\0"))
        raise UserError(f"'{path}', line {line}: byte 0x00 at position {column}, which no text holds. {way_out}")
    return text


def _position(data: bytes, offset: int) -> tuple[int, int]:
    """Line and byte in that line, both from 1."""
    return data.count(b"\n", 0, offset) + 1, offset - data.rfind(b"\n", 0, offset)


def _delimited(delimiter: str) -> Callable[[Path], Table]:
    def read(path: Path) -> Table:
        records = _records(path, delimiter)
        _, header = next(records, (1, []))
        rows = [(line, dict(zip(header, _fitting(path, line, cells, header), strict=True))) for line, cells in records]
        return Table(path, "line", tuple(header), rows)

    return read


def _records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of their first line; blank lines are passed over."""
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"'{path}', line {line}: {error}. Close every quote that opens, and double those inside a quoted cell."
        ) from error


def _fitting(path: Path, line: int, cells: list[str], header: list[str]) -> list[str]:
    if len(cells) != len(header):
        raise UserError(
            f"'{path}', line {line}: {len(cells)} cells, but the header has {len(header)}. "
            "Put captions that hold the separator in double quotes."
        )
    return cells


def _json_lines(path: Path) -> Table:
    return _objects(path, "line", _parsed_lines(path, _read_text(path)))


def _parsed_lines(path: Path, text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _parsed(f"'{path}', line {number}", line)


def _json(path: Path) -> Table:
    text = _read_text(path)
    # Published lists of one object a line are called .json as well as .jsonl.
    if text.lstrip().startswith("{") and not _is_one_object(text):
        return _objects(path, "line", _parsed_lines(path, text))
    document = _parsed(f"'{path}'", text) if text.strip() else []
    if isinstance(document, dict):
        document = document.get("data") or _by_id(document) or [document]
    if not isinstance(document, list):
        raise UserError(f"'{path}' holds no list of prompts. Give a list of objects, or one object a line.")
    return _objects(path, "entry", enumerate(document, 1))


def _by_id(document: Mapping[str, object]) -> list[dict[str, object]]:
    """Objects by their ids, as AudioTime has them, as a list; empty for anything else."""
    if not all(isinstance(value, dict) for value in document.values()):
        return []
    return [{"id": key, **value} for key, value in document.items() if isinstance(value, dict)]


@final
class _PlainUnpickler(pickle.Unpickler):
    """Reads text, numbers, lists and dictionaries, and refuses whatever else a pickle may hold or do."""

    def find_class(self, module: str, name: str) -> object:
        raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no plain data")


def _ritta(path: Path) -> Table:
    """RiTTA's `eval_data.pkl`: category -> relation -> prompts."""
    try:
        with path.open("rb") as file:
            document = _PlainUnpickler(file).load()
        rows = [
            {"id": f"{relation}-{i:03}", "text": row["text_prompt"], "category": category, "relation": relation}
            | {"events": [str(name) for name in row["audio_name_list"]]}
            for category, relations in document.items()
            if isinstance(relations, dict)
            for relation, prompts in relations.items()
            for i, row in enumerate(prompts)
        ]
    except (
        pickle.UnpicklingError,
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        TypeError,
        RecursionError,
        ValueError,
    ) as error:
        raise UserError(f"'{path}' is no table of prompts as RiTTA publishes it: {error}.") from error
    return _objects(path, "entry", enumerate(rows, 1))


def _is_one_object(text: str) -> bool:
    """Whether the first line is no whole object, or the only one."""
    first, _, rest = text.strip().partition("\n")
    return not rest.strip() or not first.rstrip().endswith("}")


def _parsed(place: str, text: str) -> object:
    try:
        value: object = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        raise UserError(f"{place}: not valid JSON at {at}: {error.msg}. Correct it there.") from error
    except UnicodeEncodeError as error:
        raise UserError(f"{place}: half of a surrogate pair (\\ud…) is no character. Remove it.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: JSON that cannot be read: {error}. Simplify it.") from error
    return value


def _objects(path: Path, unit: str, values: Iterable[tuple[int, object]]) -> Table:
    rows = []
    for number, value in values:
        if not isinstance(value, dict):
            raise UserError(f"'{path}', {unit} {number}: {type(value).__name__}, not an object with named values.")
        rows.append((number, value))
    return Table(path, unit, tuple(dict.fromkeys(key for _, row in rows for key in row)), rows)


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            # Data sets keep the audio itself in such columns; a prompt needs none of it.
            heavy = (pa.types.is_struct, pa.types.is_binary, pa.types.is_large_binary)
            columns = [field.name for field in file.schema_arrow if not any(is_a(field.type) for is_a in heavy)]
            rows = file.read(columns=columns).to_pylist()
    except (pa.ArrowException, ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        raise UserError(f"'{path}' is no parquet file that can be read: {error}.") from error
    return Table(path, "row", tuple(columns), list(enumerate(rows, 1)))


_READERS: Mapping[str, Callable[[Path], Table]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".json": _json,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
    ".pkl": _ritta,
}
