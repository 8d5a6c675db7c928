"""A kit of tiny clips, a server of it in a process of its own, and raters who talk to that."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile

from tests.listening.simulated import hexed
from tta_bench.listening import kit as kits
from tta_bench.listening.events import Event

ROOT = Path(__file__).parents[2]
CODE = {"code": "C0DE", "url": None}
Answer = Mapping[str, Any]


def build(folder: Path, *, lists: int = 2, trials: int = 3) -> Path:
    """A kit of ratings for the server, every list with trials of its own, and its key beside it."""
    kit = folder / "kit"
    (kit / "audio").mkdir(parents=True)
    (kit / "index.html").write_text('<!doctype html><script src="config.js"></script>')
    (kit / "README.md").write_text("For those who run the test.")
    each = [[hexed("trial", i, j, digits=16) for j in range(trials)] for i in range(lists)]
    config: dict[str, Any] = {
        "schema": 1,
        "test": hexed("served", digits=16),
        "kind": "ovl_rel",
        "axes": [{"id": "OVL", "min": 1, "max": 100, "style": "slider"}],
        "languages": ["en"],
        "questionnaire": [
            {"id": "age", "type": "choice", "options": [{"value": "18"}]},
            {"id": "note", "type": "text"},
        ],
        "headphones": None,
        "lists": each,
        "trials": {one: {"stimuli": [_clip(kit, one)], "reference": None} for some in each for one in some},
        "participant": ["PROLIFIC_PID"],
        "server": True,
    }
    config["digest"] = kits.digest(config)
    (kit / kits.CONFIG).write_bytes(kits.config_bytes(config))
    (folder / "kit.key").mkdir()
    key = {"schema": 1, "digest": config["digest"], "completion": CODE}
    (folder / "kit.key" / kits.KEY).write_bytes(kits.key_bytes(key))
    return kit


def _clip(kit: Path, trial: str) -> Answer:
    name = hexed("clip", trial)
    data = io.BytesIO()
    soundfile.write(data, np.random.default_rng(int(trial, 16)).uniform(-0.1, 0.1, 800), 8000, format="WAV")
    (kit / "audio" / f"{name}.wav").write_bytes(data.getvalue())
    sha256 = hashlib.sha256(data.getvalue()).hexdigest()
    return {"id": name, "audio": f"audio/{name}.wav", "seconds": 0.1, "sha256": sha256}


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    @property
    def refusals(self) -> list[str]:
        """What its log says of requests that it refused."""
        return [line for line in self.log.read_text().splitlines() if "refused" in line]


@contextlib.contextmanager
def running(
    kit: Path,
    database: Path,
    *options: str,
    program: Sequence[str] = (str(ROOT / "benchmark.py"),),
    before: Callable[[], None] | None = None,
) -> Iterator[Server]:
    """A server of a kit, ended at the end if it has not ended by then."""
    log = database.with_suffix(".log")
    command = [sys.executable, *program, "listen", "serve", str(kit), "--database", str(database), "--port", "0"]
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*command, "--per-address", "1000", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            preexec_fn=before,
        )
    assert process.stdout is not None
    try:
        told = process.stdout.readline()
        assert told, log.read_text()
        yield Server(process, told.partition("/ shows")[0], log)
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


class Rater:
    """A visit: what a page would send."""

    def __init__(self, url: str, kit: Path, *, who: str | None = None) -> None:
        self.config = kits.read_config(kit)
        once = httpx.Limits(max_keepalive_connections=0)  # no connection is left open behind a test
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False, limits=once)
        self.asked = {
            "test": self.config["test"],
            "digest": self.config["digest"],
            "participant": {"PROLIFIC_PID": who} if who else {},
            "language": "en",
        }
        reply = self.client.post("/api/session", json=self.asked)
        assert reply.status_code == 201, reply.text
        opened = reply.json()
        self.session, self.token, self.list = opened["session"], opened["token"], opened["list"]

    @property
    def trials(self) -> list[str]:
        """Trials of the list."""
        found: list[str] = self.config["lists"][self.list]
        return found

    def event(self, seq: int, kind: str, payload: Answer, trial: str | None = None) -> Event:
        """An event of this visit."""
        place = {"event": hexed(self.session, seq), "session": self.session, "seq": seq, "time": 1_000 + seq}
        return place | {"type": kind, "trial": trial, "payload": payload}

    def answer(self, seq: int, trial: str, score: float = 50) -> Event:
        """A rating of the clip of a trial."""
        clip = self.config["trials"][trial]["stimuli"][0]["id"]
        payload = {"ratings": {clip: {"OVL": score}}, "choice": None, "heard": {clip: 0.1}, "plays": {clip: 1}}
        return self.event(seq, "answer", payload | {"milliseconds": 900, "blurs": 0, "failed": []}, trial)

    def whole(self) -> list[Event]:
        """All events of a visit that is finished."""
        first = [
            self.event(0, "start", self.asked | {"list": self.list}),
            self.event(1, "consent", {"given": True}),
        ]
        answers = [self.answer(2 + i, trial, 20 + i) for i, trial in enumerate(self.trials)]
        return [*first, *answers, self.event(2 + len(answers), "finish", {})]

    def send(self, *events: object, **headers: str) -> httpx.Response:
        """Sends events."""
        return self.post("/api/events", json.dumps({"events": events}), **headers)

    def post(self, path: str, body: str | bytes, **headers: str) -> httpx.Response:
        """Sends any body; headers written with underscores, an empty one is left out."""
        known = {"authorization": f"Bearer {self.token}", "content_type": "application/json"} | headers
        sent = {name.replace("_", "-"): value for name, value in known.items() if value}
        return self.client.post(path, content=body, headers=sent)

    def finish(self) -> httpx.Response:
        """Asks for the code."""
        return self.post("/api/finish", "{}")

    def state(self) -> Answer:
        """What the server has."""
        reply = self.client.get(f"/api/session/{self.session}/state", headers={"authorization": f"Bearer {self.token}"})
        assert reply.status_code == 200, reply.text
        found: Answer = reply.json()
        return found
