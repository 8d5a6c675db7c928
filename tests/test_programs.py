"""Programs that generate, in an environment of their own: what they do well is a row, what they do wrong is named."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import benchmark
from tta_bench import audio, checking, costs, generating, harness, programs, recipes, watching
from tta_bench.checking import Contestant, Gathered, Settings
from tta_bench.programs import Program
from tta_bench.report import tables
from tta_bench.store import Store
from tta_bench.types import BenchmarkProtocol, Board, Prompt, PromptSet, Result, Score, UserError

ROOT = Path(__file__).parent.parent
PROMPTS = tuple(Prompt(f"p{i}", f"caption {i}") for i in range(7))
BOARD = Board("toy", PromptSet("toy", PROMPTS), BenchmarkProtocol("none", (), ""), duration=0.25)
STUB = "0.0.1"
CHILD = '''
"""Answers p0 and p1 as asked; then does what it is told to do."""
import json, os, signal, subprocess, sys, time, wave
import numpy

RATE = 8000
how, prompts, out = sys.argv[1:]

def write(name, seconds, seed):
    with wave.open(os.path.join(out, name), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes([seed % 251, 1, 2, 3]) * round(RATE * seconds))

def say(**what):
    with open(out + "/manifest.jsonl", "a") as manifest:
        print(json.dumps(what), file=manifest)

def answer(job, seconds=None):
    write(job["id"] + ".wav", seconds or job["duration"], job["seed"])
    say(id=job["id"], file=job["id"] + ".wav")

def misbehave(job):
    name = job["id"]
    path = os.path.join(out, name + ".wav")
    if how == "hang":
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
        time.sleep(600)
    elif how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "fail":
        sys.exit("no room on the GPU")
    elif how == "garbage":
        sys.stdout.buffer.write(os.urandom(100_000))
        with open(out + "/manifest.jsonl", "ab") as manifest:
            manifest.write(os.urandom(1000) + b"\\n[1, 2]\\n{\\"id\\": 7}\\n{\\"about\\": {\\"x\\": NaN}}\\n")
    elif how == "flood":
        while True:
            sys.stdout.buffer.write(bytes(2**20))
    elif how == "cut":
        write(name + ".wav", job["duration"], 0)
        os.truncate(path, 1000)
        say(id=name, file=name + ".wav")
    elif how == "empty":
        open(path, "w").close()
        say(id=name, file=name + ".wav")
    elif how == "absent":
        say(id=name, file=name + ".wav")
    elif how in ("above", "elsewhere", "link", "folder-link"):
        outside = os.path.dirname(out)
        write("../away.wav", job["duration"], 0)
        os.path.lexists(path) or os.symlink(outside + "/away.wav", path)
        os.path.lexists(out + "/f") or os.symlink(outside, out + "/f")
        say(id=name, file={"above": "../away.wav", "elsewhere": outside + "/away.wav", "link": name + ".wav",
                           "folder-link": "f/away.wav"}[how])
    elif how == "pipe":
        os.path.lexists(path) or os.mkfifo(path)
        say(id=name, file=name + ".wav")
    elif how == "odd":
        say(id=name, file="a\\0b.wav")
    elif how == "breathless":
        write(name + ".wav", job["duration"], 0)
        with open(out + "/manifest.jsonl", "a") as manifest:
            manifest.write(json.dumps({"id": name, "file": name + ".wav"}) + "\\n" * (name != "p6"))
    elif how in ("manifest-pipe", "manifest-link"):
        time.sleep(0.5)
        os.remove(out + "/manifest.jsonl")
        if how == "manifest-pipe":
            os.mkfifo(out + "/manifest.jsonl")
        else:
            os.symlink(prompts, out + "/manifest.jsonl")
        time.sleep(600)
    elif how == "decline":
        say(id=name, error="the caption is too long")
    elif how == "long":
        answer(job, 2 * job["duration"])
    elif how == "short":
        answer(job, job["duration"] / 2)
    elif how != "silent":
        answer(job)

say(about={"numpy": numpy.__version__, "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "seeds": how != "seedless",
           "path": os.environ.get("PYTHONPATH")})
for line in open(prompts):
    job = json.loads(line)
    print("asked", job["id"], flush=True)
    answer(job) if job["id"] in ("p0", "p1") else misbehave(job)
if how == "late":
    sys.exit(5)
'''


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a second environment, made offline; its numpy is of a version that no other has."""
    home = tmp_path_factory.mktemp("other") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    [site] = home.glob("lib/python3*/site-packages")
    (site / "numpy.py").write_text(f"__version__ = {STUB!r}\n")
    (site / f"numpy-{STUB}.dist-info").mkdir()
    (site / f"numpy-{STUB}.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: numpy\nVersion: {STUB}\n")
    return home / "bin/python"


