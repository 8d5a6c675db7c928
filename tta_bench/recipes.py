"""Systems in environments of their own: a TOML file each in `models/_external/`: how one is installed and run.

A recipe is data: the steps that make its environment, the files of each checkpoint, the command, and the settings of
the paper. It is a model's name like any other. `verified` says who has run it with the published weights.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import NoReturn

from tta_bench import generators, plugins, records, weights
from tta_bench.generators import State
from tta_bench.hashes import file_hashes, revision
from tta_bench.programs import SEEDLESS, Program
from tta_bench.store import digest
from tta_bench.types import ModelCard, UserError

UNVERIFIED = "Recipe not verified: nobody has run it with the published weights yet"
PROTOCOL = "docs/external-models.md"


@dataclass(frozen=True)
class Release:
    """One checkpoint of a system."""

    weights: tuple[str, ...]
    """Files that must be there, in the system's folder."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """In place of the recipe's."""
    note: str = ""


@dataclass(frozen=True)
class Recipe:
    """How a system is installed and run. In texts and commands `{home}` is its folder, `{recipes}` that of recipes."""

    system: str
    paper: str
    repository: str
    """Its address."""
    commit: str
    """Of the repository, which the recipe was read from."""
    licence: str
    """Of code and weights."""
    trained_on: tuple[str, ...]
    verified: str
    """"no", or who ran it with the published weights, and when."""
    seeds: bool
    """Whether a clip has a seed of its own."""
    facts: Mapping[str, object]
    """Of the system, for readers: parameters, sample rate, text encoder ..."""
    setup: str
    """Shell commands that make the environment and fetch the weights, in the system's folder."""
    command: tuple[str, ...]
    """The program; `{settings}` is the settings as JSON."""
    settings: Mapping[str, object]
    """Of the paper."""
    checkpoints: Mapping[str, Release]
    """By name; the first is meant where none is named."""
    sources: tuple[str, ...]
    """Where this is known from."""
    note: str = ""
    """What a reader of its numbers should know."""

    def note_of(self, checkpoint: str) -> str:
        """What a reader of a checkpoint's numbers should know, first of all whether anybody ever ran it."""
        unverified = UNVERIFIED if self.verified == "no" else ""
        return ". ".join(
            filter(None, [unverified, "" if self.seeds else SEEDLESS, self.note, self.checkpoints[checkpoint].note])
        )


def folder() -> Path:
    """Where the recipes lie."""
    return plugins.folder(generators.PACKAGE) / "_external"


