"""An edit carried out, recorded and written, for all that edit: the command line and the app."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tta_bench.generators import Generator
    from tta_bench.types import Clip

PACKAGES = ("diffusers", "numpy", "torch", "transformers")


class Loaded(NamedTuple):
    """A model that is ready."""

    generator: Generator
    model: Any
    """What has tasks has a `pipeline`, which the protocol of those that only generate does not know."""
    device: str
    dtype: str


class Source(NamedTuple):
    """A sound to be edited."""

    file: Path
    clip: Clip


class Drawn(NamedTuple):
    """How a clip is drawn from noise."""

    seed: int
    sampling: Mapping[str, object]
    """What of the checkpoint's sampling is to be otherwise."""


def read_source(file: Path) -> Source:
    """The sound in a file. Raises UserError for what is none."""
    from tta_bench import audio

    return Source(file, audio.decode(file))


def carry_out(
    task: str, loaded: Loaded, arguments: Mapping[str, Any], drawn: Drawn, *, source: Source | None = None
) -> tuple[Any, dict[str, object]]:
    """What the task of the model's `tasks.py` makes, an `Edit` of it, and the record that makes it again."""
    from tta_bench import audio

    tasks = importlib.import_module(tasks_of(loaded.generator.name))
    pipeline = loaded.model.pipeline
    sampling = tasks.sampling_with(pipeline, drawn.sampling)
    sounds = [] if source is None else [source.clip]
    made = getattr(tasks, task)(pipeline, *sounds, **arguments, seed=drawn.seed, sampling=sampling)
    return made, {
        "task": task,
        "arguments": dict(arguments),
        "source": None if source is None else {"file": str(source.file), "sha256": audio.file_sha256(source.file)},
        "seed": drawn.seed,
        "sampling": asdict(sampling),
        **made_by(loaded, tasks_of(loaded.generator.name)),
    }


def made_by(loaded: Loaded, module: str) -> dict[str, object]:
    """What of a record says by whom: the model, and the code that begins in a module."""
    from importlib.metadata import version

    from tta_bench import plugins

    generator = loaded.generator
    return {
        "model": f"{generator.name}:{generator.checkpoint}",
        "checkpoint_sha256": generator.sha256,
        "code_sha256": plugins.code_sha256(module, "tta_bench.audio"),
        "device": loaded.device,
        "dtype": loaded.dtype,
        "packages": {name: version(name) for name in PACKAGES},
    }


def write(made: Any, out: Path, record: Mapping[str, object]) -> list[str]:
    """Writes clips, figure and record, and gives their paths, the result's first."""
    from tta_bench import audio, store

    clips = {out.with_stem(out.stem + suffix): clip for suffix, clip in made.clips.items()}
    for path, clip in clips.items():
        with store.whole_file(path) as part:
            audio.encode(part, clip, subtype="FLOAT")
    picture = io.BytesIO()
    made.figure.savefig(picture, format="png")
    store.write_bytes(out.with_suffix(".png"), picture.getvalue())
    files = [str(path) for path in (*clips, out.with_suffix(".png"), out.with_suffix(".json"))]
    store.write_json(out.with_suffix(".json"), {**record, "files": files})
    return files


def tasks_of(name: str) -> str:
    """The module in which a model that can edit says how."""
    return f"models.{name}.tasks"


def editing_models() -> list[str]:
    """The models that can edit."""
    from tta_bench import generators, plugins

    return [name for name in generators.names() if plugins.source_file(tasks_of(name))]


def find(model: str, weights_dir: Path | None) -> Generator:
    """The model and checkpoint to edit with: the pocket one, where none is named. UserError if it cannot edit."""
    from tta_bench import boards, generators, plugins
    from tta_bench.types import UserError

    name, _, checkpoint = model.partition(":")
    plugins.choose(name, editing_models(), kind="model that can edit")
    try:
        return generators.find(model, boards.find("pocket"), weights_dir=weights_dir)
    except UserError as error:
        if checkpoint:
            raise
        checkpoints = generators.model_file(name).CHECKPOINTS.items()
        known = ", ".join(f"{name}:{each}" for each, what in checkpoints if what.flavour == "published")
        raise UserError(f"{error} Or name another with --model: {known}, or {name}:DIR for a folder of one.") from error
