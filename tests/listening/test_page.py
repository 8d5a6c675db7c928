"""A listener in a real browser: every answer that was said to be saved is there exactly once, whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error

from tests.browsing import Seen, executable, serious_violations
from tests.listening.listener import Listener, build
from tta_bench.listening import kit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


long = pytest.mark.long


def answers(events: list[dict[str, Any]]) -> list[str]:
    """Trials in the order in which they were answered."""
    return [event["trial"] for event in events if event["type"] == "answer"]


@long  # the shortest way through one kind is tests/listening/test_chain.py
@pytest.mark.parametrize("kind", ["multi", "mushra", "ab", "abx"])
def test_a_listener_completes_each_kind_and_the_file_holds_every_answer_once(
    kind: str, page: Page, clips: Path, tmp_path: Path
) -> None:
    more = ["--references", str(clips / "good")] if kind == "mushra" else []
    key = build(clips, tmp_path / kind, kind, *more)
    seen = Seen(page, (tmp_path / kind).as_uri())
    listener = Listener(page, key)
    listener.begin((tmp_path / kind / "index.html").as_uri() + "?list=1")
    listener.finish()
    found = listener.download()
    events = found["events"]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert answers(events) == key["lists"][1]
    assert len({event["event"] for event in events}) == len(events)
    assert [events[0]["type"], events[-1]["type"]] == ["start", "finish"]
    for event in events:
        if event["type"] == "answer":
            check(event["payload"], key["trials"][event["trial"]], key, listener)
    assert seen.errors == []
    assert seen.outside == []


def check(payload: dict[str, Any], trial: dict[str, Any], key: dict[str, Any], listener: Listener) -> None:
    """What the listener thinks is what was written down, of sounds that were heard."""
    liked = {sound: listener.thinks(sound) for sound in trial["stimuli"]}
    if key["axes"]:
        rated = {sound: {axis["id"]: value for axis in key["axes"]} for sound, value in liked.items()}
        assert payload["ratings"] == rated
    else:
        one, other = liked.values()
        tied = one == other and key["kind"] == "ab"
        assert payload["choice"] == ("tie" if tied else max(liked, key=lambda sound: liked[sound]))
    assert all(payload["heard"][s] >= 0.95 * key["stimuli"][s]["seconds"] for s in trial["stimuli"])
    assert all(payload["plays"][s] == 1 for s in trial["stimuli"])


def test_nothing_can_be_rated_before_it_was_heard_and_no_scale_has_a_value_of_its_own(
    page: Page, clips: Path, tmp_path: Path
) -> None:
    listener = Listener(page, build(clips, tmp_path / "kit", "ovl_rel"))
    listener.begin((tmp_path / "kit" / "index.html").as_uri())
    assert all(field.is_disabled() for field in page.locator("fieldset.scale input").all())
    assert [field.input_value() for field in page.locator("input[type=number]").all()] == ["", ""]
    sliders = page.locator("input[type=range]")
    assert [slider.get_attribute("aria-valuetext") for slider in sliders.all()] == ["not rated yet"] * 2
    page.get_by_role("button", name="Next").click()
    assert "Listen to the end first" in (page.locator("#hint").text_content() or "")
    listener.hear()
    page.locator("input[type=number]").first.fill("101")
    assert page.locator("input[type=number]").first.get_attribute("aria-invalid") == "true"
    page.locator("input[type=number]").first.fill("70")
    page.get_by_role("button", name="Next").click()
    assert page.locator("#hint").text_content() == "Rate everything to go on."
    sliders.nth(1).click()  # in its middle, where it lay unseen
    assert page.locator("input[type=number]").nth(1).input_value() in ("50", "51")
    assert page.locator("#hint").text_content() == ""


def test_reload_back_and_a_second_tab_neither_lose_nor_double_an_answer(
    page: Page, clips: Path, tmp_path: Path
) -> None:
    key = build(clips, tmp_path / "kit", "ovl_rel")
    address = (tmp_path / "kit" / "index.html").as_uri() + "?list=0"
    listener = Listener(page, key)
    listener.begin(address)
    for _ in range(4):
        assert listener.on_trial
        listener.answer()
    other = page.context.new_page()
    other.goto(address)
    other.get_by_role("heading", name="open in another tab").wait_for()
    other.close()
    page.reload()
    page.get_by_role("button", name="Continue").click()
    page.locator("#count", has_text="Page 5 of").wait_for()
    page.go_back()  # the browser's own button leads to the page before
    page.locator("#count", has_text="Page 4 of").wait_for()
    assert all(field.input_value() for field in page.locator("input[type=number]").all())
    page.locator("input[type=number]").first.fill("33")
    page.get_by_role("button", name="Next").click()
    listener.finish()
    events = listener.download()["events"]
    changed = key["lists"][0][3]
    assert sorted(answers(events)) == sorted([*key["lists"][0], changed])
    last = [event for event in events if event["trial"] == changed][-1]["payload"]
    assert 33 in [value for rated in last["ratings"].values() for value in rated.values()]


@pytest.mark.parametrize("stops", [1, pytest.param(99, marks=long)])
def test_a_killed_browser_loses_no_answer_that_was_said_to_be_saved(
    stops: int, browser: Browser, clips: Path, tmp_path: Path
) -> None:
    """Killed right after each of the first answers."""
    key = build(clips, tmp_path / "kit", "ovl_rel")
    address = (tmp_path / "kit" / "index.html").as_uri() + "?list=0"
    page = start(browser, tmp_path / "profile")
    Listener(page, key).begin(address)
    for _ in range(min(stops, len(key["lists"][0]) - 1)):
        listener = Listener(page, key)
        assert listener.on_trial
        listener.answer()
        os.kill(pid_of(tmp_path / "profile"), signal.SIGKILL)
        with contextlib.suppress(Error):  # it may be found closed already
            page.context.close()
        page = start(browser, tmp_path / "profile")
        page.goto(address)
        page.get_by_role("button", name="Continue").click()
    listener = Listener(page, key)
    listener.finish()
    assert answers(listener.download()["events"]) == key["lists"][0]
    page.context.close()


def start(browser: Browser, profile: Path) -> Page:
    """The page of a browser of its own, with what an earlier one has left."""
    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    context = browser.browser_type.launch_persistent_context(profile, executable_path=executable(), args=arguments)
    return context.pages[0]


def pid_of(profile: Path) -> int:
    """The browser's own process: that which no other browser's process has begun."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}".encode() in words and not any(word.startswith(b"--type=") for word in words):
            found.append(int(path.parent.name))
    return min(found)


