"""Clips of the models: planned and checked first, then generated, unless they are in the store.

A clip depends on its model, caption, seed and duration. Its seed is drawn from the run's and from the prompt's id, so
no subset, order or number of workers changes what it is made from. Batches are planned from the sorted ids, and one of
which any clip is not there yet is generated as a whole, so an interrupted run goes on with the same bytes.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tta_bench import checking, embedding
from tta_bench.checking import Contestant, Progress, Settings
from tta_bench.embedding import SoundClip
from tta_bench.generators import Generator
from tta_bench.soundness import DURATION_TOLERANCE
from tta_bench.store import Store, digest
from tta_bench.types import Board, Clip, ModelCard, TextToAudioModel, UserError

log = logging.getLogger(__name__)

BYTES_PER_SECOND = 48_000 * 2 * 2
"""Of the largest clip that is likely: two channels of 16 bits. No model is loaded to ask it."""


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
class Plan:
    """The clips of one row."""

    generator: Generator
    card: ModelCard
    """The model's own, with the kind of device, the precision and the hash of the code among its settings."""
    takes: tuple[Take, ...]
    """Sorted by prompt id."""
    duration: float
    """Seconds of each clip."""


def clip_seed(run_seed: int, prompt: str) -> int:
    """The seed of a prompt's clip, 32 bits."""
    return int(digest([run_seed, prompt])[:8], 16)


def plan_all(generators: Sequence[Generator], board: Board, settings: Settings) -> list[Plan]:
    """A plan for each row. Raises UserError as `plan` does, and if the disk has no room for what is to be made."""
    plans = [plan(generator, board, settings) for generator in generators]
    if to_make := len({take.path for plan in plans for take in plan.takes if not take.here}):
        check_disk(to_make, board, settings.store)
    return plans


def plan(generator: Generator, board: Board, settings: Settings) -> Plan:
    """What is to be generated for a row.

    A checkpoint that was never loaded with these settings is loaded for it, so that one that is damaged is refused
    now. Raises UserError for that, and for a board that does not say how long its clips are.
    """
    card = known_card(generator, settings) or _first_card(generator, settings)
    return Plan(generator, card, tuple(takes(card, board, settings)), duration_of(board))


def takes(card: ModelCard, board: Board, settings: Settings) -> list[Take]:
    """The clips of a model for a board, sorted by prompt id."""
    duration = duration_of(board)
    return [
        Take(prompt.id, prompt.text, seed, settings.store.clip_path(card, prompt.text, seed, duration))
        for prompt in sorted(board.prompts.prompts, key=lambda prompt: prompt.id)
        for seed in [clip_seed(settings.seed, prompt.id)]
    ]


def duration_of(board: Board) -> float:
    """Seconds of a board's clips. Raises UserError if it does not say."""
    if board.duration is None:
        raise UserError(f"Board {board.name!r} does not say how long clips are, so none can be generated for it.")
    return board.duration


def known_card(generator: Generator, settings: Settings) -> ModelCard | None:
    """The card of a model that was loaded before, so that stored clips are scored without loading it again."""
    note = settings.store.note("cards", _card_key(generator, settings))
    return None if note is None else ModelCard(**note | {"trained_on": tuple(note["trained_on"])})  # type: ignore


def _first_card(generator: Generator, settings: Settings) -> ModelCard:
    card = generator.load(settings.device, settings.dtype).card
    decisive = {
        "device": _device_kind(settings),
        "dtype": settings.dtype,
        "code_sha256": generator.code_sha256,
    }
    full = replace(card, settings={**card.settings, **decisive})
    settings.store.write_note("cards", _card_key(generator, settings), asdict(full))
    return full


def _card_key(generator: Generator, settings: Settings) -> str:
    made_of = [generator.name, generator.checkpoint, generator.sha256, generator.code_sha256]
    return digest([*made_of, _device_kind(settings), settings.dtype])


def _device_kind(settings: Settings) -> str:
    """Clips of a GPU and of a CPU are not quite the same, and a result says which its are."""
    return settings.device.partition(":")[0]


