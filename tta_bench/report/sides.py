"""Which two rows are compared: two results as they are, or those of several seeds as one row each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tta_bench.report import seeds
from tta_bench.results import read_all
from tta_bench.types import Result, UserError


def read_sides(paths: Sequence[Path]) -> tuple[Result, Result]:
    """The two rows that these files hold, in the order in which they are first given, under names that differ.

    Two files are two rows, whatever they are; of more, those that differ only in their seeds are one. Two rows of one
    name are told apart by their files. A control row counts as a model here. Raises UserError for results of different
    boards, and for other than two rows.
    """
    results = read_all(paths)
    groups = {str(i): [i] for i in range(len(results))} if len(results) == 2 else _things(results)
    if len(groups) != 2:
        found = "; ".join(", ".join(str(paths[i]) for i in group) for group in groups.values())
        raise UserError(f"Give the results of two rows to compare. These are of {len(groups)}: {found}.")
    sides = [[results[i] for i in group] for group in groups.values()]
    a, b = (seeds.average(side) if len(side) > 1 else side[0] for side in sides)
    first, second = (paths[group[0]] for group in groups.values())
    names = (a.model, b.model) if a.model != b.model else _names(first, second)
    return replace(a, model=names[0], control=False), replace(b, model=names[1], control=False)


def _things(results: Sequence[Result]) -> dict[str, list[int]]:
    """Which results are of one thing, by position."""
    groups: dict[str, list[int]] = {}
    for i, result in enumerate(results):
        groups.setdefault(json.dumps([result.model, seeds.thing(result)], sort_keys=True), []).append(i)
    return groups


def _names(one: Path, other: Path) -> tuple[str, str]:
    """The shortest names of two files that differ. Raises UserError if they are one file."""
    for path in (one, other):
        if path.resolve() == one.resolve() == other.resolve():
            raise UserError(f"{path} is given twice. Give two results.")
    named = [(path.stem, f"{path.resolve().parent.name}/{path.stem}", str(path)) for path in (one, other)]
    return next((a, b) for a, b in zip(*named, strict=True) if a != b)
