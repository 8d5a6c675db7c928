"""How many raters and prompts a test needs, from what is known of such ratings or from a pilot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tta_bench.listening import ratings, screening
from tta_bench.listening.design import Design
from tta_bench.listening.events import Event
from tta_bench.listening.scores import counted, votes
from tta_bench.listening.statistics.planning import Variances, of_differences, of_systems
from tta_bench.types import UserError

RANGE: Final = 100.0
"""Width of the scale to which presets belong."""
MOST_PROMPTS: Final = 1000
POWER: Final = 0.8


@dataclass(frozen=True)
class Basis:
    """What a plan rests on."""

    means: Variances
    """Of a rating of one system."""
    differences: Variances | None
    """Of the difference of two systems that one rater heard on one prompt; None where nothing tells."""
    source: str


PRESETS: Final = {
    "relate": Basis(
        Variances(380.0, 100.0, 550.0),
        Variances(200.0, 30.0, 700.0),
        "Means: the middle of what the relevance ratings of RELATE (2025; 1,088 raters, 0 to 10, here times 10) give: "
        "item 190 to 520, rater 65 to 118, residual 370 to 610. Differences: assumed (system by item 100, system by "
        "rater 15 and residual 350 of each of two systems); a pilot knows better.",
    ),
    "uniform": Basis(
        Variances(150.0, 80.0, 350.0),
        Variances(200.0, 30.0, 700.0),
        "Prompts of much the same difficulty: the variances with which the coverage of the intervals was simulated.",
    ),
}


@dataclass(frozen=True)
class Row:
    """What a number of raters gives who each rate every prompt."""

    raters: int
    half_widths: tuple[float, ...]
    """Of the 95 % interval of a mean, for each number of prompts."""
    powers: tuple[float, ...] | None
    """Chance of finding the difference asked for, for each number of prompts."""
    prompts_for_half_width: int | None
    """Fewest prompts that reach the half width asked for; None where 1,000 do not."""
    prompts_for_power: int | None
    """Fewest prompts that find the difference in 8 of 10 tests."""


def scaled(basis: Basis, width: float) -> Basis:
    """The same for a scale of another width: 99 for 1 to 100, 4 for 1 to 5."""
    factor = width / RANGE
    differences = basis.differences.scaled(factor) if basis.differences else None
    return Basis(basis.means.scaled(factor), differences, basis.source)


def rows(
    basis: Basis,
    raters: Sequence[int],
    prompts: Sequence[int],
    *,
    half_width: float | None = None,
    difference: float | None = None,
) -> list[Row]:
    """A row for each number of raters; both numbers are 2 or more."""
    return [_row(basis, one, prompts, half_width, difference) for one in raters]


def _row(basis: Basis, raters: int, prompts: Sequence[int], half_width: float | None, difference: float | None) -> Row:
    widths = tuple(basis.means.half_width(raters, one) for one in prompts)
    powers, enough = None, None
    if difference is not None and basis.differences is not None:
        of = basis.differences
        powers = tuple(of.power(difference, raters, one) for one in prompts)
        enough = _fewest([of.power(difference, raters, one) >= POWER for one in range(2, MOST_PROMPTS + 1)])
    reached = None
    if half_width is not None:
        good = (basis.means.half_width(raters, one) <= half_width for one in range(2, MOST_PROMPTS + 1))
        reached = _fewest(list(good))
    return Row(raters, widths, powers, reached, enough)


def _fewest(good: Sequence[bool]) -> int | None:
    """The first number from 2 on that is good."""
    return next((number for number, is_good in enumerate(good, start=2) if is_good), None)


def pilot(design: Design, events: Mapping[str, Sequence[Event]], axis: str) -> Basis:
    """What the ratings of a small test say, excluded sessions left out. Raises UserError where they say too little."""
    found = ratings.sessions(design, events)
    rated = ratings.ratings(design, found)
    out = screening.excluded(screening.screen(design, found, rated))
    of_axis = votes(counted(screening.kept_ratings(rated, out), axis), design.models)
    arrays = (of_axis.scores, of_axis.raters, of_axis.items, of_axis.systems)
    means = of_systems(*arrays) if len(of_axis.scores) else None
    if means is None:
        raise UserError(
            f"The pilot has {len(found)} sessions, {len(out)} of them excluded: too few ratings of {axis} to tell "
            "raters from prompts. It needs 2 raters who share 2 prompts of one system; or plan from --preset."
        )
    count = len({one.rater for one in found if one.id not in out})
    return Basis(means, of_differences(*arrays), f"Pilot: {len(of_axis.scores)} ratings of {axis} by {count} raters.")
