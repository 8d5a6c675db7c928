"""Clips on disk: whole, resumable, and never of another source than one thinks."""

from pathlib import Path

import numpy as np
import pytest

from models.auffusion.training.shards import ClipSet, make, worked_out
from tests.models.training.conftest import Noises
from tta_bench.types import UserError


def test_clips_come_back_as_they_were_to_a_step_of_int16(clips: ClipSet) -> None:
    assert len(clips) == 6
    expected = np.stack([Noises(6).example(i).samples for i in (5, 0)]).clip(-1, 1)
    assert np.abs(clips.waves([5, 0]) - expected).max() < 2 / 32767
    assert clips.captions[:2] == [["noise"], ["noise", "a hiss"]]


def test_a_killed_run_makes_only_what_is_missing(tmp_path: Path) -> None:
    make(tmp_path, Noises(6), shard_size=2)
    kept, lost = tmp_path / "00000.npy", tmp_path / "00001.jsonl"
    before, content = kept.stat().st_mtime_ns, (tmp_path / "00001.npy").read_bytes()
    lost.unlink()
    (tmp_path / "00001.npy").write_bytes(b"half of it")
    make(tmp_path, Noises(6), shard_size=2)
    assert kept.stat().st_mtime_ns == before
    assert (tmp_path / "00001.npy").read_bytes() == content


def test_clips_of_another_source_or_level_are_refused(tmp_path: Path) -> None:
    make(tmp_path, Noises(2))
    with pytest.raises(UserError, match="other clips or with other settings"):
        make(tmp_path, Noises(2, seed=5))
    with pytest.raises(UserError, match="other clips or with other settings"):
        make(tmp_path, Noises(2), peak=0.95)


def test_clips_are_brought_to_the_peak_that_is_asked_for(tmp_path: Path) -> None:
    make(tmp_path, Noises(2), peak=0.5)
    assert np.abs(np.abs(ClipSet(tmp_path).waves([0, 1])).max(axis=1) - 0.5).max() < 1e-4


@pytest.mark.long
def test_several_processes_make_the_same_bytes(data: Path, tmp_path: Path) -> None:
    make(tmp_path, Noises(6), shard_size=4, workers=2)
    for name in ("00000.npy", "00001.npy", "00001.jsonl"):
        assert (tmp_path / name).read_bytes() == (data / "train" / name).read_bytes()


def test_what_is_worked_out_is_worked_out_once_and_anew_for_other_settings(tmp_path: Path) -> None:
    make(tmp_path, Noises(3), shard_size=2)
    calls = []

    def loudest(waves: np.ndarray) -> np.ndarray:
        calls.append(len(waves))
        return np.abs(waves).max(axis=1)

    clips = ClipSet(tmp_path)
    first = worked_out(clips, "loudest", {"a": 1}, loudest, batch=1)
    again = worked_out(clips, "loudest", {"a": 1}, loudest)
    assert calls == [1, 1, 1]
    assert np.array_equal(first[[2, 0]], again[[2, 0]])
    assert first[[2]] == np.abs(clips.waves([2])).max()
    worked_out(clips, "loudest", {"a": 2}, loudest)
    assert calls == [1, 1, 1, 2, 1]


def test_an_empty_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No clips in"):
        ClipSet(tmp_path)
