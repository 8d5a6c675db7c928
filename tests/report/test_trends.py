"""The trend over the number of sound events, and differences at each number."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from tta_bench.report.compare import differences
from tta_bench.report.formats import files
from tta_bench.report.tables import all_tables
from tta_bench.report.trends import bucket_differences, counts, tau_interval, trends
from tta_bench.types import Result

MakeResult = Callable[..., Result]
EVENTS = {f"p{i:02}": 1 + i % 5 for i in range(40)}


def on_events(result: Result, values: dict[str, float] | None = None) -> Result:
    """The result on a board whose prompts have one to five events, perhaps with other values."""
    board = {"board_sha256": "b" * 64, "n_events": EVENTS}
    found = replace(result, provenance={**result.provenance, "board": board})
    return replace(found, per_clip={"CLAP_X": values}) if values else found


def falling(slope: float, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {prompt: 0.5 - slope * n + 0.1 * float(rng.standard_normal()) for prompt, n in EVENTS.items()}


def test_a_metric_that_falls_is_found_and_control_rows_are_not_asked(make_result: MakeResult) -> None:
    rows = [
        on_events(make_result("falls", 1, 0.3), falling(0.1, 0)),
        on_events(make_result("flat", 1, 0.3), falling(0.0, 1)),
        on_events(make_result("noise", 1, 0.3, control=True), falling(0.1, 2)),
    ]
    falls, flat = trends(rows)
    assert (falls.model, flat.model, falls.n) == ("falls", "flat", 40)
    values = rows[0].per_clip["CLAP_X"]
    wanted = kendalltau(list(EVENTS.values()), [values[prompt] for prompt in EVENTS])
    assert falls.tau == pytest.approx(wanted.statistic)
    assert falls.ci95[0] < falls.tau < falls.ci95[1] < 0
    assert falls.p_holm == pytest.approx(2 * wanted.pvalue)
    assert falls.p_holm < 0.001
    assert flat.p_holm > 0.05
    title = "test: Kendall's tau of each metric with n_events"
    table = next(table for table in all_tables(rows, differences(rows)) if table.title == title)
    told = files(rows)
    assert title in told["leaderboard.md"].decode()
    assert "CLAP\\_X $\\uparrow$ \\\\" in told["leaderboard.tex"].decode()
    assert table.notes == ("goes with the number of events, Holm-corrected p below 0.05: falls: CLAP_X",)


def test_trends_of_nothing_are_found_in_about_one_of_twenty(make_result: MakeResult) -> None:
    """Type-I error and coverage of the interval at 400 draws."""
    base, n_found, n_covered = make_result("flat", 1, 0.3), 0, 0
    for seed in range(400):
        [trend] = trends([on_events(base, falling(0.0, seed))])
        n_found += trend.p < 0.05
        n_covered += trend.ci95[0] <= 0 <= trend.ci95[1]
    assert 0.02 <= n_found / 400 <= 0.08
    assert 0.92 <= n_covered / 400 <= 0.98


def test_models_are_told_apart_where_they_differ_and_nowhere_else(make_result: MakeResult) -> None:
    worse = {prompt: value - (0.4 if EVENTS[prompt] >= 4 else 0.0) for prompt, value in falling(0, 0).items()}
    jitter = [0.02 * (-1) ** (i // 5) for i in range(40)]
    other = {prompt: value + z for (prompt, value), z in zip(worse.items(), jitter, strict=True)}
    rows = [on_events(make_result("a", 1, 0.3), falling(0, 0)), on_events(make_result("b", 1, 0.3), other)]
    found = dict(bucket_differences(rows))
    assert list(found) == ["1", "2", "3", "4+"]
    assert [one.n for one in found.values()] == [8, 8, 8, 16]
    assert found["4+"].value == pytest.approx(0.4, abs=0.03)
    assert found["4+"].p_holm < 0.001
    assert min(found[bucket].p_holm for bucket in ("1", "2", "3")) > 0.05


def test_without_counts_nothing_is_said_of_them(make_result: MakeResult) -> None:
    rows = [make_result("a", 1, 0.3), make_result("b", 2, 0.2)]
    assert counts(rows[0]) == {}
    assert trends(rows) == bucket_differences(rows) == []
    assert len(all_tables(rows, differences(rows))) == 2
    assert differences(rows)


def test_the_interval_of_tau_leaves_0_out_exactly_where_p_says_so_ties_and_all() -> None:
    rng = np.random.default_rng(0)
    n_found = 0
    for _ in range(200):
        one, other = rng.integers(1, 6, size=160), (rng.random(160) < 0.7).astype(float)
        tested = kendalltau(one, other, method="asymptotic")
        low, high = tau_interval(float(tested.statistic), one.tolist(), other.tolist())
        assert (low > 0 or high < 0) == (tested.pvalue < 0.05)
        n_found += tested.pvalue < 0.05
    assert n_found <= 20


def test_captions_of_one_recording_and_perturbed_ones_are_not_counted_twice(make_result: MakeResult) -> None:
    board = {
        "n_events": {"a": 1, "a1": 1, "b": 2, "c": 3},
        "perturbed": {"base": {"a1": "a"}, "kind": {"a1": "upper"}},
        "recordings": {"b": "y", "c": "y"},
    }
    found = replace(make_result("m", 1, 0.3), provenance={"board": board})
    assert counts(found) == {"a": 1, "b": 2}
