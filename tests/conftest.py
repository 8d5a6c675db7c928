"""Results made by hand, a small folder of clips, and a browser, for tests that need some."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest

from tests import browsing
from tta_bench import audio
from tta_bench.types import Clip, Result, Score

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("untimed")
BETTER = {"FD_X": "lower", "CLAP_X": "higher"}
MakeResult = Callable[..., Result]


@pytest.fixture
def make_result() -> MakeResult:
    """A result with FD_X (set metric) and CLAP_X (per clip) around given means, on `n` prompts."""

    def make(
        model: str, fd: float, clap: float, *, n: int = 40, control: bool = False, board: str = "b" * 64
    ) -> Result:
        rng = np.random.default_rng(7)
        noise = rng.standard_normal(n)
        ids = [f"p{i:02}" for i in range(n)]
        per_clip = dict(zip(ids, (clap + 0.05 * noise).tolist(), strict=True))
        leave_out = (fd + 0.01 * rng.standard_normal(30)).tolist()
        scores = (
            Score("FD_X", fd, (fd - 1, fd + 1), n, n),
            Score("CLAP_X", clap, (clap - 0.02, clap + 0.02), n, None),
            Score("CLAP_X", clap, None, n // 2, None, "n_events=1", "few"),
        )
        provenance = {
            "board": {"board_sha256": board},
            "metrics": {name: {"better": better} for name, better in BETTER.items()},
            "weights": {"x:y": {"note": ""}},
            "clips": dict.fromkeys(ids, "0" * 64),
        }
        return Result(
            board="test",
            protocol="p",
            model=model,
            control=control,
            scores=scores,
            per_clip={"CLAP_X": per_clip},
            leave_out={"FD_X": leave_out},
            missing={},
            flags={},
            extra=(),
            left_out={},
            provenance=provenance,
        )

    return make


@pytest.fixture
def clip_folders(tmp_path: Path) -> Path:
    """`prompts.csv`, `references/`, `good/` and `bad/` with eight clips of 1 s each."""
    rng = np.random.default_rng(0)
    t = np.arange(16_000) / 16_000
    lines = ["id,caption,n_events"]
    for i in range(8):
        tone = np.sin(2 * np.pi * 200 * (i + 1) * t)
        clips = {
            "references": 0.4 * tone,
            "good": 0.35 * np.sin(2 * np.pi * 200 * (i + 1) * t + 1),
            "bad": 0.1 * rng.standard_normal(len(t)),
        }
        lines.append(f"tone{i},A tone number {i},{1 + i % 2}")
        for name, samples in clips.items():
            (tmp_path / name).mkdir(exist_ok=True)
            audio.encode(tmp_path / name / f"tone{i}.wav", Clip(samples.astype(np.float32), 16_000))
    (tmp_path / "prompts.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, for all tests of a process; skipped by name where there is none."""
    with browsing.chromium() as found:
        yield found


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page with a profile of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
