"""What a run would do, without doing it: nothing is written, rendered, decoded or generated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from tta_bench import audio, checking, costs, generating
from tta_bench.arguments import Rows
from tta_bench.checking import Settings
from tta_bench.embedding import Stage
from tta_bench.generators import Generator
from tta_bench.programs import Program
from tta_bench.prompts.folders import match_clips
from tta_bench.types import Board

Kind = Literal["references", "model", "folder", "control"]


class PlannedRow(NamedTuple):
    """A row of the table, or its references."""

    row: str
    kind: Kind
    n_clips: int
    n_here: int | None
    """Clips that are there; None for control rows, which are made from the references."""
    n_features: int | None
    """Features to be computed, of all networks together; None where that shows only when the clips are there."""
    source: str
    """Where the clips or the weights are."""
    seconds: float | None = None
    """To make the clips that are not here, at the speed at which earlier ones of this model and store were made, on the
    machine that made most; None where none was, and for rows that no model makes."""
    peak_bytes: int | None = None
    """Of memory that those took."""


class Outline(NamedTuple):
    """A whole run."""

    rows: list[PlannedRow]
    weights: dict[str, str]
    """Network or model -> the folder of its weights, or folders; the empty string where it needs none."""
    free: int
    """Bytes that the store's disk has left."""


def outline(board: Board, rows: Rows, references: Path | None, settings: Settings) -> Outline:
    """What a run on these rows would do. Raises UserError as the run would, but for what only decoding shows."""
    stages = checking.stages_of(board, settings)
    if board.scenes:
        from tta_bench import references as scenes  # late, because folders of clips need no synthesiser

        references = scenes.folder(board, settings.store)
    checking.check_references_given(board, references, rows.controls)
    every = list(dict.fromkeys(stages.values()))
    compared = [stages[metric.name] for metric in board.protocol.metrics if metric.against == "reference"]
    planned = [
        *_references(board, references, list(dict.fromkeys(compared)), settings),
        *(_model(generator, board, every, settings) for generator in rows.generators),
        *(_folder(name, folder, board, every, settings) for name, folder in rows.folders.items()),
        *_controls(board, rows.controls),
    ]
    to_make = sum(row.n_clips - (row.n_here or 0) for row in planned if row.kind == "model")
    if to_make:
        generating.check_disk(to_make, board, settings.store)
    files = {stage.key.embedder: stage.weights.files for stage in every}
    files |= {f"{generator.name}:{generator.checkpoint}": generator.files for generator in rows.generators}
    return Outline(planned, {name: _place(found) for name, found in files.items()}, settings.store.free)


def _place(files: Mapping[str, Path]) -> str:
    """The folders that files lie in under their published names, which may have folders of their own."""
    return ", ".join(sorted({str(path.parents[name.count("/")]) for name, path in files.items()}))


def _references(board: Board, folder: Path | None, stages: Sequence[Stage], settings: Settings) -> list[PlannedRow]:
    if folder is None:
        return []
    # Scenes are rendered into their folder when the run begins.
    found = match_clips(folder, board.prompts, shared=True).found if folder.exists() or not board.scenes else {}
    return [PlannedRow("references", "references", *_counts(board, found.values(), stages, settings), str(folder))]


def _model(generator: Generator | Program, board: Board, stages: Sequence[Stage], settings: Settings) -> PlannedRow:
    # Without a card, which the first loading leaves behind, no clip can have been made.
    card = generating.known_card(generator, settings)
    paths = [take.path for take in generating.takes(card, board, settings)] if card else []
    n, n_here, n_features = _counts(board, paths, stages, settings)
    source = f"{generator.name}:{generator.checkpoint}"
    known = max(costs.noted(settings.store, card), key=lambda cost: cost.clips, default=None) if card else None
    if known is None:
        return PlannedRow(generator.row, "model", n, n_here, n_features, source)
    seconds = (n - n_here) * generating.duration_of(board) * known.rtf
    return PlannedRow(generator.row, "model", n, n_here, n_features, source, seconds, known.peak_bytes or None)


def _folder(name: str, folder: Path, board: Board, stages: Sequence[Stage], settings: Settings) -> PlannedRow:
    match = match_clips(folder, board.prompts)
    checking.check_missing(name, checking.unmatched(match), len(board.prompts.prompts), settings)
    return PlannedRow(name, "folder", *_counts(board, match.found.values(), stages, settings), str(folder))


def _controls(board: Board, names: Sequence[str]) -> list[PlannedRow]:
    n = len(board.prompts.prompts)
    return [
        PlannedRow(name, "control", n, None, None, "made from the references")
        for name in checking.with_yardstick(board, names)
    ]


def _counts(board: Board, paths: Iterable[Path], stages: Sequence[Stage], settings: Settings) -> tuple[int, int, int]:
    """Clips, those of them that are there, and features to be computed, of a row whose clips are to lie at `paths`."""
    n = len(board.prompts.prompts)
    here = [audio.file_sha256(path) for path in paths if path.exists()]
    known = sum(settings.store.has_features(stage.key.of(sha256)) for sha256 in here for stage in stages)
    return n, len(here), n * len(stages) - known
