"""The nouns of the suite: prompts, clips, metrics, scores, results, and the protocols of a model and an embedder.

Records are frozen; arrays inside them are not copied. Nothing here imports torch or touches a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Features = Mapping[str, NDArray[np.float32]]
"""What an embedder says of one clip: layer name -> array, `(d,)` for the clip or `(n_frames, d)` for its frames."""


class UserError(Exception):
    """Something the user gave cannot be used. The message names the thing, the value seen and the way out."""


@dataclass(frozen=True)
class Event:
    """A sound event of a prompt's known timeline."""

    name: str
    """Class of the event, in the vocabulary of the prompt set."""
    onset: float | None = None
    """Seconds from the start of the clip; None where the prompt does not say."""
    offset: float | None = None
    """Seconds from the start of the clip; None where the prompt does not say."""
    count: int | None = None
    """How often it sounds, where the prompt says so."""
    level: float | None = None
    """dB of its RMS while it sounds, relative to the loudest event of the clip; None where nobody knows."""
    soundings: tuple[tuple[float, float], ...] = ()
    """`(onset, offset)` in seconds of each single time it sounds, where that is known."""


@dataclass(frozen=True)
class Prompt:
    """One caption to generate from, with what is known about it."""

    id: str
    """Unique in its set; the stem of the clip's file."""
    text: str
    """The caption, as the model sees it."""
    n_events: int | None = None
    """Number of sound events in the caption."""
    events: tuple[Event, ...] = ()
    """The known timeline, where there is one."""
    reference: Path | None = None
    """The recording that the caption describes."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Any further columns of the prompt file, by name (`relation`, `category` ...)."""


BUCKETS = ("1", "2", "3", "4+")
"""By which numbers of sound events are told apart."""


def bucket_of(n_events: int) -> str:
    """The bucket of a number of sound events, 1 or more."""
    return BUCKETS[min(n_events, len(BUCKETS)) - 1]


@dataclass(frozen=True)
class PromptSet:
    """Prompts in a fixed order, with unique ids."""

    name: str
    prompts: tuple[Prompt, ...]

    @property
    def sha256(self) -> str:
        """Hash of the ids, captions and event counts: equal for two sets exactly if a model sees the same."""
        rows = [[p.id, p.text, p.n_events] for p in self.prompts]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    def buckets(self) -> dict[str, tuple[Prompt, ...]]:
        """Prompts by number of sound events: keys of "1", "2", "3", "4+" that occur, in that order."""
        counted = [(p, bucket_of(p.n_events)) for p in self.prompts if p.n_events]
        return {name: found for name in BUCKETS if (found := tuple(p for p, bucket in counted if bucket == name))}


@dataclass(frozen=True)
class Clip:
    """A piece of audio."""

    samples: NDArray[np.float32]
    """`(n_samples,)` or `(n_channels, n_samples)`, full scale is [-1, 1]."""
    sample_rate: int
    """Hz."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.samples.shape[-1] / self.sample_rate)


@dataclass(frozen=True)
class ModelCard:
    """Who a model is and how it was run: everything that decides its clips, and what a reader should know."""

    name: str
    checkpoint: str
    revision: str
    settings: Mapping[str, object]
    trained_on: tuple[str, ...]
    licence: str
    paper: str


@runtime_checkable
class TextToAudioModel(Protocol):
    """A contestant."""

    card: ModelCard

    def generate(self, texts: Sequence[str], seeds: Sequence[int], duration: float) -> list[Clip]:
        """One clip of `duration` seconds for each text; clip i depends on texts[i], seeds[i] and duration only."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """A network that turns clips, and perhaps texts, into features."""

    sample_rate: int
    """Hz; clips given to `embed` must have it."""

    def embed(self, clips: Sequence[Clip]) -> list[Features]:
        """Features of each mono clip `(n_samples,)` at `sample_rate`, in order; equal lengths run as one batch."""
        ...

    def embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(n, d)` of captions, in the space of the layer "embedding". TypeError if it takes no text."""
        ...


Mono = Literal["first", "mean", "left", "right"]
Resampler = Literal["soxr_hq", "soxr_vhq", "sinc_hann6", "sinc_kaiser64", "decimate"]
Peak = Literal["none", "peak", "peak-1dB", "positive-peak"]
Quantise = Literal["none", "int16-round", "int16-truncate"]
Pad = Literal["none", "zero", "repeat"]


@dataclass(frozen=True)
class Preprocessing:
    """What happens to a clip before a network, in the order of these fields: part of a protocol, never silent."""

    sample_rate: int
    """Hz, of the result."""
    mono: Mono = "mean"
    """Which channel: the first, the mean of all, the left (first) or the right (second; refused for mono)."""
    remove_dc: bool = False
    """Subtract the mean of the clip, before resampling."""
    resampler: Resampler = "soxr_vhq"
    """`sinc_*` equal torchaudio's (hann of width 6; kaiser of width 64); `decimate` is the unfiltered legacy bug."""
    max_duration: float | None = None
    """Seconds; of what is longer, `long` says which part is kept. None keeps all."""
    long: Literal["first", "crop"] = "first"
    """The first `max_duration` seconds, or a crop at a place drawn from the seed given to `audio.prepare`."""
    peak: Peak = "none"
    """Scale so that the largest absolute sample is 1, or -1 dBFS, or that the largest positive sample is 1."""
    quantise: Quantise = "none"
    """Round trip through 16-bit integers, which also clips at full scale."""
    pad: Pad = "none"
    """How a clip shorter than `min_duration` is made to last: zeros at the end; or repeated whole as often as it fits,
    then zeros (LAION's `repeatpad`). With "none", clips shorter than `min_duration` are left out and named."""
    min_duration: float = 0.0
    """Seconds."""
    window: float | None = None
    """Seconds; cut into windows of this length, the last ones completed with zeros. None: the whole clip as one."""
    window_hop: float = 0.0
    """Seconds from one window's start to the next."""
    window_min: float = 0.0
    """Seconds of audio that a window after the first must hold, or it is dropped."""
    merge: Literal["mean", "rows"] = "mean"
    """How features of several windows become the clip's: their mean, or one row each."""


