"""Timelines become frames of 80 ms in which soundings can be told apart."""

import pytest

from tta_bench.training.targets import CLASSES, targets
from tta_bench.types import Event

KNOCK = CLASSES["door knock"]


def knocks(*soundings: tuple[float, float], n_frames: int = 10) -> str:
    event = Event("door knock", soundings[0][0], soundings[-1][1], soundings=soundings)
    return "".join("-x"[int(active)] for active in targets([event], n_frames)[:, KNOCK])


def test_a_sounding_is_in_the_frames_that_it_covers_by_half() -> None:
    assert knocks((0.11, 0.29)) == "-xxx------"
    assert knocks((0.13, 0.27)) == "--x-------"


def test_a_sounding_shorter_than_a_frame_is_in_the_one_that_it_is_in() -> None:
    assert knocks((0.25, 0.26)) == "---x------"


def test_soundings_are_parted_by_a_frame_without() -> None:
    assert knocks((0.0, 0.24), (0.24, 0.48)) == "xx-xxx----"
    assert knocks((0.0, 0.08), (0.08, 0.32)) == "x-xx------"


def test_what_passes_the_end_of_the_clip_is_cut() -> None:
    assert knocks((0.64, 1.5)) == "--------xx"


def test_an_event_without_soundings_lasts_from_onset_to_offset() -> None:
    active = targets([Event("rain", 0.16, 0.4), Event("wind", 0.0, 0.8)], 10)
    assert active[:, CLASSES["rain"]].nonzero()[0].tolist() == [2, 3, 4]
    assert active[:, CLASSES["wind"]].all()
    assert active.sum() == 13


def test_an_event_of_unknown_time_is_no_target() -> None:
    with pytest.raises(ValueError, match="'rain' has no known time"):
        targets([Event("rain")], 10)
