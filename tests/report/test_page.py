"""The leaderboard page in a real browser: it sorts, filters, plays, tells what made a number, and trusts no text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browsing import Seen, serious_violations
from tta_bench import audio
from tta_bench.report.compare import differences
from tta_bench.report.drawing import draw
from tta_bench.report.figures import figures
from tta_bench.report.formats import html
from tta_bench.report.page import Picture
from tta_bench.report.page.clips import heard
from tta_bench.report.tables import all_tables
from tta_bench.results import read_all
from tta_bench.runs import RunClips, RunPrompt
from tta_bench.types import Clip, Result, UserError

if TYPE_CHECKING:
    from playwright.sync_api import Page

MakeResult = Callable[..., Result]
COMMITTED = Path(__file__).parent.parent.parent / "reports" / "pocket"
HOSTILE = '<img src=x onerror="document.title=1">"\'</script><script>document.title=2</script>'
CAPTIONS = [f"a dog barks {HOSTILE}", "كلب ينبح ثم تمطر", "very long " * 200, "__proto__ {{ 7 * 7 }} \u2028 end"]


def noted(result: Result, **provenance: object) -> Result:
    return replace(result, provenance={**result.provenance, **provenance})


def card(trained_on: str, licence: str) -> dict[str, object]:
    return {"name": "m", "checkpoint": "c", "revision": "r" * 40, "trained_on": [trained_on], "licence": licence} | {
        "paper": "Someone, 2026",
        "note": "",
    }


def spent(parameters: float) -> list[dict[str, float]]:
    made = {"clips": 40, "seconds": 20.0, "audio_seconds": 200.0}
    return [{**made, "evaluations": 800, "parameters": parameters, "peak_bytes": 2**30}]


@pytest.fixture
def results(make_result: MakeResult) -> list[Result]:
    """Two models that can be told apart, one of them with a name that means harm, and a control row."""
    board = {"board_sha256": "b" * 64, "n_prompts": 40, "dataset": "AudioCaps", "remark": f"made up {HOSTILE}"}
    rows = [
        noted(make_result("small", 3.0, 0.5), model=card("AudioCaps", "MIT"), costs=spent(2e7), command={"seed": 0}),
        noted(make_result(HOSTILE, 9.0, 0.2), model=card("WavCaps", "CC-BY-NC-4.0"), costs=spent(9e8)),
        make_result("noise", 90.0, 0.0, control=True),
    ]
    return [noted(row, board=board) for row in rows]


def clip_run(folder: Path, results: list[Result], captions: list[str]) -> tuple[list[Result], RunClips]:
    """Short clips for the models' first prompts, as if the results were of them."""
    rng = np.random.default_rng(0)
    first = list(next(iter(results[0].per_clip.values())))[: len(captions)]
    rows: dict[str, dict[str, str]] = {}
    found = []
    for k, result in enumerate(results):
        if not result.control:
            paths = {prompt: folder / f"{k}-{i}.wav" for i, prompt in enumerate(first)}
            for path in paths.values():
                audio.encode(path, Clip((0.1 * rng.standard_normal(4800)).astype(np.float32), 16_000))
            rows[result.model] = {prompt: str(path) for prompt, path in paths.items()}
            result = noted(result, clips={prompt: audio.file_sha256(path) for prompt, path in paths.items()})
        found.append(result)
    prompts = [RunPrompt(p, caption, 1 + i, None) for i, (p, caption) in enumerate(zip(first, captions, strict=True))]
    return found, RunClips("test", tuple(prompts), rows)


def write(folder: Path, results: list[Result], captions: list[str] | None = None, *, with_figures: bool = False) -> str:
    """The page's address; with captions, one that lets hear."""
    said = None
    if captions:
        (folder / "originals").mkdir()
        results, run = clip_run(folder / "originals", results, captions)
        said = heard(results, run, folder / "page", lambda *_: None)
    (folder / "page").mkdir(exist_ok=True)
    shown = figures(results) if with_figures else {}
    pictures = [Picture(name, label, draw(make).svg) for name, (make, label) in shown.items()]
    found = differences(results)
    text = html(results, found, all_tables(results, found), pictures=pictures, heard=said)
    (folder / "page" / "leaderboard.html").write_text(text, encoding="utf-8")
    return (folder / "page" / "leaderboard.html").as_uri()


def models(page: Page) -> list[str | None]:
    rows = page.locator("#leaderboard tbody.models tr:not([hidden])")
    return [row.get_attribute("data-name") for row in rows.all()]


