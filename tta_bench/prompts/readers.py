"""Prompt files of the field, read as they are published: csv, tsv, JSON, JSON lines, parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tta_bench.prompts.names import split_suffix
from tta_bench.prompts.tables import Table, as_text, read_table
from tta_bench.types import Prompt, PromptSet, UserError

# Names of columns in lower case, the first that a file has is taken.
_YOUTUBE_IDS = ("youtube_id", "ytid")
_STARTS = ("start_time", "start_s")
_FILES = ("file", "file_name", "filename", "location", "audio_path", "wav", "reference", "audio", "path")
_IDS = ("id", *_FILES[:3], "name", "audiocap_id", *_YOUTUBE_IDS, *_FILES[3:])
_CAPTIONS = ("caption", "captions", "text", "prompt", "prompt_text")
_COUNTS = ("n_events", "event_count", "num_events")
_REFERENCES = ("reference", "audio", "path")
_CLOTHO_CAPTION = re.compile(r"caption_[0-9]+", re.IGNORECASE)
# `folders` knows recordings by these fields: kept whatever else they are used for, MusicCaps' names as AudioCaps'.
_AUDIOCAPS = dict.fromkeys(_YOUTUBE_IDS, "youtube_id") | dict.fromkeys(_STARTS, "start_time")
_AUDIOCAPS["audiocap_id"] = "audiocap_id"
_EVENT_COUNT = re.compile(r"0*([1-9][0-9]{0,8})(?:\.0+)?")
_MAX_ID_BYTES = 200
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


@dataclass(frozen=True)
class _Columns:
    """Which column of a table says what, as the table spells it."""

    id: str
    captions: tuple[str, ...]
    """Several for Clotho, else one."""
    start: str | None
    """Where a YouTube excerpt starts: completes an id that is a YouTube id."""
    n_events: str | None
    reference: str | None
    fields: Mapping[str, str]
    """Column -> key in `Prompt.fields`."""
    folder: Path
    """What references are relative to."""


def read_prompts(path: Path | str, *, name: str | None = None) -> PromptSet:
    """The prompts of a .csv, .tsv, .json, .jsonl or .parquet file, in its order; named by its stem unless by `name`.

    Columns are found by name, in any case, the first of these that there is:

    - id: id, file, file_name, filename, name, audiocap_id, youtube_id or ytid, location, audio_path, wav, reference,
      audio, path. Of columns that name a file the stem counts. A YouTube id gets `_<start>` of start_time or start_s.
    - caption: caption, captions, text, prompt, prompt_text; kept to the letter. Where there are caption_1, caption_2
      and so on instead (Clotho), each becomes a prompt of its own: `<id>#1`, `<id>#2` ...
    - optional, `n_events`: n_events, event_count, num_events; empty where unknown.
    - optional, `reference`: reference, audio, path; relative to the folder of the prompt file, not looked for here.

    Any other column is kept in `fields` as text, lists as JSON; YouTube's under `youtube_id` and `start_time`. Raises
    UserError, naming the line, for a missing column, an empty caption, an empty, unsafe or repeated id, a number of
    events that is no positive whole number, and whatever `read_table` refuses.

    Formats: csv of AudioCaps, Clotho and MusicCaps; `dataset, location, captions` (Tango); `dataset_name, audio_path,
    text` (Auffusion); `{"data": [{wav, caption ...}]}` (audioldm_eval); `id, prompt_text, event_count ...` (TTA-Bench).
    """
    path = Path(path)
    table = read_table(path)
    columns = _find_columns(table)
    prompts: dict[str, Prompt] = {}
    lines: dict[str, int] = {}
    for number, row in table.rows:
        for prompt in _prompts(table.place(number), columns, row):
            if prompt.id in prompts:
                raise UserError(
                    f"{table.place(number)}: the id '{prompt.id}' is that of {table.unit} {lines[prompt.id]}. "
                    "Ids must be unique; give a column 'id' with one for each caption."
                )
            prompts[prompt.id], lines[prompt.id] = prompt, number
    return PromptSet(path.stem if name is None else name, tuple(prompts.values()))


def _find_columns(table: Table) -> _Columns:
    spelled = {column.strip().lower(): column for column in table.columns if column.strip()}
    caption, id_column = _first(spelled, _CAPTIONS), _first(spelled, _IDS)
    captions = (caption,) if caption else tuple(c for c in table.columns if _CLOTHO_CAPTION.fullmatch(c.strip()))
    if not captions:
        raise _missing(table, "captions", (*_CAPTIONS, "caption_1"))
    if id_column is None:
        raise _missing(table, "ids", _IDS)
    n_events, reference = _first(spelled, _COUNTS), _first(spelled, _REFERENCES)
    used = (id_column, *captions, n_events, reference)
    return _Columns(
        id=id_column,
        captions=captions,
        start=_first(spelled, _STARTS),
        n_events=n_events,
        reference=reference,
        fields={c: _AUDIOCAPS.get(n, c.strip()) for n, c in spelled.items() if n in _AUDIOCAPS or c not in used},
        folder=table.path.parent,
    )


def _first(spelled: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((spelled[name] for name in names if name in spelled), None)


def _missing(table: Table, what: str, names: tuple[str, ...]) -> UserError:
    found = ", ".join(map(repr, table.columns)) or "none"
    return UserError(
        f"'{table.path}' has no column with the {what}. It has {found}; one of {', '.join(names)} is needed. "
        "In .csv a comma separates columns, in .tsv a tab; the first line names them."
    )


def _prompts(place: str, columns: _Columns, row: Mapping[str, object]) -> Iterator[Prompt]:
    """The prompt of a row, or one for each of its captions."""
    prompt_id = _read_id(place, columns, row)
    n_events = _read_count(place, columns.n_events, row) if columns.n_events else None
    reference = _read_cell(place, columns.reference, row).strip() if columns.reference else ""
    fields = {name: as_text(row.get(column)) for column, name in columns.fields.items()}
    for column in columns.captions:
        text = _read_cell(place, column, row)
        if not text.strip():
            raise UserError(f"{place}: the caption of '{prompt_id}' is empty. Fill in '{column}' or remove the row.")
        number = column.strip().rpartition("_")[2] if _CLOTHO_CAPTION.fullmatch(column.strip()) else ""
        yield Prompt(
            id=f"{prompt_id}#{number}" if number else prompt_id,
            text=text,
            n_events=n_events,
            reference=columns.folder / reference if reference else None,
            fields=fields,
        )


def _read_cell(place: str, column: str, row: Mapping[str, object]) -> str:
    cell = row.get(column)
    if isinstance(cell, (list, dict)):
        raise UserError(f"{place}: '{column}' is a {type(cell).__name__}. Give one text; one row for each caption.")
    return as_text(cell)


def _read_id(place: str, columns: _Columns, row: Mapping[str, object]) -> str:
    column = columns.id.strip().lower()
    prompt_id = _read_cell(place, columns.id, row).strip()
    if column in _FILES:
        prompt_id = split_suffix(re.split(r"[/\\]", prompt_id)[-1])[0]
    if not prompt_id:
        raise UserError(f"{place}: the id is empty. Fill in '{columns.id}' or remove the row.")
    if column in _YOUTUBE_IDS and columns.start and (start := _read_cell(place, columns.start, row).strip()):
        prompt_id = f"{prompt_id}_{start}"
    if problem := unsafe(prompt_id):
        raise UserError(f"{place}: the id {prompt_id[:_MAX_ID_BYTES]!r} {problem}. Ids name files; choose another.")
    return prompt_id


def unsafe(prompt_id: str) -> str | None:
    """Why no file can be named so everywhere, or None."""
    if "/" in prompt_id or "\\" in prompt_id:
        return "holds a path separator"
    if prompt_id.startswith("."):
        return "begins with a dot"
    if not prompt_id.isprintable():
        return "holds a character that cannot be printed"
    if prompt_id.partition(".")[0].rstrip().upper() in _DEVICES:
        return "is the name of a device in Windows"
    if len(prompt_id.encode()) > _MAX_ID_BYTES:
        return f"is longer than {_MAX_ID_BYTES} bytes"
    return None


def _read_count(place: str, column: str, row: Mapping[str, object]) -> int | None:
    text = as_text(row.get(column)).strip()
    if not text:
        return None
    match = _EVENT_COUNT.fullmatch(text)
    if match is None:
        raise UserError(f"{place}: '{column}' is {text[:80]!r}. Give a positive whole number, or nothing if unknown.")
    return int(match[1])
