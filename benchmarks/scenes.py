"""What the rendered sounds are like. Run: python benchmarks/scenes.py [--sheet PNG] [--real CLIPS]

Prints how many scenes of 5.12 s a core renders in a second. With --sheet, draws a spectrogram of a rendering of each
class. With --real, a folder of recordings with a `clips.csv` of `file` and `label`: for 20 scenes of one event of each
class that bears such a label, the labels of the nearest recordings by the cosine of AISFX embeddings.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent.parent))

from tta_bench import audio, embedding, protocols, scenes, weights
from tta_bench.scenes.sound import SAMPLE_RATE, Samples
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.types import Clip

LABELS = {"dog": "dog bark"}
"""Labels of recordings that are not called like the class of ours."""
RENDERINGS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--real", type=Path)
    wanted = parser.parse_args()
    print(f"{speed():.1f} scenes of {scenes.DURATION} s a second on one core")
    if wanted.sheet:
        draw(wanted.sheet)
    if wanted.real:
        for label, nearest in neighbours(wanted.real).items():
            print(f"{label:16}", ", ".join(f"{other} {n}" for other, n in nearest.most_common()))


def speed(n: int = 60) -> float:
    """Scenes that one core renders in a second."""
    with threadpool_limits(1):
        start = time.perf_counter()
        for seed in range(n):
            scenes.render(scenes.plan(seed))
        return n / (time.perf_counter() - start)


def rendering(name: str, take: int) -> Samples:
    """A rendering of a class with levels of its traits drawn at random, of up to 4 s."""
    rng, sound = np.random.default_rng([list(SOUNDS).index(name), take]), SOUNDS[name]
    traits = {trait: str(rng.choice(levels)) for trait, levels in sound.traits.items()}
    return sound.render(rng, traits, min(4.0, sound.seconds[1]))


def draw(path: Path) -> None:
    """One spectrogram a class, 0 to 8 kHz."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from PIL import Image

    columns = 8
    figure, axes = pyplot.subplots(-(-len(SOUNDS) // columns), columns, figsize=(16, 15), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, name in zip(axes.flat, SOUNDS, strict=False):
        samples = rendering(name, 0)
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 512), 512)[::128] * np.hanning(512)
        level = 20 * np.log10(np.abs(np.fft.rfft(frames)).T + 1e-6)
        axis.imshow(level, origin="lower", aspect="auto", cmap="magma", vmin=level.max() - 70, vmax=level.max())
        axis.set_title(f"{name}, {len(samples) / SAMPLE_RATE:.1f} s", fontsize=9)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=60)
    Image.open(drawn).convert("RGB").quantize(48).save(path, optimize=True)


def neighbours(folder: Path) -> dict[str, Counter[str]]:
    """Label -> how many scenes of it have their nearest recording among those of each label."""
    with (folder / "clips.csv").open(newline="") as file:
        rows = [(row["label"], folder / row["file"]) for row in csv.DictReader(file)]
    recordings = embed([audio.decode(path) for _, path in rows])
    found = {}
    for label in dict.fromkeys(label for label, _ in rows):
        name = LABELS.get(label, label)
        if name in SOUNDS:
            nearest = (embed(list(islice(solos(name), RENDERINGS))) @ recordings.T).argmax(axis=1)
            found[label] = Counter(rows[i][0] for i in nearest)
    return found


def solos(name: str) -> Iterator[Clip]:
    """Scenes of one event, of that class."""
    for seed in count():
        scene = scenes.plan(seed, n_events=1)
        if scene.events[0].sound == name:
            yield Clip(scenes.render(scene)[0].astype(np.float32), SAMPLE_RATE)


def embed(clips: list[Clip]) -> np.ndarray:
    """AISFX embeddings `(n, 512)` of length 1, of clips brought to 16 kHz first, since renderings have no more."""
    metric = next(m for m in protocols.find("offline").metrics if m.name == "FD_AISFX")
    found = weights.find(metric.embedder, weights_dir=None, cache_dir=weights.default_cache_dir())
    network = embedding.load_network(
        embedding.make_stage(metric.embedder, metric.preprocessing, found, "cpu", "float32")
    )
    narrow = protocols.pocket.POCKET_16K
    low = [Clip(audio.prepare(clip, narrow, seed=0)[0], narrow.sample_rate) for clip in clips]
    waves = [audio.prepare(clip, metric.preprocessing, seed=0)[0] for clip in low]
    features = network.embed([Clip(wave, metric.preprocessing.sample_rate) for wave in waves])
    stacked = np.stack([clip["embedding"] for clip in features])
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True))


if __name__ == "__main__":
    main()
