"""Lists and orders are balanced, exactly, whatever the numbers."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tta_bench.listening.assignment import fewest_lists, insert, round_length, spread, williams, windows


@pytest.mark.parametrize("n", range(1, 9))
def test_in_a_williams_square_each_stands_in_each_place_and_follows_each_other_equally_often(n: int) -> None:
    rows = williams(n)
    places = Counter((place, one) for row in rows for place, one in enumerate(row))
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert set(places.values()) == {len(rows) // n}
    assert len(places) == n * n
    assert len(follows) == n * (n - 1)
    assert len(set(follows.values())) <= 1


@pytest.mark.parametrize(("systems", "prompts", "k"), [(4, 12, 3), (3, 7, 2), (5, 10, 10), (2, 9, 6), (6, 5, 1)])
def test_a_round_of_lists_shows_every_clip_equally_often_and_each_list_every_system(
    systems: int, prompts: int, k: int
) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for turn in range(round_length(prompts, k)):
        of_list = windows(systems, prompts, k, turn)
        assert [len(set(window)) for window in of_list] == [k] * systems
        seen.update((system, prompt) for system, window in enumerate(of_list) for prompt in window)
    assert len(seen) == systems * prompts
    assert len(set(seen.values())) == 1


@pytest.mark.parametrize(("systems", "prompts", "k"), [(4, 12, 3), (3, 8, 2), (2, 9, 4)])
def test_a_list_asks_no_prompt_twice_where_there_are_enough(systems: int, prompts: int, k: int) -> None:
    for turn in range(round_length(prompts, k)):
        assert max(Counter(p for window in windows(systems, prompts, k, turn) for p in window).values()) == 1


def test_the_fewest_lists_leave_no_clip_unheard() -> None:
    for prompts, k in ((7, 2), (10, 3), (12, 4)):
        seen = {
            (j, p) for g in range(fewest_lists(prompts, k)) for j, w in enumerate(windows(3, prompts, k, g)) for p in w
        }
        assert len(seen) == 3 * prompts


def test_no_two_items_of_a_topic_follow_each_other_where_that_can_be() -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 5, size=5)
        items = [(topic, copy) for topic, size in enumerate(sizes) for copy in range(size)]
        if 2 * max(sizes) > len(items) + 1:
            continue
        order = spread(items, lambda item: item[0], lambda item: item[1], rng)
        assert sorted(order) == sorted(items)
        assert all(a[0] != b[0] for a, b in pairwise(order)), (seed, order)


def test_an_item_is_put_where_it_clashes_with_no_neighbour() -> None:
    for seed in range(50):
        order = insert([1, 2, 1, 3], 1, range(5), lambda a, b: a == b, np.random.default_rng(seed))
        assert all(a != b for a, b in pairwise(order)) or order.count(1) > 3
