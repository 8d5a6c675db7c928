"""Clips of the models: planned and checked first, then generated, unless they are in the store.

A clip depends on its model, caption, seed and duration. Its seed is drawn from the run's and from the prompt's id, so
no subset, order or number of workers changes what it is made from. Batches are planned from the sorted ids, and one of
which any clip is not there yet is generated as a whole, so an interrupted run goes on with the same bytes. A program
that runs outside is asked for the clips that are not there, and each is stored as soon as it is made.
"""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Generator as Producer
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from tta_bench import checking, costs, embedding, memory, programs
from tta_bench.checking import Contestant, Progress, Settings
from tta_bench.costs import Meter
from tta_bench.embedding import SoundClip
from tta_bench.generators import Generator
from tta_bench.programs import Answer, Job, Program
from tta_bench.results import file_name
from tta_bench.store import Store, digest
from tta_bench.types import Board, Clip, ModelCard, UserError

log = logging.getLogger(__name__)

BYTES_PER_SECOND = 48_000 * 2 * 2
"""Of the largest clip that is likely: two channels of 16 bits. No model is loaded to ask it."""


HALVED = "halved"
"""Of notes in the store: clip -> the size of the batch that it was made in, for want of memory."""
Answered = Producer[Sequence[tuple["Take", Answer]], None, None]
"""Groups of clips, as they are made."""


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

    generator: Generator | Program
    card: ModelCard
    """The model's own; of one that is loaded here with the kind of device, the precision and the hash of the code among
    its settings."""
    takes: tuple[Take, ...]
    """Sorted by prompt id."""
    duration: float
    """Seconds of each clip."""


def clip_seed(run_seed: int, prompt: str) -> int:
    """The seed of a prompt's clip, 32 bits."""
    return int(digest([run_seed, prompt])[:8], 16)


def plan_all(generators: Sequence[Generator | Program], board: Board, settings: Settings) -> list[Plan]:
    """A plan for each row. Raises UserError as `plan` does, and if the disk has no room for what is to be made."""
    plans = [plan(generator, board, settings) for generator in generators]
    if to_make := len({take.path for plan in plans for take in plan.takes if not take.here}):
        check_disk(to_make, board, settings.store)
    return plans


def plan(generator: Generator | Program, board: Board, settings: Settings) -> Plan:
    """What is to be generated for a row.

    A checkpoint that was never loaded with these settings is loaded for it, so that one that is damaged is refused
    now. Raises UserError for that, and for a board that does not say how long its clips are.
    """
    if isinstance(generator, Program):
        card = generator.card
    else:
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


def known_card(generator: Generator | Program, settings: Settings) -> ModelCard | None:
    """The card of a model that was loaded before, so that stored clips are scored without loading it again.

    A program's needs no loading.
    """
    if isinstance(generator, Program):
        return generator.card
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
    todo = _todo(plan, settings)
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


def _todo(plan: Plan, settings: Settings) -> list[Sequence[Take]]:
    """Batches with a clip that is not there. A program plans its own, of what is not there."""
    if isinstance(plan.generator, Program):
        missing = [take for take in plan.takes if not take.here]
        return [missing] if missing else []
    n = settings.batch_size
    batches = [plan.takes[i : i + n] for i in range(0, len(plan.takes), n)]
    return [batch for batch in batches if not all(take.here for take in batch)]


def _generate(plan: Plan, batches: Sequence[Sequence[Take]], settings: Settings, progress: Progress) -> dict[str, str]:
    """Generates and stores batches; prompt id -> what is wrong with a clip that was not stored."""
    failed: dict[str, str] = {}
    done = len(plan.takes) - sum(len(batch) for batch in batches)
    progress(f"generating {plan.generator.row}", done, len(plan.takes))
    with closing(_answers(plan, batches, settings)) as answers, ThreadPoolExecutor(1) as pool:
        writes: list[Future[None]] = []
        for answered in answers:
            for write in writes:
                write.result()
            new = {take: _fitting(answer, plan.duration) for take, answer in answered if not take.here}
            failed |= {take.prompt: answer for take, answer in new.items() if isinstance(answer, str)}
            good = [(take.path, answer) for take, answer in new.items() if isinstance(answer, Clip)]
            writes = [pool.submit(settings.store.write_clip, path, clip) for path, clip in good]
            done += len(answered)
            progress(f"generating {plan.generator.row}", done, len(plan.takes))
        for write in writes:
            write.result()
    return failed


