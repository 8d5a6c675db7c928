"""Where a run's clips lie: what pages to hear and listening tests are made of, beside the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tta_bench import records
from tta_bench.types import Prompt, UserError

SCHEMA = 1
NAME = "clips/clips.json"
"""In the folder of results; paths in it are of the machine that ran."""


@dataclass(frozen=True)
class RunPrompt:
    """A prompt of the run's board."""

    id: str
    caption: str
    n_events: int | None
    reference: str | None
    """Path of the recording, where the board has some."""


@dataclass(frozen=True)
class RunClips:
    """All clips of a run but those of control rows."""

    board: str
    prompts: tuple[RunPrompt, ...]
    rows: Mapping[str, Mapping[str, str]]
    """Row -> prompt id -> path of its clip."""


def run_clips(
    board: str, prompts: Sequence[Prompt], references: Mapping[str, Path], rows: Mapping[str, Mapping[str, Path]]
) -> RunClips:
    """The record of a run, with absolute paths."""

    def path_of(prompt: str) -> str | None:
        return str(references[prompt].absolute()) if prompt in references else None

    return RunClips(
        board,
        tuple(RunPrompt(prompt.id, prompt.text, prompt.n_events, path_of(prompt.id)) for prompt in prompts),
        {row: {prompt: str(path.absolute()) for prompt, path in clips.items()} for row, clips in rows.items()},
    )


def to_json(clips: RunClips) -> dict[str, object]:
    """The record as plain JSON values."""
    return {"schema": SCHEMA, **asdict(clips)}


def read_clips(folder: Path) -> RunClips:
    """The clips of the run whose results lie in a folder. Raises UserError naming the file and what is wrong."""
    path = folder / NAME
    try:
        content = records.parse(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"Cannot read {path}: {error.strerror}. The main job and `score` write it beside their results; name that "
            "folder."
        ) from error
    except ValueError as error:
        raise UserError(
            f"{path} is not JSON: {error}. Run the same command again; nothing is computed twice."
        ) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise UserError(f"{path} is not a record of clips of schema {SCHEMA}. Run again with this version.")
    del content["schema"]
    try:
        return records.of(RunClips, content)
    except ValueError as error:
        raise UserError(f"{path} is no record of clips: {error}. Run again with this version.") from error
