"""Frozen dataclasses out of plain values of JSON or TOML, every value checked against the type that is declared.

What files of others hold is of the declared types or refused, so that nobody behind a reader has to doubt it again.
"""

from __future__ import annotations

import json
import math
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
DEEPEST = 100
"""Lists and objects within one another, of anything that we read."""


def parse(text: str | bytes) -> Any:
    """What JSON says. ValueError for what is none, and for what is nested without end."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_toml(data: bytes) -> dict[str, Any]:
    """What TOML says. ValueError as of `parse`."""
    try:
        return tomllib.loads(data.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def of(kind: type[Record], value: object) -> Record:
    """The record of this dataclass; lists become tuples where it has tuples.

    Raises ValueError that names the first value which is not of its type, not finite, or no text; that is missing; or
    that no such record has.
    """
    return checked(kind, value)  # type: ignore[no-any-return]


def checked(kind: Any, value: object, where: str = "") -> Any:
    """The value, as `kind` says, which may be any type that fields of our records have. ValueError as of `of`."""
    if kind is object or kind is Any:
        return _plain(value, where, 0)
    if is_dataclass(kind):
        return _record(kind, value, where)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(inner, value, where)
    if origin is Literal:
        if value not in inner:
            raise ValueError(f"{where.lstrip('.')} is {_shown(value)}, not one of {', '.join(map(str, inner))}")
        return value
    if origin is tuple:
        return _tuple(inner, value, where)
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return {_plain(key, where, 0): checked(inner[1], one, f"{where}.{key}") for key, one in value.items()}
    if isinstance(origin, type) and not issubclass(origin, Mapping) and isinstance(value, list):
        return [checked(inner[0], one, f"{where}[{i}]") for i, one in enumerate(value)]
    wanted = (int, float) if kind is float else origin or kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{where.lstrip('.') or 'it'} is {_shown(value)}, no {getattr(kind, '__name__', kind)}")
    return _plain(value, where, 0)


def _record(kind: Any, value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where.lstrip('.') or 'it'} is {_shown(value)}, no object with named values")
    hints = _hints(kind)
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    lacking, unknown = [name for name in needed if name not in value], value.keys() - hints.keys()
    if lacking or unknown:
        what = f"lacks {', '.join(lacking)}" if lacking else f"has {_shown(min(unknown))}, which nobody knows"
        raise ValueError(f"{where.lstrip('.') or 'it'} {what}")
    return kind(**{name: checked(hints[name], one, f"{where}.{name}") for name, one in value.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _one_of(kinds: Sequence[Any], value: object, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    [kind] = [each for each in kinds if each is not type(None)]
    return checked(kind, value, where)


def _tuple(kinds: Sequence[Any], value: object, where: str) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where.lstrip('.')} is {_shown(value)}, no list")
    if kinds[-1] is Ellipsis:
        kinds = [kinds[0]] * len(value)
    if len(kinds) != len(value):
        raise ValueError(f"{where.lstrip('.')} has {len(value)} values, not {len(kinds)}")
    return tuple(checked(kind, one, f"{where}[{i}]") for i, (kind, one) in enumerate(zip(kinds, value, strict=True)))


def _plain(value: Any, where: str, depth: int) -> Any:
    """The value, if it can be written as JSON again; numbers are finite and texts are Unicode."""
    if depth > DEEPEST:
        raise ValueError(f"{where.lstrip('.')} is nested too deeply")
    if isinstance(value, dict):
        for key, one in value.items():
            _plain(key, where, depth + 1)
            _plain(one, f"{where}.{key}", depth + 1)
    elif isinstance(value, list):
        for one in value:
            _plain(one, where, depth + 1)
    elif isinstance(value, str):
        _encoded(value, where)
    elif value is not None and not (isinstance(value, int | float) and _finite(value)):
        raise ValueError(f"{where.lstrip('.')} is {_shown(value)}, no finite number")
    return value


def _encoded(value: str, where: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where.lstrip('.')!a} holds half a character") from None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float holds
        return False


def _shown(value: object) -> str:
    text = "a number of many digits" if isinstance(value, int) and abs(value) > 10**30 else ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
