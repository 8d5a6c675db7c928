"""What a test asked, from its private key: which system made which clip, what each trial is for, and the rules."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from tta_bench import records
from tta_bench.listening import events, kit
from tta_bench.types import UserError

CHOOSING: Final = ("ab", "abx")
"""Kinds of tests in which raters choose and do not rate."""
PARTICIPANT: Final = ("PROLIFIC_PID", "workerId", "rater")
"""Parameters that name a person, in the order in which they count."""


@dataclass(frozen=True)
class Axis:
    """What is rated, and on which scale."""

    id: str
    low: float
    high: float
    style: str

    @property
    def ordinal(self) -> bool:
        """Whether it is a scale of a few named steps."""
        return self.style == "radio"


@dataclass(frozen=True)
class Stimulus:
    """A clip as raters heard it."""

    id: str
    model: str | None
    prompt: str | None
    role: str
    """`main`, or what it is hidden for: `reference`, `anchor35`, `anchor70`, `noise`, `trap`."""
    seconds: float | None


@dataclass(frozen=True)
class Trial:
    """A page of the test."""

    id: str
    role: Literal["training", "main", "duplicate", "trap", "gold", "mismatch"]
    prompt: str | None
    stimuli: tuple[str, ...]
    """In the order shown."""
    duplicate_of: str | None
    expected: Mapping[str, Any] | None
    """What a rater who listens answers: `axis`, `low`, `high`; or `choice`."""


@dataclass(frozen=True)
class Design:
    """A test, as its key knows it."""

    test: str
    digest: str
    kind: str
    seed: int
    secret: str
    axes: Mapping[str, Axis]
    models: tuple[str, ...]
    buckets: Mapping[str, str | None]
    """Prompt -> bucket of its number of sound events."""
    stimuli: Mapping[str, Stimulus]
    trials: Mapping[str, Trial]
    lists: tuple[tuple[str, ...], ...]
    headphones: Mapping[str, int]
    screening: Mapping[str, Mapping[str, Any]]
    """Rule -> its numbers; rules that are off are absent."""

    @property
    def chooses(self) -> bool:
        """Whether raters choose between clips instead of rating them."""
        return self.kind in CHOOSING

    @cached_property
    def rules(self) -> events.Rules:
        """What answers of this test may say."""
        return events.Rules(
            {axis.id: (axis.low, axis.high) for axis in self.axes.values()},
            {trial.id: frozenset(trial.stimuli) for trial in self.trials.values()},
            frozenset(self.stimuli),
        )

    def rater(self, participant: Mapping[str, str], session: str) -> str:
        """Pseudonym of a person: the same for all their sessions of this test, and no way back without the key."""
        person = next((f"{key}={participant[key]}" for key in PARTICIPANT if participant.get(key)), session)
        return hmac.new(self.secret.encode(), person.encode(), hashlib.sha256).hexdigest()[:12]


def read(folder: Path) -> Design:
    """The design in `KIT.key/`. Raises UserError naming what is wrong with it."""
    key = kit.read_key(folder)
    try:
        return of_key(key)
    except KeyError as error:
        raise UserError(f"{folder / kit.KEY} lacks {error}: it was edited. Build the kit again.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{folder / kit.KEY} was edited: {error}. Build the kit again.") from error


def of_key(key: Mapping[str, Any]) -> Design:
    """The design that a key describes. Raises KeyError naming what it lacks, and other errors for values of other kinds
    than it has."""
    known = {name: key[name] for name in ("test", "digest", "kind", "seed", "secret", "models", "lists")}
    known |= {
        "axes": {
            one["id"]: {"id": one["id"], "low": one["min"], "high": one["max"], "style": one["style"]}
            for one in key["axes"]
        },
        "buckets": {prompt: told["bucket"] for prompt, told in key["prompts"].items()},
        "stimuli": {
            one: {"id": one, "seconds": told.get("seconds")}
            | {name: told[name] for name in ("model", "prompt", "role")}
            for one, told in key["stimuli"].items()
        },
        "trials": {one: {"id": one} | {name: told[name] for name in _TRIAL} for one, told in key["trials"].items()},
        "headphones": key["headphones"] or {},
        "screening": {rule: numbers for rule, numbers in key["screening"].items() if numbers is not None},
    }
    return records.of(Design, known)


_TRIAL: Final = ("role", "prompt", "stimuli", "duplicate_of", "expected")
