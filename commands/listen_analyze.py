"""`benchmark.py listen collect`, `analyze` and `plan`: from answers to tables, and how many to ask for."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.listen import app
from commands.options import DONE, INCOMPLETE, JsonFlag, refusing

if TYPE_CHECKING:
    from tta_bench.listening.analysis import Analysis
    from tta_bench.listening.plan import Basis, Row

KeyArgument = Annotated[Path, typer.Argument(metavar="KIT.key", help="Private folder that `listen build` wrote.")]


@app.command("collect")
def collect(
    key: KeyArgument,
    source: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE...", help="Downloads, a server's database, sheets, or folders of these."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the collected answers go.")],
    as_json: JsonFlag = False,
) -> None:
    """Merge answers from anywhere into one journal; what does not verify is set aside with its reason.

    Example: python benchmark.py listen collect kit.key downloads/ answers.sqlite --out collected
    """
    from tta_bench.listening import collect as collecting
    from tta_bench.listening import design, outputs
    from tta_bench.store import write_bytes

    with refusing():
        asked = design.read(key)
        found = collecting.collect(asked, source)
        collecting.check_covers(out, asked, found)
        for name, text in outputs.collected_files(asked, found).items():
            write_bytes(out / name, text.encode())
    counts = {"sessions": len(found.sessions), "events": len(found.events), "duplicates": found.duplicates}
    counts["quarantined"] = len(found.quarantined)
    if as_json:
        print(json.dumps(counts, indent=1))
    else:
        print(f"{out}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    for one in found.quarantined[:5] if not as_json else ():
        print(f"  quarantined: {one.file} {one.where}: {one.reason}")
    raise typer.Exit(INCOMPLETE if found.quarantined else DONE)


@app.command("analyze")
def analyze(
    key: KeyArgument,
    collected: Annotated[Path, typer.Argument(metavar="COLLECTED", help="Folder that `listen collect` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where tables and the report go.")],
    results: Annotated[
        list[Path] | None, typer.Option(metavar="RESULT.json", help="Of the same systems, to hold metrics against.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Screen raters and analyse a test: means, differences, strata, reliability, agreement with metrics, a report.

    Example: python benchmark.py listen analyze kit.key collected --out analysis --results runs/results/pocket/a.json
    """
    from tta_bench.listening import analysis, design, outputs, report
    from tta_bench.listening import collect as collecting
    from tta_bench.results import read_all
    from tta_bench.store import write_bytes
    from tta_bench.types import UserError

    with refusing():
        asked = design.read(key)
        scored = read_all(results) if results else []
        answers = collecting.collect(asked, [collected])
        if answers.quarantined:
            first = answers.quarantined[0]
            raise UserError(f"{collected} was edited ({first.where}: {first.reason}). Collect again from the sources.")
        found = analysis.analyse(asked, answers.sessions, scored)
        for name, text in (outputs.files(found) | report.files(found)).items():
            write_bytes(out / name, text.encode())
    show(found, out, as_json=as_json)


def show(found: Analysis, out: Path, *, as_json: bool) -> None:
    """The first tables on stdout."""
    from tta_bench.listening import outputs, tables
    from tta_bench.report import screen

    if as_json:
        means = [*map(asdict, found.means), *map(asdict, found.strengths)]
        print(json.dumps({**outputs.provenance(found), "means": means}, indent=1, ensure_ascii=False))
        return
    console = screen.console(sys.stdout)
    shown = tables.grids(found)
    for grid in shown[:2]:
        console.print(grid.title, style="bold")
        console.print(screen.plain(grid.columns, grid.rows))
    print(f"{len(found.sessions)} sessions, {len(found.excluded)} excluded. The whole report: {out / 'report.html'}")


