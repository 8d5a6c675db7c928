"""A caption as one embedding, such as AudioLDM is told: the text half of a small CLAP over MiniLM.

Trained by the stage `clap` of `models.auffusion.train` on the clips of the recipe, beside an audio half that training
alone needs. It shares no weights with the CLAP that measures, but reads captions by the same sentence encoder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models._shared.networks import Files, read_part
from models.auffusion.text_encoders import SCALE, MiniLM, Span
from tta_bench.text import WIDTH


@final
class ClapText(nn.Module):
    """States of a caption's words to one vector of the space in which captions lie near their sounds.

    Several means of the states, each with weights of its own, through two layers.
    """

    def __init__(self, *, width: int, n_means: int, dropout: float) -> None:
        """`width` of the common space."""
        super().__init__()
        self.config: dict[str, Any] = {"width": width, "n_means": n_means, "dropout": dropout}
        self.enter = nn.Sequential(nn.Dropout(dropout), nn.Linear(WIDTH, width))
        self.weigh = nn.Linear(width, n_means)
        self.leave = nn.Sequential(
            nn.LayerNorm(n_means * width), nn.Linear(n_means * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Unit vectors `(n, width)` of states `(n, n_tokens, 384)`, True where `present` has a token."""
        entered = self.enter(SCALE * states)
        weights = self.weigh(entered).masked_fill(~present[..., None], -torch.inf).softmax(dim=1)
        return F.normalize(self.leave((weights.mT @ entered).flatten(1)), dim=-1)


@final
class ClapEmbeddings:
    """A text encoder with one state for each text. See `text_encoders.TextEncoder`."""

    def __init__(self, words: MiniLM, network: ClapText) -> None:
        self._words, self._network = words, network
        self.width: int = network.config["width"]

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`: the text's embedding, with a spread of 1 and not a length of 1."""
        found = self._network(*self._words.states(texts))[:, None] * math.sqrt(self.width)
        return found, torch.ones(found.shape[:2], dtype=torch.bool, device=found.device)

    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`: it stands for no words, but for all of the text."""
        del text
        return [None]


def read_clap(files: Files, folder: str) -> ClapText:
    """The text half whose configuration and weights lie in `folder`, frozen. UserError for missing or damaged files."""
    return read_part(ClapText, files, folder, "clap.safetensors")
