"""Small valid files of every kind that the suite reads, made in code."""

from __future__ import annotations

import csv
import io
import json
import pickle
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile
from safetensors.numpy import save

from tests.listening import simulated
from tta_bench import boards, recipes, results, runs
from tta_bench.listening.database import Database
from tta_bench.soundness import ClipReport
from tta_bench.types import Result, Score

KEY = simulated.key(prompts=2)
EVENTS = simulated.session(KEY, 0)
ROWS: list[dict[str, Any]] = [
    {"id": "a", "caption": "A dog barks", "n_events": 1, "youtube_id": "vfYTJq7nU8A", "start_time": "30"},
    {"id": "b", "caption": "Rain, then thunder", "n_events": 2, "youtube_id": "-_AAAAAAAAA", "start_time": "0"},
]


@cache
def sounds() -> tuple[bytes, ...]:
    """A tenth of a second in every format, mono and stereo, one with NaN."""
    samples = (0.3 * np.sin(np.arange(1600) / 9)).astype(np.float32)
    kinds = [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")]
    kinds += [("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_24"), ("AU", "PCM_16"), ("W64", "PCM_16"), ("CAF", "ALAC_16")]
    found = [_sound(samples, *kind) for kind in kinds]
    odd = np.full((64, 2), np.nan, np.float32)
    return (*found, _sound(np.stack([samples, -samples], 1), "WAV", "PCM_24"), _sound(odd, "WAV", "FLOAT"))


def _sound(samples: np.ndarray, kind: str, subtype: str) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, samples, 16_000, format=kind, subtype=subtype)
    return written.getvalue()


def tables() -> tuple[bytes, ...]:
    """Prompts as csv: of AudioCaps, of Clotho, of those who name files."""
    clotho = [{"file_name": "x.wav", "caption_1": "A dog", "caption_2": "It barks"}]
    return tuple(_csv(rows) for rows in (ROWS, clotho, [{"location": "a/b.wav", "captions": "Wind", "by": "me"}]))


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def lines() -> tuple[bytes, ...]:
    """Prompts as JSON lines."""
    return tuple("".join(json.dumps(row) + "\n" for row in rows).encode() for rows in (ROWS, ROWS[:1]))


def documents() -> tuple[bytes, ...]:
    """Prompts as JSON: a list, a list within, objects by id."""
    by_id = {row["id"]: {"caption": row["caption"]} for row in ROWS}
    return tuple(json.dumps(one).encode() for one in (ROWS, {"data": ROWS}, by_id))


@cache
def parquet() -> tuple[bytes, ...]:
    """Prompts as parquet, plain and compressed, with lists and structs beside."""
    import pyarrow as pa
    from pyarrow import parquet

    found = []
    for compression in ("NONE", "SNAPPY", "ZSTD"):
        table = pa.Table.from_pylist([{**row, "tags": ["x", "y"], "audio": {"bytes": b"1"}} for row in ROWS])
        sink = pa.BufferOutputStream()
        parquet.write_table(table, sink, compression=compression)
        found.append(sink.getvalue().to_pybytes())
    return tuple(found)


def ritta() -> tuple[bytes, ...]:
    """Prompts as RiTTA pickles them, in every protocol."""
    prompts = [{"text_prompt": "A dog, then a cat", "audio_name_list": ["dog", "cat"]}]
    return tuple(pickle.dumps({"temporal": {"after": prompts}}, protocol=n) for n in range(6))


def own_prompts() -> tuple[bytes, ...]:
    """Prompts of a board of scenes of our own."""
    first = (boards.FOLDER / "pocket.jsonl").read_bytes().splitlines(keepends=True)
    return (first[0], b"".join(first[-2:]))


def board_files() -> tuple[bytes, ...]:
    """Boards that ship, and one beside whose file a table lies."""
    own = b'protocol = "offline"\nprompts = "prompts.csv"\nduration = 1.0\ncount = "clauses"\nby = ["youtube_id"]\n'
    return (own, *(path.read_bytes() for path in sorted(boards.FOLDER.glob("*.toml"))))


def recipe_files() -> tuple[bytes, ...]:
    """Recipes that ship."""
    return tuple(path.read_bytes() for path in sorted(recipes.folder().glob("*.toml")))


