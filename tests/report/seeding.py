"""Results of several seeds of one model, simulated: what a prompt does, and what the noise of a clip adds to it."""

from dataclasses import replace

import numpy as np

from tests.conftest import MakeResult
from tta_bench.metrics.frechet import frechet_distance, frechet_leave_out
from tta_bench.metrics.intervals import jackknife_blocks, jackknife_interval, mean_interval
from tta_bench.metrics.rows import Rows
from tta_bench.types import Result, Score

BETTER = {"FD": "lower", "KL": "lower", "CLAP": "higher", "recall": "higher", "count": "higher"}
D = 4


def of_seed(result: Result, seed: int, **model: object) -> Result:
    """The result as if its clips were generated from a seed."""
    card = {
        "name": "m",
        "checkpoint": "c",
        "revision": "r" * 64,
        "trained_on": ["x"],
        "note": "",
        "settings": {"steps": 20},
        **model,
    }
    generation = {"seed": seed, "seeds": {"p00": seed}, "duration": 5.0}
    return replace(result, provenance={**result.provenance, "model": card, "generation": generation})


def simulated(make_result: MakeResult, draw: int, seed: int, *, n: int = 100, worse: float = 0.0) -> Result:
    """A model of the prompts of one draw, scored with one seed: FD of features, skewed KL, CLAP, recall and counts.

    What prompts do is as large as what seeds do. A `worse` model is shifted by so many standard deviations of a clip.
    """
    prompts, rng = np.random.default_rng([draw, 1]), np.random.default_rng([draw, 2, seed])
    hard = prompts.standard_normal((n, 5))
    noisy = (hard + rng.standard_normal((n, 5))) / np.sqrt(2) + worse
    reference = prompts.standard_normal((n, D))
    features = 0.7 * reference + 0.7 * rng.standard_normal((n, D)) + 0.3 + worse
    values = {
        "KL": np.exp(0.6 * noisy[:, 0]),
        "CLAP": 0.4 - 0.12 * noisy[:, 1],
        "recall": np.clip(np.round(2 * (0.6 - 0.4 * noisy[:, 2])) / 2, 0, 1),
        "count": (noisy[:, 3] < 0).astype(float),
    }
    ids = [f"p{i:03}" for i in range(n)]
    rows = Rows(features, np.arange(n)), Rows(reference, np.arange(n))
    fd, left_out = frechet_distance(features, reference), frechet_leave_out(*rows, jackknife_blocks(n) or [])
    scores = [Score("FD", fd, jackknife_interval(fd, left_out), n, n)]
    scores += [Score(name, float(x.mean()), mean_interval(x, draws=200), n, None) for name, x in values.items()]
    made = of_seed(make_result("m", 1, 0.3), seed)
    provenance = {
        **made.provenance,
        "metrics": {name: {"better": better} for name, better in BETTER.items()},
        "clips": dict.fromkeys(ids, f"{seed:064}"),
    }
    return replace(
        made,
        scores=tuple(scores),
        per_clip={name: dict(zip(ids, x.tolist(), strict=True)) for name, x in values.items()},
        leave_out={"FD": left_out.tolist()},
        provenance=provenance,
    )
