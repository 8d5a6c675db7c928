"""Degraded clips made, embedded and scored like those of models: a row of the table for each degradation and grade."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tta_bench import checking, harness, plugins
from tta_bench.checking import Contestant, Gathered, Progress, Settings
from tta_bench.embedding import SoundClip
from tta_bench.store import Store, digest
from tta_bench.types import Board, Result, UserError
from tta_bench.validation.degradations import OF_CLIPS, Degradation, Made, Originals

log = logging.getLogger(__name__)

FEW = 16
"""Clips that are made before other processes would have started."""


@dataclass(frozen=True)
class Row:
    """The scores of the references, degraded in one way to one grade."""

    degradation: Degradation
    grade: float
    n_changed: int
    """Clips that are not as they were."""
    result: Result


@dataclass(frozen=True)
class Study:
    """What a protocol says of a board's references and of degraded ones."""

    board: Board
    references: Result
    """Grade 0: the references compared with themselves."""
    rows: tuple[Row, ...]
    """Degradation after degradation, each from its weakest grade on."""

    @property
    def degradations(self) -> tuple[Degradation, ...]:
        """Each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.degradation for row in self.rows))


def study(
    board: Board,
    references: Path | None,
    settings: Settings,
    progress: Progress,
    *,
    kinds: Sequence[str] | None = None,
) -> Study:
    """The references of all prompts, degraded, against all references, by every metric of the board's protocol.

    `references` is their folder, None for a board of scenes, which renders its own. Grade 0 compares the references
    with themselves, so FD and KL are 0 there: what is added is the degradation's alone, without the distance of two
    samples of one distribution. `kinds` names some degradations. Clips are made and embedded once and kept in the
    store. Raises UserError for a name that is none, without references, where no clip can be degraded so, and as
    scoring does.
    """
    chosen = _chosen(board, kinds)
    if references is None and not board.scenes:
        raise UserError("Degradations are made from the recordings. Point --references at them.")
    gathered = checking.gather(board, {}, references, [], settings, progress)
    originals = _originals(gathered)
    steps = [(degradation, grade) for degradation in _possible(chosen, originals) for grade in degradation.grades]
    changes = [degradation.degrade(originals, grade) for degradation, grade in steps]
    made = _make([clip for change in changes for clip in change.values()], settings.store, progress)
    changed = [{prompt: _clip(clip, made, settings.store) for prompt, clip in change.items()} for change in changes]
    rows = [_contestant(d, grade, {**originals.clips, **some}) for (d, grade), some in zip(steps, changed, strict=True)]
    result, *results = _score(gathered, originals, rows, settings, progress)
    found = zip(steps, changed, results, strict=True)
    return Study(board, result, tuple(Row(*step, len(some), result) for step, some, result in found))


def degradations_of(board: Board) -> tuple[Degradation, ...]:
    """Those that a board's references can suffer."""
    if not board.scenes:
        return OF_CLIPS
    from tta_bench.validation.edits import OF_SCENES  # late, because other boards need no synthesiser

    return OF_CLIPS + OF_SCENES


def _chosen(board: Board, kinds: Sequence[str] | None) -> list[Degradation]:
    known = {degradation.name: degradation for degradation in degradations_of(board)}
    wanted = {plugins.choose(name, known, kind="degradation") for name in kinds or known}
    return [degradation for name, degradation in known.items() if name in wanted]


def _originals(gathered: Gathered) -> Originals:
    prompts = tuple(p for p in gathered.board.prompts.prompts if p.id in gathered.references)
    clips = {prompt.id: gathered.references[prompt.id] for prompt in prompts}
    if len({clip.path for clip in clips.values()}) < 2:
        raise UserError("Degradations need two different references or more. Point --references at them.")
    return Originals(prompts, clips)


def _possible(chosen: Sequence[Degradation], originals: Originals) -> list[Degradation]:
    """Those that change any clip: what counts nothing cannot be counted wrong."""
    possible = [degradation for degradation in chosen if degradation.degrade(originals, degradation.grades[-1])]
    without = ", ".join(degradation.name for degradation in chosen if degradation not in possible)
    if not possible:
        raise UserError(f"No clip of these prompts can suffer {without}. Take more prompts, or other degradations.")
    if without:
        log.warning("No clip of these prompts can suffer %s: left out", without)
    return possible


def _path(clip: Made, store: Store) -> Path:
    return store.path("clips", digest(clip.content), ".wav")


def _make(clips: Sequence[SoundClip | Made], store: Store, progress: Progress) -> dict[Path, SoundClip]:
    """Every clip that is to be made, made unless it is there, and what one hears of it."""
    wanted = {_path(clip, store): clip for clip in clips if isinstance(clip, Made)}
    todo = {path: clip for path, clip in wanted.items() if not path.exists()}
    # Spawned, because a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        write = map if len(todo) <= FEW else partial(pool.map, chunksize=8)
        for done, _ in enumerate(write(partial(_write, store), todo, todo.values())):
            progress("degrading clips", done + 1, len(todo))
    heard = checking.hear(wanted, store, progress)
    if unusable := [reason for reason in heard.values() if isinstance(reason, str)]:
        raise UserError(f"{unusable[0]} Remove it, and it is made again.")
    return {path: clip for path, clip in heard.items() if isinstance(clip, SoundClip)}


def _write(store: Store, path: Path, clip: Made) -> None:
    store.write_clip(path, clip.make())


def _clip(clip: SoundClip | Made, made: Mapping[Path, SoundClip], store: Store) -> SoundClip:
    return made[_path(clip, store)] if isinstance(clip, Made) else clip


def _contestant(degradation: Degradation, grade: float, clips: Mapping[str, SoundClip]) -> Contestant:
    return Contestant(f"{degradation.name} {degradation.label(grade)}", clips)


def _score(
    gathered: Gathered, originals: Originals, rows: Sequence[Contestant], settings: Settings, progress: Progress
) -> list[Result]:
    """Results of the references and of all rows, without intervals and buckets."""
    whole = tuple(replace(prompt, n_events=None, fields={}) for prompt in originals.prompts)
    contestants = (Contestant("references", originals.clips), *rows)
    board = replace(gathered.board, prompts=replace(gathered.board.prompts, prompts=whole))
    asked = replace(gathered, board=board, contestants=contestants, flags={c.name: {} for c in contestants})
    if board.protocol.by_originals:
        return harness.score_by_originals(asked, {}, progress)
    # As one set: a batch of which any clip is new is embedded as a whole, and rows share most of their clips.
    every = Contestant("all", {clip.sha256: clip for row in contestants for clip in row.clips.values()})
    checking.check_disk([every], {}, asked.stages.values(), settings.store)
    harness.embed(replace(asked, contestants=(every,), references={}), settings, progress)
    return harness.score(asked, replace(settings, intervals=False), {}, progress)
