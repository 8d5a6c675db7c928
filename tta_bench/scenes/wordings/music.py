"""What instruments and test signals are called."""

from tta_bench.scenes.wordings.wording import PITCH, SPEED, Wordings

_DRUM = {
    "low": ("thing bass", "thing big", "sound low-pitched", "sound deep"),
    "high": ("thing snare", "thing small", "sound high-pitched", "sound sharp"),
}

WORDINGS = {
    "church bell": Wordings(
        seen=(
            "a {thing} church bell [rings|is ringing]",
            "a {thing} church bell [tolls|is tolling]",
            "a {thing} bell of a church [chimes|is chiming]",
            "<{sound} toll||{sound} tolls> of a {thing} church bell",
            "<{sound} stroke||{sound} strokes> of a {thing} church bell",
            "the {sound} tolling of a {thing} church bell",
        ),
        held_out=(
            "a {thing} bell in a steeple [peals|is pealing]",
            "<{sound} dong||{sound} dongs> from a {thing} steeple",
        ),
        traits={"pitch": PITCH},
    ),
    "piano": Wordings(
        seen=(
            "someone [plays the {thing} piano {how}|is playing the {thing} piano {how}]",
            "a {thing} piano [plays a {sound} melody|is playing a {sound} melody]",
            "a person [plays a {sound} tune on the piano|is playing a {sound} tune on the piano]",
            "{sound} piano music",
            "a {sound} piano melody",
            "the {sound} notes of a {thing} piano",
        ),
        held_out=(
            "a musician [performs {how} on a {thing} concert grand|is performing {how} on a {thing} concert grand]",
            "a {sound} recital on a {thing} concert grand",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "guitar pluck": Wordings(
        seen=(
            "someone [plays a {thing} guitar {how}|is playing a {thing} guitar {how}]",
            "a person [plucks a {thing} guitar {how}|is plucking a {thing} guitar {how}]",
            "someone [picks {sound} chords on a guitar|is picking {sound} chords on a guitar]",
            "{sound} acoustic guitar music",
            "the {sound} plucking of a {thing} guitar",
            "{sound} notes plucked on a guitar",
        ),
        held_out=(
            "a musician [fingerpicks {how} on six strings|is fingerpicking {how} on six strings]",
            "{sound} arpeggios on a {thing} acoustic six-string",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "flute": Wordings(
        seen=(
            "someone [plays the {thing} flute {how}|is playing the {thing} flute {how}]",
            "a {thing} flute [plays a {sound} melody|is playing a {sound} melody]",
            "a person [plays a {sound} tune on the flute|is playing a {sound} tune on the flute]",
            "{sound} flute music",
            "a {sound} flute melody",
            "the {sound} notes of a {thing} flute",
        ),
        held_out=(
            "a musician [blows {how} into a {thing} woodwind|is blowing {how} into a {thing} woodwind]",
            "a flautist's {sound} air",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "organ": Wordings(
        seen=(
            "someone [plays the {thing} organ {how}|is playing the {thing} organ {how}]",
            "a {thing} church organ [plays {sound} chords|is playing {sound} chords]",
            "a {thing} pipe organ [plays {how}|is playing {how}]",
            "{sound} organ music",
            "{sound} chords on a {thing} pipe organ",
            "the {sound} chords of a {thing} organ",
        ),
        held_out=(
            "a {thing} cathedral instrument [holds {sound} harmonies|is holding {sound} harmonies]",
            "{sound} harmonies from the pipes of a chapel",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "drum hit": Wordings(
        seen=(
            "a {thing} drum [sounds|is sounding]",
            "someone [hits a {thing} drum|is hitting a {thing} drum]",
            "someone [strikes a {thing} drum|is striking a {thing} drum]",
            "<{sound} hit||{sound} hits> on a {thing} drum",
            "<{sound} beat||{sound} beats> of a {thing} drum",
            "<{sound} drum beat [sounds|is sounding]||{sound} drum beats [sound|are sounding]>",
            "the {sound} beating of a {thing} drum",
        ),
        held_out=(
            "a drummer [thwacks a {thing} skin|is thwacking a {thing} skin]",
            "<{sound} thwack||{sound} thwacks> on a {thing} percussion instrument",
        ),
        traits={"pitch": _DRUM},
    ),
    "sine tone": Wordings(
        seen=(
            "a {sound} tone [sounds|is sounding]",
            "a {sound} sine tone [plays|is playing]",
            "a {sound} pure tone [plays|is playing]",
            "a {sound} sine wave",
            "the sound of a {sound} pure tone",
            "a {sound} electronic tone",
        ),
        held_out=(
            "a {sound} oscillator [hums|is humming]",
            "a {sound} test signal of one frequency",
        ),
        traits={
            "pitch": {
                "low": ("sound low-pitched", "sound low", "sound deep"),
                "high": ("sound high-pitched", "sound high"),
            },
            "motion": {
                "steady": ("how steadily", "how at a constant pitch", "sound steady", "sound constant"),
                "rising": ("how with rising pitch", "how at a rising pitch", "sound rising", "sound ascending"),
            },
        },
    ),
    "white noise": Wordings(
        seen=(
            "{thing} white noise [plays|is playing]",
            "{thing} static [hisses|is hissing]",
            "{thing} white noise [hisses|is hissing]",
            "the hiss of {thing} white noise",
            "{thing} white noise",
            "the sound of {thing} static",
        ),
        held_out=(
            "a {thing} untuned radio [fizzes|is fizzing]",
            "the {thing} rustle of an empty radio channel",
        ),
        traits={
            "motion": {
                "steady": ("how steadily", "how without change", "thing steady", "thing constant"),
                "pulsing": ("how in pulses", "how in waves", "thing pulsing", "thing throbbing"),
            },
        },
    ),
}
