"""Which files a data set has and what is said of each: csv, tsv, JSON and JSON lines, as the field publishes them.

- AudioCaps: csv with `youtube_id, start_time, caption`; clips are `<id>.*`, `Y<id>.*` or `<id>_<start>.*`.
- Clotho: csv with `file_name, caption_1 ... caption_5`.
- WavCaps: JSON `{"data": [{"id", "caption", ...}]}`; clips are `<id>.*`.
- Any other: a column that names the file and one or several that hold captions; see `FILES` and `CAPTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.auffusion.training.shards import Example
from tta_bench.audio import decode, prepare
from tta_bench.prompts.tables import read_table
from tta_bench.types import Preprocessing, UserError

FILES = ("file_name", "filename", "file", "audio_path", "location", "path", "wav", "audio", "youtube_id", "ytid", "id")
"""Columns that name a clip; the first that a row has counts."""
CAPTIONS = ("caption", "captions", "text", "prompt")
"""Columns with one caption, or with a list of them."""
STARTS = ("start_time", "start_s")
AUDIO = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".aiff")
LISTS = (".csv", ".tsv", ".json", ".jsonl")


@dataclass(frozen=True)
class FolderSource:
    """The clips of a folder as examples; see `shards.Source`."""

    clips: tuple[tuple[Path, tuple[str, ...]], ...]
    """File and captions of each."""
    sample_rate: int
    duration: float
    """Seconds. Longer clips are cropped at a place drawn from their number, shorter ones end in silence."""

    def __len__(self) -> int:
        return len(self.clips)

    def example(self, index: int) -> Example:
        """The clip, mono and at the sample rate."""
        path, captions = self.clips[index]
        wanted = Preprocessing(
            sample_rate=self.sample_rate,
            max_duration=self.duration,
            long="crop",
            pad="zero",
            min_duration=self.duration,
        )
        return Example(prepare(decode(path), wanted, seed=index)[0], captions)

    def identity(self, index: int) -> str:
        """`Y1a2B.wav, 10.24 s`."""
        return f"{self.clips[index][0].name}, {self.duration} s"


def list_folder(folder: Path, *, sample_rate: int, duration: float) -> FolderSource:
    """All clips of a folder, with sub-folders, that its listings have captions of.

    Clips that no listing names are left out, for not every download is complete; so are rows without a file. Raises
    UserError if there is no listing, or none of the files is in one.
    """
    listings = sorted(path for path in folder.rglob("*") if path.suffix.lower() in LISTS)
    files = {path.name: path for path in sorted(folder.rglob("*")) if path.suffix.lower() in AUDIO}
    stems = {path.stem: path for path in files.values()}
    said: dict[Path, list[str]] = {}
    for listing in listings:
        for _, row in read_table(listing).rows:
            found = next((path for name in _names(row) if (path := files.get(name) or stems.get(name))), None)
            if found is not None:
                said.setdefault(found, []).extend(_captions(row, listing))
    if not said:
        raise UserError(
            f"'{folder}' has {len(files)} audio files and {len(listings)} listings ({', '.join(LISTS)}), but no "
            f"caption of any of them. A listing needs a column of file names ({', '.join(FILES)}) and one of captions "
            f"({', '.join(CAPTIONS)}, caption_1 ...)."
        )
    clips = tuple((path, tuple(dict.fromkeys(captions))) for path, captions in sorted(said.items()))
    return FolderSource(clips, sample_rate, duration)


def split(source: FolderSource, n_held_out: int, seed: int) -> tuple[FolderSource, FolderSource]:
    """The clips to train on, and `n_held_out` others drawn from the seed."""
    if not 0 < n_held_out < len(source):
        raise UserError(f"{n_held_out} of {len(source)} clips cannot be held out; take fewer, and one at least.")
    order = np.random.default_rng(seed).permutation(len(source)).tolist()
    parts = (sorted(order[n_held_out:]), sorted(order[:n_held_out]))
    train, held_out = (tuple(source.clips[i] for i in part) for part in parts)
    rate, duration = source.sample_rate, source.duration
    return FolderSource(train, rate, duration), FolderSource(held_out, rate, duration)


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    """What the clip of a row may be called, with or without a suffix."""
    key = next((name for name in FILES if row.get(name)), None)
    if key is None:
        return
    name = Path(str(row[key])).name
    yield from (name, Path(name).stem, f"Y{name}")
    start = next((row[column] for column in STARTS if row.get(column)), None)
    if start is not None:
        yield from (f"{name}_{start}", f"Y{name}_{start}")


def _captions(row: Mapping[str, Any], listing: Path) -> list[str]:
    keys = [key for key in row if re.fullmatch(r"caption_[0-9]+", key)] or [key for key in CAPTIONS if key in row][:1]
    if not keys:
        raise UserError(f"'{listing}' has no column of captions: {', '.join(CAPTIONS)} or caption_1, caption_2 ...")
    found = [caption for key in keys for caption in (row[key] if isinstance(row[key], list) else [row[key]])]
    return [text for caption in found if (text := str(caption or "").strip())]
