"""What the vehicles are called."""

from tta_bench.scenes.wordings.wording import SIZE, Wordings

WORDINGS = {
    "car passing": Wordings(
        seen=(
            "a {thing} car [drives by|is driving by] {how}",
            "a {thing} car [passes|is passing] {how}",
            "a {thing} car [drives past|is driving past] {how}",
            "a {thing} vehicle [passes by|is passing by] {how}",
            "the sound of a {thing} passing car",
            "a {thing} car on the road",
            "a {thing} auto [drives down the road|is driving down the road] {how}",
            "a {thing} taxi [drives on|is driving on] {how}",
            "a {thing} car [travels down a road|is traveling down a road] {how}",
            "a {thing} motor car [cruises by|is cruising by] {how}",
            "a {thing} van [drives past|is driving past] {how}",
            "traffic [passes|is passing] {how}",
            "the tires of a {thing} car on asphalt",
            "the noise of a {thing} car driving by",
            "a {thing} drive-by of a car",
        ),
        held_out=(
            "a {thing} automobile [goes past|is going past] {how}",
            "a {thing} sedan [rolls along the street|is rolling along the street] {how}",
        ),
        traits={
            "speed": {
                "slow": ("thing slow", "how slowly", "how at low speed"),
                "fast": ("thing fast", "thing speeding", "how quickly", "how at high speed"),
            },
        },
    ),
    "motorcycle": Wordings(
        seen=(
            "if motion=idling: a {thing} motorcycle [idles|is idling]",
            "if motion=idling: the idling engine of a {thing} motorcycle",
            "if motion=revving: a {thing} motorcycle [revs its engine|is revving its engine]",
            "if motion=revving: the revving engine of a {thing} motorcycle",
            "a {thing} motorcycle [rumbles|is rumbling]",
            "a {thing} motorcycle engine [runs|is running] {how}",
            "the rumble of a {thing} motorcycle",
            "the sound of a {thing} motorbike",
            "the engine of a {thing} motorbike",
            "if motion=idling: a {thing} motorbike [ticks over|is ticking over]",
            "if motion=idling: a parked {thing} bike [runs its engine|is running its engine]",
            "if motion=revving: a {thing} motorbike [roars up|is roaring up]",
            "if motion=revving: a rider [opens up a {thing} motorbike|is opening up a {thing} motorbike]",
            "a {thing} moped [putters|is puttering]",
            "a {thing} motorbike [roars|is roaring]",
            "the engine noise of a {thing} moped",
            "the roar of a {thing} Harley",
            "the putter of a {thing} motorbike",
        ),
        held_out=(
            "a {thing} two-wheeler's motor [chugs|is chugging]",
            "the chugging of a {thing} scooter",
            "if motion=revving: a biker [twists|is twisting] the throttle of a {thing} machine",
        ),
        traits={
            "size": SIZE,
            "motion": {
                "idling": ("how at idle", "how at low revs"),
                "revving": ("how in bursts", "how with rising and falling revs"),
            },
        },
    ),
    "helicopter": Wordings(
        seen=(
            "a {thing} helicopter [flies|is flying]",
            "a {thing} helicopter [hovers|is hovering]",
            "a {thing} helicopter [whirs|is whirring] {how}",
            "the {sound} whir of a {thing} helicopter",
            "the sound of a {thing} helicopter",
            "the {sound} rotor of a {thing} helicopter",
            "a {thing} helicopter [circles|is circling]",
            "a {thing} rotorcraft [flies|is flying]",
            "a {thing} rescue helicopter [beats its rotor|is beating its rotor]",
            "a {thing} whirlybird [flaps|is flapping]",
            "a pilot [steers a {thing} helicopter|is steering a {thing} helicopter]",
            "the {sound} whirring of {thing} rotors",
            "the {sound} chop-chop of a {thing} rotorcraft",
            "the {sound} propeller of a {thing} helicopter",
        ),
        held_out=(
            "a {thing} chopper [thumps through the air|is thumping through the air]",
            "the {sound} blades of a {thing} chopper",
        ),
        traits={
            "distance": {
                "near": ("where nearby", "where overhead", "where close by"),
                "far": ("where in the distance", "where far away", "thing distant", "thing faraway"),
            },
            "speed": {
                "slow": ("how with slow blades", "how with a slow beat", "sound slow"),
                "fast": ("how with fast blades", "how with a fast beat", "sound fast"),
            },
        },
    ),
    "train": Wordings(
        seen=(
            "a {thing} train [passes and blows its horn|is passing and blowing its horn]",
            "a {thing} train [rolls by|is rolling by] {how}",
            "a {thing} train [clacks over the rails|is clacking over the rails] {how}",
            "the rumble and horn of a {thing} train",
            "the sound of a {thing} passing train",
            "a {thing} train on the tracks",
            "a {thing} steam engine [whistles and puffs by|is whistling and puffing by] {how}",
            "a {thing} railroad train [rumbles by|is rumbling by] {how}",
            "a {thing} freight train [blows its whistle|is blowing its whistle] {how}",
            "a {thing} express [rushes past on the rails|is rushing past on the rails] {how}",
            "a {thing} tram [trundles on the tracks|is trundling on the tracks] {how}",
            "the wheels of a {thing} railroad train on the rails",
            "the whistle and clickety-clack of a {thing} train",
            "the cars of a {thing} freight train",
        ),
        held_out=(
            "a {thing} locomotive [hoots and rattles along|is hooting and rattling along] {how}",
            "the clatter of {thing} railway wagons",
        ),
        traits={
            "speed": {
                "slow": ("thing slow", "thing slow-moving", "how slowly", "how at low speed"),
                "fast": ("thing fast", "thing fast-moving", "how quickly", "how at high speed"),
            },
        },
    ),
    "airplane": Wordings(
        seen=(
            "a {thing} airplane [flies overhead|is flying overhead]",
            "a {thing} plane [flies by|is flying by]",
            "a {thing} aircraft [passes overhead|is passing overhead]",
            "the engine of a {thing} airplane",
            "the sound of a {thing} plane flying",
            "the roar of a {thing} plane",
            "a {thing} plane [roars above|is roaring above]",
            "a {thing} aircraft [flies above|is flying above]",
            "a {thing} passenger plane [soars above|is soaring above]",
            "a pilot [flies a {thing} plane|is flying a {thing} plane]",
            "a {thing} flight [goes over the house|is going over the house]",
            "the motor of a {thing} aircraft in flight",
            "the noise of a {thing} airplane above",
            "the hum of a {thing} plane up high",
        ),
        held_out=(
            "a {thing} airliner [crosses the sky|is crossing the sky]",
            "the droning of {thing} aeroplane engines",
        ),
        traits={
            "engine": {
                "jet": ("thing jet", "thing jet-powered"),
                "propeller": ("thing propeller", "thing propeller-driven"),
            },
        },
    ),
}
