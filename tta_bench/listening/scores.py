"""What the ratings say: means, differences, strata and reliability of each axis, as rows of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from tta_bench.listening.design import Axis, Design
from tta_bench.listening.ratings import CONTROLS, Rating
from tta_bench.listening.statistics import pairs as paired
from tta_bench.listening.statistics import pigeonhole, reliability
from tta_bench.listening.statistics.clustered import Codes, Estimate, clustered_mean
from tta_bench.types import BUCKETS, Floats

FEWEST_PROMPTS: Final = 5
"""Of a stratum, below which it is not told."""


@dataclass(frozen=True)
class Mean:
    """The mean of a system on an axis, or why there is none."""

    screened: bool
    """Whether excluded sessions are left out."""
    axis: str
    system: str
    control: bool
    """Whether it is a hidden reference, an anchor or noise."""
    bucket: str | None
    """Of the prompts' number of events; None for all."""
    estimate: Estimate
    median: float | None
    bootstrap: tuple[float, float] | None
    """95 % interval of the pigeonhole bootstrap, a check of the estimate's."""
    group: str = ""
    """Systems that share a letter cannot be told apart."""


@dataclass(frozen=True)
class PairRow:
    """The difference of two systems on an axis."""

    screened: bool
    axis: str
    a: str
    b: str
    test: paired.Pair
    bootstrap: tuple[float, float] | None


@dataclass(frozen=True)
class Reliability:
    """How far raters agree on an axis; None with a reason in `notes`."""

    screened: bool
    axis: str
    raters: int
    items: int
    """Clips."""
    n: int
    alpha_interval: float | None
    alpha_ordinal: float | None
    icc_single: float | None
    icc_mean: float | None
    split_half: float | None
    sos_a: float | None
    histogram: dict[str, int]
    """Votes a step, where the scale has few."""
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    """Ratings of one axis as arrays, coded from 0 on."""

    scores: Floats
    raters: Codes
    items: Codes
    systems: Codes
    names: tuple[str, ...]
    """Of the systems."""


def system_names(design: Design) -> list[str]:
    """Models, then the clips beside them that stand for none."""
    shown = {name for trial in design.trials.values() if trial.role == "main" for name in trial.stimuli}
    roles = {design.stimuli[name].role for name in shown if design.stimuli[name].model is None}
    return [*design.models, *(role for role in CONTROLS if role in roles)]


def votes(ratings: Sequence[Rating], names: Sequence[str]) -> Votes:
    """Ratings as arrays; those of other systems are left out."""
    kept = [rating for rating in ratings if rating.system in names]
    raters = {rater: k for k, rater in enumerate(sorted({rating.rater for rating in kept}))}
    items = {item: k for k, item in enumerate(sorted({rating.prompt or "" for rating in kept}))}
    return Votes(
        np.array([rating.score for rating in kept], dtype=np.float64),
        np.array([raters[rating.rater] for rating in kept], dtype=np.int64),
        np.array([items[rating.prompt or ""] for rating in kept], dtype=np.int64),
        np.array([names.index(rating.system or "") for rating in kept], dtype=np.int64),
        tuple(names),
    )


def counted(ratings: Sequence[Rating], axis: str) -> list[Rating]:
    """Ratings that a table is made from: of main trials, hidden clips too."""
    return [rating for rating in ratings if rating.axis == axis and rating.role in ("main", *CONTROLS)]


def means(
    design: Design, ratings: Sequence[Rating], axis: str, *, screened: bool, bucket: str | None = None
) -> list[Mean]:
    """A row for each system, in the order of the design, also where nobody rated it."""
    names = system_names(design)
    found = votes(ratings, names)
    drawn = _draws(found, design.seed)
    rows = []
    for k, name in enumerate(names):
        of_one = found.systems == k
        estimate = clustered_mean(found.scores[of_one], found.raters[of_one], found.items[of_one])
        interval = pigeonhole.percentile_interval(drawn[:, k]) if drawn is not None and estimate.ci95 else None
        median = float(np.median(found.scores[of_one])) if of_one.any() else None
        rows.append(Mean(screened, axis, name, name not in design.models, bucket, estimate, median, interval))
    return rows


def strata(design: Design, ratings: Sequence[Rating], axis: str, *, screened: bool) -> list[Mean]:
    """Means by number of sound events; a stratum of fewer than 5 prompts has none, and says so."""
    rows = []
    for bucket in BUCKETS:
        prompts = {prompt for prompt, its in design.buckets.items() if its == bucket}
        if not prompts:
            continue
        of_bucket = [rating for rating in ratings if rating.prompt in prompts]
        heard = {rating.prompt for rating in of_bucket}
        table = means(design, of_bucket, axis, screened=screened, bucket=bucket)
        rows += table if len(heard) >= FEWEST_PROMPTS else [_refused(row, len(heard)) for row in table]
    return rows


