"""Cnn14 of PANNs, the AudioSet tagger behind FD, KL and IS "PANNs": 2,048 features and 527 logits of a clip.

Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition",
https://arxiv.org/abs/1912.10211. Agrees with panns_inference 0.1.1 (github.com/qiuqiangkong/panns_inference, commit
f673f60), `models.Cnn14` and `models.Cnn14_DecisionLevelMax` in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from tta_bench.states import fill
from tta_bench.types import Features, UserError

N_MELS = 64
N_CLASSES = 527
WIDTH = 2048
FRAMES_PER_SEGMENT = 32
"""Five poolings by two lie between a spectrogram frame and the network's last time step."""


@dataclass(frozen=True)
class Variant:
    """A published Cnn14."""

    sample_rate: int
    n_fft: int
    hop_length: int
    framewise: bool = False
    """It tells when a class sounds (the layer `framewise`), where the others speak for the clip as a whole."""


VARIANTS = {
    "cnn14-16k": Variant(16000, n_fft=512, hop_length=160),
    "cnn14-32k": Variant(32000, n_fft=1024, hop_length=320),
    "cnn14-decision-level-max": Variant(32000, n_fft=1024, hop_length=320, framewise=True),
}


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> AudioEmbedder:
    """Cnn14 with the weights of the one file given, on `device`; with dtype "bfloat16" all after the log-mel is bf16.

    Layers of a clip: `embedding` (2048,), after the ReLU of the last hidden layer, and `logits` (527,), before the
    sigmoid. "cnn14-decision-level-max" has no embedding, but `framewise` (n_samples // 320 + 1, 527), probabilities in
    [0, 1] every 10 ms that change every 0.32 s, and the highest logit of each class as `logits`. Clips last at least
    31 hops of the spectrogram (0.31 s), else `embed` raises ValueError.
    Raises UserError if the file does not hold exactly the tensors of Cnn14 with this spectrogram.
    """
    variant = VARIANTS[checkpoint]
    [(file, path)] = files.items()
    name = f"{file} of panns:{checkpoint}"
    with torch.device("meta"):
        published = PublishedCnn14(variant.n_fft)
    fill(published, _weights(path, name), name)
    network = Cnn14(published, variant, device=device, dtype=getattr(torch, dtype))
    run = network.framewise if variant.framewise else network.clipwise
    shortest = (FRAMES_PER_SEGMENT - 1) * variant.hop_length
    return AudioEmbedder("Cnn14", variant.sample_rate, run, device=device, min_samples=shortest)


def _weights(path: Path, name: str) -> Mapping[str, Tensor]:
    match read_checkpoint(path):
        case {"model": dict(weights)}:
            return weights
    raise UserError(f"{name} has no entry 'model', where PANNs keep their weights. Fetch the published file again.")


@final
class PublishedCnn14(nn.Module):
    """The weights of Cnn14, under the names of the published checkpoints."""

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        n_bins = n_fft // 2 + 1
        self.fourier = {part: nn.Conv1d(1, n_bins, n_fft, bias=False) for part in ("conv_real", "conv_imag")}
        self.spectrogram_extractor = nn.ModuleDict({"stft": nn.ModuleDict(self.fourier)})
        self.logmel_extractor = nn.ParameterDict({"melW": torch.empty(n_bins, N_MELS)})
        self.bn0 = nn.BatchNorm2d(N_MELS)
        widths = (1, WIDTH // 32, WIDTH // 16, WIDTH // 8, WIDTH // 4, WIDTH // 2, WIDTH)
        self.blocks = [ConvBlock(n_in, n_out) for n_in, n_out in pairwise(widths)]
        for i, block in enumerate(self.blocks, start=1):
            self.add_module(f"conv_block{i}", block)
        self.fc1 = nn.Linear(WIDTH, WIDTH)
        self.fc_audioset = nn.Linear(WIDTH, N_CLASSES)

    def trunk(self) -> nn.Sequential:
        """All convolutions, with the poolings between them: `(n, 1, n_frames, 64)` -> `(n, 2048, n_segments, 2)`."""
        *pooled, last = self.blocks
        steps = [step for block in pooled for step in (block.folded(), nn.AvgPool2d(2))]
        return nn.Sequential(*steps, last.folded())


@final
class Cnn14:
    """The network in the form that runs, from waves `(n, n_samples)` on its device."""

    def __init__(self, published: PublishedCnn14, variant: Variant, *, device: str, dtype: torch.dtype) -> None:
        self._dtype, self._hop_length = dtype, variant.hop_length
        self._kernels = torch.cat([kernel.weight for kernel in published.fourier.values()]).to(device)
        self._mel_filters = published.logmel_extractor["melW"].to(device).mT
        self._norm = published.bn0.to(device)
        trunk = published.trunk().to(device, dtype)
        self._trunk = convert_conv2d_weight_memory_format(trunk, torch.channels_last)
        self._hidden = nn.Sequential(published.fc1, nn.ReLU()).to(device, dtype)
        self._head = published.fc_audioset.to(device, dtype)

    def clipwise(self, waves: Tensor) -> list[Features]:
        """Layers `embedding` and `logits` of each wave."""
        x = self._features(self._log_mel(waves))
        embedding = self._hidden(x.amax(dim=2) + x.mean(dim=2))
        return rows(embedding=embedding, logits=self._head(embedding))

    def framewise(self, waves: Tensor) -> list[Features]:
        """Layers `framewise` and `logits` of each wave: what a segment says holds for its 32 frames, or to the end."""
        log_mel = self._log_mel(waves)
        x = self._features(log_mel)
        x = F.max_pool1d(x, 3, stride=1, padding=1) + F.avg_pool1d(x, 3, stride=1, padding=1)
        segments = self._head(self._hidden(x.mT)).float()
        segment_of_frame = torch.arange(log_mel.shape[2], device=waves.device) // FRAMES_PER_SEGMENT
        framewise = segments.sigmoid()[:, segment_of_frame.clamp(max=segments.shape[1] - 1)]
        return rows(framewise=framewise, logits=segments.amax(dim=1))

    def _log_mel(self, waves: Tensor) -> Tensor:
        """Decibels `(n, 64, n_samples // hop_length + 1)` in the mel bands of the checkpoint, at least -100."""
        # By the file's own kernels: an FFT would save 1 to 6 % of the whole, but rounds otherwise where nothing is but
        # leakage, as beside a pure tone, and embeddings would differ from the original's in the fifth digit.
        half = self._kernels.shape[2] // 2
        padded = F.pad(waves[:, None], (half, half), mode="reflect")
        real, imaginary = F.conv1d(padded, self._kernels, stride=self._hop_length).chunk(2, dim=1)
        power = real.square() + imaginary.square()
        decibels: Tensor = 10.0 * (self._mel_filters @ power).clamp(min=1e-10).log10()
        return decibels

    def _features(self, log_mel: Tensor) -> Tensor:
        """`(n, 2048, n_segments)`, the mean over frequency of what the convolutions find."""
        image = self._norm(log_mel[..., None]).transpose(1, 3)
        found: Tensor = self._trunk(image.to(self._dtype))
        return found.mean(dim=3)
