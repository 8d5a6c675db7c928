"""The command as a user meets it, with the real AISFX network on clips of one second."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from tta_bench import embedding

Score = Callable[..., Run]


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for all tests: what is there is right, whoever put it there."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def score(clip_folders: Path, shared_store: Path, monkeypatch: pytest.MonkeyPatch) -> Score:
    """`score` on the folders, with further arguments; clips of the folder `good` unless told otherwise."""
    monkeypatch.chdir(clip_folders)

    def run(*more: str, generated: tuple[str, ...] = ("good",), store: Path = shared_store) -> Run:
        folders = [part for folder in generated for part in ("--generated", folder)]
        files = ["--references", "references", "--prompts", "prompts.csv", "--store", str(store), "--out", "out"]
        return CliRunner().invoke(benchmark.app, ["score", *folders, *files, *more])

    return run


def values(run: Run) -> dict[str, dict[str, dict]]:
    """model -> metric -> score, over the whole set."""
    found = json.loads(run.stdout)["results"]
    return {r["model"]: {s["metric"]: s for s in r["scores"] if s["bucket"] is None} for r in found}


def test_a_table_has_a_row_a_folder_and_control_rows_in_the_right_order(score: Score) -> None:
    run = score("--json", "--controls", "recordings,shuffled,noise,silence", generated=("good", "bad"))
    assert run.exit_code == 0, run.stderr
    table = values(run)
    assert list(table) == ["good", "bad", "recordings", "shuffled", "noise", "silence"]
    assert table["good"]["FD_AISFX"]["value"] < table["bad"]["FD_AISFX"]["value"]
    assert table["good"]["KL_AISFX"]["value"] < table["shuffled"]["KL_AISFX"]["value"]
    assert table["recordings"]["KL_AISFX"]["value"] == pytest.approx(0, abs=1e-3)
    assert table["shuffled"]["FD_AISFX"]["value"] is None
    assert "same set" in table["shuffled"]["FD_AISFX"]["note"]


def test_intervals_and_buckets_come_with_the_scores(score: Score) -> None:
    run = score("--json")
    scores = json.loads(run.stdout)["results"][0]["scores"]
    kl = next(s for s in scores if s["metric"] == "KL_AISFX" and s["bucket"] is None)
    assert kl["ci95"][0] <= kl["value"] <= kl["ci95"][1]
    assert kl["n"] == kl["n_reference"] == 8
    assert {s["bucket"] for s in scores} == {None, "n_events=1", "n_events=2"}


def test_the_tables_are_written_beside_the_results(score: Score, clip_folders: Path) -> None:
    run = score()
    assert run.exit_code == 0
    assert "FD_AISFX" in run.stdout
    out = clip_folders / "out"
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    leaderboard = {f"leaderboard.{suffix}" for suffix in ("md", "csv", "tex", "html", "parquet")}
    drawn = {f"figures/n_events.{suffix}" for suffix in ("svg", "pdf")}
    assert names == leaderboard | drawn | {
        "good.json",
        "differences.csv",
        "trackers/papers-with-code.json",
        "clips/clips.json",
    }


def test_a_report_from_the_results_alone_is_the_same_table(score: Score, clip_folders: Path) -> None:
    first = score("--controls", "noise", generated=("good", "bad"))
    paths = [str(clip_folders / "out" / f"{name}.json") for name in ("good", "bad", "noise")]
    again = CliRunner().invoke(benchmark.app, ["report", *paths, "--out", "again"])
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    for name in ("leaderboard.md", "leaderboard.csv", "leaderboard.tex", "leaderboard.html", "differences.csv"):
        assert (clip_folders / "again" / name).read_bytes() == (clip_folders / "out" / name).read_bytes()


def test_the_second_run_loads_no_network_and_writes_the_same_bytes(
    score: Score, clip_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score()
    first = (clip_folders / "out" / "good.json").read_bytes()

    def load(stage: embedding.Stage) -> None:
        raise AssertionError(f"{stage.key.embedder} was loaded although every feature is stored")

    monkeypatch.setattr(embedding, "load_network", load)
    assert score().exit_code == 0
    assert (clip_folders / "out" / "good.json").read_bytes() == first


def test_a_changed_clip_is_scored_anew(score: Score, clip_folders: Path) -> None:
    before = values(score("--json"))["good"]["KL_AISFX"]["value"]
    (clip_folders / "bad" / "tone0.wav").rename(clip_folders / "good" / "tone0.wav")
    assert values(score("--json"))["good"]["KL_AISFX"]["value"] != before


def test_a_trailing_slash_and_junk_change_nothing(score: Score, clip_folders: Path) -> None:
    before = values(score("--json"))
    (clip_folders / "good" / ".DS_Store").write_bytes(b"junk")
    (clip_folders / "good" / "notes.txt").write_text("junk")
    assert values(score("--json", generated=("good/",))) == before


def test_an_extra_clip_is_named_and_not_scored(score: Score, clip_folders: Path) -> None:
    soundfile.write(clip_folders / "good" / "stranger.wav", np.zeros(16_000), 16_000)
    run = score()
    assert run.exit_code == 0
    assert "good: 1 files of no prompt: stranger.wav" in run.stdout
    assert values(score("--json"))["good"]["KL_AISFX"]["n"] == 8


def break_clip(kind: str, path: Path) -> None:
    whole = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "zero-byte":
        path.write_bytes(b"")
    elif kind == "truncated":
        path.write_bytes(whole[:5000])
    elif kind == "not audio":
        path.write_bytes(b"these are words" * 100)
    elif kind == "NaN":
        soundfile.write(path, np.full(16_000, np.nan, np.float32), 16_000, subtype="FLOAT")
    elif kind == "duplicate":
        soundfile.write(path.with_suffix(".flac"), np.zeros(16_000), 16_000)


BROKEN = ["missing", "zero-byte", "truncated", "not audio", "NaN", "duplicate"]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_clip_is_refused_by_name_before_anything_is_embedded(
    kind: str, score: Score, clip_folders: Path
) -> None:
    break_clip(kind, clip_folders / "good" / "tone3.wav")
    run = score(store=clip_folders / "store")
    assert run.exit_code == 2
    assert "good: 1 of 8 clips cannot be used" in run.stderr
    assert "tone3" in run.stderr
    assert "--allow-missing" in run.stderr
    assert not (clip_folders / "store" / "features").exists()


@pytest.mark.parametrize("kind", BROKEN)
def test_with_allow_missing_the_row_says_its_n_and_the_status_says_incomplete(
    kind: str, score: Score, clip_folders: Path
) -> None:
    break_clip(kind, clip_folders / "good" / "tone3.wav")
    run = score("--allow-missing")
    assert run.exit_code == 1
    assert "good: no clip for tone3" in run.stdout
    assert values(score("--allow-missing", "--json"))["good"]["KL_AISFX"]["n"] == 7


@pytest.mark.parametrize(
    ("samples", "rate", "flag"),
    [
        (np.zeros(16_000), 16_000, "silent"),
        (0.1 * np.ones(800), 16_000, "short"),
        (np.sign(np.sin(np.arange(16_000) / 9)), 16_000, "clipped"),
        (np.random.default_rng(0).uniform(-0.1, 0.1, 64_000), 16_000, "long"),
    ],
)
def test_an_odd_clip_is_scored_and_flagged(
    samples: np.ndarray, rate: int, flag: str, score: Score, clip_folders: Path
) -> None:
    soundfile.write(clip_folders / "good" / "tone3.wav", samples, rate, subtype="FLOAT")
    run = score()
    assert run.exit_code == 0, run.stderr
    assert flag in run.stdout
    assert "tone3" in run.stdout


def test_a_clip_of_96_khz_and_six_channels_is_scored(score: Score, clip_folders: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (96_000, 6))
    soundfile.write(clip_folders / "good" / "tone3.wav", noise, 96_000, subtype="PCM_24")
    run = score("--json")
    assert run.exit_code == 0, run.stderr
    assert values(run)["good"]["KL_AISFX"]["n"] == 8


def test_a_header_with_a_wrong_rate_is_flagged(score: Score, clip_folders: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(8):
        soundfile.write(clip_folders / "good" / f"tone{i}.wav", 0.1 * rng.standard_normal(44_100), 44_100)
    samples = 0.1 * rng.standard_normal(44_100)
    soundfile.write(clip_folders / "good" / "tone3.wav", samples, 16_000)
    soundfile.write(clip_folders / "references" / "tone3.wav", samples, 44_100)
    run = score()
    assert run.exit_code == 0, run.stderr
    assert "header says 16000 Hz" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "ofline"], "No protocol 'ofline'. Did you mean 'offline'?"),
        (["--metrics", "FD_AISF"], "Did you mean 'FD_AISFX'?"),
        (["--controls", "nois"], "Did you mean 'noise'?"),
        (["--device", "tpu"], "No device 'tpu' here."),
        (["--dtype", "float16"], "No dtype 'float16'."),
        (["--protocol", "audioldm_eval-16k"], "weights fetch panns:cnn14-16k"),
        (["--generated", "other/good"], "other/good"),
        (["--human", "nowhere.csv"], "Cannot read human scores nowhere.csv"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_way_out(arguments: list[str], message: str, score: Score) -> None:
    run = score(*arguments)
    assert run.exit_code == 2
    assert message in run.stderr


def test_without_references_only_metrics_that_need_none_are_scored(
    clip_folders: Path, shared_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip_folders)
    base = ["score", "--generated", "good", "--prompts", "prompts.csv", "--store", str(shared_store), "--json"]
    refused = CliRunner().invoke(benchmark.app, base)
    assert refused.exit_code == 2
    assert "FD_AISFX, KL_AISFX compare with recordings" in refused.stderr
    run = CliRunner().invoke(benchmark.app, [*base, "--metrics", "IS_AISFX"])
    assert run.exit_code == 0, run.stderr
    assert values(run)["good"]["IS_AISFX"]["n"] == 8


def test_agreement_with_human_scores_is_printed(score: Score, clip_folders: Path) -> None:
    lines = [
        "model,id,score",
        *(f"good,tone{i},{90 - i}" for i in range(8)),
        *(f"bad,tone{i},{20 - i}" for i in range(8)),
    ]
    (clip_folders / "human.csv").write_text("\n".join(lines))
    run = score("--json", "--human", "human.csv", generated=("good", "bad"))
    assert run.exit_code == 0, run.stderr
    rows = {(row["metric"], row["level"]): row for row in json.loads(run.stdout)["human"]}
    assert rows["KL_AISFX", "clip"]["rho"] > 0.5
    assert rows["FD_AISFX", "model"]["rho"] is None


@pytest.mark.parametrize(
    "command",
    [
        "score",
        "report",
        "doctor",
        "parity",
        "weights fetch",
        "list protocols",
        "list boards",
        "list prompts",
        "list models",
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    run = CliRunner().invoke(benchmark.app, [*command.split(), "--help"])
    assert run.exit_code == 0
    assert "Example: " in run.stdout
