"""What the blasts are called."""

from tta_bench.scenes.wordings.wording import DISTANCE, Wordings

WORDINGS = {
    "gunshot": Wordings(
        seen=(
            "a {noun:gun} [fires|is firing]",
            "someone [fires a {noun:gun}|is firing a {noun:gun}]",
            "someone [shoots with a {noun:gun}|is shooting with a {noun:gun}]",
            "<{sound} shot||{sound} shots> from a {noun:gun}",
            "<{sound} shot [rings out|is ringing out]||{sound} shots [ring out|are ringing out]> from a {noun:gun}",
            "<{sound} gunshot||{sound} gunshots>",
            "<{sound} bang||{sound} bangs> of a {noun:gun}",
            "the {sound} firing of a {noun:gun}",
            "a {noun:gun} [goes off|is going off]",
            "a shooter [pulls the trigger of a {noun:gun}|is pulling the trigger of a {noun:gun}]",
            "a hunter [shoots a {noun:gun}|is shooting a {noun:gun}]",
            "a {noun:weapon} [fires bullets|is firing bullets]",
            "<{sound} round||{sound} rounds> fired from a {noun:weapon}",
            "<{sound} blast||{sound} blasts> of a {noun:gun}",
            "<{sound} report||{sound} reports> of a {noun:weapon}",
            "the {sound} gunfire of a {noun:gun}",
        ),
        held_out=(
            "a {noun:firearm} [is discharged|is being discharged]",
            "<{sound} crack||{sound} cracks> of a {noun:firearm}",
        ),
        traits={
            "gun": {
                "pistol": ("noun pistol", "noun handgun"),
                "rifle": ("noun rifle", "noun hunting rifle"),
            },
            "distance": DISTANCE,
        },
    ),
    "explosion": Wordings(
        seen=(
            "<{sound} explosion [goes off|is going off]||{sound} explosions [go off|are going off]>",
            "<{thing} bomb [explodes|is exploding]||{thing} bombs [explode|are exploding]>",
            "something [explodes|is exploding]",
            "<{sound} explosion||{sound} explosions>",
            "<{sound} boom of an explosion||{sound} booms of explosions>",
            "the {sound} rumble of explosions",
            "<{thing} bomb [goes off|is going off]||{thing} bombs [go off|are going off]>",
            "<{thing} mine [blows up|is blowing up]||{thing} mines [blow up|are blowing up]>",
            "<{thing} grenade [bursts|is bursting]||{thing} grenades [burst|are bursting]>",
            "something [blows up|is blowing up]",
            "<{sound} blast||{sound} blasts> of dynamite",
            "<{sound} bomb blast||{sound} bomb blasts>",
            "<{sound} kaboom||{sound} kabooms> of a {thing} bomb",
            "the {sound} thunder of explosives",
        ),
        held_out=(
            "<{thing} charge [detonates|is detonating]||{thing} charges [detonate|are detonating]>",
            "<{sound} detonation||{sound} detonations>",
        ),
        traits={"distance": DISTANCE},
    ),
    "fireworks": Wordings(
        seen=(
            "{thing} fireworks [go off|are going off] {how}",
            "{thing} fireworks [explode|are exploding] {how}",
            "{thing} fireworks [burst in the sky|are bursting in the sky] {how}",
            "the bursts of {thing} fireworks",
            "the sound of {thing} fireworks",
            "the bangs of {thing} fireworks",
            "{thing} firecrackers [bang|are banging] {how}",
            "a {thing} firework show [goes on|is going on] {how}",
            "{thing} fireworks [light up a celebration|are lighting up a celebration] {how}",
            "{thing} New Year's fireworks [boom|are booming] {how}",
            "the crackers and bangs of a {thing} firework show",
            "the explosions of {thing} festive fireworks",
            "the booms of {thing} firecrackers",
        ),
        held_out=(
            "{thing} rockets [pop in the night sky|are popping in the night sky] {how}",
            "the pops of a {thing} pyrotechnic display",
        ),
        traits={
            "effect": {
                "crackling": ("thing crackling", "thing sizzling", "how with a crackle"),
                "whistling": ("thing whistling", "thing screeching", "how with a whistle"),
            },
        },
    ),
}
