"""Kills the main job at random until it was killed often enough, and looks whether its numbers are ever wrong.

Run: python benchmarks/kills.py [--kills 200] [--seed 0] [--folder DIR]

The job generates, embeds, scores and reports. It is killed (SIGKILL, with all its children) at a time drawn from the
whole of an undisturbed run, and started again on the same store, until it ends by itself. Then its results, tables and
every file of its store must equal those of the undisturbed run, but for what its clips have cost; the store is emptied,
and all begins anew. Exits with 1 at the first difference, whose files are kept. Run it on a checkout that nobody edits:
the hash of the code is part of what is compared. Ctrl-C ends it with what was found so far.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
JOB = ("--models", "auffusion,recordings,noise", "--limit", "1", "--metrics", "FAD_pocket,CLAP_pocket")
COMPARED = ("store/**/*", "out/*.json", "out/*.csv", "out/leaderboard.parquet", "out/clips/clips.json")
"""Other files draw costs too, which differ from run to run."""


@dataclass(frozen=True)
class Count:
    """What happened so far."""

    kills: int = 0
    before: tuple[int, ...] = ()
    """How many files the store had at each kill."""
    completed: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs/kills"))
    given = parser.parse_args()
    folder = given.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    if not run(folder, None):
        sys.exit(f"The undisturbed run failed: {(folder / 'log').read_text()[-2000:]}")
    whole, wanted = time.perf_counter() - began, contents(folder)
    print(f"undisturbed: {whole:.1f} s, {len(wanted)} files compared", flush=True)
    rng = random.Random(given.seed)
    count = Count()
    try:
        while count.kills < given.kills:
            count = until_it_ends(folder, rng, whole, wanted, count)
    except KeyboardInterrupt:
        print("stopped")
    print(summary(count, time.perf_counter() - began))


def until_it_ends(folder: Path, rng: random.Random, whole: float, wanted: dict[str, str], count: Count) -> Count:
    """Kills runs on a store that was empty, until one ends; then compares. A run that fails by itself ends all."""
    shutil.rmtree(folder)
    while not run(folder, rng.uniform(0, whole)):
        count = Count(count.kills + 1, (*count.before, sum(1 for _ in files(folder, "store/**/*"))), count.completed)
        print(f"kill {count.kills}: {count.before[-1]} files in the store", flush=True)
    found = contents(folder)
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        sys.exit(f"WRONG after {count.kills} kills: {len(wrong)} files differ, first {wrong[0]}; kept in {folder}")
    print(f"complete {count.completed + 1}: equal", flush=True)
    return Count(count.kills, count.before, count.completed + 1)


def run(folder: Path, seconds: float | None) -> bool:
    """Whether the job ended before it was killed. A job that fails by itself ends everything."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(ROOT / "benchmark.py"), *JOB, "--batch-size", "2"]
    command += ["--store", str(folder / "store"), "--out", str(folder / "out")]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            end(child)
    if status:
        sys.exit(f"The job failed with {status}; {folder / 'log'} says: {(folder / 'log').read_text()[-2000:]}")
    return True


def end(child: subprocess.Popen[bytes]) -> None:
    """Kills a process with all its children, if it is there yet."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def files(folder: Path, pattern: str) -> list[Path]:
    """All files but what killed writers left behind, which no run reads, and costs."""
    found = [path for path in sorted(folder.glob(pattern)) if path.is_file()]
    return [path for path in found if not path.name.startswith(".part-") and path.parts[-3] != "costs"]


def contents(folder: Path) -> dict[str, str]:
    """Name -> hash of everything that is compared."""
    found = {path for pattern in COMPARED for path in files(folder, pattern)}
    return {str(path.relative_to(folder)): hashlib.sha256(told(path)).hexdigest() for path in sorted(found)}


def told(path: Path) -> bytes:
    """The bytes of a file; of a result those of all but what its clips have cost."""
    if path.suffix != ".json" or path.parent.name != "out":
        return path.read_bytes()
    content = json.loads(path.read_bytes())
    content["provenance"].pop("costs", None)
    return json.dumps(content).encode()


def summary(count: Count, seconds: float) -> str:
    """One line for each thing that was counted."""
    places = len(set(count.before))
    return (
        f"{count.kills} kills in {seconds / 60:.0f} min, at {places} different numbers of files in the store "
        f"(0 to {max(count.before, default=0)})\n{count.completed} runs completed after them, 0 with a wrong number"
    )


if __name__ == "__main__":
    main()
