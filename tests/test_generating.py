"""Clips of models: planned from names, made once, the same whatever was there before; what goes wrong is named."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import benchmark
from benchmarks.scheduling import Simulated
from tta_bench import arguments, audio, boards, generating, generators, plugins
from tta_bench.checking import Contestant, Settings
from tta_bench.executors.scheduling import Scheduler
from tta_bench.generating import Plan
from tta_bench.making import Batch, Making
from tta_bench.store import Store
from tta_bench.types import BenchmarkProtocol, Board, Prompt, PromptSet, UserError

MODEL = '''
"""A tone whose pitch the seed decides. It betrays its batch by an offset, as rounding does, only louder."""
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from tta_bench.types import Clip, ModelCard, UserError

def known(flavour):
    return SimpleNamespace(flavour=flavour, trained_on=("tones",), licence="MIT", note="Only tones.", facts={})

NAMES = ("right", "nan", "wrong-lengths", "deaf", "few", "broken", "crowded")
CHECKPOINTS = {name: known("published") for name in NAMES}
CHECKPOINTS["pocket"] = known("pocket")
calls = []

def find(checkpoint, *, cache_dir, weights_dir):
    return {}

def load(checkpoint, files, *, device, dtype):
    calls.append("load")
    if checkpoint == "broken":
        raise UserError("tone.safetensors is cut short.")
    return Tone(checkpoint)

class Tone:
    def __init__(self, checkpoint):
        self.card = ModelCard("tone", checkpoint, "r1", {"steps": 1}, ("tones",), "MIT", "none")

    def generate(self, texts, seeds, duration):
        calls.append(list(texts))
        if self.card.checkpoint == "few":
            return []
        if self.card.checkpoint == "crowded" and len(texts) > 2:
            raise MemoryError
        return [self.one(text, seed, duration, len(texts)) for text, seed in zip(texts, seeds)]

    def one(self, text, seed, duration, n):
        wrong = text == "caption 3"
        factor = (0.5 if wrong else 2) if self.card.checkpoint == "wrong-lengths" else 1
        t = np.arange(round(8000 * duration * factor)) / 8000
        wave = 0.3 * np.sin(2 * np.pi * (200 + seed % 1000) * t) + 0.01 * n
        wave[5] = np.nan if self.card.checkpoint == "deaf" or wrong and self.card.checkpoint == "nan" else wave[5]
        return Clip(wave.astype(np.float32), 8000)
'''
PROMPTS = tuple(Prompt(f"p{i}", f"caption {i}", n_events=1 + i % 2) for i in range(7))
BOARD = Board("toy", PromptSet("toy", PROMPTS), BenchmarkProtocol("none", (), ""), duration=0.25)


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(autouse=True)
def tone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A folder of models with one of a single file, which is returned as a module."""
    folder = tmp_path / "toy_models"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_shared.py").touch()
    (folder / "tone.py").write_text(MODEL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(generators, "PACKAGE", "toy_models")
    plugins.code_sha256.cache_clear()
    yield generators.model_file("tone")
    plugins.code_sha256.cache_clear()
    for name in [name for name in sys.modules if name.startswith("toy_models")]:
        del sys.modules[name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(Store(tmp_path / "store"), batch_size=3)


def planned(settings: Settings, checkpoint: str = "right", board: Board = BOARD) -> Plan:
    return generating.plan(generators.find(f"tone:{checkpoint}", board, weights_dir=None), board, settings)


def made(settings: Settings, checkpoint: str = "right") -> Contestant:
    return generating.generate(planned(settings, checkpoint), settings, quiet)


def clips(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.store.root.rglob("*.wav")}


def test_each_prompt_gets_a_clip_of_the_boards_duration(settings: Settings) -> None:
    row = made(settings)
    assert list(row.clips) == [prompt.id for prompt in PROMPTS]
    assert {clip.report.duration for clip in row.clips.values()} == {0.25}
    assert (row.name, row.control, row.missing) == ("tone:right", False, {})


def test_a_seed_is_decided_by_the_runs_and_the_prompt_alone(settings: Settings) -> None:
    whole = {take.prompt: take for take in planned(settings).takes}
    some = replace(BOARD, prompts=PromptSet("some", PROMPTS[5:1:-1]))
    assert all(whole[take.prompt] == take for take in planned(settings, board=some).takes)
    assert len({take.seed for take in whole.values()}) == len(PROMPTS)
    other = {take.seed for take in planned(replace(settings, seed=1)).takes}
    assert not other & {take.seed for take in whole.values()}
    assert generating.clip_seed(0, "pocket-000") == 3167482201


def test_an_interrupted_run_goes_on_with_the_same_bytes(settings: Settings, tone: Any) -> None:
    row = made(settings)
    whole = clips(settings)
    for prompt in ("p1", "p6"):
        row.clips[prompt].path.unlink()
    tone.calls.clear()
    made(settings)
    assert clips(settings) == whole
    assert tone.calls == ["load", ["caption 0", "caption 1", "caption 2"], ["caption 6"]]


def test_the_order_of_the_prompts_changes_no_byte(settings: Settings, tmp_path: Path) -> None:
    made(settings)
    other = replace(settings, store=Store(tmp_path / "other"))
    backwards = replace(BOARD, prompts=PromptSet("backwards", PROMPTS[::-1]))
    generating.generate(planned(other, board=backwards), other, quiet)
    assert clips(other) == clips(settings)


def test_what_is_there_is_scored_without_loading_the_model(settings: Settings, tone: Any) -> None:
    first = made(settings)
    tone.calls.clear()
    assert made(settings) == first
    assert tone.calls == []


def test_whatever_decides_a_clip_makes_it_anew(settings: Settings, tone: Any) -> None:
    paths = {take.path for take in planned(settings).takes}
    for other in (replace(settings, device="cuda:0"), replace(settings, dtype="bfloat16"), replace(settings, seed=3)):
        assert not paths & {take.path for take in planned(other).takes}
    Path(tone.__file__).write_text(MODEL + "# another version\n")
    plugins.code_sha256.cache_clear()
    assert not paths & {take.path for take in planned(settings).takes}


def test_a_clip_that_the_model_gets_wrong_is_missing_and_named(settings: Settings) -> None:
    row = made(settings, "nan")
    assert list(row.missing) == ["p3"]
    assert "NaN or infinite" in row.missing["p3"]
    assert len(row.clips) == len(clips(settings)) == 6


def test_longer_clips_are_cut_and_shorter_ones_kept(settings: Settings) -> None:
    row = made(settings, "wrong-lengths")
    durations = {prompt: clip.report.duration for prompt, clip in row.clips.items()}
    assert durations == dict.fromkeys(durations, 0.25) | {"p3": 0.125}
    assert len(durations) == 7


def test_a_model_that_gets_everything_wrong_has_no_row(settings: Settings) -> None:
    with pytest.raises(UserError, match="tone:deaf: none of 7 clips can be used: the model made NaN"):
        made(settings, "deaf")


def test_a_model_that_makes_too_few_clips_is_a_mistake_of_its_author(settings: Settings) -> None:
    with pytest.raises(ValueError, match="tone made 0 clips of 3 captions"):
        made(settings, "few")


def test_a_stored_clip_that_was_damaged_is_named(settings: Settings) -> None:
    path = made(settings).clips["p2"].path
    path.write_bytes(path.read_bytes()[:100])
    row = made(settings)
    assert list(row.missing) == ["p2"]
    assert "Remove the file, and it is made again" in row.missing["p2"]


def test_a_batch_without_memory_is_halved_and_the_result_says_which_clips_that_made(settings: Settings) -> None:
    found = made(replace(settings, batch_size=4), "crowded")
    assert len(found.clips) == len(PROMPTS)
    halves = {"p0": 2, "p1": 2, "p2": 2, "p3": 2, "p4": 1, "p5": 1, "p6": 1}
    assert found.made_by["generation"]["smaller_batches"] == halves  # type: ignore[index]
    again = made(replace(settings, batch_size=4), "crowded")
    assert again.made_by == found.made_by
    assert "smaller_batches" not in made(settings).made_by["generation"]  # type: ignore[operator]


def test_a_damaged_checkpoint_is_refused_while_planning(settings: Settings, tone: Any) -> None:
    with pytest.raises(UserError, match=r"tone\.safetensors is cut short"):
        planned(settings, "broken")
    assert tone.calls == ["load"]


def test_a_full_disk_is_refused_while_planning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    generator = generators.find("tone:right", BOARD, weights_dir=None)
    with pytest.raises(UserError, match=r"0 MiB free, but 7 generated clips and their features take .* --store"):
        generating.plan_all([generator], BOARD, settings)


class Mortal:
    """An executor of simulated workers; who gets a deadly caption is lost."""

    summary: Mapping[str, object] = {}

    def __init__(self, deadly: str = "") -> None:
        self._deadly = deadly

    @contextmanager
    def crew(self, craft: Making) -> Iterator[Any]:
        def fate(worker: int, batch: Batch) -> tuple[float, object | None]:
            died = self._deadly in [take.text for take in batch.takes]
            return 1.0 + worker, None if died else next(iter(list(craft.perform([batch]))))

        yield Scheduler[Batch, Any](Simulated(fate), 2)


def test_workers_make_the_bytes_that_one_process_makes(settings: Settings, tmp_path: Path) -> None:
    plans = [planned(settings, name) for name in ("right", "nan")]
    other = replace(settings, store=Store(tmp_path / "other"), executor=Mortal())
    rows = generating.generate_all(plans, settings, quiet)
    found = generating.generate_all([planned(other, name) for name in ("right", "nan")], other, quiet)
    assert clips(other) == clips(settings)
    assert [(row.name, list(row.clips), row.missing) for row in found] == [
        (row.name, list(row.clips), row.missing) for row in rows
    ]


def test_a_prompt_that_kills_its_workers_is_missing_and_named_and_the_others_are_made(settings: Settings) -> None:
    mortal = replace(settings, executor=Mortal("caption 4"))
    row = generating.generate(planned(mortal), mortal, quiet)
    assert row.missing == {"p4": "3 workers were lost over it: it died."}
    assert sorted(row.clips) == [prompt.id for prompt in PROMPTS if prompt.id != "p4"]
    assert generating.generate(planned(mortal), mortal, quiet).missing == row.missing


def test_clips_that_rows_share_are_made_once(settings: Settings, tone: Any) -> None:
    plan = planned(settings)
    named = replace(plan, generator=replace(plan.generator, row="tone"))
    tone.calls.clear()
    one, other = generating.generate_all([plan, named], settings, quiet)
    assert one.clips == other.clips
    assert len(tone.calls) == 1 + 3


def test_the_row_says_what_made_it(settings: Settings) -> None:
    told = json.loads(json.dumps(made(replace(settings, seed=5)).made_by))
    assert told["model"]["revision"] == "r1"
    assert told["model"]["settings"].keys() == {"steps", "device", "dtype", "code_sha256"}
    assert told["model"]["note"] == "Only tones."
    assert told["generation"]["seed"] == 5
    assert told["generation"]["seeds"] == {p.id: generating.clip_seed(5, p.id) for p in PROMPTS}
    assert told["generation"]["duration"] == 0.25


def test_a_clip_is_what_the_model_made_for_its_prompt(settings: Settings, tone: Any) -> None:
    row = made(settings)
    [alone] = tone.load("right", {}, device="cpu", dtype="float32").generate(
        ["caption 4"], [generating.clip_seed(0, "p4")], 0.25
    )
    found = audio.decode(row.clips["p4"].path).samples
    assert abs(found - (alone.samples + 0.02)).max() < 1e-4


def test_a_name_alone_means_the_boards_own_checkpoint(tone: Any) -> None:
    assert generators.find("tone", BOARD, weights_dir=None).checkpoint == "right"
    assert generators.find("tone", replace(BOARD, scenes=True), weights_dir=None).checkpoint == "pocket"
    del tone.CHECKPOINTS["pocket"]
    with pytest.raises(UserError, match=r"tone has no pocket checkpoint.*Name one: tone:right, tone:nan"):
        generators.find("tone", replace(BOARD, scenes=True), weights_dir=None)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("tome", r"No model 'tome'\. Did you mean 'tone'\? There are: noise, .*, tone, or NAME=DIR for a folder"),
        ("_shared", "No model '_shared'"),
        ("tone:righ", r"No checkpoint of tone 'righ'\. Did you mean 'right'\?"),
        ("tone:right,tone-right=clips", "Two rows would be named 'tone-right' and 'tone:right'"),
        ("tone,tone=clips", "Two rows would be named"),
    ],
)
def test_a_wrong_row_is_refused_with_the_way_out(models: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        arguments.choose_rows(models, BOARD, weights_dir=None)


def test_rows_are_models_folders_and_controls(tmp_path: Path) -> None:
    (tmp_path / "run=3").mkdir()
    rows = arguments.choose_rows(f"noise,mine=clips,tone,tone:{tmp_path}/run=3", BOARD, weights_dir=None)
    assert rows.folders == {"mine": Path("clips")}
    assert rows.controls == ("noise",)
    assert [generator.row for generator in rows.generators] == ["tone", "tone:run=3"]


def test_a_limited_board_is_another_board() -> None:
    limited = boards.limited(BOARD, 2)
    assert limited.name == "toy-first-2"
    assert [prompt.id for prompt in limited.prompts.prompts] == ["p0", "p1", "p2", "p3"]
    assert limited.prompts.sha256 != BOARD.prompts.sha256


def test_a_dry_run_says_what_there_is_to_do_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    before = sorted(tmp_path.iterdir())
    command = ["--models", "tone,noise", "--limit", "1", "--metrics", "event_recall", "--dry-run", "--json"]
    run = CliRunner().invoke(benchmark.app, command)
    assert run.exit_code == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["board"] == "pocket-first-1"
    rows = {row["row"]: row for row in told["rows"]}
    assert list(rows) == ["references", "tone", "recordings", "noise"]
    assert (rows["tone"]["n_clips"], rows["tone"]["n_here"], rows["tone"]["n_features"]) == (4, 0, 4)
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "cache"] == before


