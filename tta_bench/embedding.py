"""From clips to stored features: decode once, prepare for every network, run in batches, write behind.

Batches are planned from the sorted clips of one set, so equal plans on equal devices and threads give equal bytes, also
after an interruption: a batch of which anything is missing is computed again as a whole.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from tta_bench import audio, memory, plugins
from tta_bench.executors import in_two
from tta_bench.selftest import self_test
from tta_bench.soundness import ClipReport
from tta_bench.store import FeatureKey, Store, digest
from tta_bench.types import Clip, Embedder, Features, Preprocessing, UserError
from tta_bench.weights import Weights

log = logging.getLogger(__name__)

LOOKAHEAD = 2
TEXT_BATCH = 64
Prepared = Mapping[tuple[str, Preprocessing], np.ndarray]


@dataclass(frozen=True)
class SoundClip:
    """A clip file that was decoded and found usable."""

    path: Path
    sha256: str
    """Of the file's bytes."""
    report: ClipReport

    @property
    def seed(self) -> int:
        """Decides where a protocol's crop lies: the same for the same file."""
        return int(self.sha256[:8], 16)


@dataclass(frozen=True)
class Stage:
    """One network with one preprocessing; equal stages have equal keys."""

    key: FeatureKey
    weights: Weights = field(compare=False)
    device: str = field(compare=False)

    @property
    def dtype(self) -> str:
        """Precision of the network."""
        return self.key.dtype

    @property
    def preprocessing(self) -> Preprocessing:
        """How clips are prepared for it."""
        return self.key.preprocessing

    def takes(self, report: ClipReport) -> bool:
        """Whether the protocol scores a clip of this length: it pads it, or the clip is long enough."""
        return self.preprocessing.pad != "none" or report.duration >= self.preprocessing.min_duration

    def text_key(self, text: str) -> str:
        """Store key of a caption's embedding, which depends on no audio settings."""
        return digest([self.key.embedder, self.key.weights_sha256, self.key.code_sha256, self.dtype, text])


def make_stage(embedder: str, preprocessing: Preprocessing, weights: Weights, device: str, dtype: str) -> Stage:
    """The stage of one column: where its features are stored follows from everything here but the device."""
    # What prepares clips for the embedder decides its features as much as its own code.
    code = plugins.code_sha256(f"tta_bench.embedders.{embedder.partition(':')[0]}", "tta_bench.audio")
    return Stage(FeatureKey(embedder, weights.sha256, code, preprocessing, dtype), weights, device)


class Networks:
    """The loaded networks, by embedder: loaded and self-tested on first use, once."""

    def __init__(self, *, trust_weights: bool) -> None:
        self._loaded: dict[str, Embedder] = {}
        self._trust_weights = trust_weights

    def of(self, stage: Stage, *, with_text: bool = False) -> Embedder:
        """The network of a stage. Raises UserError if it fails its self-test, unless its weights are to be trusted."""
        name = stage.key.embedder
        if name not in self._loaded:
            network = load_network(stage)
            fault = self_test(network, stage.preprocessing, with_text=with_text)
            if fault and not self._trust_weights:
                raise UserError(f"{name} is mis-loaded or collapsed: {fault}. Fetch it anew: weights verify {name}.")
            if fault:
                log.warning("%s fails its self-test: %s; used because its weights are trusted", name, fault)
            self._loaded[name] = network
        return self._loaded[name]


def load_network(stage: Stage) -> Embedder:
    """The network of a stage, loaded now."""
    keep_freed_memory()
    module, checkpoint = stage.key.embedder.split(":", 1)
    load = plugins.load("tta_bench.embedders", module, kind="embedder").load
    network: Embedder = load(checkpoint, stage.weights.files, device=stage.device, dtype=stage.dtype)
    return network


