"""VGGish, the network behind FAD: 128 features of every 0.96 s of a clip at 16 kHz.

Hershey et al., "CNN Architectures for Large-Scale Audio Classification", https://arxiv.org/abs/1609.09430. Agrees with
torchvggish 0.2 (github.com/harritaylor/torchvggish, commit f3f9096) as FAD tools call it: without PCA and 8-bit
rounding, and without the last ReLU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from tta_bench.embedders._batches import AudioEmbedder, rows
from tta_bench.embedders._loading import read_checkpoint
from tta_bench.embedders._warped_mel import warped_mel_filters
from tta_bench.states import fill
from tta_bench.types import Features

SAMPLE_RATE = 16000
WINDOW_LENGTH = 400
HOP_LENGTH = 160
N_FFT = 512
N_MELS = 64
PATCH_FRAMES = 96
MIN_SAMPLES = (PATCH_FRAMES - 1) * HOP_LENGTH + WINDOW_LENGTH
"""15,600: one patch."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> AudioEmbedder:
    """VGGish with the weights of the one file given, on `device`; with dtype "bfloat16" all after the log-mel is bf16.

    Layer of a clip: `frames` (n_patches, 128), any real numbers, one row for each whole patch of 96 spectrogram frames,
    without overlap. Clips last at least 15,600 samples (0.975 s), else `embed` raises ValueError.
    Raises UserError if the file does not hold exactly the tensors of VGGish.
    """
    [(file, path)] = files.items()
    with torch.device("meta"):
        published = VggishNetwork()
    network = fill(published, read_checkpoint(path), f"{file} of vggish:{checkpoint}").to(device, getattr(torch, dtype))
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    filters = mel_filters().to(device)

    def run(waves: Tensor) -> list[Features]:
        patches = log_mel_patches(waves, filters)
        frames: Tensor = network(patches.flatten(0, 1).to(getattr(torch, dtype)))
        return rows(frames=frames.view(*patches.shape[:2], -1))

    return AudioEmbedder("VGGish", SAMPLE_RATE, run, device=device, min_samples=MIN_SAMPLES)


def mel_filters() -> Tensor:
    """Filters `(257, 64)` of VGGish, from 125 to 7,500 Hz."""
    return torch.from_numpy(warped_mel_filters(SAMPLE_RATE, N_FFT, N_MELS, 125.0, 7500.0)).float()


def log_mel_patches(waves: Tensor, filters: Tensor) -> Tensor:
    """Patches `(n, n_patches, 96, 64)` of log-mel spectrograms of waves `(n, n_samples)`; what remains is left out."""
    frames = waves.unfold(1, WINDOW_LENGTH, HOP_LENGTH)
    n_patches = frames.shape[1] // PATCH_FRAMES
    window = torch.hann_window(WINDOW_LENGTH, device=waves.device)
    magnitude = torch.fft.rfft(frames[:, : n_patches * PATCH_FRAMES] * window, N_FFT).abs()
    log_mel: Tensor = (magnitude @ filters + 0.01).log()
    return log_mel.view(len(waves), n_patches, PATCH_FRAMES, N_MELS)


@final
class VggishNetwork(nn.Module):
    """Features `(n, 128)` of patches `(n, 96, 64)`; its modules bear the names of the published checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 128),
            nn.MaxPool2d(2),
            *_convolution(128, 256),
            *_convolution(256, 256),
            nn.MaxPool2d(2),
            *_convolution(256, 512),
            *_convolution(512, 512),
            nn.MaxPool2d(2),
        )
        self.embeddings = nn.Sequential(
            nn.Linear(6 * 4 * 512, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 128)
        )

    def forward(self, patches: Tensor) -> Tensor:
        # The weights come from TensorFlow, whose images have their channels last.
        image = self.features(patches[:, None]).permute(0, 2, 3, 1)
        features: Tensor = self.embeddings(image.flatten(1))
        return features


def _convolution(n_in: int, n_out: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU(inplace=True)