def test_a_dry_run_tells_the_time_where_some_clips_were_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    command = ["--models", "tone", "--metrics", "event_recall", "--json"]
    made = CliRunner().invoke(benchmark.app, [*command, "--limit", "1"])
    (spent,) = json.loads(made.stdout)["costs"]["tone"]
    run = CliRunner().invoke(benchmark.app, [*command, "--limit", "2", "--dry-run"])
    row = next(row for row in json.loads(run.stdout)["rows"] if row["row"] == "tone")
    assert (row["n_clips"], row["n_here"]) == (8, 4)
    assert row["seconds"] == pytest.approx(spent["seconds"])  # as long as for the four that are here


def test_models_are_listed_with_their_checkpoints() -> None:
    run = CliRunner().invoke(benchmark.app, ["list", "models", "--json"])
    assert run.exit_code == 0
    first = json.loads(run.stdout)[0]
    assert first["model"] == "tone:right"
    assert first["trained_on"] == ["tones"]
    assert first.keys() == {"model", "flavour", "here", "licence", "trained_on", "note", "facts"}


def test_where_checkpoints_are_and_what_is_said_of_them_decides_no_clip() -> None:
    assert all(plugins.source_file(finder) for finder in generators.FINDERS)
    without, among = (plugins.code_sha256("models.audioldm", without=names) for names in (generators.FINDERS, ()))
    assert without != among


def test_who_makes_a_clip_leaves_its_description_for_who_plans(settings: Settings) -> None:
    plan = planned(settings)
    making = Making(settings.store, settings.device, settings.dtype, settings.batch_size)
    list(making.perform(generating._batches(plan, settings)))
    assert all(settings.store.note("reports", audio.file_sha256(take.path)) for take in plan.takes)
