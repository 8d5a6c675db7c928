"""Who hears what, when: lists in which every model is heard equally often, and orders that favour none.

Prompts stand in a circle. In list g, system j is heard on the `k` prompts that begin at place `(g + j) k` of it: a
cyclic design (BIBD where k divides the number of prompts), in which every list has all systems equally often, and the
lists of one round every clip equally often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from math import ceil, gcd
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def round_length(n_prompts: int, k: int) -> int:
    """Lists after which every system was heard on every prompt equally often."""
    return n_prompts // gcd(n_prompts, k)


def fewest_lists(n_prompts: int, k: int) -> int:
    """Lists after which every system was heard on every prompt at least once."""
    return ceil(n_prompts / k)


def windows(n_systems: int, n_prompts: int, k: int, turn: int) -> list[list[int]]:
    """For each system the places of the prompts on which list number `turn` of a round hears it."""
    return [[((turn + j) * k + i) % n_prompts for i in range(k)] for j in range(n_systems)]


def williams(n: int) -> list[list[int]]:
    """A Williams square: orders of n things in which each stands equally often in each place, and follows each other
    one equally often. n orders if n is even, 2n if it is odd (Williams 1949)."""
    zigzag = [0]
    for step in range(1, n):
        zigzag.append((step + 1) // 2 if step % 2 else n - step // 2)
    rows = [[(place + row) % n for place in zigzag] for row in range(n)]
    return rows if n % 2 == 0 else rows + [row[::-1] for row in rows]


def spread(
    items: Sequence[T], topic: Callable[[T], Hashable], other: Callable[[T], Hashable], rng: np.random.Generator
) -> list[T]:
    """The items in random order: no two of one topic in a row where that can be, few of one `other`."""
    left = [items[i] for i in rng.permutation(len(items))]
    counts = Counter(topic(item) for item in left)
    order: list[T] = []
    while left:
        item = _next(left, order, counts, topic, other)
        left.remove(item)
        counts[topic(item)] -= 1
        order.append(item)
    return order


def _next(
    left: Sequence[T],
    order: Sequence[T],
    counts: Counter[Hashable],
    topic: Callable[[T], Hashable],
    other: Callable[[T], Hashable],
) -> T:
    """The first that may follow; of the topic that must come now, where one has half of what is left."""
    fitting = [item for item in left if not order or topic(item) != topic(order[-1])] or list(left)
    crowded = [item for item in fitting if 2 * counts[topic(item)] > len(left)]
    fitting = crowded or fitting
    return next((item for item in fitting if not order or other(item) != other(order[-1])), fitting[0])


def insert(
    order: Sequence[T], item: T, places: Sequence[int], clash: Callable[[T, T], bool], rng: np.random.Generator
) -> list[T]:
    """The order with one more item at one of the places, drawn from those where it clashes with no neighbour."""
    free = [place for place in places if not any(clash(item, one) for one in order[max(place - 1, 0) : place + 1])]
    place = int(rng.choice(free or list(places)))
    return [*order[:place], item, *order[place:]]
