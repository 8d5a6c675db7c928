"""What sirens, horns, bells of doors and telephones, beeps and clocks are called."""

from tta_bench.scenes.wordings.wording import DISTANCE, PITCH, SIZE, SPEED, Wordings

WORDINGS = {
    "siren": Wordings(
        seen=(
            "a {thing} siren [wails|is wailing]",
            "a {thing} siren [rises and falls slowly|is rising and falling slowly]",
            "a {thing} siren [howls up and down|is howling up and down]",
            "the {sound} wail of a {thing} siren",
            "the {sound} wailing of a {thing} siren",
            "a {sound} wailing siren",
        ),
        held_out=(
            "a {thing} police car's signal [sweeps slowly up and down|is sweeping slowly up and down]",
            "the {sound} drawn-out howl of a {thing} ambulance",
        ),
        traits={"pitch": PITCH, "distance": DISTANCE},
    ),
    "fast siren": Wordings(
        seen=(
            "a fast {thing} siren [sounds|is sounding]",
            "a {thing} emergency siren [blares rapidly|is blaring rapidly]",
            "a quick {thing} siren [blares|is blaring]",
            "the {sound} blare of a fast {thing} siren",
            "the {sound} sound of a quick {thing} siren",
            "a {sound} fast {thing} siren",
        ),
        held_out=(
            "the {thing} signal of a fire engine [swings quickly up and down|is swinging quickly up and down]",
            "the {sound} hurried signal of a {thing} emergency vehicle",
        ),
        traits={
            "pitch": PITCH,
            "pattern": {
                "yelp": ("thing yelping", "thing whooping"),
                "two-tone": ("thing two-tone", "thing alternating"),
            },
        },
    ),
    "car horn": Wordings(
        seen=(
            "a {thing} car horn [honks|is honking]",
            "a {thing} car [honks its horn|is honking its horn] {how}",
            "a driver [honks|is honking] {how}",
            "<{sound} honk||{sound} honks> of a {thing} car",
            "<{sound} honk||{sound} honks> from a {thing} car horn",
            "<{sound} beep||{sound} beeps> of a {thing} car horn",
        ),
        held_out=(
            "a {thing} vehicle [toots|is tooting]",
            "<{sound} toot||{sound} toots> from a {thing} vehicle",
        ),
        traits={
            "pitch": PITCH,
            "length": {
                "short": ("sound short", "sound brief", "how briefly"),
                "long": ("sound long", "sound lengthy", "how at length"),
            },
        },
    ),
    "telephone ring": Wordings(
        seen=(
            "a {thing} telephone [rings|is ringing]",
            "a {thing} phone [rings|is ringing]",
            "<{sound} ring||{sound} rings> of a {thing} telephone",
            "<{sound} ring||{sound} rings> from a {thing} phone",
            "<{thing} telephone ring||{thing} telephone rings>",
            "the {sound} ringing of a {thing} phone",
        ),
        held_out=(
            "a {thing} handset [announces a call|is announcing a call]",
            "<{sound} call signal||{sound} call signals> from a {thing} handset",
        ),
        traits={
            "pitch": {
                "low": ("sound low-pitched", "sound low", "how at a low pitch"),
                "high": ("sound high-pitched", "sound shrill", "how at a high pitch"),
            },
            "kind": {
                "bell": ("thing old-fashioned", "thing rotary"),
                "electronic": ("thing electronic", "thing modern"),
            },
        },
    ),
    "alarm beep": Wordings(
        seen=(
            "a {thing} alarm [beeps|is beeping]",
            "a {thing} alarm clock [beeps|is beeping]",
            "a {thing} alarm [goes off with {sound} beeps|is going off with {sound} beeps]",
            "the {sound} beeping of a {thing} alarm",
            "the {sound} beeps of a {thing} alarm clock",
            "{sound} alarm beeps",
        ),
        held_out=(
            "a {thing} electronic warning [bleeps|is bleeping]",
            "the {sound} bleeps of a {thing} buzzer",
        ),
        traits={"pitch": PITCH, "speed": SPEED},
    ),
    "doorbell": Wordings(
        seen=(
            "a {thing} doorbell [rings|is ringing]",
            "a {thing} doorbell [chimes|is chiming]",
            "someone [rings a {thing} doorbell|is ringing a {thing} doorbell]",
            "<{sound} chime||{sound} chimes> of a {thing} doorbell",
            "<{sound} ring||{sound} rings> of a {thing} doorbell",
            "the {sound} ringing of a {thing} doorbell",
        ),
        held_out=(
            "a {thing} chime at the front door [goes ding-dong|is going ding-dong]",
            "<{sound} ding-dong||{sound} ding-dongs> at the front door",
        ),
        traits={"pitch": PITCH},
    ),
    "clock tick": Wordings(
        seen=(
            "a {thing} clock [ticks|is ticking]",
            "a {thing} clock [ticks and tocks|is ticking and tocking]",
            "the {sound} ticking of a {thing} clock",
            "the {sound} tick-tock of a {thing} clock",
            "the {sound} ticks of a {thing} clock",
            "the sound of a {thing} ticking clock",
        ),
        held_out=(
            "a {thing} timepiece [clicks away the seconds|is clicking away the seconds]",
            "the {sound} clicking of a {thing} timepiece",
        ),
        traits={"speed": SPEED, "size": SIZE},
    ),
}
