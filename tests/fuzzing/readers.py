"""Everything that reads files of others, with what it is given, and what must be true of what it gives back."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzzing import seeds
from tests.fuzzing.mutation import Inputs, headed, restated, torn, worded, zipped
from tests.fuzzing.watching import confined
from tta_bench import audio, boards, humans, recipes, results, runs, soundness
from tta_bench.boards import read_prompts as read_own_prompts
from tta_bench.listening import collect, design, kit, outputs
from tta_bench.prompts.readers import read_prompts
from tta_bench.store import Store, write_json
from tta_bench.types import PromptSet, UserError

DESIGN = design.of_key(seeds.KEY)
KEY_HASH = "ab" * 32


@dataclass(frozen=True)
class Fuzzer:
    """A reader, and files that are nearly right."""

    file: str
    """What the file is called, in a folder of its own."""
    inputs: Callable[[], Inputs]
    read: Callable[[Path], object]
    """Reads the file; fails where what it gives back is not valid."""
    beside: Mapping[str, bytes] = field(default_factory=dict)
    """Files that the file may name: then a refusal may be of one of these."""


def check(fuzzer: Fuzzer, data: bytes) -> str:
    """The refusal of an input, or the empty string. Fails unless the reader takes it, or says what is wrong."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "folder"
        path = folder / fuzzer.file
        path.parent.mkdir(parents=True)
        for name, content in fuzzer.beside.items():
            (folder / name).write_bytes(content)
        path.write_bytes(data)
        with warnings.catch_warnings(), confined(folder):
            warnings.simplefilter("ignore")  # what torch and openpyxl find odd is no failure
            refusal = refusal_of(fuzzer, path)
    assert not refusal or path.stem in refusal or fuzzer.beside, f"{refusal} does not name the file"
    return refusal


def refusal_of(fuzzer: Fuzzer, path: Path) -> str:
    """What the reader says of a file that it does not take."""
    try:
        fuzzer.read(path)
    except UserError as error:
        return str(error)
    return ""


def sound(path: Path) -> None:
    clip = audio.decode(path)
    assert np.isfinite(clip.samples).all()
    assert 0 < clip.sample_rate < 2**31
    assert clip.samples.shape[-1] > 0
    json.dumps(vars(soundness.clip_report(clip)), allow_nan=False)


def prompts(path: Path) -> None:
    valid(read_prompts(path))


def own_prompts(path: Path) -> None:
    valid(read_own_prompts(path, "x"))


def valid(found: PromptSet) -> None:
    """Ids name files, captions say something, and all can be written again."""
    assert len({prompt.id for prompt in found.prompts}) == len(found.prompts) > 0
    for prompt in found.prompts:
        assert Path("x", prompt.id).parent == Path("x")
        assert prompt.id
        assert not prompt.id.startswith(".")
        assert prompt.text.strip()
        assert prompt.n_events is None or prompt.n_events > 0
    assert found.sha256


def board(path: Path) -> None:
    found = boards.find(str(path), data=path.parent)
    valid(found.prompts)
    assert found.duration is None or 0 < found.duration < 1e6


def features(path: Path) -> None:
    found = Store(path.parents[2]).features(KEY_HASH)
    assert found is None or all(isinstance(value, np.ndarray) for value in found.values())
    assert (found is None) == (not path.exists())


def note(path: Path) -> None:
    found = Store(path.parents[2]).note("notes", KEY_HASH)
    assert found is None or isinstance(found, dict)


def state(path: Path) -> None:
    from models._shared.states import read_state

    assert isinstance(read_state(path), dict)


def pickled(path: Path) -> None:
    from tta_bench.embedders._loading import read_checkpoint

    read_checkpoint(path)


def tagger(path: Path) -> None:
    from tta_bench.embedders.pocket_tagger import read_network

    read_network(path, path.name)


def result(path: Path) -> None:
    found = results.read(path)
    write_json(path, results.to_json(found))
    assert results.read(path) == found
    assert results.board_hash(found)
    assert {results.better(found, score.metric) for score in found.scores} <= {"lower", "higher"}


def clips(path: Path) -> None:
    found = runs.read_clips(path.parents[1])
    assert isinstance(found.board, str)
    assert all(Path(clip) for row in found.rows.values() for clip in row.values())
    assert all(prompt.caption is not None for prompt in found.prompts)


def rated(path: Path) -> None:
    found = humans.read(path)
    assert all(np.isfinite(list(found.values())))
    assert humans.by_row(found)


def answers(path: Path) -> None:
    assert outputs.collected_files(DESIGN, collect.collect(DESIGN, [path]))


def private_key(path: Path) -> None:
    collect.collect(design.read(path.parent), [])


def config(path: Path) -> None:
    assert kit.read_config(path.parent)["schema"] == kit.SCHEMA


PROMPTS_BESIDE = {"prompts.csv": seeds.tables()[0]}
FUZZERS: Mapping[str, Fuzzer] = {
    "audio": Fuzzer("x.wav", lambda: torn(seeds.sounds()), sound),
    "csv": Fuzzer("prompts.csv", lambda: worded(seeds.tables()), prompts),
    "jsonl": Fuzzer("prompts.jsonl", lambda: worded(seeds.lines()), prompts),
    "json": Fuzzer("prompts.json", lambda: restated(seeds.documents()), prompts),
    "parquet": Fuzzer("prompts.parquet", lambda: torn(seeds.parquet()), prompts),
    "ritta": Fuzzer("prompts.pkl", lambda: torn(seeds.ritta()), prompts),
    "scenes": Fuzzer("own.jsonl", lambda: worded(seeds.own_prompts()), own_prompts),
    "board": Fuzzer("mine.toml", lambda: worded(seeds.board_files()), board, PROMPTS_BESIDE),
    "recipe": Fuzzer("mine.toml", lambda: worded(seeds.recipe_files()), recipes.read_file),
    "features": Fuzzer(f"features/ab/{KEY_HASH}.safetensors", lambda: headed(seeds.arrays()), features),
    "note": Fuzzer(f"notes/ab/{KEY_HASH}.json", lambda: restated(seeds.reports()), note),
    "state": Fuzzer("model.safetensors", lambda: headed(seeds.arrays()), state),
    "weights": Fuzzer("model.bin", lambda: zipped(seeds.checkpoints()[:2]) | torn(seeds.checkpoints()[2:]), state),
    "checkpoint": Fuzzer("model.pth", lambda: zipped(seeds.checkpoints()[:2]) | torn(seeds.checkpoints()[2:]), pickled),
    "tagger": Fuzzer("tagger.safetensors", lambda: headed(seeds.arrays()), tagger),
    "result": Fuzzer("mine.json", lambda: restated(seeds.result_files()), result),
    "clips": Fuzzer("clips/clips.json", lambda: restated(seeds.clip_records()), clips),
    "ratings": Fuzzer("ratings.csv", lambda: worded(seeds.ratings()), rated),
    "answers": Fuzzer("answers.json", lambda: restated(seeds.events()).map(seeds.downloads), answers),
    "journal": Fuzzer("events.jsonl", lambda: worded(seeds.journals()), answers),
    "sheet": Fuzzer("sheet.csv", lambda: worded(seeds.sheets()), answers),
    "workbook": Fuzzer("sheet.xlsx", lambda: zipped(seeds.workbooks()), answers),
    "database": Fuzzer("answers.sqlite", lambda: torn(seeds.databases()), answers),
    "key": Fuzzer("key.json", lambda: restated(seeds.keys()), private_key),
}
