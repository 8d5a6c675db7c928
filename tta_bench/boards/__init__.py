"""Boards: what must be equal for two numbers to be comparable. One TOML file each; a copy is a board of one's own.

protocol = "audioldm_eval-16k"      # see `list protocols`
prompts = "mine.csv"                # beside this file; or
dataset = "audiocaps"               # a set that its owners publish, and of it
list = "auffusion761"               # the captions of a published list
prompts_sha256 = "..."              # of ids, captions and counts: another set is refused
n_prompts = 761
count = "clauses"                   # how events are counted where nobody did; see `prompts.counting`
by = ["temporal"]                   # fields by which scores are told apart
gap_column = "notes"                # says to which group a prompt belongs, of those that are to be treated alike:
gaps = { gender = ["male", "female"] }
bases = "tta-bench-accuracy"        # set with the captions that this one's are perturbed from, named in `notes`
duration = 10.0                     # seconds of a clip
remark = "..."                      # what a reader of its numbers must know
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tta_bench import datasets, paths, plugins, protocols, records
from tta_bench.prompts import counting, readers
from tta_bench.types import Board, Event, Prompt, PromptSet, UserError

FOLDER = Path(__file__).parent
NEEDED = ("protocol", "duration")
KINDS: Mapping[str, Any] = {
    "protocol": str, "prompts": str, "dataset": str, "list": str, "bases": str, "count": str, "gap_column": str,
    "prompts_sha256": str, "remark": str, "n_prompts": int, "by": tuple[str, ...], "scenes": bool, "duration": float,
    "gaps": Mapping[str, tuple[str, ...]], "training_captions": str,
}  # fmt: skip
LONGEST = 3600
"""Seconds that a clip may last: more is a slip, and would fill a disk."""


def names() -> list[str]:
    """The boards that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def settings_of(name: str) -> tuple[str, Path, dict[str, Any]]:
    """Name, folder and settings of a board, or of the .toml file that `name` is the path of.

    Raises UserError for a name that is none, and for a file that states what no board has, or lacks what each has.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{plugins.choose(name, names(), kind='board', also=', or a .toml file')}.toml"
    try:
        settings = records.parse_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"The board '{path}' cannot be read: {error}.") from error
    if unknown := sorted(settings.keys() - KINDS.keys()):
        raise UserError(f"'{path}' states {unknown[0]!r}, which no board has. There are: {', '.join(sorted(KINDS))}.")
    try:
        settings = {key: records.checked(KINDS[key], value, key) for key, value in settings.items()}
    except ValueError as error:
        raise UserError(f"'{path}': {error}. The boards that ship show what each setting is.") from error
    if not 0 < settings.get("duration", 1) <= LONGEST:
        raise UserError(f"'{path}', duration: {settings['duration']} is not within 0 and {LONGEST} seconds.")
    if missing := [key for key in NEEDED if key not in settings]:
        raise UserError(f"'{path}' does not state {missing[0]!r}. A board needs {', '.join(NEEDED)}, and prompts.")
    if ("prompts" in settings) == ("dataset" in settings):
        raise UserError(
            f"'{path}' needs either `prompts`, a file beside it, or `dataset`, the name of a published set."
        )
    for key in ("prompts", "training_captions"):
        try:
            paths.below(path.parent, settings.get(key, "none"))
        except ValueError as error:
            raise UserError(f"'{path}', {key}: {error}. Put the file beside the board.") from error
    for key, other in (("list", "dataset"), ("bases", "dataset"), ("gaps", "gap_column"), ("gap_column", "gaps")):
        if key in settings and other not in settings:
            raise UserError(f"'{path}' states {key!r} without {other!r}, and so means nothing. State both, or neither.")
    return path.stem, path.parent, settings


def find(name: str, metrics: Sequence[str] = (), *, data: Path | None = None, count: str = "") -> Board:
    """The board of that name, or of that .toml file, with some metrics of its protocol if any are named.

    `data` is a folder with the files of published sets; without it, they are looked for in the cache. `count` is
    another way of counting events than the board's: see `counting.COUNTS`. Raises UserError for a name that is none,
    and if its prompts are not here, or not those that it was published with.
    """
    name, folder, settings = settings_of(name)
    prompts = _prompts(name, folder, settings, data)
    wanted = settings.get("prompts_sha256")
    if wanted is not None and prompts.sha256 != wanted:
        raise UserError(
            f"The prompts of board {name!r} have the sha256 {prompts.sha256}, not {wanted}: they were changed, and "
            "numbers on them compare with no others. Install the suite again, or state the new hash in a board of "
            "your own."
        )
    if settings.get("n_prompts", len(prompts.prompts)) != len(prompts.prompts):
        raise UserError(f"Board {name!r} is of {settings['n_prompts']} prompts, and {len(prompts.prompts)} are here.")
    usual = settings.get("count") or counting.way_of(prompts)
    way = plugins.choose(count or usual, counting.COUNTS, kind="way to count events")
    prompts = counting.told_apart(_grouped(prompts, settings), way, settings.get("by", ()))
    captions = settings.get("training_captions")
    return Board(
        name=name if way == usual else f"{name}-by-{count}",
        prompts=prompts,
        protocol=protocols.only(protocols.find(settings["protocol"]), metrics),
        duration=settings["duration"],
        scenes=settings.get("scenes", False),
        by=tuple(settings.get("by", ("relation",))),
        gaps=tuple(settings.get("gaps", ())),
        training_captions=folder / captions if captions else None,
        remark="; ".join(filter(None, (settings.get("remark", ""), counting.REMARKS.get(way, "")))),
        dataset=settings.get("dataset", "scenes" if settings.get("scenes", False) else ""),
    )


def _grouped(prompts: PromptSet, settings: Mapping[str, Any]) -> PromptSet:
    """The prompts with a field for each of `gaps`, that says to which of its groups they belong, if to any."""
    groups, column = settings.get("gaps", {}), settings.get("gap_column", "")
    there = {prompt.fields.get(column, "") for prompt in prompts.prompts}
    if lacking := [f"{name} {said!r}" for name, known in groups.items() for said in known if said not in there]:
        raise UserError(f"No prompt has {lacking[0]} in the column {column!r}, which a board's gaps name.")
    told = (
        replace(prompt, fields={**prompt.fields, **{name: said for name, known in groups.items() if said in known}})
        for prompt in prompts.prompts
        for said in [prompt.fields.get(column, "")]
    )
    return PromptSet(prompts.name, tuple(told))


def _prompts(name: str, folder: Path, settings: Mapping[str, Any], data: Path | None) -> PromptSet:
    if "dataset" in settings:
        found = datasets.read(settings["dataset"], data)
        if "bases" in settings:
            return datasets.with_bases(found, datasets.read(settings["bases"], data))
        return datasets.listed(found, settings["list"]) if "list" in settings else found
    if settings.get("scenes", False):
        return read_prompts(folder / settings["prompts"], name)
    return readers.read_prompts(folder / settings["prompts"], name=name)


def limited(board: Board, limit: int) -> Board:
    """The first prompts of each bucket, or of all where nobody counted their events: another board, and named so."""
    every = board.prompts
    buckets = [*every.buckets().values()] or [every.prompts]
    kept = {prompt.id for bucket in buckets for prompt in bucket[:limit]}
    prompts = PromptSet(every.name, tuple(prompt for prompt in every.prompts if prompt.id in kept))
    return replace(board, name=f"{board.name}-first-{limit}", prompts=prompts)


def read_prompts(path: Path, name: str) -> PromptSet:
    """Prompts with their timelines from JSON lines of our own. Raises UserError for anything else."""
    try:
        rows = [records.parse(line) for line in path.read_bytes().splitlines()]
        found = tuple(_prompt(row) for row in rows)
    except (OSError, ValueError) as error:
        raise UserError(
            f"'{path}' holds no prompts with timelines: {error}. The boards that ship have some."
        ) from error
    if not found or len({prompt.id for prompt in found}) < len(found):
        raise UserError(f"'{path}' holds no prompts, or two of one id. Give each an id of its own.")
    return PromptSet(name, found)


def _prompt(row: object) -> Prompt:
    """A prompt, all that nobody else names in its fields. Raises ValueError for a value of another kind."""
    if not isinstance(row, dict):
        raise ValueError(f"a line is no object but {str(row)[:60]!r}")
    own = records.of(_Timeline, {key: row[key] for key in _OWN if key in row})
    if problem := readers.unsafe(own.id):
        raise ValueError(f"the id {own.id[:60]!r} {problem}")
    fields = {key: str(records.checked(object, row[key], key)) for key in row if key not in _OWN}
    return Prompt(own.id, own.caption, own.n_events, own.events, fields=fields)


@dataclass(frozen=True)
class _Timeline:
    """What each of our own lines has."""

    id: str
    caption: str
    n_events: int
    events: tuple[Event, ...]


_OWN = ("id", "caption", "n_events", "events")
