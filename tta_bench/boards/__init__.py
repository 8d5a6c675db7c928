"""Boards: what must be equal for two numbers to be comparable. One TOML file each, beside its prompts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tta_bench import plugins, protocols
from tta_bench.types import Board, Event, Prompt, PromptSet, UserError

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The boards that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(name: str, metrics: Sequence[str] = ()) -> Board:
    """The board of that name, with some metrics of its protocol if any are named.

    Raises UserError for a name that is none, and if its prompts are not those that it was published with.
    """
    settings = tomllib.loads(
        (FOLDER / f"{plugins.choose(name, names(), kind='board')}.toml").read_text(encoding="utf-8")
    )
    prompts = read_prompts(FOLDER / settings["prompts"], name)
    if prompts.sha256 != settings["prompts_sha256"]:
        raise UserError(
            f"The prompts of board {name!r} have the sha256 {prompts.sha256}, not {settings['prompts_sha256']}: they "
            "were changed, and numbers on them compare with no others. Install the suite again."
        )
    captions = settings.get("training_captions")
    return Board(
        name=name,
        prompts=prompts,
        protocol=protocols.only(protocols.find(settings["protocol"]), metrics),
        duration=settings["duration"],
        scenes=settings.get("scenes", False),
        training_captions=FOLDER / captions if captions else None,
        remark=settings["remark"],
    )


def limited(board: Board, limit: int) -> Board:
    """The first prompts of each bucket, or of all where nobody counted their events: another board, and named so."""
    every = board.prompts
    buckets = [*every.buckets().values()] or [every.prompts]
    kept = {prompt.id for bucket in buckets for prompt in bucket[:limit]}
    prompts = PromptSet(every.name, tuple(prompt for prompt in every.prompts if prompt.id in kept))
    return replace(board, name=f"{board.name}-first-{limit}", prompts=prompts)


def read_prompts(path: Path, name: str) -> PromptSet:
    """Prompts with their timelines from JSON lines of our own."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return PromptSet(name, tuple(_prompt(row) for row in rows))


def _prompt(row: dict[str, object]) -> Prompt:
    known = {key: row.pop(key) for key in ("id", "caption", "n_events", "events")}
    events = tuple(
        Event(**event | {"soundings": tuple(tuple(sounding) for sounding in event["soundings"])})
        for event in known["events"]  # type: ignore[attr-defined]
    )
    fields = {key: str(value) for key, value in row.items()}
    return Prompt(str(known["id"]), str(known["caption"]), int(str(known["n_events"])), events, fields=fields)
