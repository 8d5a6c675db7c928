"""What an audio file holds beside samples: nothing, if it is to tell nothing."""

from __future__ import annotations

import struct
from pathlib import Path

FLAC_STREAMINFO, FLAC_PADDING, FLAC_COMMENT = 0, 1, 4


def extras(path: Path) -> list[str]:
    """Names of the parts of a wav or flac file that are neither samples nor what is needed to play them."""
    data = path.read_bytes()
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _of_wav(data)
    if data[:4] == b"fLaC":
        return _of_flac(data)
    return ["a format that is neither wav nor flac"]


def _of_wav(data: bytes) -> list[str]:
    found, place = [], 12
    while place + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[place : place + 8])
        if name not in (b"fmt ", b"data") or (name == b"fmt " and size != 16):
            found.append(f"chunk {name.decode('latin-1')!r}")
        place += 8 + size + size % 2
    promised = 8 + struct.unpack("<I", data[4:8])[0]
    return found if place == promised == len(data) else [*found, "bytes behind the samples"]


def _of_flac(data: bytes) -> list[str]:
    found, place, last = [], 4, False
    while not last:
        last, kind = bool(data[place] & 128), data[place] & 127
        size = int.from_bytes(data[place + 1 : place + 4], "big")
        body = data[place + 4 : place + 4 + size]
        found += _of_block(kind, body)
        place += 4 + size
    return found


def _of_block(kind: int, body: bytes) -> list[str]:
    if kind == FLAC_COMMENT:
        vendor = struct.unpack("<I", body[:4])[0]
        n_comments = struct.unpack("<I", body[4 + vendor : 8 + vendor])[0]
        named = body[4 : 4 + vendor].startswith(b"reference libFLAC") and len(body) == 8 + vendor
        return [] if named and not n_comments else ["a comment"]
    if kind == FLAC_PADDING:
        return ["a padding that is not empty"] if any(body) else []
    return [] if kind == FLAC_STREAMINFO else [f"metadata block {kind}"]
