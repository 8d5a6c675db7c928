"""Rating sheets to be filled in by hand, as csv and as workbooks, and zips whose bytes follow from what they hold."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tta_bench.listening import kit
from tta_bench.listening.spec import Axis

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that make a spreadsheet compute a text."""
WHEN: Final = datetime.fromtimestamp(kit.WHEN, UTC)
WIDTHS: Final = {"nr": 5, "clip": 38, "text": 80}


@dataclass(frozen=True)
class Line:
    """A clip to be rated."""

    clip: str
    """Name of its file without the suffix."""
    text: str
    """Its caption, or what a trap asks."""


def columns(axes: Sequence[Axis]) -> list[str]:
    """Names of the columns of a sheet; the rater fills in the axes, and `rater` once."""
    return ["nr", "clip", "text", *(axis.id for axis in axes), "rater"]


def csv_bytes(lines: Sequence[Line], axes: Sequence[Axis]) -> bytes:
    """A sheet as csv, with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns(axes))
    empty = [""] * (len(axes) + 1)
    writer.writerows([number, line.clip, safe(line.text), *empty] for number, line in enumerate(lines, 1))
    return text.getvalue().encode("utf-8-sig")


def safe(text: str) -> str:
    """The text such that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def xlsx_bytes(lines: Sequence[Line], axes: Sequence[Axis]) -> bytes:
    """A sheet as a workbook that takes no score off the scale."""
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook()
    book.properties.creator = ""
    book.properties.created = book.properties.modified = WHEN.replace(tzinfo=None)
    page = book.worksheets[0]
    page.title = "ratings"
    _fill(page, lines, axes)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        ExcelWriter(book, archive).save()
    with zipfile.ZipFile(written) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()}, compress=True)


def _fill(page: Worksheet, lines: Sequence[Line], axes: Sequence[Axis]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for column, name in enumerate(columns(axes), 1):
        page.cell(1, column, name).font = Font(bold=True)
        page.column_dimensions[get_column_letter(column)].width = WIDTHS.get(name, 10)
    page.freeze_panes = "A2"
    for row, line in enumerate(lines, 2):
        page.cell(row, 1, row - 1)
        page.cell(row, 2, line.clip)
        cell = page.cell(row, 3, line.text)
        cell.data_type = "s"  # a caption that begins with = is a text all the same
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for column, axis in enumerate(axes, 4):
        rule = DataValidation("whole", operator="between", formula1=str(axis.min), formula2=str(axis.max))
        rule.showErrorMessage, rule.error = True, f"{axis.id}: {axis.min} - {axis.max}"
        letter = get_column_letter(column)
        rule.add(f"{letter}2:{letter}{len(lines) + 1}")
        page.add_data_validation(rule)


def zipped(files: Mapping[str, bytes], *, compress: bool) -> bytes:
    """A zip whose bytes follow from the files alone: their order, dates and rights are the same in every zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, WHEN.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            entry.compress_type = archive.compression
            archive.writestr(entry, files[name])
    return out.getvalue()
