"""A reading of a caption: which sounds are to be heard, in which order and how often, as a small network says.

What structured captions are to Make-An-Audio 2 (https://arxiv.org/abs/2305.18474), learnt from captions of scenes and
not asked of a language model. Captions cost nothing, and sounds much: what words mean is learnt here, and a U-Net
attends to it beside the words themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models._shared.networks import Files, path_of
from models._shared.states import read_json, read_state
from models.auffusion.text_encoders import MiniLM, Span
from models.auffusion.words import WORD
from tta_bench.states import fill
from tta_bench.text import WIDTH

N_PLACES = 6
"""First to fifth, and under all of them."""
N_TIMES = 6
"""Once to five times, and several times."""
LEAST = 0.1
"""How likely a word by itself must make an event, to be one of its words."""
SCALE = 2.4
"""By which states of words are multiplied: one over their usual spread."""


@final
class Reader(nn.Module):
    """States of a caption's words to its events, in as many slots as a caption may have events."""

    def __init__(
        self, sounds: Sequence[str], *, n_slots: int, width: int, n_layers: int, n_heads: int, dropout: float
    ) -> None:
        """`sounds`: names of the classes, of which there is one more, for a slot without an event."""
        super().__init__()
        self.config = {
            "sounds": list(sounds),
            "n_slots": n_slots,
            "width": width,
            "n_layers": n_layers,
            "n_heads": n_heads,
            "dropout": dropout,
        }
        self.inward = nn.Linear(WIDTH, width)
        self.whole = nn.Linear(WIDTH, width)
        self.slots = nn.Parameter(torch.randn(n_slots, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, n_heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        sizes = {"sound": len(sounds) + 1, "place": N_PLACES, "times": N_TIMES}
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})

    def forward(self, states: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Logits of the `sound`, the `place` and the `times` of each slot, `(n, n_slots, n_choices)`.

        `states` `(n, n_tokens, 384)` are the sentence encoder's, True where `present` has a token.
        """
        states = SCALE * states * present[..., None]
        whole = F.normalize(states.sum(dim=1), dim=-1) * WIDTH**0.5
        n = len(states)
        every = torch.cat([self.slots.expand(n, -1, -1), self.whole(whole)[:, None], self.inward(states)], dim=1)
        n_own = len(self.slots) + 1
        hidden = torch.cat([torch.zeros(n, n_own, dtype=torch.bool, device=states.device), ~present], dim=1)
        read = self.norm(self.layers(every, src_key_padding_mask=hidden)[:, : len(self.slots)])
        return {name: head(read) for name, head in self.heads.items()}


@final
class Readings:
    """A text encoder whose states are the events of a caption, not its words. See `text_encoders.TextEncoder`."""

    def __init__(self, words: MiniLM, reader: Reader) -> None:
        self._words, self.reader = words, reader
        self.width = len(reader.config["sounds"]) + 1 + N_PLACES + N_TIMES  # type: ignore[arg-type]

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`: for each slot, how likely each sound, place and number of times is."""
        found = torch.cat([one.softmax(dim=-1) for one in self.reader(*self._words.states(texts)).values()], dim=-1)
        return found, torch.ones(found.shape[:2], dtype=torch.bool, device=found.device)

    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`: of each event, from the first word to the last that makes one think of it by itself."""
        words = [found for found in WORD.finditer(text) if found.group()[0].isalnum()]
        if not words:
            return [None] * len(self.reader.slots)
        n_sounds = len(self.reader.config["sounds"])  # type: ignore[arg-type]
        whole = self.states([text])[0][0, :, :n_sounds]
        alone = self.states([word.group() for word in words])[0].amax(dim=1)[:, :n_sounds]
        found: list[Span] = []
        for likely in whole:
            fitting = alone[:, likely.argmax()]
            own = (fitting >= max(LEAST, float(fitting.max()) / 2)).nonzero().flatten().tolist()
            there = likely.sum() > 0.5 and own
            found.append((words[own[0]].start(), words[own[-1]].end()) if there else None)
        return found


def read_reader(files: Files, folder: str) -> Reader:
    """The reader whose configuration and weights lie in `folder`, frozen. UserError for what is missing or damaged."""
    config: Mapping[str, Any] = read_json(path_of(files, f"{folder}/config.json"))
    weights = path_of(files, f"{folder}/reader.safetensors")
    with torch.device("meta"):
        reader = Reader(**config)
    return fill(reader, read_state(weights), str(weights), dtype=torch.float32)
