"""A folder of results as the app needs it: its page, and the prompts of its board with their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tta_bench.types import Result, UserError

PAGE = "leaderboard.html"
CLIPS = "clips"
DURATION = 5.0
"""Seconds of a clip where no board says otherwise."""


@dataclass(frozen=True)
class Run:
    """Results of one board."""

    folder: Path
    board: str
    page: bytes
    captions: Mapping[str, str]
    """Id -> caption of the board's prompts; none where the board is not one of ours."""
    duration: float
    """Seconds of the board's clips."""
    seeds: Mapping[str, int]
    """Id -> the seed with which the run made its clip."""

    def seed(self, prompt: str) -> int:
        """That of a run with seed 0 where nothing was generated."""
        from tta_bench.generating import clip_seed

        return self.seeds[prompt] if prompt in self.seeds else clip_seed(0, prompt)


def read_run(folder: Path) -> Run:
    """The results in a folder, with its page, or one made now. Raises UserError for a folder without results."""
    from tta_bench import results

    files = sorted(folder.glob("*.json"))
    if not files:
        raise UserError(f"'{folder}' holds no results (.json). Name a folder that the main job or `score` wrote.")
    found = results.read_all(files)
    captions, duration = _board(found[0].board)
    page = folder / PAGE
    return Run(
        folder,
        found[0].board,
        page.read_bytes() if page.is_file() else _page(found),
        captions,
        duration,
        _seeds(found),
    )


def _board(name: str) -> tuple[dict[str, str], float]:
    """Captions by id, and seconds of clips: of a board that is here, for others nothing is known."""
    from tta_bench import boards

    try:
        board = boards.find(name)
    except UserError:
        return {}, DURATION
    return {prompt.id: prompt.text for prompt in board.prompts.prompts}, board.duration or DURATION


def _page(found: list[Result]) -> bytes:
    from tta_bench.report.compare import differences
    from tta_bench.report.formats import html
    from tta_bench.report.tables import all_tables

    compared = differences(found)
    return html(found, compared, all_tables(found, compared), pictures=[]).encode()


def _seeds(found: list[Result]) -> dict[str, int]:
    generations: list[Any] = [result.provenance.get("generation") or {} for result in found]
    return next((dict(said["seeds"]) for said in generations if "seeds" in said), {})
