"""Segments of framewise probabilities, counted by hand, and against a loop over frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tta_bench.metrics import rows
from tta_bench.metrics.segments import Detector, Segments, classes_heard, heard, segments

TWO = Detector(("dog", "rain"), frame_rate=10.0)


def table(found: Segments) -> list[tuple[int, int, float, float]]:
    columns = (found.clip, found.label, found.onset, found.offset)
    return [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def only_dog(*probabilities: float) -> np.ndarray:
    return np.stack([probabilities, np.zeros(len(probabilities))], axis=1)


def spans(detector: Detector, *probabilities: float) -> list[tuple[float, float]]:
    return [row[2:] for row in table(segments([only_dog(*probabilities)], detector))]


def by_loop(generated: list[np.ndarray], detector: Detector) -> list[tuple[int, int, float, float]]:
    """Without gap and shortest: a run at or above `release` counts if it reaches `threshold`."""
    found = []
    for clip, probabilities in enumerate(generated):
        for label, column in enumerate(probabilities.T):
            run: list[int] = []
            for frame, p in enumerate([*column, 0.0]):
                if p >= detector.release:
                    run.append(frame)
                elif run:
                    if column[run].max() >= detector.threshold:
                        found.append((clip, label, run[0] / detector.frame_rate, (run[-1] + 1) / detector.frame_rate))
                    run = []
    return found


def test_a_segment_reaches_from_the_start_of_its_first_frame_to_the_end_of_its_last():
    clip = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.0], [0.0, 0.6]])
    assert table(segments([clip], TWO)) == [(0, 0, 0.0, 0.2), (0, 1, 0.3, 0.4)]


def test_a_segment_reaches_the_threshold_and_lasts_until_it_falls_below_the_release():
    assert spans(TWO, 0.1, 0.3, 0.5, 0.4, 0.29, 0.5, 0.1) == [(0.1, 0.4), (0.5, 0.6)]
    assert spans(TWO, 0.3, 0.4999, 0.4) == []
    plain = Detector(TWO.classes, 10.0, release=0.5)
    assert spans(plain, 0.5, 0.49, 0.5) == [(0.0, 0.1), (0.2, 0.3)]


def test_segments_with_a_shorter_pause_than_the_gap_are_one():
    joining = Detector(TWO.classes, 10.0, gap=0.2)
    assert spans(joining, 1, 0, 1, 0, 0, 1) == [(0.0, 0.3), (0.5, 0.6)]
    rounded = Detector(TWO.classes, 100.0, gap=0.07)  # 0.07 * 100 is a little more than 7
    assert spans(rounded, 1, *[0] * 7, 1) == [(0.0, 0.01), (0.08, 0.09)]


def test_what_is_still_too_short_after_joining_is_no_segment():
    strict = Detector(TWO.classes, 10.0, gap=0.2, shortest=0.3)
    assert spans(strict, 1, 0, 1, 0, 0, 1, 1) == [(0.0, 0.3)]


def test_a_pause_between_clips_or_classes_is_never_joined():
    loud = np.ones((1, 2))
    joining = Detector(TWO.classes, 10.0, gap=100.0)
    assert table(segments([loud, loud], joining)) == [(i, k, 0.0, 0.1) for i in (0, 1) for k in (0, 1)]


def test_silent_clips_have_no_segments():
    found = segments([np.zeros((4, 2)), np.zeros((1, 2))], TWO)
    assert table(found) == []
    assert classes_heard(found, 2).tolist() == [0, 0]
    assert heard(found, np.array([1]), np.array([0])).times.tolist() == [0]


def test_what_is_heard_of_a_class_is_its_first_onset_last_offset_and_number_of_segments():
    found = segments([only_dog(0, 1, 0, 1, 1), only_dog(0, 0)], TWO)
    of = heard(found, np.array([0, 0, 1]), np.array([0, 1, 0]))
    assert of.times.tolist() == [2, 0, 0]
    assert of.onset.tolist() == [0.1, 0.0, 0.0]
    assert of.offset.tolist() == [0.5, 0.0, 0.0]
    assert classes_heard(found, 2).tolist() == [1, 0]


@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    release=st.sampled_from([0.25, 0.5]),
)
def test_ragged_clips_are_cut_as_a_loop_over_frames_cuts_them(seed: int, lengths: list[int], release: float) -> None:
    rng = np.random.default_rng(seed)
    generated = [rng.integers(0, 5, (n, 3)) / 4 for n in lengths]
    detector = Detector(("a", "b", "c"), frame_rate=4.0, release=release)
    assert table(segments(generated, detector)) == by_loop(generated, detector)


def test_the_pieces_in_which_clips_are_cut_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    generated = [np.random.default_rng(i).random((i + 1, 2)) for i in range(9)]
    whole = table(segments(generated, TWO))
    assert whole[-1][0] == 8
    monkeypatch.setattr(rows, "CHUNK_ENTRIES", 40)
    assert table(segments(generated, TWO)) == whole


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (np.zeros((3, 3)), r"clip 1 has shape \(3, 3\) instead of \(n_frames, 2\)"),
        (np.zeros((0, 2)), r"clip 1 has shape \(0, 2\)"),
        (np.zeros(2), r"clip 1 has shape \(2,\)"),
        (np.full((3, 2), -4.0), "between 0 and 1, these between -4.0 and 0.0"),
        (np.full((3, 2), 4.0), "between 0 and 1, these between 0.0 and 4.0"),
        (np.array([[0.0, np.nan]]), "between 0 and 1, these between nan and nan"),
    ],
)
def test_what_are_no_probabilities_of_the_classes_is_refused(clip: np.ndarray, message: str):
    with pytest.raises(ValueError, match=message):
        segments([np.zeros((1, 2)), clip], TWO)


@pytest.mark.parametrize("settings", [{"threshold": 0.2}, {"release": 0.0}, {"threshold": 1.1}, {"frame_rate": 0.0}])
def test_a_detector_that_cannot_be_is_refused(settings: dict[str, float]):
    with pytest.raises(ValueError, match="0 < release <= threshold <= 1 and a frame rate above 0"):
        Detector(("dog",), **{"frame_rate": 10.0, **settings})
