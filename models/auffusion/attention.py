"""Cross-attention that can be watched and edited: maps of words over sound, and prompt-to-prompt.

Hertz et al., "Prompt-to-Prompt", https://arxiv.org/abs/2208.01626. The U-Net's own processors do the work; where some
rows of a batch are edited, those rows alone are computed again, so that all others stay as they were, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor

from models._shared.latents import Grid
from models.auffusion.maps import AttentionMaps, Blend, blended

STRUCTURE = 16
"""Self-attention is taken over where there are at most this part of the latents' cells: the layout, not the detail."""


@dataclass(frozen=True)
class AttentionEdit:
    """What some rows of a batch take from other rows. The rows are those of the captions, counted from 0."""

    rows: Tensor
    """`(n,)`, the rows that are edited."""
    sources: Tensor
    """`(n,)`, the row that each takes its attention from."""
    mappers: Tensor
    """`(n, length, length)`, see `words.Alignment`."""
    taken: Tensor
    """`(n, length)`, 1 where attention is the source's, 0 where it is the row's own."""
    weights: Tensor
    """`(n, length)`, by which attention to each token is multiplied after that; negative ones push away."""
    cross_steps: range
    """Steps of the denoising in which cross-attention is edited."""
    self_steps: range
    """Steps in which coarse self-attention is the source's."""

    def __call__(self, attention: Tensor) -> Tensor:
        """Attention `(n, heads, cells, length)` of the edited rows, from that of all rows."""
        moved = attention[self.sources] @ self.mappers[:, None].to(attention)
        taken = self.taken[:, None, None].to(attention)
        own = attention[self.rows]
        return (moved * taken + own * (1 - taken)) * self.weights[:, None, None].to(attention)


@final
class AttentionControl:
    """What is done with the attention of one denoising, which tells it its steps by `after_step`."""

    def __init__(self, n_rows: int, grid: Grid, *, maps: AttentionMaps | None = None) -> None:
        """`n_rows`: captions in the batch, the last rows that the U-Net gets. `grid`: of the latents."""
        self.n_rows, self.grid, self.maps = n_rows, grid, maps
        self.edit: AttentionEdit | None = None
        self.blends: Sequence[Blend] = ()
        self.step = 0

    def after_step(self, step: int, latents: Tensor) -> Tensor:
        """The latents, blended as asked; the next calls of the U-Net belong to the next step."""
        self.step = step + 1
        return blended(latents, self.maps, self.blends) if self.maps is not None else latents


@contextmanager
def controlled(unet: Any, control: AttentionControl) -> Iterator[None]:
    """Within, the attention of a U-Net of diffusers is under control; after, its processors are as before."""
    wanted = ("attn1", "attn2") if control.edit and control.edit.self_steps else ("attn2",)
    layers = {name: layer for name, layer in unet.named_modules() if name.rpartition(".")[2] in wanted}
    before = {name: layer.processor for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.processor = _Controlled(name, layer.processor, control)
    try:
        yield
    finally:
        for name, layer in layers.items():
            layer.processor = before[name]


@final
class _Controlled:
    """A processor that first does what the layer's own does, and then has the last word on edited rows."""

    def __init__(self, name: str, own: Any, control: AttentionControl) -> None:
        self._name, self._own, self._control = name, own, control

    def __call__(
        self,
        layer: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        found: Tensor = self._own(layer, hidden_states, encoder_hidden_states, attention_mask, temb)
        n, edit = self._control.n_rows, self._control.edit
        cells = hidden_states[-n:]
        if encoder_hidden_states is None:
            if edit is not None and self._control.step in edit.self_steps and self._coarse(cells.shape[1]):
                found[-n:][edit.rows] = self._of_source(layer, cells, edit)
            return found
        edited = edit is not None and self._control.step in edit.cross_steps
        if not edited and self._control.maps is None:
            return found
        states = encoder_hidden_states[-n:]
        attention = _attention(layer, cells, states, None if attention_mask is None else attention_mask[-n:])
        if self._control.maps is not None:
            self._control.maps.add(self._control.step, self._name, attention.mean(1))
        if edit is not None and edited:
            found[-n:][edit.rows] = _project(layer, edit(attention) @ _heads(layer, layer.to_v(states[edit.rows])))
        return found

    def _of_source(self, layer: Any, cells: Tensor, edit: AttentionEdit) -> Tensor:
        query, key = (_heads(layer, part(cells[edit.sources])) for part in (layer.to_q, layer.to_k))
        value = _heads(layer, layer.to_v(cells[edit.rows]))
        return _project(layer, F.scaled_dot_product_attention(query, key, value))

    def _coarse(self, n_cells: int) -> bool:
        return n_cells * STRUCTURE <= self._control.grid.freq * self._control.grid.time


def _heads(layer: Any, features: Tensor) -> Tensor:
    """`(n, heads, cells, width)` of features `(n, cells, heads * width)`."""
    n, n_cells, _ = features.shape
    return features.view(n, n_cells, layer.heads, -1).transpose(1, 2)


def _attention(layer: Any, cells: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
    """Attention `(n, heads, cells, length)`, which adds up to 1 over the length. The mask is added to its logits."""
    query, key = _heads(layer, layer.to_q(cells)), _heads(layer, layer.to_k(states))
    logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    return torch.softmax(logits if mask is None else logits + mask[:, None], dim=-1, dtype=torch.float32).to(query)


def _project(layer: Any, heard: Tensor) -> Tensor:
    projected: Tensor = layer.to_out[0](heard.transpose(1, 2).flatten(2))
    return projected
