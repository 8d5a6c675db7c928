"""What the classes of sound are fit for in a scene; a class that is named nowhere here sounds in front, near or far."""

from __future__ import annotations

from collections.abc import Mapping

AMBIENCES = frozenset(
    ["rain", "wind", "sea waves", "stream", "dripping water", "cricket", "frog", "insect buzz", "bird song", "crowd",
     "airplane", "helicopter", "train", "motorcycle", "vacuum cleaner", "clock tick", "heartbeat", "piano", "organ",
     "white noise"]
)  # fmt: skip
"""Sounds that may go on under all others, softer than they."""
BROADBAND = frozenset(
    ["rain", "wind", "sea waves", "stream", "thunder", "crowd", "airplane", "helicopter", "train", "car passing",
     "vacuum cleaner", "drill", "chainsaw", "sawing", "white noise"]
)  # fmt: skip
"""Noises that would hide each other: never two of them at a time."""
CLOSE = frozenset(
    ["rain", "wind", "dripping water", "bubbles", "insect buzz", "car passing", "vacuum cleaner", "telephone ring",
     "clock tick", "keyboard typing", "zipper", "coins", "heartbeat", "snoring", "sine tone", "white noise"]
)  # fmt: skip
"""Sounds that nobody hears from afar, or of which nobody would say so."""
NEEDS: Mapping[tuple[str, str], float] = {
    ("car horn", "long"): 1.0,
    ("zipper", "slow"): 1.0,
    ("sea waves", "slow"): 4.0,
    ("snoring", "slow"): 3.2,
}
"""(class, level of a trait) -> the seconds without which that level cannot be heard."""
