"""What of a sound is marked: dragged over its spectrogram, or typed as numbers."""

from __future__ import annotations

from typing import final

from nicegui import ui

from commands.app import asking
from commands.app.fields import number_field
from commands.app.region import Rectangle, Region
from commands.edits import Source


@final
class MarkFields:
    """The numbers beside a region. What is dragged is written here, what is written here is drawn there."""

    def __init__(self, region: Region) -> None:
        self._region = region
        with ui.element("div").classes("row-of-fields"):
            self._seconds = number_field("From (s)", step=0.1), number_field("To (s)", step=0.1)
        self._banded = ui.switch("Only some frequencies")
        with ui.element("div").classes("row-of-fields").bind_visibility_from(self._banded, "value"):
            self._hz = number_field("From (Hz)", step=100), number_field("To (Hz)", step=100)
        region.on_mark(self._write)
        self._banded.on_value_change(self._draw)
        for field in (*self._seconds, *self._hz):
            field.on_value_change(self._draw)

    def clear(self, _: Source) -> None:
        """Nothing is marked in a sound that is new."""
        for field in (*self._seconds, *self._hz):
            field.set_value(None)

    def mask(self) -> tuple[float, float]:
        """Seconds. Raises UserError where none are marked."""
        low, high = self._seconds
        return asking.span(low.value, high.value, "s")

    def band(self) -> tuple[float, float] | None:
        """Hz, if only some are wanted. Raises UserError likewise."""
        low, high = self._hz
        return asking.span(low.value, high.value, "Hz") if self._banded.value else None

    def _write(self, marked: Rectangle) -> None:
        fields = (self._seconds[0], self._hz[0], self._seconds[1], self._hz[1])
        for field, value in zip(fields, marked, strict=True):
            field.set_value(value)

    def _draw(self) -> None:
        start, stop, low, high = (field.value for field in (*self._seconds, *self._hz))
        banded = bool(self._banded.value)
        if start is None or stop is None or (banded and None in (low, high)):
            self._region.clear_mark(whole=not banded)
        else:
            self._region.draw_mark((start, stop), (low, high) if banded else None)
