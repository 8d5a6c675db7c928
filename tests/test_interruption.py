"""A killed run goes on where it stopped, with the same bytes; two runs can share one store."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tta_bench import audio
from tta_bench.types import Clip

ROOT = Path(__file__).parent.parent
N_CLIPS = 60


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    lines = ["id,caption"]
    for i in range(N_CLIPS):
        for name in ("references", "model"):
            (root / name).mkdir(exist_ok=True)
            samples = 0.1 * rng.standard_normal(16_000 + 160 * (i % 7))
            audio.encode(root / name / f"c{i}.wav", Clip(samples.astype(np.float32), 16_000))
        lines.append(f"c{i},clip {i}")
    (root / "prompts.csv").write_text("\n".join(lines) + "\n")
    return root


def command(folders: Path, store: Path, out: Path) -> list[str]:
    files = ["--generated", str(folders / "model"), "--references", str(folders / "references")]
    files += ["--prompts", str(folders / "prompts.csv"), "--store", str(store), "--out", str(out)]
    return [sys.executable, str(ROOT / "benchmark.py"), "score", *files, "--controls", "noise,silence"]


def start(folders: Path, store: Path, out: Path) -> subprocess.Popen[bytes]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command(folders, store, out), cwd=folders, **pipes)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def without_leftovers(files: dict[str, bytes]) -> dict[str, bytes]:
    """Part files of killed runs may stay; no run reads them."""
    return {name: data for name, data in files.items() if "/.part-" not in name}


@pytest.fixture(scope="module")
def whole(folders: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Results and store of a run that nobody disturbed."""
    root = folders / "whole"
    run = start(folders, root / "store", root / "out")
    _, stderr = run.communicate()
    assert run.returncode == 0, stderr.decode()
    return contents(root / "out"), contents(root / "store")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_a_killed_run_resumes_to_the_same_bytes(seed: int, folders: Path, tmp_path: Path, whole: tuple) -> None:
    store, out = tmp_path / "store", tmp_path / "out"
    rng = random.Random(seed)
    kills = 0
    while True:
        run = start(folders, store, out)
        try:
            _, stderr = run.communicate(timeout=rng.uniform(0.5, 9) + 2 * kills)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.communicate()
            kills += 1
            continue
        assert run.returncode == 0, stderr.decode()
        break
    assert contents(out) == whole[0]
    assert without_leftovers(contents(store)) == whole[1]


@pytest.mark.long
def test_two_runs_on_one_store_agree(folders: Path, tmp_path: Path, whole: tuple) -> None:
    runs = [start(folders, tmp_path / "store", tmp_path / f"out{i}") for i in range(2)]
    for run in runs:
        _, stderr = run.communicate()
        assert run.returncode == 0, stderr.decode()
    assert contents(tmp_path / "out0") == contents(tmp_path / "out1") == whole[0]
    assert contents(tmp_path / "store") == whole[1]
