"""A spectrogram over seconds and Hz, on which a rectangle can be marked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from nicegui import ui
from nicegui.events import GenericEventArguments

from tta_bench.mel import hz_to_mel, mel_to_hz
from tta_bench.report.page import spectrogram
from tta_bench.types import Clip

TICKS = (0, 500, 1000, 2000, 4000, 8000)
"""Hz."""
Rectangle = tuple[float, float, float, float]
"""From s, from Hz, to s, to Hz."""


class Region(ui.element, component="region.js"):
    """See `region.js`; here in seconds and Hz."""

    def __init__(self) -> None:
        super().__init__()
        self._duration, self._top = 1.0, spectrogram.F_MAX
        self.props.update(markable=False, whole=True, marked=None)

    def on_mark(self, told: Callable[[Rectangle], None]) -> None:
        """From now on a mark can be made, and somebody is told of it."""
        self.props["markable"] = True
        self.on("mark", lambda event: told(self._rectangle(event)))

    def show(self, clip: Clip, picture: str, label: str) -> None:
        """Shows a clip by the address of its spectrogram, with nothing marked."""
        self._duration, self._top = clip.duration, min(spectrogram.F_MAX, clip.sample_rate / 2)
        step = next(step for step in (0.1, 0.25, 0.5, 1, 2, 5, 10) if clip.duration / step <= 10)
        times = np.arange(0, clip.duration * 1.0001, step)
        rows = [[self._height(hz), f"{hz / 1000:g} kHz" if hz >= 1000 else str(hz)] for hz in TICKS if hz <= self._top]
        columns = [[float(time / clip.duration), f"{time:g} s"] for time in times]
        self.props.update(src=picture, label=label, rows=rows, columns=columns, marked=None)
        self.update()

    def draw_mark(self, seconds: tuple[float, float], hz: tuple[float, float] | None) -> None:
        """Shows a mark; without Hz, of the full height."""
        low, high = hz or (0.0, self._top)
        left, right = (min(1.0, second / self._duration) for second in seconds)
        self.props.update(whole=hz is None, marked=[left, self._height(low), right, self._height(high)])
        self.update()

    def clear_mark(self, *, whole: bool) -> None:
        """Shows no mark; the next has the full height if it is to be `whole`."""
        self.props.update(whole=whole, marked=None)
        self.update()

    def _rectangle(self, event: GenericEventArguments) -> Rectangle:
        left, bottom, right, top = event.args
        seconds = [round(part * self._duration, 2) for part in (left, right)]
        low, high = (float(np.round(self._hz(part), -1)) for part in (bottom, top))
        return seconds[0], low, seconds[1], high

    def _height(self, hz: float) -> float:
        """Part of the height, whose scale is mel."""
        mels = hz_to_mel(np.array([min(hz, self._top), self._top]), "slaney")
        return float(mels[0] / mels[1])

    def _hz(self, part: float) -> float:
        top = hz_to_mel(np.array([self._top]), "slaney")
        return float(mel_to_hz(part * top, "slaney")[0])
