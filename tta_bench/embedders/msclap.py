"""Microsoft CLAP 2023: embeddings of 7 s clips and of captions in one space of 1,024 dimensions.

Elizalde et al., "Natural Language Supervision for General-Purpose Audio Representations",
https://arxiv.org/abs/2309.05767. Agrees with msclap 1.3.4, version "2023": HTS-AT, GPT-2, and a projection of each. Its
front end was laid out for 32 kHz but hears 44.1 kHz, so that "50 Hz to 14 kHz" are in truth 69 Hz to 19.3 kHz.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model

from tta_bench.embedders._batches import by_length, rows
from tta_bench.embedders._bpe import byte_level_bpe
from tta_bench.embedders._htsat import N_MELS, Htsat
from tta_bench.embedders._loading import read_checkpoint
from tta_bench.mel import mel_filters
from tta_bench.states import fill
from tta_bench.types import Clip, Features, UserError

SAMPLE_RATE = 44100
N_SAMPLES = 308700
"""7 s. The original repeats shorter clips and draws a random crop of longer ones; here the protocol says what to do."""
N_FFT = 1024
HOP_LENGTH = 320
PADDING = 0
"""The token "!", which fills up short captions."""
UNUSED = re.compile(
    r"logit_scale|.*\.htsat\.(tscam_conv|head)\..*|.*\.(attn_mask|relative_position_index)|.*\.h\.\d+\.attn\.(masked_)?bias"
)
"""Tensors of the file that no embedding depends on: training's temperature, HTS-AT's classifier, constant masks."""
NAMES = {
    "audio_encoder.base.htsat.spectrogram_extractor.stft.": "log_mel.",
    "audio_encoder.base.htsat.logmel_extractor.": "log_mel.",
    "audio_encoder.base.htsat.": "htsat.",
    "audio_encoder.projection.": "audio_projection.",
    "caption_encoder.base.": "gpt2.",
    "caption_encoder.projection.": "text_projection.",
}
"""Start of a tensor's name in the file -> ours."""
Tokenize = Callable[[Sequence[str]], Tensor]
"""Captions -> token ids `(n, n_tokens)`, padded to the longest."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; those given here are of the published checkpoint."""

    width: int = 96
    depths: Sequence[int] = (2, 2, 6, 2)
    n_heads: Sequence[int] = (4, 8, 16, 32)
    text_width: int = 768
    text_depth: int = 12
    text_heads: int = 12
    vocabulary: int = 50257
    dimension: int = 1024
    """Of the space that clips and captions share."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> MsClapEmbedder:
    """MS-CLAP from the published weights (.pth) and GPT-2's vocab.json and merges.txt, on `device`.

    Layer of a clip: `embedding` (1024,), of length 1, as are the embeddings of captions. A clip has 308,700 samples,
    else `embed` raises ValueError. With dtype "bfloat16" all after the spectrogram runs in bf16.
    Raises UserError if a file does not hold what the published one does.
    """
    [file] = [name for name in files if name.endswith(".pth")]
    name = f"{file} of msclap:{checkpoint}"
    with torch.device("meta"):
        network = MsClapNetwork(Shape())
    fill(network, renamed(read_checkpoint(files[file]), name), name)
    return MsClapEmbedder(network.to(device).trunk_to(getattr(torch, dtype)), tokenizer(files), device)


def renamed(published: Mapping[str, Mapping[str, Tensor]], name: str) -> dict[str, Tensor]:
    """The tensors that our network needs, and any that it does not know, under its names.

    msclap loads with strict=False, so that mel filters which a file lacks are those of torchlibrosa. Raises UserError,
    which calls the file `name`, if it is no file of msclap.
    """
    if "model" not in published:
        raise UserError(f"{name} has no entry 'model', where msclap keeps its weights. Fetch the published file again.")
    filters = torch.from_numpy(mel_filters(32000, N_FFT, N_MELS, 50.0, 14000.0).T)
    used = {key: tensor for key, tensor in published["model"].items() if not UNUSED.fullmatch(key)}
    return {"log_mel.melW": filters} | {_our_name(key): tensor for key, tensor in used.items()}


def _our_name(key: str) -> str:
    start = next((start for start in NAMES if key.startswith(start)), "")
    return NAMES.get(start, "") + key.removeprefix(start)


def tokenizer(files: Mapping[str, Path]) -> Tokenize:
    """GPT-2's tokenizer from `vocab.json` and `merges.txt`, ended and padded as msclap does.

    "!" is the padding and so never joins a longer token. Raises UserError unless the files make GPT-2's 50,257 tokens.
    """
    bpe = byte_level_bpe(files, ("<|endoftext|>", "!"), n_tokens=50257)
    bpe.enable_padding(pad_id=PADDING, pad_token="!")
    return lambda captions: torch.tensor(
        [found.ids for found in bpe.encode_batch([f"{text} <|endoftext|>" for text in captions])]
    )


@final
class MsClapNetwork(nn.Module):
    """Both networks and the layers that lead from each into the common space."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.log_mel = _LogMel()
        self.htsat = Htsat(shape.width, shape.depths, shape.n_heads)
        self.audio_projection = _Projection(shape.width << len(shape.depths) - 1, shape.dimension)
        config = GPT2Config(
            vocab_size=shape.vocabulary, n_embd=shape.text_width, n_layer=shape.text_depth, n_head=shape.text_heads
        )
        self.gpt2 = GPT2Model(config)
        self.text_projection = _Projection(shape.text_width, shape.dimension)

    def trunk_to(self, dtype: torch.dtype) -> MsClapNetwork:
        """This network, which from here on computes in `dtype` all but the spectrogram and its normalisation."""
        self.htsat.trunk_to(dtype)
        parts: tuple[nn.Module, ...] = (self.audio_projection, self.gpt2, self.text_projection)
        for part in parts:
            part.to(dtype)
        return self

    def embed_audio(self, waves: Tensor) -> Tensor:
        """Unit vectors `(n, dimension)` of waves `(n, n_samples)`."""
        return F.normalize(self.audio_projection(self.htsat(self.log_mel(waves))).float(), dim=-1)

    def embed_text(self, tokens: Tensor) -> Tensor:
        """Unit vectors `(n, dimension)` of token ids `(n, n_tokens)`.

        Read off where the last token stands if none of the caption is "!"; the original counts those as padding too.
        """
        states = self.gpt2(tokens, use_cache=False).last_hidden_state
        last = (tokens != PADDING).sum(dim=1) - 1
        pooled = states[torch.arange(len(tokens), device=tokens.device), last]
        return F.normalize(self.text_projection(pooled).float(), dim=-1)


