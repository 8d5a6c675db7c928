"""The page and the collection server together, through lost connections."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browsing import Seen
from tests.listening.listener import Listener, build
from tests.listening.served import running
from tta_bench.listening.database import server_events

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_served_listener_goes_offline_and_no_answer_is_lost_or_doubled(
    page: Page, clips: Path, tmp_path: Path
) -> None:
    key = build(clips, tmp_path / "kit", "ovl_rel", "--server", "--completion-code", "C0DE")
    with running(tmp_path / "kit", tmp_path / "answers.sqlite") as server:
        seen = Seen(page, server.url)
        listener = Listener(page, key)
        listener.begin(f"{server.url}/")
        for turn in range(4):
            assert listener.on_trial
            listener.answer(offline=turn in (1, 2))  # what is answered then waits on the device
            page.wait_for_timeout(200)
            page.context.set_offline(False)
        listener.finish()
        page.get_by_text("All your answers are stored.").wait_for()
        assert page.locator("code").text_content() == "C0DE"
        mine = page.evaluate("app.events")
    stored = list(server_events(tmp_path / "answers.sqlite"))
    assert json.dumps(stored, sort_keys=True) == json.dumps(mine, sort_keys=True)
    assert seen.outside == []
