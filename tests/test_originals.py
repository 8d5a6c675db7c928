"""The environment of the original packages: how it is found, and that whatever goes wrong in it is named."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tta_bench import originals
from tta_bench.originals.worker import distances, networks, random_weights, tasks, traps
from tta_bench.types import UserError

JOB = {"one": {"task": "resampled", "files": [], "sample_rate": 16_000}}


def script(tmp_path: Path, text: str) -> Path:
    """A stand-in for the second environment's Python: it gets `-m worker job.json out.npz`."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def failure(tmp_path: Path, text: str, timeout: float = 20.0) -> str:
    with pytest.raises(UserError) as error:
        originals.run(JOB, python=script(tmp_path, text), timeout=timeout)
    return str(error.value)


# ---------------------------------------------------------------------------------------------------------- finding it


def test_no_environment_says_how_to_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(originals.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"nowhere.*`make peers`"):
        originals.environment()


def test_an_environment_without_a_package_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin", "echo torchaudio 2.11.0; echo frechet_audio_distance 0.3.4; echo Laion-CLAP 1.1.7")
    monkeypatch.setenv(originals.VARIABLE, str(tmp_path))
    with pytest.raises(
        UserError, match="lacks audioldm-eval, fadtk, kadtk, panns-inference, torchvggish, transformers"
    ):
        originals.environment()


def test_a_whole_environment_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    python = script(tmp_path / "bin", "\n".join(f"echo {name} 1.0" for name in originals.PACKAGES))
    monkeypatch.setenv(originals.VARIABLE, str(tmp_path))
    assert originals.environment() == python


# --------------------------------------------------------------------------------------------------- what goes wrong


def test_arrays_come_back_by_task_and_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "made.npz", **{"one/a/0": np.arange(3), "one/b": np.ones(2), "other/a": np.zeros(1)})
    found = originals.run(JOB, python=script(tmp_path, f"cp {tmp_path}/made.npz $4"), timeout=20)
    assert list(found) == ["one"]
    assert {name: array.tolist() for name, array in found["one"].items()} == {"a/0": [0, 1, 2], "b": [1.0, 1.0]}


def test_a_standstill_names_what_was_going_on_and_ends_its_downloads(tmp_path: Path) -> None:
    started = time.monotonic()
    stages = "echo 'stage: loading x' >&2; echo 'stage: importing laion_clap' >&2"
    message = failure(tmp_path, f"{stages}; sleep 60 & echo $! > {tmp_path}/pid; wait", timeout=1)
    assert "importing laion_clap after 1 s" in message
    assert time.monotonic() - started < 20
    download = int((tmp_path / "pid").read_text())
    while is_running(download):  # a killed process may be seen for a moment more
        assert time.monotonic() - started < 20
        time.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_import_that_waits_for_the_network_is_named(tmp_path: Path) -> None:
    message = failure(tmp_path, "echo 'stage: importing laion_clap' >&2; kill -ALRM $$")
    assert "hung while importing laion_clap" in message
    assert "network" in message


def test_a_trap_is_told_as_it_is(tmp_path: Path) -> None:
    message = failure(tmp_path, "echo 'trap: FAD came out as -1' >&2; exit 3")
    assert message == "The original packages failed: FAD came out as -1. `make peers` makes their environment anew."


def test_any_other_failure_gives_its_stage_and_last_words(tmp_path: Path) -> None:
    message = failure(
        tmp_path, "echo 'stage: loading x.pth' >&2; echo Traceback >&2; echo 'RuntimeError: boom' >&2; exit 1"
    )
    assert "failed while loading x.pth (status 1): RuntimeError: boom." in message


def test_an_import_that_stands_still_is_ended_by_a_signal_that_nothing_can_swallow(tmp_path: Path) -> None:
    body = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n"
    (tmp_path / "sleeper.py").write_text(body)
    code = "from worker import traps; traps.IMPORT_LIMIT = 1; traps.original('sleeper')"
    paths = os.pathsep.join([str(Path(originals.__file__).parent), str(tmp_path)])
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == -signal.SIGALRM
    assert "stage: importing sleeper" in ended.stderr


# --------------------------------------------------------------------------------------------------------- the traps


def test_the_label_file_is_there_before_panns_inference_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    traps.settle(tmp_path)
    with (tmp_path / "panns_data" / "class_labels_indices.csv").open() as file:
        lines = list(csv.reader(file))
    assert len(lines) == 1 + 527
    assert {len(line) for line in lines} == {3}
    assert (os.environ["HOME"], os.environ["HF_HUB_OFFLINE"]) == (str(tmp_path), "1")


def test_panns_inference_without_classes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = ModuleType("panns_inference")
    fake.__dict__["config"] = SimpleNamespace(classes_num=0)
    monkeypatch.setitem(sys.modules, "panns_inference", fake)
    with pytest.raises(traps.TrapError, match="0 classes instead of 527"):
        traps.panns()


def test_a_checkpoint_that_would_be_downloaded_over_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Cnn14.pth").write_bytes(b"123")
    with pytest.raises(traps.TrapError, match="has 3 bytes; panns_inference downloads over it"):
        traps.cnn14_file(tmp_path / "Cnn14.pth")


def test_a_package_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(traps.TrapError, match="no_such_package cannot be imported: No module named"):
        traps.original("no_such_package")


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_a_number_that_stands_for_a_failure_is_no_score(value: float) -> None:
    with pytest.raises(traps.TrapError, match="FAD came out as"):
        traps.number("FAD", value)


