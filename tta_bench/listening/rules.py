"""Whose answers will count: rules that are fixed before anyone listens, with every number that they need."""

from __future__ import annotations

from typing import Any

from tta_bench.listening.spec import RATED, Spec

LEAST_VARIANCE = {"radio": 0.1, "slider": 60.0}
"""ITU-T P.808 for five steps; the same share of the range of a slider."""
RETEST = 0.3
"""Largest difference between a page and its duplicate, as a share of the scale."""


def screening(spec: Spec) -> dict[str, Any]:
    """Rule -> its numbers, as the private key holds them; rules that are absent are off."""
    rules: dict[str, Any] = {
        **{check: {"wrong": 0} for check in ("trap", "gold", "mismatch") if spec.n(check)},
        "unheard": {"clip": 0.95, "share": 0.0},
        "fast": {"share": 0.1},
        "unfinished": {"answered": 0.5},
        "sessions": {"most": 1},
    }
    if spec.gate:
        rules["headphones"] = {"wrong": 0}
    if spec.kind in RATED:
        rules["variance"] = {axis.id: LEAST_VARIANCE[axis.style] for axis in spec.axes}
        rules["retest"] = {axis.id: round(RETEST * (axis.max - axis.min), 1) for axis in spec.axes}
    if spec.kind == "mushra":  # ITU-R BS.1534-3, 4.1.2
        rules["hidden_reference"] = {"axis": "OVL", "below": 90, "share": 0.15}
        rules["anchor"] = {"axis": "OVL", "role": "anchor70", "above": 90, "share": 0.15}
    return rules