def _refused(row: Mean, prompts: int) -> Mean:
    note = f"{prompts} prompt{'s' * (prompts != 1)}; a stratum needs {FEWEST_PROMPTS}"
    estimate = replace(row.estimate, value=None, ci95=None, se=None, df=None, note=note)
    return replace(row, estimate=estimate, median=None, bootstrap=None)


def pairs(design: Design, ratings: Sequence[Rating], axis: str, *, screened: bool) -> list[PairRow]:
    """Each two models on an axis; p values corrected over all of these."""
    found = votes(ratings, design.models)
    if not len(found.scores):
        return []
    drawn = _draws(found, design.seed)
    rows = []
    for test in paired.all_pairs(found.scores, found.raters, found.items, found.systems):
        gap = None if drawn is None or test.estimate.ci95 is None else drawn[:, test.a] - drawn[:, test.b]
        interval = None if gap is None else pigeonhole.percentile_interval(gap)
        rows.append(PairRow(screened, axis, found.names[test.a], found.names[test.b], test, interval))
    return rows


def grouped(design: Design, rows: Sequence[Mean], found: Sequence[PairRow]) -> list[Mean]:
    """Means with the letters of their groups; best first, then the clips beside the systems, then what has no mean."""
    models = sorted((row for row in rows if not row.control), key=_best_first)
    codes = {name: k for k, name in enumerate(design.models)}
    rated = [codes[row.system] for row in models if row.estimate.value is not None]
    letters = paired.groups(rated, [row.test for row in found])
    ordered = [replace(row, group=letters.get(codes[row.system], "")) for row in models]
    return ordered + sorted((row for row in rows if row.control), key=_best_first)


def _best_first(row: Mean) -> tuple[bool, float, str]:
    value = row.estimate.value
    return value is None, -(value or 0.0), row.system


def _draws(found: Votes, seed: int) -> Floats | None:
    if not len(found.scores) or not pigeonhole.enough(found.raters, found.items):
        return None
    return pigeonhole.bootstrap_means(found.scores, found.raters, found.items, found.systems, seed=seed)


def agree(design: Design, ratings: Sequence[Rating], axis: Axis, *, screened: bool) -> Reliability:
    """Reliability of an axis over its main clips."""
    table = clip_table(ratings)
    found: dict[str, float | None] = {
        "alpha_interval": reliability.krippendorff_alpha(table) if table.size else None,
        "alpha_ordinal": reliability.krippendorff_alpha(table, "ordinal") if table.size and axis.ordinal else None,
        "split_half": reliability.split_half(table, seed=design.seed) if table.size else None,
        "sos_a": reliability.sos_a(table, axis.low, axis.high) if table.size else None,
    }
    icc = reliability.icc(table) if table.size else None
    found |= {"icc_single": icc.single if icc else None, "icc_mean": icc.mean if icc else None}
    votes_of = Counter(f"{rating.score:g}" for rating in ratings) if axis.ordinal else {}
    histogram = {step: votes_of[step] for step in sorted(votes_of, key=float)}
    raters = len({rating.rater for rating in ratings})
    notes = {name: _reason(name, axis, table) for name, value in found.items() if value is None}
    return Reliability(screened, axis.id, raters, len(table), len(ratings), histogram=histogram, notes=notes, **found)


def clip_table(ratings: Sequence[Rating]) -> Floats:
    """Scores `(clips, raters)`, NaN where a rater did not hear a clip; of two scores of one, the mean."""
    clips = {clip: k for k, clip in enumerate(sorted({_clip(rating) for rating in ratings}))}
    raters = {rater: k for k, rater in enumerate(sorted({rating.rater for rating in ratings}))}
    sums, counts = np.zeros((len(clips), len(raters))), np.zeros((len(clips), len(raters)))
    for rating in ratings:
        cell = clips[_clip(rating)], raters[rating.rater]
        sums[cell] += rating.score
        counts[cell] += 1
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))


def _clip(rating: Rating) -> tuple[str, str]:
    return rating.system or "", rating.prompt or ""


def _reason(name: str, axis: Axis, table: Floats) -> str:
    if not table.size:
        return "no ratings"
    if table.shape[1] < 2:
        return "1 rater"
    if name == "alpha_ordinal" and not axis.ordinal:
        return "the scale has no named steps"
    if np.nanmax(table) == np.nanmin(table):
        return "all ratings are equal"
    if name.startswith("icc"):
        return "not every rater rated every clip" if np.isnan(table).any() else "too few clips, or nothing differs"
    return "too few clips that two raters share"
