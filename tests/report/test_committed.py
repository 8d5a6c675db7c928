"""The committed tables are what the committed results give."""

from pathlib import Path

import pytest

from tta_bench.report.formats import files
from tta_bench.results import read_all

FOLDER = Path(__file__).parent.parent.parent / "reports" / "pocket"


@pytest.fixture(scope="module")
def rendered() -> dict[str, bytes]:
    return files(read_all(sorted(FOLDER.glob("*.json"))))


@pytest.mark.parametrize(
    "name", ["leaderboard.md", "leaderboard.csv", "leaderboard.tex", "leaderboard.html", "figures/n_events.svg"]
)
def test_rendering_the_committed_results_again_gives_the_same_bytes(name: str, rendered: dict[str, bytes]) -> None:
    """`python benchmark.py report reports/pocket/*.json --out reports/pocket` made them."""
    assert rendered[name] == (FOLDER / name).read_bytes()
