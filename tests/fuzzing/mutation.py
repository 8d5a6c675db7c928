"""Inputs that are nearly right: valid ones with a few changes, of bytes, of words, of values of JSON."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Inputs = st.SearchStrategy[bytes]

NUMBERS = (0, 1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
FLOATS = tuple(struct.pack(kind, value) for kind in ["<f", "<d"] for value in (float("nan"), float("inf"), -1e30))
MARKS = (b"RIFF", b"data", b"fmt ", b"LIST", b"OggS", b"fLaC", b"ID3", b"PAR1", b"PK\3\4", b"\x80\x04", b"\xff\xfb\x90")
WORDS = (
    "", "0", "-1", "1e999", "-0.0", "nan", "Infinity", "1e-400", "true", "null", "[]", "{}", "9" * 30, "../../x", "/x",
    "C:\\x", "CON", ".", "..", "~", "a\0b", "\ud7ff\u202e", "e\u0301", "\U0001f415", "x" * 300, "#2", "=1+1", "'", '"',
    ",", "\t", "\n", "\r\n", ";", "0x10", "１２", "1_000", "prompts", "id",
)  # fmt: skip
VALUES = (
    None, True, False, 0, -1, 2**31, 2**64, 10**400, 0.5, -1e308, float("nan"), float("inf"), "", "x", "../../x", "/x",
    "a\0b", "\ud800", "\u202e", "x" * 300, "1e999", [], {}, [[]], [None], {"": None}, {"x": {}},
)  # fmt: skip
_WORD = re.compile(rb"[\w.+-]+|[^\w\s]|\s")


def torn(seeds: Sequence[bytes], *, most: int = 5) -> Inputs:
    """Seeds with some bytes flipped, cut, doubled, replaced, spliced."""
    return _changed(seeds, (_flipped, _cut, _without, _doubled, _numbered, _marked, _spliced), most)


def worded(seeds: Sequence[bytes], *, most: int = 5) -> Inputs:
    """Texts with some of their words replaced by others, by numbers without measure, by names that lead astray."""
    return _changed(seeds, (_reworded, _reworded, _reworded, _without, _doubled, _flipped, _spliced), most)


def _changed(seeds: Sequence[bytes], changes: Sequence[Callable[..., bytes]], most: int) -> Inputs:
    @st.composite
    def inputs(draw: Draw) -> bytes:
        data = draw(st.sampled_from(seeds))
        for change in draw(st.lists(st.sampled_from(changes), max_size=most)):
            data = change(draw, data, seeds)
        return data

    return inputs()


def _at(draw: Draw, data: bytes) -> int:
    """A place, as often near the start, where headers are, as anywhere."""
    return draw(st.integers(0, len(data)) | st.integers(0, min(len(data), 64)))


def _flipped(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _at(draw, data)
    return data[:at] + bytes([byte ^ 1 << draw(st.integers(0, 7)) for byte in data[at : at + 1]]) + data[at + 1 :]


def _cut(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: _at(draw, data)]


def _without(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _at(draw, data)
    return data[:at] + data[at + draw(st.integers(0, 64)) :]


def _doubled(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    at, n = _at(draw, data), draw(st.integers(0, 64))
    return data[:at] + data[at : at + n] * draw(st.sampled_from((2, 3, 50))) + data[at + n :]


def _numbered(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    at, size = _at(draw, data), draw(st.sampled_from((1, 2, 4, 8)))
    number = draw(st.sampled_from(NUMBERS)) % 256**size
    return data[:at] + number.to_bytes(size, draw(st.sampled_from(("little", "big")))) + data[at + size :]


def _marked(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    at, mark = _at(draw, data), draw(st.sampled_from((*MARKS, *FLOATS)) | st.binary(max_size=8))
    return data[:at] + mark + data[at + len(mark) :]


def _spliced(draw: Draw, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = draw(st.sampled_from(seeds))
    return data[: _at(draw, data)] + other[_at(draw, other) :]


def _reworded(draw: Draw, data: bytes, _: Sequence[bytes]) -> bytes:
    found = list(_WORD.finditer(data))
    if not found:
        return data
    word = draw(st.sampled_from(found))
    return data[: word.start()] + draw(st.sampled_from(WORDS)).encode() + data[word.end() :]


def restated(seeds: Sequence[bytes], *, most: int = 4) -> Inputs:
    """JSON, of which some values are others, gone or there twice; sometimes as `worded` changes its text."""

    @st.composite
    def inputs(draw: Draw) -> bytes:
        value = json.loads(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, most))):
            value = _otherwise(draw, value)
        return json.dumps(value).encode()

    return inputs() | worded(seeds)


def _otherwise(draw: Draw, value: Any) -> Any:
    """The value with one of those that it holds, at any depth, replaced, removed or moved."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(VALUES))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    changed = value.copy()
    match draw(st.sampled_from(["deeper", "deeper", "deeper", "deeper", "gone", "other"])):
        case "deeper":
            changed[key] = _otherwise(draw, value[key])
        case "gone":
            del changed[key]
        case "other":
            changed[key] = value[draw(st.sampled_from(keys))]
    return changed


def headed(seeds: Sequence[bytes]) -> Inputs:
    """Safetensors whose headers lie: restated, with a length that fits or does not."""

    @st.composite
    def inputs(draw: Draw) -> bytes:
        seed = draw(st.sampled_from(seeds))
        size = int.from_bytes(seed[:8], "little")
        header = draw(restated([seed[8 : 8 + size]]))
        length = draw(st.sampled_from((len(header),) * 4 + NUMBERS))
        return (length % 2**64).to_bytes(8, "little") + header + seed[8 + size :]

    return inputs() | torn(seeds)


def zipped(seeds: Sequence[bytes]) -> Inputs:
    """Zip archives, of which one member is torn and its checksum right, as torch's and spreadsheets are."""

    @st.composite
    def inputs(draw: Draw) -> bytes:
        with zipfile.ZipFile(io.BytesIO(draw(st.sampled_from(seeds)))) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = draw(st.sampled_from(sorted(members)))
        how = worded if name.endswith(".xml") else torn
        members[name] = draw(how([members[name]]))
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return written.getvalue()

    return inputs() | torn(seeds)
