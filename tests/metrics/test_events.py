"""Event metrics: clips drawn by hand, whose values are counted by hand; what may not matter; what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tta_bench.metrics import events as module
from tta_bench.metrics.events import (
    class_indices,
    event_count,
    event_count_error,
    event_f1,
    event_onset,
    event_order,
    event_precision,
    event_recall,
    event_relation,
    has_events,
    has_onset,
    has_order,
    has_relation,
    is_counted,
)
from tta_bench.metrics.segments import Detector
from tta_bench.types import Event, UserError

CLASSES = ("bell", "cat", "dog", "rain")
DETECTOR = Detector(CLASSES, frame_rate=10.0)
ALL = (
    event_recall,
    event_precision,
    event_f1,
    event_count,
    event_count_error,
    event_order,
    event_relation,
    event_onset,
)
APPLIES = {
    event_recall: has_events,
    event_precision: has_events,
    event_f1: has_events,
    event_count: is_counted,
    event_count_error: is_counted,
    event_order: has_order,
    event_relation: has_relation,
    event_onset: has_onset,
}
Metric = Callable[..., np.ndarray]


def clip(duration: float = 5.0, **sounds: list[tuple[float, float]]) -> np.ndarray:
    """Probabilities of a tagger that is right: 0.9 while a class sounds, else 0.1."""
    drawn = np.full((round(10 * duration), len(CLASSES)), 0.1)
    for name, spans in sounds.items():
        for onset, offset in spans:
            drawn[round(10 * onset) : round(10 * offset), CLASSES.index(name)] = 0.9
    return drawn


def value(metric: Metric, generated: np.ndarray, *events: Event) -> float:
    [found] = metric([generated], [events], detector=DETECTOR)
    return float(found)


def event(name: str, onset: float | None = None, offset: float | None = None, count: int | None = None) -> Event:
    return Event(name, onset, offset, count)


DOG_THEN_CAT = (event("dog", 0.5, 1.5), event("cat", 2.0, 3.0))
DOG_WITH_RAIN = (event("dog", 1.0, 2.0), event("rain", 0.0, 5.0))
SILENCE = clip()


def test_two_of_three_events_and_two_others():
    generated = clip(dog=[(0, 1)], rain=[(0, 5)], bell=[(2, 3)])
    assert value(event_recall, generated, event("dog"), event("cat")) == 1 / 2
    assert value(event_precision, generated, event("dog"), event("cat")) == 1 / 3
    assert value(event_f1, generated, event("dog"), event("cat")) == pytest.approx(2 / (1 / (1 / 2) + 1 / (1 / 3)))


def test_what_was_asked_for_and_nothing_else_is_one_however_often_it_sounds():
    generated = clip(dog=[(0, 1), (2, 3)], cat=[(1, 4)])
    assert [value(metric, generated, event("cat"), event("dog")) for metric in ALL[:3]] == [1.0] * 3


def test_an_event_that_is_asked_for_twice_is_one_class():
    assert value(event_recall, clip(dog=[(0, 1)]), event("dog"), event("cat"), event("dog")) == 1 / 2


def test_silence_and_a_wrong_event_have_no_precision():
    for generated in (SILENCE, clip(rain=[(0, 5)])):
        assert [value(metric, generated, event("dog")) for metric in ALL[:3]] == [0.0] * 3


@given(st.integers(0, 2**32 - 1))
def test_f1_is_the_harmonic_mean_of_recall_and_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    generated = rng.random((3, 4)) ** 2
    events = [event(name) for name in CLASSES if rng.random() < 0.5] or [event("cat")]
    recall, precision, f1 = (value(metric, generated, *events) for metric in ALL[:3])
    assert f1 == pytest.approx(2 * recall * precision / (recall + precision) if recall else 0.0)


def test_a_count_is_right_or_wrong_and_its_error_says_by_how_much():
    generated = clip(dog=[(0, 1), (2, 3), (4, 5)], bell=[(1, 2)])
    asked = (event("dog", count=3), event("bell", count=3), event("cat", count=2), event("rain"))
    assert value(event_count, generated, *asked) == pytest.approx(1 / 3)
    assert value(event_count_error, generated, *asked) == pytest.approx((0 + 2 + 2) / 3)


def test_too_many_are_as_wrong_as_too_few():
    for spans in ([(0, 1)], [(0, 1), (2, 3), (4, 5)]):
        assert value(event_count, clip(dog=spans), event("dog", count=2)) == 0.0
        assert value(event_count_error, clip(dog=spans), event("dog", count=2)) == 1.0


def test_the_order_is_that_of_the_first_onsets():
    assert value(event_order, clip(dog=[(0, 1)], cat=[(2, 3)]), *DOG_THEN_CAT) == 1.0
    assert value(event_order, clip(dog=[(2, 3)], cat=[(0, 1)]), *DOG_THEN_CAT) == 0.0
    goes_on = clip(dog=[(0, 5)], cat=[(1, 2)])
    assert value(event_order, goes_on, *DOG_THEN_CAT) == 1.0
    assert value(event_order, clip(cat=[(0, 1), (3, 4)], dog=[(2, 3)]), *DOG_THEN_CAT) == 0.0


def test_the_order_of_the_prompt_is_that_of_its_timeline_not_of_its_list():
    generated = clip(dog=[(0, 1)], cat=[(2, 3)])
    assert value(event_order, generated, *DOG_THEN_CAT[::-1]) == 1.0


def test_events_that_begin_at_once_are_in_no_order():
    assert value(event_order, clip(dog=[(0, 1)], cat=[(0, 2)]), *DOG_THEN_CAT) == 0.0


def test_a_missing_event_is_in_no_order():
    for generated in (clip(dog=[(0, 1)]), clip(cat=[(2, 3)]), SILENCE):
        assert value(event_order, generated, *DOG_THEN_CAT) == 0.0
        assert value(event_relation, generated, *DOG_THEN_CAT) == 0.0


def test_every_pair_in_sequence_counts_and_no_other():
    """Dog, cat and bell follow each other, rain is there all the time: 3 pairs, of which bell before dog is wrong."""
    asked = (event("dog", 0, 1), event("cat", 1.5, 2.5), event("bell", 3, 4), event("rain", 0, 5))
    generated = clip(bell=[(0, 0.5)], dog=[(1, 2)], cat=[(2, 3)])
    assert value(event_order, generated, *asked) == pytest.approx(1 / 3)


def test_a_pair_is_together_from_half_of_the_shorter_on():
    apart, half = clip(dog=[(1, 2)], rain=[(1.6, 5)]), clip(dog=[(1, 2)], rain=[(1.5, 5)])
    assert [value(event_relation, each, *DOG_WITH_RAIN) for each in (apart, half)] == [0.0, 1.0]
    apart, half = clip(dog=[(0, 1)], cat=[(0.6, 2)]), clip(dog=[(0, 1)], cat=[(0.5, 2)])
    assert [value(event_relation, each, *DOG_THEN_CAT) for each in (apart, half)] == [1.0, 0.0]


def test_rounding_does_not_decide_whether_exactly_half_is_together():
    pairs = [{"dog": [(i / 10, i / 10 + 0.6)], "rain": [(i / 10 + 0.3, i / 10 + 1)]} for i in range(40)]
    assert {value(event_relation, clip(**pair), *DOG_WITH_RAIN) for pair in pairs} == {1.0}


def test_all_at_once_is_no_sequence_and_one_after_the_other_is_not_together():
    sequence, at_once = clip(dog=[(0, 1)], rain=[(2, 3)], cat=[(2, 3)]), clip(dog=[(0, 3)], rain=[(1, 3)], cat=[(1, 3)])
    assert value(event_relation, at_once, *DOG_THEN_CAT) == 0.0
    assert value(event_relation, sequence, *DOG_WITH_RAIN) == 0.0
    assert value(event_relation, at_once, *DOG_WITH_RAIN) == 1.0
    assert value(event_relation, clip(dog=[(2, 3)], cat=[(0, 1)]), *DOG_THEN_CAT) == 0.0


def test_a_class_lasts_from_its_first_onset_to_its_last_offset():
    taking_turns = clip(dog=[(0, 0.5), (2, 2.5)], cat=[(1, 1.5), (3, 3.5)])
    assert value(event_relation, taking_turns, *DOG_THEN_CAT) == 0.0
    assert value(event_relation, taking_turns, event("dog", 0, 3), event("cat", 0, 3)) == 1.0


def test_relations_are_averaged_over_pairs():
    asked = (event("dog", 0, 1), event("cat", 2, 3), event("rain", 0, 5))
    generated = clip(dog=[(0, 1)], cat=[(0.9, 2)], rain=[(1, 5)])
    assert value(event_relation, generated, *asked) == pytest.approx(2 / 3)


def test_the_error_of_an_onset_is_in_seconds_early_or_late():
    generated = clip(dog=[(1.5, 2), (0.2, 0.4)], cat=[(2.5, 3)])
    assert value(event_onset, generated, event("dog", 0.5), event("cat", 2.0), event("rain")) == pytest.approx(0.4)


def test_an_event_that_is_not_heard_has_the_worst_onset():
    for onset, worst in ((0.5, 4.5), (4.0, 4.0), (7.0, 7.0)):
        assert value(event_onset, SILENCE, event("dog", onset)) == pytest.approx(worst)
        assert value(event_onset, clip(dog=[(4.9, 5)]), event("dog", onset)) <= worst


def test_a_class_that_is_named_twice_has_no_count_order_relation_or_onset():
    twice = (event("dog", 0, 1, 1), event("dog", 4, 5, 1))
    assert [applies(twice) for applies in (is_counted, has_order, has_relation, has_onset)] == [False] * 4
    assert value(event_order, clip(cat=[(0, 1)], bell=[(2, 3)]), *twice, event("cat", 1, 2), event("bell", 2, 3)) == 1.0


@pytest.mark.parametrize(
    ("second", "in_order", "related"),
    [((1.0, 2.0), True, True), ((0.9, 2.0), True, True), ((0.8, 2.0), False, False), ((0.5, 2.0), False, True)],
)
def test_a_tail_may_run_into_the_next_event(second: tuple[float, float], in_order: bool, related: bool):
    pair = (event("dog", 0.0, 1.0), event("cat", *second))
    assert (has_order(pair), has_relation(pair)) == (in_order, related)


def test_short_events_are_together_rather_than_in_sequence():
    assert not has_order((event("dog", 0.0, 0.1), event("cat", 0.0, 3.0)))


def test_what_is_not_known_is_not_asked_for():
    unknown = (event("dog"), event("cat", onset=1.0))
    assert [applies(unknown) for applies in (has_events, is_counted, has_order, has_relation)] == [True, *[False] * 3]
    assert has_onset(unknown)
    assert not any(applies(()) for applies in APPLIES.values())


@pytest.mark.parametrize("metric", ALL)
def test_a_prompt_that_a_metric_does_not_apply_to_is_refused(metric: Metric):
    fine = (event("dog", 0, 1, 1), event("cat", 2, 3, 1))
    lacking = () if APPLIES[metric] is has_events else (event("dog"),)
    assert APPLIES[metric](fine)
    assert not APPLIES[metric](lacking)
    with pytest.raises(ValueError, match=r"1 of 2 prompts have no .*\(first: 1\)"):
        metric([SILENCE, SILENCE], [fine, lacking], detector=DETECTOR)


@pytest.mark.parametrize("metric", ALL)
def test_clips_and_prompts_must_pair(metric: Metric):
    with pytest.raises(ValueError, match="got 1 clips and 2 prompts"):
        metric([SILENCE], [DOG_THEN_CAT, DOG_THEN_CAT], detector=DETECTOR)


@pytest.mark.parametrize("metric", ALL)
def test_an_event_that_the_tagger_does_not_know_is_named(metric: Metric):
    asked = (event("dogs", 0, 1, 1), event("cat", 2, 3, 1))
    with pytest.raises(UserError, match=r"1 events .* tagger's 4 classes \(first: 'dogs'\). Did you mean 'dog'\?"):
        metric([SILENCE], [asked], detector=DETECTOR)


def test_a_name_without_a_neighbour_is_guessed_at_by_nobody():
    with pytest.raises(UserError, match=r"2 events .*\(first: 'theremin'\). Name events as the tagger does"):
        class_indices(["cat", "zzz", "theremin"], CLASSES)


def timelines(seed: int, n: int) -> tuple[list[np.ndarray], list[tuple[Event, ...]]]:
    """Prompts that every metric applies to, and clips of any length that have something to do with them."""
    rng = np.random.default_rng(seed)
    events, generated = [], []
    for _ in range(n):
        spans = {name: tuple(sorted(rng.choice(40, 2, replace=False) / 10)) for name in CLASSES}
        spans["dog"], spans["cat"] = (0.0, 1.0), (1.5, 2.5)
        asked = [name for name in CLASSES if name in ("dog", "cat") or rng.random() < 0.5]
        events.append(tuple(event(name, *spans[name], count=1) for name in asked))
        heard = {name: [tuple(np.clip(span + rng.normal(0, 0.5, 2), 0, 5))] for name, span in spans.items()}
        generated.append(np.clip(clip(rng.integers(30, 60) / 10, **heard) + rng.normal(0, 0.1, len(CLASSES)), 0, 1))
    return generated, events


@pytest.mark.parametrize("metric", ALL)
def test_a_clip_has_the_value_that_it_has_alone(metric: Metric):
    generated, events = timelines(0, 12)
    together = metric(generated, events, detector=DETECTOR)
    assert len(set(together.tolist())) > 1
    assert together.tolist() == [value(metric, each, *asked) for each, asked in zip(generated, events, strict=True)]


@pytest.mark.parametrize("metric", ALL)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_classes_and_of_events_does_not_matter(metric: Metric, seed: int) -> None:
    generated, events = timelines(seed, 2)
    order = np.random.default_rng(seed).permutation(len(CLASSES))
    shuffled = Detector(tuple(CLASSES[i] for i in order), frame_rate=10.0)
    found = metric([each[:, order] for each in generated], [asked[::-1] for asked in events], detector=shuffled)
    assert found == pytest.approx(metric(generated, events, detector=DETECTOR))


@pytest.mark.parametrize("metric", ALL[:-1])
def test_silence_before_or_after_changes_nothing_but_onsets(metric: Metric):
    generated, events = timelines(1, 10)
    silence = np.zeros((7, len(CLASSES)))
    padded = [np.concatenate([silence, each, silence]) for each in generated]
    assert metric(padded, events, detector=DETECTOR).tolist() == metric(generated, events, detector=DETECTOR).tolist()


@pytest.mark.parametrize("metric", ALL)
def test_the_timeline_itself_is_perfect_and_nothing_is_better(metric: Metric):
    _, events = timelines(2, 10)
    references = [clip(**{each.name: [(each.onset, each.offset)] for each in asked}) for asked in events]
    best = 0.0 if metric in (event_count_error, event_onset) else 1.0
    assert metric(references, events, detector=DETECTOR) == pytest.approx(np.full(10, best), abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_a_clip_of_one_frame_has_a_value(metric: Metric):
    assert np.isfinite(value(metric, np.full((1, 4), 0.9), event("dog", 0, 1, 1), event("cat", 2, 3, 1)))


def test_every_metric_is_tried_here():
    assert {name for name in vars(module) if name.startswith("event_")} == {metric.__name__ for metric in ALL}
