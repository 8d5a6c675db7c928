"""More names for the sounds: for training models that are to understand what people type. No board uses any of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Who is heard, doing what, and what that is called: each goes with each, all separated by commas."""

    who: str
    """Singular with an article, or a name: `a beagle`, `spring water`."""
    does: str
    """Third person and participle, with what follows written once: `barks|barking at the postman`."""
    nouns: str
    """Of a class that can be counted, `bark|barks`; of another one, anything that can be heard."""

    def wordings(self, *, countable: bool) -> tuple[str, ...]:
        """As `Wordings` writes them."""
        who, nouns = self.who.split(", "), self.nouns.split(", ")
        does = [_forms(text) for text in self.does.split(", ")]
        clauses = [f"{one} [{verb}|is {going}]" for one in who for verb, going in does]
        if not countable:
            return (*clauses, *(f"{{sound}} {noun}" for noun in nouns))
        pairs = [noun.split("|") for noun in nouns]
        return (*clauses, *(f"<{{sound}} {one}||{{sound}} {many}> of {name}" for one, many in pairs for name in who))


def _forms(text: str) -> tuple[str, str]:
    """`barks at the postman`, `barking at the postman`."""
    finite, going = text.split("|")
    return finite if " " in finite else " ".join([finite, *going.split()[1:]]), going


