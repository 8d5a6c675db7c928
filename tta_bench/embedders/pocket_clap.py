"""The pocket CLAP: clips and captions in one space of 256 dimensions, from a small network trained on rendered scenes.

The pocket tagger hears, the frozen sentence encoder of `tta_bench.text` reads, and a tower over each leads into the
common space. Trained by `python -m tta_bench.training clap` on `tta_bench.scenes`; `pocket/pocket_clap.md` tells how
well it does. It is this project's own, so its numbers compare with numbers of its own checkpoint only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from tta_bench import text
from tta_bench.embedders._batches import by_length, rows
from tta_bench.embedders.pocket_tagger import (
    MIN_SAMPLES,
    SAMPLE_RATE,
    Tagger,
    level_filters,
    mel_levels,
    normalise,
    read_weights,
)
from tta_bench.embedders.pocket_tagger import WIDTH as TRUNK_WIDTH
from tta_bench.states import fill
from tta_bench.types import Clip, Features, UserError

WEIGHTS = "pocket_clap.safetensors"
WIDTH = 256
"""Of both towers, and of the common space."""
N_HEADS = 4
N_LAYERS_AUDIO = 2
N_LAYERS_TEXT = 0
"""The sentence encoder has read what surrounds a token already, and a layer more would know the words of training by
heart, so that others are understood less often."""
N_QUERIES = 4
"""Of the pooling: so many means of a sequence are taken, each with weights of its own."""
N_WAVES = 8
"""Of the sines, and of the cosines, that tell when in the clip it is."""


def load(
    checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32"
) -> PocketClapEmbedder:
    """The pocket CLAP with its weights and the sentence encoder's files, on `device`.

    Layer of a clip: `embedding` (256,), of length 1, as are the embeddings of captions. Clips last at least 0.96 s.
    With dtype "bfloat16" the tagger's convolutions run in bf16.
    Raises UserError if a file is missing or does not hold exactly what it should.
    """
    name = f"{WEIGHTS} of pocket_clap:{checkpoint}"
    if WEIGHTS not in files:
        raise UserError(f"pocket_clap:{checkpoint} needs the file {WEIGHTS} beside {', '.join(files)}.")
    classes, weights = read_weights(files[WEIGHTS])
    with torch.device("meta"):
        network = PocketClap(len(classes))
    fill(network, weights, name).to(device)
    network.tagger.to(getattr(torch, dtype))
    convert_conv2d_weight_memory_format(network.tagger, torch.channels_last)
    return PocketClapEmbedder(network, text.load(files, device=device), device)


@final
class PocketClap(nn.Module):
    """The tagger, the two towers, and the scale (learnt; training's alone) of cosines when they compete."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.tagger = Tagger(n_classes, norm=False)
        self.audio = Tower(2 * (TRUNK_WIDTH + n_classes + N_WAVES), N_LAYERS_AUDIO)
        self.text = Tower(text.WIDTH, N_LAYERS_TEXT)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def hear(self, levels: Tensor) -> Tensor:
        """States `(n, n_frames, 192 + n_classes)` of normalised mel levels: the tagger's trunk and its verdicts."""
        heard = self.tagger(levels.to(self.tagger.classes.weight.dtype))
        return torch.cat([heard.trunk, heard.framewise.sigmoid()], dim=-1).float()

    def embed_audio(self, heard: Tensor) -> Tensor:
        """Unit vectors `(n, 256)` of what `hear` gives, two frames at a time: 160 ms."""
        even = F.pad(heard, (0, 0, 0, heard.shape[1] % 2))
        pairs = torch.cat([even[:, ::2], even[:, 1::2]], dim=-1)
        times = waves_of_time(pairs.shape[1], device=heard.device).expand(len(heard), -1, -1)
        embeddings: Tensor = self.audio(torch.cat([pairs, times], dim=-1))
        return embeddings

    def embed_text(self, states: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors `(n, 256)` of the sentence encoder's token states `(n, n_tokens, 384)` and their mask."""
        embeddings: Tensor = self.text(states, mask)
        return embeddings


@final
class Tower(nn.Module):
    """Unit vectors `(n, 256)` of states `(n, n_states, n_in)`, and of a mask, True where there is one, if some lack."""

    def __init__(self, n_in: int, n_layers: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Dropout(0.1), nn.Linear(n_in, WIDTH))
        self.layers = transformer(n_layers) if n_layers else None
        self.queries = nn.Linear(WIDTH, N_QUERIES)
        self.leave = nn.Sequential(
            nn.LayerNorm(N_QUERIES * WIDTH),
            nn.Linear(N_QUERIES * WIDTH, 2 * WIDTH),
            nn.GELU(),
            nn.Linear(2 * WIDTH, WIDTH),
        )

    def forward(self, states: Tensor, mask: Tensor | None = None) -> Tensor:
        absent = None if mask is None else ~mask
        states = self.enter(states)
        if self.layers is not None:
            states = self.layers(states, src_key_padding_mask=absent)
        scores = self.queries(states)
        if absent is not None:
            scores = scores.masked_fill(absent[..., None], -torch.inf)
        return F.normalize(self.leave((scores.softmax(dim=1).mT @ states).flatten(1)), dim=-1)


def transformer(n_layers: int) -> nn.TransformerEncoder:
    """Layers that let each of the states `(n, n_states, 256)` hear the others."""
    # Dropout inside would take a third of the time of training on a CPU.
    layer = nn.TransformerEncoderLayer(
        WIDTH, N_HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)


def waves_of_time(n_states: int, *, device: torch.device) -> Tensor:
    """Sines and cosines `(n_states, 16)` of where a state lies between the clip's start and end.

    Relative, so that "first" and "then" mean the same in clips of any length.
    """
    place = (torch.arange(n_states, device=device) + 0.5) / n_states
    phases = torch.pi * place[:, None] * torch.arange(1, N_WAVES + 1, device=device)
    return torch.cat([phases.sin(), phases.cos()], dim=1)


@final
class PocketClapEmbedder:
    """The embedder of a network and a sentence encoder that are on `device`."""

    def __init__(self, network: PocketClap, encoder: text.SentenceEncoder, device: str) -> None:
        self.sample_rate = SAMPLE_RATE
        self._network, self._encoder, self._device = network, encoder, device
        self._filters = level_filters().to(device)

    def embed(self, clips: Sequence[Clip]) -> list[Features]:
        """`embedding` `(256,)` of each clip, in order."""
        return by_length(clips, SAMPLE_RATE, self._run, device=self._device, min_samples=MIN_SAMPLES)

    def _run(self, waves: Tensor) -> list[Features]:
        levels = normalise(mel_levels(waves, self._filters))
        return rows(embedding=self._network.embed_audio(self._network.hear(levels)))

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(n, 256)` of captions."""
        with torch.inference_mode():
            return self._network.embed_text(*self._encoder.token_states(texts)).cpu().numpy()
