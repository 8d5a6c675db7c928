"""From the clips to the table: kits are listened to in a browser, and the analysis finds what the listener thinks."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import benchmark
from tests.listening.listener import Listener, build
from tta_bench.listening import kit

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize(
    "kind", ["ovl_rel", pytest.param("multi", marks=pytest.mark.long), pytest.param("ab", marks=pytest.mark.long)]
)
def test_what_listeners_think_is_what_the_analysis_finds(
    kind: str, browser: Browser, clips: Path, tmp_path: Path
) -> None:
    key = build(clips, tmp_path / "kit", kind)
    (tmp_path / "sent").mkdir()
    for number in range(2):
        context = browser.new_context()
        listener = Listener(context.new_page(), key)
        listener.begin((tmp_path / "kit" / "index.html").as_uri() + f"?list={number}")
        listener.finish()
        found = listener.download()
        sent = {**found, "events": json.dumps(found["events"], ensure_ascii=False, separators=(",", ":"))}
        (tmp_path / "sent" / f"{number}.json").write_text(json.dumps(sent))
        context.close()
    secret = str(kit.key_folder(tmp_path / "kit"))
    run = CliRunner().invoke(
        benchmark.app, ["listen", "collect", secret, str(tmp_path / "sent"), "--out", str(tmp_path / "collected")]
    )
    assert run.exit_code == 0, run.output
    assert (tmp_path / "collected" / "quarantine.csv").read_text().count("\n") == 1
    run = CliRunner().invoke(
        benchmark.app, ["listen", "analyze", secret, str(tmp_path / "collected"), "--out", str(tmp_path / "found")]
    )
    assert run.exit_code == 0, run.output
    rows = list(csv.DictReader((tmp_path / "found" / "means.csv").read_text().splitlines()))
    told = [row for row in rows if row["screened"] == "yes" and row["control"] == "no" and not row["bucket"]]
    for axis in {row["axis"] for row in told}:
        means = {row["system"]: float(row["mean"]) for row in told if row["axis"] == axis}
        assert sorted(means, key=lambda system: -means[system]) == ["good", "fair", "bad"]
