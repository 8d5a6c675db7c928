"""What the sounds of people are called."""

from tta_bench.scenes.wordings.wording import PITCH, SPEED, VOICE, Wordings

WORDINGS = {
    "hand clapping": Wordings(
        seen=(
            "someone [claps {how}|is clapping {how}]",
            "a person [claps their hands|is clapping their hands] {how}",
            "a person [claps {how}|is clapping {how}]",
            "{sound} hand clapping",
            "the {sound} clapping of a person",
            "the {sound} claps of a pair of hands",
        ),
        held_out=(
            "one listener [applauds {how}|is applauding {how}]",
            "the {sound} slapping of two palms",
        ),
        traits={
            "pitch": {
                "low": ("sound dull", "sound low-pitched", "how with cupped hands"),
                "high": ("sound sharp", "sound crisp", "how with flat hands"),
            },
            "speed": SPEED,
        },
    ),
    "whistling": Wordings(
        seen=(
            "someone [whistles {how}|is whistling {how}]",
            "a person [whistles a tune|is whistling a tune]",
            "a man [whistles a {sound} melody|is whistling a {sound} melody]",
            "the {sound} whistling of a person",
            "a {sound} whistled tune",
            "{sound} whistling",
        ),
        held_out=(
            "someone [blows a {sound} air through pursed lips|is blowing a {sound} air through pursed lips]",
            "a {sound} ditty piped through pursed lips",
        ),
        traits={"pitch": PITCH},
    ),
    "laughter": Wordings(
        seen=(
            "someone [laughs {how}|is laughing {how}]",
            "a person [laughs out loud|is laughing out loud] {how}",
            "a person [laughs {how}|is laughing {how}]",
            "the {sound} laughter of a person",
            "{sound} laughter",
            "the {sound} laugh of a person",
        ),
        held_out=(
            "somebody [chuckles {how}|is chuckling {how}]",
            "{sound} giggling",
        ),
        traits={
            "pitch": VOICE,
            "speed": {
                "slow": ("sound slow", "how in slow bursts"),
                "fast": ("sound rapid", "sound quick", "how in quick bursts"),
            },
        },
    ),
    "snoring": Wordings(
        seen=(
            "someone [snores {how}|is snoring {how}]",
            "a person [snores {how}|is snoring {how}]",
            "a sleeping man [snores {how}|is snoring {how}]",
            "the {sound} snoring of a person",
            "{sound} snoring",
            "the {sound} snores of a sleeper",
        ),
        held_out=(
            "a sleeper [wheezes and rasps {how}|is wheezing and rasping {how}]",
            "the {sound} rasping breath of someone asleep",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "cough": Wordings(
        seen=(
            "someone [coughs {how}|is coughing {how}]",
            "a person [coughs {how}|is coughing {how}]",
            "a person [has a {sound} coughing fit|is having a {sound} coughing fit]",
            "the {sound} coughing of a person",
            "{sound} coughs from a person",
            "{sound} coughing",
        ),
        held_out=(
            "a patient [hacks {how}|is hacking {how}]",
            "the {sound} hacking of a sore throat",
        ),
        traits={"pitch": VOICE},
    ),
    "sneeze": Wordings(
        seen=(
            "someone [sneezes {how}|is sneezing {how}]",
            "a person [sneezes {how}|is sneezing {how}]",
            "a person [lets out|is letting out] <{sound} sneeze||{sound} sneezes>",
            "<{sound} sneeze||{sound} sneezes> of a person",
            "<{sound} sneeze||{sound} sneezes> from someone",
            "the {sound} sneezing of a person",
        ),
        held_out=(
            "somebody [goes achoo|is going achoo] {how}",
            "<{sound} achoo||{sound} achoos> from somebody with a cold",
        ),
        traits={"pitch": VOICE},
    ),
    "heartbeat": Wordings(
        seen=(
            "a {thing} heart [beats {how}|is beating {how}]",
            "a human heart [beats {how}|is beating {how}]",
            "the {sound} beating of a heart",
            "a {sound} heartbeat",
            "the {sound} thump of a heartbeat",
            "the {sound} beats of a heart",
        ),
        held_out=(
            "a pulse [throbs {how}|is throbbing {how}]",
            "the {sound} lub-dub of a pulse",
        ),
        traits={"speed": SPEED},
    ),
    "crowd": Wordings(
        seen=(
            "if mood=calm: a {thing} crowd of people [murmurs|is murmuring]",
            "if mood=calm: many people [talk|are talking] {how}",
            "if mood=calm: the {sound} murmur of a crowd",
            "if mood=calm: the {sound} chatter of many people",
            "if mood=excited: a {thing} crowd of people [cheers|is cheering]",
            "if mood=excited: many people [cheer and clap|are cheering and clapping] {how}",
            "if mood=excited: the {sound} cheering of a crowd",
            "if mood=excited: the {sound} shouts and applause of many people",
            "the {sound} sound of a {thing} crowd",
            "the {sound} voices of a {thing} crowd of people",
        ),
        held_out=(
            "if mood=calm: a {thing} gathering [babbles|is babbling]",
            "if mood=calm: the {sound} hubbub of a room full of guests",
            "if mood=excited: a {thing} audience [roars|is roaring]",
            "if mood=excited: the {sound} uproar of a stadium",
        ),
        traits={
            "mood": {
                "calm": ("thing calm", "thing quiet", "sound calm", "how quietly"),
                "excited": ("thing excited", "thing lively", "sound excited", "how excitedly"),
            },
        },
    ),
}
