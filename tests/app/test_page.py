"""The app in a real browser: it opens, generates, plays, edits, cancels, and asks nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets import Origin
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.app.conftest import Running, Visit
from tests.browsing import serious_violations
from tta_bench import audio
from tta_bench.types import Clip

TABS = ("Leaderboard", "Generate", "Style", "Inpaint", "Swap", "Re-weight", "Attention")
HOSTILE = "<img src=x onerror=alert(1)><b>rain</b> 'falls' \"now\""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of a tone in stereo, at a rate that no model has."""
    t = np.arange(44_100) / 22_050
    path = tmp_path / "tone.flac"
    audio.encode(path, Clip(np.stack([0.3 * np.sin(2 * np.pi * 440 * t)] * 2).astype(np.float32), 22_050))
    return path


def record_of(app: Running, task: str) -> dict[str, Any]:
    newest = max(app.out.glob(f"{task}-*.json"), key=lambda path: path.stat().st_mtime)
    return dict(json.loads(newest.read_text()))


def test_it_opens_with_the_leaderboard_of_the_run_which_can_be_sorted(visit: Visit) -> None:
    board = visit.page.frame_locator("iframe")
    board.get_by_role("button", name="CLAP_pocket").first.click()
    assert board.locator('th[aria-sort="descending"]').inner_text().startswith("CLAP_pocket")
    assert board.get_by_role("rowheader", name="auffusion", exact=False).first.is_visible()


def test_every_tab_has_no_serious_violation_and_has_an_address(visit: Visit) -> None:
    for tab in TABS:
        visit.open(tab)
        assert serious_violations(visit.page) == []
    visit.page.wait_for_url("**/?tab=Attention")
    visit.page.reload()
    assert visit.page.get_by_role("button", name="Show attention").is_visible()


@pytest.mark.long
def test_on_a_phone_in_the_dark_nothing_is_wider_than_the_page(dark: Visit) -> None:
    for tab in TABS:
        dark.open(tab)
        assert serious_violations(dark.page) == []
        assert dark.page.evaluate("document.documentElement.scrollWidth") <= 375


def test_a_typed_prompt_becomes_a_clip_that_plays_and_is_shown_as_text(visit: Visit) -> None:
    panel = visit.with_steps("Generate", 2)
    panel.get_by_label("Caption").fill(HOSTILE)
    panel.get_by_label("Seed", exact=True).fill("7")
    panel.get_by_label("Seconds").fill("1")
    take = visit.take(panel, "Generate")
    assert visit.heard(take) > 0
    assert take.locator(".caption").inner_text() == HOSTILE
    assert take.locator(".caption *").count() == 0
    assert "seed 7 · 2 steps · 1.00 s" in take.inner_text()
    record = record_of(visit.app, "generate")
    assert (record["model"], record["seed"]) == ("auffusion:pocket", 7)
    assert record["arguments"] == {"prompt": HOSTILE, "duration": 1.0}
    assert serious_violations(visit.page) == []


def test_a_prompt_of_the_board_brings_its_seed_and_seconds(visit: Visit) -> None:
    panel = visit.open("Generate")
    panel.get_by_label("A prompt of the board").click()
    visit.page.get_by_role("option").first.click()
    told = json.loads(Path("reports/pocket/auffusion.json").read_text())["provenance"]["generation"]
    panel.get_by_text("Seed and seconds of pocket-000").wait_for()
    assert panel.get_by_label("Seed", exact=True).input_value() == str(told["seeds"]["pocket-000"])
    assert panel.get_by_label("Seconds").input_value() == str(told["duration"])
    assert panel.get_by_label("Caption").input_value().startswith("An alarm siren")


@pytest.mark.long
def test_a_clip_that_was_brought_is_restyled_and_can_be_edited_further(visit: Visit, clip: Path) -> None:
    panel = visit.with_steps("Style", 4)
    visit.bring(panel, clip)
    take = visit.take(panel, "Restyle")
    assert take.locator("h3").all_inner_texts() == ["Before", "After"]
    assert visit.heard(take) > 0
    assert record_of(visit.app, "style")["arguments"]["strength"] == 0.5
    take.get_by_role("button", name="Edit this clip").last.click()
    panel.get_by_text("2.00 s at 16 kHz").wait_for()


def test_a_drag_over_the_spectrogram_is_the_mask(visit: Visit, clip: Path) -> None:
    panel = visit.with_steps("Inpaint", 2)
    visit.bring(panel, clip)
    panel.get_by_role("switch", name="Only some frequencies").click()
    panel.get_by_label("From (Hz)").wait_for()
    place = panel.locator(".region-pad").bounding_box()
    assert place is not None
    left, top = place["x"], place["y"]
    visit.page.mouse.move(left + place["width"] / 4, top + place["height"] / 4)
    visit.page.mouse.down()
    visit.page.mouse.move(left + place["width"] / 2, top + place["height"] / 2, steps=3)
    visit.page.mouse.up()
    panel.locator(".region-box").wait_for()
    typed = [float(panel.get_by_label(name).input_value()) for name in ("From (s)", "To (s)", "From (Hz)", "To (Hz)")]
    assert typed[:2] == pytest.approx([0.5, 1.0], abs=0.01)
    assert typed[2:] == pytest.approx([1690, 3680], rel=0.02)  # at half and three quarters of the mels of 8 kHz
    visit.take(panel, "Inpaint")
    arguments = record_of(visit.app, "inpaint")["arguments"]
    assert [*arguments["mask"], *arguments["band"]] == typed


