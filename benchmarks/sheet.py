"""Draws spectrograms of a model's clips beside their references. Run: python benchmarks/sheet.py MODEL FILE.png

16 prompts of the board `pocket`, four of each number of events, in the order of their ids; the clips are those of the
main job, `python benchmark.py --models MODEL`, with seed 0, from its store.
"""

from __future__ import annotations

import argparse
import io
import sys
import textwrap
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tta_bench import arguments, audio, generating, generators, references  # noqa: E402
from tta_bench.checking import Settings  # noqa: E402
from tta_bench.store import Store  # noqa: E402
from tta_bench.types import Clip  # noqa: E402

EACH = 4
"""Prompts of each bucket."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--store", type=Path, default=Path("runs/store"))
    given = parser.parse_args()
    board, store = arguments.boards.find("pocket"), Store(given.store)
    plan = generating.plan(generators.find(given.model, board, weights_dir=None), board, Settings(store=store))
    made = {take.prompt: take.path for take in plan.takes}
    rendered = references.render(board, store, lambda *_: None)
    chosen = [prompt for bucket in board.prompts.buckets().values() for prompt in bucket[:EACH]]
    figure, axes = plt.subplots(len(chosen) // 2, 4, figsize=(16, 1.9 * len(chosen) / 2), layout="constrained")
    for k, prompt in enumerate(chosen):
        for side, path in enumerate((rendered / f"{prompt.id}.wav", made[prompt.id])):
            axis = axes[k // 2, 2 * (k % 2) + side]
            draw(axis, audio.decode(path))
            name = "reference" if side == 0 else plan.generator.row
            axis.set_title("\n".join(textwrap.wrap(f"{name}: {prompt.text}", 62)), fontsize=7, loc="left")
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=70)
    given.file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(drawn).convert("RGB").quantize(64).save(given.file, optimize=True)


def draw(axis: plt.Axes, clip: Clip) -> None:
    """0 to 8 kHz, 70 dB."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(clip.samples, 512), 512)[::128] * np.hanning(512)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames)).T + 1e-6)
    axis.imshow(
        level,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=level.max() - 70,
        vmax=level.max(),
        extent=(0, clip.duration, 0, clip.sample_rate / 2000),
    )
    axis.tick_params(labelsize=6)


if __name__ == "__main__":
    main()