def arrays() -> tuple[bytes, ...]:
    """Features as the store keeps them."""
    return (save({"embedding": np.ones(3, np.float32)}), save({"frames": np.ones((2, 3), np.float32)}))


@cache
def checkpoints() -> tuple[bytes, ...]:
    """What torch.save writes."""
    import torch

    found = []
    for content in ({"a": torch.ones(2, 3)}, {"state_dict": {"b": torch.zeros(2, dtype=torch.float16)}, "n": 3}):
        written = io.BytesIO()
        torch.save(content, written)
        found.append(written.getvalue())
    written = io.BytesIO()
    torch.save({"a": torch.ones(2)}, written, _use_new_zipfile_serialization=False)
    return (*found, written.getvalue())


def reports() -> tuple[bytes, ...]:
    """What is noted of a clip."""
    return (json.dumps(asdict(ClipReport(16_000, 1, 16_000, 1.0, 0.5, 0.1, 0.0, 440.0))).encode(),)


def result_files() -> tuple[bytes, ...]:
    """A result with everything in it."""
    scores = (Score("FD_X", 1.5, (1.0, 2.0), 3, 3), Score("CLAP_X", None, None, 1, None, "n_events=1", "few"))
    columns = {"FD_X": {"better": "lower"}, "CLAP_X": {"better": "higher"}}
    board = {"board_sha256": "b" * 64, "name": "test", "n_events": {"a": 1}, "remark": ""}
    result = Result(
        board="test",
        protocol="p",
        model="mine",
        control=False,
        scores=scores,
        per_clip={"CLAP_X": {"a": 0.3, "b": 0.2}},
        leave_out={"FD_X": [1.0, 2.0]},
        missing={"c": "no file"},
        flags={"a": ["silent"]},
        extra=["x.wav"],
        left_out={"FD_X": ["a: short"]},
        provenance={"board": board, "metrics": columns, "weights": {"x:y": {"note": ""}}, "clips": {"a": "0" * 64}},
    )
    return (json.dumps(results.to_json(result)).encode(),)


def clip_records() -> tuple[bytes, ...]:
    """Where the clips of a run lie."""
    prompts = (runs.RunPrompt("a", "A dog", 1, None), runs.RunPrompt("b", "Rain", None, "/x/b.wav"))
    found = runs.RunClips("test", prompts, {"mine": {"a": "/x/a.wav"}})
    return (json.dumps(runs.to_json(found)).encode(),)


def ratings() -> tuple[bytes, ...]:
    """Human scores, of rows and of clips."""
    return (b"model,score\nmine,3.5\nyours,4\n", b"model,id,score\nmine,a,3.5\nmine,b,4e0\n")


def downloads(events: bytes) -> bytes:
    """Answers as the page gives them, with the hash of what they are."""
    try:
        found = json.loads(events)
        return json.dumps(simulated.download(found, test=KEY["test"], digest=KEY["digest"])).encode()
    except (ValueError, LookupError, TypeError):
        return events


def events() -> tuple[bytes, ...]:
    """Events of a session."""
    return (json.dumps(EVENTS).encode(), json.dumps(EVENTS[:3]).encode())


def journals() -> tuple[bytes, ...]:
    """Events as a journal has them."""
    return ("".join(json.dumps(event) + "\n" for event in EVENTS).encode(),)


def sheets() -> tuple[bytes, ...]:
    """Rating sheets that were filled in by hand."""
    clips = [one["stimuli"][0] for one in KEY["trials"].values()]
    return (_csv([{"clip": clip, "OVL": 50, "REL": 60.5, "rater": "me"} for clip in clips]),)


@cache
def workbooks() -> tuple[bytes, ...]:
    """The same in a spreadsheet."""
    from openpyxl import Workbook

    book = Workbook()
    for row in csv.reader(io.StringIO(sheets()[0].decode())):
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return (written.getvalue(),)


@cache
def databases() -> tuple[bytes, ...]:
    """A server's database with a session in it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.sqlite"
        database = Database(path, KEY["test"], KEY["digest"])
        database.close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        return (path.read_bytes(),)


def keys() -> tuple[bytes, ...]:
    """The private key of a kit."""
    return (json.dumps(KEY).encode(),)
