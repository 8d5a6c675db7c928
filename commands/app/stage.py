"""Where a page shows what is being made, what was made, and what went wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import final

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from commands.app.job import Job, Stopped
from commands.app.region import Region
from commands.app.studio import Studio, Take
from tta_bench.types import UserError

MADE = "/made"
"""Below which the studio's folder is served."""
Ask = Callable[[], tuple[str, Callable[[Job], Take]]]
"""Reads a form, or raises UserError: what is to be done, and how."""


def address(file: Path) -> str:
    """Where the page finds a file of the studio's folder."""
    return f"{MADE}/{file.name}"


def text(tag: str, content: str, classes: str = "") -> TextElement:
    """An element that holds a text, whatever characters it has."""
    return TextElement(tag=tag, text=content).classes(classes)


def player(file: Path, description: str) -> None:
    """A player of a clip of the studio's folder."""
    audio = ui.audio(address(file))
    audio.props.update({"aria-label": description, "preload": "auto"})


def _look(take: Take) -> None:
    """The spectrogram over its axes, or the figure, which has its own and may be wider than the page."""
    described = f"{take.title}: spectrogram"
    if take.heard is not None:
        Region().show(take.heard, address(take.picture), described)
        return
    with ui.element("div").classes("figure").props("tabindex=0 role=region") as figure:
        image = ui.element("img")
        image.props.update(src=address(take.picture), alt=f"{described}s over seconds and Hz")
    figure.props["aria-label"] = f"Figure of {take.title}"


@final
class Bar:
    """The job that is being done, whoever asked for it: how far it is, and the button that stops it."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.buttons: list[ui.button] = []
        """Those that cannot be pressed while a job is being done."""
        with ui.footer().classes("bar") as self._bar:
            self._what = ui.label("").props("role=status")
            self._progress = ui.linear_progress(0, show_value=False)
            self._progress.props.update({"aria-label": "Progress"})
            self._step = ui.label("").classes("step")
            ui.button("Cancel", on_click=studio.desk.stop).props("no-caps outline").classes("cancel")
        self._bar.set_visibility(False)
        ui.timer(0.2, self._refresh)

    def _refresh(self) -> None:
        job = self._studio.desk.job
        for button in self.buttons:
            button.set_enabled(job is None)
        self._bar.set_visibility(job is not None)
        if job is None:
            return
        self._what.set_text("Stopping …" if job.stopping else job.what)
        self._progress.props.set_bool("indeterminate", job.part is None or job.step == 0)
        self._progress.set_value(job.part or 0)
        known = f" of {job.n_steps}" if job.n_steps else ""
        self._step.set_text(f"step {min(job.step, job.n_steps or job.step)}{known}" if job.step else "")


@final
class Stage:
    """The messages and takes of one form, the newest first."""

    def __init__(self, studio: Studio, *, hint: str, use: Callable[[Path], None]) -> None:
        """`use` takes the clip that somebody wants to edit further."""
        self._studio, self._use = studio, use
        with ui.element("section").classes("stage").props('aria-label="Results"'):
            self._message = ui.label("").classes("message").props("role=alert")
            self._hint = ui.label(hint).classes("hint")
            self._takes = ui.element("div").classes("takes")
        self._message.set_visibility(False)

    def say(self, message: str) -> None:
        """Shows a message in place of the last one; none for an empty text."""
        self._message.set_text(message)
        self._message.set_visibility(bool(message))

    async def carry_out(self, ask: Ask) -> bool:
        """Does what a form asks for and shows what came of it; whether something did."""
        self.say("")
        try:
            what, work = ask()
            take = await asyncio.to_thread(self._studio.desk.do, what, work)
        except UserError as error:
            self.say(str(error))
        except Stopped:
            self.say("Stopped. Nothing was written.")
        else:
            self._show(take)
            return True
        return False

    def _show(self, take: Take) -> None:
        self._hint.set_visibility(False)
        with self._takes, ui.element("article").classes("take") as article:
            text("h2", take.title)
            text("p", take.caption, "caption").props("tabindex=0")
            with ui.element("div").classes("clips"):
                for name, file in take.clips.items():
                    self._clip(name, file)
            _look(take)
            text("p", take.told, "told")
            self._provenance(take)
        article.move(target_index=0)
        article.run_method("scrollIntoView", {"block": "nearest", "behavior": "smooth"})

    def _clip(self, name: str, file: Path) -> None:
        with ui.element("div").classes("clip"):
            text("h3", name)
            player(file, name)
            with ui.element("div").classes("actions"):
                text("a", "Download").props.update(href=address(file), download=file.name)
                ui.button("Edit this clip", on_click=lambda: self._use(file)).props("no-caps flat dense")

    def _provenance(self, take: Take) -> None:
        with ui.element("details"):
            text("summary", "How it was made")
            text("p", f"Clip, figure and record lie in {self._studio.out}.")
            if take.command:
                text("p", "The same from the command line:")
                text("pre", take.command).props("tabindex=0")
            text("pre", json.dumps(take.record, indent=1, ensure_ascii=False)).props("tabindex=0")
