"""Every reader takes a file or says what is wrong with it: some inputs of each fuzzer, and those that once failed."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing import seeds
from tests.fuzzing.readers import DESIGN, FUZZERS, check
from tta_bench.listening import sheets

N = 60
"""Inputs of each fuzzer in ordinary tests."""


@pytest.mark.parametrize("name", FUZZERS)
def test_a_reader_takes_a_file_or_says_what_is_wrong_with_it(name: str) -> None:
    @settings(max_examples=N, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(data=st.just(b"") | FUZZERS[name].inputs())
    def one(data: bytes) -> None:
        check(FUZZERS[name], data)

    one()


def no_text() -> bytes:
    """A parquet file whose captions are no UTF-8."""
    import pyarrow as pa
    from pyarrow import parquet

    captions = pa.Array.from_buffers(pa.string(), 1, [None, *pa.array([b"\xe1"]).buffers()[1:]])
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({"id": ["a"], "caption": captions}), sink)
    return bytes(sink.getvalue().to_pybytes())


def edited(seed: bytes, *path: str | int, to: object) -> bytes:
    """JSON with another value in one place."""
    content = inner = json.loads(seed)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return json.dumps(content).encode()


RESULT, CLIPS = seeds.result_files()[0], seeds.clip_records()[0]
KEY, BOARD = seeds.keys()[0], seeds.board_files()[0]
ONCE_FAILED = {
    "parquet: captions that are no text": ("parquet", no_text()),
    "note: JSON, but no record": ("note", b"true"),
    "note: nested without end": ("note", b"[" * 100_000),
    "scenes: no id": ("scenes", b'{"caption": "x"}'),
    "scenes: an id that leads elsewhere": ("scenes", seeds.own_prompts()[0].replace(b'"pocket-000"', b'"../../x"')),
    "recipe: a list of numbers": ("recipe", seeds.recipe_files()[0].replace(b'paper = "', b'paper = 5 #"')),
    "recipe: no UTF-8": ("recipe", b"\xff"),
    "board: fields that are numbers": ("board", BOARD.replace(b'["youtube_id"]', b"[5]")),
    "board: clips of endless length": ("board", BOARD.replace(b"1.0", b"inf")),
    "board: prompts elsewhere": ("board", BOARD.replace(b'"prompts.csv"', b'"../../etc/passwd"')),
    "board: prompts of no name": ("board", BOARD.replace(b'"prompts.csv"', b'"a\\u0000b"')),
    "tagger: nothing": ("tagger", b""),
    "weights: a pickle of bytes": ("weights", b"\x80\x02C\x01a."),
    "checkpoint: a pickle without an end": ("checkpoint", b"\x80\x02]q\x00h\x05"),
    "result: scores that are none": ("result", edited(RESULT, "scores", 0, "value", to="x")),
    "result: numbers without end": ("result", edited(RESULT, "scores", 0, "value", to=float("inf"))),
    "result: no board": ("result", edited(RESULT, "provenance", to={})),
    "result: half a character": ("result", edited(RESULT, "model", to="\ud800")),
    "clips: rows that are lists": ("clips", edited(CLIPS, "rows", to=[1])),
    "clips: prompts that are numbers": ("clips", edited(CLIPS, "prompts", 0, "caption", to=None)),
    "key: models that are a number": ("key", edited(KEY, "models", to=5)),
    "key: stimuli that are a list": ("key", edited(KEY, "stimuli", to=[])),
    "workbook: a zip of something else": ("workbook", seeds.checkpoints()[0]),
}


@pytest.mark.parametrize("case", ONCE_FAILED)
def test_what_once_failed_otherwise_is_refused(case: str) -> None:
    name, data = ONCE_FAILED[case]
    refused = check(FUZZERS[name], data)
    assert refused or name in ("note", "workbook")  # a note counts as none; answers are set aside


def test_a_workbook_that_unpacks_without_end_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "LARGEST", 1000)
    (tmp_path / "sheet.xlsx").write_bytes(seeds.workbooks()[0])
    [(_, reason)] = sheets.read(tmp_path / "sheet.xlsx", DESIGN)[1]
    assert "unpacked it takes" in reason
