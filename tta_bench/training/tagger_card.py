"""What is measured of a tagger's weights, and the card that tells it beside them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open

from tta_bench.audio import decode, file_sha256, prepare
from tta_bench.embedders import pocket_tagger
from tta_bench.embedders.pocket_tagger import read_network
from tta_bench.training.data import SceneSet
from tta_bench.training.quality import Quality, quality
from tta_bench.training.tagger import predict, read_examples
from tta_bench.training.targets import CLASSES
from tta_bench.types import Clip, Preprocessing, UserError

AUDIO = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class Recordings:
    """How often real recordings were put into their own class."""

    n: int
    top_1: float
    """Share of the recordings whose class is the likeliest of all classes."""
    top_3: float
    """Share of the recordings whose class is among the three likeliest."""
    top_3_by_class: Mapping[str, float]
    skipped: tuple[str, ...]
    """Names of recordings that are of none of the tagger's classes."""


def evaluate(scenes: Path, weights: Path) -> dict[str, Quality]:
    """Quality on held-out scenes, originals and degraded copies apart: `test, degraded copies` -> quality."""
    network = read_network(weights, weights.name)
    found: dict[str, Quality] = {}
    for name in ("validation", "test"):
        examples = read_examples(SceneSet(scenes / name))
        for kind, levels in (("originals", examples.originals), ("degraded copies", examples.copies)):
            found[f"{name}, {kind}"] = quality(predict(network, levels)[0], examples.active, examples.events)
    return found


def evaluate_recordings(folder: Path, weights: Path) -> Recordings:
    """Accuracy on a folder of recordings named by their class (`dog_1-30226-A.flac`), such as ESC-10.

    A recording counts for the only class whose name is or begins with its own (`dog`: `dog bark`); others are skipped.
    Raises UserError if no recording is of a class that the tagger knows.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO)
    classes = {path: class_of(path) for path in paths}
    known = [path for path in paths if classes[path]]
    if not known:
        raise UserError(f"None of {len(paths)} recordings in '{folder}' is named by a class, like dog_1.wav.")
    embedder = pocket_tagger.load("", {weights.name: weights})
    heard = Preprocessing(sample_rate=pocket_tagger.SAMPLE_RATE)
    clips = [Clip(prepare(decode(path), heard)[0], heard.sample_rate) for path in known]
    ranks = defaultdict(list)
    for path, features in zip(known, embedder.embed(clips), strict=True):
        own = CLASSES[classes[path] or ""]
        ranks[classes[path]].append(int((features["logits"] > features["logits"][own]).sum()))
    everything = np.array([rank for part in ranks.values() for rank in part])
    return Recordings(
        n=len(known),
        top_1=float((everything < 1).mean()),
        top_3=float((everything < 3).mean()),
        top_3_by_class={str(name): float((np.array(part) < 3).mean()) for name, part in ranks.items()},
        skipped=tuple(sorted({_label(path) for path in paths if not classes[path]})),
    )


def class_of(path: Path) -> str | None:
    """The class that a recording is named by, if there is exactly one."""
    label = _label(path)
    found = [name for name in CLASSES if name == label] or [name for name in CLASSES if name.startswith(f"{label} ")]
    return found[0] if len(found) == 1 else None


def _label(path: Path) -> str:
    return re.sub(r"[_-]?\d.*$", "", path.stem).replace("_", " ")


def write_card(scenes: Path, weights: Path, recordings: Path | None = None) -> Path:
    """Measures the weights and writes the card beside them: `pocket_tagger.md`."""
    with safe_open(weights, "pt") as file:
        metadata = file.metadata()
        n_weights = sum(file.get_tensor(key).numel() for key in file.keys())  # noqa: SIM118 (not a mapping)
    measured = evaluate(scenes, weights)
    heard = _heard_table(evaluate_recordings(recordings, weights)) if recordings else "Not measured."
    card = CARD.format(
        n_weights=n_weights,
        n_classes=len(json.loads(metadata["classes"])),
        sha256=file_sha256(weights),
        quality=_table(measured),
        recordings=heard,
        **{key: metadata[key] for key in ("scenes", "step", "schedule")},
    )
    path = weights.with_suffix(".md")
    path.write_text(card, encoding="utf-8")
    return path


def _table(measured: Mapping[str, Quality]) -> str:
    names = list(asdict(next(iter(measured.values()))))
    lines = [["scenes", *(name.replace("_", " ") for name in names)], ["---"] * (1 + len(names))]
    lines += [[name, *(f"{value:.3f}" for value in asdict(found).values())] for name, found in measured.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _heard_table(found: Recordings) -> str:
    by_class = ", ".join(f"{name} {share:.2f}" for name, share in found.top_3_by_class.items())
    return (
        f"Of {found.n} recordings of {len(found.top_3_by_class)} classes that it shares, the right one of "
        f"{len(CLASSES)} classes is the likeliest for {found.top_1:.1%} and among the three likeliest for "
        f"{found.top_3:.1%} (chance {1 / len(CLASSES):.1%} and {3 / len(CLASSES):.1%}). Top 3 by class: {by_class}. "
        f"Left out, for it knows no such class: {', '.join(found.skipped) or 'none'}."
    )


CARD = """# pocket_tagger

Says every 80 ms which of {n_classes} classes of sound are heard in a clip at 16 kHz. A convolutional network of
{n_weights:,} weights over a log-mel spectrogram, `tta_bench/embedders/pocket_tagger.py`, float16.

- sha256 `{sha256}`
- Licence: that of this repository. It has heard nothing but scenes that the repository renders itself.
- Trained on {scenes} scenes and their degraded copies (codecs, vocoders, noise, rooms; `training/degrade.py`), for
  {step} steps, with the schedule `{schedule}`
- Made again by `python -m tta_bench.training data`, `python -m tta_bench.training tagger`
- Thresholds are calibrated on the validation scenes: 0.5 is the one with the best F1 for every class

## Quality on held-out scenes

Validation: seeds that training has not seen, and the thresholds have. Test: pairs of classes that never met in
training. Frames are of 80 ms, seconds are sed_eval's segments of 1 s; macro is the mean over the classes. Event
recall: some sounding of the event is heard while it lasts. Exact count: counted events heard as often as they sound.

{quality}

## Real recordings

{recordings}

## Limits

It knows these classes as this repository renders them. A clip may please it that a listener would not recognise, so
its numbers stand beside those of a network that was trained on recordings, never alone. What it knows no class for,
it takes for something that it knows, or for nothing.
"""
