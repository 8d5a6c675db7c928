"""Clips of models with telling names, and specs of tests of them. All of it follows from seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tta_bench import audio
from tta_bench.listening.material import Material, from_folders
from tta_bench.listening.names import names_of
from tta_bench.listening.sampling import sample
from tta_bench.listening.spec import Sounding, Spec, axes_of
from tta_bench.types import Clip

RATE = 16_000
MODELS = ("auffusion-full", "tango2", "mine")
CAPTIONS = (
    "A dog barks", "Rain falls on a tin roof", "A bell rings, then a man speaks", "Birds sing and a car passes",
    "A clock ticks", "A man speaks while music plays, followed by applause", "A cat meows", "An engine idles",
)  # fmt: skip
CONSENT = "We store your ratings for two years and nothing that names you. You may stop at any time. Ask us anything."


def write_clips(folder: Path, *, n: int = len(CAPTIONS), seconds: float = 0.6, rate: int = RATE) -> Path:
    """`prompts.csv`, a folder for each model, and `recordings/`."""
    rng = np.random.default_rng(3)
    lines = ["id,caption,n_events"]
    for i in range(n):
        lines.append(f'clip{i},"{CAPTIONS[i % len(CAPTIONS)]}",{1 + i % 3}')
        for j, name in enumerate((*MODELS, "recordings")):
            (folder / name).mkdir(parents=True, exist_ok=True)
            samples = 0.05 * (j + 1) * rng.standard_normal(round(seconds * rate))
            audio.encode(folder / name / f"clip{i}.wav", Clip(samples.astype(np.float32), rate))
    (folder / "prompts.csv").write_text("\n".join(lines) + "\n")
    return folder


def material(folder: Path, *, references: bool = True, n_prompts: int | None = None) -> Material:
    """What `write_clips` wrote."""
    rows = {name: folder / name for name in MODELS}
    found = from_folders(rows, folder / "prompts.csv", folder / "recordings" if references else None)
    return sample(found, n_prompts, names_of(1).rng("prompts"))


def spec(kind: Any = "ovl_rel", **changed: Any) -> Spec:
    """A test of a kind, without a headphone check, which takes time to make."""
    given: dict[str, Any] = {
        "kind": kind,
        "seed": 7,
        "title": "Sounds",
        "consent": {"en": CONSENT},
        "axes": axes_of(kind, "100", ("OVL", "REL")),
        "headphones": "none",
        "sounding": Sounding(),
    }
    return Spec(**{**given, **changed})