def check_disk(n_missing: int, board: Board, store: Store) -> None:
    """Raises UserError if the store's disk has no room for so many clips and their features."""
    features = checking.FEATURES_BYTES * len(board.protocol.metrics)
    per_clip = duration_of(board) * BYTES_PER_SECOND + features
    store.check_room(round(n_missing * per_clip), f"{n_missing} generated clips and their features")


def generate(plan: Plan, settings: Settings, progress: Progress) -> Contestant:
    """The row of a plan, its clips generated unless they are there.

    A clip that the model gets wrong is not stored: the row names it as missing, with the reason. Raises UserError if
    it gets all of them wrong.
    """
    n = settings.batch_size
    batches = [plan.takes[i : i + n] for i in range(0, len(plan.takes), n)]
    todo = [batch for batch in batches if not all(take.here for take in batch)]
    failed = _generate(plan, todo, settings, progress) if todo else {}
    # Cycles may hold the model; what they free, the networks of the metrics get.
    gc.collect()
    heard = checking.hear([take.path for take in plan.takes if take.here], settings.store, progress)
    found = {take.prompt: heard[take.path] for take in plan.takes if take.here}
    clips = {prompt: clip for prompt, clip in found.items() if isinstance(clip, SoundClip)}
    damaged = {prompt: why for prompt, why in found.items() if isinstance(why, str)}
    failed |= {prompt: f"{why} Remove the file, and it is made again." for prompt, why in damaged.items()}
    for prompt, why in failed.items():
        log.warning("%s: no clip for %s: %s", plan.generator.row, prompt, why)
    if not clips:
        raise UserError(f"{plan.generator.row}: none of {len(failed)} clips can be used: {next(iter(failed.values()))}")
    return Contestant(plan.generator.row, clips, missing=failed, made_by=_made_by(plan, settings))


def _generate(plan: Plan, batches: Sequence[Sequence[Take]], settings: Settings, progress: Progress) -> dict[str, str]:
    """Generates and stores batches; prompt id -> what is wrong with a clip that was not stored."""
    embedding.keep_freed_memory()
    model = plan.generator.load(settings.device, settings.dtype)
    failed: dict[str, str] = {}
    done = len(plan.takes) - sum(len(batch) for batch in batches)
    with ThreadPoolExecutor(1) as pool:
        writes: list[Future[None]] = []
        for batch in batches:
            progress(f"generating {plan.generator.row}", done, len(plan.takes))
            clips = _run(model, batch, plan.duration)
            for write in writes:
                write.result()
            new = [(take, clip) for take, clip in clips if not take.here]
            faults = {take.prompt: fault for take, clip in new if (fault := _fault(clip, plan.duration))}
            good = [(take, clip) for take, clip in new if take.prompt not in faults]
            writes = [pool.submit(settings.store.write_clip, take.path, clip) for take, clip in good]
            failed |= faults
            done += len(batch)
        for write in writes:
            write.result()
    progress(f"generating {plan.generator.row}", done, len(plan.takes))
    return failed


def _run(model: TextToAudioModel, batch: Sequence[Take], duration: float) -> list[tuple[Take, Clip]]:
    clips = model.generate([take.text for take in batch], [take.seed for take in batch], duration)
    if len(clips) != len(batch):
        raise ValueError(f"{model.card.name} made {len(clips)} clips of {len(batch)} captions")
    return list(zip(batch, clips, strict=True))


def _fault(clip: Clip, duration: float) -> str:
    """What makes a clip unfit to be scored, or the empty string."""
    if not np.isfinite(clip.samples).all():
        return "the model made NaN or infinite samples."
    if abs(clip.duration - duration) > DURATION_TOLERANCE * duration:
        return f"the model made {clip.duration:.2f} s instead of {duration:.2f} s."
    return ""


def _made_by(plan: Plan, settings: Settings) -> Mapping[str, object]:
    """Enough to make the clips again, for the result."""
    return {
        "model": {**asdict(plan.card), "note": plan.generator.note},
        "generation": {
            "seed": settings.seed,
            "seeds": {take.prompt: take.seed for take in plan.takes},
            "duration": plan.duration,
            "device": settings.device,
            "dtype": settings.dtype,
            "batch_size": settings.batch_size,
        },
    }
