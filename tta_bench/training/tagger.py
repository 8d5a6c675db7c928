"""Trains the pocket tagger: what it is shown, what it should say, and what counts as wrong."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from tta_bench.arrays import Stacked, write_whole
from tta_bench.embedders import pocket_tagger
from tta_bench.embedders.pocket_tagger import FLOOR, HOP_LENGTH, Heard, Tagger, level_filters, mel_levels, normalise
from tta_bench.training._loop import Schedule, batch_indices, step_rng, train
from tta_bench.training.data import SceneSet
from tta_bench.training.quality import Quality, quality
from tta_bench.training.targets import CLASSES, targets
from tta_bench.types import Event

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
HOPS = pocket_tagger.FRAME_LENGTH // HOP_LENGTH
"""Rows of a spectrogram in a frame."""
NEAR = 5
"""Frames around a sounding, itself among them, that weigh more than the rest: there it is decided what counts."""
NEAR_WEIGHT = 4.0
CLIP_WEIGHT = 0.5


@dataclass(frozen=True)
class Examples:
    """Scenes as the network sees them."""

    originals: Stacked
    """Levels `(n, n_hops, 64)` in dB."""
    copies: Stacked
    """Those of the degraded copies."""
    active: NDArray[np.bool_]
    """`(n, n_frames, n_classes)`."""
    events: tuple[tuple[Event, ...], ...]

    def __len__(self) -> int:
        return len(self.events)


def train_tagger(scenes: Path, folder: Path, schedule: Schedule, *, minutes: float | None = None) -> Tagger | None:
    """The trained network, or None if the minutes were over before; the same call then goes on."""
    examples, held_out = (read_examples(SceneSet(scenes / name)) for name in ("train", "validation"))
    torch.manual_seed(schedule.seed)
    network = Tagger(len(CLASSES))
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    return train(
        network,
        partial(loss, examples, schedule),
        schedule,
        folder,
        validate=partial(validate, held_out),
        minutes=minutes,
    )


def read_examples(scenes: SceneSet) -> Examples:
    """The scenes of a set. Spectrograms are computed once and kept beside the waves."""
    n_frames = scenes.waves([0]).shape[1] // pocket_tagger.FRAME_LENGTH
    events = tuple(record.events for record in scenes.records)
    return Examples(
        originals=_levels(scenes, degraded=False),
        copies=_levels(scenes, degraded=True),
        active=np.stack([targets(timeline, n_frames) for timeline in events]),
        events=events,
    )


def _levels(scenes: SceneSet, *, degraded: bool) -> Stacked:
    settings = (pocket_tagger.N_FFT, HOP_LENGTH, pocket_tagger.N_MELS, pocket_tagger.F_MIN, FLOOR, degraded)
    key = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
    paths = [shard.with_suffix(f".levels-{key}.npy") for shard in scenes.shards]
    filters, size = level_filters(), len(scenes) // len(paths)
    for i, path in enumerate(paths):
        if not path.exists():
            chunks = np.array_split(np.arange(i * size, (i + 1) * size), -(-size // 25))
            waves = (torch.from_numpy(scenes.waves(chunk, degraded=degraded)) for chunk in chunks)
            write_whole(path, np.concatenate([mel_levels(part, filters).half().numpy() for part in waves]))
            log.info("spectrograms: %d of %d, %s", i + 1, len(paths), path)
    return Stacked(paths)


def loss(examples: Examples, schedule: Schedule, network: Tagger, step: int) -> Tensor:
    """How wrong the network is about the batch of a step: cross-entropy of frames and of clips."""
    levels, active = batch(examples, schedule, step)
    heard = network(normalise(torch.from_numpy(levels)))
    return cross_entropy(heard, torch.from_numpy(active).float())


def cross_entropy(heard: Heard, active: Tensor) -> Tensor:
    """Cross-entropy of what is heard with `(n, n_frames, n_classes)` of 0 and 1.

    Frames in and next to a sounding weigh four times as much as the many in which a class is silent, so that short
    sounds are learnt, and so are the pauses between two of them.
    """
    near = F.max_pool1d(active.mT, NEAR, stride=1, padding=NEAR // 2).mT
    framewise = F.binary_cross_entropy_with_logits(heard.framewise, active, 1 + (NEAR_WEIGHT - 1) * near)
    return framewise + CLIP_WEIGHT * F.binary_cross_entropy_with_logits(heard.clipwise, active.amax(dim=1))


def batch(examples: Examples, schedule: Schedule, step: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Levels `(n, n_hops, 64)` and who is active `(n, n_frames, n_classes)`, half of them degraded copies.

    Some are moved in time, some are two scenes at once, all are coloured, lose some bands and change in level, and
    one of a hundred is silence.
    """
    rng = step_rng(schedule, step)
    indices = batch_indices(schedule, len(examples), step)
    is_copy = rng.random(len(indices)) < 0.5
    sources = [examples.copies if copy else examples.originals for copy in is_copy]
    levels = np.concatenate([source[[i]] for source, i in zip(sources, indices, strict=True)]).astype(np.float32)
    levels, active = _move(rng, levels, examples.active[indices])
    levels, active = _mix(rng, levels, active)
    levels = _colour(rng, levels)
    silent = rng.random(len(indices)) < 0.01
    levels[silent], active[silent] = FLOOR, False
    return levels, active


