"""Results of one model from several seeds as one row, with two levels of variance: prompts, and seeds within a prompt.

Each clip has noise of its own, so seeds have nothing in common between prompts. To first order a metric of seed k is

    V_k = V + mean over prompts i of (a_i + e_ik)

where a_i is what prompt i with its reference does to it, and e_ik what the noise of one clip does. The mean over K
seeds then has the variance (var a + var e / K) / n: that of a mean over prompts of what each does with its seeds
averaged. A bootstrap of the prompts' means over seeds, and the jackknife of the mean of the seeds' leave-out values,
which leave out the same prompts, both estimate it whole. Adding the variance between seeds over K would count var e
twice: by simulation (FD, n = 120, K = 2, e as large as a) it makes standard errors 30 % too large.

Buckets have no leave-out values: those of set metrics keep the width that one seed has, which is no less than theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tta_bench.metrics import intervals
from tta_bench.report.compare import scored
from tta_bench.report.trends import members
from tta_bench.results import board_hash
from tta_bench.types import Result, Score, UserError

NOT_PAIRED = "no interval: the seeds were not scored on the same prompts"


def merged(results: Sequence[Result]) -> list[Result]:
    """One row a name, in their order: seeds of one model become one, and a control row given twice is one.

    Raises UserError for two results of one name that are anything else, with what they differ in.
    """
    named: dict[str, list[Result]] = {}
    for result in results:
        named.setdefault(result.model, []).append(result)
    return [_row(runs) for runs in named.values()]


def _row(runs: Sequence[Result]) -> Result:
    first = runs[0]
    same = all(run.provenance.get("clips") == first.provenance.get("clips") for run in runs)
    return first if len(runs) == 1 or (first.control and same) else average(runs)


def thing(result: Result) -> dict[str, object]:
    """What decides a model's numbers beside the seed: where it stands in the provenance -> what stands there."""
    made_by = result.provenance
    program, generation = made_by.get("program"), made_by.get("generation")
    parts = {
        "board": board_hash(result),
        "protocol": result.protocol,
        "model": made_by.get("model"),
        "generation": {"duration": generation.get("duration")} if isinstance(generation, dict) else None,
        "program": program.get("recipe") if isinstance(program, dict) else None,
        "dtype": made_by.get("dtype"),
        "metrics": made_by.get("metrics"),
        "weights": made_by.get("weights"),
    }
    return dict(_flat(parts))


