"""Tables as a terminal shows them."""

import io

import pytest

from tests.conftest import MakeResult
from tta_bench.report import screen, tables


def shown(make_result: MakeResult, width: int) -> str:
    (table, *_) = tables.all_tables([make_result("alpha", 10, 0.3), make_result("noise", 300, 0.1, control=True)], [])
    stream = io.StringIO()
    console = screen.console(stream)
    console.width = width
    console.print(screen.grid(table, width))
    return stream.getvalue()


def test_an_interval_stands_below_its_number(make_result: MakeResult) -> None:
    lines = shown(make_result, 100).splitlines()
    row = next(i for i, line in enumerate(lines) if "alpha" in line)
    assert "10.00" in lines[row]
    assert "[9.00, 11.00]" in lines[row + 1]


def test_columns_that_do_not_fit_follow_in_a_part_of_their_own(make_result: MakeResult) -> None:
    text = shown(make_result, 40)
    first, second = text.split("continued")
    assert "FD_X" in first
    assert "CLAP_X" not in first
    assert "CLAP_X" in second
    assert second.count("alpha") == 1
    assert "continued" not in shown(make_result, 100)


@pytest.mark.parametrize("width", [30, 40, 100, 240])
def test_every_number_is_shown_whatever_the_width(make_result: MakeResult, width: int) -> None:
    text = shown(make_result, width)
    assert [text.count(value) for value in ("10.00", "300.00")] == [1, 1]
