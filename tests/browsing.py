"""A real browser for tests: Debian's Chromium, headless, driven by Playwright, with axe-core for accessibility."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "TTA_BENCH_BROWSER"
"""Environment variable: where it is `required`, as in continuous integration, a missing browser fails the tests."""
SERIOUS = ("serious", "critical")


def executable() -> str:
    """Path of the browser; without one, the test is skipped, and says so."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        lacking = f"no browser: none of {', '.join(NAMES)} is on the PATH (apt-get install chromium)"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(lacking)
        pytest.skip(lacking)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without windows. It plays sound without a device."""
    path = executable()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Seen:
    """What a page did that a reader does not see: errors, and requests that leave a folder or an origin."""

    def __init__(self, page: Page, *inside: str) -> None:
        """`inside` are the beginnings of the addresses that the page may ask for."""
        self.errors: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("requestfailed", lambda request: self.errors.append(f"{request.url}: {request.failure}"))
        allowed = (*inside, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(allowed) else self.outside.append(r.url))


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is now, of serious and critical impact."""
    import axe_playwright_python

    # As a script of the debugger, which a page's content-security policy does not concern.
    page.evaluate((Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    # Parts of a drawing with a name of its own are one picture to a reader, and thousands of elements to axe.
    found = page.evaluate("async () => (await axe.run({ exclude: [['svg > *']] })).violations")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
