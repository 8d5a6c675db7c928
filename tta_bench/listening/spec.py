"""What a listening test is to be: everything that whoever builds one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Final, Literal

Kind = Literal["ovl_rel", "multi", "mushra", "ab", "abx"]
Checks = Literal["training", "duplicate", "trap", "gold", "mismatch"]
KINDS: Final[Mapping[str, str]] = {
    "ovl_rel": "one clip a page, rated on each axis",
    "multi": "all models of a prompt on one page, without a given reference (ITU-R BS.2132)",
    "mushra": "all models of a prompt with reference, hidden reference and anchors (ITU-R BS.1534)",
    "ab": "two clips of a prompt: which is better, or neither",
    "abx": "two clips of a prompt and a third: which of the two is it",
}
PAGES: Final[Mapping[str, int]] = {"ovl_rel": 30, "multi": 8, "mushra": 8, "ab": 30, "abx": 20}
"""Most main trials of a list where nobody says how many: about twenty minutes."""
RATED: Final = ("ovl_rel", "multi", "mushra")
PARTICIPANT: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "prolific": ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    "mturk": ("workerId", "assignmentId", "hitId"),
}


@dataclass(frozen=True)
class Axis:
    """What is rated, and on which scale."""

    id: str
    min: int
    max: int
    style: Literal["slider", "radio"]

    def at(self, share: float) -> int:
        """The last whole score up to this share of the scale."""
        return self.min + floor(share * (self.max - self.min))


def axes_of(kind: str, scale: str, ids: tuple[str, ...]) -> tuple[Axis, ...]:
    """The axes of a kind of test: none where raters choose, one from 0 to 100 in MUSHRA, else on the scale named."""
    if kind == "mushra":
        return (Axis("OVL", 0, 100, "slider"),)
    if kind not in RATED:
        return ()
    return tuple(Axis(name, 1, 5, "radio") if scale == "5" else Axis(name, 1, 100, "slider") for name in ids)


@dataclass(frozen=True)
class Sounding:
    """How clips are made alike before they are heard; None leaves a property as it is."""

    loudness: float | None = -23.0
    """LUFS."""
    sample_rate: int | None = None
    """Hz."""
    mono: bool = False
    seconds: float | None = None
    """Cut, or filled with silence, to this length."""
    suffix: Literal[".wav", ".flac"] = ".wav"


@dataclass(frozen=True)
class Spec:
    """A test to be built."""

    kind: Kind
    seed: int
    title: str
    consent: Mapping[str, str]
    """Language -> text; the first language is the one that a page starts with."""
    axes: tuple[Axis, ...]
    per_list: int | None = None
    """Main trials of a list; None: what `PAGES` says, or all if these are fewer."""
    lists: int | None = None
    """None: as few as show every clip equally often."""
    checks: Mapping[Checks, int] = field(
        default_factory=lambda: {"training": 2, "duplicate": 1, "trap": 1, "gold": 1, "mismatch": 1}
    )
    """Pages of each kind in a list, beside the main ones; those that the kind of test cannot have are not made."""
    sounding: Sounding = field(default_factory=Sounding)
    headphones: Literal["none", "huggins", "antiphase"] = "huggins"
    gate: bool = False
    """Whether who fails the headphone check may not go on; else it is only recorded."""
    questionnaire: tuple[Mapping[str, object], ...] | None = None
    """None: the one of the language files."""
    recruit: str = "none"
    """A key of `PARTICIPANT`."""
    completion: tuple[str | None, str | None] = (None, None)
    """Code, and address to go to, of a rater who has finished."""
    server: bool = False
    """Whether answers go to a collection server as they are given; it, not the page, then holds the completion code."""

    def n(self, check: Checks) -> int:
        """How many pages that train or check a rater a list has of one kind."""
        blind = check == "mismatch" and "REL" not in [axis.id for axis in self.axes]
        return 0 if blind or (check == "trap" and self.kind == "abx") else self.checks.get(check, 0)
