"""Columns of tables: metrics with their direction, interval path and remarks, for any network and preprocessing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from tta_bench.metrics import alignment, divergence, frechet
from tta_bench.metrics.rows import Block, Rows, mean_per_clip
from tta_bench.metrics.segments import Detector
from tta_bench.types import Event, Floats, Metric, Preprocessing

EVENTS = "metrics/events.py; kin of AudioTime (arXiv:2407.02857) and RiTTA (arXiv:2412.15922)"
Compute = Callable[..., float | Floats]
LeaveOut = Callable[..., Floats]


def rank_remark(n: int, n_reference: int, dim: int) -> str:
    """Warns where a Gaussian of `dim` dimensions is fitted to too few rows."""
    rows = min(n, n_reference)
    return f"{rows} rows for {dim} dimensions: biased upwards, compare at equal n only" if rows <= dim else ""


def splits_remark(n: int, _n_reference: int, _dim: int, *, splits: int) -> str:
    """Says where the inception score had to do with fewer splits than its protocol asks for."""
    usable = divergence.usable_splits(n, splits)
    return f"{usable} of {splits} splits, since n is small" if usable < splits else ""


def fd(name: str, embedder: str, preprocessing: Preprocessing, *, paper: str, layer: str = "embedding") -> Metric:
    """A Frechet distance; over rows of frames it is what the field calls FAD."""
    return Metric(
        name=name,
        embedder=embedder,
        preprocessing=preprocessing,
        layer=layer,
        compute=frechet.frechet_distance,
        against="reference",
        better="lower",
        paper=paper,
        leave_out=frechet.frechet_leave_out,
        remark=rank_remark,
    )


def kl(name: str, embedder: str, preprocessing: Preprocessing, *, paper: str, compute: Compute) -> Metric:
    """A divergence between the class distributions of paired clips."""
    return Metric(
        name, embedder, preprocessing, "logits", compute, "reference", "lower", paper, per_clip=True, min_clips=1
    )


def split_score(logits: Floats, *, splits: int) -> float:
    """Inception score with as many of the splits as so few clips can fill."""
    return divergence.inception_score(logits, splits=divergence.usable_splits(len(logits), splits))


def split_leave_out(generated: Rows, reference: None, blocks: Sequence[Block], *, splits: int) -> Floats:
    """`split_score` without each block."""
    usable = divergence.usable_splits(len(generated.values), splits)
    return divergence.inception_leave_out(generated, reference, blocks, splits=usable)


def inception(name: str, embedder: str, preprocessing: Preprocessing, *, paper: str, splits: int = 10) -> Metric:
    """Inception score: exp of the mean KL between a clip's class distribution and its split's mean distribution."""
    return Metric(
        name=name,
        embedder=embedder,
        preprocessing=preprocessing,
        layer="logits",
        compute=partial(split_score, splits=splits),
        against=None,
        better="higher",
        paper=paper,
        leave_out=partial(split_leave_out, splits=splits),
        remark=partial(splits_remark, splits=splits),
    )


def caption_metric(name: str, embedder: str, preprocessing: Preprocessing, compute: Compute, *, paper: str) -> Metric:
    """A per-clip metric between a caption's embedding and its clip's."""
    return Metric(
        name, embedder, preprocessing, "embedding", compute, "caption", "higher", paper, per_clip=True, min_clips=1
    )


def clap(embedder: str, preprocessing: Preprocessing, *, paper: str, name: str = "CLAP_LAION") -> Metric:
    """CLAP score: the mean cosine between a caption's and its clip's embedding, in [-1, 1]."""
    return caption_metric(name, embedder, preprocessing, alignment.clap_score, paper=paper)


def _detected(
    compute: Compute, detector: Callable[[], Detector], generated: Sequence[Floats], asked: Sequence[Sequence[Event]]
) -> float | Floats:
    return compute(generated, asked, detector=detector())


def event_metric(
    compute: Compute,
    embedder: str,
    preprocessing: Preprocessing,
    *,
    detector: Callable[[], Detector],
    applies: Callable[[Sequence[Event]], bool],
    better: Literal["lower", "higher"] = "higher",
) -> Metric:
    """A metric of `metrics.events`, named as it is there, over the prompts that it applies to."""
    return Metric(
        name=compute.__name__,
        embedder=embedder,
        preprocessing=preprocessing,
        layer="framewise",
        compute=partial(_detected, compute, detector),
        against="events",
        better=better,
        paper=EVENTS,
        per_clip=True,
        min_clips=1,
        applies=applies,
    )


def set_distance(
    name: str, embedder: str, preprocessing: Preprocessing, compute: Compute, leave_out: LeaveOut, *, paper: str
) -> Metric:
    """A kernel distance between two sets of embeddings."""
    return Metric(
        name=name,
        embedder=embedder,
        preprocessing=preprocessing,
        layer="embedding",
        compute=compute,
        against="reference",
        better="lower",
        paper=paper,
        leave_out=leave_out,
    )


def neighbours(name: str, embedder: str, preprocessing: Preprocessing, compute: Compute) -> Metric:
    """Precision, recall, density or coverage of the generated set's manifold, k = 5."""
    paper = "Naeem et al., arXiv:2002.09797; generative-evaluation-prdc"
    return Metric(name, embedder, preprocessing, "embedding", compute, "reference", "higher", paper, min_clips=6)


def fad_infinity(generated: Rows, reference: Rows) -> float:
    """FAD extrapolated to infinitely many generated clips; the reference's own bias stays."""
    return frechet.frechet_infinity(generated, reference.values).value


def fad_infinity_both(generated: Rows, reference: Rows) -> float:
    """FAD extrapolated to infinitely many clips on both sides: about 0 for equal distributions."""
    return frechet.frechet_infinity_both(generated, reference).value


def fad_per_clip(generated: Rows, reference: Rows) -> float:
    """FAD over one row a clip, the mean of its frames."""
    return frechet.frechet_distance(mean_per_clip(generated).values, mean_per_clip(reference).values)


def fad_variant(name: str, preprocessing: Preprocessing, compute: Compute, *, paper: str, min_clips: int = 2) -> Metric:
    """A variant of FAD that must know which clip a frame belongs to."""
    return Metric(
        name=name,
        embedder="vggish:audioset",
        preprocessing=preprocessing,
        layer="frames",
        compute=compute,
        against="reference",
        better="lower",
        paper=paper,
        min_clips=min_clips,
        takes_rows=True,
    )
