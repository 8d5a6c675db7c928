"""What is left of a metric under perturbed captions, and gaps of groups: TTA-Bench's definitions, with intervals."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tta_bench.report.robustness import gaps, kept
from tta_bench.report.tables import all_tables
from tta_bench.types import Result

MakeResult = Callable[..., Result]


def on_board(result: Result, values: dict[str, float], fields: dict[str, dict[str, str]], *asked: str) -> Result:
    board = {"board_sha256": "b" * 64, "fields": fields, "gaps": list(asked)}
    return replace(result, per_clip={"CLAP_X": values}, provenance={**result.provenance, "board": board})


def perturbed(make_result: MakeResult, left: dict[str, float], n: int = 30) -> Result:
    """`n` captions, each perturbed in each way, which leaves that part of its value."""
    rng = np.random.default_rng(0)
    values, base, kind = {}, {}, {}
    for i in range(n):
        values[f"p{i}"] = 0.4 + 0.05 * float(rng.standard_normal())
        for way, part in left.items():
            name = f"p{i}-{way}"
            values[name] = part * values[f"p{i}"] + 0.01 * float(rng.standard_normal())
            base[name], kind[name] = f"p{i}", way
    return on_board(make_result("model", 1, 0.3), values, {"perturbation": kind, "base": base})


def test_what_is_left_is_the_ratio_of_the_means_and_their_mean(make_result: MakeResult) -> None:
    found = {score.bucket: score for score in kept(perturbed(make_result, {"uppercase": 1.0, "misspelling": 0.6}))}
    assert list(found) == ["uppercase", "misspelling", "all"]
    for kind, part in (("uppercase", 1.0), ("misspelling", 0.6), ("all", 0.8)):
        score = found[kind]
        assert score.value == pytest.approx(part, abs=0.02)
        assert score.ci95 is not None
        assert score.ci95[0] - 0.005 < part < score.ci95[1] + 0.005
        assert score.ci95[1] - score.ci95[0] < 0.05
        assert score.n == 30


def test_values_are_exact_on_a_table_that_can_be_worked_out_by_hand(make_result: MakeResult) -> None:
    values = {"a": 0.2, "b": 0.4, "a1": 0.1, "b1": 0.2}
    said = {"kind": {"a1": "x", "b1": "x"}, "base": {"a1": "a", "b1": "b"}}
    one, whole = kept(on_board(make_result("m", 1, 0.3), values, said))
    assert (one.value, one.ci95, one.n) == (pytest.approx(0.5), None, 2)
    assert whole.value == pytest.approx(0.5)
    groups = {"voice": {"a": "male", "b": "male", "a1": "female", "b1": "female"}}
    [gap] = gaps(on_board(make_result("m", 1, 0.3), values, groups, "voice"), "voice")
    assert gap.value == pytest.approx(100 * (0.3 - 0.15) / 0.3)
    assert gap.ci95 is None


def test_the_gap_of_three_groups_is_the_mean_over_pairs(make_result: MakeResult) -> None:
    values = {f"{group}{i}": mean for group, mean in (("a", 0.5), ("b", 0.4), ("c", 0.25)) for i in range(6)}
    said = {"age": {name: name[0] for name in values}}
    [gap] = gaps(on_board(make_result("m", 1, 0.3), values, said, "age"), "age")
    assert gap.value == pytest.approx((20 + 50 + 37.5) / 3)
    assert gap.ci95 == pytest.approx((gap.value, gap.value))


def test_a_metric_that_is_not_above_0_has_no_ratio_and_a_board_without_bases_no_table(make_result: MakeResult) -> None:
    below = {"a": -0.1, "a1": 0.1}
    said = {"kind": {"a1": "x"}, "base": {"a1": "a"}}
    assert kept(on_board(make_result("m", 1, 0.3), below, said)) == []
    assert kept(make_result("m", 1, 0.3)) == gaps(make_result("m", 1, 0.3), "voice") == []


def test_tables_are_shown_where_a_board_asks_for_them(make_result: MakeResult) -> None:
    found = perturbed(make_result, {"uppercase": 1.0})
    [table] = [table for table in all_tables([found]) if "perturbation over" in table.title]
    assert [line.name for line in table.lines] == ["uppercase, model", "all, model"]
    groups = {"voice": {f"p{i}": "ab"[i % 2] for i in range(30)}}
    values = {f"p{i}": 0.4 for i in range(30)}
    one = on_board(make_result("m", 1, 0.3), values, groups, "voice")
    [table] = [table for table in all_tables([one]) if "gap of groups" in table.title]
    assert table.lines[0].cells[0].value == "0.000"
