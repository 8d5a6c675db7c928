"""Clips that the suite renders itself: the references of a board of scenes, and the nearest scenes of the training
split for the control row `retrieval`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tta_bench import scenes
from tta_bench.plugins import code_sha256
from tta_bench.scenes.sound import SAMPLE_RATE
from tta_bench.store import Store, digest
from tta_bench.types import Board, Clip, Event, Prompt, UserError

Progress = Callable[[str, int, int], None]
TIMELINE_TOLERANCE = 0.005
"""Seconds by which an event may lie beside its published place: rounding differs from one processor to the next."""


def render(board: Board, store: Store, progress: Progress) -> Path:
    """A folder of the board's references, `<prompt id>.wav`, each rendered unless it is there.

    Raises UserError if a scene's timeline is not the one of its prompt.
    """
    plans = {prompt.id: plan_of(prompt) for prompt in board.prompts.prompts}
    published = {prompt.id: prompt.events for prompt in board.prompts.prompts}
    return _render("references", plans, published, store, progress)


def folder(board: Board, store: Store) -> Path:
    """Where a board's references are, or will be, rendered."""
    return _folder({prompt.id: plan_of(prompt) for prompt in board.prompts.prompts}, store)


def plan_of(prompt: Prompt) -> scenes.Scene:
    """The scene that is the reference of a prompt of a board of scenes."""
    return scenes.plan(int(prompt.fields["seed"]), split="test", n_events=prompt.n_events)


def retrieve(board: Board, store: Store, progress: Progress) -> Path:
    """A folder with, for each prompt, the scene of the training split whose caption is nearest: what a generator that
    only looks things up would answer. Raises UserError for a board without a training split."""
    if board.training_captions is None:
        raise UserError(f"Board {board.name!r} has no training split to retrieve from. Leave the row 'retrieval' out.")
    from tta_bench import text  # late, because it imports torch

    index = load_file(board.training_captions)
    wanted = text.load(text.bundled()).embed([prompt.text for prompt in board.prompts.prompts])
    nearest = index["seeds"][np.argmax(wanted @ index["embeddings"].astype(np.float32).T, axis=1)]
    prompts = board.prompts.prompts
    plans = {p.id: scenes.plan(int(seed), split="train") for p, seed in zip(prompts, nearest, strict=True)}
    return _render("retrieval", plans, {}, store, progress)


def _folder(plans: Mapping[str, scenes.Scene], store: Store) -> Path:
    seeds = {name: [plan.seed, plan.split, plan.duration] for name, plan in plans.items()}
    return store.root / "scenes" / digest([code_sha256("tta_bench.scenes"), seeds])[:16]


def _render(
    what: str,
    plans: Mapping[str, scenes.Scene],
    published: Mapping[str, tuple[Event, ...]],
    store: Store,
    progress: Progress,
) -> Path:
    place = _folder(plans, store)
    todo = {name: plan for name, plan in plans.items() if not (place / f"{name}.wav").exists()}
    if not todo:
        return place
    # Spawned, because a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for done, (name, rendered) in enumerate(
            zip(todo, pool.map(scenes.render, todo.values(), chunksize=8), strict=True)
        ):
            samples, events = rendered
            if name in published:
                _check_timeline(name, events, published[name])
            store.write_clip(place / f"{name}.wav", Clip(samples, SAMPLE_RATE))
            progress(f"rendering {what}", done + 1, len(todo))
    return place


def _check_timeline(name: str, events: tuple[Event, ...], published: tuple[Event, ...]) -> None:
    found = [(event.name, event.count, np.ravel(event.soundings)) for event in events]
    wanted = [(event.name, event.count, np.ravel(event.soundings)) for event in published]
    same = len(found) == len(wanted) and all(
        a[:2] == b[:2] and len(a[2]) == len(b[2]) and np.allclose(a[2], b[2], rtol=0, atol=TIMELINE_TOLERANCE)
        for a, b in zip(found, wanted, strict=True)
    )
    if not same:
        raise UserError(
            f"The scene of prompt {name!r} does not have the timeline that its board was published with: another "
            "version of numpy, of scipy or of the scenes. Install the versions of requirements.lock."
        )