@app.command("plan")
def plan(
    half_width: Annotated[
        float | None, typer.Option(min=0, metavar="W", help="Of the 95 % interval of a mean that you want.")
    ] = None,
    difference: Annotated[
        float | None, typer.Option(min=0, metavar="D", help="Between two systems that you want to find.")
    ] = None,
    preset: Annotated[str, typer.Option(metavar="NAME", help="Variances: relate or uniform.")] = "relate",
    width: Annotated[
        float, typer.Option("--scale", min=1, metavar="N", help="Width of the scale: 99 for 1-100, 4 for 1-5.")
    ] = 99.0,
    raters: Annotated[str, typer.Option(metavar="A,B", help="Numbers of raters.")] = "6,12,20,30,50",
    prompts: Annotated[str, typer.Option(metavar="A,B", help="Numbers of prompts.")] = "30,50,100",
    pilot: Annotated[
        Path | None, typer.Option(metavar="COLLECTED", help="A small test, in place of a preset; needs --key.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="KIT.key", help="Of the pilot.")] = None,
    axis: Annotated[str, typer.Option(metavar="AXIS", help="Of the pilot; default its first.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """How sure a test will be: half widths and power by numbers of raters and prompts.

    Example: python benchmark.py listen plan --half-width 8 --difference 6
    """
    from tta_bench.listening import plan as planning

    with refusing():
        basis = from_pilot(pilot, key, axis) if pilot else planning.scaled(known_preset(preset), width)
        counts = numbers(raters, "--raters"), numbers(prompts, "--prompts")
        found = planning.rows(basis, *counts, half_width=half_width, difference=difference)
    if as_json:
        print(
            json.dumps({"basis": asdict(basis), "prompts": counts[1], "rows": [asdict(row) for row in found]}, indent=1)
        )
    else:
        show_plan(basis, counts[1], found, half_width, difference)


def known_preset(name: str) -> Basis:
    """A preset by its name."""
    from tta_bench import plugins
    from tta_bench.listening.plan import PRESETS

    return PRESETS[plugins.choose(name, PRESETS, kind="preset")]


def from_pilot(pilot: Path, key: Path | None, axis: str) -> Basis:
    """Variances of a collected test."""
    from tta_bench import plugins
    from tta_bench.listening import collect as collecting
    from tta_bench.listening import design
    from tta_bench.listening import plan as planning
    from tta_bench.types import UserError

    if key is None:
        raise UserError(f"--pilot {pilot} needs --key KIT.key: the key tells systems and prompts apart.")
    asked = design.read(key)
    if asked.chooses:
        raise UserError(f"The pilot is of kind {asked.kind}, in which nothing is rated. Plan from --preset.")
    chosen = plugins.choose(axis, asked.axes, kind="axis") if axis else next(iter(asked.axes))
    return planning.pilot(asked, collecting.collect(asked, [pilot]).sessions, chosen)


def numbers(text: str, option: str) -> list[int]:
    """Whole numbers from 2 on, between commas."""
    from tta_bench.types import UserError

    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 2:
        raise UserError(f"{option} {text!r} is not a list of whole numbers from 2 on, such as 6,12,20.")
    return found


def show_plan(
    basis: Basis, prompts: Sequence[int], found: Sequence[Row], half_width: float | None, difference: float | None
) -> None:
    """The plan on stdout."""
    from tta_bench.report import screen

    digits = 1 if max(max(row.half_widths) for row in found) >= 2 else 2
    columns = ["raters", *(f"{one} prompts" for one in prompts)]
    columns += [f"prompts for ±{half_width:g}"] if half_width is not None else []
    powered = difference is not None and basis.differences is not None
    columns += [f"power for {difference:g}, {one} prompts" for one in prompts] if powered else []
    columns += ["prompts for power 0.8"] if powered else []
    lines = []
    for row in found:
        line = [str(row.raters), *(f"±{width:.{digits}f}" for width in row.half_widths)]
        line += [str(row.prompts_for_half_width or "over 1000")] if half_width is not None else []
        line += [f"{power:.2f}" for power in row.powers or ()]
        line += [str(row.prompts_for_power or "over 1000")] if powered else []
        lines.append(line)
    screen.console(sys.stdout).print(screen.plain(columns, lines))
    print("Half widths of 95 % intervals of a mean, where every rater rates every prompt of every system.")
    if difference is not None and not powered:
        print("No power: in this pilot no rater heard two systems on one prompt.")
    of = basis.means
    print(f"Variances: item {of.item:.3g}, rater {of.rater:.3g}, residual {of.residual:.3g}. {basis.source}")
