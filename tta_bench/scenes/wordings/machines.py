"""What the tools with motors are called."""

from tta_bench.scenes.wordings.wording import Wordings

WORDINGS = {
    "chainsaw": Wordings(
        seen=(
            "a {thing} chainsaw [runs|is running]",
            "a {thing} chainsaw [cuts wood|is cutting wood] {how}",
            "someone [uses a {thing} chainsaw|is using a {thing} chainsaw]",
            "the {sound} engine of a {thing} chainsaw",
            "the {sound} roar of a {thing} chainsaw",
            "the sound of a {thing} chainsaw",
        ),
        held_out=(
            "a {thing} motor saw [snarls|is snarling]",
            "a lumberjack's {thing} power saw [buzzes|is buzzing]",
        ),
        traits={
            "throttle": {
                "steady": ("how steadily", "how at a constant speed", "sound steady"),
                "revving": ("how in bursts", "how with a revving engine", "sound revving"),
            },
        },
    ),
    "drill": Wordings(
        seen=(
            "a {thing} electric drill [runs|is running]",
            "someone [drills into a wall|is drilling into a wall]",
            "a {thing} power drill [whirs|is whirring]",
            "the {sound} whir of a {thing} electric drill",
            "the {sound} sound of a {thing} drill",
            "the {sound} drilling of a hole",
        ),
        held_out=(
            "a worker [bores a hole with a {thing} machine|is boring a hole with a {thing} machine]",
            "the {sound} grinding of a {thing} power tool boring into brick",
        ),
        traits={
            "pitch": {
                "low": ("sound low-pitched", "sound deep", "how with a low growl"),
                "high": ("sound high-pitched", "sound high", "how with a high whine"),
            },
        },
    ),
    "vacuum cleaner": Wordings(
        seen=(
            "a {thing} vacuum cleaner [runs|is running]",
            "a {thing} vacuum cleaner [hums|is humming]",
            "someone [vacuums the floor|is vacuuming the floor]",
            "the {sound} hum of a {thing} vacuum cleaner",
            "the {sound} motor of a {thing} vacuum cleaner",
            "the {sound} sound of a {thing} vacuum",
        ),
        held_out=(
            "a {thing} hoover [sucks up dust|is sucking up dust]",
            "the {sound} drone of a {thing} hoover",
        ),
        traits={
            "pitch": {
                "low": ("sound low-pitched", "sound deep", "how with a low hum"),
                "high": ("sound high-pitched", "sound high", "how with a high whine"),
            },
        },
    ),
}
