"""What is known of each checkpoint: where it is published, on what it was trained, under which licence.

From the README and inference.py of happylittlecat2333/Auffusion, commit f44233d. The training sets of the full
checkpoints are named by later papers only, and their list may be longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PAPER = "Xue et al., Auffusion, IEEE/ACM TASLP 32 (2024), https://arxiv.org/abs/2401.01044"
NON_COMMERCIAL = "CC-BY-NC-SA-4.0 (the repository's; the weights' page may say more)"
REPORTED = " (reported by later papers, not by the authors)"


@dataclass(frozen=True)
class Published:
    """One checkpoint."""

    repository: str | None
    """On the Hugging Face hub; None for weights that come with the suite."""
    trained_on: tuple[str, ...]
    licence: str
    note: str = ""
    """What a reader of its numbers should know."""

    @property
    def flavour(self) -> Literal["pocket", "published"]:
        """Which boards it is for."""
        return "pocket" if self.repository is None else "published"


FULL = ("AudioCaps", "WavCaps" + REPORTED, "MACS" + REPORTED)

CHECKPOINTS: Mapping[str, Published] = {
    "auffusion": Published("auffusion/auffusion", ("AudioCaps",), NON_COMMERCIAL),
    "full": Published("auffusion/auffusion-full", FULL, NON_COMMERCIAL),
    "full-no-adapter": Published(
        "auffusion/auffusion-full-no-adapter",
        FULL,
        NON_COMMERCIAL,
        "Laid out as Stable Diffusion: no adapter, captions filled up to 77 tokens, the empty caption as none.",
    ),
    "pocket": Published(
        None,
        ("scenes of tta_bench, split training",),
        "Apache-2.0",
        "Small enough for two CPU cores; compare it on the board `pocket` only.",
    ),
}
