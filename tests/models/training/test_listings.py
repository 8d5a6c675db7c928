"""Folders of clips with captions, laid out as the data sets of the field are."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.auffusion.training.listings import list_folder, split
from tta_bench.audio import encode
from tta_bench.types import Clip, UserError


def add_clips(folder: Path, *names: str, seconds: float = 0.5) -> None:
    folder.mkdir(exist_ok=True)
    for i, name in enumerate(names, start=1):
        encode(folder / name, Clip(np.full(round(8000 * seconds), i / 10, dtype=np.float32), 8000))


def said(folder: Path) -> dict[str, tuple[str, ...]]:
    source = list_folder(folder, sample_rate=16000, duration=0.25)
    return {path.name: captions for path, captions in source.clips}


def test_audiocaps_names_clips_by_youtube_id_and_start(tmp_path: Path) -> None:
    add_clips(tmp_path / "wav", "Yab_30.wav", "cd.wav", "stray.wav")
    rows = [
        "audiocap_id,youtube_id,start_time,caption",
        "1,ab,30,A dog",
        "2,ab,30,A dog barks",
        "3,cd,10,Rain",
        "4,gone,0,-",
    ]
    (tmp_path / "train.csv").write_text("\n".join(rows))
    assert said(tmp_path) == {"Yab_30.wav": ("A dog", "A dog barks"), "cd.wav": ("Rain",)}


def test_clotho_has_five_captions_in_a_row(tmp_path: Path) -> None:
    add_clips(tmp_path, "door.wav")
    columns = [f"caption_{i}" for i in range(1, 6)]
    (tmp_path / "captions.csv").write_text(f"file_name,{','.join(columns)}\ndoor.wav,a,b,c,d,e\n")
    assert said(tmp_path) == {"door.wav": ("a", "b", "c", "d", "e")}


def test_wavcaps_lists_ids_under_data(tmp_path: Path) -> None:
    add_clips(tmp_path, "17.flac")
    (tmp_path / "bbc.json").write_text(json.dumps({"data": [{"id": "17", "caption": "A mill", "duration": 3.0}]}))
    assert said(tmp_path) == {"17.flac": ("A mill",)}


def test_json_lines_of_paths_and_lists_of_captions_are_read(tmp_path: Path) -> None:
    add_clips(tmp_path, "x.wav")
    (tmp_path / "metadata.jsonl").write_text(json.dumps({"audio_path": "/far/away/x.wav", "captions": ["one", "two"]}))
    assert said(tmp_path) == {"x.wav": ("one", "two")}


def test_clips_are_resampled_and_cropped_or_filled_up(tmp_path: Path) -> None:
    add_clips(tmp_path, "short.wav", seconds=0.1)
    (tmp_path / "a.csv").write_text("file,caption\nshort.wav,hum\n")
    source = list_folder(tmp_path, sample_rate=16000, duration=0.25)
    samples = source.example(0).samples
    assert samples.shape == (4000,)
    assert abs(samples[800] - 0.1) < 0.01
    assert not samples[1700:].any()


def test_folders_without_captions_are_refused(tmp_path: Path) -> None:
    add_clips(tmp_path, "x.wav")
    with pytest.raises(UserError, match="1 audio files and 0 listings"):
        said(tmp_path)
    (tmp_path / "a.csv").write_text("file,label\nx.wav,hum\n")
    with pytest.raises(UserError, match="no column of captions"):
        said(tmp_path)


def test_clips_that_are_held_out_are_not_trained_on(tmp_path: Path) -> None:
    add_clips(tmp_path, "a.wav", "b.wav", "c.wav")
    (tmp_path / "a.csv").write_text("file,caption\na.wav,x\nb.wav,y\nc.wav,z\n")
    source = list_folder(tmp_path, sample_rate=16000, duration=0.25)
    train, held_out = split(source, 1, seed=0)
    assert (len(train), len(held_out)) == (2, 1)
    assert {path.name for path, _ in train.clips + held_out.clips} == {"a.wav", "b.wav", "c.wav"}
    with pytest.raises(UserError, match="3 of 3 clips cannot be held out"):
        split(source, 3, seed=0)