def test_an_honest_score_passes() -> None:
    assert traps.number("CLAP", -0.25) == -0.25


def test_a_swallowed_error_of_the_clap_score_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class CLAPScore:
        def calculate_clap_score(self, _text: object, _audio: object, batch_size: int) -> tuple[int, int]:
            return -1, -batch_size // batch_size

    fake = ModuleType("frechet_audio_distance.clap_score")
    fake.__dict__["CLAPScore"] = CLAPScore
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    with pytest.raises(traps.TrapError, match="CLAPScore came out as -1"):
        distances.clap_score(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32))


def test_a_clip_too_short_for_vggish_is_named() -> None:
    def get_embeddings(_clips: object, _rate: int) -> None:
        np.concatenate([], axis=0)

    with pytest.raises(traps.TrapError, match=r"no embedding of short\.wav"):
        networks.vggish_frames(SimpleNamespace(get_embeddings=get_embeddings), np.zeros(10, np.float32), "short.wav")


def test_an_empty_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(traps.TrapError, match=r"has \d tokens; RoBERTa's has 50265"):
        traps.roberta_tokenizer(tmp_path)


def test_the_random_tokenizer_has_the_size_of_roberta_and_knows_its_words(tmp_path: Path) -> None:
    random_weights.random_tokenizer(str(tmp_path), ["dog", "barks"])
    tokenizer = traps.roberta_tokenizer(tmp_path)
    assert tokenizer.tokenize("dog barks up") == ["dog", "Ġbarks", "Ġ", "u", "p"]


def test_the_worker_imports_nothing_of_ours() -> None:
    code = "import sys; import worker.__main__; print(sorted(m for m in sys.modules if m.startswith('tta_bench')))"
    path = str(Path(originals.__file__).parent)
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert said.stdout.strip() == "[]", said.stderr


# ----------------------------------------------------------------------------------------------------------- scoring


CHECKPOINTS = {
    "panns:cnn14-16k": {"Cnn14_16k_mAP=0.438.pth": Path("/w/Cnn14.pth")},
    "vggish:audioset": {"vggish-10086976.pth": Path("/w/vggish.pth")},
    "clap:630k-audioset-best": {
        "630k-audioset-best.pt": Path("/w/clap/best.pt"),
        "vocab.json": Path("/w/clap/vocab.json"),
        "merges.txt": Path("/w/clap/merges.txt"),
    },
}


def asked(monkeypatch: pytest.MonkeyPatch, answer: originals.Job, **inputs: object) -> tuple[originals.Job, list]:  # type: ignore[type-arg]
    """The job that scoring asks for, and what it makes of an answer."""
    jobs = []

    def run(job: originals.Job, *, python: Path, timeout: float) -> originals.Job:
        jobs.append((job, python, timeout))
        return answer

    monkeypatch.setattr(originals, "run", run)
    given = {"generated": [Path("/g/a.wav"), Path("/g/b.wav")], "reference": [], "captions": [], **inputs}
    scores = originals.score_with_originals(**given, checkpoints=CHECKPOINTS, python=Path("/p"), timeout=5)  # type: ignore[arg-type]
    return jobs[0][0], scores


def test_scores_say_how_many_clips_and_references_they_speak_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = [Path("/r/x.wav"), Path("/r/x.wav")]
    answer = {"panns": {"FD_PANNs": np.asarray(2.5)}, "clap": {"CLAP_LAION": np.asarray(0.25)}}
    _job, scores = asked(monkeypatch, answer, reference=reference, captions=["one", "two"])
    assert [(s.metric, s.value, s.n, s.n_reference) for s in scores] == [
        ("FD_PANNs", 2.5, 2, 1),
        ("CLAP_LAION", 0.25, 2, None),
        ("IS_PANNs", None, 2, None),
    ]
    assert "10 splits" in scores[-1].note


def test_only_what_can_be_scored_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(asked(monkeypatch, {})[0]) == {"panns"}
    assert set(asked(monkeypatch, {}, reference=[Path("a")] * 2)[0]) == {"panns", "vggish"}
    assert set(asked(monkeypatch, {}, captions=["one", "two"])[0]) == {"panns", "clap"}


def test_what_is_asked_for_fits_the_workers_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspect

    job, _ = asked(monkeypatch, {}, reference=[Path("a")] * 2, captions=["one", "two"])
    for arguments in job.values():
        call = dict(arguments)
        inspect.signature(tasks.TASKS[str(call.pop("task"))]).bind(**call)
    assert job["clap"]["tokenizer"] == "/w/clap"
    assert job["clap"]["checkpoint"] == "/w/clap/best.pt"


@pytest.mark.parametrize("lock", ["requirements-originals.lock", "requirements-originals-nodeps.lock"])
def test_the_locks_pin_every_package_to_a_version_that_any_index_may_fill(lock: str) -> None:
    lines = (Path(__file__).parent.parent / lock).read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert not [pin for pin in pins if pin.count("==") != 1 or any(sign in pin for sign in "+@/; ")]


def test_the_locks_hold_every_package_that_is_asked_for() -> None:
    root = Path(__file__).parent.parent
    text = "".join((root / f"requirements-originals{kind}.lock").read_text() for kind in ("", "-nodeps"))
    locked = {line.partition("==")[0].replace("_", "-").lower() for line in text.splitlines()}
    assert set(originals.PACKAGES) <= locked
