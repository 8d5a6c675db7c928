"""PaSST-S, the AudioSet tagger behind FD, KL and IS "PaSST": 768 features and 527 logits of up to 10 s at 32 kHz.

Koutini et al., "Efficient Training of Audio Transformers with Patchout", https://arxiv.org/abs/2110.05069. Agrees with
hear21passt 0.0.26 (github.com/kkoutini/passt_hear21, commit 5f1cce6), `get_basic_model(mode="all").eval()`, whose
output is the logits followed by the features; av-benchmark, audiocraft and stable-audio-metrics call it that way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tta_bench.embedders._batches import AudioEmbedder, rows
from tta_bench.embedders._loading import read_checkpoint
from tta_bench.states import fill
from tta_bench.types import Features

SAMPLE_RATE = 32000
MIN_SAMPLES = 4801
"""16 spectrogram frames, which make the first patch."""
MAX_SAMPLES = 320000
"""10 s: the position embeddings end there."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> AudioEmbedder:
    """PaSST with the weights of the one file given, on `device`; with dtype "bfloat16" the transformer runs in bf16.

    Layers of a clip: `embedding` (768,) and `logits` (527,), before any softmax or sigmoid. A clip lasts 4,801 samples
    (0.15 s) to 320,000 (10 s), else `embed` raises ValueError. What is shorter than 10 s is not padded, as in
    audiocraft; for the numbers of av-benchmark the protocol pads it with zeros to 10 s.
    Raises UserError if the file does not hold exactly the tensors of PaSST-S with patches of 16 at a stride of 10.
    """
    [(file, path)] = files.items()
    with torch.device("meta"):
        network = PasstNetwork()
    fill(network, read_checkpoint(path), f"{file} of passt:{checkpoint}")
    return embedder(network.to(device, getattr(torch, dtype)), device)


def embedder(network: PasstNetwork, device: str) -> AudioEmbedder:
    """The embedder of a network that is on `device`; its front end computes in float32 whatever the network does."""
    window = torch.hann_window(800, periodic=False, device=device)
    filters = kaldi_mel_filters(128, 1024, SAMPLE_RATE, f_max=15000.0).to(device)

    def run(waves: Tensor) -> list[Features]:
        if waves.shape[1] > MAX_SAMPLES:
            raise ValueError(
                f"PaSST takes up to {MAX_SAMPLES} samples (10 s), not {waves.shape[1]}: cut or window them"
            )
        logits, embedding = network(log_mel(waves, window, filters).to(network.cls_token.dtype))
        return rows(embedding=embedding, logits=logits)

    return AudioEmbedder("PaSST", SAMPLE_RATE, run, device=device, min_samples=MIN_SAMPLES)


def log_mel(waves: Tensor, window: Tensor, filters: Tensor) -> Tensor:
    """Normalised log-mel spectrograms `(n, n_mels, 1 + (n_samples - 1) // 320)` of waves `(n, n_samples)`."""
    emphasised = waves[:, 1:] - 0.97 * waves[:, :-1]
    spectrum = torch.stft(emphasised, 1024, 320, len(window), window, return_complex=True)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return ((filters @ power + 1e-5).log() + 4.5) / 5.0


def kaldi_mel_filters(n_mels: int, n_fft: int, sample_rate: int, *, f_max: float) -> Tensor:
    """Kaldi's mel filters `(n_mels, n_fft // 2 + 1)` from 0 Hz: triangles in mel, not in Hz, the Nyquist bin left out.

    Equal to torchaudio.compliance.kaldi.get_mel_banks to the bit, float32 rounding included: at the edges of narrow
    filters it moves log-mels by up to 1e-3.
    """
    step = 1127.0 * math.log1p(f_max / 700.0) / (n_mels + 1)
    left, center, right = (step * (torch.arange(n_mels)[:, None] + float(n)) for n in range(3))
    mel = 1127.0 * (1.0 + sample_rate / n_fft * torch.arange(n_fft // 2) / 700.0).log()
    triangles = torch.minimum((mel - left) / (center - left), (right - mel) / (right - center))
    return F.pad(triangles.clamp(min=0.0), (0, 1))


class PasstNetwork(nn.Module):
    """Logits `(n, n_classes)` and features `(n, width)` of spectrograms `(n, 128, n_frames)`, 16 <= n_frames < 1006.

    The modules bear the names of the published checkpoints, where `head_dist` lies too; the outputs do not use it.
    """

    def __init__(self, width: int = 768, depth: int = 12, n_heads: int = 12, n_classes: int = 527) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, width))
        self.new_pos_embed = nn.Parameter(torch.zeros(1, 2, width))
        self.freq_new_pos_embed = nn.Parameter(torch.zeros(1, width, 12, 1))
        self.time_new_pos_embed = nn.Parameter(torch.zeros(1, width, 1, 99))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, width, 16, stride=10)})
        self.blocks = nn.Sequential(*(_Block(width, n_heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_classes))
        self.head_dist = nn.Linear(width, n_classes)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        patches = self.patch_embed["proj"](mel[:, None])
        patches = patches + self.time_new_pos_embed[..., : patches.shape[-1]] + self.freq_new_pos_embed
        tokens = torch.cat([self.cls_token, self.dist_token], dim=1) + self.new_pos_embed
        sequence = torch.cat([tokens.expand(len(mel), -1, -1), patches.flatten(2).mT], dim=1)
        features = self.norm(self.blocks(sequence)[:, :2]).mean(dim=1)
        return self.head(features), features


class _Block(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, n_heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = x + self.attn(self.norm1(x))
        hidden: Tensor = F.gelu(self.mlp["fc1"](self.norm2(mixed)))
        return mixed.add(self.mlp["fc2"](hidden))


class _Attention(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, values = self.qkv(x).unflatten(-1, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(queries, keys, values)
        return F.linear(attended.transpose(1, 2).flatten(2), self.proj.weight, self.proj.bias)
