"""A batch of one model's clips, and how it is made: the same here as on any worker.

Batches are planned from the sorted takes, and one of which any clip is not there yet is made as a whole, so that it
does not matter who makes it, or when.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tta_bench import checking, costs, embedding, memory
from tta_bench.costs import Cost, Meter
from tta_bench.executors import in_two
from tta_bench.generators import Generator
from tta_bench.programs import Answer
from tta_bench.store import Store
from tta_bench.types import Clip, TextToAudioModel


@dataclass(frozen=True)
class Take:
    """One clip of a plan."""

    prompt: str
    """Id."""
    text: str
    seed: int
    path: Path

    @property
    def here(self) -> bool:
        """Whether it was generated before."""
        return self.path.exists()


@dataclass(frozen=True)
class Batch:
    """Clips that a model makes at once: a shard of a run."""

    generator: Generator
    takes: tuple[Take, ...]
    duration: float
    """Seconds of each clip."""

    @property
    def needs(self) -> str:
        """The model."""
        return self.generator.row

    @property
    def names(self) -> tuple[str, ...]:
        """Of the row, with the prompts."""
        return tuple(f"{self.generator.row} {take.prompt}" for take in self.takes)

    def halves(self) -> tuple[Batch, ...]:
        """In two."""
        return tuple(replace(self, takes=part) for part in in_two(self.takes))


@dataclass(frozen=True)
class Made:
    """What came of a batch."""

    failed: Mapping[Path, str]
    """What is wrong with a clip that was not stored."""
    cost: Cost | None
    """None if somebody else has made it meanwhile."""


@dataclass
class Making:
    """The craft: one model is loaded at a time."""

    store: Store
    device: str
    dtype: str
    batch_size: int
    _loaded: tuple[str, TextToAudioModel] | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """That all workers have to see."""
        return self.store.root

    def perform(self, batches: Sequence[Batch]) -> Iterator[Made]:
        """What came of each batch; its clips are written while the next is made."""
        with ThreadPoolExecutor(1) as pool:
            writes: list[Future[None]] = []
            for batch in batches:
                if all(take.here for take in batch.takes):
                    yield Made({}, None)
                    continue
                answers, cost = self._make(batch)
                for write in writes:
                    write.result()
                good, failed = sorted_out(answers, batch.duration)
                writes = [pool.submit(self._keep, path, clip) for path, clip in good.items()]
                yield Made(failed, cost)
            for write in writes:
                write.result()

    def _make(self, batch: Batch) -> tuple[dict[Take, Answer], Cost]:
        model = self._model(batch.generator)
        meter = Meter(self.device)

        def ask(part: Sequence[Take]) -> list[Clip]:
            return model.generate([take.text for take in part], [take.seed for take in part], batch.duration)

        with meter.running():
            clips, size = memory.in_halves(ask, batch.takes, f"clips of {batch.needs}")
        if size < len(batch.takes):
            for take in batch.takes:
                memory.note_batch(self.store, take.path.stem, size)
        if len(clips) != len(batch.takes):
            raise ValueError(f"{model.card.name} made {len(clips)} clips of {len(batch.takes)} captions")
        cost = meter.cost(costs.machine(self.device, self.batch_size), len(clips), batch.duration)
        return dict(zip(batch.takes, clips, strict=True)), cost

    def _keep(self, path: Path, clip: Clip) -> None:
        """Writes a clip, and listens to it: who plans the run is to find the description there."""
        self.store.write_clip(path, clip)
        checking.hear([path], self.store, lambda *_: None)

    def _model(self, generator: Generator) -> TextToAudioModel:
        if self._loaded is None or self._loaded[0] != generator.row:
            embedding.keep_freed_memory()
            self._loaded = None
            gc.collect()  # cycles may hold the one before
            self._loaded = generator.row, generator.load(self.device, self.dtype)
        return self._loaded[1]


def smaller_batch(take: Take, store: Store) -> int | None:
    """The size of the batch that a clip was made in, if that was smaller than planned."""
    return memory.noted_batch(store, take.path.stem)


def sorted_out(answers: Mapping[Take, Answer], duration: float) -> tuple[dict[Path, Clip], dict[Path, str]]:
    """Clips that are to be stored, and what is wrong with the others; of those that are not there yet."""
    fitting = {take.path: _fitting(answer, duration) for take, answer in answers.items() if not take.here}
    good = {path: answer for path, answer in fitting.items() if isinstance(answer, Clip)}
    return good, {path: answer for path, answer in fitting.items() if isinstance(answer, str)}


def _fitting(answer: Answer, duration: float) -> Answer:
    """A clip as it is scored: its first `duration` seconds. A shorter one is kept, and flagged when it is heard."""
    if isinstance(answer, str):
        return answer
    if not np.isfinite(answer.samples).all():
        return "the model made NaN or infinite samples."
    n_samples = round(duration * answer.sample_rate)
    if answer.samples.shape[-1] == 0:
        return "the model made no samples."
    return replace(answer, samples=answer.samples[..., :n_samples])
