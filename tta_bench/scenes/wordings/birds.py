"""What the birds are called."""

from tta_bench.scenes.wordings.wording import PITCH, VOICE, Wordings

WORDINGS = {
    "bird song": Wordings(
        seen=(
            "a {thing} bird [sings|is singing]",
            "a {thing} bird [chirps|is chirping]",
            "a {thing} bird [tweets|is tweeting]",
            "the {sound} song of a {thing} bird",
            "the {sound} chirping of a {thing} bird",
            "{sound} bird song",
        ),
        held_out=(
            "a {thing} songbird [warbles|is warbling]",
            "the {sound} twittering of a {thing} sparrow",
        ),
        traits={
            "pitch": PITCH,
            "speed": {
                "slow": ("sound slow", "how in slow notes", "how slowly"),
                "fast": ("sound fast", "sound rapid", "how in rapid notes"),
            },
        },
    ),
    "rooster": Wordings(
        seen=(
            "a {thing} rooster [crows|is crowing]",
            "a {thing} rooster [gives|is giving] <{sound} crow||{sound} crows>",
            "<{sound} crow||{sound} crows> of a {thing} rooster",
            "<{sound} cock-a-doodle-doo||{sound} cock-a-doodle-doos> from a {thing} rooster",
            "<{sound} rooster call||{sound} rooster calls>",
            "the {sound} crowing of a {thing} rooster",
        ),
        held_out=(
            "a {thing} cockerel [cries|is crying]",
            "<{sound} cry||{sound} cries> of a {thing} cockerel",
        ),
        traits={"pitch": VOICE},
    ),
    "crow": Wordings(
        seen=(
            "a {thing} crow [caws|is cawing]",
            "a {thing} crow [gives|is giving] <{sound} caw||{sound} caws>",
            "<{sound} caw||{sound} caws> of a {thing} crow",
            "<{sound} caw||{sound} caws> from a {thing} crow",
            "<{sound} crow call||{sound} crow calls>",
            "the {sound} cawing of a {thing} crow",
        ),
        held_out=(
            "a {thing} raven [croaks|is croaking]",
            "<{sound} squawk||{sound} squawks> of a {thing} raven",
        ),
        traits={"pitch": VOICE},
    ),
    "owl": Wordings(
        seen=(
            "a {thing} owl [hoots|is hooting]",
            "a {thing} owl [calls|is calling] {how}",
            "the {sound} hooting of a {thing} owl",
            "the {sound} hoots of a {thing} owl",
            "the {sound} call of a {thing} owl",
            "{sound} owl hoots",
        ),
        held_out=(
            "a {thing} night bird [hoots and wavers|is hooting and wavering]",
            "the {sound} tu-whit tu-whoo of a {thing} owl",
        ),
        traits={"pitch": PITCH},
    ),
}