def test_everything_goes_by_keyboard(page: Page, clips: Path, tmp_path: Path) -> None:
    key = build(clips, tmp_path / "kit", "ovl_rel", "--scale", "5")
    listener = Listener(page, key)
    listener.begin((tmp_path / "kit" / "index.html").as_uri() + "?list=0")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.keyboard.press("Space")
    page.locator("button.play.heard").wait_for()
    page.keyboard.press("4")
    page.keyboard.press("2")
    chosen = page.evaluate("[...document.querySelectorAll('input[type=radio]:checked')].map(i => Number(i.value) + 1)")
    assert chosen == [4, 2]
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Next":
            break
    listener.mark()
    page.keyboard.press("Enter")
    listener.turned()
    assert listener.on_trial
    page.locator("#count", has_text="Page 2 of").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.get_by_label("Keys:").uncheck()
    page.locator("h1").focus()
    page.keyboard.press("Space")
    assert page.evaluate("Player.all.every(player => player.audio.paused)")


@pytest.mark.parametrize(
    "kind", ["ovl_rel", "mushra", *(pytest.param(kind, marks=long) for kind in ("multi", "ab", "abx"))]
)
def test_no_serious_violation_and_nothing_wider_than_a_small_phone(
    kind: str, page: Page, clips: Path, tmp_path: Path
) -> None:
    more = ["--references", str(clips / "good")] if kind == "mushra" else []
    key = build(clips, tmp_path / "kit", kind, *more)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto((tmp_path / "kit" / "index.html").as_uri())
    assert serious_violations(page) == []
    listener = Listener(page, key)
    listener.begin((tmp_path / "kit" / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    listener.hear()
    assert serious_violations(page) == []


def test_a_language_that_is_read_from_the_right(page: Page, clips: Path, tmp_path: Path) -> None:
    build(clips, tmp_path / "kit", "ovl_rel", "--consent", f"ar={clips / 'consent.ar.txt'}")
    page.goto((tmp_path / "kit" / "index.html").as_uri() + "?lang=ar")
    page.get_by_role("button", name="العربية").click()
    assert page.evaluate("[document.documentElement.dir, document.documentElement.lang]") == ["rtl", "ar"]
    assert page.get_by_role("button", name="ابدأ").count() == 1
    assert serious_violations(page) == []


def test_every_language_has_every_phrase(page: Page) -> None:
    for path in sorted((Path(kit.__file__).parent / "page").glob("strings.*.js")):
        page.add_script_tag(path=path)
    phrases = page.evaluate(
        "Object.fromEntries(Object.entries(STRINGS).map(([l, said]) => [l, Object.keys(said).sort()]))"
    )
    assert len(phrases) == 4
    assert all(keys == phrases["en"] for keys in phrases.values())


def test_a_sound_that_will_not_play_can_be_passed_and_is_noted(page: Page, clips: Path, tmp_path: Path) -> None:
    key = build(clips, tmp_path / "kit", "ovl_rel")
    broken = key["trials"][key["lists"][0][1]]["stimuli"][0]
    (tmp_path / "kit" / key["stimuli"][broken]["file"]).write_bytes(b"RIFF nothing")
    listener = Listener(page, key)
    listener.begin((tmp_path / "kit" / "index.html").as_uri() + "?list=0")
    listener.answer()
    assert listener.on_trial
    page.get_by_role("button", name="It does not play").click()
    page.get_by_role("button", name="Next").click()
    page.locator("#count", has_text="Page 3 of").wait_for()
    last = page.evaluate("app.events.at(-1).payload")
    assert last["failed"] == [broken]
    assert last["ratings"] == {}


def test_the_hash_of_a_download_is_sha256(page: Page) -> None:
    import hashlib

    page.add_script_tag(path=Path(kit.__file__).parent / "page" / "sha256.js")
    for text in ("", "abc", "ä" * 55, "x" * 64, "كلب" * 1000):
        assert page.evaluate("text => sha256(text)", text) == hashlib.sha256(text.encode()).hexdigest()
