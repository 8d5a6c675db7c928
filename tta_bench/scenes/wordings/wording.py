"""What a class of sounds is called, and the phrases for levels that many classes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wordings:
    """The ways to say that a class of sounds is heard.

    A wording is a clause, `a {thing} dog [barks|is barking]`; a noun that can be counted,
    `<{sound} bark||{sound} barks> of a {thing} dog`; or one that cannot, `the {sound} barking of a {thing} dog`, which
    of a countable class is said only of a repetition. `if size=small:` before a wording keeps it to that level. `a`
    becomes `an` by itself. Slots take a phrase for a level of the sound's traits, or nothing: `{thing}` an adjective of
    what sounds, `{sound}` one of the sound, `{noun:gun}` a noun in place of `gun`, and `{how}`, which is at the end
    where it is not written, an adverb; after it come how often it sounds, and where.
    """

    seen: tuple[str, ...]
    """At least ten, of varied nouns and verbs, for any scene."""
    held_out: tuple[str, ...]
    """At least two, for test scenes alone."""
    traits: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Trait -> level -> phrases, each with its slot before it: `thing small`, `how slowly`, `where far away`."""


PITCH: Mapping[str, tuple[str, ...]] = {
    "low": ("sound low-pitched", "sound deep", "sound low", "how at a low pitch"),
    "high": ("sound high-pitched", "sound high", "how at a high pitch"),
}
VOICE: Mapping[str, tuple[str, ...]] = {
    "low": ("sound low-pitched", "sound deep", "how in a deep voice", "how in a low voice"),
    "high": ("sound high-pitched", "sound shrill", "how in a high voice", "how in a high-pitched voice"),
}
SPEED: Mapping[str, tuple[str, ...]] = {
    "slow": ("sound slow", "sound unhurried", "how slowly", "how at a slow pace"),
    "fast": ("sound fast", "sound rapid", "how quickly", "how rapidly", "how at a fast pace"),
}
SIZE: Mapping[str, tuple[str, ...]] = {
    "small": ("thing small", "thing little"),
    "large": ("thing large", "thing big"),
}
DISTANCE: Mapping[str, tuple[str, ...]] = {
    "near": ("where nearby", "where close by"),
    "far": ("where in the distance", "where far away", "thing distant", "sound distant", "sound faraway"),
}