@dataclass(frozen=True)
class Metric:
    """One column of a table. `compute` is a pure function of float arrays.

    Set metrics return a float that speaks for the whole set; per-clip metrics return a vector `(n,)` that is averaged.
    """

    name: str
    """Column name; it names its network: `FD_PANNs`."""
    embedder: str
    """`module:checkpoint`, a file in `tta_bench/embedders/` and a row of `weights.CHECKPOINTS`."""
    preprocessing: Preprocessing
    layer: str
    """Which features: `embedding`, `logits`, `frames` ..."""
    compute: Callable[..., float | Floats]
    """`(generated, reference)`, `(audio, text)`, `(generated, events)` or `(generated,)` -> float or `(n,)`. Beside
    events stand the features of each clip, whose lengths may differ; else all clips' in one array."""
    against: Literal["reference", "caption", "events", None]
    """What the generated clips are compared with."""
    better: Literal["lower", "higher"]
    paper: str
    """Where the definition comes from: a citation, or an upstream file and commit."""
    per_clip: bool = False
    """Whether `compute` gives a value for each clip."""
    min_clips: int = 2
    """From how many clips on it is defined."""
    applies: Callable[[Sequence[Event]], bool] | None = None
    """Whether a prompt with these events can be judged by it; None where all can."""
    takes_rows: bool = False
    """Set metrics whose `compute` must know which clip a row belongs to: it gets `metrics.rows.Rows`, not arrays."""
    leave_out: Callable[..., Floats] | None = None
    """`(generated, reference, blocks)` of `Rows` -> the metric without each block: faster than `compute`, as exact."""
    remark: Callable[[int, int, int], str] | None = None
    """`(rows, reference rows, dimensions)` -> what a reader of the number should know, or the empty string."""


@dataclass(frozen=True)
class BenchmarkProtocol:
    """Named settings under which numbers can be compared."""

    name: str
    metrics: tuple[Metric, ...]
    summary: str
    """One sentence: whose numbers these are."""
    why: Mapping[str, str] = field(default_factory=dict)
    """Knob -> the reason for its value, with the source."""
    by_originals: bool = False
    """Whether the original packages compute the numbers, from files on, in their own environment."""


@dataclass(frozen=True)
class Score:
    """One number of a table, or None with the reason in `note`."""

    metric: str
    value: float | None
    ci95: tuple[float, float] | None
    n: int
    """Generated clips behind the value."""
    n_reference: int | None
    """References behind the value; None where the metric uses none."""
    bucket: str | None = None
    """None for the whole set, else a field and its value: `n_events=2`."""
    note: str = ""


@dataclass(frozen=True)
class Board:
    """What must be equal for two numbers to be comparable."""

    name: str
    prompts: PromptSet
    protocol: BenchmarkProtocol
    duration: float | None = None
    """Seconds of a clip; None for a board of clips made elsewhere."""
    scenes: bool = False
    """Whether its references are scenes of our own, rendered from the seeds that its prompts carry."""
    by: tuple[str, ...] = ("relation",)
    """Fields of the prompts by which scores are told apart, beside the number of sound events."""
    gaps: tuple[str, ...] = ()
    """Fields whose groups are to be treated alike: how far they lie apart is told."""
    training_captions: Path | None = None
    """Scenes of the training split with the embeddings of their captions, for the control row `retrieval`."""
    remark: str = ""
    """What a reader of its numbers must know."""
    dataset: str = ""
    """Of whose test part its prompts are, so that a reader can tell who was trained on the rest of it."""


@dataclass(frozen=True)
class Result:
    """All that is known of one model on one board; written as JSON, from which every table is made."""

    board: str
    protocol: str
    model: str
    control: bool
    """Whether the row is an anchor (recordings, noise ...) and not a contestant."""
    scores: tuple[Score, ...]
    per_clip: Mapping[str, Mapping[str, float]]
    """Metric -> prompt id -> value, for metrics that have one."""
    leave_out: Mapping[str, Sequence[float]]
    """Set metric -> its value without each block of the jackknife; blocks follow from n alone."""
    missing: Mapping[str, str]
    """Prompt id -> why it has no clip (only with --allow-missing)."""
    flags: Mapping[str, Sequence[str]]
    """Prompt id -> what is odd about its clip, which was scored all the same."""
    extra: Sequence[str]
    """Audio files that belong to no prompt and were not scored."""
    left_out: Mapping[str, Sequence[str]]
    """Metric -> prompts whose clips the protocol does not score, with the reason."""
    provenance: Mapping[str, object]
