"""Writes listening.json: what pingouin, krippendorff, statsmodels and choix say of the tables below, which the tests
make again.

These are oracles of development only (the first two are GPL-3), no part of the project. In an environment of their
own:

    pip install pingouin==0.7.0 krippendorff==0.9.0 statsmodels==0.15.0 choix==0.4.1
    python tests/golden/make_listening.py
"""

import json
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import numpy as np

ORACLES = ("pingouin", "krippendorff", "statsmodels", "choix", "numpy", "scipy")


def tables():
    """Tables `(items, raters)` by name; `gaps` have NaN. RandomState's stream never changes."""
    rng = np.random.RandomState(11)
    found = {}
    for n, k in ((8, 3), (20, 6), (40, 12)):
        table = rng.normal(50, 12, (n, 1)) + rng.normal(0, 9, k) + rng.normal(0, 18, (n, k))
        found[f"complete_{n}x{k}"] = np.round(table, 3)
        votes = np.clip(np.round(table / 20), 1, 5)
        votes[rng.random_sample((n, k)) < 0.4] = np.nan
        found[f"gaps_{n}x{k}"] = votes
    return found


def cells():
    """Ratings of one system with missing cells: scores, raters and items `(n,)`."""
    rng = np.random.RandomState(12)
    raters, items = (x.ravel() for x in np.meshgrid(np.arange(9), np.arange(25), indexing="ij"))
    scores = 60 + rng.normal(0, 8, 9)[raters] + rng.normal(0, 12, 25)[items] + rng.normal(0, 15, 225)
    kept = rng.random_sample(225) < 0.7
    return np.round(scores[kept], 3), raters[kept], items[kept]


def comparisons():
    """Winners and losers `(n,)` of 5 systems, without ties, each a pair (winner, loser)."""
    rng = np.random.RandomState(13)
    strength = np.array([0.9, 0.4, 0.0, -0.3, -1.0])
    found = []
    for a, b in [pair for pair in combinations(range(5), 2) for _ in range(30)]:
        chance = 1 / (1 + np.exp(strength[b] - strength[a]))
        found.append((a, b) if rng.random_sample() < chance else (b, a))
    return found


def p_values():
    """p values in no order, with equal ones."""
    return np.round(np.random.RandomState(14).random_sample(15) ** 3, 4)


def of_pingouin(table):
    import pandas as pd
    import pingouin

    n, k = table.shape
    items, raters = (x.ravel() for x in np.meshgrid(range(n), range(k), indexing="ij"))
    long = pd.DataFrame({"item": items, "rater": raters, "score": table.ravel()})
    found = pingouin.intraclass_corr(long, targets="item", raters="rater", ratings="score").set_index("Type")["ICC"]
    return [float(found["ICC(A,1)"]), float(found["ICC(A,k)"])]


def of_statsmodels(scores, raters, items):
    """Standard error of the mean, clustered by both."""
    import statsmodels.api as sm

    groups = np.column_stack([raters, items])
    fit = sm.OLS(scores, np.ones_like(scores)).fit()
    return float(sm.stats.sandwich_covariance.cov_cluster_2groups(fit, groups[:, 0], groups[:, 1])[0][0, 0] ** 0.5)


def main():
    import choix
    import krippendorff
    from statsmodels.stats.multitest import multipletests

    found = {"versions": {name: version(name) for name in ORACLES}, "icc": {}, "alpha": {}}
    for name, table in tables().items():
        if name.startswith("complete"):
            found["icc"][name] = of_pingouin(table)
        levels = ("interval",) if name.startswith("complete") else ("interval", "ordinal")
        found["alpha"][name] = {
            level: float(krippendorff.alpha(reliability_data=table.T, level_of_measurement=level)) for level in levels
        }
    found["clustered_se"] = of_statsmodels(*cells())
    found["holm"] = multipletests(p_values(), method="holm")[1].tolist()
    found["bradley_terry"] = choix.opt_pairwise(
        5, comparisons(), alpha=0.005
    ).tolist()  # its penalty is alpha |x|^2: a ridge of 0.01
    Path(__file__).with_name("listening.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
