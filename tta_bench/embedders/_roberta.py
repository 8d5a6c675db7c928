"""RoBERTa as a caption encoder: its tokenizer from the published files, and the network up to the pooled sentence.

Liu et al., https://arxiv.org/abs/1907.11692. Agrees with transformers 5.23 (RobertaTokenizer; RobertaModel and
ClapTextModel, which differ in nothing but the epsilon of their norms).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers.processors import RobertaProcessing
from torch import Tensor, nn

from tta_bench.embedders._bpe import byte_level_bpe

PADDING = 1
"""The token that fills up short captions. Positions are counted from the number after it."""
Tokenize = Callable[[Sequence[str]], tuple[Tensor, Tensor]]
"""Captions -> token ids `(n, n_tokens)` padded to the longest, and True where there is a token."""


@dataclass(frozen=True)
class RobertaShape:
    """Sizes of a RoBERTa network; those given here are of RoBERTa-base."""

    vocabulary: int = 50265
    n_positions: int = 514
    """They are numbered from 2, so that captions have two tokens less than this at most."""
    width: int = 768
    depth: int = 12
    n_heads: int = 12
    epsilon: float = 1e-5
    """Of the layer norms."""


ROBERTA_BASE = RobertaShape()


class Roberta(nn.Module):
    """Pooled states `(n, width)` of captions: token ids `(n, n_tokens)` and a mask, True where there is a token."""

    def __init__(self, shape: RobertaShape) -> None:
        super().__init__()
        width, epsilon = shape.width, shape.epsilon
        tables = {"word": shape.vocabulary, "position": shape.n_positions, "token_type": 1}
        self.embeddings = nn.ModuleDict({f"{name}_embeddings": nn.Embedding(n, width) for name, n in tables.items()})
        self.embeddings["LayerNorm"] = nn.LayerNorm(width, epsilon)
        layer = nn.TransformerEncoderLayer(
            width, shape.n_heads, 4 * width, activation="gelu", layer_norm_eps=epsilon, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, shape.depth, enable_nested_tensor=False)
        self.pooler = nn.Linear(width, width)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        positions = PADDING + mask * mask.cumsum(dim=1)
        embedded = (
            self.embeddings["word_embeddings"](tokens)
            + self.embeddings["position_embeddings"](positions)
            + self.embeddings["token_type_embeddings"].weight
        )
        states = self.encoder(self.embeddings["LayerNorm"](embedded), src_key_padding_mask=~mask)
        return torch.tanh(self.pooler(states[:, 0]))


def tokenizer(files: Mapping[str, Path], *, vocabulary: int, max_tokens: int) -> Tokenize:
    """RoBERTa's tokenizer from `vocab.json` and `merges.txt`; captions are cut after `max_tokens` tokens.

    Raises UserError unless the two files make `vocabulary` tokens.
    """
    bpe = byte_level_bpe(files, ("<s>", "<pad>", "</s>", "<unk>", "<mask>"), n_tokens=vocabulary)
    begin, end = ((token, bpe.get_vocab()[token]) for token in ("<s>", "</s>"))
    bpe.post_processor = RobertaProcessing(end, begin, add_prefix_space=False)
    bpe.enable_truncation(max_tokens)
    bpe.enable_padding(pad_id=PADDING, pad_token="<pad>")

    def tokenize(captions: Sequence[str]) -> tuple[Tensor, Tensor]:
        found = bpe.encode_batch(list(captions))
        ids, mask = ([getattr(caption, name) for caption in found] for name in ("ids", "attention_mask"))
        return torch.tensor(ids), torch.tensor(mask, dtype=torch.bool)

    return tokenize
