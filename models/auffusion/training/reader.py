"""Trains the reader: which events a caption speaks of, learnt from captions of scenes alone, without any sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from models.auffusion.loading import read_condition
from models.auffusion.reader import N_PLACES, N_TIMES, Reader
from models.auffusion.text_encoders import Span
from models.auffusion.training.captions import Blur, CaptionStates
from models.auffusion.training.loop import Losses, Schedule, train
from tta_bench.scenes import Part, Scene
from tta_bench.scenes.captions import caption_with_spans
from tta_bench.scenes.sounds import SOUNDS

WORDS = {"condition_type": "all-MiniLM-L6-v2_tokens"}
"""What the reader reads, as a checkpoint names it."""
EMPTY_SHARE = 0.02
"""Of the captions, which are empty: nothing is to be read in them."""
TOLD_SHARE = 0.5
"""Of the batches, in which the reader is told which words are of which event, and has but to say what they mean."""
BLUR = Blur(noise=1.0, dropout=0.2)
Said = tuple[tuple[int, int, int], ...]
"""Sound, place and times of each event, by number."""
SOUND_NAMES = tuple(SOUNDS)
"""By number."""
NOT_SAID = -100
"""Place and times of an event that is not there, and slot of a hidden token: torch's word for what does not count."""


@dataclass(frozen=True)
class Telling:
    """A caption, and what it tells."""

    caption: str
    said: Said
    spans: tuple[tuple[int, int], ...]
    """Of the words that tell of each event: the first character, and the first behind them."""


def tell(scene: Scene) -> Telling:
    """A scene in all the words that training may use: its events in order, what sounds all the time last."""
    caption, spans = caption_with_spans(scene, wordings="rich")
    said = sorted(((SOUND_NAMES.index(part.sound), _place(part), _times(part)) for part in scene.events), key=_key)
    return Telling(caption, tuple(said), tuple(spans[SOUND_NAMES[sound]] for sound, _, _ in said))


def _key(event: tuple[int, int, int]) -> tuple[int, int]:
    return event[1], event[0]


def _place(part: Part) -> int:
    return N_PLACES - 1 if part.step is None else min(part.step, N_PLACES - 2)


def _times(part: Part) -> int:
    return part.times - 1 if part.counted or part.times == 1 else N_TIMES - 1


@final
class Captions:
    """What there is to learn from."""

    def __init__(self, tellings: Sequence[Telling], cache: Path) -> None:
        """Works out what the sentence encoder says of the captions, unless the folder `cache` has it."""
        condition, captions = read_condition({}, WORDS), [one.caption for one in tellings]
        self._states = CaptionStates(captions, [condition], cache, [WORDS["condition_type"]])
        self._numbers = self._states.numbers(captions)
        self._said = [one.said for one in tellings]
        self._slots = [_slots(condition.encoder.spans(one.caption), one.spans) for one in tellings]

    def __len__(self) -> int:
        return len(self._numbers)

    def batch(self, indices: Sequence[int], n_slots: int, blur: Blur, device: Any) -> tuple[Tensor, Tensor, Wanted]:
        """States and mask of these captions, -1 being the empty one, and what is to be read in each slot and token."""
        states, present = self._states.words([0 if i < 0 else self._numbers[i] for i in indices], device, blur)
        empty = (len(SOUND_NAMES), NOT_SAID, NOT_SAID)
        said = [() if i < 0 else self._said[i][:n_slots] for i in indices]
        rows = torch.tensor([[*one, *[empty] * (n_slots - len(one))] for one in said], device=device)
        slots = [torch.zeros(0) if i < 0 else torch.from_numpy(self._slots[i]) for i in indices]
        slot = pad_sequence([*slots, torch.zeros(present.shape[1])], batch_first=True, padding_value=n_slots)[:-1]
        slot = slot.long().clamp(max=n_slots).to(device).masked_fill(~present, NOT_SAID)
        return states, present, {"sound": rows[..., 0], "place": rows[..., 1], "times": rows[..., 2], "slot": slot}


Wanted = Mapping[str, Tensor]
"""By what is read, numbers: of each slot's `sound`, `place` and `times`, `(n, n_slots)`, and of each token's `slot`."""


def _slots(tokens: Sequence[Span], events: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
    """The event that each token tells of; a large number for those that tell of none."""
    found = np.full(len(tokens), 255, np.uint8)
    for k, (start, end) in enumerate(events):
        found[[token is not None and start <= token[0] < end for token in tokens]] = k
    return found


@final
class ReaderTrainee:
    """See `loop.Trainee`."""

    def __init__(self, data: Captions, reader: Reader) -> None:
        self._data, self._n_slots = data, n_slots(reader)
        self.networks: dict[str, nn.Module] = {"reader": reader}

    def __len__(self) -> int:
        return len(self._data)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        del step  # nothing changes over the training
        device = next(self.networks[name].parameters()).device
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        seen = np.where(rng.random(len(indices)) < EMPTY_SHARE, -1, indices)
        states, present, wanted = self._data.batch(seen.tolist(), self._n_slots, BLUR, device)
        told = F.one_hot(wanted["slot"].clamp(min=0), self._n_slots + 1) if rng.random() < TOLD_SHARE else None
        found = networks[name](states, present, told)
        losses = {key: F.cross_entropy(found[key].flatten(0, 1), wanted[key].flatten()) for key in wanted}
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def n_slots(reader: Reader) -> int:
    """How many events it can read in a caption."""
    return reader.slot.out_features - 1


def train_reader(
    data: Captions, held_out: Captions, result: Path, *, reader: Reader, schedule: Schedule, minutes: float | None
) -> Reader | None:
    """The trained reader, or None if the minutes were over before; the same call then goes on."""
    trained = train(
        ReaderTrainee(data, reader),
        schedule,
        result.with_name(f"{result.name}-run"),
        validate=lambda average: validate(average, held_out),
        validate_every=500,
        minutes=minutes,
    )
    return trained if isinstance(trained, Reader) else None


@torch.no_grad()
def validate(reader: Any, data: Captions) -> dict[str, float]:
    """Part of what is read right, by what is read, and of the captions of which all slots' sounds are."""
    device = next(reader.parameters()).device
    states, present, wanted = data.batch(range(len(data)), n_slots(reader), Blur(), device)
    found = {key: logits.argmax(-1) for key, logits in reader(states, present).items()}
    right = {key: found[key] == wanted[key] for key in wanted}
    counted = {key: right[key][wanted[key] != NOT_SAID].float().mean() for key in wanted}
    return {key: float(value) for key, value in counted.items()} | {
        "captions": float(right["sound"].all(dim=1).float().mean())
    }