@pytest.fixture
def child(tmp_path: Path) -> Path:
    path = tmp_path / "a child.py"
    path.write_text(CHILD)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(Store(tmp_path / "store"), silence=60)


def program(python: Path, child: Path, how: str = "well") -> Program:
    return recipes.of_command(f"mine={shlex.join([str(python), str(child), how])}")


def made(program: Program, settings: Settings, board: Board = BOARD) -> Contestant:
    return generating.generate(generating.plan(program, board, settings), settings, quiet)


def clips(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.store.root.rglob("*.wav")}


def asked(settings: Settings) -> list[str]:
    [log] = (settings.store.root / "logs").glob("*.log")
    return re.findall(r"asked (p\d)", log.read_text(errors="replace"))


def result(row: Contestant) -> Result:
    gathered = checking.with_generated(Gathered(BOARD, (), {}, {}, {}), [row])
    [found] = harness.score(gathered, Settings(Store(Path("none"))), {"board": {}, "metrics": {}}, quiet)
    return found


def notes(found: Result) -> str:
    """What stands under a table of this row; tables need a metric."""
    scores = (Score("X", 1.0, None, 7, None),)
    provenance = {**found.provenance, "metrics": {"X": {"better": "lower"}}, "board": {"board_sha256": ""}}
    return "\n".join(tables.all_tables([replace(found, scores=scores, provenance=provenance)], [])[0].notes)


