"""Figures of edits and of attention: spectrograms and maps in seconds and Hz, drawn without window or global state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from models.auffusion.editing import Mask
from models.auffusion.spectrogram import MelSettings, log_mel, mel_centres
from tta_bench.types import Clip

Values = NDArray[np.float64]
DB = 20 / math.log(10)
"""dB in one unit of a log-mel spectrogram."""
RANGE = 80.0
"""dB below the loudest that are shown, and told apart."""
TICKS = (0, 500, 1000, 2000, 4000, 8000, 16000)
"""Hz."""


def figure_of_change(source: Clip, result: Clip, mel: MelSettings, *, title: str) -> Figure:
    """Source, by how many dB each place of it became louder or softer, and result, on equal axes.

    Both clips are mono and of one length, at the sample rate of `mel`.
    """
    before, after = _spectrograms(source, result, mel)
    change = after - before
    most = max(1.0, float(np.abs(change).max()))
    shown = {"vmin": -most, "vmax": most, "cmap": "RdBu_r"}
    return _side_by_side((before, change, after), mel, ("change (dB)", shown), title=title)


def figure_of_mask(source: Clip, mask: Mask, result: Clip, mel: MelSettings, *, title: str) -> Figure:
    """Source, what of it was made anew, and result, on equal axes. Clips as for `figure_of_change`."""
    before, after = _spectrograms(source, result, mel)
    times = (np.arange(before.shape[1]) + 0.5) / mel.frame_rate
    centres = mel_centres(mel).numpy()
    bands = (centres >= mask.low) & (centres <= mask.high)
    masked = bands[:, None] & (times >= mask.start) & (times < mask.stop)
    shown = {"vmin": 0.0, "vmax": 1.0, "cmap": "gray"}
    return _side_by_side((before, masked.astype(float), after), mel, ("mask (1: made anew)", shown), title=title)


def figure_of_words(clip: Clip, maps: Mapping[str, Tensor], mel: MelSettings, *, title: str) -> Figure:
    """The clip's spectrogram, and under it, on one time axis, a row a word: the share of attention that it gets.

    `maps` are those of `prompting.maps_of_words`. Each row has a scale of its own, which it states.
    """
    figure = Figure(figsize=(9, 2.4 + 1.1 * len(maps)), dpi=120, layout="constrained")
    heights = [2.0, *[1.0] * len(maps)]
    rows = figure.subplots(1 + len(maps), 1, sharex=True, sharey=True, squeeze=False, height_ratios=heights)[:, 0]
    heard = _decibels(clip, mel)
    loudest = float(heard.max())
    drawn = _draw(rows[0], heard, mel, vmin=loudest - RANGE, vmax=loudest, cmap="magma")
    figure.colorbar(drawn, ax=rows[0], label="dB")
    for axes, (word, seen) in zip(rows[1:], maps.items(), strict=True):
        drawn = _draw(axes, _unfolded(seen, mel)[:, : heard.shape[1]], mel, vmin=0.0, vmax=None, cmap="viridis")
        figure.colorbar(drawn, ax=axes)
        axes.set_title(word, loc="left", fontsize=9, parse_math=False)
    for axes in rows:
        axes.set_ylabel("Hz")
    rows[-1].set_xlabel("time (s)")
    figure.suptitle(title, parse_math=False)
    return figure


def _side_by_side(
    panels: tuple[Values, Values, Values], mel: MelSettings, middle: tuple[str, dict[str, Any]], *, title: str
) -> Figure:
    """Source, what is named in the middle, with how it is shown, and result."""
    figure = Figure(figsize=(13, 3.8), dpi=120, layout="constrained")
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    loudest = max(float(panels[0].max()), float(panels[2].max()))
    spectrum = {"vmin": loudest - RANGE, "vmax": loudest, "cmap": "magma"}
    shown = (("source", spectrum), middle, ("result", spectrum))
    drawn = []
    for each, values, (name, how) in zip(axes, panels, shown, strict=True):
        drawn.append(_draw(each, values, mel, **how))
        each.set_title(name)
        each.set_xlabel("time (s)")
    axes[0].set_ylabel("frequency (Hz)")
    figure.colorbar(drawn[1], ax=axes[1])
    figure.colorbar(drawn[2], ax=axes[2], label="dB, of source and result")
    figure.suptitle(title, parse_math=False)
    return figure


def _draw(axes: Axes, values: Values, mel: MelSettings, *, vmin: float, vmax: float | None, cmap: str) -> Any:
    """Values `(n_mels, n_frames)`, the lowest frequency first, over seconds and Hz."""
    centres = mel_centres(mel).numpy()
    bounds = np.concatenate([[mel.f_min], (centres[1:] + centres[:-1]) / 2, [mel.f_max]])
    times = np.arange(values.shape[1] + 1) / mel.frame_rate
    drawn = axes.pcolormesh(times, bounds, values, vmin=vmin, vmax=vmax, cmap=cmap, rasterized=True)
    # The mel scale: even up to 1 kHz, 15 mel, and logarithmic above, 33.5 mel a decade.
    axes.set_yscale("symlog", linthresh=1000, linscale=15 / 33.5)
    ticks = [tick for tick in TICKS if mel.f_min <= tick <= mel.f_max]
    axes.set_yticks(ticks, labels=[str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(mel.f_min, mel.f_max)
    return drawn


def _spectrograms(source: Clip, result: Clip, mel: MelSettings) -> tuple[Values, Values]:
    """Of both, in dB, nothing below what the figure shows: what cannot be heard has not changed."""
    before, after = _decibels(source, mel), _decibels(result, mel)
    floor = max(float(before.max()), float(after.max())) - RANGE
    return np.maximum(before, floor), np.maximum(after, floor)


def _decibels(clip: Clip, mel: MelSettings) -> Values:
    """Magnitudes `(n_mels, n_frames)` in dB, the lowest frequency first."""
    return log_mel(torch.from_numpy(clip.samples)[None], mel)[0].double().numpy() * DB


def _unfolded(seen: Tensor, mel: MelSettings) -> Values:
    """A map `(freq, time)` of the latents' grid as `(n_mels, n_frames)`, the lowest frequency first."""
    factor = mel.n_mels // seen.shape[0]
    upright = seen.flip(0) if mel.flipped else seen
    return upright.double().cpu().repeat_interleave(factor, 0).repeat_interleave(factor, 1).numpy()