@pytest.mark.long
def test_numbers_that_are_typed_are_drawn_as_the_mask(visit: Visit, clip: Path) -> None:
    panel = visit.open("Inpaint")
    visit.bring(panel, clip)
    panel.get_by_label("From (s)").fill("0.5")
    panel.get_by_label("To (s)").fill("1.5")
    box = panel.locator(".region-box")
    box.wait_for()
    assert box.evaluate("box => [box.style.left, box.style.width, box.style.height]") == ["25%", "50%", "100%"]


@pytest.mark.long
def test_a_slider_makes_a_word_count_more(visit: Visit) -> None:
    panel = visit.with_steps("Re-weight", 2)
    panel.get_by_role("button", name="Re-weight", exact=True).click()
    panel.get_by_text("Every word has weight 1").wait_for()
    panel.get_by_label("Caption").fill("A dog in the rain")
    panel.get_by_label("Seconds").fill("1")
    word = panel.get_by_role("slider", name="in", exact=True)
    word.wait_for()
    rain = panel.get_by_role("slider", name="rain")
    rain.locator("[tabindex]").focus()
    for _ in range(10):
        visit.page.keyboard.press("ArrowRight")
    take = visit.take(panel, "Re-weight")
    assert visit.heard(take) > 0
    assert record_of(visit.app, "reweight")["arguments"]["weights"] == {
        "rain": float(rain.get_attribute("aria-valuenow") or 1)
    }
    take.get_by_text("How it was made").click()
    assert "python benchmark.py edit reweight" in take.inner_text()


@pytest.mark.long
def test_words_are_swapped_and_attention_is_shown(visit: Visit) -> None:
    for tab, button in (("Swap", "Swap words"), ("Attention", "Show attention")):
        panel = visit.with_steps(tab, 2)
        panel.get_by_label("Seconds").fill("1")
        take = visit.take(panel, button)
        assert visit.heard(take) > 0
        assert take.locator(".figure img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 500


def test_cancel_ends_the_denoising_and_leaves_room_for_the_next(visit: Visit) -> None:
    files = set(visit.app.out.iterdir())
    panel = visit.with_steps("Generate", 1000)
    panel.get_by_role("button", name="Generate", exact=True).click()
    visit.page.get_by_text("of 1000").wait_for()
    visit.page.locator("[role=progressbar][aria-valuenow]").wait_for()
    visit.page.get_by_role("button", name="Cancel").click()
    panel.get_by_text("Stopped. Nothing was written.").wait_for(timeout=5000)
    visit.page.get_by_role("progressbar", name="Progress").wait_for(state="hidden")
    assert set(visit.app.out.iterdir()) == files
    panel.get_by_label("Steps").fill("1")
    panel.get_by_label("Seconds").fill("1")
    visit.take(panel, "Generate")


def test_what_cannot_be_meant_is_refused_in_words(visit: Visit) -> None:
    panel = visit.open("Generate")
    for field, value, message in (
        ("Seconds", "900", "The duration is 900; take more than 0 and at most 60 s."),
        ("Seed", "<b>1</b>", "The seed is '<b>1</b>'; take a whole number from 0 to"),
        ("Caption", "?!", "The caption is '?!', which says nothing."),
    ):
        given = panel.get_by_label(field, exact=True)
        before = given.input_value()
        given.fill(value)
        panel.get_by_role("button", name="Generate", exact=True).click()
        panel.get_by_role("alert").filter(has_text=message).wait_for()
        given.fill(before)


def test_a_file_that_is_no_sound_is_refused_by_its_name(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"<script>alert(1)</script>")
    panel = visit.open("Style")
    panel.locator("input[type=file]").set_input_files(tmp_path / "song.wav")
    panel.get_by_role("alert").filter(has_text="'song.wav' is damaged or not audio").wait_for()
    panel.get_by_role("button", name="Restyle").click()
    panel.get_by_role("alert").filter(has_text="There is no clip to edit yet.").wait_for()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
@pytest.mark.parametrize("path", ["", "run/leaderboard.html", "_nicegui_ws/socket.io/?EIO=4&transport=polling"])
def test_pages_of_others_are_refused(app: Running, path: str, headers: dict[str, str]) -> None:
    assert httpx.get(app.address + path).status_code == 200
    assert httpx.get(app.address + path, headers=headers).status_code == 403


def test_no_path_leads_out_of_the_folders(app: Running) -> None:
    for path in ("made/%2e%2e/%2e%2e/etc/passwd", "made/..%2f..%2fetc/passwd", "run/auffusion.json", "made/"):
        assert httpx.get(app.address + path).status_code == 404, path


def test_sockets_of_others_are_refused(app: Running) -> None:
    address = app.address.replace("http", "ws") + "_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    own = app.address.rstrip("/")
    with connect(address, origin=Origin(own)) as socket:
        assert str(socket.recv()).startswith("0")
    with pytest.raises(InvalidStatus, match="403"), connect(address, origin=Origin("http://evil.example")):
        pass
