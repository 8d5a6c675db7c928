"""The pipeline behind the checks: embed what is not in the store yet, score.

run = gather -> generate -> embed -> score
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from tta_bench import checking, embedding, originals, scoring
from tta_bench.checking import Contestant, Gathered, Progress, Settings
from tta_bench.embedding import Embedding, SoundClip, Stage
from tta_bench.executors import Crew, Lost
from tta_bench.scoring import Material, Measured
from tta_bench.store import Store
from tta_bench.types import Metric, PromptSet, Result, Score, UserError

Set = tuple[Sequence[SoundClip], Sequence[Stage]]
"""Clips of one row, and the stages that they go through."""
MIN_GROUP = 30
"""Clips in the smallest group of a field for which set metrics are given: they are biased, and the more, the fewer."""


def embed(gathered: Gathered, settings: Settings, progress: Progress) -> None:
    """Stores every feature that the board's metrics need and that is not stored yet.

    Raises UserError, when all others are done, for clips and captions over which workers were lost.
    """
    craft = Embedding(settings.store, embedding.Networks(trust_weights=settings.trust_weights))
    metrics = gathered.board.protocol.metrics
    texts = [prompt.text for prompt in gathered.board.prompts.prompts]
    with settings.executor.crew(craft) as crew:
        lost = _embed_sets(crew, _sets(gathered), settings, progress)
        for stage in _unique_stages(gathered, [m for m in metrics if m.against == "caption"]):
            shards = embedding.text_shards(texts, stage, store=settings.store)
            lost |= {shard.names[0]: end.why for shard, end in crew.run(shards) if isinstance(end, Lost)}
    if lost:
        shown = "".join(f"\n  {name}: {why}" for name, why in islice(lost.items(), checking.MAX_NAMED))
        raise UserError(f"{len(lost)} could not be embedded, all others are:{shown}\nMend these or leave them out.")


def _sets(gathered: Gathered) -> list[Set]:
    """The references, and the clips of each row."""
    metrics = gathered.board.protocol.metrics
    compared = _unique_stages(gathered, [m for m in metrics if m.against == "reference"])
    every = _unique_stages(gathered, metrics)
    return [
        (list(gathered.references.values()), compared),
        *((list(c.clips.values()), every) for c in gathered.contestants),
    ]


def _embed_sets(crew: Crew[Any, int], sets: Sequence[Set], settings: Settings, progress: Progress) -> dict[str, str]:
    """Embeds sets; the path of each clip that cost its workers, and why."""
    total, done = sum(len(_contents(clips)) for clips, _ in sets), 0
    lost: dict[str, str] = {}
    for together in _disjoint(sets):
        shards = [
            shard
            for clips, stages in together
            for shard in embedding.clip_shards(clips, stages, store=settings.store, batch_size=settings.batch_size)
        ]
        done += sum(len(_contents(clips)) for clips, _ in together) - sum(len(shard.clips) for shard in shards)
        progress("embedding clips", done, total)
        for shard, end in crew.run(shards):
            if isinstance(end, Lost):
                lost |= dict.fromkeys(shard.names, end.why)
            done += len(shard.clips)
            progress("embedding clips", done, total)
    return lost


def _contents(clips: Sequence[SoundClip]) -> set[str]:
    return {clip.sha256 for clip in clips}


def _disjoint(sets: Sequence[Set]) -> Iterator[list[Set]]:
    """Sets in their order, together as long as none has a clip of another.

    A clip of two sets is in two batches; the second time it is there already, or its features are those of the second.
    """
    together: list[Set] = []
    seen: set[str] = set()
    for one in sets:
        contents = _contents(one[0])
        if contents & seen:
            yield together
            together, seen = [], set()
        together.append(one)
        seen |= contents
    yield together


def _unique_stages(gathered: Gathered, metrics: Sequence[Metric]) -> list[Stage]:
    return list(dict.fromkeys(gathered.stages[metric.name] for metric in metrics))


def score(gathered: Gathered, settings: Settings, provenance: Mapping[str, object], progress: Progress) -> list[Result]:
    """Results of all contestants, in their order."""
    features, with_interval = FeatureReader(settings.store), settings.intervals
    rows: dict[str, dict[str, Measured]] = {contestant.name: {} for contestant in gathered.contestants}
    buckets: dict[str, list[Score]] = {contestant.name: [] for contestant in gathered.contestants}
    steps = [(metric, contestant) for metric in gathered.board.protocol.metrics for contestant in gathered.contestants]

    def measure(step: tuple[Metric, Contestant]) -> tuple[Measured, list[Score]]:
        metric, contestant = step
        material = _material(metric, contestant, gathered, features)
        measured, shown = _measure(metric, contestant, material, with_interval)
        return measured, _by_groups(metric, shown, gathered.board.by, with_interval)

    # A thread a step and one for BLAS: its own threads wait for each other by spinning, on a busy machine for seconds.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, ((metric, contestant), found) in enumerate(zip(steps, pool.map(measure, steps), strict=True)):
            progress("scoring", i, len(steps))
            rows[contestant.name][metric.name], in_buckets = found
            buckets[contestant.name] += in_buckets
    progress("scoring", len(steps), len(steps))
    return [_result(c, rows[c.name], buckets[c.name], gathered, provenance) for c in gathered.contestants]


def score_by_originals(
    gathered: Gathered, provenance: Mapping[str, object], progress: Progress, *, timeout: float = 24 * 3600
) -> list[Result]:
    """Results as the original packages compute them, from the files on, in their own environment."""
    python = originals.environment()
    checkpoints = {stage.key.embedder: stage.weights.files for stage in gathered.stages.values()}
    wanted = {metric.name for metric in gathered.board.protocol.metrics}
    results = []
    for i, contestant in enumerate(gathered.contestants):
        progress("running the original packages", i, len(gathered.contestants))
        prompts = [
            p for p in gathered.board.prompts.prompts if p.id in contestant.clips and p.id in gathered.references
        ]
        scores = originals.score_with_originals(
            [contestant.clips[prompt.id].path for prompt in prompts],
            [gathered.references[prompt.id].path for prompt in prompts],
            [prompt.text for prompt in prompts],
            checkpoints,
            python=python,
            timeout=timeout,
        )
        measured = {score.metric: Measured(score) for score in scores if score.metric in wanted}
        results.append(_result(contestant, measured, [], gathered, provenance))
    return results


class FeatureReader:
    """Features from the store, each file read once in a run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, dict[str, np.ndarray]] = {}

    def of(self, key: str, layer: str) -> np.ndarray:
        """One layer of what lies under a key. Raises LookupError if it was never embedded."""
        if key not in self._read:
            features = self._store.features(key)
            if features is None:
                raise LookupError(f"features {key} are not in {self._store.root}: embed before scoring")
            self._read[key] = features
        return self._read[key][layer]


