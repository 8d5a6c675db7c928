"""A test that needs no clips: a key, and listeners of known taste who answer it. All of it follows from seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tta_bench.listening.events import Event

TASTE = {"good": 70.0, "fair": 50.0, "poor": 30.0}
"""System -> what listeners think of it, of 100."""
RULES: dict[str, Any] = {
    "mismatch": {"wrong": 0},
    "unheard": {"clip": 0.95, "share": 0.0},
    "variance": {"OVL": 1.0, "REL": 1.0},
    "unfinished": {"answered": 0.5},
    "sessions": {"most": 1},
}


def hexed(*parts: object, digits: int = 32) -> str:
    """Hex digits that follow from the parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:digits]


def key(
    kind: str = "ovl_rel", *, prompts: int = 12, models: Sequence[str] = tuple(TASTE), style: str = "slider"
) -> dict[str, Any]:
    """A key of one list: every clip once, one mismatched caption; or, where raters choose, every pair of models."""
    ids = [f"p{i:02}" for i in range(prompts)]
    rated = kind not in ("ab", "abx")
    trials = _rated_trials(ids, models) if rated else _pair_trials(ids, models, kind)
    used = {(m, p): hexed(m, p) for m in models for p in ids}
    top = 5 if style == "radio" else 100
    axes = [{"id": one, "min": 1, "max": top, "style": style} for one in ("OVL", "REL")]
    return {
        "schema": 1,
        "test": hexed("test", kind, digits=16),
        "digest": hexed("digest", kind, digits=64),
        "kind": kind,
        "seed": 5,
        "secret": hexed("secret"),
        "axes": axes if rated else [],
        "models": list(models),
        "prompts": {
            p: {"caption": f"caption {p}", "n_events": 1 + i % 3, "bucket": str(1 + i % 3), "tags": {}}
            for i, p in enumerate(ids)
        },
        "stimuli": {one: _stimulus(m, p) for (m, p), one in used.items()},
        "trials": trials,
        "lists": [list(trials)],
        "headphones": {},
        "screening": RULES if rated else {},
        "board": None,
    }


def _stimulus(model: str | None, prompt: str, role: str = "main") -> dict[str, Any]:
    return {"model": model, "prompt": prompt, "role": role, "seconds": 4.0, "flags": []}


def _trial(role: str, prompt: str, stimuli: Sequence[str], expected: object = None) -> dict[str, Any]:
    return {"role": role, "prompt": prompt, "stimuli": list(stimuli), "duplicate_of": None, "expected": expected}


def _rated_trials(ids: Sequence[str], models: Sequence[str]) -> dict[str, Any]:
    found = {hexed("trial", m, p, digits=16): _trial("main", p, [hexed(m, p)]) for p in ids for m in models}
    wrong = _trial("mismatch", ids[0], [hexed(models[0], ids[1])], {"axis": "REL", "low": 1, "high": 30})
    return found | {hexed("mismatch", digits=16): wrong}


def _pair_trials(ids: Sequence[str], models: Sequence[str], kind: str) -> dict[str, Any]:
    found = {}
    for k, p in enumerate(ids):
        for a, b in combinations(models, 2):
            sides = [hexed(a, p), hexed(b, p)] if k % 2 else [hexed(b, p), hexed(a, p)]
            expected = {"choice": sides[0]} if kind == "abx" else None
            found[hexed("trial", a, b, p, digits=16)] = _trial("main", p, sides, expected)
    return found


def session(key: Mapping[str, Any], rater: int, *, person: str | None = None, taste: float = 1.0) -> list[Event]:
    """Events of a listener who hears everything and answers everything. `taste` 0 answers at random."""
    rng = np.random.default_rng([7, rater])
    name = hexed("session", key["test"], rater)
    participant = {"PROLIFIC_PID": person or f"person{rater}"}
    start = {"test": key["test"], "digest": key["digest"], "list": 0, "participant": participant, "language": "en"}
    bodies: list[tuple[str, str | None, dict[str, Any]]] = [("start", None, start), ("consent", None, {"given": True})]
    bias = rng.normal(0, 6)
    for trial in key["lists"][0]:
        bodies.append(("answer", trial, _answer(key, key["trials"][trial], rng, bias, taste)))
    bodies.append(("finish", None, {}))
    return [
        {"event": hexed(name, k), "session": name, "seq": k, "time": 1_790_000_000_000 + 10_000 * k + rater,
         "type": kind, "trial": trial, "payload": payload}
        for k, (kind, trial, payload) in enumerate(bodies)
    ]  # fmt: skip


def _answer(
    key: Mapping[str, Any], trial: Mapping[str, Any], rng: np.random.Generator, bias: float, taste: float
) -> dict[str, Any]:
    felt = {one: _felt(key, one, trial, rng, bias, taste) for one in trial["stimuli"]}
    if key["axes"]:
        ratings = {
            one: {axis["id"]: _scored(felt[one] + rng.normal(0, 4), axis) for axis in key["axes"]} for one in felt
        }
        choice = None
    else:
        first, second = trial["stimuli"]
        gap = felt[first] - felt[second]
        ratings, choice = {}, "tie" if abs(gap) < 5 else first if gap > 0 else second
    heard = dict.fromkeys(felt, 4.0)
    return {"ratings": ratings, "choice": choice, "heard": heard, "plays": dict.fromkeys(felt, 1),
            "milliseconds": 9000 * len(felt), "blurs": 0, "failed": []}  # fmt: skip


def _felt(
    key: Mapping[str, Any],
    stimulus: str,
    trial: Mapping[str, Any],
    rng: np.random.Generator,
    bias: float,
    taste: float,
) -> float:
    if trial["role"] == "mismatch":
        return 5.0 if taste else 90.0
    clip = key["stimuli"][stimulus]
    item = 5.0 * int(hexed(clip["prompt"]), 16) / 16**32
    return taste * TASTE.get(clip["model"], 50.0) + (1 - taste) * 50 + bias + item + rng.normal(0, 12)


def _scored(felt: float, axis: Mapping[str, Any]) -> int:
    low, high = axis["min"], axis["max"]
    return int(np.clip(round(low + (high - low) * felt / 100), low, high))


def download(events: Sequence[Event], *, test: str, digest: str) -> dict[str, Any]:
    """The file that the page gives."""
    text = json.dumps(list(events))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    session = events[0]["session"]
    return {"schema": 1, "test": test, "digest": digest, "session": session, "events": text, "sha256": sha256}


def write(folder: Path, key: Mapping[str, Any], sessions: Sequence[Sequence[Event]]) -> tuple[Path, Path]:
    """`KIT.key/` and a folder of downloads."""
    private, downloads = folder / "kit.key", folder / "downloads"
    for one in (private, downloads):
        one.mkdir(parents=True, exist_ok=True)
    (private / "key.json").write_text(json.dumps(key))
    for number, events in enumerate(sessions):
        content = download(events, test=key["test"], digest=key["digest"])
        (downloads / f"answers-{number}.json").write_text(json.dumps(content))
    return private, downloads
