"""What weather and water are called."""

from tta_bench.scenes.wordings.wording import DISTANCE, SIZE, SPEED, Wordings

WORDINGS = {
    "rain": Wordings(
        seen=(
            "{thing} rain [falls|is falling]",
            "{thing} rain [patters|is pattering]",
            "it [rains|is raining] {how}",
            "the patter of {thing} rain",
            "the sound of {thing} rain",
            "{thing} rainfall",
        ),
        held_out=(
            "raindrops [drum|are drumming]",
            "a {thing} shower of rain",
            "water [comes down from the clouds|is coming down from the clouds] {how}",
        ),
        traits={
            "intensity": {
                "light": ("thing light", "thing gentle", "how lightly", "how gently"),
                "heavy": ("thing heavy", "thing pouring", "how heavily", "how hard"),
            },
            "surface": {
                "ground": ("where on the ground", "where on the street"),
                "metal roof": ("where on a metal roof", "where on a tin roof"),
            },
        },
    ),
    "thunder": Wordings(
        seen=(
            "thunder [rumbles|is rumbling]",
            "thunder [rolls|is rolling]",
            "{sound} thunder [booms|is booming]",
            "the {sound} rumble of thunder",
            "a {sound} clap of thunder",
            "the {sound} roll of thunder",
        ),
        held_out=(
            "a {sound} thunderclap",
            "a {thing} storm [growls in the sky|is growling in the sky]",
        ),
        traits={"distance": DISTANCE},
    ),
    "wind": Wordings(
        seen=(
            "a {thing} wind [blows|is blowing]",
            "the {thing} wind [gusts|is gusting]",
            "gusts of {thing} wind",
            "the rush of a {thing} wind",
            "the sound of {thing} wind",
            "a {thing} wind [sweeps past|is sweeping past]",
        ),
        held_out=(
            "a {thing} breeze [whooshes|is whooshing]",
            "the whoosh of {thing} moving air",
        ),
        traits={
            "intensity": {
                "light": ("thing light", "thing gentle", "how softly", "how gently"),
                "strong": ("thing strong", "thing howling", "how strongly", "how fiercely"),
            },
        },
    ),
    "sea waves": Wordings(
        seen=(
            "{thing} waves [crash {how} on a beach|are crashing {how} on a beach]",
            "{thing} ocean waves [roll ashore|are rolling ashore]",
            "{thing} waves [break {how} on the shore|are breaking {how} on the shore]",
            "the wash of {thing} waves on the shore",
            "the sound of {thing} sea waves",
            "the breaking of {thing} ocean waves",
        ),
        held_out=(
            "the {thing} surf [pounds the coast|is pounding the coast]",
            "the roar of {thing} surf",
        ),
        traits={
            "speed": {
                "slow": ("thing slow", "how slowly", "how at a slow pace"),
                "fast": ("thing quick", "how quickly", "how in quick succession"),
            },
        },
    ),
    "stream": Wordings(
        seen=(
            "a {thing} stream [flows|is flowing]",
            "water [flows {how} in a {thing} stream|is flowing {how} in a {thing} stream]",
            "a {thing} stream [gurgles over stones|is gurgling over stones]",
            "the gurgle of a {thing} stream",
            "the sound of a {thing} stream",
            "the flowing water of a {thing} stream",
        ),
        held_out=(
            "a {thing} brook [babbles|is babbling]",
            "the babble of a {thing} creek",
        ),
        traits={
            "flow": {
                "gentle": ("thing gentle", "thing calm", "how gently", "how calmly"),
                "rushing": ("thing rushing", "thing fast-flowing", "how swiftly", "how rapidly"),
            },
        },
    ),
    "dripping water": Wordings(
        seen=(
            "water [drips|is dripping]",
            "water [drips from a tap|is dripping from a tap] {how}",
            "drops of water [fall into a sink|are falling into a sink] {how}",
            "the {sound} dripping of water",
            "the {sound} drip of a leaky tap",
            "{sound} drips of water",
        ),
        held_out=(
            "a faucet [leaks drop by drop|is leaking drop by drop] {how}",
            "the {sound} plinking of droplets in a basin",
        ),
        traits={
            "pitch": {
                "low": ("sound low", "sound deep", "how with deep plops"),
                "high": ("sound high", "sound high-pitched", "how with high plinks"),
            },
            "speed": SPEED,
        },
    ),
    "bubbles": Wordings(
        seen=(
            "{thing} bubbles [rise in water|are rising in water] {how}",
            "water [bubbles|is bubbling] {how}",
            "{thing} bubbles [gurgle|are gurgling] {how}",
            "the {sound} bubbling of water",
            "{thing} bubbles under water",
            "the {sound} gurgle of {thing} bubbles",
        ),
        held_out=(
            "{thing} pockets of air [burble up through liquid|are burbling up through liquid] {how}",
            "the {sound} burbling of a liquid",
        ),
        traits={"size": SIZE, "speed": SPEED},
    ),
}
