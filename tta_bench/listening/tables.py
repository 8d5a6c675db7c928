"""An analysis in words: titled tables of text, which the report shows as a page, as Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from tta_bench.listening.analysis import Analysis
from tta_bench.listening.preference_tables import abx, positions, strengths, wins
from tta_bench.listening.scores import Mean, PairRow, Reliability
from tta_bench.listening.statistics.clustered import METHOD, Estimate
from tta_bench.listening.statistics.pairs import LEVEL, WILCOXON
from tta_bench.listening.statistics.pigeonhole import METHOD as BOOTSTRAP
from tta_bench.listening.words import NONE, SCREENED, UNANIMOUS, Grid, interval, mean, number, p_value, reasons, which
from tta_bench.types import BUCKETS


def grids(found: Analysis) -> list[Grid]:
    """Every table that has a row, in the order in which a reader wants them."""
    each = [grid for axis in found.design.axes for grid in of_axis(found, axis)]
    each += [strengths(found.strengths), wins(found.wins), positions(found.positions), abx(found.abx)]
    each += [reliability(found), agreement(found), sessions(found)]
    return [grid for grid in each if grid.rows]


def of_axis(found: Analysis, axis: str) -> list[Grid]:
    """Means, differences and strata of an axis."""
    digits = _digits(found, axis)
    chosen = [[row for row in rows if row.axis == axis] for rows in (found.means, found.strata)]
    pairs = [row for row in found.pairs if row.axis == axis]
    return [
        means(f"{axis}, {scale(found, axis)}", chosen[0], digits),
        differences(f"{axis}: differences between systems", pairs, digits),
        strata(f"{axis} by number of sound events", chosen[1], digits),
    ]


def scale(found: Analysis, axis: str) -> str:
    """The scale of an axis in words."""
    its = found.design.axes[axis]
    return f"{its.low:g} to {its.high:g}, higher is better"


def _digits(found: Analysis, axis: str) -> int:
    its = found.design.axes[axis]
    return 2 if its.high - its.low <= 10 else 1


def means(title: str, rows: Sequence[Mean], digits: int) -> Grid:
    """Systems, best first."""
    every = {row.system: row for row in rows if not row.screened}
    columns = ("System", "Mean", "95 % interval", "Group", "Raters", "Prompts", "n", "Median", "Bootstrap", "All: mean")
    lines = tuple(
        (
            row.system,
            *mean(row.estimate, digits),
            row.group or NONE,
            *(str(count) for count in (row.estimate.raters, row.estimate.items, row.estimate.n)),
            number(row.median, digits),
            interval(row.bootstrap, digits),
            " ".join(mean(every[row.system].estimate, digits)),
        )
        for row in rows
        if row.screened
    )
    notes = (
        f"Interval: {METHOD}. Bootstrap, a check by another road: {BOOTSTRAP}. {SCREENED}",
        f"Systems that share a letter cannot be told apart at {LEVEL:g} after Holm's correction.",
    )
    return Grid(title, columns, lines, (*notes, *reasons(row.estimate for row in rows if row.screened)))


def differences(title: str, rows: Sequence[PairRow], digits: int) -> Grid:
    """Each two systems."""
    every = {(row.a, row.b): row.test for row in rows if not row.screened}
    columns = ("Pair", "Difference", "95 % interval", "p", "p (Holm)", "Raters", "Prompts", "n", "Wilcoxon (Holm)")
    lines = tuple(
        (
            f"{row.a} − {row.b}",
            *mean(row.test.estimate, digits, sign="+"),
            p_value(row.test.p),
            p_value(row.test.p_holm),
            *(str(count) for count in (row.test.estimate.raters, row.test.estimate.items, row.test.estimate.n)),
            p_value(row.test.wilcoxon_p_holm),
            number(every[row.a, row.b].estimate.value, digits, sign="+"),
            p_value(every[row.a, row.b].p_holm),
        )
        for row in rows
        if row.screened
    )
    notes = (
        f"Test and interval: {METHOD} on the difference; Holm over all pairs of the axis. {SCREENED}",
        f"Second opinion: {WILCOXON}. {UNANIMOUS}",
    )
    why = reasons(row.test.estimate for row in rows if row.screened)
    return Grid(title, (*columns, "All: difference", "All: p (Holm)"), lines, (*notes, *why))


def strata(title: str, rows: Sequence[Mean], digits: int) -> Grid:
    """Systems by buckets."""
    cells = {(row.system, row.bucket): row.estimate for row in rows if row.screened}
    buckets = [bucket for bucket in BUCKETS if any(key[1] == bucket for key in cells)]
    lines = tuple(
        (system, *(_stratum(cells[system, bucket], digits) for bucket in buckets))
        for system in dict.fromkeys(key[0] for key in cells)
    )
    columns = ("System", *(f"{bucket} event{'s' * (bucket != '1')}" for bucket in buckets))
    notes = (f"Mean and 95 % interval ({METHOD}), n ratings of R raters and I prompts; excluded sessions left out.",)
    return Grid(title, columns, lines, (*notes, *reasons(cells.values())))


def _stratum(one: Estimate, digits: int) -> str:
    if one.value is None:
        return NONE
    return f"{' '.join(mean(one, digits))} (n {one.n}, R {one.raters}, I {one.items})"


def reliability(found: Analysis) -> Grid:
    """How far raters agree."""
    columns = ("Axis", "Sessions", "Raters", "Clips", "n", "Alpha", "Alpha (ordinal)", "ICC(A,1)", "ICC(A,k)",
               "Split-half", "SOS a", "Test-retest")  # fmt: skip
    retest = {row.axis: row for row in found.retest}
    lines = tuple(
        (
            row.axis,
            which(row.screened),
            *(str(count) for count in (row.raters, row.items, row.n)),
            *(number(value, 2) for value in _coefficients(row)),
            f"{number(retest[row.axis].mean, 1)} (n {retest[row.axis].n})" if row.screened else NONE,
        )
        for row in found.reliability
    )
    why = dict.fromkeys(
        f"{row.axis}: no {name.replace('_', ' ')}: {why}."
        for row in found.reliability
        for name, why in row.notes.items()
    )
    notes = (
        "Krippendorff's alpha and ICC(A,1) speak of one rater, and 0.3 to 0.45 is usual for generated sound; ICC(A,k) "
        "and the split-half reliability (Spearman-Brown) speak of the mean over all raters. Test-retest is the mean "
        "distance of two scores that one rater gave to one clip.",
    )
    return Grid("Reliability", columns, lines, (*notes, *why))


def _coefficients(row: Reliability) -> tuple[float | None, ...]:
    return row.alpha_interval, row.alpha_ordinal, row.icc_single, row.icc_mean, row.split_half, row.sos_a


def agreement(found: Analysis) -> Grid:
    """How far automatic metrics agree with the listeners."""
    rows = tuple(
        (axis, row.metric, row.level, str(row.n), row.text) for axis, some in found.agreement.items() for row in some
    )
    notes = ("Spearman's rank correlation, signed so that +1 is perfect for metrics of either direction; BCa bootstrap "
             "over clips or systems.",)  # fmt: skip
    return Grid("Agreement with automatic metrics", ("Axis", "Metric", "Level", "n", "Agreement"), rows, notes)


def sessions(found: Analysis) -> Grid:
    """Sessions that do not count, and why."""
    lines = tuple((one.session[:12], one.rater, one.rule, one.detail) for one in found.exclusions)
    notes = ("By rules that the kit fixed before anyone listened.",)
    return Grid("Excluded sessions", ("Session", "Rater", "Rule", "Why"), lines, notes)
