"""What happens at home and in the street is called."""

from tta_bench.scenes.wordings.wording import SIZE, SPEED, Wordings

WORDINGS = {
    "door knock": Wordings(
        seen=(
            "someone [knocks {how} on a door|is knocking {how} on a door]",
            "a person [knocks {how} at the door|is knocking {how} at the door]",
            "<{sound} knock||{sound} knocks> on a door",
            "<{sound} knock||{sound} knocks> at a wooden door",
            "<{sound} door knock||{sound} door knocks>",
            "<{sound} knock [sounds|is sounding]||{sound} knocks [sound|are sounding]> at a door",
            "{sound} knocking on a door",
        ),
        held_out=(
            "a visitor [raps {how} at the entrance|is rapping {how} at the entrance]",
            "<{sound} rap||{sound} raps> of knuckles on wood",
        ),
        traits={
            "force": {
                "soft": ("how softly", "how gently", "sound soft", "sound gentle"),
                "hard": ("how hard", "how loudly", "how firmly", "sound hard", "sound loud"),
            },
        },
    ),
    "door slam": Wordings(
        seen=(
            "a {thing} door [slams|is slamming]",
            "a {thing} door [slams shut|is slamming shut]",
            "someone [slams a {thing} door|is slamming a {thing} door]",
            "<slam||slams> of a {thing} door",
            "<bang||bangs> of a {thing} door closing",
            "the slamming of a {thing} door",
        ),
        held_out=(
            "a {thing} door [is thrown shut|is being thrown shut]",
            "<crash||crashes> of a {thing} gate closing",
        ),
        traits={
            "weight": {
                "light": ("thing light", "thing thin"),
                "heavy": ("thing heavy", "thing massive"),
            },
        },
    ),
    "footsteps": Wordings(
        seen=(
            "someone [walks {how}|is walking {how}]",
            "a person [walks {how}|is walking {how}]",
            "someone [paces {how}|is pacing {how}]",
            "the {sound} footsteps of a person",
            "{sound} footsteps",
            "the {sound} sound of footsteps",
        ),
        held_out=(
            "someone [strides along {how}|is striding along {how}]",
            "the {sound} tread of shoes",
        ),
        traits={
            "surface": {
                "boards": ("where on wooden boards", "where on a wooden floor"),
                "carpet": ("where on a carpet", "where on a carpeted floor"),
            },
            "speed": SPEED,
        },
    ),
    "keyboard typing": Wordings(
        seen=(
            "someone [types {how} on a {thing} keyboard|is typing {how} on a {thing} keyboard]",
            "a person [types on a {thing} keyboard|is typing on a {thing} keyboard]",
            "{sound} typing on a {thing} keyboard",
            "the {sound} clicking of a {thing} keyboard",
            "the {sound} keystrokes of a {thing} keyboard",
            "the sound of {sound} typing",
        ),
        held_out=(
            "someone [writes on a {thing} computer|is writing on a {thing} computer] {how}",
            "the {sound} clatter of {thing} computer keys",
        ),
        traits={
            "keyboard": {
                "laptop": ("thing laptop", "thing flat laptop"),
                "mechanical": ("thing mechanical", "thing clicky mechanical"),
            },
            "speed": SPEED,
        },
    ),
    "glass breaking": Wordings(
        seen=(
            "<{thing} piece of glass [breaks|is breaking]||{thing} pieces of glass [break|are breaking]>",
            "<{thing} glass [shatters|is shattering]||{thing} glasses [shatter|are shattering]>",
            "<{thing} pane of glass [breaks|is breaking]||{thing} panes of glass [break|are breaking]>",
            "<crash||crashes> of {thing} breaking glass",
            "<{sound} smash||{sound} smashes> of {thing} glass",
            "the shattering of {thing} glass",
        ),
        held_out=(
            "<{thing} window [bursts|is bursting]||{thing} windows [burst|are bursting]> into shards",
            "<{sound} splintering crash||{sound} splintering crashes> of a {thing} bottle",
        ),
        traits={"size": SIZE},
    ),
    "hammering": Wordings(
        seen=(
            "someone [hammers {how}|is hammering {how}]",
            "a person [hammers|is hammering]",
            "a hammer [strikes|is striking] {how}",
            "{sound} hammering",
            "the {sound} blows of a hammer",
            "the {sound} pounding of a hammer",
        ),
        held_out=(
            "a carpenter [bangs away {how} with a mallet|is banging away {how} with a mallet]",
            "the {sound} whacks of a mallet",
        ),
        traits={
            "surface": {
                "wood": ("where on wood", "where on a wooden board"),
                "metal": ("where on metal", "where on a piece of metal"),
            },
            "speed": SPEED,
        },
    ),
    "sawing": Wordings(
        seen=(
            "someone [saws {how}|is sawing {how}]",
            "a person [saws by hand|is sawing by hand]",
            "a handsaw [cuts|is cutting] {how}",
            "{sound} sawing by hand",
            "the {sound} strokes of a handsaw",
            "the {sound} rasp of a handsaw",
        ),
        held_out=(
            "a carpenter [works back and forth with a blade|is working back and forth with a blade] {how}",
            "the {sound} back-and-forth scraping of a toothed blade",
        ),
        traits={
            "material": {
                "wood": ("where through wood", "where through a wooden board"),
                "metal": ("where through metal", "where through a metal bar"),
            },
            "speed": SPEED,
        },
    ),
    "coins": Wordings(
        seen=(
            "if number=one: a coin [drops on a table|is dropping on a table]",
            "if number=one: a single coin [falls and bounces|is falling and bouncing]",
            "if number=one: a coin [bounces on a hard surface|is bouncing on a hard surface]",
            "if number=one: the clink of a falling coin",
            "if number=one: the jingle of one coin on a table",
            "if number=many: coins [drop on a table|are dropping on a table]",
            "if number=many: many coins [fall and bounce|are falling and bouncing]",
            "if number=many: several coins [clink on a hard surface|are clinking on a hard surface]",
            "if number=many: the clinking of falling coins",
            "if number=many: the jingle of many coins on a table",
        ),
        held_out=(
            "if number=one: a penny [clatters down|is clattering down]",
            "if number=one: the tinkle of a dropped penny",
            "if number=many: loose change [clatters down|is clattering down]",
            "if number=many: the tinkle of dropped change",
        ),
    ),
    "zipper": Wordings(
        seen=(
            "a zipper [is pulled {how}|is being pulled {how}]",
            "someone [pulls a zipper|is pulling a zipper] {how}",
            "someone [zips up a bag|is zipping up a bag] {how}",
            "<{sound} pull||{sound} pulls> of a zipper",
            "<{sound} zip||{sound} zips> of a zipper",
            "the {sound} zipping of a jacket",
        ),
        held_out=(
            "someone [does up a fastener|is doing up a fastener] {how}",
            "<{sound} tug||{sound} tugs> on a metal fastener",
        ),
        traits={"speed": SPEED},
    ),
}