NAMES = {
    "dog bark": Names(
        "a beagle, a poodle, a labrador, a collie, a bulldog, a spaniel, a dachshund, a German shepherd, a stray dog, "
        "Fido, man's best friend, a dog behind a fence",
        "barks|barking, yelps|yelping, bays|baying, snaps|snapping at the postman, warns|warning a burglar",
        "bark|barks, yelp|yelps, bow-wow|bow-wows, arf|arfs",
    ),
    "cat meow": Names(
        "a tomcat, a Persian cat, a hungry cat, an alley cat, a stray cat, a puss, a ginger cat, Garfield",
        "meows|meowing, miaows|miaowing, yowls|yowling, caterwauls|caterwauling, begs|begging for food",
        "meow|meows, miaow|miaows, yowl|yowls, caterwaul|caterwauls",
    ),
    "cow": Names(
        "a milk cow, a steer, a Jersey cow, a cow in a pasture, a buffalo, a cow in the barn, a bovine",
        "moos|mooing, lows|lowing, bawls|bawling, waits|waiting to be milked, calls|calling its herd",
        "moo|moos, low|lows, bawl|bawls",
    ),
    "sheep": Names(
        "a sheep, a billy goat, a nanny goat, a merino, a sheep in a fold, a shepherd's flock, livestock with wool",
        "bleats|bleating, baas|baaing, blares|blaring, calls|calling on the hill",
        "bleat|bleats, baa|baas, call|calls, blare|blares",
    ),
    "frog": Names(
        "a frog in the marsh, a green frog, a frog on a lily pad, a marsh frog, a pond dweller",
        "croaks|croaking, peeps|peeping, calls|calling for a mate, sings|singing by the water",
        "frogs in a pond, croaking in a marsh, wetland chorus of frogs, croaks in the reeds, frog concert, "
        "tadpole parents",
    ),
    "cricket": Names(
        "a cricket, an insect in the grass, a katydid, a meadow at dusk, a warm summer night",
        "chirps|chirping, chirrs|chirring, rubs|rubbing its wings together, is full of crickets|being full of crickets",
        "cricket chirping, crickets in a summer night, insect song, chorus of crickets, chirps in a field, "
        "night insects",
    ),
    "insect buzz": Names(
        "a bluebottle, a horsefly, a honeybee, a swarm of bees, a beehive, a fly at the pane, a flying insect, a midge",
        "buzzes|buzzing, hums|humming, zooms|zooming around the head, flies|flying about",
        "buzzing of bees, buzz of a hive, fly in the room, bzzz, humming insect, insects flying around",
    ),
    "bird song": Names(
        "a blue tit, a goldfinch, a warbling bird, a lark, a starling, a chickadee, a cardinal, a small bird in a tree",
        "sings|singing, chirps|chirping, tweets|tweeting, chirrups|chirruping, pipes|piping",
        "birdsong, birds in a garden, bird chirps in the woods, tweeting, chirruping, "
        "spring morning with birds, aviary",
    ),
    "rooster": Names(
        "a rooster, a farmyard cock, a bantam, a barnyard cock, a cock on a dunghill, a male chicken",
        "crows|crowing, wakes|waking everyone up, greets|greeting the morning, sounds|sounding at dawn",
        "crow|crows, cock-a-doodle|cock-a-doodles, wake-up call|wake-up calls, kikeriki|kikerikis",
    ),
    "crow": Names(
        "a crow, a hooded crow, a rook, a black crow, a jackdaw, a crow on a scarecrow, a corvid, a carrion bird",
        "caws|cawing, rasps|rasping, calls|calling hoarsely, scolds|scolding",
        "caw|caws, hoarse call|hoarse calls, kraa|kraas",
    ),
    "owl": Names(
        "an owl, a horned owl, an eagle owl, a snowy owl, a screech owl, a bird of prey at night, a wise bird",
        "hoots|hooting, calls|calling at night, goes|going hoo hoo",
        "owl hooting, hoots in the dark forest, hoo-hoo at night, call of a horned owl, owl in the wood, hooting",
    ),
    "rain": Names(
        "rain on the roof, rainwater, the rain, wet weather, a rainy day, April weather",
        "falls|falling, patters|pattering, splashes|splashing on the pavement, soaks|soaking the garden",
        "rain on a tin roof, rain against a tent, pattering, rainy afternoon, rainfall",
    ),
    "thunder": Names(
        "thunder, an electrical storm, a lightning bolt, a tempest, a summer thunderstorm, lightning",
        "rumbles|rumbling, rolls|rolling, booms|booming, crashes|crashing, echoes|echoing in the hills",
        "thunder, rolling thunder, lightning and thunder, peals of thunder, boom of thunder, approaching thunderstorm",
    ),
    "wind": Names(
        "the wind, an autumn wind, a north wind, a desert wind, a draught, a wind in the chimney",
        "blows|blowing, howls|howling around the house, whistles|whistling, moans|moaning, rushes|rushing",
        "howling wind, windy day, blustery weather, wind in the trees, wind on a mountain, gusts, wind tunnel",
    ),
    "sea waves": Names(
        "the sea, the ocean, the Atlantic, high tide, a wave, the seaside, a beach",
        "breaks|breaking on the shore, rolls|rolling in, washes|washing over pebbles, laps|lapping at the sand, "
        "crashes|crashing against a cliff",
        "waves on a beach, ocean waves, seashore, waves lapping, breakers on the rocks, swell, day at the beach, tide",
    ),
    "stream": Names(
        "a river, a forest stream, spring water, a small waterfall, a mountain torrent, a canal, running water",
        "flows|flowing, gurgles|gurgling, trickles|trickling over pebbles, runs|running downhill, murmurs|murmuring",
        "flowing water, stream in the forest, gurgling of a river, water over rocks, trickling water, "
        "river rapids, spring",
    ),
    "dripping water": Names(
        "a leaky tap, a dripping tap, a leaking roof, a wet pipe, melting ice, water, a kitchen tap",
        "drips|dripping, drips|dripping into a bucket, drops|dropping on the floor, plops|plopping in the sink",
        "dripping, drip drop, drips in a cave, drops of water in a bathtub, leaky pipe, drip-drip-drip, leaking tap",
    ),
    "bubbles": Names(
        "an aquarium, boiling water, a hot spring, a bubbling pot, a fizzy drink, a kettle, a scuba diver, a jacuzzi",
        "bubbles|bubbling, gurgles|gurgling, boils|boiling, blows|blowing bubbles",
        "bubbles, bubbling, bubbles in a fish tank, boiling soup, bubbling under water, foaming bubbles, scuba diver",
    ),
    "car passing": Names(
        "a car, a sports car, a truck, a taxi, a bus, a racing car, a lorry, a pickup",
        "drives by|driving by, passes|passing on the road, speeds by|speeding by, zooms past|zooming past, "
        "cruises|cruising down the highway",
        "traffic, cars on a highway, passing cars, road noise, car driving past, motorway, speeding car, busy road",
    ),
    "motorcycle": Names(
        "a motorcycle, a motorbike, a Harley-Davidson, a dirt bike, a Yamaha, a moped, a motorcyclist, a chopper bike",
        "rumbles|rumbling, revs|revving up, accelerates|accelerating, roars|roaring, starts|starting the engine",
        "motorbike, motorcycle engine, revving of a motorbike, motocross race, bikers, Harley engine, moped engine",
    ),
    "helicopter": Names(
        "a helicopter, a police helicopter, a military helicopter, a rescue helicopter, a copter, a hovering aircraft",
        "flies|flying overhead, hovers|hovering, whirs|whirring, circles|circling above, lands|landing on the hospital",
        "helicopter, rotor blades turning, helicopter overhead, spinning rotor, helicopter landing, chopping rotor",
    ),
    "train": Names(
        "a train, a goods train, a steam train, a subway train, an express train, the tube, a tram, a railway",
        "rolls|rolling by, passes|passing on the rails, arrives|arriving at the station, whistles|whistling, "
        "clacks|clacking along the track",
        "train on the rails, passing train, railroad, clickety-clack, train station, train horn, steam train, metro",
    ),
    "airplane": Names(
        "an airplane, a jet, a plane, a passenger jet, a propeller plane, a fighter jet, a jumbo jet, an aircraft",
        "flies|flying overhead, takes off|taking off, lands|landing, passes|passing above, soars|soaring",
        "airplane, jet engines, plane overhead, aircraft engine, airport, jet taking off, flight, turbine",
    ),
    "chainsaw": Names(
        "a chainsaw, a woodcutter, a chain saw, a logger with a chainsaw, a forester, a petrol saw, a tree feller",
        "cuts|cutting a tree, saws|sawing logs, revs|revving, fells|felling a tree, buzzes|buzzing in the forest",
        "chainsaw, chain saw at work, tree felling, logging in the forest, chainsaw cutting wood, "
        "revving of a chainsaw",
    ),
    "drill": Names(
        "a drill, an electric drill, a power drill, a handyman, a cordless drill, a hammer drill, a jackhammer",
        "drills|drilling a wall, drills|drilling into wood, drills|drilling, turns|turning, whines|whining",
        "drilling, electric drill, drilling in the wall, drill in concrete, construction drilling, "
        "power drill, DIY noise",
    ),
    "vacuum cleaner": Names(
        "a vacuum cleaner, a vacuum, a Dyson, a cleaning lady, a carpet cleaner, a cleaning robot, "
        "a household appliance",
        "vacuums|vacuuming, cleans|cleaning the carpet, hums|humming, runs|running in the next room, whines|whining",
        "vacuum cleaner, vacuuming, cleaning the carpet, housework, vacuum motor, spring cleaning, cleaner's motor",
    ),
    "siren": Names(
        "a siren, a police siren, an air-raid siren, a civil defence siren, a patrol car, a squad car, a tornado siren",
        "wails|wailing, rises|rising and falling, sounds|sounding, blares|blaring, howls|howling",
        "slow siren, wailing siren, police siren, air-raid alarm, rising and falling siren, siren, cops on their way",
    ),
    "fast siren": Names(
        "a fast siren, a yelping siren, a fire truck, a fire brigade, a police chase, a rapid siren, a fire department",
        "yelps|yelping, blares|blaring quickly, wails|wailing fast, rushes|rushing with its siren on",
        "quick siren, yelping siren, rapid siren, siren yelp, fast wailing siren, firefighters on their way, "
        "fire truck",
    ),
    "car horn": Names(
        "a car, a driver, a truck, a taxi, a bus, an angry motorist, a lorry, somebody in a traffic jam",
        "honks|honking, hoots|hooting, beeps|beeping its horn, blows|blowing the horn, sounds|sounding a horn",
        "honk|honks, beep|beeps, horn blast|horn blasts, hoot|hoots",
    ),
    "telephone ring": Names(
        "a telephone, a phone, a landline, a rotary phone, an office phone, a cell phone, a smartphone, "
        "someone on the line",
        "rings|ringing, goes|going off, waits|waiting to be answered, calls|calling, buzzes|buzzing",
        "ring|rings, ringtone|ringtones, phone call|phone calls, ring-ring|ring-rings",
    ),
    "alarm beep": Names(
        "an alarm clock, a smoke detector, a microwave, a digital watch, a reversing truck, "
        "a hospital monitor, a timer, "
        "an alarm",
        "beeps|beeping, goes off|going off, sounds|sounding, pings|pinging, alerts|alerting everyone",
        "beeping, beep beep beep, smoke alarm, digital alarm clock, alarm, electronic beeps, truck backing up, pager",
    ),
    "doorbell": Names(
        "a doorbell, a door bell, a postman at the door, a pizza delivery, a guest, the bell of a house, an intercom",
        "rings|ringing, sounds|sounding, dings|dinging, buzzes|buzzing at the door, wants|wanting to come in",
        "doorbell|doorbells, ring|rings at the bell, ding|dings, two-tone bell|two-tone bells",
    ),
    "clock tick": Names(
        "a clock, a grandfather clock, a pocket watch, a wristwatch, a wall clock, a metronome, a kitchen timer, time",
        "ticks|ticking, ticks|ticking away, goes|going tick-tock, counts|counting the minutes",
        "ticking, tick tock, ticking of a clock, ticks of a watch, grandfather clock, metronome, time passing",
    ),
    "door knock": Names(
        "someone, the police, a salesman, a neighbour, a delivery man, a guest, a landlord, a fist",
        "knocks|knocking on the door, taps|tapping on a door, pounds|pounding at the door, thumps|thumping on wood",
        "knock|knocks, knock-knock|knock-knocks, tap|taps, pound|pounds",
    ),
    "door slam": Names(
        "a door, a car door, a front door, an angry teenager, a cupboard door, a garage door, a trunk, a lid",
        "slams|slamming, bangs|banging, slams|slamming shut, closes|closing with a thud, is slammed|being slammed",
        "slam|slams, bang|bangs, thud|thuds",
    ),
    "footsteps": Names(
        "someone, a soldier, a jogger, a hiker, an intruder, a person in heels, a guard, a burglar, somebody upstairs",
        "walks|walking, tiptoes|tiptoeing, runs|running, treads|treading on gravel, climbs|climbing the stairs, "
        "paces|pacing the corridor",
        "footsteps, steps on the stairs, high heels on a floor, footfall, walking, steps in a hallway, boots on gravel",
    ),
    "keyboard typing": Names(
        "someone, a programmer, a typist, an office worker, a hacker, a journalist, a gamer, a clerk",
        "types|typing, types|typing on a keyboard, taps|tapping a keyboard, hammers|hammering a keyboard, "
        "enters|entering a password, codes|coding",
        "typing, keyboard, typing on a laptop, keystrokes, office with a keyboard, typewriter, programmer at work",
    ),
    "glass breaking": Names(
        "a glass, a vase, a wine glass, a mirror, a plate, a jar, a greenhouse, a mug, crystal",
        "breaks|breaking, shatters|shattering, smashes|smashing on the floor, falls|falling to pieces",
        "smash|smashes, shattering|shatterings, break|breaks",
    ),
    "hammering": Names(
        "a hammer, a builder, a roofer, a blacksmith, a workman, a nail, a handyman with a hammer, a mason",
        "hammers|hammering, drives|driving a nail in, pounds|pounding, strikes|striking an anvil, hits|hitting nails",
        "hammering, hammer on nails, hammer blows, blacksmith at the anvil, roofers at work, "
        "construction site, pounding",
    ),
    "sawing": Names(
        "a handsaw, a saw, a joiner, a woodworker, a handyman with a saw, a hacksaw, a cabinet maker",
        "saws|sawing, saws|sawing wood, saws|sawing a board, cuts|cutting a plank by hand, cuts|cutting timber",
        "sawing, hand saw, sawing of wood, saw in a workshop, cutting a board by hand, handsaw strokes, hacksaw",
    ),
    "coins": Names(
        "a coin, a cashier, money, a piggy bank, a slot machine, a quarter, a jingling purse, a miser",
        "jingles|jingling, falls|falling on the table, drops|dropping coins, clinks|clinking, counts|counting coins",
        "coins, jingling coins, clinking money, coins on a table, jingle of cash, money in a purse, dropped coins",
    ),
    "zipper": Names(
        "a zipper, a zip, a jacket, a sleeping bag, a tent, a suitcase, somebody's jeans, a handbag",
        "zips|zipping up, is zipped|being zipped, unzips|unzipping, is unzipped|being unzipped",
        "zip|zips, unzipping|unzippings, zipper|zippers",
    ),
    "hand clapping": Names(
        "someone, a child, a dancer, a fan, a pair of hands, a teacher, a student, a flamenco singer",
        "claps|clapping, claps|clapping hands, gives|giving applause, keeps time|keeping time with the hands",
        "clapping, clapping hands, applause, handclaps, rhythmic clapping, hands clapping, slow clap",
    ),
    "whistling": Names(
        "someone, a postman, a cheerful man, a shepherd, a worker, a cowboy, a child, a happy person",
        "whistles|whistling, whistles|whistling a melody, whistles|whistling to himself, whistles|whistling happily",
        "whistling, whistled song, human whistle, wolf whistle, whistling of a melody, catchy whistled tune",
    ),
    "laughter": Names(
        "someone, a child, a woman, a witch, a comedian's fan, a baby, Santa Claus, an uncle, a schoolgirl",
        "laughs|laughing, laughs|laughing hysterically, cracks up|cracking up, snickers|snickering, howls|howling with "
        "laughter",
        "laughter, laughing, ha ha ha, hearty laugh, hysterical laughter, belly laugh, hee-hee, people laughing, fun",
    ),
    "snoring": Names(
        "someone, a husband, grandpa, a sleeping giant, a drunk man, a sleeping dog, a roommate, an exhausted man",
        "snores|snoring, snores|snoring loudly, sleeps|sleeping noisily, snorts|snorting in bed",
        "snoring, loud snores, snore, sleeping man, snoring in the bedroom, noisy sleep, sleep apnea",
    ),
    "cough": Names(
        "someone, a man, a smoker, a child with a cold, a person with bronchitis, an old lady, an invalid",
        "coughs|coughing, coughs|coughing badly, clears|clearing the throat, chokes|choking, splutters|spluttering",
        "coughing, coughs, cough, dry cough, smoker's cough, whooping cough, coughing fit, bronchitis",
    ),
    "sneeze": Names(
        "someone, a man with allergies, a woman, a child with a cold, a person with the flu, "
        "somebody in the pollen season",
        "sneezes|sneezing, sneezes|sneezing into a handkerchief, sneezes|sneezing loudly, catches|catching a cold",
        "sneeze|sneezes, loud sneeze|loud sneezes, hatchoo|hatchoos, atishoo|atishoos",
    ),
    "heartbeat": Names(
        "a heart, a nervous heart, an unborn baby's heart, a runner's heart, an organ in the chest, "
        "a heart on ultrasound",
        "beats|beating, pounds|pounding, thumps|thumping, races|racing, pumps|pumping blood",
        "heartbeat, beating heart, heart through a stethoscope, pounding heart, cardiogram, heartbeats, pumping heart",
    ),
    "crowd": Names(
        "a crowd, the public, a party, a restaurant, a market square, a school class, a lobby",
        "makes noise|making noise, talks|talking, is full of people|being full of people, chatters|chattering",
        "crowd of people, chattering people, voices of many people, busy restaurant, people talking, party noise, "
        "marketplace",
    ),
    "church bell": Names(
        "a church bell, a cathedral bell, a chapel bell, Big Ben, a bell tower, a village church, a minster, a belfry",
        "rings|ringing, tolls|tolling, strikes|striking the hour, chimes|chiming, calls|calling to mass",
        "toll|tolls, bell stroke|bell strokes, bong|bongs, chime|chimes",
    ),
    "piano": Names(
        "a pianist, a piano, Mozart, a piano player, a grand piano, a child at the piano, a jazz pianist, "
        "a keyboardist",
        "plays|playing, plays|playing a sonata, plays|playing the piano, practises|practising scales, "
        "touches|touching the keys",
        "piano, piano music, piano sonata, sonata by Mozart, jazz piano, piano lesson, grand piano, ragtime, "
        "keyboard music",
    ),
    "guitar pluck": Names(
        "a guitar, a guitarist, a banjo, a Spanish guitar, a folk singer, a busker with a guitar, a troubadour, a lute",
        "plays|playing, strums|strumming, plucks|plucking strings, plays|playing chords, is plucked|being plucked",
        "guitar, guitar music, strummed chords, plucked strings, flamenco guitar, campfire guitar, banjo, "
        "ballad on a guitar",
    ),
    "flute": Names(
        "a flute, a flutist, a flute player, a tin whistle, a recorder, an Irish flute, a piper, a pan flute, "
        "an ocarina",
        "plays|playing, plays|playing a tune, sings|singing softly, pipes|piping, plays|playing a serenade",
        "flute, flute music, pan pipes, recorder tune, flute sonata, shepherd's pipe, wind instrument, tin whistle",
    ),
    "organ": Names(
        "an organ, an organist, a church organ, a Hammond organ, Bach, a pipe organ, a harmonium, an organ in a church",
        "plays|playing, plays|playing a fugue, sounds|sounding, plays|playing a hymn, accompanies|accompanying a mass",
        "organ, organ music, organ pipes, fugue by Bach, hymn in a church, toccata, pipe organ, "
        "funeral organ, church music",
    ),
    "drum hit": Names(
        "a drum, a snare drum, a bass drum, a bongo, a timpani, a tom, a kettledrum, a tribal drum, a conga",
        "is hit|being hit, sounds|sounding, is struck|being struck, booms|booming, is beaten|being beaten",
        "drum beat|drum beats, boom|booms, hit|hits, drum stroke|drum strokes",
    ),
    "sine tone": Names(
        "a sine wave, a pure tone, a synthesizer, a tuning tone, a dial tone, a hearing test, a signal generator",
        "sounds|sounding, plays|playing steadily, goes on|going on, hums|humming at a steady pitch",
        "sine wave, pure tone, tone, electronic tone, tuning tone, hearing test tone, steady beep, "
        "synthesizer note, ringing "
        "ears",
    ),
    "white noise": Names(
        "white noise, a detuned television, radio static, a noise generator, a dead channel, tape hiss, static",
        "hisses|hissing, crackles|crackling, goes on|going on, plays|playing to help a baby sleep",
        "white noise, static, hiss, radio static, noise, TV snow, hissing, no signal on the television, tape hiss",
    ),
    "gunshot": Names(
        "a gun, a cowboy, a hunter, a gangster, a soldier, an assassin, a marksman",
        "fires|firing, shoots|shooting, goes off|going off, fires|firing a shot",
        "shot|shots, gunshot|gunshots, bang|bangs, bullet|bullets",
    ),
    "explosion": Names(
        "a bomb, dynamite, a gas leak, a hand grenade, a land mine, a car bomb, a shell, a volcano, TNT",
        "explodes|exploding, goes off|going off, blows up|blowing up, goes|going boom",
        "explosion|explosions, blast|blasts, boom|booms, kaboom|kabooms",
    ),
    "fireworks": Names(
        "a firework, a firecracker, a fireworks show, New Year's Eve, the Fourth of July, a firework display",
        "explodes|exploding, bangs|banging, crackles|crackling, bursts|bursting above the town, goes off|going off",
        "fireworks, firecrackers, New Year's Eve, crackling fireworks, exploding fireworks, bangers, firework show",
    ),
}
"""Class -> its names."""
