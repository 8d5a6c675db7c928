"""Do distances between kinds of sound make sense? Run: python benchmarks/classes.py CLIPS

CLIPS is a folder of audio with a `clips.csv` of `file` and `label`. Every pair of labels is compared by AISFX: the
Fréchet distance between their clips, and the mean KL divergence over all pairs of clips. Prints, for each label,
its two halves, the nearest label and the farthest one.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from tta_bench import audio, embedding, protocols, weights
from tta_bench.metrics.divergence import kl_softmax
from tta_bench.metrics.frechet import frechet_distance
from tta_bench.types import Clip, Features


def main(folder: Path) -> None:
    groups: dict[str, list[Features]] = defaultdict(list)
    with (folder / "clips.csv").open(newline="") as file:
        rows = [(row["label"], folder / row["file"]) for row in csv.DictReader(file)]
    for (label, _), features in zip(rows, embed([path for _, path in rows]), strict=True):
        groups[label].append(features)
    print(f"{'':16}{'FD halves':>10}  {'nearest by FD':24}{'farthest by FD':24}{'KL own':>7}  nearest other by KL")
    for label, own in groups.items():
        halves = frechet(own[::2], own[1::2])
        fd = {other: frechet(own[::2], clips[1::2]) for other, clips in groups.items() if other != label}
        kl = {other: divergence(own, clips) for other, clips in groups.items()}
        own_kl = kl.pop(label)
        near, far, near_kl = min(fd, key=fd.__getitem__), max(fd, key=fd.__getitem__), min(kl, key=kl.__getitem__)
        shown = f"{near} {fd[near]:.0f}", f"{far} {fd[far]:.0f}"
        print(f"{label:16}{halves:10.0f}  {shown[0]:24}{shown[1]:24}{own_kl:7.2f}  {near_kl} {kl[near_kl]:.2f}")


def embed(paths: list[Path]) -> list[Features]:
    """AISFX features of each file, prepared as the protocol `offline` does."""
    metric = next(m for m in protocols.find("offline").metrics if m.name == "FD_AISFX")
    found = weights.find(metric.embedder, weights_dir=None, cache_dir=weights.default_cache_dir())
    network = embedding.load_network(
        embedding.make_stage(metric.embedder, metric.preprocessing, found, "cpu", "float32")
    )
    waves = [audio.prepare(audio.decode(path), metric.preprocessing, seed=0)[0] for path in paths]
    return network.embed([Clip(wave, metric.preprocessing.sample_rate) for wave in waves])


def frechet(one: list[Features], other: list[Features]) -> float:
    """Fréchet distance between two groups of clips."""
    return frechet_distance(*(np.stack([clip["embedding"] for clip in side]) for side in (one, other)))


def divergence(one: list[Features], other: list[Features]) -> float:
    """Mean KL(other || one) over all pairs of different clips."""
    pairs = [(a["logits"], b["logits"]) for a in one for b in other if a is not b]
    return float(np.mean(kl_softmax(*(np.stack(side) for side in zip(*pairs, strict=True)))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
