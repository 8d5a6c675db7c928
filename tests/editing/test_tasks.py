"""The editing benchmark, with editors whose skill is known."""

# ruff: noqa: ARG002  (an editor that edits nothing looks at nothing)

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tta_bench.editing import markdown, scores
from tta_bench.editing.ears import Ears
from tta_bench.editing.items import items
from tta_bench.editing.report import Score, outcome_of, record
from tta_bench.editing.tasks import COPY, EDITED, SCRATCH, TASKS, WEIGHTS, Outcome, Run, measure
from tta_bench.scenes import DURATION, plan, render
from tta_bench.scenes.sound import SAMPLE_RATE
from tta_bench.types import Clip, Floats, UserError

N = 4


class Idle:
    """Edits nothing: sources come back, and captions become any scene."""

    def generate(self, captions: Sequence[str], *, seeds: Sequence[int], duration: float) -> list[Clip]:
        return [Clip(render(plan(seed % 1000, duration=duration))[0], SAMPLE_RATE) for seed in seeds]

    def style(
        self, sources: Sequence[Clip], captions: Sequence[str], *, strength: float, seeds: Sequence[int]
    ) -> list[Clip]:
        return list(sources)

    def inpaint(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        *,
        spans: Sequence[tuple[float, float]],
        seeds: Sequence[int],
    ) -> list[Clip]:
        return list(sources)

    def swap(
        self, captions: Sequence[str], edited: Sequence[str], *, seeds: Sequence[int], duration: float
    ) -> tuple[list[Clip], list[Clip]]:
        found = self.generate(captions, seeds=seeds, duration=duration)
        return found, found

    def reweight(
        self, captions: Sequence[str], weights: Sequence[Mapping[str, float]], *, seeds: Sequence[int], duration: float
    ) -> tuple[list[Clip], list[Clip]]:
        found = self.generate(captions, seeds=seeds, duration=duration)
        gains = [next(iter(each.values())) + 0.1 for each in weights]
        return found, [
            Clip(clip.samples * np.float32(g), clip.sample_rate) for clip, g in zip(found, gains, strict=True)
        ]

    def attention(
        self,
        sources: Sequence[Clip],
        captions: Sequence[str],
        words: Sequence[Sequence[Sequence[str]]],
        *,
        seeds: Sequence[int],
    ) -> list[Floats]:
        return [np.ones((len(groups), 40)) for groups in words]


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(Idle(), Ears("cpu"), N, seed=0, batch_size=4)


def cells(run: Run, task: str) -> dict[tuple[str, str], Score]:
    return {(score.row, score.metric): score for score in scores(measure(run, task))}


def test_who_edits_nothing_keeps_the_time_course_and_reaches_no_target(run: Run) -> None:
    found = cells(run, "style")
    idle = found["strength 0.5", "envelope_correlation"]
    assert idle.value == pytest.approx(1.0)
    assert idle.beats
    assert not found["strength 0.5", "target_recall"].beats
    assert found["strength 0.5", "target_recall"].value == found[COPY, "target_recall"].value


def test_inpainting_is_heard_where_the_mask_is_and_silence_is_not(run: Run) -> None:
    found = cells(run, "inpaint")
    assert found[EDITED, "masked_recall"].value > 0.8
    assert found["silence", "masked_recall"].value == 0
    assert found[EDITED, "masked_lsd_db"].value == 0
    assert found["silence", "masked_lsd_db"].value > 10
    assert found[f"{SCRATCH}, pasted in", "boundary_jump_db"].value > found[EDITED, "boundary_jump_db"].value == 0
    assert {found[row, "unmasked_change"].value for row in (EDITED, "silence", f"{SCRATCH}, pasted in")} == {0.0}


def test_a_copy_of_the_source_is_no_swap_but_keeps_the_rest(run: Run) -> None:
    found = cells(run, "swap")
    assert found[EDITED, "new_present"].value == found[COPY, "new_present"].value
    assert found[EDITED, "rest_preserved"].value == 1.0
    assert not found[EDITED, "new_present"].beats


def test_a_level_that_follows_the_weight_correlates_fully_and_a_copy_not_at_all(run: Run) -> None:
    found = cells(run, "reweight")
    assert found[EDITED, "level_correlation"].value == pytest.approx(1.0)
    assert found[EDITED, "level_correlation"].beats
    assert found[COPY, "level_correlation"].value == 0.0
    assert 1.0 in WEIGHTS


def test_even_attention_has_the_share_of_chance(run: Run) -> None:
    found = cells(run, "attention")
    chance = found["chance", "share_in_span"].value
    for metric in ("share_in_span", "share_above_least_in_span"):
        assert found["words of the event", metric].value == pytest.approx(chance, abs=1e-9)


def test_the_ears_hear_a_rendered_event_where_it_is_and_agree_with_themselves() -> None:
    ears = Ears("cpu")
    item = items(1, lambda scene: scene.relation == "sequence", n_events=2, duration=DURATION)[0]
    curve = ears.curves([item.clip])[0]
    for event in item.events:
        assert ears.hears(curve, event.name, (event.onset or 0, event.offset or 0))
        assert ears.agreement(curve, curve, event.name) == 1.0


def test_an_events_level_is_that_of_the_frames_in_which_it_is_heard() -> None:
    ears = Ears("cpu")
    item = items(1, lambda scene: scene.relation == "sequence", n_events=2, duration=DURATION)[0]
    curve = ears.curves([item.clip])[0]
    halved = Clip(item.clip.samples / 2, SAMPLE_RATE)
    event = item.events[0]
    heard = ears.level(curve, item.clip, event.name)
    assert heard - ears.level(curve, halved, event.name) == pytest.approx(6.02, abs=0.01)
    first, last = (round(time * SAMPLE_RATE) for time in (event.onset or 0, event.offset or DURATION))
    power = np.sum(item.clip.samples[first:last].astype(np.float64) ** 2) / len(item.clip.samples)
    assert heard == pytest.approx(10 * np.log10(power), abs=3.0)
    absent = next(name for name in ("organ", "siren", "cow") if name not in {one.name for one in item.events})
    assert ears.level(curve, item.clip, absent) < heard - 20


def outcome(row: str, values: list[float], baseline: str = "", better: str = "higher") -> Outcome:
    return Outcome("style", row, "m", better, np.array(values), baseline)  # type: ignore[arg-type]


def test_a_gain_is_positive_where_a_row_is_better_whichever_way_better_is() -> None:
    rows = [outcome("base", [1, 2, 3, 2]), outcome("up", [2, 3, 4, 3], "base")]
    assert scores(rows)[1].gain == 1.0
    assert scores(rows)[1].beats
    rows = [outcome("base", [1, 2, 3, 2], better="lower"), outcome("up", [2, 3, 4, 3], "base", "lower")]
    assert scores(rows)[1].gain == -1.0
    assert not scores(rows)[1].beats


def test_a_missing_baseline_is_named() -> None:
    with pytest.raises(UserError, match="no row 'base'"):
        scores([outcome("up", [1.0, 2.0], "base")])


def test_outcomes_survive_json_and_the_table_marks_what_beats_its_baseline() -> None:
    rows = [outcome("base", [1, 2, 3, 2]), outcome("up", [2, 3, 4, 3], "base")]
    again = [outcome_of(record(row)) for row in rows]
    text = markdown(scores(again))
    assert text == markdown(scores(rows))
    assert "| up | **3.000" in text
    assert "To be beaten: m: base." in text


def test_there_is_a_task_for_every_ability() -> None:
    assert list(TASKS) == ["style", "inpaint", "swap", "reweight", "attention"]
