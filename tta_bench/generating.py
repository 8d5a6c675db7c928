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
from collections import Counter
from collections.abc import Generator as Producer
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tta_bench import checking, costs, programs
from tta_bench.checking import Contestant, Progress, Settings
from tta_bench.embedding import SoundClip
from tta_bench.executors import Lost
from tta_bench.generators import Generator
from tta_bench.making import Batch, Making, Take, smaller_batch, sorted_out
from tta_bench.programs import Answer, Job, Program
from tta_bench.results import file_name
from tta_bench.store import Store, digest
from tta_bench.types import Board, Clip, ModelCard, UserError

log = logging.getLogger(__name__)

BYTES_PER_SECOND = 48_000 * 2 * 2
"""Of the largest clip that is likely: two channels of 16 bits. No model is loaded to ask it."""


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


def generate_all(plans: Sequence[Plan], settings: Settings, progress: Progress) -> list[Contestant]:
    """The rows of plans, their clips generated unless they are there: what is loaded first, then programs.

    A clip that the model gets wrong is not stored: the row names it as missing, with the reason. Raises UserError if
    it gets all of them wrong.
    """
    failed = _make([plan for plan in plans if not isinstance(plan.generator, Program)], settings, progress)
    rows = []
    for plan in plans:
        if isinstance(plan.generator, Program):
            failed |= _run(plan.generator, plan, settings, progress)
        rows.append(_row(plan, failed, settings, progress))
    return rows


def generate(plan: Plan, settings: Settings, progress: Progress) -> Contestant:
    """The row of one plan. Raises UserError as `generate_all` does."""
    [row] = generate_all([plan], settings, progress)
    return row


def _row(plan: Plan, not_made: Mapping[Path, str], settings: Settings, progress: Progress) -> Contestant:
    failed = {take.prompt: not_made[take.path] for take in plan.takes if take.path in not_made}
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


def _make(plans: Sequence[Plan], settings: Settings, progress: Progress) -> dict[Path, str]:
    """Makes what models that are loaded here, or by workers, have not made yet; what is wrong with a clip, by path."""
    batches = {batch.takes[0].path: batch for plan in plans for batch in _batches(plan, settings)}
    if not batches:
        return {}
    by_row = {plan.generator.row: plan for plan in plans}
    todo = Counter({row: sum(len(b.takes) for b in batches.values() if b.needs == row) for row in by_row})
    failed: dict[Path, str] = {}
    with settings.executor.crew(_craft(settings)) as crew:
        for batch, made in crew.run(list(batches.values())):
            plan = by_row[batch.needs]
            if isinstance(made, Lost):
                failed |= {take.path: made.why for take in batch.takes}
            else:
                failed |= made.failed
                if made.cost:
                    costs.note(settings.store, plan.card, made.cost)
            todo[batch.needs] -= len(batch.takes)
            progress(f"generating {batch.needs}", len(plan.takes) - todo[batch.needs], len(plan.takes))
    gc.collect()  # cycles may hold the model; what they free, the networks of the metrics get
    return failed


def _craft(settings: Settings) -> Making:
    return Making(settings.store, settings.device, settings.dtype, settings.batch_size)


def _batches(plan: Plan, settings: Settings) -> list[Batch]:
    """Those with a clip that is not there."""
    if isinstance(plan.generator, Program):
        return []
    n = settings.batch_size
    every = [plan.takes[i : i + n] for i in range(0, len(plan.takes), n)]
    return [Batch(plan.generator, takes, plan.duration) for takes in every if not all(take.here for take in takes)]


def _run(program: Program, plan: Plan, settings: Settings, progress: Progress) -> dict[Path, str]:
    """Asks a program for what is not there, and stores each clip as it comes; what is wrong with a clip, by path."""
    todo = {take.prompt: take for take in plan.takes if not take.here}
    failed: dict[Path, str] = {}
    if not todo:
        return failed
    done = len(plan.takes) - len(todo)
    progress(f"generating {program.row}", done, len(plan.takes))
    with closing(_answers(program, plan, todo, settings)) as answers:
        for prompt, answer in answers:
            good, wrong = sorted_out({todo[prompt]: answer}, plan.duration)
            for path, clip in good.items():
                settings.store.write_clip(path, clip)
            failed |= wrong
            done += 1
            progress(f"generating {program.row}", done, len(plan.takes))
    return failed


def _answers(
    program: Program, plan: Plan, todo: Mapping[str, Take], settings: Settings
) -> Producer[tuple[str, Answer], None, None]:
    jobs = [Job(take.prompt, take.text, take.seed, plan.duration) for take in todo.values()]
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
                yield prompt, answer
    finally:
        if made:
            spent = costs.of_program(time.perf_counter() - start, made, plan.duration)
            costs.note(settings.store, plan.card, spent)


def _reports(plan: Plan, settings: Settings) -> list[Mapping[str, object]]:
    """What a program said of itself when it made its clips: once if its environment never changed."""
    note = settings.store.note("programs", digest(asdict(plan.card)))
    return list(note["reports"]) if note else []  # type: ignore[call-overload]


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
    smaller = {take.prompt: n for take in plan.takes if (n := smaller_batch(take, settings.store))}
    here |= {"smaller_batches": smaller} if smaller else {}
    return {"model": {**asdict(plan.card), "note": plan.generator.note}, "generation": generation | here}