def test_a_program_with_a_numpy_of_its_own_makes_a_row(
    python: Path, child: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("PYTHONPATH", str(Path(np.__file__).parent.parent))
    row = made(program(python, child), settings)
    assert (row.name, list(row.clips), row.missing) == ("mine", [prompt.id for prompt in PROMPTS], {})
    assert {(c.report.sample_rate, c.report.n_channels, c.report.n_samples) for c in row.clips.values()} == {
        (8000, 2, 2000)
    }
    [report] = row.made_by["program"]["reports"]  # type: ignore[index]
    assert report == {"numpy": STUB, "gpu": "3", "seeds": True, "path": None}
    assert np.__version__ != STUB


def test_the_result_holds_command_environment_and_seeds(python: Path, child: Path, settings: Settings) -> None:
    told = json.loads(json.dumps(made(program(python, child), settings).made_by))
    assert told["model"]["settings"]["command"] == [str(python), str(child), "well"]
    assert told["model"]["settings"]["environment"]["packages"] == {"numpy": STUB}
    assert told["generation"]["seeds"]["p0"] == generating.clip_seed(0, "p0")


def test_whatever_can_be_seen_to_decide_a_clip_makes_it_anew(python: Path, child: Path, settings: Settings) -> None:
    paths = {take.path for take in generating.plan(program(python, child), BOARD, settings).takes}
    assert paths == {take.path for take in generating.plan(program(python, child), BOARD, settings).takes}
    child.write_text(CHILD + "# changed\n")
    assert not paths & {take.path for take in generating.plan(program(python, child), BOARD, settings).takes}


def test_an_interrupted_program_goes_on_with_the_same_bytes(python: Path, child: Path, settings: Settings) -> None:
    row = made(program(python, child), settings)
    whole = clips(settings)
    for prompt in ("p2", "p5"):
        row.clips[prompt].path.unlink()
    made(program(python, child), settings)
    assert clips(settings) == whole
    assert asked(settings) == ["p2", "p5"]


def test_the_time_of_a_program_is_kept_and_what_nobody_saw_is_not_made_up(
    python: Path, child: Path, settings: Settings
) -> None:
    made(program(python, child, "die"), settings)
    [cost] = costs.noted(settings.store, generating.plan(program(python, child, "die"), BOARD, settings).card)
    assert (cost.clips, cost.nfe, cost.parameters, cost.peak_bytes) == (2, None, 0, 0)
    assert cost.seconds > 0
    assert cost.machine.endswith("a program of its own, loading included")


def test_what_was_made_before_the_end_is_kept(python: Path, child: Path, settings: Settings) -> None:
    row = made(program(python, child, "die"), settings)
    assert list(row.clips) == ["p0", "p1"]
    assert list(row.missing) == ["p2", "p3", "p4", "p5", "p6"]
    [log] = (settings.store.root / "logs").glob("*.log")
    assert row.missing["p2"] == (
        f"the program was killed (SIGKILL). What it printed is in {log}. Mend it: the same command asks again for what "
        "is missing."
    )
    found = result(row)
    assert benchmark.incomplete([found])
    assert "mine: no clip for p2, p3, p4" in notes(found)
    made(program(python, child, "die"), settings)
    assert asked(settings) == ["p2"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("fail", r"the program failed with status 1: no room on the GPU\. What it printed is in .*mine-\d+\.log"),
        ("garbage", "the program ended without it. A line of its manifest is not what was asked for"),
        ("flood", r"the program wrote more than 1 MiB of mine-\d+\.log and was stopped"),
        ("cut", "'p2.wav' is truncated"),
        ("empty", r"'p2.wav' is empty \(0 bytes\)"),
        ("absent", "'p2.wav' does not exist"),
        ("above", "the program named '../away.wav', which is not a file of its own folder"),
        ("elsewhere", "the program named '/.*away.wav', which is not a file of its own folder"),
        ("link", "the program named 'p2.wav', which is not a file of its own folder"),
        ("folder-link", "the program named 'f/away.wav', which is not a file of its own folder"),
        ("pipe", "'p2.wav' does not exist or is not a file"),
        ("odd", "the program named .*null"),
        ("manifest-pipe", r"its manifest\.jsonl is not a file"),
        ("manifest-link", r"its manifest\.jsonl cannot be read"),
        ("decline", "the program says: the caption is too long"),
        ("silent", "the program ended without it"),
    ],
)
def test_what_a_program_does_wrong_is_the_reason_of_the_missing_clip(
    how: str, why: str, python: Path, child: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST", 2**20)
    row = made(program(python, child, how), settings)
    assert list(row.clips) == ["p0", "p1"]
    assert re.match(why, row.missing["p2"])
    assert not [path for path in (settings.store.root / "logs").iterdir() if path.is_dir()]


def test_a_program_that_hangs_is_stopped_with_all_that_it_started(
    python: Path, child: Path, settings: Settings
) -> None:
    row = made(program(python, child, "hang"), replace(settings, silence=3))
    assert list(row.clips) == ["p0", "p1"]
    assert re.match(r"the program said nothing for 3 s and was stopped\..*--model-timeout", row.missing["p2"])
    [log] = (settings.store.root / "logs").glob("*.log")
    grandchild = int(log.read_text().split()[-1])
    wait_until_gone(grandchild)


def wait_until_gone(pid: int) -> None:
    """Whoever inherits an orphan reaps it soon, or leaves a zombie."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and ") Z " in status.read_text():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail(f"process {pid} outlived the program that started it")


def test_a_run_that_is_interrupted_stops_its_program(python: Path, child: Path, tmp_path: Path) -> None:
    jobs = [programs.Job(f"p{i}", "", i, 0.25) for i in range(3)]
    log = tmp_path / "logs/mine.log"
    answers = programs.run(program(python, child, "hang"), jobs, log, silence=60, about=lambda _: None)
    assert next(answers)[0] == "p0"
    assert next(answers)[0] == "p1"
    for _ in range(600):
        if re.search(r"asked p2\n\d+\n", log.read_text()):
            break
        time.sleep(0.05)
    answers.close()
    wait_until_gone(int(log.read_text().split()[-1]))


@pytest.mark.parametrize(("seconds", "alive"), [(5, True), (11, False)])
@pytest.mark.parametrize("where", ["log", "manifest.jsonl"])
def test_a_progress_line_or_a_clip_keeps_a_program_alive(
    where: str, seconds: float, alive: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock of our own: a line every `seconds`, a time-out of 10, the end after 30."""
    clock = SimpleNamespace(now=0.0)

    def sleep(_: float) -> None:
        clock.now += 0.5
        if clock.now % seconds == 0:
            with (tmp_path / where).open("ab") as file:
                file.write(b"50 %\rprogress: loading\n")

    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    running = SimpleNamespace(poll=lambda: 0 if clock.now > 30 else None)
    watch = watching.Watch(running, tmp_path / "manifest.jsonl", tmp_path / "log", 10)  # type: ignore[arg-type]
    assert bool(list(watch.lines())) is (where != "log" and alive)
    assert watch.hung is not alive


def test_longer_clips_are_cut_and_shorter_ones_kept_and_flagged(python: Path, child: Path, settings: Settings) -> None:
    long, short = (made(program(python, child, how), settings) for how in ("long", "short"))
    assert {clip.report.duration for clip in long.clips.values()} == {0.25}
    assert [clip.report.duration for clip in short.clips.values()] == [0.25, 0.25] + [0.125] * 5
    references = Gathered(BOARD, (), long.clips, {}, {})
    flags = checking.with_generated(references, [short]).flags["mine"]
    assert flags == {f"p{i}": ("short",) for i in range(2, 7)}


def test_a_program_that_heeds_no_seeds_is_marked(python: Path, child: Path, settings: Settings) -> None:
    told = notes(result(made(program(python, child, "seedless"), settings)))
    assert "mine: clips of mine:" in told
    assert "Made by a program of the user's. Heeds no seeds: made again, its clips are others" in told


def test_a_program_that_fails_after_its_work_is_told_of(
    python: Path, child: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert not made(program(python, child, "late"), settings).missing
    assert "mine made all its clips, but the program failed with status 5" in caplog.text


def test_the_last_line_of_a_manifest_needs_no_line_break(python: Path, child: Path, settings: Settings) -> None:
    assert not made(program(python, child, "breathless"), settings).missing


def test_a_program_that_makes_nothing_has_no_row(python: Path, child: Path, settings: Settings) -> None:
    nothing = replace(BOARD, prompts=PromptSet("some", PROMPTS[2:]))
    with pytest.raises(UserError, match="mine: none of 5 clips can be used: the program failed with status 1"):
        made(program(python, child, "fail"), settings, nothing)


def test_a_program_that_cannot_be_started_is_named(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(UserError, match=r"mine: .*broken cannot be started"):
        made(recipes.of_command(f"mine={broken}"), settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("python x.py", "Write NAME=COMMAND; docs/external-models.md"),
        ("mine=", "Write NAME=COMMAND"),
        ("mine='", "cannot be read: No closing quotation"),
        ("mine=no-such-program x", "there is no program 'no-such-program' here. Give its path"),
        ("a/b=python", "Write NAME=COMMAND"),
    ],
)
def test_a_command_that_cannot_work_is_refused_before_work(given: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipes.of_command(given)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The program in docs/external-models.md, as a reader copies it."""
    text = (ROOT / "docs/external-models.md").read_text()
    path = tmp_path / "example.py"
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path.write_text(textwrap.dedent(code))
    return path


def test_the_program_of_the_documentation_works(python: Path, example: Path, settings: Settings) -> None:
    row = made(recipes.of_command(f"mine={shlex.join([str(python), str(example)])}"), settings)
    assert len(row.clips) == 7
    samples = audio.decode(row.clips["p0"].path)
    assert (samples.sample_rate, samples.samples.shape) == (16_000, (4000,))
    assert len(example.read_text().splitlines()) <= 21
