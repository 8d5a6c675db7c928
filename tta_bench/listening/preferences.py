"""What the choices say: strengths of systems, wins between each two, and whether the first clip is chosen too often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from tta_bench.listening.design import Design
from tta_bench.listening.ratings import Choice
from tta_bench.listening.statistics import bradley_terry as bt
from tta_bench.listening.statistics import pigeonhole
from tta_bench.listening.statistics.clustered import Estimate, clustered_mean, two_sided_p
from tta_bench.listening.statistics.pairs import Pair, corrected, groups, item_means, wilcoxon_p
from tta_bench.types import Floats

AXIS: Final = "preference"
ELO: Final = 400 / np.log(10)
SIGNS: Final = {"left": 1.0, "right": -1.0, "tie": 0.0}
OUTCOMES: Final = {"left": 0, "right": 1, "tie": 2}


@dataclass(frozen=True)
class Strength:
    """How strong a system is in choices, as a log strength with mean 0 over systems."""

    screened: bool
    system: str
    value: float | None
    ci95: tuple[float, float] | None
    elo: float | None
    """The same in the units of chess."""
    wins: int
    ties: int
    losses: int
    raters: int
    items: int
    method: str
    note: str
    group: str = ""
    """Systems that share a letter cannot be told apart."""


@dataclass(frozen=True)
class Wins:
    """What was chosen between two systems."""

    screened: bool
    a: str
    b: str
    wins: int
    ties: int
    losses: int
    test: Pair
    """Of wins less losses, as a share of all choices."""
    raters_for_a: int
    """Raters who chose a more often than b."""
    raters_for_b: int
    majority_p: float | None
    """Exact binomial test over these raters; None where there is none."""


@dataclass(frozen=True)
class Position:
    """How often the clip that was shown first was chosen; ties count half."""

    screened: bool
    share: Estimate
    p: float | None
    """Of the share being one half."""
    p_holm: float | None = None
    """Corrected for all pairs, where there are several."""


@dataclass(frozen=True)
class Coded:
    """Choices as arrays, with what the codes mean."""

    choices: bt.Choices
    signs: Floats
    """1 where the left was chosen, -1 the right, 0 neither."""
    names: tuple[str, ...]


def coded(design: Design, choices: Sequence[Choice]) -> Coded:
    """Choices of main trials as arrays."""
    kept = [c for c in choices if c.role == "main" and {c.left, c.right} <= set(design.models) and c.left != c.right]
    raters = {rater: k for k, rater in enumerate(sorted({c.rater for c in kept}))}
    items = {item: k for k, item in enumerate(sorted({c.prompt or "" for c in kept}))}
    arrays = [
        [design.models.index(c.left or "") for c in kept],
        [design.models.index(c.right or "") for c in kept],
        [OUTCOMES[c.choice] for c in kept],
        [raters[c.rater] for c in kept],
        [items[c.prompt or ""] for c in kept],
    ]
    left, right, outcome, who, item = (np.array(array, dtype=np.int64) for array in arrays)
    found = bt.Choices(left, right, outcome, who, item, len(design.models))
    return Coded(found, np.array([SIGNS[c.choice] for c in kept], dtype=np.float64), design.models)


def strengths(found: Coded, *, screened: bool, seed: int) -> list[Strength]:
    """A row for each system, strongest first; without numbers, and with the reason, where they cannot be ranked."""
    choices, n = found.choices, len(found.signs)
    parts = bt.components(choices)
    counts = len(np.unique(choices.raters)), len(np.unique(choices.items))
    if not n or len(parts) > 1:
        note = _apart(parts, found.names) if n else "no choices"
        return [Strength(screened, name, None, None, None, *_tally(found, k), *counts, bt.METHOD, note)
                for k, name in enumerate(found.names)]  # fmt: skip
    values = bt.strengths(choices).values
    drawn = None
    if pigeonhole.enough(choices.raters, choices.items):
        drawn = bt.bootstrap_strengths(choices, seed=seed)
    rows = []
    for k, name in enumerate(found.names):
        interval = None if drawn is None else pigeonhole.percentile_interval(drawn[:, k])
        note = "" if interval else "no interval: too few raters or prompts"
        note = "never lost or never won: how far it stands off is not known" if k in bt.unbeaten(choices) else note
        row = Strength(screened, name, float(values[k]), interval, float(ELO * values[k]), *_tally(found, k), *counts,
                       f"{bt.METHOD}, {pigeonhole.METHOD}", note)  # fmt: skip
        rows.append(row)
    return sorted(rows, key=lambda row: (-(row.value or 0.0), row.system))


def _apart(parts: Sequence[set[int]], names: Sequence[str]) -> str:
    groups = (" ".join(names[k] for k in sorted(part)) for part in parts)
    return f"never compared, even over others: {' | '.join(groups)}"


def _tally(found: Coded, system: int) -> tuple[int, int, int]:
    """Wins, ties and losses of a system."""
    signs = np.r_[found.signs[found.choices.left == system], -found.signs[found.choices.right == system]]
    return int((signs > 0).sum()), int((signs == 0).sum()), int((signs < 0).sum())


def wins(found: Coded, *, screened: bool) -> list[Wins]:
    """Each two systems; p values corrected over all pairs."""
    rows = [_wins(found, a, b, screened) for a, b in combinations(range(len(found.names)), 2)]
    main = corrected([row.test.p for row in rows])
    second = corrected([row.test.wilcoxon_p for row in rows])
    return [
        replace(row, test=replace(row.test, p_holm=p, wilcoxon_p_holm=w))
        for row, p, w in zip(rows, main, second, strict=True)
    ]


def _wins(found: Coded, a: int, b: int, screened: bool) -> Wins:
    choices = found.choices
    here = ((choices.left == a) & (choices.right == b)) | ((choices.left == b) & (choices.right == a))
    signs = np.where(choices.left == a, found.signs, -found.signs)[here]
    raters, items = choices.raters[here], choices.items[here]
    estimate = clustered_mean(signs, raters, items)
    by_item = np.array(list(item_means(signs, items).values()))
    test = Pair(a, b, estimate, two_sided_p(estimate), None, wilcoxon_p(by_item), None, len(by_item))
    majorities = np.sign(list(item_means(signs, raters).values()))
    for_a, for_b = int((majorities > 0).sum()), int((majorities < 0).sum())
    counts = int((signs > 0).sum()), int((signs == 0).sum()), int((signs < 0).sum())
    return Wins(screened, found.names[a], found.names[b], *counts, test, for_a, for_b, _binomial(for_a, for_b))


def grouped(rows: Sequence[Strength], found: Sequence[Wins], names: Sequence[str]) -> list[Strength]:
    """Strengths, strongest first, with the letters of their groups by the tests of pairs."""
    ranked = [names.index(row.system) for row in rows if row.value is not None]
    letters = groups(ranked, [row.test for row in found])
    return [replace(row, group=letters.get(names.index(row.system), "")) for row in rows]


def _binomial(a: int, b: int) -> float | None:
    from scipy.stats import binomtest

    return float(binomtest(a, a + b).pvalue) if a + b else None


def position(found: Coded, *, screened: bool) -> Position:
    """Whether the place of a clip, and not its sound, was chosen."""
    share = clustered_mean((found.signs + 1) / 2, found.choices.raters, found.choices.items)
    return Position(screened, share, two_sided_p(share, null=0.5))


def correct(choices: Sequence[Choice], *, screened: bool) -> list[tuple[str, Position]]:
    """ABX: for each two systems, the share of right answers, against guessing."""
    judged: dict[str, list[Choice]] = {}
    for choice in choices:
        if choice.role == "main" and choice.correct is not None:
            judged.setdefault(" | ".join(sorted((choice.left or "", choice.right or ""))), []).append(choice)
    rows = []
    for pair in sorted(judged):
        codes = [np.unique([getattr(c, key) or "" for c in judged[pair]], return_inverse=True)[1]
                 for key in ("rater", "prompt")]  # fmt: skip
        share = clustered_mean(np.array([float(bool(c.correct)) for c in judged[pair]]), *codes)
        rows.append((pair, Position(screened, share, two_sided_p(share, null=0.5))))
    every = corrected([row.p for _, row in rows])
    return [(pair, replace(row, p_holm=p)) for (pair, row), p in zip(rows, every, strict=True)]
