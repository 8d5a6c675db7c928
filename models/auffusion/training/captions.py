"""States of the tokens of all captions, worked out once: text encoders stay as they are while the U-Net learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from models.auffusion.conditioning import Condition, ConditionAdapter, Embeddings, filled, side_by_side
from models.auffusion.loading import read_condition
from models.auffusion.locate import files_in
from models.auffusion.reader import Readings
from tta_bench.arrays import write_whole

CHUNK = 1000
"""Captions in a file."""
BATCH = 50
"""Captions that an encoder reads at once."""


def read_conditions(
    entries: Sequence[Mapping[str, Any]], start: Path | None, parts: Path, device: str = "cpu"
) -> list[Condition]:
    """The encoders that a recipe lists, without adapters; those that no checkpoint shares lie in the folder `start`,
    and the reader that was trained in `parts`."""
    files = {**(files_in(start) if start else {}), **files_in(parts)}
    plain = [{key: value for key, value in entry.items() if key != "condition_adapter_name"} for entry in entries]
    return [read_condition(files, entry, device) for entry in plain]


def new_adapters(entries: Sequence[Mapping[str, Any]]) -> nn.ModuleList:
    """An adapter for each encoder that is to have one, and nothing in the place of others'."""
    return nn.ModuleList(
        ConditionAdapter(entry["condition_dim"], entry["cross_attention_dim"])
        if entry.get("condition_adapter_name")
        else nn.Identity()
        for entry in entries
    )


@dataclass(frozen=True)
class Blur:
    """What makes captions of a training unlike themselves, so that unseen words which lie near seen ones will do."""

    noise: float = 0.0
    """Gaussian, on every state, at most, in units of the states' own spread; each caption gets its own share of it."""
    dropout: float = 0.0
    """Share of the states that are hidden, at most, likewise; one of each caption always stays."""

    def __call__(self, states: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """States `(n, n_tokens, width)`, and where there are any, blurred."""
        if self.noise:
            strengths = self.noise * torch.rand(len(states), 1, 1, device=states.device)
            states = states + strengths * states[present].std() * torch.randn_like(states)
        if self.dropout:
            shares = self.dropout * torch.rand(len(present), 1, device=present.device)
            kept = present & (torch.rand(present.shape, device=present.device) >= shares)
            present = torch.where(kept.any(dim=1, keepdim=True), kept, present)
        return states, present


SHARP = Blur()


@final
class CaptionStates:
    """States of captions, each of which has a number; the empty one is 0."""

    def __init__(
        self, captions: Sequence[str], conditions: Sequence[Condition], cache: Path, marks: Sequence[Any]
    ) -> None:
        """Reads what is not in the folder `cache`; `marks` say which encoder each condition's is."""
        texts = ["", *dict.fromkeys(text for text in captions if text)]
        self._numbers = {text: i for i, text in enumerate(texts)}
        self._conditions = tuple(conditions)
        chunks = [texts[i : i + CHUNK] for i in range(0, len(texts), CHUNK)]
        self._said = [
            [_Chunk(cache / f"captions-{_hash([mark, chunk])}", chunk, one) for chunk in chunks]
            for mark, one in zip(marks, conditions, strict=True)
        ]

    def numbers(self, captions: Sequence[str]) -> list[int]:
        """The number of each caption."""
        return [self._numbers[text] for text in captions]

    def words(self, numbers: Sequence[int], device: torch.device, blur: Blur = SHARP) -> tuple[Tensor, Tensor]:
        """What the first encoder says of the captions of these numbers, and where there is anything."""
        return self._of(0, numbers, device, blur)

    def batch(
        self, numbers: Sequence[int], adapters: Sequence[nn.Module], device: torch.device, blur: Blur = SHARP
    ) -> Embeddings:
        """What the U-Net attends to for the captions of these numbers, as `Conditioning.encode` gives it."""
        parts = []
        for k, (condition, adapter) in enumerate(zip(self._conditions, adapters, strict=True)):
            # What is to be heard stays clear where words are not, so that it is what the U-Net goes by.
            how = SHARP if isinstance(condition.encoder, Readings) else blur
            parts.append(filled(replace(condition, adapter=adapter), *self._of(k, numbers, device, how)))
        return side_by_side(parts)

    def _of(self, k: int, numbers: Sequence[int], device: torch.device, blur: Blur) -> tuple[Tensor, Tensor]:
        said = [self._said[k][number // CHUNK].states(number % CHUNK) for number in numbers]
        present = pad_sequence([torch.ones(len(one), dtype=torch.bool) for one in said], batch_first=True)
        return blur(pad_sequence(said, batch_first=True).to(device), present.to(device))


@final
class _Chunk:
    """States of some captions, one after another in a file."""

    def __init__(self, path: Path, texts: Sequence[str], condition: Condition) -> None:
        states, lengths = path.with_suffix(".npy"), path.with_suffix(".lengths.npy")
        if not states.exists():
            _write(states, lengths, texts, condition)
        self._states = np.load(states, mmap_mode="r")
        self._ends = np.cumsum(np.load(lengths))

    def states(self, k: int) -> Tensor:
        start = self._ends[k - 1] if k else 0
        return torch.from_numpy(self._states[start : self._ends[k]].astype(np.float32))


def _write(path: Path, lengths: Path, texts: Sequence[str], condition: Condition) -> None:
    said: list[NDArray[np.float16]] = []
    in_order = sorted(range(len(texts)), key=lambda k: len(texts[k]))  # so that little is padded
    for i in range(0, len(texts), BATCH):
        batch = [texts[k] for k in in_order[i : i + BATCH]]
        states, present = (part.cpu() for part in condition.encoder.states(batch))
        said += [one[there].half().numpy() for one, there in zip(states, present, strict=True)]
    said = [said[k] for k in np.argsort(in_order)]
    write_whole(lengths, np.array([len(one) for one in said]))
    write_whole(path, np.concatenate(said))


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