class _LogMel(nn.Module):
    """Decibels `(n, 64, 1 + n_samples // 320)`, at least -100, of waves `(n, n_samples)`.

    The Fourier transform is a convolution, as in torchlibrosa: its rounding is what quiet bands consist of.
    """

    def __init__(self) -> None:
        super().__init__()
        n_bins = N_FFT // 2 + 1
        self.conv_real = nn.Conv1d(1, n_bins, N_FFT, stride=HOP_LENGTH, bias=False)
        self.conv_imag = nn.Conv1d(1, n_bins, N_FFT, stride=HOP_LENGTH, bias=False)
        self.melW = nn.Parameter(torch.empty(n_bins, N_MELS))

    def forward(self, waves: Tensor) -> Tensor:
        centred = F.pad(waves[:, None], (N_FFT // 2, N_FFT // 2), mode="reflect")
        power: Tensor = self.conv_real(centred).square() + self.conv_imag(centred).square()
        return 10.0 * (self.melW.mT @ power).clamp(min=1e-10).log10()


class _Projection(nn.Module):
    def __init__(self, width: int, dimension: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, dimension, bias=False)
        self.linear2 = nn.Linear(dimension, dimension, bias=False)
        self.layer_norm = nn.LayerNorm(dimension)

    def forward(self, x: Tensor) -> Tensor:
        first = self.linear1(x)
        projected: Tensor = self.layer_norm(first + self.linear2(F.gelu(first)))
        return projected


@final
class MsClapEmbedder:
    """The embedder of a network that is on `device`."""

    def __init__(self, network: MsClapNetwork, tokenize: Tokenize, device: str) -> None:
        self.sample_rate = SAMPLE_RATE
        self._network, self._tokenize, self._device = network, tokenize, device

    def embed(self, clips: Sequence[Clip]) -> list[Features]:
        """`embedding` (1024,) of each clip, in order."""
        return by_length(clips, SAMPLE_RATE, self._run, device=self._device, min_samples=N_SAMPLES)

    def _run(self, waves: Tensor) -> list[Features]:
        if waves.shape[1] != N_SAMPLES:
            raise ValueError(f"MS-CLAP takes {N_SAMPLES} samples (7 s), not {waves.shape[1]}: cut or window the clip")
        return rows(embedding=self._network.embed_audio(waves))

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(n, 1024)` of captions, as one batch."""
        with torch.inference_mode():
            embeddings = self._network.embed_text(self._tokenize(texts).to(self._device))
        return embeddings.cpu().numpy()
