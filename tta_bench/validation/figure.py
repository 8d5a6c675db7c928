"""The figure: a panel a metric, in it a line a degradation over its grades, side by side so that none hides another."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tta_bench.report.tables import number
from tta_bench.results import ARROWS
from tta_bench.validation.degradations import Degradation
from tta_bench.validation.findings import Finding, Verdict
from tta_bench.validation.studies import Study

STYLES: dict[Verdict, dict[str, Any]] = {
    "seen": {"color": "black", "marker": "o", "linestyle": "-"},
    "not monotone": {"color": "black", "marker": "o", "markerfacecolor": "white", "linestyle": "--"},
    "wrong way": {"color": "black", "marker": "v", "markerfacecolor": "white", "linestyle": ":"},
    "blind": {"color": "0.6", "marker": ".", "linestyle": "-"},
}
"""Told apart by dashes and markers, not by colour."""
SIZES: dict[str, Any] = {"markersize": 3, "linewidth": 0.9}


def figure(study: Study, found: Sequence[Sequence[Finding | None]]) -> bytes:
    """The figure as SVG, the same bytes every time.

    Up is worse, whichever way a metric goes: at the bottom line is the value of the references, at the top the worst
    of any degradation, and between them roots are drawn, so that small moves can be seen beside large ones.
    """
    kinds = study.degradations
    starts = [sum(len(kind.grades) + 2 for kind in kinds[:i]) for i in range(len(kinds))]
    with matplotlib.rc_context({"svg.hashsalt": "tta_bench", "svg.fonttype": "none", "font.size": 7}):
        drawn = Figure(figsize=(1.2 + 0.17 * (starts[-1] + 5), 1.0 + 0.62 * len(found)), layout="constrained")
        panels = drawn.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
        for axes, metric, line in zip(panels, study.board.protocol.metrics, found, strict=True):
            _panel(axes, line, starts)
            axes.set_ylabel(f"{metric.name} {ARROWS[metric.better]}", rotation=0, ha="right", va="center")
        _name_columns(panels[0], panels[-1], kinds, starts)
        lines = [Line2D([], [], label=verdict, **SIZES, **style) for verdict, style in STYLES.items()]
        title = "up is worse: from the references' value to the worst of the row, by the root"
        drawn.legend(handles=lines, loc="outside lower center", ncols=len(lines), frameon=False, title=title)
        drawn.align_ylabels()
        out = io.BytesIO()
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _panel(axes: Axes, line: Sequence[Finding | None], starts: Sequence[int]) -> None:
    """One metric: the references at 0, the worst of any degradation at 1."""
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    for finding, start in zip(line, starts, strict=True):
        if finding:
            places = range(start, start + len(finding.losses))
            axes.plot(places, [_root(loss) for loss in finding.losses], **SIZES, **STYLES[finding.verdict])
    known = [finding for finding in line if finding]
    if known:
        worst = max(known, key=lambda finding: max(finding.losses))
        grade = worst.losses.index(max(worst.losses))
        axes.set_yticks([0, _root(worst.losses[grade])], [number(worst.values[0]), number(worst.values[grade])])
    axes.margins(y=0.15)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _root(loss: float) -> float:
    """The signed root of a loss."""
    return math.copysign(math.sqrt(abs(loss)), loss)


def _name_columns(top: Axes, bottom: Axes, kinds: Sequence[Degradation], starts: Sequence[int]) -> None:
    """Each degradation above its lines, its grades below them."""
    for kind, start in zip(kinds, starts, strict=True):
        centre = start + len(kind.grades) / 2
        name = kind.name.replace("-", "\n")
        top.annotate(
            f"{name}\n{kind.unit}", (centre, 1.02), xycoords=("data", "axes fraction"), ha="center", va="bottom"
        )
    places = [start + 1 + i for kind, start in zip(kinds, starts, strict=True) for i in range(len(kind.grades))]
    bottom.set_xticks(places, [f"{grade:g}" for kind in kinds for grade in kind.grades], rotation=90)
