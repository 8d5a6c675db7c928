"""What the beasts are called."""

from tta_bench.scenes.wordings.wording import PITCH, SIZE, SPEED, VOICE, Wordings

WORDINGS = {
    "dog bark": Wordings(
        seen=(
            "a {thing} dog [barks|is barking]",
            "a {thing} dog [gives|is giving] <{sound} bark||{sound} barks>",
            "<{sound} bark||{sound} barks> of a {thing} dog",
            "<{sound} bark||{sound} barks> from a {thing} dog",
            "<{thing} dog bark||{thing} dog barks>",
            "the {sound} barking of a {thing} dog",
        ),
        held_out=(
            "a {thing} hound [woofs|is woofing]",
            "<{sound} woof||{sound} woofs> from a {thing} hound",
            "a {thing} canine [yaps|is yapping]",
        ),
        traits={"size": SIZE},
    ),
    "cat meow": Wordings(
        seen=(
            "a {thing} cat [meows|is meowing] {how}",
            "a {thing} cat [gives|is giving] <{sound} meow||{sound} meows>",
            "<{sound} meow||{sound} meows> of a {thing} cat",
            "<{sound} meow||{sound} meows> from a {thing} cat",
            "<{sound} cat meow||{sound} cat meows>",
            "the {sound} meowing of a {thing} cat",
        ),
        held_out=(
            "a {thing} kitty [mews|is mewing]",
            "<{sound} mew||{sound} mews> from a {thing} feline",
        ),
        traits={"pitch": VOICE},
    ),
    "cow": Wordings(
        seen=(
            "a {thing} cow [moos|is mooing]",
            "a {thing} cow [gives|is giving] <{sound} moo||{sound} moos>",
            "<{sound} moo||{sound} moos> of a {thing} cow",
            "<{sound} moo||{sound} moos> from a {thing} cow",
            "<{sound} cow moo||{sound} cow moos>",
            "the {sound} mooing of a {thing} cow",
        ),
        held_out=(
            "<{sound} bellow||{sound} bellows> from a {thing} heifer",
            "a {thing} heifer [bellows|is bellowing]",
        ),
        traits={"pitch": VOICE},
    ),
    "sheep": Wordings(
        seen=(
            "a {thing} sheep [bleats|is bleating]",
            "a {thing} sheep [baas|is baaing]",
            "<{sound} bleat||{sound} bleats> of a {thing} sheep",
            "<{sound} bleat||{sound} bleats> from a {thing} sheep",
            "<{sound} baa||{sound} baas> from a {thing} sheep",
            "the {sound} bleating of a {thing} sheep",
        ),
        held_out=(
            "a {thing} ewe [cries|is crying]",
            "<{sound} cry||{sound} cries> of a {thing} lamb",
        ),
        traits={"pitch": VOICE},
    ),
    "frog": Wordings(
        seen=(
            "a {thing} frog [croaks|is croaking]",
            "a {thing} frog [keeps croaking|is croaking away]",
            "the {sound} croaking of a {thing} frog",
            "the {sound} croaks of a {thing} frog",
            "{sound} frog croaks",
            "a {thing} frog [calls with {sound} croaks|is calling with {sound} croaks]",
        ),
        held_out=(
            "a {thing} toad [ribbits|is ribbiting]",
            "the {sound} ribbits of a {thing} toad",
        ),
        traits={"pitch": VOICE, "speed": SPEED},
    ),
    "cricket": Wordings(
        seen=(
            "{thing} crickets [chirp|are chirping]",
            "{thing} crickets [sing|are singing] in the grass {how}",
            "the {sound} chirping of {thing} crickets",
            "the {sound} chirps of {thing} crickets",
            "{sound} cricket chirps",
            "{thing} crickets [make {sound} chirps|are making {sound} chirps]",
        ),
        held_out=(
            "{thing} cicadas [trill|are trilling]",
            "the {sound} stridulation of {thing} grasshoppers",
        ),
        traits={"speed": SPEED},
    ),
    "insect buzz": Wordings(
        seen=(
            "a {thing} insect [buzzes|is buzzing]",
            "a {thing} fly [buzzes|is buzzing]",
            "a {thing} bee [buzzes around|is buzzing around]",
            "the {sound} buzzing of a {thing} insect",
            "the {sound} buzz of a {thing} fly",
            "a {sound} buzz of a {thing} insect's wings",
        ),
        held_out=(
            "a {thing} wasp [drones|is droning]",
            "the {sound} whirr of a {thing} bug's wings",
        ),
        traits={
            "pitch": PITCH,
            "motion": {
                "steady": ("how steadily", "how without a pause", "sound steady", "sound constant"),
                "darting": ("how back and forth", "how in sudden swoops", "sound erratic", "sound unsteady"),
            },
        },
    ),
}
