"""A reading of a caption: which sounds are to be heard, in which order and how often, as a small network says.

What structured captions are to Make-An-Audio 2 (https://arxiv.org/abs/2305.18474), learnt from captions of scenes and
not asked of a language model. Captions cost nothing, and sounds much: what words mean is learnt here, and a U-Net
attends to it beside the words themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models._shared.networks import Files, read_part
from models.auffusion.text_encoders import SCALE, MiniLM, Span
from tta_bench.text import WIDTH

N_PLACES = 6
"""First to fifth, and under all of them."""
N_TIMES = 6
"""Once to five times, and several times."""
LEAST = 0.1
"""How likely a slot must be to tell of something else, to leave a sound to another slot."""
ENOUGH = 3.0
"""So many tokens tell of an event as surely as more."""


@final
class Reader(nn.Module):
    """States of a caption's words to its events, in as many slots as a caption may have events.

    Which words tell of an event is learnt from how they stand together. Which sound it is, the mean state of these
    words says alone: means of a sentence encoder lie near each other where words mean the same, and a layer that saw
    the other events would learn by heart which ones go together.
    """

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
        layer = nn.TransformerEncoderLayer(
            width, n_heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.slot = nn.Linear(width, n_slots + 1)
        self.there = nn.Linear(2, 1)
        self.sound = nn.Linear(WIDTH, len(sounds))
        self.place = nn.Linear(width, N_PLACES)
        self.times = nn.Linear(width, N_TIMES)

    def forward(self, states: Tensor, present: Tensor, told: Tensor | None = None) -> dict[str, Tensor]:
        """Logits of the `sound`, the `place` and the `times` of each slot, `(n, n_slots, n_choices)`.

        And of the `slot` of each token, `(n, n_tokens, n_slots + 1)`, the last one for words of no event. `states`
        `(n, n_tokens, 384)` are the sentence encoder's, True where `present` has a token. `told`, of the shape of
        `slot`, says which tokens are of which slot, and is found where it is None.
        """
        states = SCALE * states * present[..., None]
        hidden = torch.cat([torch.zeros_like(present[:, :1]), ~present], dim=1)
        whole = self.whole(_unit(states.sum(dim=1)))[:, None]
        read = self.layers(torch.cat([whole, self.inward(states)], dim=1), src_key_padding_mask=hidden)[:, 1:]
        read = self.norm(read)
        slot = self.slot(read)
        found = slot.softmax(dim=-1)[..., :-1] * present[..., None]
        there = self.there(torch.stack([found.amax(dim=1), found.sum(dim=1).clamp(max=ENOUGH)], dim=-1))
        own = found if told is None else told[..., :-1] * present[..., None]
        own = (own / (own.sum(dim=1, keepdim=True) + 1e-4)).transpose(1, 2)
        sound = self.sound(_unit(own @ states)).log_softmax(dim=-1) + F.logsigmoid(there)
        return {
            "sound": torch.cat([sound, F.logsigmoid(-there)], dim=-1),
            "place": self.place(own @ read),
            "times": self.times(own @ read),
            "slot": slot,
        }


def each_once(likely: Tensor) -> Tensor:
    """How likely each slot `(n, n_slots, n_sounds + 1)` tells of each sound, no sound being told of by two slots.

    The surest slot keeps its sound, the others go on without it, and so on; a slot that can hardly be of another sound
    stays as it is.
    """
    likely, open_to = likely.clone(), torch.ones_like(likely[..., 0], dtype=torch.bool)
    for _ in range(likely.shape[1]):
        surest = likely.amax(dim=-1).masked_fill(~open_to, -1).argmax(dim=1, keepdim=True)
        sound = likely.argmax(dim=-1).gather(1, surest)[..., None].expand(-1, likely.shape[1], 1)
        open_to.scatter_(1, surest, False)
        rest = 1 - likely.gather(2, sound)
        goes_on = open_to[..., None] & (rest >= LEAST) & (sound < likely.shape[2] - 1)
        others = likely.scatter(2, sound, 0)
        likely = torch.where(goes_on, others / rest.clamp(min=LEAST), likely)
    return likely


def _unit(states: Tensor) -> Tensor:
    """Of the same length, whatever they are the mean of."""
    unit: Tensor = F.normalize(states, dim=-1)
    return unit * math.sqrt(WIDTH)


@final
class Readings:
    """A text encoder whose states are the events of a caption, not its words. See `text_encoders.TextEncoder`."""

    def __init__(self, words: MiniLM, reader: Reader) -> None:
        self._words, self.reader = words, reader
        self.width = len(reader.config["sounds"]) + 1 + N_PLACES + N_TIMES  # type: ignore[arg-type]

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`: for each slot, how likely each sound, place and number of times is."""
        read = {key: logits.softmax(dim=-1) for key, logits in self.reader(*self._words.states(texts)).items()}
        found = torch.cat([each_once(read["sound"]), read["place"], read["times"]], dim=-1)
        return found, torch.ones(found.shape[:2], dtype=torch.bool, device=found.device)

    @torch.no_grad()
    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`: of each event, from the first to the last of the words that tell of it."""
        read = self.reader(*self._words.states([text]))
        slots = read["slot"][0].argmax(dim=-1).tolist()
        there = read["sound"][0].argmax(dim=-1) < len(self.reader.config["sounds"])  # type: ignore[arg-type]
        words = self._words.spans(text)
        found: list[Span] = []
        for k, event in enumerate(there.tolist()):
            own = [word for word, slot in zip(words, slots, strict=True) if word and slot == k]
            found.append((own[0][0], own[-1][1]) if event and own else None)
        return found


def read_reader(files: Files, folder: str) -> Reader:
    """The reader whose configuration and weights lie in `folder`, frozen. UserError for what is missing or damaged."""
    return read_part(Reader, files, folder, "reader.safetensors")
