"""`listen build` and `listen pack` as a user meets them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result as Run
from typer.testing import CliRunner

import benchmark
from tests.listening.blind import CONSENT, MODELS, write_clips
from tta_bench import runs
from tta_bench.listening import asking, kit, texts
from tta_bench.prompts.readers import read_prompts
from tta_bench.store import write_json


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_clips(tmp_path_factory.mktemp("clips"))
    (folder / "consent.txt").write_text(CONSENT)
    return folder


def listen(folder: Path, command: str, out: Path, *more: object, clips: bool = True) -> Run:
    rows = [f"--generated={folder / name}" for name in MODELS]
    given = [*rows, f"--prompts={folder / 'prompts.csv'}"] if clips else []
    start = ["listen", command, "--out", out, *given]
    return CliRunner().invoke(benchmark.app, list(map(str, [*start, *more])))


def consent(folder: Path) -> tuple[str, str]:
    return "--consent", str(folder / "consent.txt")


def test_a_kit_is_built_from_folders_and_told(clips: Path, tmp_path: Path) -> None:
    checks = ("--kind", "ab", "--headphones", "none", "--n-prompts", 4, "--seed", 5)
    run = listen(clips, "build", tmp_path / "kit", *consent(clips), *checks)
    assert run.exit_code == 0, run.stderr
    assert "auffusion-full, mine, tango2" in run.stdout
    assert "The seed 5 can be guessed" in run.stdout
    assert kit.read_config(tmp_path / "kit")["kind"] == "ab"


def test_a_kit_is_built_from_a_run(clips: Path, tmp_path: Path) -> None:
    prompts = read_prompts(clips / "prompts.csv").prompts
    rows = {name: {one.id: clips / name / f"{one.id}.wav" for one in prompts} for name in MODELS}
    recordings = {one.id: clips / "recordings" / f"{one.id}.wav" for one in prompts}
    write_json(tmp_path / "run" / runs.NAME, runs.to_json(runs.run_clips("pocket", prompts, recordings, rows)))
    more = ("--run", tmp_path / "run", "--models", "mine,tango2", "--headphones", "none", "--kind", "ovl_rel")
    run = listen(clips, "build", tmp_path / "kit", *consent(clips), *more, clips=False)
    assert run.exit_code == 0, run.stderr
    key = kit.read_key(tmp_path / "kit.key")
    assert (key["models"], key["board"]) == (["mine", "tango2"], "pocket")
    assert "reference" in {one["role"] for one in key["stimuli"].values()}


def test_a_dry_run_says_what_would_be_and_writes_nothing(clips: Path, tmp_path: Path) -> None:
    run = listen(clips, "build", tmp_path / "kit", *consent(clips), "--kind", "multi", "--dry-run", "--json")
    told = json.loads(run.stdout)
    assert (told["kind"], told["prompts"], told["main pages a list"]) == ("multi", 8, 8)
    assert list(tmp_path.iterdir()) == []


def test_without_a_seed_nobody_can_guess_the_names(clips: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run = listen(clips, "pack", tmp_path / f"{name}.zip", *consent(clips), "--n-prompts", 2)
        assert run.exit_code == 0, run.stderr
    one, two = (kit.read_key(tmp_path / f"{name}.key") for name in ("one", "two"))
    assert not one["stimuli"].keys() & two["stimuli"].keys()
    assert one["seed"] > 2**32


@pytest.mark.parametrize(
    "text", ["[Replace this text] " + CONSENT, "Study by [your name]. " + CONSENT, "I agree.", "", "TODO"]
)
def test_a_consent_that_nobody_wrote_is_refused(clips: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "consent.txt").write_text(text)
    run = listen(clips, "build", tmp_path / "kit", *consent(tmp_path), "--kind", "ab")
    assert run.exit_code == 2
    assert "consent text" in run.stderr
    assert not (tmp_path / "kit").exists()


def test_every_language_needs_a_consent_of_its_own(clips: Path, tmp_path: Path) -> None:
    arabic = f"ar={clips / 'consent.txt'}"
    more = ("--consent", arabic, "--kind", "ab", "--headphones", "none", "--n-prompts", 2)
    assert listen(clips, "build", tmp_path / "kit", *consent(clips), *more).exit_code == 0
    config = kit.read_config(tmp_path / "kit")
    assert config["languages"] == ["en", "ar"]
    assert config["consent"].keys() == config["instructions"].keys() == {"en", "ar"}
    assert all(set(question["label"]) == {"en", "ar"} for question in config["questionnaire"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--kind", "acr"), "There are: ovl_rel, multi"),
        (("--kind", "ab", "--checks", "trap=9"), "trap=N with N from 0 to 8"),
        (("--kind", "ab", "--checks", "traps=1"), "There are: training"),
        (("--kind", "ovl_rel", "--axes", "OVL,MOS"), "There are: OVL, REL"),
        (("--kind", "ovl_rel", "--scale", "7"), "There are: 5, 100"),
        (("--kind", "ab", "--loudness", "loud"), "Give LUFS"),
        (("--kind", "ab", "--loudness", "-5"), "-40 to -14"),
        (("--kind", "ab", "--sample-rate", "7"), "8000 to 96000"),
        (("--kind", "ab", "--completion-url", "javascript:alert(1)"), "begins with https"),
        (("--kind", "ab", "--completion-code", "a b"), "letters, digits"),
        (("--kind", "ab", "--recruit", "friends"), "There are: none, prolific, mturk"),
        (("--kind", "ab", "--n-prompts", "99"), "8 prompts have clips"),
        (("--kind", "ab", "--consent", "xx=consent.txt"), "There are: ar, de, en, zh"),
        (("--kind", "ab", "--run", "nowhere"), "Leave out --generated"),
        (("--kind", "mushra", "--no-recordings"), "compares with recordings"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    clips: Path, tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    run = listen(clips, "build", tmp_path / "kit", *consent(clips), *more)
    assert run.exit_code == 2
    assert message in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_that_a_model_lacks_is_left_out_only_where_that_is_allowed(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    (folder / "mine/clip0.wav").unlink()
    more = (*consent(clips), "--kind", "ab", "--dry-run")
    refused = listen(folder, "build", tmp_path / "kit", *more)
    assert "'clip0' of mine" in refused.stderr
    assert "--allow-missing" in refused.stderr
    run = listen(folder, "build", tmp_path / "kit", *more, "--allow-missing", "--json")
    assert json.loads(run.stdout)["left out"] == ["clip0"]


def test_prolific_gets_its_own_address_for_the_code() -> None:
    assert asking.completion("C42", None, "prolific")[1] == "https://app.prolific.com/submissions/complete?cc=C42"
    assert asking.completion("C42", None, "none")[1] is None


def test_all_languages_say_the_same_things() -> None:
    english = texts.load(("en",)).tables["en"]
    for language in texts.languages():
        table = texts.load((language,)).tables[language]
        assert table.keys() == english.keys(), language
        assert table["instructions"].keys() == english["instructions"].keys()
        for name, text in english["questions"].items():
            assert {
                f"{{{one}}}" in table["questions"][name] for one in ("two", "three", "number") if f"{{{one}}}" in text
            } == {True}
        asked = [
            [(q["id"], q["required"], [o["value"] for o in q["options"]]) for q in t["questionnaire"]]
            for t in (english, table)
        ]
        assert asked[0] == asked[1], language


def test_a_questionnaire_of_ones_own_takes_the_place_of_ours(clips: Path, tmp_path: Path) -> None:
    asked = [{"id": "years", "type": "number", "label": {"en": "Years?"}, "options": [], "required": True}]
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    more = ("--kind", "ab", "--headphones", "none", "--n-prompts", 2, "--questionnaire", tmp_path / "asked.json")
    assert listen(clips, "build", tmp_path / "kit", *consent(clips), *more).exit_code == 0
    assert kit.read_config(tmp_path / "kit")["questionnaire"] == asked
    (tmp_path / "asked.json").write_text(json.dumps([asked[0] | {"label": {"de": "Jahre?"}}]))
    refused = listen(clips, "build", tmp_path / "other", *consent(clips), *more)
    assert "lacks a label" in refused.stderr
