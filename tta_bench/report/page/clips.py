"""What of a run can be heard on the page: small copies of clips, spectrograms, captions and the scores of each clip."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from tta_bench import audio
from tta_bench.report.page import spectrogram
from tta_bench.report.page.mp3 import mp3
from tta_bench.results import better
from tta_bench.runs import RunClips
from tta_bench.types import Result, UserError, bucket_of

FOLDER = "clips"
"""Beside the page."""
KEY = 20
"""Characters of a file's sha256 that name its copy."""
Progress = Callable[[str, int, int], None]


def heard(results: Sequence[Result], run: RunClips, out: Path, progress: Progress) -> dict[str, Any]:
    """Writes `clips/KEY.mp3` and `clips/KEY.png` below `out`, once for each file however often it is rendered, and
    returns what the page's script shows. Raises UserError if a clip is gone, or is not the one that was scored."""
    rows = [result for result in results if result.model in run.rows]
    wanted = {path for clips in (run.rows[r.model] for r in rows) for path in clips.values()}
    wanted |= {prompt.reference for prompt in run.prompts if prompt.reference}
    keys = _copies(sorted(wanted), out / FOLDER, progress)
    for result in rows:
        _check(result, run, keys)
    metrics = list(dict.fromkeys(metric for result in rows for metric in result.per_clip))
    return {
        "rows": [result.model for result in rows],
        "metrics": metrics,
        "better": [better(rows[0], metric) for metric in metrics],
        "buckets": sorted({bucket_of(prompt.n_events) for prompt in run.prompts if prompt.n_events}),
        "prompts": [
            {
                "id": prompt.id,
                "caption": prompt.caption,
                "bucket": bucket_of(prompt.n_events) if prompt.n_events else "",
                "reference": keys[prompt.reference][:KEY] if prompt.reference else None,
                "clips": [_key(run.rows[r.model].get(prompt.id), keys) for r in rows],
                "flags": {i: list(r.flags[prompt.id]) for i, r in enumerate(rows) if prompt.id in r.flags},
            }
            for prompt in run.prompts
        ],
        "scores": [
            [[_rounded(r.per_clip.get(metric, {}).get(prompt.id)) for prompt in run.prompts] for metric in metrics]
            for r in rows
        ],
    }


def _key(path: str | None, keys: dict[str, str]) -> str | None:
    return None if path is None else keys[path][:KEY]


def _rounded(value: float | None) -> float | None:
    """Four digits, which is more than a reader compares."""
    return None if value is None else float(f"{value:.4g}")


def _check(result: Result, run: RunClips, keys: dict[str, str]) -> None:
    scored: Any = result.provenance.get("clips", {})
    for prompt, path in run.rows[result.model].items():
        if prompt in scored and scored[prompt] != keys[path]:
            raise UserError(
                f"'{path}' is not the clip of {prompt!r} that {result.model!r} was scored with: it was changed since. "
                "Score again, and make the page of the new results."
            )


def _copies(paths: Sequence[str], folder: Path, progress: Progress) -> dict[str, str]:
    """The sha256 of each file, whose copy and spectrogram are there afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    keys: dict[str, str] = {}
    with ProcessPoolExecutor() as pool:
        for path, key in zip(paths, pool.map(_copy, paths, repeat(folder), chunksize=16), strict=True):
            keys[path] = key
            progress("copying clips", len(keys), len(paths))
    return keys


def _copy(path: str, folder: Path) -> str:
    try:
        key = audio.file_sha256(Path(path))
    except OSError as error:
        raise UserError(
            f"Cannot read the clip '{path}': {error.strerror}. It was there when the run was scored; run it again."
        ) from error
    sound, picture = folder / f"{key[:KEY]}.mp3", folder / f"{key[:KEY]}.png"
    if not (sound.exists() and picture.exists()):
        clip = audio.decode(Path(path))
        part = folder / f".part-{os.getpid()}"
        for target, data in ((picture, spectrogram.png(clip)), (sound, mp3(clip))):
            part.write_bytes(data)
            part.replace(target)
    return key
