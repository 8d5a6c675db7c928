"""The listener's page where devices fail: full disks, clocks that jump, forged addresses, other tabs and listeners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browsing import serious_violations
from tests.listening.listener import Listener, build
from tta_bench.listening import kit
from tta_bench.listening.admission import Kit
from tta_bench.listening.events import fault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BLOCKED = "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); }"
FULL = """
const add = IDBObjectStore.prototype.add;
IDBObjectStore.prototype.add = function (event) {
  if (window.full && event.type) throw new DOMException("full", "QuotaExceededError");
  return add.call(this, event);
};
"""
JUMPING = """
const now = Date.now;
let looks = 0;
Date.now = () => now() + (looks++ % 2 ? -1 : 1) * 86400000;
"""


def address(folder: Path, asked: str = "list=0") -> str:
    return f"{(folder / 'index.html').as_uri()}?{asked}"


@pytest.fixture
def shown(clips: Path, tmp_path: Path) -> Path:
    """A kit of ratings."""
    build(clips, tmp_path / "kit", "ovl_rel")
    return tmp_path / "kit"


def listening(page: Page, folder: Path) -> Listener:
    """A listener on the first trial."""
    listener = Listener(page, kit.read_key(kit.key_folder(folder)))
    listener.begin(address(folder))
    assert listener.on_trial
    return listener


def test_a_page_that_was_left_half_done_is_found_as_it_was(page: Page, shown: Path) -> None:
    listener = listening(page, shown)
    for _ in range(2):
        listener.answer()
        assert listener.on_trial
    listener.hear()
    page.locator("input[type=number]").first.fill("77")
    page.get_by_role("button", name="Back").click()
    page.locator("#count", has_text="Page 2 of").wait_for()
    page.get_by_role("button", name="Next").click()
    page.locator("#count", has_text="Page 3 of").wait_for()
    assert page.evaluate("app.answers().size") == 2
    assert [field.input_value() for field in page.locator("input[type=number]").all()] == ["77", ""]
    assert not page.locator("input[type=number]").nth(1).is_disabled()
    page.locator("input[type=number]").nth(1).fill("12")
    page.get_by_role("button", name="Next").click()
    page.locator("#count", has_text="Page 4 of").wait_for()
    last = page.evaluate("app.events.at(-1).payload")
    assert list(last["plays"].values()) == [1]
    assert last["milliseconds"] >= 450  # both visits
    assert page.evaluate("app.events.filter(e => e.type === 'answer').length") == 3


def test_an_answer_that_cannot_be_written_is_not_said_to_be_saved(page: Page, shown: Path) -> None:
    page.add_init_script(FULL)
    listener = listening(page, shown)
    listener.answer()
    assert listener.on_trial
    listener.hear()
    for field in page.locator("input[type=number]").all():
        field.fill("40")
    page.evaluate("window.full = true")
    page.get_by_role("button", name="Next").click()
    page.locator("#state", has_text="could not be saved").wait_for()
    assert "Page 2 of" in (page.locator("#count").text_content() or "")
    assert page.evaluate("journal.events(app.session.session).then(found => found.length)") == 4
    page.evaluate("window.full = false")
    page.get_by_role("button", name="Next").click()
    page.locator("#count", has_text="Page 3 of").wait_for()
    assert page.locator("#state").text_content() == "Saved."
    assert page.evaluate("journal.events(app.session.session).then(found => found.length)") == 5


def test_a_full_device_before_the_first_page_is_told_and_can_be_mended(page: Page, shown: Path) -> None:
    page.add_init_script(FULL + "window.full = true;")
    page.goto(address(shown))
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Not saved yet").wait_for()
    page.evaluate("window.full = false")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="About you").wait_for()
    assert page.evaluate("app.events.map(({ seq, type }) => [seq, type])") == [[0, "start"], [1, "consent"]]


def test_without_storage_nobody_begins(page: Page, shown: Path) -> None:
    page.add_init_script(BLOCKED)
    page.goto(address(shown))
    page.get_by_role("heading", name="This browser stores nothing").wait_for()
    assert page.get_by_role("button").count() == 0


@pytest.mark.long
def test_events_are_good_whatever_the_clock_of_the_device_says(page: Page, shown: Path) -> None:
    page.add_init_script(JUMPING)
    listener = listening(page, shown)
    for _ in range(2):
        listener.answer()
        assert listener.on_trial
    rules = Kit(kit.read_config(shown)).rules
    assert [fault(event, rules) for event in page.evaluate("app.events")] == [None] * 5


def test_who_ended_between_consent_and_the_first_event_goes_on(page: Page, shown: Path) -> None:
    page.goto(address(shown))
    page.get_by_label("I have read this").wait_for()
    page.evaluate("""journal.note({ session: "a".repeat(32), digest: KIT.digest, begun: Date.now(), participant: {},
        language: "en", list: 1, sent: 0 })""")
    page.reload()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="About you").wait_for()
    assert page.evaluate("app.events.map(({ type }) => type)") == ["start", "consent"]


def test_what_an_address_claims_is_bounded(page: Page, clips: Path, tmp_path: Path) -> None:
    build(clips, tmp_path / "kit", "ovl_rel", "--recruit", "prolific")
    forged = "PROLIFIC_PID=5f8a0c&STUDY_ID=%3Cscript%3E&SESSION_ID=" + "x" * 65 + "&other=1"
    page.goto(address(tmp_path / "kit", forged))
    assert page.evaluate("app.participant") == {"PROLIFIC_PID": "5f8a0c"}
    assert page.evaluate("listOf('2', {}, '')") == 2
    drawn = page.evaluate("['99', '-1', '1e0', '1.0', '', null, '0x1'].map(one => listOf(one, {a: 'b'}, ''))")
    assert len(set(drawn)) == 1


@pytest.mark.long
def test_a_second_tab_goes_on_once_the_first_has_gone(page: Page, shown: Path) -> None:
    listening(page, shown)
    other = page.context.new_page()
    other.goto(address(shown))
    other.get_by_role("heading", name="open in another tab").wait_for()
    assert serious_violations(other) == []
    page.close()
    other.get_by_role("button", name="Continue").wait_for()


def test_the_next_listener_at_the_same_device_begins_anew(page: Page, shown: Path) -> None:
    first = listening(page, shown)
    page.evaluate("app.end()")
    before = {event["session"] for event in first.download()["events"]}
    page.reload()
    page.get_by_role("button", name="Show the end").click()
    assert {event["session"] for event in first.download()["events"]} == before
    page.reload()
    page.get_by_role("button", name="Someone else").click()
    page.get_by_label("I have read this").wait_for()


def test_a_choice_that_cannot_be_heard_is_not_asked_for(page: Page, clips: Path, tmp_path: Path) -> None:
    key = build(clips, tmp_path / "kit", "ab")
    broken = key["trials"][key["lists"][0][0]]["stimuli"][1]
    (tmp_path / "kit" / key["stimuli"][broken]["file"]).write_bytes(b"RIFF nothing")
    listener = Listener(page, key)
    listener.begin(address(tmp_path / "kit"))
    page.get_by_role("button", name="It does not play").click()
    page.locator("button.play").first.click()
    page.locator("button.play.heard").wait_for()
    assert all(field.is_disabled() for field in page.locator("input[type=radio]").all())
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Now it begins").wait_for()
    last = page.evaluate("app.events.at(-1)")
    assert (last["payload"]["choice"], last["payload"]["failed"]) == (None, [broken])
    assert fault(last, Kit(kit.read_config(tmp_path / "kit")).rules) is None


def check_headphones(page: Page, right: dict[str, int], *, off: int) -> None:
    """Answers the check, each time `off` beside what is right."""
    asked = page.evaluate("KIT.headphones.trials.map(({ id }) => id)")
    for number, answer in enumerate(right[name] for name in asked):
        page.get_by_role("heading", name=f"Headphones, {number + 1} of 6").wait_for()
        page.evaluate(HEARD)
        page.locator("input[type=radio]").nth((answer + off) % 3).check()
        page.get_by_role("button", name="Next").click()


@pytest.mark.parametrize("gate", [True, False])
def test_who_hears_no_difference_goes_on_only_where_headphones_are_not_asked_for(
    gate: bool, page: Page, clips: Path, tmp_path: Path
) -> None:
    key = build(clips, tmp_path / "kit", "ovl_rel", "--headphones", "antiphase", *(["--gate"] if gate else []))
    Listener(page, key).begin(address(tmp_path / "kit"))
    check_headphones(page, key["headphones"], off=1)
    if not gate:
        page.locator(".trial").wait_for()
        return
    page.get_by_role("button", name="Try again").click()
    check_headphones(page, key["headphones"], off=2)
    page.get_by_role("heading", name="This test needs headphones").wait_for()
    page.reload()
    page.get_by_role("button", name="Start anew").click()
    Listener(page, key).introduce()
    check_headphones(page, key["headphones"], off=1)
    page.get_by_role("button", name="Try again").click()
    check_headphones(page, key["headphones"], off=0)
    page.locator(".trial").wait_for()


HEARD = "for (const p of Player.all) { Object.defineProperty(p, 'heard', { get: () => true }); p.show(); }"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.long
def test_every_step_is_accessible_and_fits_a_small_phone(
    scheme: str, browser: Browser, clips: Path, tmp_path: Path
) -> None:
    more = ["--headphones", "huggins", "--consent", f"ar={clips / 'consent.ar.txt'}"]
    build(clips, tmp_path / "kit", "ovl_rel", *more)
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(address(tmp_path / "kit", "lang=ar&list=0"))

    def step(heading: str) -> None:
        page.locator("h1", has_text=heading).wait_for()
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert serious_violations(page) == [], heading
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, heading
        small = """[...document.querySelectorAll("button, input, a, summary")].map(e => (e.closest("label") || e)
            .getBoundingClientRect()).filter(box => box.width && (box.width < 24 || box.height < 24)).length"""
        assert page.evaluate(small) == 0, heading

    step("Listening test")
    page.get_by_role("button", name="العربية").click()
    assert page.evaluate("document.documentElement.dir") == "rtl"
    step("Listening test")
    page.locator("#agree").check()
    page.locator("button.main").click()
    step("عنك")
    page.locator("button.main").click()
    assert page.evaluate("document.activeElement.type") == "radio"  # the first that is open
    for group in page.get_by_role("group").all():
        group.get_by_role("radio").first.check()
    page.locator("button.main").click()
    step("ضبط")
    page.evaluate(HEARD)
    page.locator("button.main").click()
    for number in range(6):
        page.locator("h1", has_text=f"{number + 1} من 6").wait_for()
        page.evaluate(HEARD)
        if number == 0:
            assert serious_violations(page) == []
        page.locator("input[type=radio]").first.check()
        page.locator("button.main").click()
    step("a sound")
    page.evaluate(HEARD)
    for field in page.locator("input[type=number]").all():
        field.fill("62")
    assert serious_violations(page) == []
    page.reload()
    step("مرحبًا")
    page.locator("button.main").click()
    page.locator(".player").first.wait_for()
    page.evaluate("app.end()")
    step("شكرًا")
    context.close()