def names() -> list[str]:
    """The recipes that there are."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def read(name: str) -> Recipe:
    """A recipe by its name. Raises UserError for a name that is none, and for a broken file."""
    return read_file(folder() / f"{plugins.choose(name, names(), kind='recipe')}.toml")


def read_file(path: Path) -> Recipe:
    """The recipe in a file. Raises UserError for a broken one."""
    try:
        return records.of(Recipe, records.parse_toml(path.read_bytes()))
    except ValueError as error:
        raise UserError(f"{path} is no recipe: {error}. {PROTOCOL} says what one holds.") from error


def find(model: str, *, weights_dir: Path | None) -> Program:
    """The program that `name` or `name:checkpoint` means. Raises UserError if it, or its weights, are not installed."""
    name, _, checkpoint = model.partition(":")
    recipe = read(name)
    checkpoint = checkpoint or next(iter(recipe.checkpoints))
    release = recipe.checkpoints[plugins.choose(checkpoint, recipe.checkpoints, kind=f"checkpoint of {name}")]
    home = home_of(name, weights_dir)
    settings = {**recipe.settings, **release.settings}
    command = tuple(_filled(word, home, settings) for word in recipe.command)
    _check_installed(name, command, home, release)
    files = {each: home / each for each in release.weights} | _own_files(recipe, home)
    decisive = {
        **settings,
        "command": list(recipe.command),
        "environment": environment(Path(command[0])),
        "source_sha256": _source_sha256(home / "repo"),
    }
    card = _card(name, checkpoint, decisive, files, recipe)
    about = {"name": name, "sha256": file_hashes(folder() / f"{name}.toml")["sha256"], "verified": recipe.verified}
    where = home / "repo" if (home / "repo").is_dir() else home
    row = generators.row_name(model)
    return Program(row, name, checkpoint, command, card, files, recipe.note_of(checkpoint), where, about)


def of_command(given: str) -> Program:
    """The program of `NAME=COMMAND`. Files that the command names are part of what decides its clips.

    Raises UserError if it is not written so, or names a program that is not here.
    """
    name, equals, text = given.partition("=")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"--model-command {given!r} cannot be read: {error}. Write NAME='COMMAND'.") from error
    if not (equals and words and re.fullmatch(r"[\w][\w .+@-]*", name)):
        raise UserError(f"--model-command is {given!r}. Write NAME=COMMAND; {PROTOCOL} says what a program must do.")
    program = shutil.which(words[0])
    if program is None:
        raise UserError(f"--model-command {name}: there is no program {words[0]!r} here. Give its path.")
    files = {f"{i}-{Path(word).name}": Path(word) for i, word in enumerate(words) if Path(word).is_file()}
    card = _card(name, text, {"command": words, "environment": environment(Path(program))}, files, None)
    return Program(name, name, text, (program, *words[1:]), card, files, "Made by a program of the user's")


def _card(
    name: str, checkpoint: str, settings: Mapping[str, object], files: Mapping[str, Path], recipe: Recipe | None
) -> ModelCard:
    written_by = plugins.code_sha256("tta_bench.audio")
    return ModelCard(
        name=name,
        checkpoint=checkpoint,
        revision=revision(files, memory=weights.default_cache_dir() / weights.MEMORY),
        settings={**settings, "code_sha256": written_by},
        trained_on=recipe.trained_on if recipe else ("unknown",),
        licence=recipe.licence if recipe else "unknown",
        paper=recipe.paper if recipe else "",
    )


def fetch(model: str) -> NoReturn:
    """Raises UserError with the steps that install a system: its environment and weights are made by hand."""
    name = model.partition(":")[0]
    home = home_of(name, None)
    steps = read(name).setup.strip().replace("\n", "\n  ")
    raise UserError(f"{name} is installed by hand. In a folder {home}:\n  {steps}\n{PROTOCOL} has the rest.")


def states(*, weights_dir: Path | None) -> list[State]:
    """Every checkpoint of every recipe, and whether it is installed."""
    return [
        State(
            f"{name}:{checkpoint}",
            "published",
            _here(f"{name}:{checkpoint}", weights_dir),
            recipe.licence,
            recipe.trained_on,
            recipe.note_of(checkpoint),
            recipe.facts,
        )
        for name in names()
        for recipe in [read(name)]
        for checkpoint in recipe.checkpoints
    ]


def home_of(name: str, weights_dir: Path | None) -> Path:
    """A system's folder: in `weights_dir` if it has one of that name, else in the cache."""
    if weights_dir and (weights_dir / name).is_dir():
        return (weights_dir / name).absolute()
    return weights.default_cache_dir() / "external" / name


def environment(program: Path) -> dict[str, object]:
    """Python and package versions of the virtual environment in whose `bin` a program lies, read and not run.

    Empty for a program that lies in none.
    """
    prefix = program.parent.parent
    if not any((prefix / mark).exists() for mark in ("pyvenv.cfg", "conda-meta")):
        return {}
    sites = sorted(prefix.glob("lib/python3*/site-packages"))
    packages = {str(each.name).lower(): each.version for each in distributions(path=[str(site) for site in sites])}
    return {"python": [site.parent.name for site in sites], "packages": dict(sorted(packages.items()))}


def _filled(word: str, home: Path, settings: Mapping[str, object]) -> str:
    # Not str.format: settings are JSON, which has braces.
    places = {"{home}": str(home), "{recipes}": str(folder()), "{settings}": json.dumps(settings)}
    return re.sub(r"\{\w+\}", lambda found: places.get(found[0], found[0]), word)


def _check_installed(name: str, command: tuple[str, ...], home: Path, release: Release) -> None:
    steps = f"`python benchmark.py weights fetch {name}` prints the steps that install it."
    if not Path(command[0]).is_file():
        raise UserError(f"{name} runs in an environment of its own, and {command[0]} is not there. {steps}")
    missing = [each for each in release.weights if not (home / each).is_file()]
    if missing:
        raise UserError(f"{name}: the weights {missing[0]} are not in {home}. {steps}")


def _own_files(recipe: Recipe, home: Path) -> dict[str, Path]:
    """Files of ours that the command names, and what they share."""
    words = [word for word in recipe.command if word.startswith("{recipes}/")]
    found = {Path(_filled(word, home, {})) for word in words}
    shared = {path for each in found for path in each.parent.glob("_*.py")}
    return {path.name: path for path in sorted(found | shared)}


def _source_sha256(repository: Path) -> str:
    """Of the names and bytes of all Python files of a checkout; of none, where there is no checkout."""
    sources = sorted(repository.rglob("*.py"))
    return digest([[str(path.relative_to(repository)), file_hashes(path)["sha256"]] for path in sources])


def _here(model: str, weights_dir: Path | None) -> bool:
    try:
        return bool(find(model, weights_dir=weights_dir))
    except UserError:
        return False
