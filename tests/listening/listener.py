"""A scripted listener, the kits that it goes through, and clips to make them of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from typer.testing import CliRunner

import benchmark
from tta_bench import audio
from tta_bench.listening import kit
from tta_bench.types import Clip

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 0.45
CHECKS = "training=1,duplicate=1,trap=1"
LIKED = {"good": 85, "fair": 50, "bad": 15, None: 5}
"""What the scripted listener thinks of each model."""


def make_clips(root: Path) -> Path:
    """Three models' clips of four prompts, and what raters agree to."""
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
        self.introduce()

    def introduce(self) -> None:
        """From the consent to the first page with a trial, or the check of headphones."""
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
        self.page.locator(".trial, h1:has-text('Headphones,')").wait_for()

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

    def answer(self, *, offline: bool = False) -> None:
        """Hears and rates one page, goes on, perhaps without a connection, and waits until it is said to be saved."""
        self.hear()
        sounds = self.page.evaluate("KIT.trials[turn.id].stimuli.map(sound => sound.id)")
        liked = [self.thinks(sound) for sound in sounds]
        if self.page.locator("input[type=range]").count():
            for number, value in zip(self.page.locator(".stimulus:not(.reference)").all(), liked, strict=True):
                for field in number.locator("input[type=number]").all():
                    field.fill(str(value))
        else:
            tied = liked[0] == liked[1] and self.key["kind"] == "ab"
            best = "No preference" if tied else "AB"[int(np.argmax(liked))]
            self.page.locator(".radios").get_by_text(best, exact=True).click()
        self.page.context.set_offline(offline)
        n = self.page.evaluate("app.events.length")
        self.mark()
        self.page.get_by_role("button", name="Next").click()
        while self.page.evaluate("app.events.length") == n:
            self.page.wait_for_timeout(10)
        self.turned()

    def mark(self) -> None:
        """Marks the page that is to go."""
        self.page.locator(".trial").evaluate("trial => { trial.dataset.old = 1; }")

    def turned(self) -> None:
        """Waits until it has gone."""
        self.page.locator(".trial[data-old]").wait_for(state="detached")

    def thinks(self, sound: str) -> int:
        """What a sound deserves: as asked where a page asks for it, else by the model that made it."""
        trial = next(trial for trial in self.key["trials"].values() if sound in trial["stimuli"])
        expected = trial["expected"]
        if expected and "choice" in expected:
            return 90 if sound == expected["choice"] else 10
        return int(expected["low"] if expected else LIKED[self.key["stimuli"][sound]["model"]])

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
