"""From a trained tagger to the file that the benchmark loads: calibrated, folded, float16, with a card beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from tta_bench.embedders.pocket_tagger import Tagger, folded
from tta_bench.training._loop import read_average
from tta_bench.training.data import SceneSet
from tta_bench.training.quality import in_clips
from tta_bench.training.tagger import Examples, predict, read_examples
from tta_bench.training.targets import CLASSES

CANDIDATES = np.linspace(-3.0, 3.0, 61, dtype=np.float32)
"""Logits that may be a class's threshold: probabilities of 0.05 to 0.95."""
ENOUGH = 0.995
"""Of the best F1; all thresholds that reach it are as good, and the middle one of them is the safest."""


def export(scenes: Path, folder: Path, weights: Path) -> None:
    """Writes the network of a training run, calibrated on the validation scenes, as float16."""
    network, schedule, step = read_average(Tagger(len(CLASSES)), folder)
    calibrated = calibrate(folded(network), read_examples(SceneSet(scenes / "validation")))
    metadata = {
        "classes": json.dumps(list(CLASSES)),
        "step": str(step),
        "schedule": json.dumps(asdict(schedule)),
        "scenes": str(len(SceneSet(scenes / "train"))),
    }
    weights.parent.mkdir(parents=True, exist_ok=True)
    halves = {key: tensor.half().contiguous() for key, tensor in calibrated.state_dict().items()}
    part = weights.with_suffix(".part")
    save_file(halves, part, metadata)
    part.replace(weights)


def calibrate(network: Tagger, examples: Examples) -> Tagger:
    """The network with biases such that the threshold 0 on logits gives each class its best F1, originals and copies.

    Framewise logits by the F1 over frames, clipwise logits by the F1 over clips.
    """
    both = [predict(network, levels) for levels in (examples.originals, examples.copies)]
    framewise, clipwise = (np.concatenate(parts) for parts in zip(*both, strict=True))
    active = np.concatenate([examples.active] * 2)
    frame = torch.from_numpy(thresholds(framewise.reshape(-1, len(CLASSES)), active.reshape(-1, len(CLASSES))))
    clip = torch.from_numpy(thresholds(clipwise, in_clips(active)))
    with torch.no_grad():
        network.classes.bias.sub_(frame)
        network.clip_bias.sub_(clip - frame)  # clipwise logits are means of framewise ones, and have moved with them
    return network


def thresholds(logits: NDArray[np.float32], active: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The threshold of each class on logits `(n, n_classes)` that gives it the best F1; 0 for one that is never there.

    The middle of those that are nearly best, for the best itself is one of chance.
    """
    scores = np.stack([_f1(logits > candidate, active) for candidate in CANDIDATES])
    good = (scores >= ENOUGH * scores.max(axis=0)) & (scores.max(axis=0) > 0)
    middles = [np.median(CANDIDATES[column]) if column.any() else 0.0 for column in good.T]
    return np.array(middles, dtype=np.float32)


def _f1(found: NDArray[np.bool_], active: NDArray[np.bool_]) -> NDArray[np.float64]:
    """F1 of each class over `(n, n_classes)`."""
    either = found.sum(axis=0) + active.sum(axis=0)
    return np.asarray(2 * (found & active).sum(axis=0) / np.maximum(either, 1))
