"""Fields that several forms have: how a clip is drawn, and which sound is to be edited."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import final

from nicegui import ui
from nicegui.events import UploadEventArguments

from commands.app import asking
from commands.app.region import Region
from commands.app.stage import Bar, address, player, text
from commands.app.studio import Studio
from commands.edits import Drawn, Source
from tta_bench.types import UserError

LARGEST_FILE = 100 * 2**20
"""Bytes."""


def caption_field(label: str, value: str = "") -> ui.textarea:
    """Where a caption is typed."""
    return ui.textarea(label, value=value).props("outlined autogrow").classes("wide")


def number_field(label: str, value: float | None = None, *, step: float, hint: str = "") -> ui.number:
    """Where a number is typed; it may be left empty."""
    field = ui.number(label, value=value, min=0, step=step, placeholder=hint or None)
    return field.props("outlined dense stack-label")


def slider(label: str, *, low: float, high: float, step: float, value: float) -> ui.slider:
    """A number between two, with its name to the left and its value to the right."""
    with ui.element("div").classes("slider"):
        ui.label(label)
        made = ui.slider(min=low, max=high, step=step, value=value)
        made.props["aria-label"] = label
        ui.label().bind_text_from(made, "value", lambda number: f"{number:g}").classes("number")
    return made


def submit(label: str, bar: Bar, press: Callable[[], object]) -> None:
    """The button of a form, which cannot be pressed while a job is being done."""
    bar.buttons.append(ui.button(label, on_click=press, color=None).props("no-caps unelevated").classes("submit"))


@final
class Drawing:
    """How a clip is drawn: seed, seconds where they can be chosen, and what of the sampling is to be otherwise."""

    def __init__(self, *, duration: float | None) -> None:
        with ui.element("div").classes("row-of-fields"):
            self._seed = ui.input("Seed", value="0").props("outlined dense inputmode=numeric stack-label")
            with self._seed.add_slot("append"):
                dice = ui.button(icon="casino", on_click=lambda: self._seed.set_value(str(secrets.randbits(32))))
                dice.props('flat dense round aria-label="Another seed"')
            self._duration = None if duration is None else number_field("Seconds", duration, step=0.5)
        with ui.expansion("More").classes("more"):
            with ui.element("div").classes("row-of-fields"):
                self._steps = number_field("Steps", step=1, hint="the model’s own")
                self._guidance = number_field("Guidance", step=0.5, hint="the model’s own")
            self._negative = ui.input("Lead away from").props("outlined dense").classes("wide")

    def drawn(self) -> Drawn:
        """What the fields say. Raises UserError for what cannot be meant."""
        chosen = asking.sampling(self._steps.value, self._guidance.value, self._negative.value)
        return Drawn(asking.seed(self._seed.value), chosen)

    def duration(self) -> float:
        """Seconds. Raises UserError likewise."""
        return asking.duration(self._duration.value if self._duration else None)

    def take_from_board(self, seed: int, duration: float) -> None:
        """Those of a prompt of the board."""
        self._seed.set_value(str(seed))
        if self._duration:
            self._duration.set_value(duration)


def model_field(models: list[str]) -> ui.select:
    """Which model edits."""
    return ui.select(models, value=models[0], label="Model").props("outlined dense").classes("wide")


@final
class Shelf:
    """The sound that is to be edited, the same in all forms of a page."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._source: Source | None = None
        self._told: list[Callable[[Source], None]] = []

    def tell(self, told: Callable[[Source], None]) -> None:
        """Has somebody told of each sound that is put here."""
        self._told.append(told)

    def put(self, source: Source) -> None:
        """Another sound is to be edited from now on."""
        self._source = source
        for told in self._told:
            told(source)

    def source(self) -> Source:
        """Raises UserError where nothing was put yet."""
        if self._source is None:
            raise UserError("There is no clip to edit yet. Choose a file, or press “Edit this clip” below one.")
        return self._source

    async def bring(self, event: UploadEventArguments) -> None:
        """Puts what somebody uploaded. Raises UserError for what is no sound."""
        self.put(self._studio.read_source(await event.file.read(), event.file.name))


@final
class SourceView:
    """The sound that is to be edited: a button that brings one, its player and its spectrogram."""

    def __init__(self, studio: Studio, shelf: Shelf, refuse: Callable[[str], None]) -> None:
        self._studio, self._shelf, self._refuse = studio, shelf, refuse
        with ui.element("section").classes("source").props('aria-label="Clip to edit"'):
            with ui.element("div").classes("source-head"):
                self._name = text("p", "No clip yet.", "source-name")
                upload = ui.upload(auto_upload=True, max_file_size=LARGEST_FILE, on_upload=self._bring)
                upload.on_rejected(lambda: refuse(f"The file has more than {LARGEST_FILE // 2**20} MiB."))
                upload.props('accept="audio/*"').classes("unseen")
                ui.button("Choose a clip …", on_click=lambda: upload.run_method("pickFiles")).props("no-caps outline")
            self._player = ui.element("div").classes("source-player")
            self.region = Region()
        self.region.set_visibility(False)
        shelf.tell(self._show)

    async def _bring(self, event: UploadEventArguments) -> None:
        self._refuse("")
        try:
            await self._shelf.bring(event)
        except UserError as error:
            self._refuse(str(error))

    def _show(self, source: Source) -> None:
        self._name.set_text(f"{source.clip.duration:.2f} s at {source.clip.sample_rate / 1000:g} kHz")
        self._player.clear()
        with self._player:
            player(source.file, "Clip to edit")
        self.region.set_visibility(True)
        self.region.show(source.clip, address(self._studio.picture_of(source)), "Spectrogram of the clip to edit")
