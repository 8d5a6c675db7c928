"""Choices in words: strengths, pairs, the place of a clip, and ABX."""

from __future__ import annotations

from collections.abc import Sequence

from tta_bench.listening.preferences import Position, Strength, Wins
from tta_bench.listening.statistics.clustered import METHOD
from tta_bench.listening.words import NONE, SCREENED, UNANIMOUS, Grid, interval, mean, number, p_value, reasons, which


def strengths(rows: Sequence[Strength]) -> Grid:
    """Systems by choices."""
    every = {row.system: row for row in rows if not row.screened}
    columns = (
        "System",
        "Strength",
        "95 % interval",
        "Group",
        "Elo",
        "Won",
        "Tied",
        "Lost",
        "Raters",
        "Prompts",
        "All: strength",
    )
    shown = [row for row in rows if row.screened]
    lines = tuple(
        (
            row.system,
            number(row.value, 2, sign="+"),
            interval(row.ci95, 2),
            row.group or NONE,
            number(row.elo, 0, sign="+"),
            *(str(count) for count in (row.wins, row.ties, row.losses, row.raters, row.items)),
            number(every[row.system].value, 2, sign="+"),
        )
        for row in shown
    )
    notes = [f"{row.system}: {row.note}." for row in shown if row.note]
    method = "; ".join(sorted({row.method for row in shown}))
    return Grid("Preference", columns, lines, (f"Log strengths, mean 0: {method}. {SCREENED}", *notes))


def wins(rows: Sequence[Wins]) -> Grid:
    """What was chosen between each two systems."""
    columns = ("Pair", "Won", "Tied", "Lost", "Won less lost", "95 % interval", "p", "p (Holm)", "Raters for : against")
    lines = tuple(
        (
            f"{row.a} − {row.b}",
            *(str(count) for count in (row.wins, row.ties, row.losses)),
            *mean(row.test.estimate, 2, sign="+"),
            p_value(row.test.p),
            p_value(row.test.p_holm),
            f"{row.raters_for_a} : {row.raters_for_b} (p {p_value(row.majority_p)})",
        )
        for row in rows
        if row.screened
    )
    notes = (
        f"Test and interval: {METHOD} on the share of choices won less the share lost; Holm over all pairs.",
        UNANIMOUS,
        "Raters for and against are those who chose one more often than the other; exact binomial test over them.",
    )
    return Grid("Preference: pairs", columns, lines, (*notes, *reasons(r.test.estimate for r in rows if r.screened)))


def positions(rows: Sequence[Position]) -> Grid:
    """Whether the first clip is chosen more often."""
    lines = tuple((which(row.screened), *_shared(row)) for row in rows)
    columns = ("Sessions", "First chosen", "95 % interval", "p of one half", "Raters", "Prompts", "n")
    notes = ("A share away from one half says that the place of a clip was chosen, and not its sound.",)
    return Grid("Position", columns, lines, notes)


def abx(rows: Sequence[tuple[str, Position]]) -> Grid:
    """Whether listeners hear a difference."""
    lines = tuple((pair, *_shared(row, p_value(row.p_holm)), which(row.screened)) for pair, row in rows)
    columns = ("Pair", "Right", "95 % interval", "p of guessing", "p (Holm)", "Raters", "Prompts", "n", "Sessions")
    notes = (f"Share of right answers; {METHOD} against one half. {UNANIMOUS}", *reasons(row.share for _, row in rows))
    return Grid("ABX", columns, lines, notes)


def _shared(row: Position, *more: str) -> tuple[str, ...]:
    counts = (row.share.raters, row.share.items, row.share.n)
    return *mean(row.share, 3), p_value(row.p), *more, *(str(count) for count in counts)
