"""`benchmark.py regress`: did a model get worse? For continuous integration."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.compare import chance
from commands.options import DONE, INCOMPLETE, JsonFlag, refusing

if TYPE_CHECKING:
    from tta_bench.report.regression import Change
    from tta_bench.types import Result

ResultsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="BASELINE.json NEW.json", help="Two results; with more, seeds of a model are one."),
]


def regress(
    results: ResultsArgument,
    metrics: Annotated[str, typer.Option("--metrics", metavar="A,B", help="Which metrics must not get worse.")],
    margin: Annotated[
        str, typer.Option("--margin", metavar="X", help="How much worse each may be: 0.01, or 2% of the baseline.")
    ] = "0",
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML here.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Exit with 1 if a metric is worse than in the baseline by more than a margin, beyond its interval.

    Exit status 0: none is; 2: they cannot be compared, and why.

    Example: python benchmark.py regress old/mine.json new/mine.json --metrics CLAP_LAION,FD_PANNs --margin 2%
    """
    with refusing():
        from tta_bench.report import regression
        from tta_bench.report.sides import read_sides

        allowed = regression.read_margin(margin)
        baseline, new = read_sides(results)
        found = regression.changes(baseline, new, choose_metrics(metrics, baseline, new), allowed)
        if junit:
            write(found, f"{new.model} against {baseline.model}, board {new.board}", junit)
    if as_json:
        print(json.dumps(to_json(baseline, new, found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show(baseline, new, found)
    raise typer.Exit(INCOMPLETE if any(change.regressed for change in found) else DONE)


def choose_metrics(text: str, baseline: Result, new: Result) -> list[str]:
    """The metrics named. Raises UserError for one that neither result has, and if none is named."""
    from tta_bench import plugins
    from tta_bench.arguments import split_names
    from tta_bench.types import UserError

    measured = dict.fromkeys(score.metric for result in (baseline, new) for score in result.scores)
    named = [plugins.choose(name, measured, kind="metric") for name in split_names(text)]
    if not named:
        raise UserError(f"--metrics names none. There are: {', '.join(measured)}.")
    return named


def write(found: Sequence[Change], suite: str, path: Path) -> None:
    """The changes as JUnit XML. Raises UserError where the file cannot be written."""
    from tta_bench.report.junit import junit
    from tta_bench.store import write_bytes
    from tta_bench.types import UserError

    try:
        write_bytes(path, junit(found, suite))
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error


def to_json(baseline: Result, new: Result, found: Sequence[Change]) -> dict[str, object]:
    """Everything as plain JSON values; a bound that is none is null."""
    changes = [
        {
            **asdict(change),
            "at_least": change.at_least if math.isfinite(change.at_least) else None,
            "regressed": change.regressed,
        }
        for change in found
    ]
    about = {"board": new.board, "protocol": new.protocol, "baseline": baseline.model, "new": new.model}
    return {**about, "regressed": [change.metric for change in found if change.regressed], "changes": changes}


def show(baseline: Result, new: Result, found: Sequence[Change]) -> None:
    """The changes on stdout, and what they come to."""
    from tta_bench.report import screen
    from tta_bench.report.tables import number
    from tta_bench.report.verdict import listed
    from tta_bench.results import ARROWS, better

    out = screen.console(sys.stdout)
    rows = [
        [
            f"{c.metric} {ARROWS[better(new, c.metric)]}",
            *(number(value) for value in (c.baseline, c.new, c.worse_by)),
            number(c.at_least) if math.isfinite(c.at_least) else "–",
            number(c.margin),
            chance(c.p_holm),
            "REGRESSED" if c.regressed else "fine",
        ]
        for c in found
    ]
    head = ["", "baseline", "new", "worse by", "at least", "allowed", "p (Holm)", ""]
    out.print(screen.plain(head, rows))
    regressed = [change.metric for change in found if change.regressed]
    said = f"Worse by more than allowed: {listed(regressed)}" if regressed else "Nothing is surely worse than allowed"
    about = f"{new.model} against {baseline.model}, board {new.board}, protocol {new.protocol}"
    out.print(f"{about}.\n{said}.", markup=False, emoji=False)
