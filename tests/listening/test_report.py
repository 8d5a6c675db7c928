"""The report as its readers meet it: in a browser, in Markdown, in LaTeX."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import browsing
from tests.listening import simulated
from tests.listening.test_analysis import analysed
from tta_bench.listening import report
from tta_bench.listening.words import Grid, interval, number, p_value

if TYPE_CHECKING:
    from playwright.sync_api import Page

EVIL = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on systems of hostile names."""
    models = (EVIL, "a|b_c & [50 %]", "poor", "a name " + "that goes on " * 9)
    key = simulated.key(prompts=15, models=models)
    found = analysed(key, [*(simulated.session(key, r) for r in range(4)), simulated.session(key, 9, taste=0)])
    folder = tmp_path_factory.mktemp("report")
    for name, text in report.files(found).items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("width", "scheme"), [pytest.param(1280, "light", marks=pytest.mark.long), (375, "dark"), (320, "light")]
)
def test_the_page_is_whole_on_any_screen_asks_for_nothing_and_runs_nothing(
    written: Path, page: "Page", width: int, scheme: str
) -> None:
    seen = browsing.Seen(page, f"file://{written}")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"file://{written / 'report.html'}")
    assert (seen.errors, seen.outside) == ([], [])
    assert page.title() == "Listening test"
    assert page.get_by_role("rowheader", name=EVIL, exact=True).count() >= 2
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert browsing.serious_violations(page) == []


def test_the_page_forbids_all_but_its_own_style(written: Path) -> None:
    text = (written / "report.html").read_text()
    assert "default-src 'none'; style-src 'sha256-" in text
    assert "<script" not in text
    assert " style=" not in text


def test_markdown_shows_names_as_they_are_and_keeps_its_columns(written: Path) -> None:
    text = (written / "report.md").read_text()
    assert "<img" not in text
    line = next(line for line in text.splitlines() if line.startswith("| a\\|b"))
    assert line.startswith("| a\\|b\\_c &amp; \\[50 %\\] |")


def test_latex_escapes_what_tex_would_read() -> None:
    grid = Grid("T_1", ("a&b", "50 %"), (("[x]", "−1.0"), ("a_b~^\\", "–")), ("note",))
    lines = report.latex(grid).splitlines()
    assert lines[:4] == ["% T_1", "% note", r"\begin{tabular}{lr}", r"\toprule"]
    assert r"a\&b & 50 \% \\" in lines
    assert r"{[}x] & $-$1.0 \\" in lines
    assert r"a\_b\textasciitilde{}\textasciicircum{}\textbackslash{} & -- \\" in lines


def test_numbers_are_words() -> None:
    assert (number(-1.25, 1), number(None, 1), number(2.0, 1, sign="+")) == ("−1.2", "–", "+2.0")
    assert (interval((-1.0, 2.0), 1), interval(None, 1)) == ("[−1.0, 2.0]", "–")
    assert [p_value(p) for p in (None, 0.0004, 0.001, 0.5)] == ["–", "< 0.001", "0.001", "0.500"]
