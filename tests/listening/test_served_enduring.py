"""The page and the collection server together: killed browsers, killed servers, reloads and tabs; nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsing import Seen
from tests.listening.listener import Listener, build
from tests.listening.served import Server, running
from tests.listening.test_page import answers, pid_of, start
from tta_bench.listening.database import server_events

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

long = pytest.mark.long
WHO = "?PROLIFIC_PID=5f8a0c1d&STUDY_ID=s1&SESSION_ID=v1"


def served(clips: Path, folder: Path, kind: str = "ovl_rel", *more: str) -> dict[str, Any]:
    """The key of a kit for a server, for raters of a panel."""
    options = ["--server", "--recruit", "prolific", "--completion-code", "C0DE"]
    if kind == "mushra":
        options += ["--references", str(clips / "good")]
    return build(clips, folder / "kit", kind, *options, *more)


def stored(folder: Path) -> list[dict[str, Any]]:
    return sorted(server_events(folder / "answers.sqlite"), key=lambda event: (event["session"], event["seq"]))


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=long) for kind in ("multi", "mushra", "ab", "abx")])
def test_every_kind_is_served_stored_and_paid(kind: str, page: Page, clips: Path, tmp_path: Path) -> None:
    key = served(clips, tmp_path, kind)
    with running(tmp_path / "kit", tmp_path / "answers.sqlite") as server:
        seen = Seen(page, server.url)
        listener = Listener(page, key)
        listener.begin(server.url + "/" + WHO)
        listener.finish()
        page.locator("code", has_text="C0DE").wait_for()
        link = page.get_by_role("link", name="Back to the site")
        assert link.get_attribute("href") == "https://app.prolific.com/submissions/complete?cc=C0DE"
        assert seen.errors == []
        assert seen.outside == []
        assert server.refusals == []
        assert same(stored(tmp_path), page.evaluate("app.events"))
    events = stored(tmp_path)
    assert events[0]["payload"]["participant"]["PROLIFIC_PID"] == "5f8a0c1d"
    assert answers(events) == key["lists"][events[0]["payload"]["list"]]


@long
def test_reload_back_and_a_second_tab_lose_and_double_nothing_on_the_server(
    page: Page, clips: Path, tmp_path: Path
) -> None:
    key = served(clips, tmp_path)
    with running(tmp_path / "kit", tmp_path / "answers.sqlite") as server:
        listener = Listener(page, key)
        listener.begin(server.url + "/" + WHO)
        for _ in range(3):
            assert listener.on_trial
            listener.answer()
        other = page.context.new_page()
        other.goto(server.url + "/" + WHO)
        other.get_by_role("heading", name="open in another tab").wait_for()
        other.close()
        page.reload()
        page.get_by_role("button", name="Continue").click()
        assert listener.on_trial
        page.go_back()
        page.locator("#count", has_text="Page 3 of").wait_for()
        page.locator("input[type=number]").first.fill("33")
        page.get_by_role("button", name="Next").click()
        page.locator("#count", has_text="Page 4 of").wait_for()
        listener.finish()
        page.locator("code", has_text="C0DE").wait_for()
        page.reload()  # who paid no heed to the code sees it again
        page.locator("code", has_text="C0DE").wait_for()
        mine = page.evaluate("app.events")
    assert same(stored(tmp_path), mine)
    trials = key["lists"][mine[0]["payload"]["list"]]
    assert sorted(answers(mine)) == sorted([*trials, trials[2]])


@long
def test_a_killed_browser_and_the_server_agree(browser: Browser, clips: Path, tmp_path: Path) -> None:
    """Killed as soon as each answer is said to be saved, sent or not."""
    key = served(clips, tmp_path)
    with running(tmp_path / "kit", tmp_path / "answers.sqlite") as server:
        page = start(browser, tmp_path / "profile")
        Listener(page, key).begin(server.url + "/" + WHO)
        trials = key["lists"][page.evaluate("app.session.list")]
        for number in range(len(trials) - 1):
            listener = Listener(page, key)
            assert listener.on_trial
            listener.answer()
            os.kill(pid_of(tmp_path / "profile"), signal.SIGKILL)
            with contextlib.suppress(Exception):  # it may be found closed
                page.context.close()
            page = start(browser, tmp_path / "profile")
            page.goto(server.url + "/" + WHO)
            page.get_by_role("button", name="Continue").click()
            assert page.evaluate("app.answers().size") == number + 1
        listener = Listener(page, key)
        listener.finish()
        page.locator("code", has_text="C0DE").wait_for()
        mine = page.evaluate("app.events")
        page.context.close()
    assert same(stored(tmp_path), mine)
    assert answers(mine) == trials


def kill(server: Server) -> str:
    """The port at which a server was."""
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    return server.url.rpartition(":")[2]


def test_a_killed_server_gets_what_it_missed_and_the_code_waits_for_it(page: Page, clips: Path, tmp_path: Path) -> None:
    key = served(clips, tmp_path)
    listener = Listener(page, key)
    with running(tmp_path / "kit", tmp_path / "answers.sqlite") as server:
        listener.begin(server.url + "/" + WHO)
        while page.evaluate("app.answers().size < KIT.lists[app.session.list].length - 1"):
            assert listener.on_trial
            listener.answer()
        assert listener.on_trial
        port = kill(server)
        page.evaluate("upload.patience = 2000")
        listener.answer()
        page.get_by_text("they have not reached the server yet").wait_for()
        assert page.locator("code").count() == 0
        assert page.locator("#unsent").text_content() != ""
        sent = listener.download()["events"]
    with running(tmp_path / "kit", tmp_path / "answers.sqlite", "--port", port):
        page.get_by_role("button", name="Send again").click()
        page.locator("code", has_text="C0DE").wait_for()
        assert page.locator("#unsent").text_content() == ""
    assert same(stored(tmp_path), sent)


@pytest.mark.long
def test_whom_the_server_does_not_take_is_told_so(page: Page, browser: Browser, clips: Path, tmp_path: Path) -> None:
    served(clips, tmp_path)
    with running(tmp_path / "kit", tmp_path / "answers.sqlite", "--most-sessions", "1") as server:
        for heading in ("About you", "This test cannot take you in now"):
            context = browser.new_context()
            asking = context.new_page()
            asking.goto(server.url + "/" + WHO)
            asking.get_by_label("I have read this").check()
            asking.get_by_role("button", name="Start").click()
            asking.get_by_role("heading", name=heading).wait_for()
            context.close()
        page.goto(server.url + "/" + WHO)
        page.get_by_label("I have read this").check()
        kill(server)
        page.get_by_role("button", name="Start").click()
        page.get_by_role("heading", name="The server cannot be reached").wait_for()


def test_answers_go_in_batches_that_the_server_takes(page: Page, clips: Path, tmp_path: Path) -> None:
    served(clips, tmp_path)
    page.goto((tmp_path / "kit" / "index.html").as_uri())
    sizes = page.evaluate("""() => {
      const found = [];
      upload.waiting = [...Array(60).keys()].map((seq) => ({ seq, text: "ä".repeat(seq === 30 ? 30000 : 3000) }));
      for (; upload.waiting.length; upload.waiting = upload.waiting.slice(upload.batch.length)) {
        found.push(new Blob([JSON.stringify({ events: upload.batch })]).size);
      }
      return found;
    }""")
    assert max(sizes) < 65_536  # the one event that is larger than a batch goes alone
    assert sorted(sizes)[-2] < 41_000
