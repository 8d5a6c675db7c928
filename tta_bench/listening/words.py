"""Numbers and estimates as words, and the tables that are made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tta_bench.listening.statistics.clustered import Estimate

NONE: Final = "–"
UNANIMOUS: Final = "Where all agree, p is that of the sign test over raters or items, whichever are fewer."
SCREENED: Final = "Excluded sessions are left out; the last columns are of all sessions."


@dataclass(frozen=True)
class Grid:
    """A table of text; the first column names the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def which(screened: bool) -> str:
    """Which sessions a row speaks of."""
    return "kept" if screened else "all"


def mean(one: Estimate, digits: int, sign: str = "") -> tuple[str, str]:
    """A mean and its interval."""
    return number(one.value, digits, sign=sign), interval(one.ci95, digits)


def number(value: float | None, digits: int, *, sign: str = "") -> str:
    """A number, with a true minus."""
    return NONE if value is None else f"{value:{sign}.{digits}f}".replace("-", "−")


def interval(ends: tuple[float, float] | None, digits: int) -> str:
    """Both ends in brackets."""
    return NONE if ends is None else f"[{number(ends[0], digits)}, {number(ends[1], digits)}]"


def p_value(p: float | None) -> str:
    """A p value; small ones by their bound."""
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def reasons(estimates: Iterable[Estimate]) -> tuple[str, ...]:
    """Why cells are empty, each reason once."""
    found = sorted(Counter(one.note for one in estimates if one.note).items())
    return tuple(f"{note[0].upper()}{note[1:]} ({count} cell{'s' * (count != 1)})." for note, count in found)
