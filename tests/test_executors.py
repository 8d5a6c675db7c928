"""Shards are performed by workers that die, stumble and wait, and what comes of it is what one process makes."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import benchmark
from benchmarks.scheduling import Simulated
from tests.toy_craft import Words, Writing
from tta_bench import checking, executors, harness, protocols
from tta_bench.checking import Settings
from tta_bench.executors import Executor, Local, Lost
from tta_bench.executors.processes import Processes
from tta_bench.executors.scheduling import TRIES, Scheduler
from tta_bench.prompts.readers import read_prompts
from tta_bench.soundness import ClipReport
from tta_bench.store import Store
from tta_bench.types import Board, UserError

ROOT = Path(__file__).parent.parent
SHARDS = [Words(tuple(f"{i}{letter}" for letter in "abcdefgh")) for i in range(40)]
LETTERS = sorted(word for shard in SHARDS for word in shard.names)


def crew(fate: Any, workers: int = 4) -> tuple[Scheduler[Words, object], Simulated]:
    pool = Simulated(fate)
    return Scheduler[Words, object](pool, workers), pool


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


def words(ends: Any, *, lost: bool = False) -> list[str]:
    return sorted(word for shard, end in ends for word in shard.names if isinstance(end, Lost) is lost)


def steady(*_: object) -> tuple[float, object | None]:
    return 1.0, "done"


# ---------------------------------------------------------------------------------------------------------- scheduling


def test_every_shard_is_finished_once_and_by_all_workers_at_once() -> None:
    scheduler, pool = crew(steady)
    assert words(scheduler.run(SHARDS)) == LETTERS
    assert pool.clock == pytest.approx(10 + len(SHARDS) / 4)
    assert (pool.started, pool.given) == (4, len(SHARDS))


@pytest.mark.parametrize("seed", range(20))
def test_every_word_comes_once_whatever_happens_to_the_workers(seed: int) -> None:
    rng = random.Random(seed)

    def fate(_: int, shard: Words) -> tuple[float, object | None]:
        died = rng.random() < 0.2 or "7c" in shard.names
        return rng.choice([0.1, 1, 1, 1, 30]), None if died else "done"

    scheduler, _ = crew(fate)
    ends = list(scheduler.run(SHARDS))
    assert sorted(words(ends) + words(ends, lost=True)) == LETTERS
    assert "7c" in words(ends, lost=True)


def test_a_lost_worker_is_replaced_and_its_shard_tried_again() -> None:
    tried = Counter[str]()

    def fate(_: int, shard: Words) -> tuple[float, object | None]:
        tried[shard.names[0]] += 1
        return 1.0, None if shard.names[0] == "3a" and tried["3a"] < TRIES else "done"

    scheduler, pool = crew(fate)
    assert words(scheduler.run(SHARDS)) == LETTERS
    assert tried["3a"] == TRIES
    assert pool.started == 4 + TRIES - 1


def test_a_clip_that_kills_its_workers_is_given_up_alone() -> None:
    scheduler, pool = crew(lambda _, shard: (1.0, None if {"5f", "9a"} & set(shard.names) else "done"))
    ends = list(scheduler.run(SHARDS))
    assert words(ends, lost=True) == ["5f", "9a"]
    assert words(ends) == [word for word in LETTERS if word not in ("5f", "9a")]
    assert [end.why for _, end in ends if isinstance(end, Lost)] == [f"{TRIES} workers were lost over it: it died."] * 2
    # Three tries of the batch, one of each part on the way, three of the clip alone.
    assert pool.started == 4 + 2 * (TRIES + 2 + TRIES)


def test_an_idle_worker_takes_a_second_copy_of_what_is_slow_and_the_first_to_finish_wins() -> None:
    def fate(worker: int, shard: Words) -> tuple[float, object | None]:
        return 1000.0 if worker == 1 and shard is SHARDS[0] else 1.0, worker

    scheduler, pool = crew(fate)
    ends = list(scheduler.run(SHARDS))
    assert words(ends) == LETTERS
    assert [end for shard, end in ends if shard is SHARDS[0]] != [1]
    assert pool.given == len(SHARDS) + 1
    assert pool.clock < 30
    assert pool.stopped == [1]


def test_what_is_lost_twice_at_once_is_still_tried_again() -> None:
    died: list[int] = []

    def fate(worker: int, shard: Words) -> tuple[float, object | None]:
        if shard is SHARDS[0] and len(died) < 2:
            died.append(worker)
            return 50.0, None
        return 1.0, "done"

    scheduler, _ = crew(fate)
    assert words(scheduler.run(SHARDS)) == LETTERS
    assert len(set(died)) == 2


def test_a_worker_is_given_more_of_what_it_has_loaded() -> None:
    loads = Counter[str]()
    held: dict[int, str] = {}

    def fate(worker: int, shard: Words) -> tuple[float, object | None]:
        if held.get(worker) != shard.needs:
            loads[shard.needs] += 1
            held[worker] = shard.needs
        return 1.0, "done"

    shards = [Words((f"{kind}{i}",), needs=str(kind)) for kind in range(8) for i in range(50)]
    scheduler, pool = crew(fate)
    assert len(list(scheduler.run(shards))) == len(shards)
    assert set(loads) == {str(kind) for kind in range(8)}
    assert sum(loads.values()) <= 16
    assert pool.clock == pytest.approx(10 + len(shards) / 4)


def test_workers_that_never_finish_anything_end_the_run_with_the_cause() -> None:
    scheduler, _ = crew(lambda *_: (1.0, None))
    with pytest.raises(UserError, match=r"20 workers in a row were lost.*it died\..*the same command goes on"):
        list(scheduler.run(SHARDS))


def test_workers_are_kept_from_one_run_to_the_next() -> None:
    scheduler, pool = crew(steady)
    for _ in range(3):
        assert words(scheduler.run(SHARDS)) == LETTERS
    assert pool.started == 4


def test_a_run_that_is_broken_off_ends_who_works_and_the_next_is_whole() -> None:
    scheduler, pool = crew(steady)
    run = scheduler.run(SHARDS)
    next(run)
    run.close()  # type: ignore[attr-defined]
    assert len(pool.stopped) == 3
    assert words(scheduler.run(SHARDS)) == LETTERS


def test_no_more_workers_are_started_than_there_are_shards() -> None:
    scheduler, pool = crew(steady, workers=64)
    assert len(list(scheduler.run(SHARDS[:3]))) == 3
    assert pool.started == 3
    assert list(scheduler.run([])) == []


# ----------------------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("text", "address", "message"),
    [
        ("spark", None, r"No executor 'spark'\. There are: local, processes:N, ray, ray:N"),
        ("local:3", None, "No executor 'local:3'"),
        ("processes", None, r"how many workers\? Say processes:2"),
        ("ray:0", None, r"how many workers\? Say ray:2"),
        ("local", "auto", "say --executor ray too"),
    ],
)
def test_an_executor_that_cannot_be_is_refused(text: str, address: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        executors.choose(text, address=address, threads=None, gpus=0)


def test_without_the_package_ray_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'tta-bench\[ray\]'"):
        executors.choose("ray", address=None, threads=None, gpus=0)


def test_workers_share_out_the_gpus_so_none_is_named(tmp_path: Path) -> None:
    settings = Settings(Store(tmp_path), device="cuda:1")
    assert benchmark.with_executor(settings, "local", None, None, None).executor == Local()
    with pytest.raises(UserError, match="--device cuda:1 is one GPU; workers have one each: say --device cuda"):
        benchmark.with_executor(settings, "processes:2", None, None, None)
    cuda = replace(settings, device="cuda")
    assert benchmark.with_executor(cuda, "processes:2", None, None, None).executor == Processes(2, 1, on_gpus=True)


def test_a_result_says_nothing_of_an_executor_that_nobody_chose() -> None:
    assert executors.choose("local", address=None, threads=None, gpus=0) == Local()
    assert not Local().summary
    chosen = executors.choose("processes:3", address=None, threads=2, gpus=0)
    assert chosen.summary == {"name": "processes", "workers": 3, "threads": 2}


def test_ray_is_not_imported_unless_it_is_asked_for() -> None:
    code = "import sys, benchmark, tta_bench.generating, tta_bench.harness; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_sets_that_share_a_clip_wait_for_each_other() -> None:
    report = ClipReport(**dict.fromkeys(ClipReport.__annotations__, 0))
    a, b, c = ([harness.SoundClip(Path(name), name, report)] for name in "abc")
    sets = [(a, ()), (b, ()), (a + c, ()), (c, ()), (b, ())]
    assert list(harness._disjoint(sets)) == [sets[:2], sets[2:3], sets[3:]]


def test_a_clip_that_cannot_be_embedded_is_named_when_all_others_are_done(clip_folders: Path) -> None:
    class Mortal(Local):
        @contextmanager
        def crew(self, craft: Any) -> Iterator[Any]:
            def fate(_: int, shard: Any) -> tuple[float, object | None]:
                deadly = any(name.endswith("good/tone4.wav") for name in shard.names)
                return 1.0, None if deadly else next(iter(list(craft.perform([shard]))))

            yield Scheduler[Any, Any](Simulated(fate), 2)

    settings = Settings(Store(clip_folders / "store"), executor=Mortal())
    board = Board("test", read_prompts(clip_folders / "prompts.csv"), protocols.only(protocols.find("offline"), []))
    gathered = checking.gather(board, {"good": clip_folders / "good"}, clip_folders / "references", [], settings, quiet)
    with pytest.raises(UserError, match=r"1 could not be embedded, all others are:\s+\S*tone4\.wav: 3 workers"):
        harness.embed(gathered, settings, quiet)
    assert len(list((clip_folders / "store" / "features").rglob("*.safetensors"))) >= 8 + 7


# ------------------------------------------------------------------------------------------------- processes that die


def performed(executor: Executor, folder: Path, shards: list[Words]) -> list[tuple[Words, int | Lost]]:
    with executor.crew(Writing(folder)) as workers:
        return list(workers.run(shards))


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.suffix and path.name != "killed"}


def test_processes_that_are_killed_are_replaced_and_what_kills_them_is_named(tmp_path: Path) -> None:
    shards = [Words(("a", "kill-once")), Words(("b", "kill", "c", "d")), Words(("e",))]
    ends = performed(Processes(2, threads=1), tmp_path, shards)
    assert written(tmp_path) == {name: name for name in ("a", "kill-once", "b", "c", "d", "e")}
    [(shard, end)] = [(shard, end) for shard, end in ends if isinstance(end, Lost)]
    assert shard.names == ("kill",)
    assert "was killed by SIGKILL" in end.why
    assert (tmp_path / "e.threads").read_text() == "1"


def test_what_a_worker_raises_is_the_cause_and_a_refusal_ends_the_run(tmp_path: Path) -> None:
    ends = performed(Processes(1, threads=1), tmp_path, [Words(("raise", "a"))])
    assert [end.why for _, end in ends if isinstance(end, Lost)] == [
        "3 workers were lost over it: ValueError: this word cannot be written"
    ]
    with pytest.raises(UserError, match="The disk is full"):
        performed(Processes(1, threads=1), tmp_path, [Words(("refuse",))])


# ----------------------------------------------------------------------------------------------------- the same bytes


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def scored(clips: Path, name: str, *options: str) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The store, and the results without what says who did it."""
    command = [sys.executable, str(ROOT / "benchmark.py"), "score", "--prompts", "prompts.csv"]
    command += ["--generated", "good", "--generated", "bad", "--references", "references", "--batch-size", "3"]
    command += ["--store", f"{name}/store", "--out", f"{name}/out", *options]
    run = subprocess.run(command, cwd=clips, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    results = [json.loads(path.read_text()) for path in sorted((clips / name / "out").glob("*.json"))]
    assert all(result["provenance"]["command"].pop("executor") for result in results)
    return contents(clips / name / "store"), results


@pytest.mark.long
def test_processes_make_the_bytes_of_one(clip_folders: Path) -> None:
    assert scored(clip_folders, "p", "--executor", "processes:2") == scored(clip_folders, "l", "--threads", "1")


@pytest.mark.long
def test_ray_makes_the_bytes_of_one_process(clip_folders: Path) -> None:
    pytest.importorskip("ray")
    assert scored(clip_folders, "r", "--executor", "ray:2") == scored(clip_folders, "l", "--threads", "1")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # of Ray
def test_workers_of_ray_that_are_killed_are_replaced_and_what_kills_them_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    shards = [Words(("a", "kill-once")), Words(("b", "kill", "c", "d")), Words(("raise",)), Words(("e",))]
    ends = performed(executors.choose("ray:2", address=None, threads=1, gpus=0), tmp_path, shards)
    assert written(tmp_path) == {name: name for name in ("a", "kill-once", "b", "c", "d", "e")}
    lost = {shard.names: end.why for shard, end in ends if isinstance(end, Lost)}
    assert set(lost) == {("kill",), ("raise",)}
    assert "cannot be written" in lost["raise",]
    assert "3 workers were lost" in lost["kill",]
    assert (tmp_path / "e.threads").read_text() == "1"
    assert sorted(path.name for path in tmp_path.glob(".part-*")) == []
