"""Tables show what results hold: best, inseparable, second, intervals, notes, control rows apart."""

import io
from dataclasses import replace

import pandas as pd
import pytest

from tta_bench.report import formats, tables
from tta_bench.report.compare import differences

from ..conftest import MakeResult


@pytest.fixture
def rows(make_result: MakeResult) -> list:
    return [
        make_result("noise", 90, 0.0, control=True),
        make_result("mid", 12, 0.31),
        make_result("best", 10, 0.40),
        make_result("worst", 30, 0.20),
    ]


def marks(table: tables.Table, column: int) -> dict[str, str]:
    return {line.name: line.cells[column].mark for line in table.lines}


def test_the_best_is_bold_whichever_way_is_better_and_the_second_underlined(rows: list) -> None:
    table = tables.make_table(rows, differences(rows))
    assert table.columns == ("FD_X ↓", "CLAP_X ↑")
    for column in (0, 1):
        assert marks(table, column) == {"best": "best", "mid": "second", "worst": "", "noise": ""}


def test_a_model_that_cannot_be_separated_from_the_best_is_bold_too(make_result: MakeResult) -> None:
    twins = [make_result("a", 10, 0.4), make_result("b", 10, 0.4), make_result("c", 30, 0.2)]
    table = tables.make_table(twins, differences(twins))
    assert marks(table, 1) == {"a": "best", "b": "best", "c": "second"}


def test_control_rows_come_last_and_win_nothing(make_result: MakeResult) -> None:
    rows = [make_result("recordings", 0.1, 0.9, control=True), make_result("a", 10, 0.3), make_result("b", 12, 0.2)]
    table = tables.make_table(rows, differences(rows))
    assert [line.name for line in table.lines] == ["a", "b", "recordings"]
    assert marks(table, 0)["recordings"] == ""


def test_a_lone_model_is_not_called_best(make_result: MakeResult) -> None:
    rows = [make_result("only", 10, 0.3)]
    assert set(marks(tables.make_table(rows, []), 0).values()) == {""}


def test_a_missing_number_is_a_dash_with_its_reason_as_a_note(make_result: MakeResult) -> None:
    result = make_result("a", 10, 0.3)
    lacking = replace(result.scores[0], value=None, ci95=None, note="1 clips, needs 2")
    table = tables.make_table([replace(result, scores=(lacking, *result.scores[1:]))], [])
    assert table.lines[0].cells[0].value == "–"
    assert "FD_X: 1 clips, needs 2" in table.notes


def test_markdown_cannot_be_broken_by_a_name(make_result: MakeResult) -> None:
    rows = [make_result("a|b*<i>", 10, 0.3)]
    text = formats.markdown(tables.make_table(rows, []))
    assert "a\\|b\\*&lt;i>" in text


def test_latex_escapes_names_and_rules_off_control_rows(rows: list) -> None:
    text = formats.latex(tables.make_table(rows, differences(rows)))
    assert r"FD\_X $\downarrow$" in text
    assert r"\textbf{10.00} {\scriptsize [9.00, 11.00]}" in text
    assert r"\underline{12.00}" in text
    assert text.index(r"\midrule", text.index("worst")) < text.index("noise")


def test_latex_without_intervals_has_none(rows: list) -> None:
    assert "scriptsize" not in formats.latex(tables.make_table(rows, []), intervals=False)


def test_csv_reads_into_pandas_with_buckets_and_directions(rows: list) -> None:
    frame = pd.read_csv(io.StringIO(formats.csv_text(rows)))
    assert len(frame) == 12
    best = frame[(frame.model == "best") & (frame.metric == "FD_X")].iloc[0]
    assert (best.value, best.better, best.n) == (10.0, "lower", 40)
    assert set(frame.bucket.dropna()) == {"n_events=1"}


def test_buckets_make_a_table_of_their_own(rows: list) -> None:
    [table] = tables.bucket_tables(rows)
    assert [line.name for line in table.lines][:2] == ["n_events=1, mid", "n_events=1, best"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (-1e-5, "0.000"), (0.9996, "1.00"), (12.345, "12.35"), (-0.5, "-0.500")]
)
def test_numbers_read_as_papers_print_them(value: float, text: str) -> None:
    assert tables.number(value) == text


def test_rendering_again_gives_the_same_bytes(rows: list) -> None:
    assert formats.files(rows) == formats.files(rows)
