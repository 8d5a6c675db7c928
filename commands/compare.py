"""`benchmark.py compare`: how two models differ, in which metrics, buckets and prompts, and whether it is chance."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import JsonFlag, refusing

if TYPE_CHECKING:
    from tta_bench.report.compare import Difference
    from tta_bench.report.verdict import Comparison

SidesArgument = Annotated[
    list[Path], typer.Argument(metavar="A.json B.json", help="Two results; with more, seeds of a model are one.")
]


def compare(
    results: SidesArgument,
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Prompts shown for each metric.")] = 3,
    as_json: JsonFlag = False,
) -> None:
    """How two models differ on the same prompts: in each metric, in each bucket, where most, and whether by chance.

    Example: python benchmark.py compare runs/results/pocket/auffusion.json runs/results/pocket/audioldm.json
    """
    with refusing():
        from tta_bench.report.sides import read_sides
        from tta_bench.report.verdict import compared

        found = compared(*read_sides(results), most=top)
    if as_json:
        print(json.dumps(to_json(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        show(found)


def to_json(found: Comparison) -> dict[str, object]:
    """The whole comparison as plain JSON values."""
    from tta_bench.report.verdict import verdict, winner
    from tta_bench.results import better

    def plain(one: Difference) -> dict[str, object]:
        return {**asdict(one), "better": better(found.a, one.metric), "winner": winner(one, found.a)}

    return {
        "board": found.a.board,
        "protocol": found.a.protocol,
        "a": found.a.model,
        "b": found.b.model,
        "verdict": verdict(found),
        "differences": [plain(one) for one in found.found],
        "not_compared": dict(found.not_compared),
        "buckets": {field: [{"bucket": b, **plain(one)} for b, one in rows] for field, rows in found.buckets.items()},
        "prompts": {
            metric: [{**row._asdict(), "difference": row.difference} for row in rows]
            for metric, rows in found.prompts.items()
        },
    }


def show(found: Comparison) -> None:
    """The comparison on stdout, the verdict first."""
    from tta_bench.report import screen, seeds
    from tta_bench.report.verdict import verdict

    a, out = found.a, screen.console(sys.stdout)
    sides = [
        f"{side}  {'. '.join(filter(None, [row.model, seeds.note(row)]))}" for side, row in (("A", a), ("B", found.b))
    ]
    head = [f"board {a.board}, protocol {a.protocol}", *sides, "", verdict(found)]
    out.print("\n".join(head), markup=False, emoji=False)
    out.print(screen.plain(["", "A", "B", "A - B", "95 %", "p", "p (Holm)", "better"], metric_rows(found)))
    for metric, why in found.not_compared.items():
        out.print(f"  {metric}: {why}", markup=False, emoji=False)
    for field in found.buckets:
        out.print(screen.plain(*bucket_rows(found, field)))
        out.print("  A - B (on fewer prompts); * not by chance: Holm-corrected p below 0.05\n", style="dim")
    if found.prompts:
        out.print(screen.plain(["differ most in", "prompt", "A", "B", "A - B"], prompt_rows(found)))


def metric_rows(found: Comparison) -> list[list[str]]:
    """A row a metric: both values, what lies between them, how sure that is, and which is better."""
    from tta_bench.report.compare import overall
    from tta_bench.report.tables import Cell
    from tta_bench.report.verdict import winner
    from tta_bench.types import Score

    side = {found.a.model: "A", found.b.model: "B", None: "–"}
    rows = []
    for one in found.found:
        values = [Cell(overall(result, one.metric)).value for result in (found.a, found.b)]
        apart = Cell(Score(one.metric, one.value, one.ci95, one.n, None))
        tested = [apart.value, apart.interval, chance(one.p), chance(one.p_holm), side[winner(one, found.a)]]
        rows.append([named(one.metric, found), *values, *tested])
    return rows


def bucket_rows(found: Comparison, field: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a field: a column a bucket, a row a metric."""
    from tta_bench.report.tables import number
    from tta_bench.report.verdict import winner

    apart = {(one.metric, bucket): one for bucket, one in found.buckets[field]}
    buckets = list(dict.fromkeys(bucket for _, bucket in apart))
    most = {bucket: max(one.n for (_, where), one in apart.items() if where == bucket) for bucket in buckets}

    def cell(metric: str, bucket: str) -> str:
        one = apart.get((metric, bucket))
        if one is None:
            return ""
        sure, fewer = winner(one, found.a), one.n != most[bucket]
        return number(one.value) + ("*" if sure else "") + (f" ({one.n})" if fewer else "")

    metrics = [metric for metric in found.a.per_clip if any(metric == name for name, _ in apart)]
    rows = [[named(metric, found), *(cell(metric, bucket) for bucket in buckets)] for metric in metrics]
    return [field, *buckets], [["prompts", *map(str, most.values())], *rows]


def prompt_rows(found: Comparison) -> list[list[str]]:
    """A row a prompt, by metric, the largest difference first."""
    from tta_bench.report.tables import number

    return [
        [named(metric, found), row.prompt, *(number(value) for value in (row.a, row.b, row.difference))]
        for metric, prompts in found.prompts.items()
        for row in prompts
    ]


def named(metric: str, found: Comparison) -> str:
    """A metric with its arrow."""
    from tta_bench.results import ARROWS, better

    return f"{metric} {ARROWS[better(found.a, metric)]}"


def chance(p: float) -> str:
    """A p value with three decimals."""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"