def _answers(plan: Plan, batches: Sequence[Sequence[Take]], settings: Settings) -> Answered:
    """What the model makes of the batches, or why it does not, as it makes it."""
    if isinstance(plan.generator, Program):
        return _run(plan.generator, plan, batches, settings)
    return _in_batches(plan.generator, plan, batches, settings)


def _in_batches(generator: Generator, plan: Plan, batches: Sequence[Sequence[Take]], settings: Settings) -> Answered:
    embedding.keep_freed_memory()
    model = generator.load(settings.device, settings.dtype)
    machine = costs.machine(settings.device, settings.batch_size)

    def ask(part: Sequence[Take]) -> list[Clip]:
        return model.generate([take.text for take in part], [take.seed for take in part], plan.duration)

    for batch in batches:
        meter = Meter(settings.device)
        with meter.running():
            clips, size = memory.in_halves(ask, batch, f"clips of {generator.row}")
        _note_halved(plan, batch, size, settings)
        if len(clips) != len(batch):
            raise ValueError(f"{model.card.name} made {len(clips)} clips of {len(batch)} captions")
        costs.note(settings.store, plan.card, meter.cost(machine, len(batch), plan.duration))
        yield list(zip(batch, clips, strict=True))


def _note_halved(plan: Plan, batch: Sequence[Take], size: int, settings: Settings) -> None:
    """Remembers which clips were made in smaller batches than planned, for want of memory."""
    if size < len(batch):
        known = settings.store.note(HALVED, digest(asdict(plan.card))) or {}
        settings.store.write_note(
            HALVED, digest(asdict(plan.card)), {**known, **{take.path.stem: size for take in batch}}
        )


def _run(program: Program, plan: Plan, batches: Sequence[Sequence[Take]], settings: Settings) -> Answered:
    takes = {take.prompt: take for batch in batches for take in batch}
    jobs = [Job(take.prompt, take.text, take.seed, plan.duration) for take in takes.values()]
    name = Path(file_name(program.row)).stem
    log_path = settings.store.root.absolute() / "logs" / f"{name}-{os.getpid()}.log"

    def about(said: Mapping[str, object]) -> None:
        known = _reports(plan, settings)
        if said not in known:
            settings.store.write_note("programs", digest(asdict(plan.card)), {"reports": [*known, said]})

    start, made = time.perf_counter(), 0
    try:
        with closing(programs.run(program, jobs, log_path, silence=settings.silence, about=about)) as answers:
            for prompt, answer in answers:
                made += isinstance(answer, Clip)
                yield [(takes[prompt], answer)]
    finally:
        if made:
            spent = costs.of_program(time.perf_counter() - start, made, plan.duration)
            costs.note(settings.store, plan.card, spent)


def _reports(plan: Plan, settings: Settings) -> list[Mapping[str, object]]:
    """What a program said of itself when it made its clips: once if its environment never changed."""
    note = settings.store.note("programs", digest(asdict(plan.card)))
    return list(note["reports"]) if note else []  # type: ignore[call-overload]


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


def _made_by(plan: Plan, settings: Settings) -> Mapping[str, object]:
    """Enough to make the clips again, for the result."""
    seeds = {take.prompt: take.seed for take in plan.takes}
    generation = {"seed": settings.seed, "seeds": seeds, "duration": plan.duration}
    if isinstance(plan.generator, Program):
        reports = _reports(plan, settings)
        note = programs.note_of(plan.generator, reports)
        outside = {"recipe": dict(plan.generator.recipe), "reports": reports}
        return {"model": {**asdict(plan.card), "note": note}, "generation": generation, "program": outside}
    here = {"device": settings.device, "dtype": settings.dtype, "batch_size": settings.batch_size}
    halved = settings.store.note(HALVED, digest(asdict(plan.card))) or {}
    smaller = {take.prompt: halved[take.path.stem] for take in plan.takes if take.path.stem in halved}
    here |= {"smaller_batches": smaller} if smaller else {}
    return {"model": {**asdict(plan.card), "note": plan.generator.note}, "generation": generation | here}
