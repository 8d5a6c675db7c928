"""Writes clips of single events for a listener outside the suite. Run: python benchmarks/singles.py MODEL OUT

For each class named, scenes of the split for tests that hold it alone, in three folders of OUT: `reference`, as
rendered; `round-trip`, through the model's VAE and vocoder; `generated`, from the scene's caption, in wordings that no
training caption has. Files are called CLASS__K.wav. Which classes a listener knows is the listener's business.
"""

from __future__ import annotations

import argparse
import sys
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from models.auffusion.editing import read_sources  # noqa: E402
from models.auffusion.pipeline import AuffusionPipeline  # noqa: E402
from tta_bench import arguments, audio, embedding, generators, scenes  # noqa: E402
from tta_bench.scenes.sound import SAMPLE_RATE  # noqa: E402
from tta_bench.scenes.sounds import SOUNDS  # noqa: E402
from tta_bench.types import Clip  # noqa: E402

FIRST_SEED = 4_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--classes", default=",".join(SOUNDS), metavar="A,B")
    parser.add_argument("--each", type=int, default=7, metavar="N", help="clips of a class")
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    chosen = [
        (f"{name.replace(' ', '_')}__{k:02d}", scene)
        for name in given.classes.split(",")
        for k, scene in enumerate(islice(alone(name), given.each))
    ]
    loaded: Any = generators.find(given.model, arguments.boards.find("pocket"), weights_dir=None).load("cpu", "float32")
    embedding.keep_freed_memory()
    for start in range(0, len(chosen), given.batch):
        names, plans = zip(*chosen[start : start + given.batch], strict=True)
        sources = [Clip(scenes.render(scene)[0], SAMPLE_RATE) for scene in plans]
        seeds = list(range(start, start + len(plans)))
        made = loaded.generate([scenes.caption(scene) for scene in plans], seeds, scenes.DURATION)
        folders = {"reference": sources, "round-trip": round_trip(loaded.pipeline, sources), "generated": made}
        for folder, clips in folders.items():
            (given.out / folder).mkdir(parents=True, exist_ok=True)
            for name, clip in zip(names, clips, strict=True):
                samples = np.clip(clip.samples, -1, 1)
                audio.encode(given.out / folder / f"{name}.wav", Clip(samples, clip.sample_rate), subtype="PCM_16")


def alone(name: str) -> Any:
    """The scenes that hold this class alone."""
    plans = (scenes.plan(FIRST_SEED + k, split="test", n_events=1) for k in count())
    return (scene for scene in plans if scene.events[0].sound == name)


@torch.inference_mode()
def round_trip(pipeline: AuffusionPipeline, clips: list[Clip]) -> list[Clip]:
    """Clips through latents, spectrograms and vocoder."""
    heard = read_sources(pipeline, clips)
    return pipeline.sound(pipeline.decode(heard.latents), heard.duration)


if __name__ == "__main__":
    main()
