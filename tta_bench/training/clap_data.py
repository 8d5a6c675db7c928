"""What the pocket CLAP is trained on, worked out once and kept on disk: token states of captions, states of clips."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tta_bench.arrays import Stacked, write_whole
from tta_bench.audio import file_sha256
from tta_bench.embedders.pocket_clap import PocketClap
from tta_bench.embedders.pocket_tagger import normalise
from tta_bench.scenes import Scene, Split, plan
from tta_bench.text import SentenceEncoder
from tta_bench.training.data import SceneSet
from tta_bench.training.tagger import read_examples
from tta_bench.training.wordings import wordings, wrong_wording
from tta_bench.types import UserError

log = logging.getLogger(__name__)

CHUNK = 2000
"""Captions in a file: half a minute's work."""
BATCH = 50
"""Clips that are heard at once."""


@dataclass(frozen=True)
class Examples:
    """Scenes as the network sees them."""

    levels: tuple[Stacked, Stacked]
    """Mel levels `(n, n_hops, 64)` in dB, and those of the degraded copies."""
    heard: Stacked | None
    """`(n, 2, n_frames, d)`: what `PocketClap.hear` gives for both, float16; None: to be worked out anew."""
    captions: NDArray[np.int64]
    """`(n, n_wordings + 1)`: which of `tokens` the captions of each scene are. The last one is wrong."""
    tokens: TokenStates

    def __len__(self) -> int:
        return len(self.captions)


def read(folder: Path, network: PocketClap, encoder: SentenceEncoder, cache: Path, *, n_wordings: int) -> Examples:
    """The scenes of a folder such as `runs/training/scenes/train`, with what the network's tagger hears in them.

    What is worked out is kept in the folder `cache`, in files named by hashes of all that decides what they hold.
    Raises UserError if there are none, or if they were rendered by another version of the scenes.
    """
    scenes = SceneSet(folder)
    rows = [
        [*wordings(scene, n_wordings), wrong_wording(np.random.default_rng(scene.seed), scene)]
        for scene in planned(scenes, "test" if folder.name == "test" else "train")
    ]
    numbers = {text: i for i, text in enumerate(dict.fromkeys(text for row in rows for text in row))}
    cache.mkdir(parents=True, exist_ok=True)
    spectrograms = read_examples(scenes)
    levels = (spectrograms.originals, spectrograms.copies)
    return Examples(
        levels,
        Stacked(list(_heard_files(network, scenes, levels, cache))),
        np.array([[numbers[text] for text in row] for row in rows]),
        TokenStates(list(_token_files(list(numbers), encoder, cache))),
    )


def planned(scenes: SceneSet, split: Split) -> Iterator[Scene]:
    """The plans that the scenes on disk were rendered from. Their captions may have changed since, their events not."""
    for record in scenes.records:
        scene = plan(record.seed, split=split)
        heard = [(event.name, event.count) for event in record.events]
        meant = [(part.sound, part.count) for part in scene.events]
        if (heard, record.relation) != (meant, scene.relation):
            raise UserError(
                f"Scene {record.seed} on disk is {record.relation} {heard} and would now be {scene.relation} {meant}, "
                "so it is of another version. Delete the scenes and run `python -m tta_bench.training data` again."
            )
        yield scene


@final
class TokenStates:
    """States of the tokens of captions in files, each of which holds those of 2,000 captions one after the other."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._states = [np.load(path, mmap_mode="r") for path in files]
        lengths = [np.load(_lengths(path)) for path in files]
        self._ends = [np.cumsum(part) for part in lengths]
        self.lengths: NDArray[np.int64] = np.concatenate(lengths)
        """Tokens `(n,)` of each caption."""

    def batch(self, captions: Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """States `(n, n_tokens, 384)` of the captions of these numbers, and their mask; see `SentenceEncoder`."""
        states = [torch.from_numpy(self._one(*divmod(int(number), CHUNK))) for number in captions]
        masks = [torch.ones(len(part), dtype=torch.bool) for part in states]
        return pad_sequence(states, batch_first=True), pad_sequence(masks, batch_first=True)

    def _one(self, file: int, k: int) -> NDArray[np.float32]:
        ends = self._ends[file]
        states: NDArray[np.float32] = self._states[file][ends[k - 1] if k else 0 : ends[k]].astype(np.float32)
        return states


def _token_files(captions: Sequence[str], encoder: SentenceEncoder, cache: Path) -> Iterator[Path]:
    """The files of the captions' token states; their names are hashes of the captions."""
    for start in range(0, len(captions), CHUNK):
        chunk = captions[start : start + CHUNK]
        path = cache / f"tokens-{_hash(*chunk)}.npy"
        if not path.exists():
            log.info("reading captions: %d of %d", start, len(captions))
            states, mask = encoder.token_states(chunk)
            write_whole(_lengths(path), mask.sum(dim=1).numpy())
            write_whole(path, states[mask].half().numpy())
        yield path


def _lengths(states: Path) -> Path:
    return states.with_suffix(".lengths.npy")


def _heard_files(network: PocketClap, scenes: SceneSet, levels: tuple[Stacked, Stacked], cache: Path) -> Iterator[Path]:
    """The files of what is heard, one a shard; their names are hashes of the tagger and of the shard's waves."""
    tagger = _hash(*(tensor.numpy().tobytes() for tensor in network.tagger.state_dict().values()))
    size = len(scenes) // len(scenes.shards)
    for k, shard in enumerate(scenes.shards):
        waves = (file_sha256(shard.with_suffix(suffix)) for suffix in (".npy", ".degraded.npy"))
        path = cache / f"heard-{_hash(tagger, *waves)}.npy"
        if not path.exists():
            log.info("hearing clips: %d of %d", k * size, len(scenes))
            batches = np.split(np.arange(k * size, (k + 1) * size), range(BATCH, size, BATCH))
            write_whole(path, np.concatenate([_heard(network, levels, batch) for batch in batches]))
        yield path


@torch.no_grad()
def _heard(network: PocketClap, levels: tuple[Stacked, Stacked], batch: NDArray[np.int64]) -> NDArray[np.float16]:
    pairs = [network.eval().hear(normalise(torch.from_numpy(part[batch]).float())) for part in levels]
    return np.stack([heard.half().numpy() for heard in pairs], axis=1)


def _hash(*parts: str | bytes) -> str:
    """Of texts without line breaks, or of bytes."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() + b"\n" if isinstance(part, str) else part)
    return found.hexdigest()[:16]
