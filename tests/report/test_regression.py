"""A model that got worse by more than its margin is found, one that did not is let through, and CI can read it."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.conftest import MakeResult
from tests.report.seeding import simulated
from tta_bench.metrics.intervals import holm
from tta_bench.report.junit import junit, sentence
from tta_bench.report.regression import LEVEL, Margin, _levels, changes, read_margin
from tta_bench.types import UserError

NONE = Margin(0, False)


@pytest.mark.parametrize(
    ("text", "baseline", "allowed"),
    [("0.01", 50, 0.01), ("2%", 50, 1.0), ("2%", -50, 1.0), (" 0 ", 9, 0), ("1e-3", 1, 1e-3)],
)
def test_a_margin_is_absolute_or_a_share_of_the_baseline(text: str, baseline: float, allowed: float) -> None:
    assert read_margin(text).of(baseline) == pytest.approx(allowed)


@pytest.mark.parametrize("text", ["", "%", "two", "-0.1", "nan", "inf", "2%%", "1 %x"])
def test_what_is_no_margin_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"A margin is a number from 0 on"):
        read_margin(text)


def test_worse_is_higher_or_lower_as_the_metric_says(make_result: MakeResult) -> None:
    old, worse = make_result("old", 10, 0.4), make_result("new", 12, 0.3)
    fd, clap = changes(old, worse, ["FD_X", "CLAP_X"], NONE)
    assert (fd.worse_by, clap.worse_by) == (pytest.approx(2), pytest.approx(0.1))
    assert fd.regressed
    assert clap.regressed
    assert not any(change.regressed for change in changes(worse, old, ["FD_X", "CLAP_X"], NONE))


def test_what_is_worse_by_less_than_the_margin_is_let_through(make_result: MakeResult) -> None:
    old, worse = make_result("old", 10, 0.4), make_result("new", 12, 0.3)
    [strict] = changes(old, worse, ["FD_X"], Margin(1.5, False))
    [loose] = changes(old, worse, ["FD_X"], Margin(0.25, True))
    assert strict.regressed
    assert not loose.regressed
    assert loose.margin == pytest.approx(2.5)


def test_a_metric_has_regressed_exactly_if_its_bound_lies_above_the_margin(make_result: MakeResult) -> None:
    metrics, seen = ["FD", "KL", "CLAP", "recall", "count"], set()
    for draw in range(12):
        old = simulated(make_result, draw, 0, n=60)
        new = simulated(make_result, draw, 1, n=60, worse=0.25)
        found = changes(old, new, metrics, Margin(0.05, True))
        assert [change.metric for change in found] == metrics
        assert all(change.regressed == (change.at_least > change.margin) for change in found)
        assert {round(LEVEL / change.level) for change in found} <= {1, 2, 3, 4, 5}
        seen |= {change.regressed for change in found}
    assert seen == {True, False}


def test_levels_are_those_at_which_holms_method_tests() -> None:
    rng = np.random.default_rng(0)
    for k in (1, 2, 3, 6):
        for _ in range(200):
            p = (0.1 * rng.random(k) ** 2).tolist()
            below = [one < level for one, level in zip(p, _levels(p), strict=True)]
            assert below == (holm(np.array(p)) < LEVEL).tolist()
    assert _levels([0.04, 0.001, 0.03]) == pytest.approx([0.025, LEVEL / 3, 0.025])


def test_a_model_at_its_margin_is_called_worse_in_about_one_of_twenty_at_most(make_result: MakeResult) -> None:
    """Both metrics get worse by exactly the margin, in expectation; the binomial sd of 200 is 1.5 %."""
    base, found = make_result("m", 10, 0.3, n=60), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        apart = rng.standard_normal(60)
        left_out = 10 + (apart.mean() * 60 - apart.reshape(30, 2).sum(axis=1)) / 58
        values = dict(
            zip(base.per_clip["CLAP_X"], (0.3 - 0.1 * (1 + rng.exponential(size=60) - 1)).tolist(), strict=True)
        )
        flat = dict.fromkeys(values, 0.3)
        old = replace(base, per_clip={"CLAP_X": flat}, leave_out={"FD_X": [9.9] * 30}, scores=scored(base, 9.9))
        new = replace(
            base,
            per_clip={"CLAP_X": values},
            leave_out={"FD_X": left_out.tolist()},
            scores=scored(base, 10 + float(apart.mean())),
        )
        found += any(change.regressed for change in changes(old, new, ["FD_X", "CLAP_X"], Margin(0.1, False)))
    assert found <= 20


def scored(result, fd: float) -> tuple:
    return (replace(result.scores[0], value=fd), *result.scores[1:])


def test_what_cannot_be_compared_is_refused_with_the_reason(make_result: MakeResult) -> None:
    old, new = make_result("old", 10, 0.4), make_result("new", 12, 0.3)
    with pytest.raises(UserError, match="FD_X cannot be compared: new was not measured in it"):
        changes(old, replace(new, scores=new.scores[1:]), ["CLAP_X", "FD_X"], NONE)


def test_junit_counts_failures_and_holds_any_name(make_result: MakeResult) -> None:
    old, new = make_result("old", 10, 0.4), make_result("new", 12, 0.41)
    found = changes(old, new, ["FD_X", "CLAP_X"], NONE)
    name = "<b>&\"' ]]> \x00\x1b[31m \ud800 \u202e 😀"
    found = [replace(found[0], metric=name), found[1]]
    root = ElementTree.fromstring(junit(found, name))
    held = "<b>&\"' ]]> \ufffd\ufffd[31m \ufffd \u202e 😀"
    [suite] = root
    assert (root.tag, suite.tag, suite.get("name")) == ("testsuites", "testsuite", held)
    assert [(e.get("tests"), e.get("failures"), e.get("errors")) for e in (root, suite)] == [("2", "1", "0")] * 2
    failed, fine = suite
    assert (failed.get("name"), failed.get("classname"), failed[0].tag) == (held, held, "failure")
    assert "2 worse" in failed[0].get("message", "")
    assert failed[0].text == failed[0].get("message")
    assert (fine.get("name"), [child.tag for child in fine]) == ("CLAP_X", ["system-out"])
    assert "0.01 better" in sentence(found[1])
