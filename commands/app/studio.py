"""What the app does, without a page: clips of captions and edits, each written with its record."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from commands import edits
from commands.app import asking
from commands.app.job import Desk, Job, watched
from commands.edits import Drawn, Loaded, Source

if TYPE_CHECKING:
    from tta_bench.generators import State
    from tta_bench.types import Clip

TITLES = {
    "style": "Style transfer",
    "inpaint": "Inpainting",
    "swap": "Word swap",
    "reweight": "Re-weighting",
    "attention": "Attention",
}


@dataclass(frozen=True)
class Take:
    """Something that was made."""

    title: str
    caption: str
    told: str
    """How it was drawn, in a line."""
    clips: Mapping[str, Path]
    """What each is called -> its file."""
    picture: Path
    heard: Clip | None
    """The clip whose spectrogram the picture is; of a figure, None."""
    record: Mapping[str, Any]
    command: str | None
    """The line for a shell that makes it again, where there is one."""


@final
class Studio:
    """Models that are loaded once, the desk at which they work, and the folder of what they make."""

    def __init__(self, out: Path, *, weights_dir: Path | None, device: str, dtype: str) -> None:
        self.out, self.desk = out, Desk()
        self._weights_dir, self._device, self._dtype = weights_dir, device, dtype
        self._loaded: dict[str, Loaded] = {}

    def models(self) -> list[State]:
        """The checkpoints that are here."""
        from tta_bench import generators

        return [state for state in generators.states(weights_dir=self._weights_dir) if state.here]

    def editors(self) -> list[str]:
        """Those of them that can edit, as `name:checkpoint`."""
        can = edits.editing_models()
        return [state.model for state in self.models() if state.model.partition(":")[0] in can]

    def read_source(self, data: bytes, name: str) -> Source:
        """A sound that somebody brought, kept as a wav in the folder. Raises UserError, naming it, for what is none."""
        from tta_bench import audio, store
        from tta_bench.types import UserError

        with tempfile.TemporaryDirectory() as folder:
            brought = Path(folder) / "clip"
            brought.write_bytes(data)
            try:
                clip = audio.decode(brought)
            except audio.BadClip as error:
                raise UserError(str(error).replace(str(brought), name)) from error
        asking.duration(clip.duration)
        path = self.out / f"source-{hashlib.sha256(data).hexdigest()[:12]}.wav"
        with store.whole_file(path) as part:
            audio.encode(part, clip, subtype="FLOAT")
        return Source(path, clip)

    def source(self, file: Path) -> Source:
        """A clip of the folder, to be edited."""
        return edits.read_source(file)

    def picture_of(self, source: Source) -> Path:
        """The spectrogram of a sound, in the folder."""
        from tta_bench import store
        from tta_bench.report.page import spectrogram

        path = source.file.with_name(f"{source.file.stem}.spectrogram.png")
        store.write_bytes(path, spectrogram.png(source.clip))
        return path

    def generate(self, job: Job, model: str, caption: str, duration: float, drawn: Drawn) -> Take:
        """The clip of a caption: where nothing else is chosen, the one that the benchmark would make with this seed."""
        from tta_bench import store

        loaded = self._load(job, model)
        job.what, job.n_steps = f"{model} draws", _n_steps(loaded, drawn)
        with watched(job, _denoiser(loaded)):
            clip = _clip(loaded, caption, duration, drawn)
        record = {
            "task": "generate",
            "arguments": {"prompt": caption, "duration": duration},
            "seed": drawn.seed,
            "sampling": {**loaded.model.card.settings, **drawn.sampling},
            **edits.made_by(loaded, f"models.{loaded.generator.name}"),
        }
        path = self._path(record)
        _write(path, clip)
        store.write_json(path.with_suffix(".json"), record)
        told = _told(loaded, drawn, f"{clip.duration:.2f} s", None if drawn.sampling else "as the benchmark draws it")
        picture = path.with_suffix(".png")
        return Take(model, caption, told, {"Clip": path}, picture, clip, record, None)

    def edit(
        self,
        job: Job,
        task: str,
        model: str,
        arguments: Mapping[str, Any],
        drawn: Drawn,
        *,
        source: Source | None = None,
    ) -> Take:
        """An edit by a model that can, `task` and `arguments` as its `tasks.py` takes them."""
        loaded = self._load(job, model)
        n_steps = _n_steps(loaded, drawn)
        job.what, job.n_steps = f"{model} draws", n_steps and int(n_steps * arguments.get("strength", 1.0))
        with watched(job, _denoiser(loaded)):
            made, record = edits.carry_out(task, loaded, arguments, drawn, source=source)
        job.go_on()
        path = self._path(record)
        edits.write(made, path, record)
        before = {"Before": path.with_stem(f"{path.stem}-source")} if "-source" in made.clips else {}
        before |= {"Before": source.file} if source else {}
        return Take(
            TITLES[task],
            arguments["prompt"],
            _told(loaded, drawn, model, _details(arguments)),
            {**before, "After" if before else "Clip": path},
            path.with_suffix(".png"),
            None,
            record,
            asking.command(record, drawn.sampling, str(path)),
        )

    def _load(self, job: Job, model: str) -> Loaded:
        from tta_bench import arguments, boards, embedding, generators

        if model not in self._loaded:
            job.what = f"Loading {model}"
            embedding.keep_freed_memory()
            generator = generators.find(model, boards.find("pocket"), weights_dir=self._weights_dir)
            device, dtype = arguments.choose_device(self._device), arguments.choose_dtype(self._dtype)
            self._loaded[model] = Loaded(generator, generator.load(device, dtype), device, dtype)
        job.go_on()
        return self._loaded[model]

    def _path(self, record: Mapping[str, Any]) -> Path:
        """The same request has the same file."""
        from tta_bench import store

        return self.out / f"{record['task']}-{store.digest(record)[:12]}.wav"


def _clip(loaded: Loaded, caption: str, duration: float, drawn: Drawn) -> Clip:
    """The model's clip. Raises UserError where something of the sampling was chosen and the model cannot be told."""
    from tta_bench.types import UserError

    if not drawn.sampling:
        clips: list[Clip] = loaded.model.generate([caption], [drawn.seed], duration)
        return clips[0]
    pipeline: Any = getattr(loaded.model, "pipeline", None)
    if pipeline is None:
        name = f"{loaded.generator.name}:{loaded.generator.checkpoint}"
        raise UserError(f"{name} draws in its own way. Leave steps, guidance and what to lead away from empty.")
    return pipeline([caption], seeds=[drawn.seed], duration=duration, **drawn.sampling).clips[0]  # type: ignore[no-any-return]


