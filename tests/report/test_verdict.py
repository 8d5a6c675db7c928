"""Who is better in what, in a sentence: a planted difference is found, and two seeds of a model are not told apart."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MakeResult
from tests.report.seeding import simulated
from tta_bench.report.verdict import compared, disagreements, listed, verdict
from tta_bench.types import Result


def on_buckets(result: Result, shift: float = 0.0) -> Result:
    """The result on a board with two fields; `shift` is added to CLAP_X of prompts of two events."""
    said = {f"p{i:02}": 1 + i % 2 for i in range(40)}
    fields = {"relation": {prompt: "single" if i < 20 else "sequence" for i, prompt in enumerate(said)}}
    board = {"board_sha256": "b" * 64, "n_events": said, "fields": fields}
    rng = np.random.default_rng(len(result.model))
    values = {
        prompt: value + 0.01 * float(rng.standard_normal()) + shift * (said[prompt] == 2)
        for prompt, value in result.per_clip["CLAP_X"].items()
    }
    return replace(result, per_clip={"CLAP_X": values}, provenance={**result.provenance, "board": board})


def test_two_seeds_of_one_model_are_not_told_apart_in_at_least_93_of_100(make_result: MakeResult) -> None:
    """Five metrics corrected together: FD of features with its jackknife; skewed, continuous and counted values."""
    told = []
    for draw in range(100):
        a, b = (replace(simulated(make_result, draw, seed, n=60), model=name) for seed, name in ((0, "a"), (1, "b")))
        told.append(verdict(compared(a, b)))
    silent = sum(said == "No metric tells a and b apart (5 compared)." for said in told)
    assert silent >= 93


def test_a_planted_difference_is_found_in_every_pair_and_named_the_right_way_round(make_result: MakeResult) -> None:
    for draw in range(5):
        a = replace(simulated(make_result, draw, 0, worse=0.6), model="a")
        b = replace(simulated(make_result, draw, 1), model="b")
        assert verdict(compared(a, b)).startswith("b is better in FD, KL, CLAP, recall and count, a in none")
        assert verdict(compared(b, a)).startswith("b is better in FD")


def test_the_verdict_names_both_sides_what_is_open_and_what_cannot_be_compared(make_result: MakeResult) -> None:
    a, b = make_result("a", 10, 0.2), make_result("b", 20, 0.4)
    assert verdict(compared(a, b)) == "a is better in FD_X, b in CLAP_X."
    assert verdict(compared(a, replace(b, scores=(b.scores[1],)))) == (
        "b is better in CLAP_X, a in none; FD_X cannot be compared."
    )
    same = replace(b, per_clip=a.per_clip)
    assert verdict(compared(a, same)) == "a is better in FD_X, b in none; CLAP_X cannot tell them apart."
    assert compared(a, replace(b, scores=(b.scores[1],))).not_compared == {"FD_X": "b was not measured in it"}
    bare = replace(b, scores=tuple(replace(score, ci95=None) for score in b.scores))
    assert verdict(compared(a, bare)) == "a and b cannot be compared in any metric."
    assert [listed(names) for names in ([], ["x"], ["x", "y"], ["x", "y", "z"])] == [
        "none",
        "x",
        "x and y",
        "x, y and z",
    ]


def test_why_two_cannot_be_paired_is_told(make_result: MakeResult) -> None:
    a, b = make_result("a", 10, 0.2), make_result("b", 20, 0.4)
    others = replace(b, left_out={"FD_X": ["p00"]})
    lacking = replace(b, scores=(replace(b.scores[0], value=None, note="1 clips, needs 2"), *b.scores[1:]))
    bare = replace(b, scores=(replace(b.scores[0], ci95=None, note="no interval: few"), *b.scores[1:]))
    halves = replace(b, scores=(replace(b.scores[0], n=20), *b.scores[1:]))
    for other, told in (
        (others, "the two were not scored on the same prompts"),
        (lacking, "b has no value: 1 clips, needs 2"),
        (bare, "b has no interval: no interval: few"),
        (halves, "the two were not scored on the same prompts"),
    ):
        assert compared(a, other).not_compared == {"FD_X": told}


def test_each_field_is_told_apart_by_bucket_and_corrected_within_it(make_result: MakeResult) -> None:
    found = compared(on_buckets(make_result("one", 10, 0.3)), on_buckets(make_result("second", 10, 0.3), 0.05))
    assert [bucket for bucket, _ in found.buckets["n_events"]] == ["1", "2"]
    one, two = (difference for _, difference in found.buckets["n_events"])
    assert (one.n, two.n) == (20, 20)
    assert two.value == pytest.approx(-0.05, abs=0.01)
    assert two.p_holm < 0.05 < one.p_holm
    assert [bucket for bucket, _ in found.buckets["relation"]] == ["sequence", "single"]


def test_captions_of_one_source_count_once_in_a_bucket(make_result: MakeResult) -> None:
    a, b = on_buckets(make_result("one", 10, 0.3)), on_buckets(make_result("second", 10, 0.3))
    said = {"recordings": {"p00": "y", "p02": "y"}, "perturbed": {"base": {"p01": "p03", "p05": "p07"}, "kind": {}}}
    a, b = (replace(r, provenance={**r.provenance, "board": {**r.provenance["board"], **said}}) for r in (a, b))
    a = replace(a, per_clip={"CLAP_X": {**a.per_clip["CLAP_X"], "p01": 9.0, "p05": 9.0}})
    found = dict(compared(a, b).buckets["n_events"])
    assert (found["1"].n, found["2"].n) == (19, 18)
    assert abs(found["2"].value) < 0.1, "of a caption and one perturbed from it, the caption counts"


def test_the_prompts_that_differ_most_come_first_and_equal_ones_not_at_all(make_result: MakeResult) -> None:
    a, b = make_result("a", 10, 0.3, n=4), make_result("b", 10, 0.3, n=4)
    a = replace(a, per_clip={"CLAP_X": {"p00": 0.1, "p01": 0.9, "p02": 0.5, "p03": 0.2}})
    b = replace(b, per_clip={"CLAP_X": {"p00": 0.6, "p01": 0.2, "p02": 0.5, "p03": 0.7}})
    rows = disagreements(a, b, "CLAP_X")
    assert [row.prompt for row in rows] == ["p01", "p00", "p03"]
    assert (rows[0].a, rows[0].b, rows[0].difference) == (0.9, 0.2, pytest.approx(0.7))
    assert [row.prompt for row in compared(a, b, most=1).prompts["CLAP_X"]] == ["p01"]
