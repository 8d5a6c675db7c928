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
            "a {thing} petrol chainsaw [howls|is howling]",
            "a {thing} chainsaw [fells a tree|is felling a tree]",
            "a logger [cuts down a tree with a {thing} chainsaw|is cutting down a tree with a {thing} chainsaw]",
            "a woodcutter's {thing} chainsaw [roars|is roaring]",
            "a forester [fells trees with a {thing} chainsaw|is felling trees with a {thing} chainsaw]",
            "the {sound} rattle of a {thing} gasoline chainsaw",
            "the {sound} whine of a {thing} chainsaw in the forest",
            "the {sound} noise of {thing} logging in the woods",
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
            "someone [drills a hole|is drilling a hole]",
            "a builder [drives a {thing} drill into concrete|is driving a {thing} drill into concrete]",
            "a {thing} hand drill [spins|is spinning]",
            "a handyman [works with a {thing} drill|is working with a {thing} drill]",
            "a {thing} drilling device [whines|is whining]",
            "the {sound} whine of a {thing} cordless drill",
            "the {sound} noise of a {thing} hammer drill",
            "the {sound} turning of a {thing} drill bit in a wall",
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
            "a woman [cleans the carpet with a {thing} vacuum|is cleaning the carpet with a {thing} vacuum]",
            "a {thing} vacuum [whirs|is whirring]",
            "a {thing} carpet cleaner [roars|is roaring]",
            "a cleaner [vacuums a room|is vacuuming a room]",
            "a {thing} household appliance [cleans a rug|is cleaning a rug]",
            "the {sound} suction of a {thing} vacuum cleaner",
            "the {sound} whir of a {thing} carpet cleaner",
            "the {sound} noise of vacuuming",
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
