"""LAION-CLAP: embeddings of 10 s clips and of captions in one space, from LAION's checkpoints and from the hub's.

Wu et al., "Large-scale contrastive language-audio pretraining", https://arxiv.org/abs/2211.06687. With LAION's files
the embeddings are those of laion_clap 1.1.7, with the hub's those of transformers 5.23 (ClapFeatureExtractor and
ClapModel), front ends included. No clip counts as longer than 10 s, which transformers draws by lot in fusion models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tta_bench.embedders._batches import by_length, rows
from tta_bench.embedders._clap_mel import N_SAMPLES, SAMPLE_RATE, LogMel, hub_log_mel, laion_log_mel
from tta_bench.embedders._clap_names import renamed
from tta_bench.embedders._htsat import Htsat
from tta_bench.embedders._loading import read_checkpoint
from tta_bench.embedders._roberta import ROBERTA_BASE, Roberta, RobertaShape, Tokenize, tokenizer
from tta_bench.states import fill, read_tensors
from tta_bench.types import Clip, Features, UserError

TOKENIZER = ("vocab.json", "merges.txt")
SETTINGS = ("config.json", "preprocessor_config.json")
"""What the hub's checkpoints bring besides."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a CLAP network; those given here are of LAION's HTSAT-tiny with RoBERTa-base."""

    width: int = 96
    depths: Sequence[int] = (2, 2, 6, 2)
    n_heads: Sequence[int] = (4, 8, 16, 32)
    text: RobertaShape = ROBERTA_BASE
    dimension: int = 512
    """Of the space that clips and captions share."""


@dataclass(frozen=True)
class Original:
    """What is computed: the network's sizes and how its inputs are made."""

    shape: Shape
    fused: bool
    """A fusion model, which would look at clips longer than 10 s in several places."""
    log_mel: LogMel
    max_tokens: int
    """Longer captions are cut."""


HTSAT_TINY = Shape()
HTSAT_BASE = Shape(width=128, depths=(2, 2, 12, 2))
LAION = {
    "630k-audioset-best": (HTSAT_TINY, False),
    "630k-audioset-fusion-best": (HTSAT_TINY, True),
    "music-speech-audioset": (HTSAT_BASE, False),
    "music-audioset": (HTSAT_BASE, False),
}
"""LAION's own checkpoints: their shapes, and which is a fusion model. All others come from the hub."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> ClapEmbedder:
    """CLAP from the weights, the tokenizer and, for the hub's checkpoints, the settings given, on `device`.

    Layer of a clip: `embedding` (512,), of length 1, as are the embeddings of captions. A clip has 480,000 samples,
    else `embed` raises ValueError. With dtype "bfloat16" all after the spectrogram runs in bf16.
    Raises UserError if tokenizer or settings are missing, or a file does not hold what the checkpoint's name says.
    """
    name = f"clap:{checkpoint}"
    for needed in TOKENIZER if checkpoint in LAION else (*TOKENIZER, *SETTINGS):
        if needed not in files:
            raise UserError(f"{name} needs the file {needed} beside {', '.join(files)}. Fetch the checkpoint again.")
    original = laion_original(checkpoint, device) if checkpoint in LAION else hub_original(files, device)
    network = read_network(files, original, name).to(device).trunk_to(getattr(torch, dtype))
    tokenize = tokenizer(files, vocabulary=original.shape.text.vocabulary, max_tokens=original.max_tokens)
    return ClapEmbedder(network, original.log_mel, tokenize, device)


def laion_original(checkpoint: str, device: str) -> Original:
    """What laion_clap computes with one of LAION's checkpoints."""
    shape, fused = LAION[checkpoint]
    return Original(shape, fused, laion_log_mel(fused=fused, device=device), max_tokens=77)


