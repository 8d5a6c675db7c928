"""Which prompts are heard, and in which order lists take them: of each number of sound events as many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tta_bench.listening.material import Material, buckets
from tta_bench.types import Prompt, UserError


def sample(material: Material, n_prompts: int | None, rng: np.random.Generator) -> Material:
    """The material with some of its prompts asked, and the others to spare.

    Buckets share `n_prompts` evenly; what a small one cannot give, the others do. None takes all. Raises UserError for
    more than there are.
    """
    n_prompts = len(material.prompts) if n_prompts is None else n_prompts
    if n_prompts > len(material.prompts):
        raise UserError(f"--n-prompts is {n_prompts}, but {len(material.prompts)} prompts have clips. Ask for fewer.")
    chosen = {prompt.id for prompt in mixed(material, material.prompts, rng)[:n_prompts]}
    asked = tuple(prompt for prompt in material.prompts if prompt.id in chosen)
    return replace(material, prompts=asked, spare=tuple(one for one in material.prompts if one.id not in chosen))


def mixed(material: Material, prompts: Sequence[Prompt], rng: np.random.Generator) -> list[Prompt]:
    """Prompts shuffled such that any stretch of them holds the buckets as evenly as they last."""
    of_bucket = buckets(material)
    groups: dict[str, list[Prompt]] = {}
    for index in rng.permutation(len(prompts)):
        groups.setdefault(of_bucket[prompts[index].id] or "", []).append(prompts[index])
    order = [groups[name] for name in sorted(groups)]
    rounds = max((len(group) for group in order), default=0)
    return [group[turn] for turn in range(rounds) for group in order if turn < len(group)]


def least_alike(caption: str, others: Sequence[Prompt], rng: np.random.Generator) -> Prompt:
    """The prompt that shares the fewest words with a caption; one of those at random."""
    words = set(caption.lower().split())
    shared = [len(words & set(prompt.text.lower().split())) for prompt in others]
    best = [prompt for prompt, n in zip(others, shared, strict=True) if n == min(shared)]
    return best[int(rng.integers(len(best)))]
