"""Figures as bytes: SVG and PDF, the same every time, and SVG that takes the colours of the page that it stands in."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

Draw = Callable[[], Any]
"""Makes a matplotlib Figure."""
STATED: Any = {
    "svg.hashsalt": "tta_bench", "svg.fonttype": "none", "pdf.fonttype": 42, "font.size": 8, "text.parse_math": False,
}  # fmt: skip
"""Text stays text, and a name with dollar signs is no formula."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
"""Okabe and Ito's, told apart by most colour-blind readers, in the order in which they are used; markers differ too."""
MARKERS = "os^Dv*Px"
NAMES, ROW = 4, 0.2
"""Names in a row of a legend, and its height in inches."""


class Drawing(NamedTuple):
    """A figure's bytes, without dates."""

    svg: bytes
    pdf: bytes


def draw(make: Draw) -> Drawing:
    """A figure, made once and written in both formats."""
    import matplotlib

    with matplotlib.rc_context(STATED):
        figure, svg, pdf = make(), io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata=dict.fromkeys(("Date", "Creator")))
        figure.savefig(pdf, format="pdf", metadata=dict.fromkeys(("CreationDate", "Creator", "Producer")))
    return Drawing(svg.getvalue(), pdf.getvalue())


def panels(n: int, *, columns: int, size: tuple[float, float], n_names: int) -> tuple[Any, list[Any]]:
    """A figure and its `n` axes in rows, with room above for a legend of `n_names`; `size` in inches is a panel's.

    Its places are worked out here: matplotlib's own layouts take as long as all the rest.
    """
    from matplotlib.figure import Figure

    n_columns = min(columns, n)
    n_rows = math.ceil(n / n_columns)
    width, height = size[0] * n_columns + 0.2, size[1] * n_rows + 0.3 + ROW * math.ceil(n_names / NAMES)
    figure = Figure(figsize=(width, height))
    left, right, low, high = 0.5, 0.1, 0.42, 0.25
    every = []
    for i in range(n):
        x = (0.2 + size[0] * (i % n_columns) + left) / width
        y = (0.2 + size[1] * (n_rows - 1 - i // n_columns) + low) / height
        axes = figure.add_axes((x, y, (size[0] - left - right) / width, (size[1] - low - high) / height))
        axes.spines[["top", "right"]].set_visible(False)
        every.append(axes)
    return figure, every


def legend(figure: Any, axes: list[Any], wanted: list[str]) -> None:
    """One legend above all panels, with the names that are wanted, in their order."""
    found = [panel.get_legend_handles_labels() for panel in axes]
    named = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    shown = [name for name in wanted if name in named]
    figure.legend(
        [named[name] for name in shown], shown, loc="upper center", ncols=NAMES, frameon=False, borderaxespad=0.2
    )


def look(place: int, *, control: bool) -> dict[str, Any]:
    """Colour and marker of a row; control rows are grey."""
    colour = "0.6" if control else COLOURS[place % len(COLOURS)]
    return {"color": colour, "marker": MARKERS[place % len(MARKERS)]}


def inline(svg: bytes, label: str) -> str:
    """An SVG to stand in a page: black becomes the page's ink and white nothing; styles become attributes, which a
    strict content-security policy allows. `label`, escaped, says what is to be seen."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<!-)\bstyle="([^"]*)"', lambda found: _attributes(found[1]), text)
    text = text.replace("#000000", "currentColor").replace('fill="#ffffff"', 'fill="none"')
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", tag[0]), text)
    text = re.sub(r"\s+", " ", text).replace("> <", "><")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" fill="currentColor" ', 1)


def _attributes(style: str) -> str:
    """`fill: none; stroke: red` as attributes."""
    stated = [entry.partition(":") for entry in style.split(";") if ":" in entry]
    found = {}
    for name, _, value in stated:
        if name.strip() == "font":
            found["font-size"] = value.strip().partition(" ")[0]
        else:
            found[name.strip()] = value.strip().replace('"', "'")
    return " ".join(f'{name}="{value}"' for name, value in found.items())
