"""AISFX, a sound-effects classifier that comes with a Python package: 512 features and 69 logits of a clip at 44.1 kHz.

Ma & Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries", ISMIR 2022,
https://arxiv.org/abs/2208.09096. Agrees with the package aisfx 0.1.2 (github.com/alisonbma/aiSFX) as the paper used it:
spectrograms of Essentia 2.1b6, in the orientation (time, mel), scaled by the maximum over the training data. (The
package's way with librosa, which it calls lower in quality, swaps time and mel and scales each clip by its peak.)

Checked on 200 recordings of ESC-10: the nearest other recording by the cosine of `embedding` is of the same of 10
classes for 90.0 % (89.5 % by Euclidean distance; 80.0 % with time and mel swapped).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from tta_bench.embedders._batches import AudioEmbedder, rows
from tta_bench.embedders._conv_block import ConvBlock
from tta_bench.embedders._loading import read_checkpoint
from tta_bench.embedders._warped_mel import warped_mel_filters
from tta_bench.states import fill
from tta_bench.types import Features, UserError

SAMPLE_RATE = 44100
N_FFT = 2048
HOP_LENGTH = 1024
N_MELS = 96
LARGEST = 9.457798957824707
"""Of all spectrograms of the training data; aisfx/preprocessing.py."""
BLOCK_FRAMES = 100
BLOCK_HOP = 50
MIN_SAMPLES = (BLOCK_FRAMES - 2) * HOP_LENGTH + 1
"""100,353: one block."""
N_CLASSES = (78, 79, 69, 81, 10, 27, 3, 23, 8)
"""Of the nine libraries that it was trained on, each with a classifier of its own."""
LIBRARY = 2
"""The one that `logits` are of, "ucsMixed": categories of the Universal Category System, by many makers. Of the nine,
its classifier tells the classes of ESC-10 apart best (68 % have their nearest neighbour in KL in their own class)."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> AudioEmbedder:
    """AISFX with the weights of the one file given, on `device`; with dtype "bfloat16" all after the log-mel is bf16.

    Layers of a clip: `embedding` (512,), at least 0, and `logits` (69,), before the softmax. Both are means over blocks
    of 100 spectrogram frames (2.3 s, as in training) that overlap by half; what is left at the end is not heard.
    Clips last at least 100,353 samples (2.28 s), else `embed` raises ValueError.
    Raises UserError if the file does not hold exactly the tensors of AISFX.
    """
    [(file, path)] = files.items()
    name = f"{file} of aisfx:{checkpoint}"
    with torch.device("meta"):
        published = PublishedAisfx()
    network = Aisfx(fill(published, _weights(path, name), name), device=device, dtype=getattr(torch, dtype))
    return AudioEmbedder("AISFX", SAMPLE_RATE, network.features, device=device, min_samples=MIN_SAMPLES)


def _weights(path: Path, name: str) -> Mapping[str, Tensor]:
    match read_checkpoint(path):
        case (dict(weights), dict()):
            return weights
    raise UserError(f"{name} is not a pair of weights and class counts. Install the package aisfx 0.1.2 again.")


@final
class PublishedAisfx(nn.Module):
    """The weights of AISFX, under the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [ConvBlock(n_in, n_out) for n_in, n_out in pairwise((1, 64, 128, 256, 512))]
        self.embedding_net = nn.ModuleDict({f"conv_block{i}": block for i, block in enumerate(self.blocks, start=1)})
        self.fc = nn.ModuleList(
            nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, n))
            for n in N_CLASSES
        )

    def trunk(self) -> nn.Sequential:
        """All convolutions, with the poolings between them: `(n, 1, 100, 96)` -> `(n, 512, 12, 12)`."""
        *pooled, last = self.blocks
        steps = [step for block in pooled for step in (block.folded(), nn.MaxPool2d(2))]
        return nn.Sequential(*steps, last.folded())


@final
class Aisfx:
    """The network in the form that runs, from waves `(n, n_samples)` on its device."""

    def __init__(self, published: PublishedAisfx, *, device: str, dtype: torch.dtype) -> None:
        self._dtype = dtype
        trunk = published.trunk().to(device, dtype)
        self._trunk = convert_conv2d_weight_memory_format(trunk, torch.channels_last)
        self._head = published.fc[LIBRARY].to(device, dtype)
        self._mel_filters = mel_filters().to(device)

    def features(self, waves: Tensor) -> list[Features]:
        """Layers `embedding` and `logits` of each wave."""
        blocks = log_mel(waves, self._mel_filters).unfold(1, BLOCK_FRAMES, BLOCK_HOP).mT
        found: Tensor = self._trunk(blocks.flatten(0, 1)[:, None].to(self._dtype))
        embeddings = found.mean(dim=3).amax(dim=2).view(*blocks.shape[:2], -1)
        return rows(embedding=embeddings.mean(dim=1), logits=self._head(embeddings).mean(dim=1))


def mel_filters() -> Tensor:
    """Filters `(1025, 96)` of Essentia's MelBands from 0 to 22,050 Hz, each of sum 1."""
    filters = torch.from_numpy(warped_mel_filters(SAMPLE_RATE, N_FFT, N_MELS, 0.0, SAMPLE_RATE / 2))
    return (filters / filters.sum(dim=0)).float()


def log_mel(waves: Tensor, filters: Tensor) -> Tensor:
    """Spectrograms `(n, n_frames, 96)` of waves `(n, n_samples)`, from 0 for silence to about 1.

    As in Essentia, frames are centred on the multiples of 1,024 samples up to the first that reaches the end, the
    window is the symmetric one, and sound beyond the ends is silence.
    """
    n_hops = -(-waves.shape[1] // HOP_LENGTH)
    padded = F.pad(waves, (HOP_LENGTH, (n_hops + 1) * HOP_LENGTH - waves.shape[1]))
    window = torch.hann_window(N_FFT, periodic=False, device=waves.device)
    spectrum = torch.fft.rfft(padded.unfold(1, N_FFT, HOP_LENGTH) * window)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return (1e4 * (power @ filters) + 1.0).log10() / LARGEST
