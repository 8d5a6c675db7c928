"""Which tokens a word is, and which words of an edited caption are which of the source's.

The alignments are those of Hertz et al., "Prompt-to-Prompt", https://arxiv.org/abs/2208.01626, but over words found by
their characters, so that any tokenizer will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import torch
from torch import Tensor

from models.auffusion.conditioning import Conditioning, Token
from tta_bench.types import UserError

WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
"""A word with its apostrophes and hyphens, or one sign of punctuation."""


@dataclass(frozen=True)
class Word:
    """A word of a caption, as the encoders see it."""

    text: str
    """In lower case."""
    positions: tuple[int, ...]
    """Of its tokens, along the length of the embeddings; none where the caption was cut off before it."""


def words_of(conditioning: Conditioning, caption: str) -> list[Word]:
    """The words of a caption, in order."""
    tokens = conditioning.tokens(caption)
    return [
        Word(found.group().lower(), tuple(token.position for token in tokens if _overlap(token, found.span())))
        for found in WORD.finditer(caption)
    ]


def _overlap(token: Token, span: tuple[int, int]) -> bool:
    return token.start < span[1] and span[0] < token.stop


def positions_of(conditioning: Conditioning, caption: str, phrase: str) -> list[int]:
    """Positions of all tokens of a word, or of words that follow one another, wherever the caption has them.

    Raises UserError if it does not, or was cut off before.
    """
    words = words_of(conditioning, caption)
    wanted = [match.group().lower() for match in WORD.finditer(phrase)]
    starts = [i for i in range(len(words)) if wanted and [w.text for w in words[i : i + len(wanted)]] == wanted]
    if not starts:
        there = ", ".join(word.text for word in words if word.text[0].isalnum())
        raise UserError(f"{phrase!r} is not in the caption {caption!r}. Take one of: {there}.")
    found = {position for i in starts for word in words[i : i + len(wanted)] for position in word.positions}
    if not found:
        raise UserError(f"{phrase!r} comes after the last token of {caption!r} that is read. Shorten the caption.")
    return sorted(found)


def sounding(conditioning: Conditioning, positions: Iterable[int]) -> list[int]:
    """Of the positions of some words, those that tell where they are heard: of events, where an encoder reads them."""
    every = sorted(positions)
    return [position for position in every if position in conditioning.of_events] or every


@dataclass(frozen=True)
class Alignment:
    """How attention to a source caption's tokens becomes attention to an edited caption's."""

    mapper: Tensor
    """`(length, length)`: row i says to which positions of the edited caption attention to position i of the source
    goes; rows of what the edited caption still has add up to 1."""
    taken: Tensor
    """`(length,)`: 1 where the edited caption takes attention from the source, 0 at words that it has alone."""


def align(conditioning: Conditioning, source: str, edited: str) -> Alignment:
    """The alignment of two captions: equal words with each other, and a word with the one that stands in its place.

    Where several words stand in place of several others, one by one if they are as many, else all with all. Words
    that only one of the captions has are alone. Begin, end and filling correspond.
    """
    source_words, edited_words = words_of(conditioning, source), words_of(conditioning, edited)
    mapper = torch.zeros(conditioning.length, conditioning.length)
    pairs = [*_pairs(source_words, edited_words), *_others(conditioning, source_words, edited_words)]
    for from_positions, to_positions in pairs:
        _connect(mapper, from_positions, to_positions)
    return Alignment(mapper, (mapper.sum(0) > 0).float())


Pair = tuple[Sequence[int], Sequence[int]]


def _pairs(source: Sequence[Word], edited: Sequence[Word]) -> Iterator[Pair]:
    matcher = SequenceMatcher(None, [word.text for word in source], [word.text for word in edited], autojunk=False)
    for kind, i, i_stop, j, j_stop in matcher.get_opcodes():
        before, after = source[i:i_stop], edited[j:j_stop]
        if kind in ("equal", "replace") and len(before) == len(after):
            yield from ((one.positions, other.positions) for one, other in zip(before, after, strict=True))
        elif kind == "replace":
            yield [p for word in before for p in word.positions], [p for word in after for p in word.positions]


def _others(conditioning: Conditioning, source: Sequence[Word], edited: Sequence[Word]) -> Iterator[Pair]:
    """Begin, end and filling of each encoder: what is before, just after and further after the words' tokens."""
    start = 0
    for condition in conditioning.conditions:
        stop = start + condition.max_length
        bounds = []
        for words in (source, edited):
            own = [p for word in words for p in word.positions if start <= p < stop]
            bounds.append((min(own, default=start), max(own, default=start) + 1))
        (first, end), (other_first, other_end) = bounds
        yield range(start, first), range(start, other_first)
        yield range(end, min(end + 1, stop)), range(other_end, min(other_end + 1, stop))
        yield range(min(end + 1, stop), stop), range(min(other_end + 1, stop), stop)
        start = stop


def _connect(mapper: Tensor, source: Sequence[int], edited: Sequence[int]) -> None:
    """Attention goes position by position if there are as many, else evenly to all."""
    if not source or not edited:
        return
    rows, columns = torch.tensor(source), torch.tensor(edited)
    if len(source) == len(edited):
        mapper[rows, columns] = 1.0
    else:
        mapper[rows[:, None], columns] = 1.0 / len(edited)
