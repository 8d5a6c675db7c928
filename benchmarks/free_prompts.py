"""Does a model understand words that it never saw? Run: python benchmarks/free_prompts.py [auffusion:CHECKPOINT]

Generates the 40 captions of free_prompts.csv, which speak of their events as no caption of a scene does (single
words, as amphibians, a pooch or hay fever, some have too), and lists what the pocket tagger hears in each clip.
A hit has every event asked for.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tta_bench import arguments, audio, generators  # noqa: E402
from tta_bench.editing.ears import Ears  # noqa: E402
from tta_bench.scenes.sounds import SOUNDS  # noqa: E402

DURATION = 5.12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="auffusion")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clips", type=Path, help="folder to write the clips to")
    given = parser.parse_args()
    with (ROOT / "benchmarks" / "free_prompts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    model: Any = generators.find(given.model, arguments.boards.find("pocket"), weights_dir=None).load("cpu", "float32")
    clips = model.generate([row["text"] for row in rows], [given.seed * 1000 + i for i in range(len(rows))], DURATION)
    ears, hits, lines = Ears("cpu"), 0, []
    for row, clip, curve in zip(rows, clips, ears.curves(clips), strict=True):
        asked = row["events"].split("|")
        heard = sorted(
            (name for name in SOUNDS if ears.hears(curve, name)), key=lambda name: -ears.of(curve, name).max()
        )
        hit = set(asked) <= set(heard)
        hits += hit
        lines.append(
            f"| {row['text']} | {', '.join(asked)} | {', '.join(heard) or 'nothing'} | {'yes' if hit else 'no'} |"
        )
        if given.clips:
            given.clips.mkdir(parents=True, exist_ok=True)
            audio.encode(given.clips / f"{row['id']}.wav", clip, subtype="FLOAT")
    print(f"{hits} of {len(rows)} captions have every event asked for in their clip (seed {given.seed}).\n")
    print("\n".join(["| caption | asked for | heard | hit |", "| --- | --- | --- | --- |", *lines]))


if __name__ == "__main__":
    main()
