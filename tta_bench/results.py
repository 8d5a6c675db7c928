"""Results as JSON: the truth from which every table and page is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tta_bench import records
from tta_bench.types import Result, UserError

SCHEMA = 1


def to_json(result: Result) -> dict[str, object]:
    """The whole result as plain JSON values."""
    return {"schema": SCHEMA, **asdict(result)}


def file_name(model: str) -> str:
    """What the result of a row is called on disk; no system forbids it."""
    return f"{model.replace(':', '-')}.json"


def summary(results: Sequence[Result]) -> dict[str, object]:
    """What `--json` prints: board, protocol, and each model's scores."""
    rows = [{"model": r.model, "control": r.control, "scores": [asdict(score) for score in r.scores]} for r in results]
    return {"board": results[0].board, "protocol": results[0].protocol, "results": rows}


def read(path: Path) -> Result:
    """A result from its JSON file. Raises UserError naming the file and what is wrong with it."""
    try:
        content = records.parse(path.read_bytes())
    except OSError as error:
        raise UserError(f"Cannot read result {path}: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}. Results are the .json files that `score` writes.") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else type(content).__name__
        raise UserError(f"{path} is not a result of schema {SCHEMA} (found: {found}). Score again with this version.")
    del content["schema"]
    try:
        found = records.of(Result, content)
        _check_provenance(found)
    except ValueError as error:
        raise UserError(f"{path} is no result: {error}. It was cut short or edited; score again.") from error
    return found


def _check_provenance(result: Result) -> None:
    """Raises ValueError unless it says what tables need: the board's hash, and which way each metric is better."""
    if not isinstance(board_of(result).get("board_sha256"), str):
        raise ValueError("provenance.board.board_sha256 is no text")
    metrics = result.provenance.get("metrics")
    for name in {score.metric for score in result.scores}:
        column = metrics.get(name) if isinstance(metrics, dict) else None
        if not isinstance(column, dict) or column.get("better") not in ARROWS:
            raise ValueError(f"provenance.metrics.{name}.better is neither of {', '.join(ARROWS)}")


def read_all(paths: Sequence[Path]) -> list[Result]:
    """Results whose numbers can be compared. Raises UserError where boards or protocols forbid it."""
    results = [read(path) for path in paths]
    for result, path in zip(results, paths, strict=True):
        if (board_hash(result), result.protocol) != (board_hash(results[0]), results[0].protocol):
            raise UserError(
                f"{path} is of board {result.board!r} and protocol {result.protocol!r}, {paths[0]} of "
                f"{results[0].board!r} and {results[0].protocol!r} (or of other prompts or references): "
                "their numbers cannot be compared. Make one table each."
            )
    return results


def board_hash(result: Result) -> str:
    """Hash of the prompts, references and protocol behind a result."""
    return str(result.provenance["board"]["board_sha256"])  # type: ignore[index]


ARROWS = {"lower": "↓", "higher": "↑"}
"""Which way a metric is better."""


def board_of(result: Result) -> Mapping[str, Any]:
    """What a result says of its board; empty where it says nothing."""
    board = result.provenance.get("board", {})
    return board if isinstance(board, dict) else {}


def card_of(result: Result) -> Mapping[str, Any]:
    """The card of the model that made the clips; empty where the suite did not generate them."""
    card = result.provenance.get("model", {})
    return card if isinstance(card, dict) else {}


def better(result: Result, metric: str) -> str:
    """Which way a metric is better: "lower" or "higher"."""
    return str(result.provenance["metrics"][metric]["better"])  # type: ignore[index]
