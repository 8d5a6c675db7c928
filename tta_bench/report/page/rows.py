"""What the page says of each row: its numbers with ranks, its card, its cost, and what made it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tta_bench.report.compare import Difference
from tta_bench.report.figures import costs_of
from tta_bench.report.tables import SIGNIFICANCE, Cell, make_table
from tta_bench.results import ARROWS, better, board_of, card_of
from tta_bench.types import Result

LONG = ("clips",)
"""Parts of the provenance that have an entry a prompt: they stay in the JSON."""


@dataclass(frozen=True)
class Ranked:
    """A number and its place."""

    cell: Cell
    rank: int | None
    """1 + the number of models that are surely better; None for control rows and where there is no number."""


@dataclass(frozen=True)
class Row:
    """A line of the page's table."""

    name: str
    control: bool
    n: int
    cells: Mapping[str, Ranked]
    trained_on: tuple[str, ...]
    trained_here: bool | None
    """Whether its training sets have the board's own training part among them; None if they are not known."""
    licence: str
    parameters: float | None
    """Millions."""
    cost: Mapping[str, float]
    note: str
    provenance: Mapping[str, Any]


def told(result: Result) -> dict[str, Any]:
    """The board and its protocol in plain words."""
    board = board_of(result)
    return {
        "name": result.board,
        "protocol": result.protocol,
        "summary": str(board.get("protocol", "")).replace("`", ""),  # of Markdown
        "remark": board.get("remark", ""),
        "n": board.get("n_prompts"),
        "dataset": board.get("dataset", ""),
    }


def protocol_of(result: Result) -> list[dict[str, Any]]:
    """Each metric with its network, whether that is the published one, and where the definition comes from."""
    metrics: Any = result.provenance.get("metrics", {})
    weights: Any = result.provenance.get("weights", {})
    return [
        {
            "name": name,
            "arrow": ARROWS[said["better"]],
            "embedder": said.get("embedder", ""),
            "sample_rate": said.get("preprocessing", {}).get("sample_rate"),
            "sha256": weights.get(said.get("embedder"), {}).get("sha256", ""),
            "verified": weights.get(said.get("embedder"), {}).get("verified", False),
            "paper": said.get("paper", ""),
        }
        for name, said in metrics.items()
    ]


def rows_of(results: Sequence[Result], found: Sequence[Difference]) -> list[Row]:
    """Models first, then control rows; `found` by `differences`."""
    table = make_table(results, found)
    metrics = [column.partition(" ")[0] for column in table.columns]
    by_name = {result.model: result for result in results}
    return [
        _row(by_name[line.name], line.n, dict(zip(metrics, line.cells, strict=True)), found) for line in table.lines
    ]


def _row(result: Result, n: int, cells: Mapping[str, Cell], found: Sequence[Difference]) -> Row:
    card = card_of(result)
    cost = costs_of(result)
    return Row(
        result.model,
        result.control,
        n,
        {metric: Ranked(cell, _rank(result, metric, cell, found)) for metric, cell in cells.items()},
        tuple(card.get("trained_on", ())),
        _trained_here(card.get("trained_on"), str(board_of(result).get("dataset", ""))),
        str(card.get("licence", "")),
        cost.get("parameters"),
        cost,
        str(card.get("note", "")),
        _provenance(result),
    )


def _rank(result: Result, metric: str, cell: Cell, found: Sequence[Difference]) -> int | None:
    """Only what a paired difference separates is apart: models of one rank cannot be told apart from its first."""
    if result.control or cell.score.value is None:
        return None
    sign = 1 if better(result, metric) == "lower" else -1
    surely_better = [
        d
        for d in found
        if d.metric == metric
        and d.p_holm < SIGNIFICANCE
        and ((d.a == result.model and sign * d.value > 0) or (d.b == result.model and sign * d.value < 0))
    ]
    return 1 + len(surely_better)


def _trained_here(trained_on: Sequence[str] | None, dataset: str) -> bool | None:
    if not trained_on or not dataset:
        return None
    return any(dataset.lower() in name.lower() for name in trained_on)


def _provenance(result: Result) -> dict[str, Any]:
    """What made a row, without what has an entry a prompt, and the command that makes it again."""
    kept = {key: value for key, value in result.provenance.items() if key not in LONG}
    board = {key: value for key, value in board_of(result).items() if not isinstance(value, (dict, list))}
    generation: Any = kept.get("generation") or {}
    kept |= {"board": board} if "board" in kept else {}
    kept |= {"generation": {key: value for key, value in generation.items() if key != "seeds"}} if generation else {}
    return {"command_line": command_line(result), **kept}


def command_line(result: Result) -> str:
    """The command that makes a result again, as far as it says what was asked for."""
    asked: Any = result.provenance.get("command") or {}
    words = ["python", "benchmark.py", *(["score"] if "generated" in asked else [])]
    for name, value in asked.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None and each is not False and each != "":
                words += [f"--{name.replace('_', '-')}", *([] if each is True else [str(each)])]
    return shlex.join(words)
