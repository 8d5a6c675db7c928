"""A pack to rate by spreadsheet: blind, complete, the same from the same seed."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.listening.blind import MODELS, material, spec, write_clips
from tta_bench.listening import kit
from tta_bench.listening.forms import Line, csv_bytes, safe, xlsx_bytes
from tta_bench.listening.packing import pack
from tta_bench.listening.spec import axes_of
from tta_bench.types import UserError

AXES = axes_of("ovl_rel", "5", ("OVL", "REL"))


def packed(folder: Path, name: str = "mos.zip", **changed: Any) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    clips = folder / "clips" if (folder / "clips").exists() else write_clips(folder / "clips")
    key = pack(folder / name, spec(axes=AXES, per_list=12, **changed), material(clips, n_prompts=6))
    return zipfile.ZipFile(folder / name), key


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))


def test_a_sheet_has_a_row_for_each_clip_of_its_list_in_order(tmp_path: Path) -> None:
    archive, key = packed(tmp_path)
    assert len(key["lists"]) == 2
    for number, pages in enumerate(key["lists"], 1):
        found = rows(archive, f"sheets/sheet-{number:02}.csv")
        assert list(found[0]) == ["nr", "clip", "text", "OVL", "REL", "rater"]
        assert [row["clip"] for row in found] == [key["trials"][page]["stimuli"][0] for page in pages]
        assert all(f"audio/{row['clip']}.wav" in archive.namelist() for row in found)
        assert {row["OVL"] + row["REL"] + row["rater"] for row in found} == {""}


def test_csv_and_workbook_of_a_sheet_say_the_same(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    archive, _ = packed(tmp_path)
    page = load_workbook(io.BytesIO(archive.read("sheets/sheet-01.xlsx"))).worksheets[0]
    cells = [["" if cell is None else str(cell) for cell in line] for line in page.iter_rows(values_only=True)]
    assert cells[0] == list(rows(archive, "sheets/sheet-01.csv")[0])
    assert cells[1:] == [list(row.values()) for row in rows(archive, "sheets/sheet-01.csv")]


def test_a_pack_names_no_model_and_its_key_lies_outside(tmp_path: Path) -> None:
    archive, key = packed(tmp_path)
    for name in archive.namelist():
        data = archive.read(name)
        if name.endswith(".xlsx"):
            inner = zipfile.ZipFile(io.BytesIO(data))
            data = b"".join(inner.read(one) for one in inner.namelist())
        assert not [model for model in MODELS if model.encode() in data and not name.startswith("audio")], name
        assert not [model for model in MODELS if model in name]
    assert kit.read_key(tmp_path / "mos.key") == key
    assert not [name for name in archive.namelist() if "key" in name]


def test_the_same_seed_gives_the_same_zip(tmp_path: Path) -> None:
    packed(tmp_path, "one.zip")
    packed(tmp_path, "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_all_dates_in_a_pack_are_one(tmp_path: Path) -> None:
    archive, _ = packed(tmp_path)
    assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_a_caption_is_no_formula_in_any_spreadsheet() -> None:
    from openpyxl import load_workbook

    line = Line("0" * 32, "=HYPERLINK(0)")
    assert safe("-1 dB") == "'-1 dB"
    assert b"'=HYPERLINK" in csv_bytes([line], AXES)
    cell = load_workbook(io.BytesIO(xlsx_bytes([line], AXES))).worksheets[0]["C2"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(0)", "s")


def test_a_workbook_takes_no_score_off_the_scale() -> None:
    from openpyxl import load_workbook

    page = load_workbook(io.BytesIO(xlsx_bytes([Line("0" * 32, "A dog")] * 3, AXES))).worksheets[0]
    rules = {
        str(rule.sqref): (rule.type, rule.formula1, rule.formula2) for rule in page.data_validations.dataValidation
    }
    assert rules == {"D2:D4": ("whole", "1", "5"), "E2:E4": ("whole", "1", "5")}


def test_instructions_name_the_scales_in_every_language(tmp_path: Path) -> None:
    archive, _ = packed(tmp_path, consent={"en": "x", "ar": "y"})
    for language in ("en", "ar"):
        assert "OVL: 1 - 5" in archive.read(f"instructions.{language}.txt").decode()
        assert archive.read(f"consent.{language}.txt")


def test_a_pack_is_a_zip_and_overwrites_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"A pack is a \.zip"):
        packed(tmp_path, "mos.rar")
    packed(tmp_path)
    with pytest.raises(UserError, match="is there already"):
        packed(tmp_path)
