"""Hashes of big files, remembered for as long as the files are not touched."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

log = logging.getLogger(__name__)

SETTLED = 2_000_000_000
"""Nanoseconds. The hash of a file that was changed less than this before is not remembered: another change within one
tick of the file system's clock would leave the same time stamps."""


def file_hashes(path: Path, algorithms: Sequence[str] = ("sha256",), *, memory: Path | None = None) -> dict[str, str]:
    """Hex digests by algorithm; from the JSON file `memory` if `path` has not been touched since it was hashed.

    Raises OSError if `path` cannot be read. A memory that cannot be read or written costs time only.
    """
    stamp = _stamp(path)
    known = _recall(memory).get(stamp, {}) if memory else {}
    if known.keys() >= set(algorithms):
        return {algorithm: known[algorithm] for algorithm in algorithms}
    found = {algorithm: _digest(path, algorithm) for algorithm in algorithms}
    settled = time.time_ns() - path.stat().st_ctime_ns > SETTLED
    if memory and settled and stamp == _stamp(path):
        _remember(memory, stamp, found)
    return found


def revision(files: Mapping[str, Path], *, memory: Path | None = None) -> str:
    """Hash of the names and bytes of all files of a checkpoint: equal exactly if the checkpoints are."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + bytes.fromhex(file_hashes(files[name], memory=memory)["sha256"]))
    return whole.hexdigest()


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.new, algorithm, usedforsecurity=False)).hexdigest()


def _stamp(path: Path) -> str:
    """Differs whenever the bytes may: a program that restores the modification time still changes ctime."""
    stat = path.stat()
    return f"{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"


def _recall(memory: Path) -> dict[str, dict[str, str]]:
    try:
        known = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(memory: Path, stamp: str, found: dict[str, str]) -> None:
    """Adds what was found, in place of what was known of the same inode.

    Two processes that do so at once may lose one addition, never the file: each writes its own and renames it.
    """
    inode = ":".join(stamp.split(":")[:2]) + ":"
    known = {old: hashes for old, hashes in _recall(memory).items() if not old.startswith(inode)}
    mine = memory.with_name(f"{memory.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text(json.dumps({**known, stamp: found}), encoding="utf-8")
        os.replace(mine, memory)
    except OSError as error:
        log.warning("hashes are not remembered and will be computed again next time: %s", error)