def _denoiser(loaded: Loaded) -> Any:
    """The network that is run at each step; None where the model does not show it."""
    return getattr(getattr(loaded.model, "pipeline", None), "unet", None)


def _n_steps(loaded: Loaded, drawn: Drawn) -> int | None:
    """Of the denoising; None where the model's card says nothing of steps."""
    steps = drawn.sampling.get("num_inference_steps", loaded.model.card.settings.get("num_inference_steps"))
    return steps if isinstance(steps, int) else None


def _told(loaded: Loaded, drawn: Drawn, *more: str | None) -> str:
    steps = _n_steps(loaded, drawn)
    return " · ".join(filter(None, [f"seed {drawn.seed}", f"{steps} steps" if steps else "", *more]))


def _details(arguments: Mapping[str, Any]) -> str:
    """What an edit was told beside its caption, in a line."""
    told: Mapping[str, Callable[[Any], str]] = {
        "strength": lambda value: f"strength {value:g}",
        "mask": lambda value: f"{value[0]:g} to {value[1]:g} s",
        "band": lambda value: f"{value[0]:g} to {value[1]:g} Hz",
        "edited": lambda value: f"to “{value}”",
        "weights": lambda value: ", ".join(f"{word} × {weight:g}" for word, weight in value.items()),
    }
    return ", ".join(say(arguments[name]) for name, say in told.items() if arguments.get(name))


def _write(path: Path, clip: Clip) -> None:
    """A clip as the benchmark stores it, and its spectrogram beside it."""
    from tta_bench import audio, store
    from tta_bench.report.page import spectrogram

    with store.whole_file(path) as part:
        audio.encode(part, clip)
    store.write_bytes(path.with_suffix(".png"), spectrogram.png(clip))
