"""What is known of each published checkpoint, as data: where it is, on what it was trained, who may use it, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from tta_bench import weights
from tta_bench.hashes import revision
from tta_bench.types import ModelCard

UNVERIFIED = "Not verified: nobody here has run the published weights."


UNREAD = " (unconfirmed)"
"""After the name of a training set of which that is so."""


class Part(NamedTuple):
    """Files of another repository that a checkpoint needs."""

    repository: str
    wanted: tuple[str, ...]
    """Patterns of the names of what is needed of it."""


@dataclass(frozen=True)
class Published:
    """One checkpoint. What is None or empty is not known."""

    repository: str | None
    """On the Hugging Face hub; None for weights that come with the suite."""
    trained_on: tuple[str, ...]
    licence: str
    remark: str = ""
    commercial: str = ""
    """A sentence on whether its clips and weights may be used in commerce."""
    revision: str | None = None
    """The repository's commit; None is its newest, as nobody here could look one up."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """Folder -> what lies in it of another repository."""
    gigabytes: float | None = None
    """Size of what is fetched, about."""
    parameters: int | None = None
    """Of the network that generates, without encoders and vocoder."""
    sample_rate: int | None = None
    """Hz."""
    duration: float | None = None
    """Seconds of the clips that it was trained on, or makes at most."""
    text_encoder: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    """The paper's, for its published numbers."""
    verified: bool = False
    """Whether someone has run these weights with this code."""

    @property
    def flavour(self) -> Literal["pocket", "published"]:
        """Which boards it is for."""
        return "pocket" if self.repository is None else "published"

    @property
    def note(self) -> str:
        """What a reader of its numbers should know."""
        doubt = "" if self.verified or self.repository is None else UNVERIFIED
        return " ".join(filter(None, (self.remark, doubt)))

    @property
    def facts(self) -> Mapping[str, object]:
        """What a list shows beside: plain values by name."""
        names = ("repository", "revision", "parameters", "sample_rate", "duration", "text_encoder", "commercial")
        return {**{name: getattr(self, name) for name in names}, "settings": dict(self.settings)} | {
            "candidates": self.settings.get("candidates", 1),
            "verified": self.verified,
        }


def card_of(
    model: str,
    checkpoint: str,
    known: Published | None,
    files: Mapping[str, Path],
    *,
    settings: Mapping[str, object],
    paper: str,
) -> ModelCard:
    """The card of a model that is loaded from these files; `known` is None for a folder of the user's own."""
    return ModelCard(
        name=model,
        checkpoint=checkpoint if known else Path(checkpoint).name,
        revision=revision(files, memory=weights.default_cache_dir() / weights.MEMORY),
        settings=settings,
        trained_on=known.trained_on if known else ("unknown",),
        licence=known.licence if known else "unknown",
        paper=paper,
    )
