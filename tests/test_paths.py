"""Names in files of others are paths below a folder, or refused."""

from pathlib import Path

import pytest

from tta_bench import arguments, boards
from tta_bench.paths import below
from tta_bench.prompts.readers import read_prompts
from tta_bench.types import UserError

ASTRAY = (
    "../x", "a/../../x", "/etc/passwd", "..", "C:\\x", "\\\\server\\x", "..\\x", "a\0b", "", " ", "a\nb", "x" * 1001,
    "C:x", "\u202egnp.exe",
)  # fmt: skip


@pytest.mark.parametrize("name", ASTRAY)
def test_a_name_that_leads_astray_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"leads out of|no file can have"):
        below(tmp_path, name)


@pytest.mark.parametrize("name", ["x.csv", "a/b.csv", "...x", "日本.csv", "a b"])
def test_other_names_are_below_the_folder(name: str, tmp_path: Path) -> None:
    assert below(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "identity", ["../x", "a/b", "a\\b", ".x", "..", "CON", "nul.txt", "LPT1", "x" * 201, "a\u202eb"]
)
def test_an_id_that_is_no_name_of_a_file_is_refused_with_its_line(identity: str, tmp_path: Path) -> None:
    (tmp_path / "prompts.csv").write_text(f"id,caption\nfine,x\n{identity},x\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"prompts\.csv', line 3: the id .*Ids name files"):
        read_prompts(tmp_path / "prompts.csv")


@pytest.mark.parametrize("name", ["../x", "/etc/hosts", "a\\u0000b"])
def test_a_board_names_files_beside_it_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f'protocol = "offline"\nprompts = "{name}"\nduration = 1.0\n')
    with pytest.raises(UserError, match=r"mine\.toml', prompts: .*Put the file beside the board"):
        boards.find(str(tmp_path / "mine.toml"))


@pytest.mark.parametrize("row", ["../x", "a/b", ".x", "a\\b", "a\0b"])
def test_a_row_that_is_no_name_of_a_file_is_refused(row: str) -> None:
    with pytest.raises(UserError, match="cannot name a row and its file"):
        arguments.name_folders([f"{row}=clips"])
