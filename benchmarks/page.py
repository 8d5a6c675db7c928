"""How long a page for many models and prompts takes to make, and until a reader sees it.

    .venv/bin/python benchmarks/page.py --models 20 --prompts 1000

Clips are noise of a second each; the floor is what encoding them as MP3 takes by itself, on as many processes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.browsing import chromium
from tta_bench import audio
from tta_bench.report import formats
from tta_bench.report.page.clips import heard
from tta_bench.report.page.mp3 import mp3
from tta_bench.runs import RunClips, RunPrompt
from tta_bench.types import BUCKETS, Result, Score

RATE = 16_000
PER_CLIP = ("CLAP_A", "CLAP_B", "KL_A", "event_recall", "event_precision", "event_f1")
SETS = ("FD_A", "FAD_B", "IS_A")


def main() -> None:
    """Prints times and sizes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--models", type=int, default=20)
    arguments.add_argument("--prompts", type=int, default=1000)
    arguments.add_argument("--seconds", type=float, default=1.0)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        results, run = make(Path(place), asked.models, asked.prompts, asked.seconds)
        paths = [path for clips in run.rows.values() for path in clips.values()]
        floor = timed(lambda: encode_all(paths, Path(place)))
        out = Path(place) / "page"
        said = []
        copied = timed(lambda: said.append(heard(results, run, out, lambda *_: None)))
        drawn = timed(lambda: write(out, formats.files(results, heard=said[0])))
        again = timed(lambda: heard(results, run, out, lambda *_: None))
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        html = (out / "leaderboard.html").stat().st_size
        print(f"{asked.models} models, {asked.prompts} prompts, clips of {asked.seconds:g} s, {os.cpu_count()} cores")
        print(f"clips and spectrograms {copied:.1f} s ({copied / floor:.2f} of encoding alone), again {again:.1f} s")
        print(f"tables, figures and page {drawn:.1f} s; in all {copied + drawn:.1f} s")
        print(f"page {html / 2**20:.1f} MiB, folder {size / 2**20:.0f} MiB")
        paint, ready = first_paint(out / "leaderboard.html")
        print(f"first paint {paint:.0f} ms, ready {ready:.0f} ms after navigation")


def make(place: Path, n_models: int, n_prompts: int, seconds: float) -> tuple[list[Result], RunClips]:
    """Results of models that differ a little, and clips for each."""
    rng = np.random.default_rng(0)
    ids = [f"p{i:04}" for i in range(n_prompts)]
    difficulty = rng.standard_normal(n_prompts)
    rows: dict[str, dict[str, str]] = {}
    results = []
    for k in range(n_models):
        rows[f"model-{k:02}"] = {p: str(place / f"{k}-{p}.wav") for p in ids}
        for path in rows[f"model-{k:02}"].values():
            soundfile.write(path, (3000 * rng.standard_normal(round(RATE * seconds))).astype(np.int16), RATE)
        results.append(result(k, ids, difficulty, rng))
    prompts = tuple(RunPrompt(p, f"caption {p}: a dog barks and it rains", 1 + i % 5, None) for i, p in enumerate(ids))
    return results, RunClips("made-up", prompts, rows)


def result(k: int, ids: list[str], difficulty: np.ndarray, rng: np.random.Generator) -> Result:
    """The k-th model's."""
    n = len(ids)
    values = {m: 0.5 + 0.01 * k + 0.1 * difficulty + 0.1 * rng.standard_normal(n) for m in PER_CLIP}
    means = {m: float(v.mean()) for m, v in values.items()} | dict.fromkeys(SETS, 20.0 + k)
    scores = [Score(m, mean, (mean - 0.01, mean + 0.01), n, n) for m, mean in means.items()]
    buckets = [replace(s, n=n // 4, bucket=f"n_events={bucket}") for s in scores for bucket in BUCKETS]
    board = {"board_sha256": "0" * 64, "n_prompts": n, "n_events": {p: 1 + i % 5 for i, p in enumerate(ids)}}
    cost = {"clips": n, "seconds": 100.0 + k, "audio_seconds": 1000.0, "evaluations": 20 * n}
    return Result(
        board="made-up",
        protocol="p",
        model=f"model-{k:02}",
        control=False,
        scores=(*scores, *buckets),
        per_clip={m: dict(zip(ids, v.tolist(), strict=True)) for m, v in values.items()},
        leave_out={m: (20.0 + k + 0.1 * rng.standard_normal(30)).tolist() for m in SETS},
        missing={},
        flags={},
        extra=(),
        left_out={},
        provenance={
            "board": board,
            "metrics": {name: {"better": "lower" if name[0] in "FK" else "higher"} for name in (*PER_CLIP, *SETS)},
            "weights": {},
            "clips": {},
            "costs": [{**cost, "parameters": 1e8 * (k + 1), "peak_bytes": 2**31}],
        },
    )


def encode(path: str, place: Path) -> None:
    """The floor: a clip read and written as MP3."""
    (place / f"floor-{os.getpid()}.mp3").write_bytes(mp3(audio.decode(Path(path))))


def encode_all(paths: list[str], place: Path) -> None:
    """All of them, on as many processes as the page takes."""
    with ProcessPoolExecutor() as pool:
        list(pool.map(encode, paths, repeat(place), chunksize=16))


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Writes what a report is made of."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def first_paint(path: Path) -> tuple[float, float]:
    """Milliseconds from navigation to the first contentful paint, and until all scripts ran: the median of five."""
    found = []
    with chromium() as browser:
        for _ in range(5):
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
            found.append(
                page.evaluate(
                    "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
                    " performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]"
                )
            )
            page.close()
    return tuple(float(np.median(column)) for column in zip(*found, strict=True))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
