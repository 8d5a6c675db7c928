"""Trains the pocket CLAP, in two stages: the towers over a tagger that stays as it is, then the whole network."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from tta_bench import text
from tta_bench.audio import file_sha256
from tta_bench.embedders.pocket_clap import PocketClap
from tta_bench.embedders.pocket_tagger import normalise, read_weights
from tta_bench.metrics.alignment import retrieval_hits
from tta_bench.store import write_bytes
from tta_bench.training._loop import Schedule, batch_indices, step_rng, train
from tta_bench.training.clap_data import Examples, TokenStates, read

N_WORDINGS = 5
"""Right captions of each scene: words that are new are understood better the more ways to say the same are known."""
STAGES = {
    "towers": Schedule(steps=500, batch_size=256, learning_rate=1e-3, warm_up=50, average=0.99),
    "whole": Schedule(steps=60, batch_size=256, learning_rate=2e-4, warm_up=10, average=0.95),
}
TOKENS_LEFT_OUT = 0.15
"""Of a caption, in training."""
NOISE = 0.3
"""On states of tokens in training, in their standard deviations: a word that is new lies near one that is known."""
LARGEST_SCALE = 100.0
"""Of the cosines in the loss; Radford et al. 2021, https://arxiv.org/abs/2103.00020."""
N_VALIDATED = 256
"""Scenes that are looked for among each other while training: as many as in a batch."""


def train_clap(
    scenes: Path,
    tagger: Path,
    folder: Path,
    *,
    stages: Mapping[str, Schedule] = STAGES,
    minutes: float | None = None,
) -> Path | None:
    """The file of the trained network, or None if the minutes were over before; the same call then goes on.

    Each stage ends in a file of `folder` from which the next one starts, `towers-….safetensors`, `whole-….safetensors`,
    with a hash of what the stage itself started from.
    """
    begun, source = time.monotonic(), tagger
    encoder, (hearing, classes) = text.load(text.bundled()), read_network(tagger)
    sets = [
        read(scenes / name, hearing, encoder, folder / "cache", n_wordings=N_WORDINGS)
        for name in ("train", "validation")
    ]
    for stage, schedule in stages.items():
        result = folder / f"{stage}-{file_sha256(source)[:8]}.safetensors"
        if not result.exists():
            network, _ = read_network(source, seed=schedule.seed)
            frozen = stage == "towers"
            network.tagger.requires_grad_(not frozen)
            examples, held_out = sets if frozen else (replace(part, heard=None) for part in sets)
            trained = train(
                network,
                partial(loss, examples, schedule),
                schedule,
                result.with_suffix(""),
                validate=partial(validate, held_out),
                validate_every=100,
                minutes=minutes and minutes - (time.monotonic() - begun) / 60,
            )
            if trained is None:
                return None
            write_network(trained, classes, result)
        source = result
    return source


def read_network(weights: Path, *, seed: int = 0) -> tuple[PocketClap, list[str]]:
    """The network of a file, and its classes; of a tagger's file, one that hears like it and knows no captions yet."""
    classes, tensors = read_weights(weights)
    torch.manual_seed(seed)
    network = PocketClap(len(classes))
    (network if "log_scale" in tensors else network.tagger).load_state_dict(tensors)
    return network, classes


def write_network(network: PocketClap, classes: Sequence[str], path: Path, *, dtype: str = "float32") -> None:
    """Writes the weights as a safetensors file that `read_network` and the embedder read."""
    tensors = {key: tensor.to(getattr(torch, dtype)) for key, tensor in network.state_dict().items()}
    write_bytes(path, save(tensors, {"classes": json.dumps(classes)}))


def loss(examples: Examples, schedule: Schedule, network: PocketClap, step: int) -> Tensor:
    """How badly clips and captions of a step's batch find each other; half of the clips are degraded copies."""
    rng = step_rng(schedule, step)
    indices = batch_indices(schedule, len(examples), step)
    degraded = rng.integers(2, size=len(indices))
    right = examples.captions[indices, rng.integers(examples.captions.shape[1] - 1, size=len(indices))]
    captions = np.concatenate([right, examples.captions[indices, -1]])
    audio = network.embed_audio(hear(network, examples, indices, degraded))
    texts = embed_captions(network, examples.tokens, captions)
    scale = network.log_scale.exp().clamp(max=LARGEST_SCALE)
    return contrastive(scale * audio @ texts.mT, torch.from_numpy(captions))


def hear(network: PocketClap, examples: Examples, indices: NDArray[np.int64], degraded: NDArray[np.int64]) -> Tensor:
    """What the tagger hears in these scenes, or in the degraded copies of some: as kept, or worked out anew."""
    if examples.heard is not None:
        return torch.from_numpy(examples.heard[indices][np.arange(len(indices)), degraded]).float()
    levels = [examples.levels[copy][[index]] for index, copy in zip(indices, degraded, strict=True)]
    return network.hear(normalise(torch.from_numpy(np.concatenate(levels)).float()))


def embed_captions(network: PocketClap, tokens: TokenStates, captions: NDArray[np.int64]) -> Tensor:
    """Embeddings `(n, 256)` of captions: in four batches by length, for half of one batch would be padding."""
    order = np.argsort(tokens.lengths[captions], kind="stable")
    batches = (tokens.batch(captions[part]) for part in np.array_split(order, min(4, len(order))))
    found = [network.embed_text(*(disturbed(*batch) if network.training else batch)) for batch in batches]
    return torch.cat(found)[np.argsort(order)]


def disturbed(states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """States `(n, n_tokens, 384)` and mask of captions, so that the tower cannot know them by heart."""
    kept = torch.rand(mask.shape) >= TOKENS_LEFT_OUT
    kept[:, 0] = True
    return states + NOISE * states[mask].std() * torch.randn_like(states), mask & kept


def contrastive(logits: Tensor, captions: Tensor) -> Tensor:
    """Cross-entropy of finding each clip's caption, and each caption's clip, from similarities `(n, 2 n)`.

    The captions (numbers `(2 n,)`, equal for equal texts) are one of each clip and as many wrong ones, which only the
    clips see. A caption equal to a clip's own is no rival of it.
    """
    own = torch.arange(len(logits))
    equal = (captions == captions[own, None]).fill_diagonal_(False)
    rivals = logits.masked_fill(equal, -torch.inf)
    return (F.cross_entropy(rivals, own) + F.cross_entropy(rivals[:, own].mT, own)) / 2


@torch.no_grad()
def validate(examples: Examples, network: PocketClap) -> Mapping[str, float]:
    """How often 256 captions find their clip, and how often a clip is nearer to its caption than to the wrong one."""
    indices = np.arange(min(N_VALIDATED, len(examples)))
    audio = network.embed_audio(hear(network, examples, indices, np.zeros_like(indices)))
    right, wrong = (embed_captions(network, examples.tokens, examples.captions[indices, k]) for k in (0, -1))
    hits = {k: retrieval_hits(audio.numpy(), right.numpy(), k).mean() for k in (1, 10)}
    told_apart = ((audio * right).sum(dim=1) > (audio * wrong).sum(dim=1)).float().mean()
    return {"recall_at_1": float(hits[1]), "recall_at_10": float(hits[10]), "told_apart": float(told_apart)}