def hub_original(files: Mapping[str, Path], device: str) -> Original:
    """What transformers computes with the settings in `config.json` and `preprocessor_config.json`."""
    from transformers import ClapConfig

    config: Any = ClapConfig.from_json_file(files["config.json"])
    audio, text = config.audio_config, config.text_config
    text_shape = RobertaShape(
        vocabulary=text.vocab_size,
        n_positions=text.max_position_embeddings,
        width=text.hidden_size,
        depth=text.num_hidden_layers,
        n_heads=text.num_attention_heads,
        epsilon=text.layer_norm_eps,
    )
    sizes = audio.patch_embeds_hidden_size, audio.depths, audio.num_attention_heads
    shape = Shape(*sizes, text_shape, config.projection_dim)
    heard = json.loads(files["preprocessor_config.json"].read_text(encoding="utf-8"))
    band = heard["frequency_min"], heard["frequency_max"]
    log_mel = hub_log_mel(*band, fused=heard["truncation"] == "fusion", device=device)
    return Original(shape, audio.enable_fusion, log_mel, max_tokens=text_shape.n_positions - 2)


def read_network(files: Mapping[str, Path], original: Original, name: str) -> ClapNetwork:
    """The network with the weights of the one checkpoint file among `files`, on the CPU."""
    [file] = [file for file in files if file.endswith((".pt", ".bin", ".safetensors"))]
    published: Any = read_tensors(files[file])[0] if file.endswith(".safetensors") else read_checkpoint(files[file])
    with torch.device("meta"):
        network = ClapNetwork(original.shape)
    label = f"{file} of {name}"
    return fill(network, renamed(published.get("state_dict", published), label, fused=original.fused), label)


class ClapNetwork(nn.Module):
    """Both networks and the layers that lead from each into the common space."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.audio_branch = Htsat(shape.width, shape.depths, shape.n_heads)
        self.audio_projection = _projection(shape.width << len(shape.depths) - 1, shape.dimension)
        self.text_branch = Roberta(shape.text)
        self.text_projection = _projection(shape.text.width, shape.dimension)

    def trunk_to(self, dtype: torch.dtype) -> ClapNetwork:
        """This network, which from here on computes in `dtype` all but the normalisation of the spectrogram."""
        self.audio_branch.trunk_to(dtype)
        for part in (self.audio_projection, self.text_branch, self.text_projection):
            part.to(dtype)
        return self

    def embed_audio(self, log_mel: Tensor) -> Tensor:
        """Unit vectors `(n, dimension)` of spectrograms `(n, 64, n_frames)`."""
        return F.normalize(self.audio_projection(self.audio_branch(log_mel)).float(), dim=-1)

    def embed_text(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors `(n, dimension)` of token ids `(n, n_tokens)` with a mask, True where there is a token."""
        return F.normalize(self.text_projection(self.text_branch(tokens, mask)).float(), dim=-1)


def _projection(width: int, dimension: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, dimension), nn.ReLU(), nn.Linear(dimension, dimension))


@final
class ClapEmbedder:
    """The embedder of a network that is on `device`."""

    def __init__(self, network: ClapNetwork, log_mel: LogMel, tokenize: Tokenize, device: str) -> None:
        self.sample_rate = SAMPLE_RATE
        self._network, self._log_mel, self._tokenize, self._device = network, log_mel, tokenize, device

    def embed(self, clips: Sequence[Clip]) -> list[Features]:
        """`embedding` `(dimension,)` of each clip, in order."""
        return by_length(clips, SAMPLE_RATE, self._run, device=self._device, min_samples=N_SAMPLES)

    def _run(self, waves: Tensor) -> list[Features]:
        if waves.shape[1] != N_SAMPLES:
            raise ValueError(f"CLAP takes {N_SAMPLES} samples (10 s), not {waves.shape[1]}: cut or window the clip")
        return rows(embedding=self._network.embed_audio(self._log_mel(waves)))

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(n, dimension)` of captions, as one batch."""
        tokens, mask = self._tokenize(texts)
        with torch.inference_mode():
            embeddings = self._network.embed_text(tokens.to(self._device), mask.to(self._device))
        return embeddings.cpu().numpy()
