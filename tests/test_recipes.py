"""Systems in environments of their own: named like any model, refused before work where they are not installed."""

import ast
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import benchmark
from tta_bench import arguments, boards, generating, generators, plugins, programs, recipes
from tta_bench.checking import Settings
from tta_bench.programs import Program
from tta_bench.store import Store
from tta_bench.types import BenchmarkProtocol, Board, Prompt, PromptSet, UserError

ROOT = Path(__file__).parent.parent
EXTERNAL = ROOT / "models/_external"
SYSTEMS = {
    "audiogen-audiocraft", "audiolcm", "audiox", "consistencytta", "diffsound", "ezaudio", "genau", "make-an-audio",
    "make-an-audio-2", "meanaudio", "mmaudio", "soundctm",
}  # fmt: skip
BOARD = Board(
    "toy", PromptSet("toy", (Prompt("a", "A"), Prompt("b", "too long"))), BenchmarkProtocol("none", (), ""), 0.5
)
RECIPE = """
system = "Toy"
paper = "none"
repository = "https://example.org/toy"
commit = "0"
licence = "MIT"
trained_on = ["toys"]
verified = "no"
seeds = false
note = "Only toys"
sources = ["here"]
setup = '''
make toy
'''
command = ["{home}/env/bin/python", "{recipes}/shims/toy.py", "{settings}"]
[facts]
sample_rate = 8000
[settings]
level = 0.5
steps = 9
[checkpoints.big]
weights = ["big.pth"]
[checkpoints.small]
weights = ["small.pth"]
settings = { level = 0.25 }
note = "Small"
"""
SHIM = '''
"""A constant: the level of the recipe."""
from _speak import SETTINGS, speak
import tool  # a module of the checkout

def make(text, seed, duration):
    if text == "too long":
        raise RuntimeError("out of memory")
    return [[SETTINGS["level"]] * round(duration * tool.RATE)]

speak(make, tool.RATE)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an installed system, which has a recipe; `--weights-dir` is its parent."""
    external = tmp_path / "toy_models/_external"
    (external / "shims").mkdir(parents=True)
    (external.parent / "__init__.py").touch()
    (external / "toy.toml").write_text(RECIPE)
    (external / "shims/toy.py").write_text(SHIM)
    shutil.copy(EXTERNAL / "shims/_speak.py", external / "shims")
    home = tmp_path / "weights/toy"
    for name in ("env/bin", "env/lib/python3.8/site-packages/torch-1.0.dist-info", "repo"):
        (home / name).mkdir(parents=True)
    (home / "env/pyvenv.cfg").touch()
    (home / "env/lib/python3.8/site-packages/torch-1.0.dist-info/METADATA").write_text("Name: torch\nVersion: 1.0\n")
    (home / "env/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (home / "env/bin/python").chmod(0o755)
    (home / "repo/tool.py").write_text("RATE = 8000\n")
    (home / "big.pth").write_text("big")
    (home / "small.pth").write_text("small")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(generators, "PACKAGE", "toy_models")
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    yield home
    sys.modules.pop("toy_models", None)


def found(toy: Path, model: str = "toy") -> Program:
    return recipes.find(model, weights_dir=toy.parent)


def test_every_system_has_a_recipe_that_can_be_read_and_says_that_nobody_verified_it() -> None:
    assert set(recipes.names()) == SYSTEMS
    assert not SYSTEMS & set(plugins.names("models"))
    for name in SYSTEMS:
        recipe = recipes.read(name)
        assert recipe.verified == "no"
        assert recipes.UNVERIFIED in recipe.note_of(next(iter(recipe.checkpoints)))
        assert recipe.command[0] == "{home}/env/bin/python"
        assert (EXTERNAL / recipe.command[1].removeprefix("{recipes}/")).is_file()
        assert all(release.weights for release in recipe.checkpoints.values())


@pytest.mark.parametrize("path", sorted((EXTERNAL / "shims").glob("*.py")), ids=lambda path: path.name)
def test_a_shim_is_small_and_written_for_old_pythons(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    assert len(text.splitlines()) < 80
    assert ast.get_docstring(tree)
    assert "import tta_bench" not in text
    assert "from tta_bench" not in text


def test_an_installed_system_is_a_model_like_any_other(toy: Path, tmp_path: Path) -> None:
    rows = arguments.choose_rows("toy,toy:small,noise", boards.find("pocket"), weights_dir=toy.parent)
    assert [generator.row for generator in rows.generators] == ["toy", "toy:small"]
    settings = Settings(Store(tmp_path / "store"), silence=60)
    row = generating.generate(generating.plan(rows.generators[1], BOARD, settings), settings, lambda *_: None)
    assert row.missing == {"b": "the program says: out of memory"}
    report = row.clips["a"].report
    assert (report.n_samples, report.n_channels, report.sample_rate, report.peak) == (4000, 1, 8000, 0.25)
    told = json.loads(json.dumps(row.made_by))
    assert told["program"]["recipe"]["verified"] == "no"
    assert told["program"]["reports"][0]["packages"].keys() == {"numpy", "torch", "transformers"}
    assert told["model"]["settings"]["steps"] == 9
    assert told["model"]["settings"]["environment"] == {"python": ["python3.8"], "packages": {"torch": "1.0"}}
    assert told["model"]["note"] == f"{recipes.UNVERIFIED}. {programs.SEEDLESS}. Only toys. Small"


@pytest.mark.parametrize(
    "changed",
    ["big.pth", "repo/tool.py", "env/lib/python3.8/site-packages/torch-1.0.dist-info/METADATA", "toy.py", "_speak.py"],
)
def test_whatever_decides_the_clips_of_a_system_makes_them_anew(changed: str, toy: Path) -> None:
    before = found(toy).card
    assert found(toy).card == before
    path = recipes.folder() / "shims" / changed if (recipes.folder() / "shims" / changed).exists() else toy / changed
    path.write_text(path.read_text().replace("1.0", "2.0") + "\n# changed\n")
    assert found(toy).card != before


def test_settings_decide_clips_and_prose_does_not(toy: Path) -> None:
    before = found(toy)
    recipe = recipes.folder() / "toy.toml"
    recipe.write_text(RECIPE.replace('"no"', '"by A. N. Other, 2027-01-01: FD 20.1"'))
    verified = found(toy)
    assert verified.card == before.card
    assert recipes.UNVERIFIED not in verified.note
    assert verified.recipe != before.recipe
    recipe.write_text(RECIPE.replace("steps = 9", "steps = 8"))
    assert found(toy).card != before.card


def test_the_clips_of_a_system_do_not_depend_on_where_it_lies(toy: Path, tmp_path: Path) -> None:
    before = found(toy).card
    shutil.move(toy, tmp_path / "cache/weights/external/toy")
    assert recipes.find("toy", weights_dir=None).card == before


def test_what_is_not_installed_is_refused_with_the_way_out(toy: Path) -> None:
    steps = r"`python benchmark\.py weights fetch toy` prints the steps that install it\."
    (toy / "small.pth").unlink()
    with pytest.raises(UserError, match=rf"toy: the weights small\.pth are not in {toy}\. {steps}"):
        found(toy, "toy:small")
    (toy / "env/bin/python").unlink()
    with pytest.raises(
        UserError, match=rf"toy runs in an environment of its own, and {toy}/env/bin/python is not .*{steps}"
    ):
        found(toy)
    with pytest.raises(UserError, match=r"No checkpoint of toy 'bigg'\. Did you mean 'big'\?"):
        found(toy, "toy:bigg")
    with pytest.raises(UserError, match=r"No model 'toi'\. Did you mean 'toy'\?"):
        arguments.choose_rows("toi", BOARD, weights_dir=toy.parent)


@pytest.mark.usefixtures("toy")
def test_fetching_a_system_prints_the_steps_that_install_it() -> None:
    run = CliRunner().invoke(benchmark.app, ["weights", "fetch", "toy"])
    assert run.exit_code == 2
    assert "toy is installed by hand. In a folder" in run.stderr
    assert "\n  make toy\n" in run.stderr


def test_systems_are_listed_with_what_is_here(toy: Path) -> None:
    (toy / "small.pth").unlink()
    run = CliRunner().invoke(benchmark.app, ["list", "models", "--json", "--weights-dir", str(toy.parent)])
    listed = {row["model"]: row for row in json.loads(run.stdout)}
    assert {name: row["here"] for name, row in listed.items()} == {"toy:big": True, "toy:small": False}
    assert listed["toy:big"]["note"].startswith(recipes.UNVERIFIED)


@pytest.mark.usefixtures("toy")
def test_a_broken_recipe_is_named() -> None:
    for text in ("system = ", RECIPE.replace("facts", "fax"), RECIPE.replace("weights =", "wates =")):
        (recipes.folder() / "toy.toml").write_text(text)
        with pytest.raises(UserError, match=r"toy\.toml is no recipe: .*docs/external-models\.md"):
            recipes.read("toy")


def test_a_dry_run_shows_a_program_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_BENCH_CACHE", str(tmp_path / "cache"))
    command = ["--model-command", f"mine={sys.executable} x.py", "--limit", "1", "--metrics", "event_recall"]
    run = CliRunner().invoke(benchmark.app, [*command, "--dry-run", "--json"])
    assert run.exit_code == 0, run.stderr
    rows = {row["row"]: row for row in json.loads(run.stdout)["rows"]}
    assert rows["mine"]["source"] == f"mine:{sys.executable} x.py"
    assert (rows["mine"]["n_clips"], rows["mine"]["n_here"]) == (4, 0)
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]
