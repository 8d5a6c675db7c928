"""The frames of sentences, with slots for events: 0 and 1, or the order that each relation states.

`{c0}` is a clause (`a dog barks`), `{p0}` one in the simple present, `{g0}` one that goes on (`a dog is barking`) and
`{n0}` a noun (`the barking of a dog`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frames:
    """The ways to say one relation."""

    seen: tuple[str, ...]
    """For any scene."""
    held_out: tuple[str, ...]
    """For test scenes alone."""


ALONE = Frames(
    seen=(
        "{c0}",
        "{g0}",
        "{n0}",
        "{n0} can be heard",
        "only {n0} can be heard",
        "{n0} and nothing else",
        "{c0} and there is no other sound",
        "{g0} with no other sound around",
    ),
    held_out=("one hears {n0}", "a recording of {n0}", "{n0} in an otherwise silent place"),
)
CHAIN = Frames(
    seen=(
        "{c0}, then {c1}",
        "{c0} and then {c1}",
        "{c0}, followed by {n1}",
        "{n0} followed by {n1}",
        "{n0}, then {n1}",
        "{n0} and then {n1}",
        "{p0} before {p1}",
        "{p1} after {p0}",
        "{p0}, after which {p1}",
        "first {c0}, then {c1}",
        "after {n0}, {p1}",
        "before {n1}, {p0}",
    ),
    held_out=(
        "{c0} and subsequently {c1}",
        "{n1} preceded by {n0}",
        "{c0} and afterwards {c1}",
        "{n0} gives way to {n1}",
        "{p1} following {n0}",
        "{n0} precedes {n1}",
    ),
)
"""One event after another: 0 is heard before 1."""
PAIRS_CHAIN = Frames(
    seen=("{c0}, then {c1}", "{c0}, followed by {n1}", "first {c0}, then {c1}", "{c0}, and after that {c1}"),
    held_out=("{c0}, and subsequently {c1}", "{c0}, and afterwards {c1}", "to begin with {c0}, and next {c1}"),
)
"""Two steps of which one has two events: no word that might belong to half a step."""
LONG_CHAIN = Frames(
    seen=(
        "{c0}, then {c1}, and then {c2}",
        "first {c0}, then {c1}, and finally {c2}",
        "{c0}, followed by {n1}, and then {n2}",
        "{n0}, then {n1}, then {n2}",
        "{n0} followed by {n1}, and finally {n2}",
    ),
    held_out=(
        "to begin with {c0}, next {c1}, and in the end {c2}",
        "{c0}, subsequently {c1}, and at last {c2}",
        "{n0}, next {n1}, and lastly {n2}",
    ),
)
"""Three steps; where there are more, what joins the second to the first also joins all between."""
PAIR = Frames(
    seen=(
        "{c0} while {g1}",
        "{c0} as {c1}",
        "{c0} and {c1} at the same time",
        "{n0} and {n1} can be heard at the same time",
        "{n0} can be heard together with {n1}",
    ),
    held_out=("{c0} amid {n1}", "{c0} and {c1} simultaneously", "{c0} during {n1}"),
)
"""Two events at once, of which 1 is the longer."""
PAIR_OF_NOUNS = Frames(
    seen=("{n0} and {n1} at the same time", "{n0} together with {n1}", "{n0} while {g1}", "{n0} as {c1}"),
    held_out=("{n0} amid {n1}", "{n0} alongside {n1}", "{n0} during {n1}"),
)
"""The same as a noun."""
OVER_ONE = Frames(
    seen=(
        "{c0} with {n1} in the background",
        "{c0} while {g1} in the background",
        "{c0} over {n1}",
        "{n0} over {n1}",
        "{g1} in the background as {c0}",
        "{n0} with {n1} in the background",
        "{g1} in the background while {c0}",
    ),
    held_out=("{c0} against a backdrop of {n1}", "{n0} with {n1} underneath", "{n1} accompanies {n0} from behind"),
)
"""One event, 0, over an ambience, 1."""
OVER_CHAIN = Frames(
    seen=(
        "over {n1}, {c0}",
        "with {n1} in the background, {c0}",
        "{c0}, all with {n1} in the background",
        "{c0}, with {n1} in the background throughout",
    ),
    held_out=("{c0}, all against a backdrop of {n1}", "with {n1} underneath, {c0}"),
)
"""Several events, 0, over an ambience, 1."""