@cache
def keep_freed_memory() -> None:
    """Lets glibc keep freed blocks instead of returning them to the kernel: 1.4 to 2 times faster networks on CPU."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # absent from musl
    if mallopt is not None:
        trim_threshold, mmap_threshold, top_pad = -1, -3, -2
        for option, value in ((mmap_threshold, 2**31 - 1), (trim_threshold, 2**31 - 1), (top_pad, 512 << 20)):
            mallopt(option, value)


@dataclass(frozen=True)
class ClipShard:
    """A batch of clips, and the stages that lack features of one of them."""

    clips: tuple[SoundClip, ...]
    stages: tuple[Stage, ...]

    @property
    def needs(self) -> str:
        """All shards need much the same networks."""
        return "networks"

    @property
    def names(self) -> tuple[str, ...]:
        """The files."""
        return tuple(str(clip.path) for clip in self.clips)

    def halves(self) -> tuple[ClipShard, ...]:
        """In two."""
        return tuple(replace(self, clips=part) for part in in_two(self.clips))

    def features(
        self, networks: Networks, waves: Prepared, store: Store
    ) -> Iterator[Mapping[str, Mapping[str, np.ndarray]]]:
        """By store key, of one stage after the other; not of those that somebody else has made meanwhile."""
        for stage in self.stages:
            if _incomplete(self.clips, stage, store):
                yield _fitting(networks.of(stage), self.clips, waves, stage, store)


@dataclass(frozen=True)
class TextShard:
    """A batch of captions for a network."""

    texts: tuple[str, ...]
    stage: Stage
    clips: tuple[SoundClip, ...] = ()
    """None: there is nothing to decode."""
    stages: tuple[Stage, ...] = ()

    @property
    def needs(self) -> str:
        """The networks that clips need too."""
        return "networks"

    @property
    def names(self) -> tuple[str, ...]:
        """The captions."""
        return self.texts

    def halves(self) -> tuple[TextShard, ...]:
        """In two."""
        return tuple(replace(self, texts=part) for part in in_two(self.texts))

    def features(
        self, networks: Networks, waves: Prepared, store: Store
    ) -> Iterator[Mapping[str, Mapping[str, np.ndarray]]]:
        """By store key."""
        del waves
        keys = [self.stage.text_key(text) for text in self.texts]
        if not all(store.has_features(key) for key in keys):
            found = networks.of(self.stage, with_text=True).embed_text(self.texts)
            yield {key: {"embedding": one} for key, one in zip(keys, found, strict=True)}


def clip_shards(
    clips: Sequence[SoundClip], stages: Sequence[Stage], *, store: Store, batch_size: int
) -> list[ClipShard]:
    """What is to be done for one set of clips, under every stage that takes them."""
    unique = {clip.sha256: clip for clip in clips}
    planned = sorted(unique.values(), key=lambda clip: (clip.report.duration, clip.sha256))
    batches = [tuple(planned[i : i + batch_size]) for i in range(0, len(planned), batch_size)]
    todo = [(batch, tuple(stage for stage in stages if _incomplete(batch, stage, store))) for batch in batches]
    return [ClipShard(batch, missing) for batch, missing in todo if missing]


def text_shards(texts: Sequence[str], stage: Stage, *, store: Store) -> list[TextShard]:
    """What is to be done for the captions under a stage."""
    planned = sorted(set(texts), key=lambda text: (len(text), text))
    batches = [tuple(planned[i : i + TEXT_BATCH]) for i in range(0, len(planned), TEXT_BATCH)]
    return [
        TextShard(batch, stage)
        for batch in batches
        if not all(store.has_features(stage.text_key(text)) for text in batch)
    ]


@dataclass(frozen=True)
class Embedding:
    """The craft: networks that are loaded once, and files that are decoded ahead of them."""

    store: Store
    networks: Networks

    @property
    def folder(self) -> Path:
        """That all workers have to see."""
        return self.store.root

    def perform(self, shards: Sequence[ClipShard | TextShard]) -> Iterator[int]:
        """Clips and captions of each shard, when they are done; features are written while the next are computed."""
        with ThreadPoolExecutor() as pool:
            writes: list[Future[None]] = []
            for shard, waves in zip(shards, _prepared(pool, shards), strict=True):
                for features in shard.features(self.networks, waves, self.store):
                    _raise_errors(writes)
                    writes = [pool.submit(self.store.write_features, key, found) for key, found in features.items()]
                yield len(shard.names)
            _raise_errors(writes)


def _incomplete(batch: Sequence[SoundClip], stage: Stage, store: Store) -> bool:
    return any(stage.takes(clip.report) and not store.has_features(stage.key.of(clip.sha256)) for clip in batch)


def _prepared(pool: ThreadPoolExecutor, shards: Sequence[ClipShard | TextShard]) -> Iterator[Prepared]:
    """Prepared waves of each batch, made in threads at most `LOOKAHEAD` batches ahead of the network."""

    def start(shard: ClipShard | TextShard) -> list[Future[Prepared]]:
        return [pool.submit(_prepare, clip, shard.stages) for clip in shard.clips]

    ahead = [start(shard) for shard in islice(shards, LOOKAHEAD)]
    for i in range(len(shards)):
        yield {key: wave for future in ahead.pop(0) for key, wave in future.result().items()}
        if i + LOOKAHEAD < len(shards):
            ahead.append(start(shards[i + LOOKAHEAD]))


def _prepare(clip: SoundClip, stages: Sequence[Stage]) -> Prepared:
    """Decodes a clip once and prepares it for every preprocessing that is needed."""
    decoded = audio.decode(clip.path)
    wanted = {stage.preprocessing for stage in stages if stage.takes(clip.report)}
    return {(clip.sha256, wish): audio.prepare(decoded, wish, seed=clip.seed) for wish in wanted}


def _fitting(
    network: Embedder, batch: Sequence[SoundClip], waves: Prepared, stage: Stage, store: Store
) -> dict[str, dict[str, np.ndarray]]:
    """`_run`, in smaller batches if there is no memory for this one, which is noted."""
    taken = [clip for clip in batch if stage.takes(clip.report)]
    made, size = memory.in_halves(
        lambda part: list(_run(network, part, waves, stage).items()), taken, f"features of {stage.key.embedder}"
    )
    if size < len(taken):
        memory.note_batch(store, stage.key.sha256, min(size, smallest_batch(stage, store) or size))
    return dict(made)


def smallest_batch(stage: Stage, store: Store) -> int | None:
    """The smallest batch in which features of a stage were computed for want of memory; None if there was enough."""
    return memory.noted_batch(store, stage.key.sha256)


def _run(
    network: Embedder, batch: Sequence[SoundClip], waves: Prepared, stage: Stage
) -> dict[str, dict[str, np.ndarray]]:
    """Features of a batch by store key, the windows of a clip merged as the protocol says."""
    windows = [waves[clip.sha256, stage.preprocessing] for clip in batch]
    rate = stage.preprocessing.sample_rate
    features = iter(network.embed([Clip(row, rate) for rows in windows for row in rows]))
    return {
        stage.key.of(clip.sha256): _merge(list(islice(features, len(rows))), stage.preprocessing)
        for clip, rows in zip(batch, windows, strict=True)
    }


def _merge(windows: Sequence[Features], preprocessing: Preprocessing) -> dict[str, np.ndarray]:
    if preprocessing.window is None:
        return dict(windows[0])
    if preprocessing.merge == "mean":
        return {layer: np.mean([window[layer] for window in windows], axis=0) for layer in windows[0]}
    return {layer: np.concatenate([np.atleast_2d(window[layer]) for window in windows]) for layer in windows[0]}


def _raise_errors(writes: Sequence[Future[None]]) -> None:
    for write in writes:
        write.result()
