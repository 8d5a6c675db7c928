"""The headphone check: six times three sounds, one of which only headphones tell from the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tta_bench.listening import sounds
from tta_bench.listening.names import Names
from tta_bench.listening.spec import Spec
from tta_bench.listening.stimuli import put
from tta_bench.types import Clip


def write(spec: Spec, folder: Path, names: Names) -> tuple[Mapping[str, object] | None, Mapping[str, int]]:
    """Writes the sounds; gives what the page must know, and for the private key the right answer of each trial."""
    if spec.headphones == "none":
        return None, {}
    trials, answers = [], {}
    for number in range(sounds.N_HEADPHONE):
        name = names.hex("headphones", number, digits=16)
        rng = names.rng("headphones", number)
        answers[name] = int(rng.integers(3))
        ids = [names.hex("headphones", number, place, digits=32) for place in range(3)]
        clips = _three(spec.headphones, answers[name], rng)
        files = [put(clip, folder, one, spec.sounding.suffix, names) for one, clip in zip(ids, clips, strict=True)]
        trials.append({"id": name, "audio": [one.file for one in files], "sha256": [one.sha256 for one in files]})
    return {
        "ask": True,
        "pass": passing(answers) if spec.gate else None,
        "kind": spec.headphones,
        "trials": trials,
    }, answers


def passing(answers: Mapping[str, int]) -> str:
    """What the page compares answers with: the hash of those that are all right. It stops no one who tries out all 729,
    only who hears none."""
    return hashlib.sha256(" ".join(f"{name}:{answer}" for name, answer in answers.items()).encode()).hexdigest()


def _three(kind: str, target: int, rng: np.random.Generator) -> list[Clip]:
    if kind == "huggins":
        return [sounds.huggins(target=place == target, rng=rng) for place in range(3)]
    opposite = (target + 1 + int(rng.integers(2))) % 3
    kinds = {target: "quiet", opposite: "opposite"}
    return [sounds.antiphase(kind=kinds.get(place, "plain")) for place in range(3)]