Batch = tuple[Floats, NDArray[np.bool_]]


def _move(rng: np.random.Generator, levels: Floats, active: NDArray[np.bool_]) -> Batch:
    """Half of the clips begin elsewhere and go on with their beginning."""
    n, n_frames = active.shape[:2]
    shifts = np.where(rng.random(n) < 0.5, rng.integers(n_frames, size=n), 0)
    moved = [np.roll(clip, HOPS * shift, axis=0) for clip, shift in zip(levels, shifts, strict=True)]
    return np.stack(moved), np.stack([np.roll(clip, k, axis=0) for clip, k in zip(active, shifts, strict=True)])


def _mix(rng: np.random.Generator, levels: Floats, active: NDArray[np.bool_]) -> Batch:
    """A quarter of the clips sound together with their neighbour in the batch, which is up to 6 dB louder or softer."""
    both = rng.random(len(levels)) < 0.25
    gains = rng.uniform(-6, 6, (int(both.sum()), 1, 1)).astype(np.float32)
    others = np.roll(levels, 1, axis=0)[both] + gains
    # Sum of powers, in dB: the larger, and what the smaller adds to it.
    larger, apart = np.maximum(levels[both], others), np.abs(levels[both] - others)
    mixed, present = levels.copy(), active.copy()
    mixed[both] = larger + np.float32(10 / np.log(10)) * np.log1p(np.exp(-apart / np.float32(10 / np.log(10))))
    present[both] |= np.roll(active, 1, axis=0)[both]
    return mixed, present


def _colour(rng: np.random.Generator, levels: Floats) -> Floats:
    """Clips through another room's or loudspeaker's bands: up to 6 dB up or down at each of four places, and a hole."""
    n, _, n_mels = levels.shape
    places = np.linspace(0, n_mels - 1, 4)
    points = rng.uniform(-6, 6, (n, 4)) * (rng.random((n, 1)) < 0.5) + rng.uniform(-30, 0, (n, 1))
    bands = np.arange(n_mels)
    gains: Floats = np.stack([np.interp(bands, places, point) for point in points]).astype(np.float32)
    width, start = rng.integers(0, 9, (n, 1)), rng.integers(n_mels, size=(n, 1))
    gains[(bands >= start) & (bands < start + width) & (rng.random((n, 1)) < 0.5)] = FLOOR
    coloured: Floats = np.maximum(levels + gains[:, None], np.float32(FLOOR))
    return coloured


def validate(examples: Examples, network: Tagger) -> Mapping[str, float]:
    """Quality on originals and on copies together, before calibration."""
    found = quality(
        np.concatenate([predict(network, part)[0] for part in (examples.originals, examples.copies)]),
        np.concatenate([examples.active] * 2),
        examples.events * 2,
    )
    return _summary(found)


def _summary(found: Quality) -> Mapping[str, float]:
    return {
        "frame_f1": found.frame_f1,
        "frame_f1_macro": found.frame_f1_macro,
        "event_recall": found.event_recall,
        "exact_count": found.exact_count,
    }


def predict(network: Tagger, levels: Stacked, batch_size: int = 50) -> tuple[Floats, Floats]:
    """Logits `(n, n_frames, n_classes)` and `(n, n_classes)` of all clips."""
    framewise, clipwise = [], []
    with torch.inference_mode():
        for indices in np.array_split(np.arange(len(levels)), -(-len(levels) // batch_size)):
            heard = network(normalise(torch.from_numpy(levels[indices]).float()))
            framewise.append(heard.framewise.numpy())
            clipwise.append(heard.clipwise.numpy())
    return np.concatenate(framewise), np.concatenate(clipwise)
