"""Files that are heard: read, made alike, levelled, dithered, and written without anything but samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from tta_bench import audio
from tta_bench.listening import sounds
from tta_bench.listening.loudness import level, reach
from tta_bench.listening.material import Material
from tta_bench.listening.names import Names
from tta_bench.listening.spec import Sounding, Spec
from tta_bench.listening.trials import Sound
from tta_bench.resample import resample
from tta_bench.types import Clip, UserError

ANCHORS: Final = {"anchor35": 3500.0, "anchor70": 7000.0}
"""Cut-off in Hz (ITU-R BS.1534-3, 5.1)."""
GIVEN: Final = 8.0
"""LU by which the clips of a prompt are lowered for the peaks of one; lower, a page is too soft."""
LEAST_RATE: Final = 16_000
"""Hz from which on a sound can lack what lies above 7 kHz."""


@dataclass(frozen=True)
class Stimulus:
    """A file of a kit and what was done to make it."""

    id: str
    file: str
    """Relative to the kit."""
    seconds: float
    sha256: str
    source_sha256: str | None
    """Of the file that it was made from; None for what was made from nothing."""
    gain_db: float
    lufs: float | None
    """Before the gain."""
    flags: tuple[str, ...]


def source(sound: Sound, material: Material) -> Path | None:
    """The file that a sound is made from."""
    if sound.prompt is None:
        return None
    return material.clips[sound.model][sound.prompt] if sound.model else material.references[sound.prompt]


def check_sources(material: Material, spec: Spec) -> None:
    """Raises UserError for files that cannot be read, and for rates or channels that tell models apart."""
    prompts = [prompt.id for prompt in (*material.prompts, *material.spare)]
    rows = {**material.clips, **({"the references": material.references} if material.references else {})}
    clips = {row: [audio.decode(files[prompt]) for prompt in prompts] for row, files in rows.items()}
    rates = {row: {clip.sample_rate for clip in found} for row, found in clips.items()}
    if not spec.sounding.sample_rate:
        _alone(rates, "sample rates (Hz)", f"--sample-rate {max(set().union(*rates.values()))}")
    if not spec.sounding.mono:
        channels = {row: {int(np.atleast_2d(clip.samples).shape[0]) for clip in found} for row, found in clips.items()}
        _alone(channels, "numbers of channels", "--mono")
    rate = spec.sounding.sample_rate or max(set().union(*rates.values()))
    if spec.kind == "mushra" and rate < LEAST_RATE:
        raise UserError(f"At {rate} Hz an anchor of 7 kHz is the reference itself. MUSHRA needs {LEAST_RATE} Hz.")


def _alone(found: dict[str, set[int]], what: str, way_out: str) -> None:
    if len(set().union(*found.values())) > 1:
        listed = "; ".join(f"{row} {', '.join(map(str, sorted(values)))}" for row, values in sorted(found.items()))
        raise UserError(f"The clips differ in their {what}, which would tell models apart: {listed}. Give {way_out}.")


def targets(material: Material, sounding: Sounding) -> dict[str, float]:
    """Prompt id -> loudness in LUFS to which all its clips are brought, so that none is softer than its rivals.

    It is that of `sounding`, or the highest that the peaks of all of them allow, but `GIVEN` at most below. Empty where
    levels are left as they are.
    """
    if sounding.loudness is None:
        return {}
    found = {}
    for prompt in (*material.prompts, *material.spare):
        files = [row[prompt.id] for row in (*material.clips.values(), material.references) if prompt.id in row]
        reached = [reach(alike(audio.decode(path), sounding)) for path in files]
        lowest = min((one for one in reached if one is not None), default=sounding.loudness)
        found[prompt.id] = min(sounding.loudness, max(lowest, sounding.loudness - GIVEN))
    return found


def write(
    sound: Sound, folder: Path, material: Material, sounding: Sounding, *, target: float | None, names: Names
) -> Stimulus:
    """Writes one file below `folder`, of `target` LUFS, and says what it is. Equal arguments give equal bytes."""
    path = source(sound, material)
    clip = alike(audio.decode(path), sounding) if path else sounds.beeps(sound.beeps or 1, _rate(material, sounding))
    if sound.role in ANCHORS:
        clip = sounds.lowpass(clip, ANCHORS[sound.role])
    elif sound.role == "noise":
        clip = sounds.spoilt(clip, names.rng("noise", sound.id(names)))
    found = level(clip, target)
    clip = replace(clip, samples=clip.samples * np.float32(10 ** (found.gain_db / 20)))
    written = put(clip, folder, sound.id(names), sounding.suffix, names)
    return replace(
        written,
        source_sha256=audio.file_sha256(path) if path else None,
        gain_db=round(found.gain_db, 3),
        lufs=None if found.lufs is None else round(found.lufs, 3),
        flags=found.flags,
    )


def put(clip: Clip, folder: Path, name: str, suffix: str, names: Names) -> Stimulus:
    """Writes a clip as it is. Its dither follows from its name, so that the bytes of two copies differ."""
    file = f"audio/{name}{suffix}"
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    audio.encode(path, dithered(clip, names.rng("dither", name)))
    return Stimulus(name, file, round(clip.duration, 6), audio.file_sha256(path), None, 0.0, None, ())


def dithered(clip: Clip, rng: np.random.Generator) -> Clip:
    """The clip with triangular noise of one step of 16 bits, which rounding to these needs to be without distortion."""
    noise = rng.random(clip.samples.shape, np.float32) - rng.random(clip.samples.shape, np.float32)
    return replace(clip, samples=clip.samples + noise / np.float32(32768))


def alike(clip: Clip, sounding: Sounding) -> Clip:
    """The clip with the channels, sample rate and length that all are to have."""
    samples, rate = clip.samples, clip.sample_rate
    if sounding.mono and samples.ndim > 1:
        samples = samples.mean(axis=0, dtype=np.float32)
    if sounding.sample_rate:
        samples = resample(samples, rate, sounding.sample_rate, "soxr_vhq")
        rate = sounding.sample_rate
    if sounding.seconds:
        n = round(sounding.seconds * rate)
        samples = samples[..., :n]
        samples = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(0, n - samples.shape[-1])])
    return Clip(samples, rate)


def _rate(material: Material, sounding: Sounding) -> int:
    """The rate of sounds that are made from nothing: that of the others."""
    if sounding.sample_rate:
        return sounding.sample_rate
    return audio.decode(material.clips[material.models[0]][material.prompts[0].id]).sample_rate
