"""The pocket tagger: which of 61 classes of sound is heard when, from a small network trained on rendered scenes.

A convolutional network over a log-mel spectrogram that says every 80 ms which sounds are there. Trained by
`python -m tta_bench.training tagger` on `tta_bench.scenes`; `pocket/pocket_tagger.md` tells how well it does. It is
this project's own, so its numbers compare with numbers of its own checkpoint only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tta_bench import records
from tta_bench.embedders._batches import AudioEmbedder, rows
from tta_bench.mel import mel_filters
from tta_bench.states import fill, read_tensors
from tta_bench.types import Features, UserError

SAMPLE_RATE = 16_000
N_FFT = 1024
HOP_LENGTH = 160
N_MELS = 64
F_MIN, F_MAX = 50.0, 8000.0
RANGE = 80.0
"""dB below the loudest point of a clip that are heard."""
QUIET = -60.0
"""dB, of which 0 is a sine at full scale; a clip that is nowhere louder is left so soft, and silence stays silence."""
FLOOR = QUIET - RANGE
"""dB, of silence."""
FRAME_RATE = 12.5
FRAME_LENGTH = 1280
"""Samples of a frame; what is left at the end of a clip is not heard."""
WINDOW_FRAMES = 12
"""Frames of a window of the layer `frames`: 0.96 s."""
MIN_SAMPLES = WINDOW_FRAMES * FRAME_LENGTH

Size = tuple[int, int]
ENCODER: tuple[tuple[int, Size, Size], ...] = (
    (32, (8, 5), (4, 2)),
    (48, (3, 3), (2, 2)),
    (96, (3, 3), (1, 2)),
    (128, (3, 3), (1, 2)),
)
"""Channels, kernel and stride (time, mel) of each convolution: 10 ms x 64 mels become 80 ms x 4."""
BANDS = 4
WIDTH = 192
"""Dimension of the embedding."""
DILATIONS = (1, 3, 9)
"""Of the convolutions over time that follow: a frame is judged by 1.2 s before and after it."""


def load(checkpoint: str, files: Mapping[str, Path], *, device: str = "cpu", dtype: str = "float32") -> AudioEmbedder:
    """The pocket tagger with the weights of the one file given, on `device`; "bfloat16" is for all after the log-mel.

    Layers of a clip: `framewise` `(n_frames, n_classes)`, probabilities every 80 ms, of which 0.5 is the threshold at
    which each class does best; `frames` `(n_windows, 192)`, an embedding of every 0.96 s and of the rest if it is at
    least half as long; `embedding` `(192,)`, the clip's mean; `logits` `(n_classes,)`, of being anywhere in the clip.
    Clips last at least 0.96 s. Raises UserError if the file does not hold exactly the tensors of the tagger.
    """
    [(file, path)] = files.items()
    network = read_network(path, f"{file} of pocket_tagger:{checkpoint}")
    convert_conv2d_weight_memory_format(network.to(device, getattr(torch, dtype)), torch.channels_last)
    filters = level_filters().to(device)

    def features(waves: Tensor) -> list[Features]:
        heard = network(normalise(mel_levels(waves, filters)).to(getattr(torch, dtype)))
        return rows(
            framewise=heard.framewise.sigmoid(),
            frames=windows(heard.trunk),
            embedding=heard.trunk.mean(dim=1),
            logits=heard.clipwise,
        )

    return AudioEmbedder("The pocket tagger", SAMPLE_RATE, features, device=device, min_samples=MIN_SAMPLES)


def read_network(path: Path, name: str) -> Tagger:
    """The network with the weights of a file, which errors call `name`, in evaluation mode on the CPU."""
    classes, weights = read_weights(path)
    with torch.device("meta"):
        network = Tagger(len(classes), norm=False)
    return fill(network, weights, name)


def read_weights(path: Path) -> tuple[list[str], dict[str, Tensor]]:
    """Names of the classes and float32 weights of a file. Raises UserError if it names no classes."""
    found, metadata = read_tensors(path)
    try:
        classes = records.checked(list[str], records.parse(metadata.get("classes", "")), "classes")
    except ValueError as error:
        raise UserError(
            f"'{path}' does not say which classes it knows, so it is no pocket tagger: {error}. Fetch it again."
        ) from error
    return classes, {name: tensor.float() for name, tensor in found.items()}


def level_filters() -> Tensor:
    """Mel filters `(513, 64)` for `mel_levels`."""
    filters = mel_filters(SAMPLE_RATE, N_FFT, N_MELS, F_MIN, F_MAX, area_norm=False)
    return torch.from_numpy(filters).T.contiguous()


def mel_levels(waves: Tensor, filters: Tensor) -> Tensor:
    """Levels `(n, n_hops, 64)` in dB of waves `(n, n_samples)`, every 10 ms, of whole frames of 80 ms only.

    Hann windows of 64 ms centred on the multiples of 10 ms, silence beyond the ends.
    """
    whole = waves[:, : waves.shape[1] // FRAME_LENGTH * FRAME_LENGTH]
    window = torch.hann_window(N_FFT, device=waves.device)
    spectrum = torch.stft(
        whole, N_FFT, HOP_LENGTH, window=window / (window.sum() / 2), pad_mode="constant", return_complex=True
    )[:, :, :-1]
    power = spectrum.real**2 + spectrum.imag**2
    return 10 * (power.mT @ filters).clamp(min=10 ** (FLOOR / 10)).log10()


def normalise(levels: Tensor) -> Tensor:
    """What the network sees of levels `(n, n_hops, 64)`: 2 at the clip's loudest point, 0 from 80 dB below it down.

    So it hears the same at any volume, down to a loudest point of -60 dB.
    """
    loudest = levels.amax(dim=(1, 2), keepdim=True).clamp(min=QUIET)
    return ((levels - loudest) / RANGE + 1).clamp(min=0) * 2


def windows(trunk: Tensor) -> Tensor:
    """Means `(n, n_windows, d)` of every 12 of the frames `(n, n_frames, d)`, and of the rest if there are 6."""
    parts = torch.split(trunk, WINDOW_FRAMES, dim=1)
    return torch.stack([part.mean(dim=1) for part in parts if 2 * part.shape[1] >= WINDOW_FRAMES], dim=1)


@dataclass(frozen=True)
class Heard:
    """What the network says of a batch."""

    trunk: Tensor
    """`(n, n_frames, 192)`."""
    framewise: Tensor
    """Logits `(n, n_frames, n_classes)`."""
    clipwise: Tensor
    """Logits `(n, n_classes)`."""


@final
class Block(nn.Module):
    """Convolution, batch normalisation (if `norm`) and ReLU."""

    def __init__(
        self, n_in: int, n_out: int, kernel: Size, stride: Size = (1, 1), *, dilation: int = 1, norm: bool
    ) -> None:
        super().__init__()
        around = (dilation * -(-(kernel[0] - stride[0]) // 2), -(-(kernel[1] - stride[1]) // 2))
        self.convolution = nn.Conv2d(n_in, n_out, kernel, stride, around, (dilation, 1), bias=not norm)
        self.norm = nn.BatchNorm2d(n_out) if norm else None

    def forward(self, maps: Tensor) -> Tensor:
        """`(n, n_in, n_frames, n_bands)` -> `(n, n_out, n_frames / stride, n_bands / stride)`."""
        maps = self.convolution(maps)
        return F.relu(self.norm(maps) if self.norm else maps, inplace=True)


@final
class Tagger(nn.Module):
    """The network: with batch normalisations (`norm`), as it is trained, or without, as `folded` makes it."""

    def __init__(self, n_classes: int, *, norm: bool = True) -> None:
        super().__init__()
        channels = [1, *(n_out for n_out, _, _ in ENCODER)]
        self.encoder = nn.ModuleList(
            Block(n_in, n_out, kernel, stride, norm=norm)
            for n_in, (n_out, kernel, stride) in zip(channels[:-1], ENCODER, strict=True)
        )
        self.merge = Block(channels[-1], WIDTH, (1, BANDS), (1, BANDS), norm=norm)
        self.context = nn.ModuleList(Block(WIDTH, WIDTH, (3, 1), dilation=d, norm=norm) for d in DILATIONS)
        self.classes = nn.Linear(WIDTH, n_classes)
        self.attention = nn.Linear(WIDTH, n_classes)
        self.clip_bias = nn.Parameter(torch.zeros(n_classes))

    def forward(self, levels: Tensor) -> Heard:
        """What is heard in normalised levels `(n, n_hops, 64)`."""
        maps = levels[:, None]
        for block in self.encoder:
            maps = block(maps)
        maps = self.merge(maps)
        for block in self.context:
            maps = maps + block(maps)
        trunk = maps[..., 0].mT
        dropped = F.dropout(trunk, 0.2, self.training)
        framewise = self.classes(dropped)
        weights = self.attention(dropped).softmax(dim=1)
        return Heard(trunk, framewise, (weights * framewise).sum(dim=1) + self.clip_bias)

    def blocks(self) -> list[Block]:
        """Every convolution that a normalisation follows."""
        return [block for block in self.modules() if isinstance(block, Block)]


def folded(network: Tagger) -> Tagger:
    """The same network in evaluation mode whose convolutions do the normalisations' work: what is saved and run."""
    without = Tagger(network.classes.out_features, norm=False)
    without.load_state_dict(network.state_dict(), strict=False)
    for source, target in zip(network.eval().blocks(), without.blocks(), strict=True):
        if source.norm:
            target.convolution = fuse_conv_bn_eval(source.convolution, source.norm)
    return without.eval()
