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

from models.auffusion.reader import N_PLACES, N_TIMES, Reader
from models.auffusion.training.captions import Blur, CaptionStates
from models.auffusion.training.loop import Losses, Schedule, train
from tta_bench.scenes import Part, Scene
from tta_bench.scenes.sounds import SOUNDS

EMPTY_SHARE = 0.02
"""Of the captions, which are empty: nothing is to be read in them."""
BLUR = Blur(noise=1.0, dropout=0.2)
Said = tuple[tuple[int, int, int], ...]
"""Sound, place and times of each event, by number."""
SOUND_NAMES = tuple(SOUNDS)
"""By number."""
NOT_SAID = -100
"""Place and times of an event that is not there: torch's word for what does not count."""


def said_of(scene: Scene) -> Said:
    """What a caption of a scene says: its events in order, what sounds all the time last."""
    return tuple(
        sorted(((SOUND_NAMES.index(part.sound), _place(part), _times(part)) for part in scene.events), key=_key)
    )


def _key(event: tuple[int, int, int]) -> tuple[int, int]:
    return event[1], event[0]


def _place(part: Part) -> int:
    return N_PLACES - 1 if part.step is None else min(part.step, N_PLACES - 2)


def _times(part: Part) -> int:
    return part.times - 1 if part.counted or part.times == 1 else N_TIMES - 1


@dataclass(frozen=True)
class Captions:
    """What there is to learn from."""

    states: CaptionStates
    """Of their words."""
    numbers: tuple[int, ...]
    """Of each caption in `states`."""
    said: tuple[Said, ...]
    """In each caption."""

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, indices: Sequence[int], reader: Reader, blur: Blur) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """States and mask of these captions, -1 being the empty one, and what is to be read in each slot."""
        device = reader.slots.device
        numbers = [0 if i < 0 else self.numbers[i] for i in indices]
        states, present = self.states.words(numbers, device, blur)
        nothing = len(reader.config["sounds"])  # type: ignore[arg-type]
        empty = (nothing, NOT_SAID, NOT_SAID)
        rows = []
        for i in indices:
            said = () if i < 0 else self.said[i][: len(reader.slots)]
            rows.append([*said, *[empty] * (len(reader.slots) - len(said))])
        wanted = torch.tensor(rows, device=device)
        return states, present, dict(zip(("sound", "place", "times"), wanted.unbind(-1), strict=True))


@final
class ReaderTrainee:
    """See `loop.Trainee`."""

    def __init__(self, data: Captions, reader: Reader) -> None:
        self._data = data
        self.networks: dict[str, nn.Module] = {"reader": reader}

    def __len__(self) -> int:
        return len(self._data)

    def loss(self, name: str, networks: Mapping[str, Any], indices: NDArray[np.int64], step: int) -> Losses:
        """See `loop.Trainee`."""
        del step  # nothing changes over the training
        reader: Any = self.networks[name]
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        seen = np.where(rng.random(len(indices)) < EMPTY_SHARE, -1, indices)
        states, present, wanted = self._data.batch(seen.tolist(), reader, BLUR)
        found = networks[name](states, present)
        losses = {key: F.cross_entropy(found[key].flatten(0, 1), wanted[key].flatten()) for key in wanted}
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}


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
    """Part of the slots that are read right, by what is read, and of the captions of which all slots' sounds are."""
    states, present, wanted = data.batch(range(len(data)), reader, Blur())
    found = {key: logits.argmax(-1) for key, logits in reader(states, present).items()}
    right = {key: found[key] == wanted[key] for key in wanted}
    counted = {key: right[key][wanted[key] != NOT_SAID].float().mean() for key in wanted}
    return {key: float(value) for key, value in counted.items()} | {
        "captions": float(right["sound"].all(dim=1).float().mean())
    }
