"""The frozen text encoders that Auffusion may be conditioned on: those of transformers, and the suite's own MiniLM."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, final

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import ClapTextModelWithProjection, CLIPTextModel, T5EncoderModel

from models._shared.networks import read_tokenizer, read_transformer
from models._shared.states import read_json
from tta_bench import text
from tta_bench.types import UserError

log = logging.getLogger(__name__)

ARCHITECTURES = {"CLIPText": CLIPTextModel, "T5": T5EncoderModel, "Clap": ClapTextModelWithProjection}
"""Beginning of an architecture's name -> what reads its text: a whole T5 or CLAP will do."""
SCALE = 2.4
"""One over the usual spread of the states of words, by which small networks over them multiply these."""
Span = tuple[int, int] | None
"""First character of a token and the one after its last; None for a token that stands for no characters."""


class TextEncoder(Protocol):
    """Turns texts into the states of their tokens."""

    width: int
    """Dimensions of a state."""

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """States `(n, n_tokens, width)` of the tokens of each text, and a mask `(n, n_tokens)`, True for a token."""
        ...

    def spans(self, text: str) -> list[Span]:
        """Where each token of a text lies in it, in the order of the states."""
        ...


@final
class TransformersEncoder:
    """An encoder of transformers with its tokenizer.

    With `full_length`, every text is filled up to `max_length` with the tokenizer's padding, whose states count like
    any other's: what Stable Diffusion does. Without, only its own tokens have states.
    """

    def __init__(self, network: Any, tokenizer: Any, *, max_length: int, full_length: bool) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.width: int = network.config.hidden_size
        self._max_length, self._full_length = max_length, full_length

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`. Tokens after the first `max_length` are left out, and a warning says so."""
        padding = "max_length" if self._full_length else "longest"
        tokens = self.tokenizer(
            list(texts), padding=padding, truncation=True, max_length=self._max_length, return_tensors="pt"
        )
        for line, encoding in zip(texts, tokens.encodings, strict=True):
            if encoding.overflowing:
                log.warning("only the first %d tokens of %r are read", self._max_length, line)
        ids = tokens["input_ids"].to(self.network.device)
        present = tokens["attention_mask"].to(ids)
        mask = None if self._full_length else present
        with torch.no_grad():
            states = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        return states, torch.ones_like(ids, dtype=torch.bool) if mask is None else present.bool()

    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`."""
        return _spans(self.tokenizer([text], truncation=True, max_length=self._max_length).encodings[0])


@final
class MiniLM:
    """The states of the suite's frozen sentence encoder, which is shared and not part of a checkpoint.

    `pooled` gives one state for each text instead, its embedding, to measure what single words' states are worth.
    """

    width = text.WIDTH

    def __init__(self, encoder: text.SentenceEncoder, tokenizer: Tokenizer, *, pooled: bool = False) -> None:
        self._encoder, self._tokenizer, self._pooled = encoder, tokenizer, pooled

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`."""
        if not self._pooled:
            return self._encoder.token_states(texts)
        states = torch.from_numpy(self._encoder.embed(texts))[:, None]
        return states, torch.ones(states.shape[:2], dtype=torch.bool)

    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`."""
        return [None] if self._pooled else _spans(self._tokenizer.encode(text))


@final
class Untrained:
    """States that know which word stands where and nothing of what words mean, to measure what that is worth.

    Each of the suite's tokens has a random direction, and each place another; both are the same for ever.
    """

    width = text.WIDTH

    def __init__(self, tokenizer: Tokenizer, device: str) -> None:
        self._tokenizer = tokenizer
        drawn = torch.randn(text.VOCABULARY + text.MAX_TOKENS, text.WIDTH, generator=torch.Generator().manual_seed(0))
        drawn = drawn.to(device)
        self._words, self._places = drawn[: text.VOCABULARY], drawn[text.VOCABULARY :]

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See `TextEncoder`."""
        said = [self._words[encoding.ids] for encoding in self._tokenizer.encode_batch(list(texts))]
        present = pad_sequence([torch.ones(len(one), dtype=torch.bool) for one in said], batch_first=True)
        states = pad_sequence(said, batch_first=True)
        return states + self._places[: states.shape[1]], present.to(states.device)

    def spans(self, text: str) -> list[Span]:
        """See `TextEncoder`."""
        return _spans(self._tokenizer.encode(text))


def _spans(encoding: Any) -> list[Span]:
    marks = zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
    return [None if special or start == stop else (start, stop) for (start, stop), special in marks]


def load_minilm(*, pooled: bool, device: str) -> MiniLM:
    """The encoder in the installed package, verified. UserError if it is not installed or its bytes differ."""
    return MiniLM(_sentence_encoder(device), _tokenizer(text.bundled()), pooled=pooled)


@cache
def _sentence_encoder(device: str) -> text.SentenceEncoder:
    """One for all that read by it: it is frozen."""
    return text.load(text.bundled(), device=device)


def load_untrained(*, device: str) -> Untrained:
    """The encoder that knows nothing, with the tokenizer in the installed package; errors as of `load_minilm`."""
    return Untrained(_tokenizer(text.bundled()), device)


def _tokenizer(files: Mapping[str, Path]) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(files[text.TOKENIZER]))
    tokenizer.enable_truncation(text.MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def load_transformers(
    files: Mapping[str, Path], folder: str, *, tokenizer: str, max_length: int, full_length: bool, device: str
) -> TransformersEncoder:
    """The encoder whose files lie in `folder`, and its tokenizer's in the folder of that name, in float32.

    Raises UserError for an architecture that Auffusion does not know, and for weights that are damaged or partial.
    """
    config = read_json(files[f"{folder}/config.json"])
    architecture = next(iter(config.get("architectures") or ["none"]))
    network_class: Any = next((known for name, known in ARCHITECTURES.items() if architecture.startswith(name)), None)
    if network_class is None:
        raise UserError(f"{folder}/config.json names {architecture!r}; text encoders are {', '.join(ARCHITECTURES)}.")
    stated = config.get("text_config") or config
    network = read_transformer(files, folder, network_class, stated)
    return TransformersEncoder(
        network.to(device), read_tokenizer(files, tokenizer), max_length=max_length, full_length=full_length
    )
