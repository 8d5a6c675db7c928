"""What is left of a metric under perturbed captions, and gaps of groups: TTA-Bench's definitions, with what is sure."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tta_bench.report.robustness import gaps, kept
from tta_bench.report.tables import all_tables
from tta_bench.types import Result

MakeResult = Callable[..., Result]


def on_board(result: Result, values: dict[str, float], **said: object) -> Result:
    board = {"board_sha256": "b" * 64, **said}
    return replace(result, per_clip={"CLAP_X": values}, provenance={**result.provenance, "board": board})


def perturbed(make_result: MakeResult, left: dict[str, float], *, n: int = 30, seed: int = 0) -> Result:
    """`n` captions, each perturbed in each way, which leaves that part of its value."""
    rng = np.random.default_rng(seed)
    values, base, kind = {}, {}, {}
    for i in range(n):
        values[f"p{i}"] = 0.4 + 0.1 * float(rng.standard_normal())
        for way, part in left.items():
            name = f"p{i}-{way}"
            values[name] = part * 0.4 + 0.1 * float(rng.standard_normal())
            base[name], kind[name] = f"p{i}", way
    return on_board(make_result("model", 1, 0.3), values, perturbed={"kind": kind, "base": base})


def test_what_is_left_is_the_ratio_of_the_means_and_their_mean(make_result: MakeResult) -> None:
    values = {"a": 0.2, "b": 0.4, "a1": 0.1, "b1": 0.2, "a2": 0.3, "b2": 0.3}
    said = {"kind": {"a1": "x", "b1": "x", "a2": "y", "b2": "y"}, "base": {"a1": "a", "b1": "b", "a2": "a", "b2": "b"}}
    x, y, whole = kept(on_board(make_result("m", 1, 0.3), values, perturbed=said))
    assert [(one.bucket, one.n, one.ci95) for one in (x, y, whole)] == [
        ("x", 2, None),
        ("y", 2, None),
        ("all kinds", 2, None),
    ]
    assert (x.value, y.value, whole.value) == (pytest.approx(0.5), pytest.approx(1.0), pytest.approx(0.75))


def test_intervals_of_a_kind_and_of_all_cover_what_is_left_as_often_as_they_say(make_result: MakeResult) -> None:
    hits = {"x": 0, "all kinds": 0}
    for seed in range(100):
        for score in kept(perturbed(make_result, {"x": 0.9, "y": 0.9, "z": 0.9}, seed=seed)):
            if score.bucket in hits:
                assert score.ci95 is not None
                hits[score.bucket] += score.ci95[0] <= 0.9 <= score.ci95[1]
    assert all(87 <= n <= 100 for n in hits.values()), hits


def test_a_kind_that_leaves_nothing_is_named_and_takes_the_mean_with_it(make_result: MakeResult) -> None:
    x, gone, whole = kept(perturbed(make_result, {"x": 0.95, "gone": -0.5}))
    assert x.value == pytest.approx(0.95, abs=0.15)
    assert gone.value is whole.value is None
    assert "not above 0" in gone.note
    assert "not above 0" in whole.note
    assert kept(make_result("m", 1, 0.3)) == gaps(make_result("m", 1, 0.3), "voice") == []


def grouped(make_result: MakeResult, means: dict[str, float], seed: int = 0) -> Result:
    """Thirty prompts a group."""
    rng = np.random.default_rng(seed)
    values = {
        f"{name}{i}": mean + 0.1 * float(rng.standard_normal()) for name, mean in means.items() for i in range(30)
    }
    fields = {"age": {name: name[0] for name in values}}
    return on_board(make_result("m", 1, 0.3), values, fields=fields, gaps=["age"])


def test_the_gap_of_three_groups_is_the_mean_over_pairs(make_result: MakeResult) -> None:
    values = {f"{group}{i}": mean for group, mean in (("a", 0.5), ("b", 0.4), ("c", 0.25)) for i in range(6)}
    said = {"age": {name: name[0] for name in values}}
    [(gap, p)] = gaps(on_board(make_result("m", 1, 0.3), values, fields=said), "age")
    assert gap.value == pytest.approx((20 + 50 + 37.5) / 3)
    assert gap.ci95 is None
    assert p < 0.001


def test_groups_that_do_not_differ_are_called_unequal_in_about_one_of_twenty(make_result: MakeResult) -> None:
    found = [gaps(grouped(make_result, {"a": 0.5, "b": 0.5, "c": 0.5}, seed), "age")[0] for seed in range(60)]
    assert sum(p < 0.05 for _, p in found) <= 8
    assert min(float(gap.value or 0) for gap, _ in found) > 0, "a gap is above 0 even so"
    [(score, p)] = gaps(grouped(make_result, {"a": 0.5, "b": -0.2}), "age")
    assert (score.value, p) == (None, 1.0)
    assert "not above 0" in score.note


def test_tables_are_shown_where_a_board_asks_for_them(make_result: MakeResult) -> None:
    found = perturbed(make_result, {"uppercase": 1.0})
    [table] = [table for table in all_tables([found], []) if "under perturbation" in table.title]
    assert [line.name for line in table.lines] == ["uppercase, model", "all kinds, model"]
    assert table.columns == ("CLAP_X ↑",)
    [table] = [
        table
        for table in all_tables([grouped(make_result, {"a": 0.6, "b": 0.3})], [])
        if "gap of groups" in table.title
    ]
    assert table.lines[0].name == "age, m"
    assert table.notes[0].endswith("age, m: CLAP_X")
