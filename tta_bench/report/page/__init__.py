"""The leaderboard as one page: opens from a file, under a strict content-security policy, and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tta_bench.report import drawing, published
from tta_bench.report.compare import Difference
from tta_bench.report.page.rows import Row, protocol_of, rows_of, told
from tta_bench.report.tables import Table
from tta_bench.results import ARROWS, better
from tta_bench.types import Result

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Picture:
    """A figure of the page."""

    name: str
    label: str
    svg: bytes


@dataclass(frozen=True)
class Section:
    """Tables that stand under one heading, folded."""

    title: str
    tables: tuple[Table, ...]


def page(
    results: Sequence[Result],
    found: Sequence[Difference],
    *,
    notes: Sequence[str],
    sections: Sequence[Section],
    pictures: Sequence[Picture],
    heard: Mapping[str, Any] | None = None,
) -> str:
    """The HTML. `notes` are those of the main table.

    `heard` is what `page.clips` made of a run, and adds the view in which prompts are heard.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_text(name) for name in ("page.css", "page.js"))
    if heard:
        script += _text("listen.js")
    rows = rows_of(results, found)
    return environment.get_template("page.html").render(
        board=told(results[0]),
        columns=[_column(results[0], metric) for metric in rows[0].cells],
        models=[row for row in rows if not row.control],
        controls=[row for row in rows if row.control],
        trained_on=sorted({name for row in rows for name in row.trained_on}),
        licences=sorted({row.licence for row in rows if row.licence}),
        protocol=protocol_of(results[0]),
        published=sorted(published.tables(), key=lambda table: table.board != results[0].board),
        notes=notes,
        sections=sections,
        pictures=[(one, drawing.inline(one.svg, "")) for one in pictures],
        data=_data(rows),
        heard=heard,
        heard_data=_json(heard) if heard else "",
        style=style,
        script=script,
        policy=_policy(style, script),
    )


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _column(result: Result, metric: str) -> dict[str, Any]:
    direction = better(result, metric)
    return {"name": metric, "better": direction, "arrow": ARROWS[direction]}


def _data(rows: Sequence[Row]) -> str:
    """What the script tells of each row's numbers when it is asked."""
    return _json({row.name: row.provenance for row in rows})


def _json(content: Any) -> str:
    """JSON that can stand in HTML: no text in it can end the element, or begin another."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    escaped = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    for character, code in escaped.items():
        text = text.replace(character, code)
    return text


def _policy(style: str, script: str) -> str:
    """Only this style and this script, and pictures and sound of the page's own folder."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src 'self' file: data:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
