"""The programme of every list: its main pages, and among them those that check the listener, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from tta_bench.listening import assignment
from tta_bench.listening.material import Material, buckets
from tta_bench.listening.names import Names
from tta_bench.listening.sampling import mixed
from tta_bench.listening.spec import PAGES, Spec
from tta_bench.listening.trials import Expected, Sound, Trial, duplicate, gold, mismatch, training, trap
from tta_bench.types import UserError

OPEN: Final = 40
"""Copy that is heard as the reference; no hidden sound is it, nor its duplicate's."""


@dataclass(frozen=True)
class Shape:
    """How many pages of what a list has."""

    systems: tuple[tuple[str | None, ...], ...]
    """What is heard on a page, without its order: one system, a pair, or all. None is the recording."""
    prompts_each: int
    """Prompts on which a list hears each of them."""
    lists: int


def shape(spec: Spec, material: Material) -> Shape:
    """The shape that a test has, checked. Raises UserError for numbers that cannot be balanced."""
    systems = _systems(spec, material)
    n_prompts, n_systems = len(material.prompts), len(systems)
    if spec.kind == "mushra" and not material.references:
        raise UserError("A test of kind mushra compares with recordings. Give --references, or a run that has some.")
    if n_prompts < 2:
        raise UserError(f"{n_prompts} prompts cannot be a listening test: no two pages may ask the same. Give more.")
    per_list = spec.per_list or max(n_systems, PAGES[spec.kind] // n_systems * n_systems)
    k = min(per_list // n_systems, n_prompts)
    if spec.per_list and k * n_systems != spec.per_list:
        raise UserError(
            f"--per-list is {spec.per_list}, but a list hears each of {n_systems} {_noun(spec)} equally often, on at "
            f"most {n_prompts} prompts. Choose a multiple of {n_systems} up to {n_systems * n_prompts}."
        )
    lists = spec.lists or assignment.round_length(n_prompts, k)
    if lists < (fewest := assignment.fewest_lists(n_prompts, k)):
        raise UserError(
            f"--lists {lists} would leave clips that nobody hears: {k * n_systems} pages a list need {fewest} lists. "
            "Give more lists, more pages a list (--per-list) or fewer prompts (--n-prompts)."
        )
    return Shape(systems, k, lists)


def _systems(spec: Spec, material: Material) -> tuple[tuple[str | None, ...], ...]:
    models = material.models
    if spec.kind in ("ab", "abx"):
        if len(models) < 2:
            raise UserError(f"A test of kind {spec.kind} compares models, and there is one: {models[0]}. Give two.")
        return tuple(combinations(models, 2))
    heard = (*models, *([None] if material.references else []))
    return (heard,) if spec.kind in ("multi", "mushra") else tuple((system,) for system in heard)


def _noun(spec: Spec) -> str:
    return {"ovl_rel": "systems", "ab": "pairs", "abx": "pairs"}.get(spec.kind, "page")


def outline(spec: Spec, material: Material) -> dict[str, object]:
    """What a test will be, in numbers. Raises UserError for numbers that cannot be balanced."""
    form = shape(spec, material)
    of_bucket = buckets(material)
    return {
        "kind": spec.kind,
        "models": material.models,
        "recordings": bool(material.references),
        "prompts": len(material.prompts),
        "prompts by events": dict(sorted(Counter(of_bucket[one.id] or "unknown" for one in material.prompts).items())),
        "left out": material.left_out,
        "lists": form.lists,
        "main pages a list": form.prompts_each * len(form.systems),
        "other pages a list": {name: spec.n(name) for name in spec.checks if spec.n(name)},
        "lists that show a clip": round(form.lists * form.prompts_each / len(material.prompts), 2),
        "seed": spec.seed,
    }


def programme(spec: Spec, material: Material, names: Names) -> list[list[Trial]]:
    """The pages of each list, in the order of showing."""
    form = shape(spec, material)
    return [_list(spec, material, names, form, number) for number in range(form.lists)]


def _list(spec: Spec, material: Material, names: Names, form: Shape, number: int) -> list[Trial]:
    rng = names.rng("list", number)
    main = _main(spec, material, names, form, number)
    order = assignment.spread(main, lambda page: page.prompt, lambda page: page.sounds[0].model, rng)
    for page, places in _checks(spec, material, order, number, rng):
        order = assignment.insert(order, page, places(len(order)), _clash, rng)
    return [*_training(spec, material, names, form), *order]


def _main(spec: Spec, material: Material, names: Names, form: Shape, number: int) -> list[Trial]:
    """The main pages of a list. Every round takes the prompts in another order, so that company changes."""
    circle = assignment.round_length(len(material.prompts), form.prompts_each)
    turn, around = number % circle, number // circle
    prompts = mixed(material, material.prompts, names.rng("circle", around))
    windows = assignment.windows(len(form.systems), len(prompts), form.prompts_each, turn)
    return [
        page(spec, material, form, system, prompts[place].id, turn=number * form.prompts_each + i)
        for system, window in enumerate(windows)
        for i, place in enumerate(window)
    ]


def page(spec: Spec, material: Material, form: Shape, system: int, prompt: str, *, turn: int) -> Trial:
    """The main page of a system (or pair, or all of them) and a prompt; `turn` decides the order on it."""
    heard = form.systems[system]
    sounds = [Sound("main", one, prompt) if one else Sound("reference", None, prompt) for one in heard]
    if spec.kind == "mushra":
        sounds += [Sound("anchor35", None, prompt), Sound("anchor70", None, prompt)]
    if spec.kind in ("ab", "abx"):
        return _pair(spec, material, heard, sounds, prompt, turn)
    order = assignment.williams(len(sounds))
    shown = tuple(sounds[i] for i in order[turn % len(order)])
    reference = Sound("reference", None, prompt, copy=OPEN) if spec.kind == "mushra" else None
    return Trial("main", prompt, shown, reference)


def _pair(
    spec: Spec, material: Material, heard: Sequence[str | None], sounds: list[Sound], prompt: str, turn: int
) -> Trial:
    """Sides alternate from page to page and from pair to pair, so that in a list every model is as often left."""
    places = sum(material.models.index(one or "") for one in heard)
    sides = sounds[::-1] if (places + turn) % 2 else sounds
    if spec.kind == "ab":
        return Trial("main", prompt, tuple(sides))
    same = sides[(places + turn // 2) % 2]
    return Trial("main", prompt, tuple(sides), replace(same, copy=OPEN), Expected(choice=same))


def _checks(
    spec: Spec, material: Material, order: Sequence[Trial], number: int, rng: np.random.Generator
) -> list[tuple[Trial, Callable[[int], range]]]:
    """Pages that check the listener of a list, each with the places where it may stand among so many others."""
    again = [int(i) for i in rng.permutation(max(1, len(order) // 3))[: spec.n("duplicate")]]
    made: list[tuple[Trial, Callable[[int], range]]] = [(duplicate(order[i]), _late) for i in again]
    ids = range(number * 8, number * 8 + 8)
    made += [(mismatch(spec, material, i, rng), _within) for i in ids[: spec.n("mismatch")]]
    made += [(gold(spec, material, i, rng), _within) for i in ids[: spec.n("gold")]]
    return [*made, *((trap(spec, i), _within) for i in ids[: spec.n("trap")])]


def _late(size: int) -> range:
    """In the last third."""
    return range(2 * size // 3, size + 1)


def _within(size: int) -> range:
    """Neither first nor last."""
    return range(1, max(2, size))


def _clash(one: Trial, other: Trial) -> bool:
    return bool(one.topics & other.topics) or "trap" == one.role == other.role


def _training(spec: Spec, material: Material, names: Names, form: Shape) -> list[Trial]:
    """The pages to practise on, the same for all lists; of prompts that are not asked later, where there are any."""
    rng = names.rng("training")
    prompts = material.spare or material.prompts
    chosen = [prompts[int(i)] for i in rng.permutation(len(prompts))[: spec.n("training")]]
    found = []
    for turn, prompt in enumerate(chosen):
        pages = [page(spec, material, form, i, prompt.id, turn=turn) for i in range(len(form.systems))]
        renamed = [replace(each, sounds=tuple(replace(s, copy=5) for s in each.sounds)) for each in pages]
        found.append(training(renamed, prompt, rng))
    return found
