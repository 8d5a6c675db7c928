"""Names in files of others, as paths: only ever below a folder that the user or the suite has chosen."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

LONGEST = 1000
"""Bytes of a path below a folder."""


def below(folder: Path, name: str) -> Path:
    """The path of `name` in a folder. Raises ValueError for a name that leads out of it, or that no file can have."""
    ways = (PurePosixPath(name), PureWindowsPath(name))
    if any(way.is_absolute() or way.anchor or ".." in way.parts for way in ways):
        raise ValueError(f"{name[:80]!r} leads out of {folder}")
    if not name.strip() or not name.isprintable() or len(name.encode()) > LONGEST:
        raise ValueError(f"{name[:80]!r} is a name that no file can have")
    return folder / name
