"""The LaTeX tables compile with a TeX engine: Debian's, in continuous integration and `make test-tex`."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tta_bench.report.formats import files
from tta_bench.types import Result

DOCUMENT = r"""\documentclass{{article}}
\usepackage{{booktabs}}
\usepackage[landscape,paperwidth=300cm,paperheight=100cm]{{geometry}}
\begin{{document}}
{}
\end{{document}}
"""


@pytest.mark.parametrize("intervals", [True, False])
def test_the_tables_compile_whatever_models_are_called(
    intervals: bool, make_result: Callable[..., Result], tmp_path: Path
) -> None:
    engine = shutil.which("pdflatex")
    if engine is None:
        lacking = "no TeX engine: pdflatex is not on the PATH (apt-get install texlive-latex-recommended)"
        pytest.fail(lacking) if os.environ.get("TTA_BENCH_TEX") == "required" else pytest.skip(lacking)
    rows = [make_result(r"a_b & 50% #1 ~^ {x} \input{y} $z$", 3, 0.3), make_result("other", 9, 0.1)]
    text = files([*rows, make_result("noise", 90, 0, control=True)], intervals=intervals)["leaderboard.tex"].decode()
    (tmp_path / "t.tex").write_text(DOCUMENT.format(text), encoding="utf-8")
    run = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "t.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "t.pdf").stat().st_size > 10_000
    assert "Overfull" not in run.stdout.decode(errors="replace")
