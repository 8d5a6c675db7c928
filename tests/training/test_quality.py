"""Quality of detections, worked out by hand."""

import numpy as np
import pytest

from tta_bench.training.quality import f1, f1_macro, quality
from tta_bench.training.targets import CLASSES, targets
from tta_bench.types import Event

DOG = Event("dog bark", 0.0, 0.96, 2, soundings=((0.0, 0.32), (0.64, 0.96)))
RAIN = Event("rain", 0.0, 2.0)
TIMELINE = (DOG, RAIN)
ACTIVE = targets(TIMELINE, 25)
PERFECT = np.where(ACTIVE, 4.0, -4.0).astype(np.float32)


def test_a_perfect_detector_has_all_at_one() -> None:
    found = quality(PERFECT[None], ACTIVE[None], [TIMELINE])
    assert set(vars(found).values()) == {1.0}


def test_what_is_not_heard_at_all_costs_recall_and_count() -> None:
    logits = PERFECT.copy()
    logits[:, CLASSES["dog bark"]] = -4.0
    found = quality(logits[None], ACTIVE[None], [TIMELINE])
    assert found.event_recall == 0.5
    assert found.exact_count == 0.0
    assert found.frame_f1 == pytest.approx(2 * 25 / (25 + 33))
    assert found.frame_f1_macro == 0.5
    # Seconds: rain in 0, 1, and 2 (frame 24 begins at 1.92 s, so there are two); dog in the first alone.
    assert found.second_f1 == pytest.approx(2 * 2 / (2 + 3))
    assert found.clip_f1 == pytest.approx(2 / 3)


def test_a_class_at_another_time_is_not_recalled() -> None:
    logits = PERFECT.copy()
    logits[:, CLASSES["dog bark"]] = np.roll(logits[:, CLASSES["dog bark"]], 13)
    assert quality(logits[None], ACTIVE[None], [TIMELINE]).event_recall == 0.5


@pytest.mark.parametrize(("between", "exact"), [(-4.0, 1.0), (-0.5, 0.0)])
def test_soundings_count_apart_where_the_class_falls_silent(between: float, exact: float) -> None:
    logits = PERFECT.copy()
    logits[4:8, CLASSES["dog bark"]] = between
    assert quality(logits[None], ACTIVE[None], [TIMELINE]).exact_count == exact


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    found, active = np.array([[1, 1, 1, 0]], dtype=bool), np.array([[1, 0, 0, 1]], dtype=bool)
    assert f1(found, active) == pytest.approx(2 / (3 / 1 + 2 / 1))
    assert f1(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0


def test_classes_that_nobody_mentions_have_no_say_in_the_mean() -> None:
    found, active = np.array([[1, 1, 0]], dtype=bool), np.array([[1, 0, 0]], dtype=bool)
    assert f1_macro(found, active) == 0.5
