"""From names on the command line to objects; each is checked where it enters."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tta_bench import boards, controls, generators, plugins, protocols, recipes, results
from tta_bench.generators import Generator
from tta_bench.programs import Program
from tta_bench.prompts import counting
from tta_bench.prompts.readers import read_prompts
from tta_bench.types import Board, UserError


def choose_device(name: str) -> str:
    """The device to run on; `auto` is a GPU where there is one. Raises UserError for one that is not here."""
    may_have_gpu = sys.platform != "linux" or any(Path("/dev").glob("nvidia[0-9]*"))
    if name == "cpu" or (name == "auto" and not may_have_gpu):
        return "cpu"
    import torch  # late, because scoring from stored features needs no torch

    gpu = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if gpu else "cpu"
    if not gpu or not re.fullmatch(r"cuda(:\d+)?", name):
        raise UserError(f"No device {name!r} here. There are: cpu{', cuda' if gpu else ''}.")
    return name


def choose_dtype(name: str) -> str:
    """A precision that networks can run in."""
    return plugins.choose(name, ("float32", "bfloat16"), kind="dtype")


def choose_controls(text: str) -> list[str]:
    """Control rows from their names, separated by commas."""
    return [plugins.choose(name, controls.CONTROLS, kind="control row") for name in split_names(text)]


def split_names(text: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


@dataclass(frozen=True)
class Rows:
    """The rows of a table, by what they are made from."""

    generators: tuple[Generator | Program, ...] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)
    controls: tuple[str, ...] = ()


def choose_board(name: str, metrics: str, limit: int | None, *, data: Path | None = None, count: str = "") -> Board:
    """The board of that name, with some of its metrics if any are named, and the first prompts of each bucket if
    there is a limit; for `data` and `count`, see `boards.find`."""
    found = boards.find(name, split_names(metrics), data=data, count=count)
    return boards.limited(found, limit) if limit else found


def check_references(board: Board, references: Path | None) -> None:
    """Raises UserError for recordings beside a board that renders its own references."""
    if board.scenes and references is not None:
        raise UserError(f"The references of board {board.name!r} are rendered. Leave --references out.")


def choose_rows(text: str, board: Board, *, weights_dir: Path | None, commands: Sequence[str] = ()) -> Rows:
    """The rows of the main job: models that generate, folders of clips by name, control rows, and programs by command.

    Raises UserError for what is none of them, for weights that are not here, and if two rows have one name.
    """
    given = split_names(text)
    folders = [name for name in given if "=" in name.partition(":")[0]]
    wanted = [name for name in given if name in controls.CONTROLS]
    models = [name for name in given if name not in {*folders, *wanted}]
    installed = recipes.names()
    for name in models:
        plugins.choose(
            name.partition(":")[0],
            [*generators.names(), *installed, *controls.CONTROLS],
            kind="model",
            also=", or NAME=DIR for a folder of clips",
        )
    found = Rows(
        (
            *(
                recipes.find(name, weights_dir=weights_dir)
                if name.partition(":")[0] in installed
                else generators.find(name, board, weights_dir=weights_dir)
                for name in models
            ),
            *(recipes.of_command(command) for command in commands),
        ),
        name_folders(folders),
        tuple(wanted),
    )
    _check_names([*(generator.row for generator in found.generators), *found.folders, *wanted])
    return found


def _check_names(rows: Sequence[str]) -> None:
    """Raises UserError if the files of two rows would have one name."""
    files: dict[str, str] = {}
    for row in rows:
        other = files.setdefault(results.file_name(row), row)
        if other is not row:
            raise UserError(f"Two rows would be named {row!r} and {other!r}, which is too alike. Leave one out.")


def name_folders(given: Sequence[str]) -> dict[str, Path]:
    """Row name -> folder, from `DIR` (named by the folder) or `NAME=DIR`; each name may be used once."""
    folders: dict[str, Path] = {}
    for text in given:
        name, _, path = text.rpartition("=")
        folder = Path(path if name else text)
        name = name or folder.resolve().name
        if name in folders or name in controls.CONTROLS:
            taken = folders.get(name, "a control row")
            raise UserError(
                f"Two rows would be named {name!r}: {taken} and {folder}. Name one with --generated NAME={folder}."
            )
        if not re.fullmatch(r"[\w][\w .+@-]*", name):
            raise UserError(f"{name!r} cannot name a row and its file. Name it with --generated NAME={folder}.")
        folders[name] = folder
    return folders


def make_board(prompts: Path, protocol: str, metrics: str, *, count: str = "", by: str = "") -> Board:
    """A board of one's own: a prompt file under a protocol. Named by the file, or by its folder.

    `count` is a way of `counting.COUNTS`, by default what the file says, else what its captions say; `by` names columns
    by which scores are told apart, or `temporal`, Tango's rule.
    """
    found, fields = read_prompts(prompts), split_names(by)
    way = plugins.choose(count or counting.way_of(found), counting.COUNTS, kind="way to count events")
    found = counting.told_apart(found, way, fields)
    nameless = prompts.stem in ("prompts", "captions", "clips", "metadata")
    name = prompts.resolve().parent.name if nameless else prompts.stem
    return Board(
        name,
        found,
        protocols.only(protocols.find(protocol), split_names(metrics)),
        by=tuple(dict.fromkeys(["relation", *fields])),
        remark=counting.REMARKS.get(way, ""),
    )
