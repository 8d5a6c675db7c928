"""A listener in a real browser: every answer that was said to be saved is there exactly once, whatever happens."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

import benchmark
from tests.browsing import Seen, executable, serious_violations
from tta_bench import audio
from tta_bench.listening import kit
from tta_bench.types import Clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECONDS = 0.45
CHECKS = "training=1,duplicate=1,trap=1"
LIKED = {"good": 85, "fair": 50, "bad": 15, None: 5}
"""What the scripted listener thinks of each model."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models' clips of four prompts, and what raters agree to."""
    root = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    rows = ["id,caption,n_events"]
    for i in range(4):
        rows.append(f'p{i},"a sound, number {i} <b>",{1 + i % 2}')
        for name in ("good", "fair", "bad"):
            (root / name).mkdir(exist_ok=True)
            samples = 0.1 * rng.standard_normal(round(SECONDS * 16_000))
            audio.encode(root / name / f"p{i}.wav", Clip(samples.astype(np.float32), 16_000))
    (root / "prompts.csv").write_text("\n".join(rows) + "\n")
    (root / "consent.txt").write_text("The test lab of a made-up school asks you to rate sounds. We keep your ratings.")
    (root / "consent.ar.txt").write_text("يطلب منك مختبر مدرسة متخيلة تقييم أصوات. نحتفظ بتقييماتك.")
    return root


def build(clips: Path, out: Path, kind: str, *more: str) -> dict[str, Any]:
    """The key of a kit of the clips."""
    folders = [word for name in ("good", "fair", "bad") for word in ("--generated", str(clips / name))]
    arguments = [
        "listen",
        "build",
        "--kind",
        kind,
        "--out",
        str(out),
        "--consent",
        str(clips / "consent.txt"),
        *folders,
    ]
    arguments += ["--prompts", str(clips / "prompts.csv"), "--seed", str(2**40 + 7), "--lists", "4"]
    arguments += ["--per-list", "2" if kind in ("multi", "mushra") else "3"]
    made = CliRunner().invoke(benchmark.app, [*arguments, "--headphones", "none", "--checks", CHECKS, *more])
    assert made.exit_code == 0, made.output
    return kit.read_key(kit.key_folder(out))


class Listener:
    """Goes through the pages as someone who knows what they like."""

    def __init__(self, page: Page, key: dict[str, Any]) -> None:
        self.page, self.key = page, key

    def begin(self, address: str) -> None:
        """To the first page with a trial."""
        self.page.goto(address)
        self.page.get_by_label("I have read this").check()
        self.page.get_by_role("button", name="Start").click()
        for question in ("Is your hearing", "What do you listen with", "Do you work or study"):
            self.page.get_by_role("group", name=question).get_by_role("radio").first.check()
        self.page.get_by_role("button", name="Next").click()
        self.volume()

    def volume(self) -> None:
        """Hears the first sound to its end."""
        self.page.get_by_role("heading", name="Set the volume").wait_for()
        self.page.locator("button.play").click()
        self.page.locator("button.play.heard").wait_for()
        self.page.get_by_role("button", name="Next").click()

    @property
    def on_trial(self) -> bool:
        """Whether this page asks for something; what comes between is passed."""
        self.page.locator(".trial, h1:has-text('Thank you'), h1:has-text('Now it begins')").first.wait_for()
        if self.page.get_by_role("heading", name="Now it begins").count():
            self.page.get_by_role("button", name="Next").click()
            return self.on_trial
        return self.page.locator(".trial").count() > 0

    def hear(self) -> None:
        """Every sound of the page, to its end."""
        for i, button in enumerate(self.page.locator(".trial button.play").all()):
            button.click()
            self.page.locator(".trial button.play.heard").nth(i).wait_for()

    def answer(self) -> None:
        """Hears and rates one page, goes on, and waits until it is said to be saved."""
        self.hear()
        sounds = self.page.evaluate("Player.all.map(player => player.sound.id)")
        liked = [LIKED[self.key["stimuli"][sound]["model"]] for sound in sounds]
        if self.page.locator("input[type=range]").count():
            for number, value in zip(self.page.locator(".stimulus").all(), liked, strict=True):
                for field in number.locator("input[type=number]").all():
                    field.fill(str(value))
        else:
            best = "No preference" if liked[0] == liked[1] else "AB"[int(np.argmax(liked))]
            self.page.locator(".radios").get_by_text(best, exact=True).click()
        n = self.page.evaluate("app.events.length")
        self.page.get_by_role("button", name="Next").click()
        while self.page.evaluate("app.events.length") == n:
            self.page.wait_for_timeout(10)

    def finish(self) -> None:
        """All pages that are left."""
        while self.on_trial:
            self.answer()

    def download(self) -> dict[str, Any]:
        """The file that is sent back, with its events."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name="Download my answers").click()
        found: dict[str, Any] = json.loads(Path(waiting.value.path()).read_text())
        return {**found, "events": json.loads(found["events"])}


def answers(events: list[dict[str, Any]]) -> list[str]:
    """Trials in the order in which they were answered."""
    return [event["trial"] for event in events if event["type"] == "answer"]


def test_a_listener_completes_each_kind_and_the_file_holds_every_answer_once(
    page: Page, clips: Path, tmp_path: Path
) -> None:
    for kind in ("ovl_rel", "multi", "ab"):
        key = build(clips, tmp_path / kind, kind)
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
                check(event["payload"], key["trials"][event["trial"]], key)
        assert seen.errors == []
        assert seen.outside == []


def check(payload: dict[str, Any], trial: dict[str, Any], key: dict[str, Any]) -> None:
    """What the listener thinks is what was written down, of sounds that were heard."""
    if key["axes"]:
        assert payload["ratings"] == {
            sound: {axis["id"]: LIKED[key["stimuli"][sound]["model"]] for axis in key["axes"]}
            for sound in trial["stimuli"]
        }
    else:
        liked = [LIKED[key["stimuli"][sound]["model"]] for sound in trial["stimuli"]]
        best = trial["stimuli"][int(np.argmax(liked))]
        assert payload["choice"] == ("tie" if liked[0] == liked[1] else best)
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
    assert listener.on_trial
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


@pytest.mark.parametrize("stops", [3, pytest.param(99, marks=pytest.mark.long)])
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
    page.keyboard.press("Enter")
    assert listener.on_trial
    page.locator("#count", has_text="Page 2 of").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.get_by_label("Keys:").uncheck()
    page.locator("h1").focus()
    page.keyboard.press("Space")
    assert page.evaluate("Player.all.every(player => player.audio.paused)")


@pytest.mark.parametrize("kind", ["ovl_rel", "multi", "mushra", "ab", "abx"])
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
