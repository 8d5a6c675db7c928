"""The models that generate: the files and packages in `models/`, by name, each with its checkpoints.

The suite knows none of them: it loads by name whatever offers what `ModelFile` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, cast

from tta_bench import plugins, weights
from tta_bench.hashes import revision
from tta_bench.types import Board, TextToAudioModel, UserError

PACKAGE = "models"
FINDERS = ("tta_bench.weights", "tta_bench.hashes", "models._shared.folders", "models._shared.cards")
"""Code that finds weights and describes them, and decides nothing: their bytes are hashed. A new row in a table of
published checkpoints would else make every clip anew."""
Files = Mapping[str, Path]
"""Published name -> where it is."""
Flavour = Literal["pocket", "published"]
"""Whether a checkpoint is made for boards of scenes, or is that of a paper."""


class Known(Protocol):
    """What is known of a checkpoint."""

    @property
    def flavour(self) -> Flavour:
        """Which boards it is for."""
        ...

    @property
    def trained_on(self) -> tuple[str, ...]:
        """Names of data sets."""
        ...

    @property
    def licence(self) -> str:
        """Of the weights."""
        ...

    @property
    def note(self) -> str:
        """What a reader of its numbers should know, or the empty string."""
        ...

    @property
    def facts(self) -> Mapping[str, object]:
        """Whatever else a list should show, plain values by name: sizes, settings, whether anyone has run it ..."""
        ...


class ModelFile(Protocol):
    """What a file or package in `models/` offers. It imports torch, and whatever else is heavy, in `load` only."""

    @property
    def CHECKPOINTS(self) -> Mapping[str, Known]:  # noqa: N802
        """By name; the first of a flavour is the one that is meant where none is named."""
        ...

    def find(self, checkpoint: str, *, cache_dir: Path, weights_dir: Path | None) -> Files:
        """Its files on this disk, of a checkpoint or of the folder that `checkpoint` is the path of.

        Raises UserError, which says from where to get them, if they are not here.
        """
        ...

    def fetch(self, checkpoint: str) -> Files:
        """The same, brought from where they are published. Raises UserError if they cannot be had."""
        ...

    def load(self, checkpoint: str, files: Files, *, device: str, dtype: str) -> TextToAudioModel:
        """The model, ready to generate. Raises UserError for files that are damaged, or another model's."""
        ...


@dataclass(frozen=True)
class Generator:
    """A model with a checkpoint whose files are here."""

    row: str
    """Name of its row."""
    name: str
    """Of its file in `models/`."""
    checkpoint: str
    files: Files
    sha256: str
    """Of the names and bytes of the files."""
    note: str
    """What a reader of its numbers should know, or the empty string."""

    @property
    def code_sha256(self) -> str:
        """Of the source that turns weights and captions into files."""
        return plugins.code_sha256(f"{PACKAGE}.{self.name}", "tta_bench.audio", without=FINDERS)

    def load(self, device: str, dtype: str) -> TextToAudioModel:
        """The model, loaded now."""
        return model_file(self.name).load(self.checkpoint, self.files, device=device, dtype=dtype)


class State(NamedTuple):
    """A checkpoint in a list."""

    model: str
    """`name:checkpoint`."""
    flavour: str
    here: bool
    licence: str
    trained_on: tuple[str, ...]
    note: str
    facts: Mapping[str, object]


def names() -> list[str]:
    """The models that there are."""
    return plugins.names(PACKAGE)


def model_file(name: str) -> ModelFile:
    """The file or package of a model, imported now. Raises UserError for a name that is none."""
    return cast(ModelFile, plugins.load(PACKAGE, name, kind="model"))


def row_name(model: str) -> str:
    """What the row of `name`, `name:checkpoint` or `name:path/of/a/folder` is called."""
    name, colon, checkpoint = model.partition(":")
    return f"{name}{colon}{Path(checkpoint).name}"


def find(model: str, board: Board, *, weights_dir: Path | None) -> Generator:
    """The generator that `name` or `name:checkpoint` means on a board; `name` alone is the board's own checkpoint.

    Raises UserError if there is none of that name, or its weights are not here.
    """
    name, _, checkpoint = model.partition(":")
    file = model_file(name)
    checkpoint = checkpoint or _default(name, file, board)
    if not Path(checkpoint).is_dir():
        plugins.choose(
            checkpoint, file.CHECKPOINTS, kind=f"checkpoint of {name}", also=f", or {name}:DIR for a folder of one"
        )
    cache_dir = weights.default_cache_dir()
    files = file.find(checkpoint, cache_dir=cache_dir, weights_dir=weights_dir)
    known = file.CHECKPOINTS.get(checkpoint)
    sha256 = revision(files, memory=cache_dir / weights.MEMORY)
    return Generator(row_name(model), name, checkpoint, files, sha256, known.note if known else "")


def _default(name: str, file: ModelFile, board: Board) -> str:
    flavour: Flavour = "pocket" if board.scenes else "published"
    for checkpoint, known in file.CHECKPOINTS.items():
        if known.flavour == flavour:
            return checkpoint
    raise UserError(
        f"{name} has no {flavour} checkpoint, which is what board {board.name!r} takes where none is named. Name one: "
        f"{', '.join(f'{name}:{checkpoint}' for checkpoint in file.CHECKPOINTS)}."
    )


def fetch(model: str) -> Files:
    """The files of `name:checkpoint`, from where they are published. Raises UserError if they cannot be had."""
    name, _, checkpoint = model.partition(":")
    file = model_file(name)
    return file.fetch(plugins.choose(checkpoint, file.CHECKPOINTS, kind=f"checkpoint of {name}"))


def states(*, weights_dir: Path | None) -> list[State]:
    """Every checkpoint of every model, and whether it is here."""
    return [
        State(f"{name}:{checkpoint}", known.flavour, _here(file, checkpoint, weights_dir), *_facts(known))
        for name in names()
        for file in [model_file(name)]
        for checkpoint, known in file.CHECKPOINTS.items()
    ]


def _here(file: ModelFile, checkpoint: str, weights_dir: Path | None) -> bool:
    try:
        return bool(file.find(checkpoint, cache_dir=weights.default_cache_dir(), weights_dir=weights_dir))
    except UserError:
        return False


def _facts(known: Known) -> tuple[str, tuple[str, ...], str, Mapping[str, object]]:
    return known.licence, known.trained_on, known.note, known.facts
