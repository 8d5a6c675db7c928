"""Makes the board `pocket`: which scenes of the test split it asks for, and the captions of the training split beside
which the control row `retrieval` looks."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from tta_bench import boards, scenes, text
from tta_bench.scenes.phrases import Wording
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.store import write_bytes

log = logging.getLogger(__name__)

QUOTAS = {
    1: {"single": 20, "counted": 20},
    2: {"sequence": 18, "parallel": 11, "background": 11},
    3: {"sequence": 12, "mixed": 28},
    4: {"mixed": 20},
    5: {"mixed": 20},
}
"""Events in a caption -> relation -> prompts."""
PER_CLASS = 8
"""Events of one class on the whole board, at most; of 420 events in 61 classes, 7 are the mean."""
N_CAPTIONS = 6000
"""Training scenes to retrieve from, with seeds 0, 1, 2…"""
SETTINGS = """\
# Made by `python -m tta_bench.training board`; the prompts with their timelines are in pocket.jsonl.
protocol = "pocket"
prompts = "pocket.jsonl"
prompts_sha256 = "{sha256}"
duration = {duration}
scenes = true
training_captions = "pocket_captions.safetensors"
remark = "synthetic scenes, judged by pocket networks: these numbers compare with this board only"
"""


def make(folder: Path = boards.FOLDER) -> None:
    """Writes `pocket.jsonl`, `pocket.toml` and `pocket_captions.safetensors`: the same bytes every time."""
    rows = [_row(i, scene) for i, scene in enumerate(choose())]
    write_bytes(folder / "pocket.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    sha256 = boards.read_prompts(folder / "pocket.jsonl", "pocket").sha256
    settings = SETTINGS.format(sha256=sha256, duration=scenes.DURATION)
    write_bytes(folder / "pocket.toml", settings.encode())
    write_bytes(folder / "pocket_captions.safetensors", save(_captions()))


def choose() -> Iterator[scenes.Scene]:
    """The scenes of the board: of each number of events the first seeds that fill the quotas, no class too often."""
    uses: Counter[str] = Counter()
    for n_events, quotas in QUOTAS.items():
        left, seed = Counter(quotas), n_events * 100_000
        while left.total():
            scene = scenes.plan(seed, split="test", n_events=n_events)
            names = [part.sound for part in scene.events]
            if left[scene.relation] > 0 and all(uses[name] < PER_CLASS for name in names):
                left[scene.relation] -= 1
                uses.update(names)
                yield scene
            seed += 1
    log.info("events of each class: %s", sorted((uses[name], name) for name in SOUNDS))


def _row(index: int, scene: scenes.Scene) -> dict[str, object]:
    """A prompt; every second one is in words that no training caption has."""
    wording: Wording = "held out" if index % 2 else "seen"
    _, events = scenes.render(scene)
    return {
        "id": f"pocket-{index:03d}",
        "caption": scenes.caption(scene, wordings=wording),
        "n_events": len(events),
        "relation": scene.relation,
        "wording": wording,
        "seed": scene.seed,
        "events": [_rounded(asdict(event)) for event in events],
    }


def _rounded(event: dict[str, object]) -> dict[str, object]:
    """Times to a tenth of a millisecond, levels to a hundredth of a dB."""
    return json.loads(json.dumps(event), parse_float=lambda number: round(float(number), 4))  # type: ignore[no-any-return]


def _captions() -> dict[str, np.ndarray]:
    seeds = np.arange(N_CAPTIONS, dtype=np.int32)
    captions = [scenes.caption(scenes.plan(int(seed), split="train")) for seed in seeds]
    embeddings = text.load(text.bundled()).embed(captions)
    return {"seeds": seeds, "embeddings": np.rint(127 * embeddings / np.abs(embeddings).max()).astype(np.int8)}
