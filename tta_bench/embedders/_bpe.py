"""Byte-level BPE from the published `vocab.json` and `merges.txt` (Radford et al. 2019), as transformers 5.23 reads
them, without the seconds that importing it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from tta_bench.types import UserError


def byte_level_bpe(files: Mapping[str, Path], special: Sequence[str], *, n_tokens: int) -> Tokenizer:
    """The tokenizer of the two files; `special` tokens are found as they are in a text and join no other.

    Raises UserError unless there are merges and, with the special tokens, `n_tokens` tokens: from anything less comes a
    tokenizer that knows no words, and all captions look alike.
    """
    words = json.loads(files["vocab.json"].read_text(encoding="utf-8"))
    lines = files["merges.txt"].read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#version")]
    bpe = Tokenizer(BPE(words, [(first, second) for first, second in pairs]))
    bpe.pre_tokenizer = ByteLevel(add_prefix_space=False)
    bpe.add_special_tokens(list(special))
    if bpe.get_vocab_size() != n_tokens or not pairs:
        raise UserError(
            f"The tokenizer of {files['vocab.json']} and {files['merges.txt']} has {bpe.get_vocab_size()} tokens and "
            f"{len(pairs)} merges; this network was trained with {n_tokens} tokens. Fetch the published files again."
        )
    return bpe
