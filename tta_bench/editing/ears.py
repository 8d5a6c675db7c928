"""What the pocket tagger hears in clips."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from tta_bench import audio
from tta_bench.embedding import keep_freed_memory, load_network, make_stage
from tta_bench.protocols.pocket import POCKET_16K, TAGGER, detector
from tta_bench.types import Clip, Floats
from tta_bench.weights import default_cache_dir, find


@final
class Ears:
    """The pocket tagger, over clips."""

    def __init__(self, device: str) -> None:
        keep_freed_memory()
        self._network = load_network(
            make_stage(
                TAGGER, POCKET_16K, find(TAGGER, weights_dir=None, cache_dir=default_cache_dir()), device, "float32"
            )
        )
        self._detector = detector()
        self._index = {name: i for i, name in enumerate(self._detector.classes)}

    def curves(self, clips: Sequence[Clip]) -> list[Floats]:
        """Probabilities `(n_frames, n_classes)` of each clip."""
        waves = [Clip(audio.prepare(clip, POCKET_16K)[0], POCKET_16K.sample_rate) for clip in clips]
        found = [self._network.embed(waves[i : i + 32]) for i in range(0, len(waves), 32)]
        return [features["framewise"] for batch in found for features in batch]

    def of(self, curve: Floats, sound: str, span: tuple[float, float] | None = None) -> NDArray[np.float64]:
        """The probabilities of one class `(n_frames,)`, in a span of seconds if there is one."""
        rate = self._detector.frame_rate
        first, last = (0, len(curve)) if span is None else (int(span[0] * rate), int(np.ceil(span[1] * rate)))
        return np.asarray(curve[first:last, self._index[sound]], dtype=np.float64)

    def hears(self, curve: Floats, sound: str, span: tuple[float, float] | None = None) -> bool:
        """Whether the class is heard, in a span of seconds if there is one."""
        return bool(self.of(curve, sound, span).max(initial=0.0) >= self._detector.threshold)

    def level(self, curve: Floats, clip: Clip, sound: str) -> float:
        """How loud a class is in a clip: RMS in dB, each frame's power as far as it is heard there; -120
        where it is heard nowhere."""
        heard = self.of(curve, sound)
        edges = (np.arange(len(heard) + 1) / self._detector.frame_rate * clip.sample_rate).round().astype(int)
        frames = [clip.samples[start:stop].astype(np.float64) for start, stop in pairwise(edges)]
        power = np.array([np.mean(frame**2) if frame.size else 0.0 for frame in frames])
        return float(10 * np.log10(np.mean(heard * power) + 1e-12))

    def agreement(self, one: Floats, other: Floats, sound: str) -> float:
        """Of the frames in which either clip has the class, the part in which both have it; 1 where neither does."""
        threshold = self._detector.threshold
        a, b = (self.of(curve, sound) >= threshold for curve in (one, other))
        return float((a & b).sum() / (a | b).sum()) if (a | b).any() else 1.0
