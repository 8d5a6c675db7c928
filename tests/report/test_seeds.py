"""Seeds of one model are one row, whose intervals cover both levels of variance; all else of one name is refused."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import MakeResult
from tests.report.seeding import of_seed, simulated
from tta_bench.report import seeds
from tta_bench.report.compare import overall
from tta_bench.report.tables import all_tables
from tta_bench.types import Score, UserError


def test_the_row_is_the_mean_over_seeds_and_counts_prompts(make_result: MakeResult) -> None:
    runs = [of_seed(make_result("m", fd, clap), i) for i, (fd, clap) in enumerate([(10, 0.2), (12, 0.4), (11, 0.3)])]
    other = make_result("other", 9, 0.5)
    row, left_alone = seeds.merged([runs[0], other, *runs[1:]])
    assert left_alone is other
    assert (overall(row, "FD_X").value, overall(row, "CLAP_X").n) == (11, 40)
    clips = [run.per_clip["CLAP_X"]["p07"] for run in runs]
    assert row.per_clip["CLAP_X"]["p07"] == pytest.approx(np.mean(clips))
    assert row.leave_out["FD_X"] == pytest.approx(np.mean([run.leave_out["FD_X"] for run in runs], axis=0))
    told = row.provenance["seeds"]
    assert (told["of"], told["sd"]["FD_X"]) == ([0, 1, 2], pytest.approx(1.0))
    assert [made["generation"]["seed"] for made in told["made_by"]] == [0, 1, 2]
    [note] = [note for note in all_tables([row], [])[0].notes if "seeds" in note]
    assert "mean of seeds 0, 1, 2" in note


def test_results_that_differ_in_more_than_the_seed_are_refused_with_what_differs(make_result: MakeResult) -> None:
    a = of_seed(make_result("m", 10, 0.3), 0)
    for other, told in (
        (of_seed(a, 1, revision="s" * 64), "model.revision"),
        (of_seed(a, 1, settings={"steps": 50}), "model.settings.steps, 20 and 50"),
        (replace(of_seed(a, 1), provenance={**of_seed(a, 1).provenance, "dtype": "bfloat16"}), "dtype"),
    ):
        with pytest.raises(UserError, match=f"Two results are named m and differ in more than the seed: {told}"):
            seeds.merged([a, other])


def test_results_of_one_name_without_seeds_or_of_one_seed_are_refused(make_result: MakeResult) -> None:
    same = make_result("same", 10, 0.3)
    with pytest.raises(UserError, match="Two results are named same and nothing says from which seeds"):
        seeds.merged([same, replace(same)])
    with pytest.raises(UserError, match="Two results of same are of seed 3"):
        seeds.merged([of_seed(same, 3), of_seed(same, 4), of_seed(same, 3)])


def test_a_control_row_of_two_runs_is_one_row_if_its_clips_are_the_same(make_result: MakeResult) -> None:
    noise = make_result("noise", 90, 0.0, control=True)
    assert seeds.merged([noise, replace(noise)]) == [noise]
    other = replace(noise, provenance={**noise.provenance, "clips": {"p00": "1" * 64}})
    with pytest.raises(UserError, match="Two results are named noise"):
        seeds.merged([noise, other])


def test_a_prompt_that_one_seed_lacks_counts_for_none_and_set_metrics_lose_their_interval(
    make_result: MakeResult,
) -> None:
    a, b = (of_seed(make_result("m", 10, 0.3), i) for i in (0, 1))
    clips = {prompt: clip for prompt, clip in b.provenance["clips"].items() if prompt != "p03"}
    values = {prompt: value for prompt, value in b.per_clip["CLAP_X"].items() if prompt != "p03"}
    lacking = replace(
        b, per_clip={"CLAP_X": values}, missing={"p03": "no clip"}, provenance={**b.provenance, "clips": clips}
    )
    row = seeds.average([a, lacking])
    assert overall(row, "CLAP_X").n == 39
    assert overall(row, "FD_X").ci95 is None
    assert seeds.NOT_PAIRED in overall(row, "FD_X").note
    assert "FD_X" not in row.leave_out
    assert row.missing == {"p03": "seed 1: no clip"}
    assert "p03" not in row.provenance["clips"]


def test_a_metric_without_a_value_in_one_seed_has_none_and_says_why(make_result: MakeResult) -> None:
    a, b = (of_seed(make_result("m", 10, 0.3), i) for i in (0, 1))
    lacking = replace(b, scores=(replace(b.scores[0], value=None, ci95=None, note="1 clips, needs 2"), *b.scores[1:]))
    score = overall(seeds.average([a, lacking]), "FD_X")
    assert (score.value, score.note) == (None, "1 clips, needs 2")
    bare = replace(b, scores=(replace(b.scores[0], ci95=None), *b.scores[1:]), leave_out={})
    assert overall(seeds.average([a, bare]), "FD_X").ci95 is None


def test_buckets_are_averaged_per_clip_by_prompt_and_sets_as_wide_as_one_seed(make_result: MakeResult) -> None:
    a, b = (of_seed(make_result("m", 10, clap), i) for i, clap in enumerate((0.2, 0.4)))
    board = {"board_sha256": "b" * 64, "n_events": {f"p{i:02}": 1 + i % 2 for i in range(40)}}
    bucket = Score("FD_X", 20.0, (17.0, 23.0), 20, 20, "n_events=1")
    a, b = (
        replace(
            run,
            scores=(*run.scores[:2], replace(run.scores[2], ci95=(0.1, 0.4)), replace(bucket, value=value, ci95=ci95)),
            provenance={**run.provenance, "board": board},
        )
        for run, value, ci95 in ((a, 20.0, (17.0, 23.0)), (b, 22.0, (18.0, 26.0)))
    )
    clap, fd = (score for score in seeds.average([a, b]).scores if score.bucket)
    means = [np.mean([run.per_clip["CLAP_X"][f"p{i:02}"] for run in (a, b)]) for i in range(0, 40, 2)]
    assert (clap.value, clap.n) == (pytest.approx(np.mean(means)), 20)
    assert clap.ci95[1] - clap.ci95[0] < 0.1
    half = np.sqrt((9 + 16) / 2)
    assert (fd.value, fd.ci95) == (21.0, pytest.approx((21 - half, 21 + half)))


def test_the_share_of_seeds_is_found_in_what_was_made_with_it() -> None:
    rng = np.random.default_rng(0)
    values = 2.0 * rng.standard_normal((4000, 1)) + rng.standard_normal((4000, 3))
    assert seeds.seed_share(values) == pytest.approx(0.2, abs=0.01)
    assert seeds.seed_share(np.tile(rng.standard_normal((50, 1)), 3)) == pytest.approx(0, abs=1e-12)
    assert seeds.seed_share(np.zeros((50, 3))) == 0


@pytest.mark.long
def test_intervals_of_two_seeds_cover_the_truth_as_often_as_they_say_and_are_no_wider(make_result: MakeResult) -> None:
    """Prompts and seeds are drawn anew each time; the truth is the mean of all draws. Binomial sd of 100: 2.2 %.

    Adding the variance between seeds over K would make the standard error of FD 30 % too large here.
    """
    rows = [seeds.average([simulated(make_result, draw, seed, n=60) for seed in (0, 1)]) for draw in range(100)]
    for metric in ("FD", "KL", "CLAP", "recall"):
        found = [overall(row, metric) for row in rows]
        truth = np.mean([score.value for score in found])
        covered = sum(score.ci95[0] <= truth <= score.ci95[1] for score in found)
        assert 88 <= covered <= 99, (metric, covered)
    fd = [overall(row, "FD") for row in rows]
    widths = np.array([(score.ci95[1] - score.ci95[0]) / 2 / 2.045 for score in fd])
    assert np.sqrt(np.mean(widths**2)) == pytest.approx(np.std([score.value for score in fd]), rel=0.2)