def _material(metric: Metric, contestant: Contestant, gathered: Gathered, features: FeatureReader) -> Material:
    """Features of the prompts that this metric can be computed on."""
    stage, references = gathered.stages[metric.name], gathered.references
    prompts = [
        prompt
        for prompt in gathered.board.prompts.prompts
        if _taken(stage, contestant.clips.get(prompt.id))
        and (metric.applies is None or metric.applies(prompt.events))
        and (metric.against != "reference" or _taken(stage, references.get(prompt.id)))
    ]
    generated = tuple(features.of(stage.key.of(contestant.clips[p.id].sha256), metric.layer) for p in prompts)
    against = None
    if metric.against == "reference":
        against = tuple(features.of(stage.key.of(references[p.id].sha256), metric.layer) for p in prompts)
    elif metric.against == "caption":
        against = tuple(features.of(stage.text_key(p.text), "embedding") for p in prompts)
    shared = [references[p.id].sha256 if p.id in references else p.id for p in prompts]
    number = {key: i for i, key in enumerate(dict.fromkeys(shared))}
    return Material(tuple(prompts), generated, against, tuple(number[key] for key in shared))


def _taken(stage: Stage, clip: SoundClip | None) -> bool:
    return clip is not None and stage.takes(clip.report)


def _measure(
    metric: Metric, contestant: Contestant, material: Material, with_interval: bool
) -> tuple[Measured, Material | None]:
    """The score of a row, and the material for its buckets; control rows that have no meaning say why."""
    if not contestant.control or metric.against != "reference":
        return scoring.measure(metric, material, with_interval=with_interval), material
    if metric.per_clip:
        found = scoring.measure(metric, material, with_interval=with_interval)
        if contestant.name == "recordings":
            found = replace(found, score=replace(found.score, note="each recording against itself"))
        return found, material
    if contestant.name == "shuffled":
        return _without_value(metric, material, "the same set as the references"), None
    if contestant.name == "recordings":
        half = scoring.split_half(material)
        if half is None:
            return _without_value(metric, material, f"needs {2 * scoring.MIN_HALF} recordings to compare halves"), None
        found = scoring.measure(metric, half, with_interval=with_interval)
        note = "; ".join(filter(None, ["one half of the recordings against the other", found.score.note]))
        return replace(found, score=replace(found.score, note=note)), None
    return scoring.measure(metric, material, with_interval=with_interval), material


def _without_value(metric: Metric, material: Material, why: str) -> Measured:
    return Measured(Score(metric.name, None, None, len(material.prompts), None, note=why))


def _by_groups(metric: Metric, material: Material | None, by: Sequence[str], with_interval: bool) -> list[Score]:
    """The metric by number of sound events, and by these fields, where prompts carry them."""
    if material is None:
        return []
    buckets = PromptSet("", material.prompts).buckets()
    label = {prompt.id: name for name, prompts in buckets.items() for prompt in prompts}
    fields = {"n_events": [label.get(prompt.id, "") for prompt in material.prompts]}
    for name in by:
        labels = [prompt.fields.get(name, "") for prompt in material.prompts]
        if metric.per_clip or min(Counter(filter(None, labels)).values(), default=0) >= MIN_GROUP:
            fields[name] = labels
    return [
        score
        for name, labels in fields.items()
        if len(set(labels)) > 1
        for score in scoring.by_bucket(metric, material, name, labels, with_interval=with_interval)
    ]


def _result(
    contestant: Contestant,
    measured: Mapping[str, Measured],
    buckets: Sequence[Score],
    gathered: Gathered,
    provenance: Mapping[str, object],
) -> Result:
    clips = {prompt: clip.sha256 for prompt, clip in contestant.clips.items()}
    return Result(
        board=gathered.board.name,
        protocol=gathered.board.protocol.name,
        model=contestant.name,
        control=contestant.control,
        scores=(*(found.score for found in measured.values()), *buckets),
        per_clip={name: found.per_clip for name, found in measured.items() if found.per_clip},
        leave_out={name: found.leave_out for name, found in measured.items() if found.leave_out},
        missing=contestant.missing,
        flags=gathered.flags[contestant.name],
        extra=contestant.extra,
        left_out=_left_out(contestant, gathered),
        provenance={**provenance, **contestant.made_by, "clips": clips},
    )


def _left_out(contestant: Contestant, gathered: Gathered) -> dict[str, list[str]]:
    """Metric -> prompts whose clips are too short for its protocol."""
    found = {
        name: [prompt for prompt, clip in contestant.clips.items() if not stage.takes(clip.report)]
        for name, stage in gathered.stages.items()
    }
    return {name: prompts for name, prompts in found.items() if prompts}