def _flat(value: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{above}{key}.")
        else:
            yield f"{above}{key}", inner


def seed_of(result: Result) -> int | None:
    """The seed that a result's clips were drawn from; None where nothing says so."""
    generation = result.provenance.get("generation")
    seed = generation.get("seed") if isinstance(generation, dict) else None
    return seed if isinstance(seed, int) else None


def average(runs: Sequence[Result]) -> Result:
    """Results of several seeds of one thing as one, where n counts prompts. `seeds` in its provenance tells the seeds,
    how far they lie apart, and what made each; the rest of it is that of the first.

    A prompt that has no value in a metric for one seed counts for none; a set metric of other prompts for another seed
    has no interval. Raises UserError if these are not seeds of one thing.
    """
    _check(runs)
    first = runs[0]
    per_clip = {metric: _prompt_means([run.per_clip.get(metric, {}) for run in runs]) for metric in first.per_clip}
    missing = {prompt: f"seed {seed_of(run)}: {why}" for run in runs for prompt, why in run.missing.items()}
    flags: dict[str, list[str]] = {}
    for run in runs:
        for prompt, found in run.flags.items():
            flags[prompt] = list(dict.fromkeys([*flags.get(prompt, []), *found]))
    return replace(
        first,
        scores=tuple(_score(score, runs, per_clip.get(score.metric)) for score in first.scores),
        per_clip={metric: values for metric, values in per_clip.items() if values},
        leave_out={metric: _leave_out(runs, metric).tolist() for metric in first.leave_out if _paired(runs, metric)},
        missing=missing,
        flags=flags,
        extra=list(dict.fromkeys(name for run in runs for name in run.extra)),
        left_out={metric: ids for run in runs for metric, ids in run.left_out.items()},
        provenance={**first.provenance, "clips": _shared_clips(runs), "seeds": _told(runs, per_clip)},
    )


def note(result: Result) -> str:
    """What a reader should know of the seeds behind a row; empty where it is of one run."""
    told = result.provenance.get("seeds")
    if not isinstance(told, dict):
        return ""
    parts = [f"mean of seeds {', '.join(map(str, told['of']))}"]
    if shares := sorted((share, metric) for metric, share in told["clip_variance"].items()):
        (low, least), (high, most) = shares[0], shares[-1]
        parts.append(f"between them lies {low:.0%} ({least}) to {high:.0%} ({most}) of a clip's variance")
    if told["sd"]:
        parts.append("their sd is " + ", ".join(f"{sd:.3g} ({metric})" for metric, sd in told["sd"].items()))
    return "; ".join(parts)


def _told(runs: Sequence[Result], per_clip: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    """The seeds, the share of a clip's variance between them by metric, the sd of set metrics, and what made each."""
    values = {
        metric: np.array([[run.per_clip[metric][prompt] for run in runs] for prompt in means])
        for metric, means in per_clip.items()
        if len(means) > 1
    }
    overall = {metric: [_find(run, metric, None) for run in runs] for metric in runs[0].leave_out}
    numbers = {
        metric: [s.value for s in each if s is not None and s.value is not None] for metric, each in overall.items()
    }
    keys = ("command", "generation", "clips")
    return {
        "of": [seed_of(run) for run in runs],
        "clip_variance": {metric: seed_share(found) for metric, found in values.items()},
        "sd": {metric: float(np.std(v, ddof=1)) for metric, v in numbers.items() if len(v) == len(runs)},
        "made_by": [{key: run.provenance[key] for key in keys if key in run.provenance} for run in runs],
    }


def seed_share(values: NDArray[np.float64]) -> float:
    """Share of the variance of clips `(n prompts, K seeds)` that lies between seeds of a prompt, from 0 to 1.

    Components of a one-way random model: the mean variance within prompts, and what the variance of the prompts' means
    is above its part of that; K >= 2, n >= 2.
    """
    within = float(values.var(axis=1, ddof=1).mean())
    between = max(0.0, float(values.mean(axis=1).var(ddof=1)) - within / values.shape[1])
    return within / (within + between) if within else 0.0


def _check(runs: Sequence[Result]) -> None:
    """Raises UserError unless these are different seeds of one thing."""
    name, known = runs[0].model, thing(runs[0])
    for run in runs[1:]:
        other = thing(run)
        apart = [key for key in {**known, **other} if known.get(key) != other.get(key)]
        if apart:
            told = "; ".join(f"{key}, {_short(known.get(key))} and {_short(other.get(key))}" for key in apart[:3])
            raise UserError(f"Two results are named {name} and differ in more than the seed: {told}. Give one of them.")
    seeds = [seed_of(run) for run in runs]
    if None in seeds:
        raise UserError(
            f"Two results are named {name} and nothing says from which seeds their clips are. Give one of them."
        )
    if twice := {str(seed) for seed in seeds if seeds.count(seed) > 1}:
        raise UserError(f"Two results of {name} are of seed {', '.join(sorted(twice))}. Give each seed once.")


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 24 else f"{text[:20]} ..."


def _shared_clips(runs: Sequence[Result]) -> dict[str, str]:
    """Clips of the first run, of the prompts that have one in each."""
    each = [run.provenance["clips"] for run in runs]
    known = [clips for clips in each if isinstance(clips, dict)]
    return {prompt: clip for prompt, clip in known[0].items() if all(prompt in clips for clips in known)}


def _prompt_means(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean over seeds of each prompt that all have."""
    shared = [prompt for prompt in runs[0] if all(prompt in run for run in runs)]
    return {prompt: float(np.mean([run[prompt] for run in runs])) for prompt in shared}


def _paired(runs: Sequence[Result], metric: str) -> bool:
    """Whether the leave-out values of all runs leave out the same prompts."""
    known = all(metric in run.leave_out for run in runs)
    return known and len({frozenset(scored(run, metric)) for run in runs}) == 1


def _leave_out(runs: Sequence[Result], metric: str) -> NDArray[np.float64]:
    """Mean over seeds of the values without each block `(G,)`."""
    mean: NDArray[np.float64] = np.mean([run.leave_out[metric] for run in runs], axis=0)
    return mean


def _find(run: Result, metric: str, bucket: str | None) -> Score | None:
    return next((score for score in run.scores if (score.metric, score.bucket) == (metric, bucket)), None)


def _score(score: Score, runs: Sequence[Result], means: Mapping[str, float] | None) -> Score:
    """One number of the row, from those of the runs."""
    each = [_find(run, score.metric, score.bucket) for run in runs]
    known = [one for one in each if one is not None and one.value is not None]
    if len(known) < len(each):
        why = next((one.note for one in each if one is not None and one.value is None), "a seed was not scored in it")
        return replace(score, value=None, ci95=None, note=why)
    if means and (prompts := _prompts(score, runs[0], means)):
        values = np.array([means[prompt] for prompt in prompts])
        interval = intervals.mean_interval(values) if all(one.ci95 for one in known) else None
        return replace(score, value=float(values.mean()), ci95=interval, n=len(prompts))
    return _of_sets(score, runs, known)


def _prompts(score: Score, run: Result, means: Mapping[str, float]) -> list[str]:
    """The prompts behind a per-clip score; none where the result does not say who is in the bucket."""
    field, _, bucket = (score.bucket or "").partition("=")
    chosen = members(run).get(field, {}).get(bucket, []) if score.bucket else means
    return [prompt for prompt in chosen if prompt in means]


def _of_sets(score: Score, runs: Sequence[Result], each: Sequence[Score]) -> Score:
    """Mean over seeds, with the jackknife of the mean of their leave-out values; in a bucket as wide as one seed's."""
    values = np.array([score.value for score in each], np.float64)
    mean, n = float(values.mean()), min(one.n for one in each)
    known = [one.ci95 for one in each if one.ci95 is not None]
    if len(known) < len(each):
        return replace(score, value=mean, ci95=None, n=n)
    if score.bucket is not None:
        low, high = np.sqrt(np.mean((np.array(known) - values[:, None]) ** 2, axis=0)).tolist()
        return replace(score, value=mean, ci95=(mean - low, mean + high), n=n)
    if not _paired(runs, score.metric):
        return replace(score, value=mean, ci95=None, n=n, note="; ".join(filter(None, [score.note, NOT_PAIRED])))
    return replace(score, value=mean, ci95=intervals.jackknife_interval(mean, _leave_out(runs, score.metric)), n=n)
