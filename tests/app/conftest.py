"""The app as its user has it: a process of its own, and a page in a real browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import browsing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parent.parent.parent


class Running(NamedTuple):
    """The app while it runs."""

    address: str
    out: Path


class Visit:
    """A page of the app."""

    def __init__(self, page: Page, app: Running) -> None:
        self.page, self.app = page, app
        self.seen = browsing.Seen(page, app.address, app.address.replace("http", "ws"))
        page.goto(app.address)

    def open(self, tab: str) -> Locator:
        """The panel of a tab, opened."""
        self.page.get_by_role("tab", name=tab).click()
        return self.page.get_by_role("tabpanel").filter(visible=True)

    def with_steps(self, tab: str, steps: int) -> Locator:
        """The same, with that many steps."""
        panel = self.open(tab)
        panel.get_by_text("More", exact=True).click()
        panel.get_by_label("Steps").fill(str(steps))
        return panel

    def bring(self, panel: Locator, clip: Path) -> None:
        """Uploads a clip."""
        panel.locator("input[type=file]").set_input_files(clip)
        panel.locator(".region img").wait_for()

    def take(self, panel: Locator, button: str) -> Locator:
        """What comes of pressing a button."""
        before = panel.locator(".take").count()
        panel.get_by_role("button", name=button, exact=True).click()
        panel.locator(".take").nth(before).wait_for(timeout=120_000)
        return panel.locator(".take").first

    def heard(self, take: Locator) -> float:
        """Seconds of the clips of a take that were played, of the least one."""
        return float(
            take.evaluate(
                """take => Promise.all([...take.querySelectorAll("audio")].map(async audio => {
                    await audio.play();
                    while (audio.currentTime === 0) await new Promise(later => setTimeout(later, 20));
                    audio.pause();
                    return audio.currentTime;
                })).then(played => Math.min(...played))"""
            )
        )


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The app with the results of the pocket board, on a free port."""
    browsing.executable()
    out = tmp_path_factory.mktemp("app")
    command = [sys.executable, "benchmark.py", "app", "reports/pocket", "--port", "0", "--out", str(out)]
    with subprocess.Popen([*command, "--device", "cpu"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        try:
            yield Running(address, out)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture
def visit(page: Page, app: Running) -> Iterator[Visit]:
    """A visit at which nothing goes wrong behind the page, and nothing is asked of anyone but the app."""
    visiting = Visit(page, app)
    yield visiting
    assert not visiting.seen.errors
    assert not visiting.seen.outside


@pytest.fixture
def dark(browser: Browser, app: Running) -> Iterator[Visit]:
    """A visit by somebody who likes it dark, on a phone."""
    context = browser.new_context(viewport={"width": 375, "height": 812}, color_scheme="dark")
    yield Visit(context.new_page(), app)
    context.close()
