"""What the U-Net is told of a caption: the states of one or several text encoders, each through its adapter.

Agrees with `_encode_prompt` of auffusion_pipeline.py of happylittlecat2333/Auffusion, commit f44233d: the states of
each encoder are filled up with zeros to 77, go through its adapter and stand one after another, without a mask; the
unconditional branch is zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.auffusion.text_encoders import TextEncoder

BATCH = 32
"""Texts that an encoder reads at once."""
Unconditional = Literal["zeros", "empty"]
"""What stands for no caption: zeros in place of states, or the states of the empty text."""


@dataclass(frozen=True)
class Embeddings:
    """What the U-Net attends to, for each of n captions."""

    states: Tensor
    """`(n, length, width)`"""
    mask: Tensor | None = None
    """`(n, length)`, True where there is something to attend to; None where that is everywhere."""

    def rows(self, indices: Sequence[int] | Tensor) -> Embeddings:
        """Those of these captions, in this order."""
        return Embeddings(self.states[indices], None if self.mask is None else self.mask[indices])

    def repeated(self, times: int) -> Embeddings:
        """Each caption's `times` times, one after another."""
        mask = None if self.mask is None else self.mask.repeat_interleave(times, dim=0)
        return Embeddings(self.states.repeat_interleave(times, dim=0), mask)

    def and_then(self, other: Embeddings) -> Embeddings:
        """These captions' and then the other's, of the same length."""
        masks = [part.mask for part in (self, other) if part.mask is not None]
        return Embeddings(torch.cat([self.states, other.states]), torch.cat(masks) if masks else None)


class Token(NamedTuple):
    """One token of a caption."""

    position: int
    """Along the length of `Embeddings`."""
    start: int
    """First character of the caption that it stands for."""
    stop: int
    """The character after the last one."""


@final
class ConditionAdapter(nn.Module):
    """A linear layer and a layer norm: `(n, n_tokens, condition_dim)` to `(n, n_tokens, cross_attention_dim)`."""

    def __init__(self, condition_dim: int, cross_attention_dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear(condition_dim, cross_attention_dim)
        self.norm = nn.LayerNorm(cross_attention_dim)

    def forward(self, states: Tensor) -> Tensor:
        adapted: Tensor = self.norm(self.proj(states))
        return adapted


@dataclass(frozen=True)
class Condition:
    """One text encoder and what becomes of its states."""

    encoder: TextEncoder
    adapter: nn.Module | None = None
    """None gives the U-Net the encoder's own states."""
    max_length: int = 77
    """States for each caption: more are cut off, fewer are filled up with zeros, before the adapter."""
    masked: bool = False
    """Whether the U-Net is told which states are only filling; the published checkpoints do not tell it."""
    of_events: bool = False
    """Whether a state stands for an event, and not for a token."""


@final
class Conditioning:
    """Reads captions by all encoders of a checkpoint."""

    def __init__(self, conditions: Sequence[Condition], *, unconditional: Unconditional = "zeros") -> None:
        self.conditions = tuple(conditions)
        self.no_caption = unconditional

    @property
    def length(self) -> int:
        """States that the U-Net gets for each caption."""
        return sum(condition.max_length for condition in self.conditions)

    @property
    def of_events(self) -> set[int]:
        """Positions, along the length of `Embeddings`, of states that stand for an event each."""
        found, offset = set(), 0
        for condition in self.conditions:
            if condition.of_events:
                found |= set(range(offset, offset + condition.max_length))
            offset += condition.max_length
        return found

    def encode(self, texts: Sequence[str]) -> Embeddings:
        """The embeddings of each caption, in order. A caption that occurs several times is read once."""
        distinct = list(dict.fromkeys(texts))
        batches = [distinct[i : i + BATCH] for i in range(0, len(distinct), BATCH)]
        parts = [side_by_side([_read(condition, batch) for condition in self.conditions]) for batch in batches]
        found = {text: i for i, text in enumerate(distinct)}
        states = torch.cat([part.states for part in parts])
        masks = [part.mask for part in parts if part.mask is not None]
        return Embeddings(states, torch.cat(masks) if masks else None).rows([found[text] for text in texts])

    def negative(self, embeddings: Embeddings, negative_prompt: str | None) -> Embeddings:
        """What guidance leads away from, for captions with these embeddings: no caption, or `negative_prompt`."""
        if negative_prompt is None and self.no_caption == "zeros":
            return Embeddings(torch.zeros_like(embeddings.states), embeddings.mask)
        return self.encode([negative_prompt or ""] * len(embeddings.states))

    def tokens(self, text: str) -> list[Token]:
        """All tokens of a caption that stand for some of its characters, of one encoder after another."""
        found, offset = [], 0
        for condition in self.conditions:
            spans = condition.encoder.spans(text)[: condition.max_length]
            found += [Token(offset + i, *span) for i, span in enumerate(spans) if span]
            offset += condition.max_length
        return found


def _read(condition: Condition, texts: Sequence[str]) -> Embeddings:
    """What one encoder says of texts, `max_length` states for each."""
    return filled(condition, *condition.encoder.states(texts))


def filled(condition: Condition, states: Tensor, present: Tensor) -> Embeddings:
    """States `(n, n_tokens, width)` of an encoder, True where `present` has a token, cut or filled up and adapted."""
    states, present = states[:, : condition.max_length], present[:, : condition.max_length]
    missing = condition.max_length - states.shape[1]
    present = F.pad(present, (0, missing))
    states = F.pad(states, (0, 0, 0, missing)) * present[..., None]
    if condition.adapter is not None:
        states = condition.adapter(states)
    return Embeddings(states, present if condition.masked else None)


def side_by_side(parts: Sequence[Embeddings]) -> Embeddings:
    """The states of several encoders one after another; those without a mask are all attended to."""
    states = torch.cat([part.states for part in parts], dim=1)
    if all(part.mask is None for part in parts):
        return Embeddings(states)
    full = [torch.ones_like(part.states[..., 0], dtype=torch.bool) for part in parts]
    masks = [one if part.mask is None else part.mask for part, one in zip(parts, full, strict=True)]
    return Embeddings(states, torch.cat(masks, dim=1))