def test_the_committed_leaderboard_sorts_filters_plays_and_tells_what_made_a_number(page: Page, tmp_path: Path) -> None:
    found = read_all(sorted(COMMITTED.glob("*.json")))
    address = write(tmp_path, found, ["A dog barks", "Rain falls"], with_figures=True)
    seen = Seen(page, (tmp_path / "page").as_uri())
    page.goto(address)
    names = sorted(result.model for result in found if not result.control)
    page.get_by_role("button", name="CLAP_pocket").first.click()
    by_clap = models(page)
    page.get_by_role("button", name="CLAP_pocket").first.click()
    assert models(page) == by_clap[::-1]
    assert sorted(filter(None, by_clap)) == names
    page.locator("#filter-trained").select_option("not-here")
    assert models(page) == []
    page.locator("#filter-trained").select_option("")
    assert page.locator("#clips audio").count() == len(names)
    for player in page.locator("#clips audio").all():
        player.evaluate("player => player.play()")
        page.wait_for_function("player => player.currentTime > 0.05", arg=player.element_handle())
    page.get_by_role("button", name="Next").click()
    assert page.locator("#caption").text_content() == "Rain falls"
    page.locator("tr[data-name='auffusion'] button.value").first.click()
    told = page.get_by_role("dialog").text_content() or ""
    assert "python benchmark.py --models" in told
    assert "--seed 0" in told
    assert str(found[0].provenance["code"]["commit"]) in told  # type: ignore[index]
    page.keyboard.press("Escape")
    assert serious_violations(page) == []
    assert seen.errors == []
    assert seen.outside == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_no_serious_violation_and_nothing_wider_than_a_phone(
    scheme: str, page: Page, tmp_path: Path, results: list[Result]
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(write(tmp_path, results, CAPTIONS, with_figures=True))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert serious_violations(page) == []
    page.locator("button.value").first.click()
    assert serious_violations(page) == []


def test_captions_and_names_are_text_whatever_they_say(page: Page, tmp_path: Path, results: list[Result]) -> None:
    seen = Seen(page, (tmp_path / "page").as_uri())
    page.goto(write(tmp_path, results, CAPTIONS))
    title = page.title()
    for caption in CAPTIONS:
        assert page.locator("#caption").evaluate("element => element.textContent") == caption
        page.keyboard.press("ArrowRight")
    assert HOSTILE in models(page)
    page.locator("tr", has=page.locator("text=onerror")).locator("button.value").first.click()
    assert HOSTILE in (page.get_by_role("dialog").text_content() or "")
    page.wait_for_timeout(100)
    assert page.title() == title
    assert page.locator("img[src=x]").count() == 0
    assert seen.errors == []
    assert seen.outside == []
    names = {path.name for path in (tmp_path / "page" / "clips").iterdir()}
    assert all(len(name) == 24 and name.split(".")[1] in ("mp3", "png") for name in names)


def test_filters_leave_what_is_asked_for(page: Page, tmp_path: Path, results: list[Result]) -> None:
    page.goto(write(tmp_path, results))
    for control, value, left in (("trained", "not-here", [HOSTILE]), ("licence", "MIT", ["small"])):
        page.locator(f"#filter-{control}").select_option(value)
        assert models(page) == left
        page.locator(f"#filter-{control}").select_option("")
    page.locator("#filter-size").fill("100")
    assert models(page) == ["small"]
    assert "1 of 2 models" in (page.locator("#shown").text_content() or "")


def test_models_that_cannot_be_told_apart_have_one_rank(page: Page, tmp_path: Path, make_result: MakeResult) -> None:
    rng = np.random.default_rng(3)
    first = make_result("a", 1.0, 0.5)
    values = first.per_clip["CLAP_X"]
    same = {prompt: value + 0.05 * float(rng.standard_normal()) for prompt, value in values.items()}
    rows = [first, replace(make_result("b", 1.0, 0.5), per_clip={"CLAP_X": same}), make_result("c", 9.0, 0.1)]
    page.goto(write(tmp_path, rows))
    page.get_by_role("button", name="CLAP_X").first.click()
    rows_shown = page.locator(".models tr").all()
    ranks = {row.get_attribute("data-name"): row.locator("td").first.text_content() for row in rows_shown}
    assert ranks == {"a": "1", "b": "1", "c": "3"}
    assert page.locator(".models tr.group").count() == 1


def test_everything_can_be_reached_by_keyboard(page: Page, tmp_path: Path, results: list[Result]) -> None:
    page.goto(write(tmp_path, results, CAPTIONS[:2]))
    wanted = {
        "filter-trained",
        "filter-licence",
        "filter-size",
        "filter-intervals",
        "find",
        "order",
        "previous",
        "next",
    }
    met, numbers, headers = set(), 0, 0
    for _ in range(60):
        page.keyboard.press("Tab")
        identity, kind, sort = page.evaluate(
            "(() => { const e = document.activeElement; return [e.id, e.className, e.dataset.sort || '']; })()"
        )
        met.add(identity)
        numbers += kind == "value"
        headers += bool(sort)
    assert wanted <= met
    assert numbers >= 6
    assert headers >= 3
    page.locator("button.value").first.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_prompts_are_found_by_words_and_ordered_by_disagreement(
    page: Page, tmp_path: Path, results: list[Result]
) -> None:
    first = list(results[0].per_clip["CLAP_X"])
    apart = {**results[0].per_clip["CLAP_X"], first[2]: 9.0}
    page.goto(write(tmp_path, [replace(results[0], per_clip={"CLAP_X": apart}), *results[1:]], CAPTIONS))
    page.locator("#order").select_option("0")
    assert (page.locator("#about").text_content() or "").startswith(first[2])
    page.locator("#find").fill("DOG")
    assert page.locator("#place").text_content() == "1 of 1"
    page.locator("#find").fill("no such words")
    assert page.locator("#caption").text_content() == "No prompt fits."


def test_a_clip_that_changed_since_it_was_scored_is_refused(tmp_path: Path, results: list[Result]) -> None:
    found, run = clip_run(tmp_path, results, CAPTIONS)
    (tmp_path / "0-1.wav").write_bytes((tmp_path / "0-0.wav").read_bytes())
    with pytest.raises(UserError, match="changed since"):
        heard(found, run, tmp_path / "page", lambda *_: None)


def test_a_clip_is_copied_once(tmp_path: Path, results: list[Result]) -> None:
    found, run = clip_run(tmp_path, results, CAPTIONS)
    first = heard(found, run, tmp_path / "page", lambda *_: None)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "page" / "clips").iterdir()}
    assert heard(found, run, tmp_path / "page", lambda *_: None) == first
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert len(times) == 2 * 2 * len(CAPTIONS)
