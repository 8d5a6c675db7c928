"""Captions: sentences that say what is heard, how often and in which order, in words that a split may use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, product

import pytest

from tta_bench.scenes import Part, Scene, caption, plan
from tta_bench.scenes.captions import caption_with_spans
from tta_bench.scenes.phrases import Form, Wording, say
from tta_bench.scenes.scene import stream
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.scenes.wordings import DISTANCE, WORDINGS, frames
from tta_bench.scenes.wordings.frames import Frames
from tta_bench.scenes.wordings.names import NAMES

SLOTS = {"thing", "sound", "how", "where", "noun"}
NUMBERS = ("", "", "two", "three", "four", "five")
every_class = pytest.mark.parametrize("name", SOUNDS)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [plan(seed) for seed in range(500)]


def pattern(wording: str) -> str:
    """A regular expression of all that a wording may become."""
    text = re.sub(r" \{how\}(?=[|\]]|$)", "", wording.rpartition(": ")[2])
    text = re.sub(r"<(.*)\|\|(.*)>", r"(?:a \1|(?:(?:two|three|four|five|repeated) )?\2)", text)
    verbs = r"\[([^|]*)\|((?:is|are) )([^\]]*)\]"
    text = re.sub(verbs, lambda verb: f"(?:{verb[1]}|(?:{verb[2]})?{verb[3]})", text)
    text = re.sub(r"\{noun:\w+\}", r"[\\w ]+?", text)
    text = re.sub(r"\{\w+\} ?", r"(?:[\\w-]+ ){0,5}?", text)
    return r"\b" + re.sub(r"\ba (?!pitch)", "an? ", text)


def kinds(name: str) -> Iterator[Part]:
    """Every event of a class that may have to be said."""
    sound = SOUNDS[name]
    for levels in product(*sound.traits.values()):
        traits = {"distance": "near"} | dict(zip(sound.traits, levels, strict=True))
        for times, counted in [(1, False), (2, True), (5, True), (4, False)] if sound.countable else [(1, False)]:
            yield Part(name, traits, 0, 1.0, times, counted)


@every_class
def test_a_class_has_ten_wordings_for_all_and_two_held_out(name: str) -> None:
    seen, held_out = WORDINGS[name].seen, WORDINGS[name].held_out
    assert len(set(seen)) == len(seen) >= 10
    assert len(set(held_out)) == len(held_out) >= 2


@every_class
def test_each_held_out_wording_has_a_word_that_no_seen_wording_of_its_class_has(name: str) -> None:
    def words(text: str) -> set[str]:
        bare = re.sub(r"\{(?:\w+:)?(\w+)\}", r"\1", text.rpartition(": ")[2].lower())
        return {re.sub(r"(ing|ies|es|ed|s|e)$", "", word) for word in re.findall(r"[a-z]{3,}", bare)}

    more = NAMES[name].wordings(countable=SOUNDS[name].countable)
    seen = set().union(*map(words, (*WORDINGS[name].seen, *more)))
    small = words("the are and with for from into through down over one some somebody someone person")
    for wording in WORDINGS[name].held_out:
        assert words(wording) - seen - small, wording


@every_class
def test_each_level_has_two_phrases_or_two_wordings_of_its_own(name: str) -> None:
    assert set(WORDINGS[name].traits) <= set(SOUNDS[name].traits)
    for trait, levels in SOUNDS[name].traits.items():
        for level in levels:
            phrases = WORDINGS[name].traits.get(trait, {}).get(level, ())
            own = [text for text in WORDINGS[name].seen if text.startswith(f"if {trait}={level}: ")]
            assert len(phrases) >= 2 or len(own) >= 5, (trait, level)
            assert all(phrase.split(" ", 1)[0] in SLOTS for phrase in phrases)


@every_class
def test_wordings_are_written_as_they_are_read(name: str) -> None:
    for text in (*WORDINGS[name].seen, *WORDINGS[name].held_out):
        bare = text.rpartition(": ")[2]
        assert set(re.findall(r"\{(\w+)", bare)) <= SLOTS - {"where"}
        assert "  " not in text
        for verbs in re.findall(r"\[(.*?)\]", bare):
            assert re.fullmatch(r"[^|]+\|(is|are) [^|]+ing.*|[^|]+\|(is|are) being .*", verbs)
        assert ("<" in text) <= SOUNDS[name].countable
        assert not re.search(r"\ban \{", bare), "`a` becomes `an` by itself"


@every_class
@pytest.mark.parametrize("wordings", ["seen", "held out", "rich"])
def test_every_event_can_be_said_in_every_form(name: str, wordings: Wording) -> None:
    forms: tuple[Form, ...] = ("clause", "plain", "going", "noun")
    rng = stream(0, "train", 1)
    for part, form in product(kinds(name), forms):
        said = say(rng, part, form, wordings=wordings, talkative=0.6)
        assert re.fullmatch(r"[\w' -]+", said), said
        number = rf"\b{NUMBERS[part.times]}\b|\btwice\b" if part.times == 2 else rf"\b{NUMBERS[part.times]}\b"
        assert not part.counted or re.search(number, said), said
        assert part.counted or not re.search(r"\b(twice|(two|three|four|five) times)\b", said), said


def test_where_each_event_is_told_of_is_known(scenes: list[Scene]) -> None:
    for scene in scenes[:200]:
        text, spans = caption_with_spans(scene)
        assert text == caption(scene)
        assert set(spans) == {part.sound for part in scene.events}
        for name, (start, end) in spans.items():
            told = text[start:end]
            assert told == told.strip()
            assert any(re.search(pattern(one), told, re.IGNORECASE) for one in WORDINGS[name].seen), (told, name)
        ordered = sorted(spans.values())
        assert all(end <= start for (_, end), (start, _) in pairwise(ordered))


def test_a_caption_names_every_event_by_a_wording_of_its_class(scenes: list[Scene]) -> None:
    for scene in scenes:
        text = caption(scene).lower()
        for part in scene.events:
            assert any(re.search(pattern(wording), text) for wording in WORDINGS[part.sound].seen), (part, text)


def test_a_training_caption_has_no_held_out_wording_and_a_test_caption_one_for_each_event(scenes: list[Scene]) -> None:
    frames_held_out = (
        r"\b(subsequently|preceded|afterwards|gives way|following|precedes|amid|alongside|simultaneously)\b"
    )
    for scene in scenes:
        seen, held_out = caption(scene).lower(), caption(scene, wordings="held out").lower()
        assert not re.search(frames_held_out, seen)
        for part in scene.events:
            patterns = [pattern(wording) for wording in WORDINGS[part.sound].held_out]
            assert not any(re.search(wording, seen) for wording in patterns), (part, seen)
            assert any(re.search(wording, held_out) for wording in patterns), (part, held_out)


def test_a_test_scene_is_captioned_with_held_out_wordings_unless_others_are_asked_for() -> None:
    scene = plan(5, split="test", n_events=2)
    assert caption(scene) == caption(scene, wordings="held out") != caption(scene, wordings="seen")


def test_sentences_are_tidy(scenes: list[Scene]) -> None:
    for scene, wordings in product(scenes, ("seen", "held out")):
        text = caption(scene, wordings=wordings)  # type: ignore[arg-type]
        assert text[0].isupper(), text
        assert not re.search(r"  | ,|[.{}<>|\[\]]|,$", text), text
        assert not re.search(
            r"\b[Aa] (?!ew)[aeio]|\b[Aa] un|\b[Aa]n [^aeiou]|\b(a|an|the) (a|an|the)\b|\b(\w+) \2\b", text
        ), text
        assert 4 <= len(text.split()) <= 45, text


def test_captions_are_the_same_every_time_and_hardly_two_scenes_share_one(scenes: list[Scene]) -> None:
    texts = [caption(scene) for scene in scenes[:300]]
    assert texts == [caption(scene) for scene in scenes[:300]]
    assert len(set(texts)) > 0.95 * len(texts)


def test_numbers_are_said_of_counted_events_alone(scenes: list[Scene]) -> None:
    number = r"\b(twice|two (?!tone)|three|four|five)\b"
    for scene in scenes:
        counts = sorted(part.times for part in scene.events if part.counted)
        found = sorted(
            {"twice": 2}.get(word.strip(), NUMBERS.index(word.strip()) if word.strip() in NUMBERS else 0)
            for word in re.findall(number, caption(scene).lower())
        )
        assert found == counts, caption(scene)


def first_heard(frame: str) -> int:
    """Which of the two events of a frame a reader takes to come first."""
    earlier, later = re.findall(r"\{\w(\d)\}", frame)
    backward = re.search(r"\} (after|preceded by|following) \{", frame) or re.match(r"before \{", frame)
    forward = re.search(r"\}(,| and| before|,? followed by| gives way to| precedes)[^{]*\{", frame)
    assert backward or forward
    return int(later if backward else earlier)


@pytest.mark.parametrize("relation", [frames.CHAIN, frames.PAIRS_CHAIN])
def test_every_frame_of_a_sequence_says_that_the_first_event_is_first(relation: Frames) -> None:
    for frame in (*relation.seen, *relation.held_out):
        assert first_heard(frame) == 0, frame
        assert re.search(r"then|after|before|followed|following|subsequently|preced|gives way|next", frame), frame


def test_frames_use_all_of_their_events() -> None:
    twos = (frames.CHAIN, frames.PAIRS_CHAIN, frames.PAIR, frames.PAIR_OF_NOUNS, frames.OVER_ONE, frames.OVER_CHAIN)
    for relation, count in [(frames.ALONE, 1), (frames.LONG_CHAIN, 3), *((two, 2) for two in twos)]:
        for frame in (*relation.seen, *relation.held_out):
            assert sorted(re.findall(r"\{[cpgn](\d)\}", frame)) == [str(k) for k in range(count)], frame


def test_longer_sequences_are_told_in_order() -> None:
    for seed in range(60):
        scene = plan(seed, n_events=4, duration=20.0)
        if scene.relation == "sequence":
            text = caption(scene).lower()
            places = [
                min(found.start() for w in WORDINGS[p.sound].seen if (found := re.search(pattern(w), text)))
                for p in scene.events
            ]
            assert places == sorted(places), text


def test_far_away_sounds_are_often_said_to_be_and_near_ones_never() -> None:
    words = [phrase.split(" ", 1)[1] for phrase in DISTANCE["far"]]
    parts = [Part("dog bark", {"size": "small", "distance": distance}, 0, 0.3) for distance in ("far", "near")]
    rng = stream(0, "train", 1)
    for part, low, high in zip(parts, (40, 0), (100, 0), strict=True):
        said = [say(rng, part, "clause", wordings="seen", talkative=0.3) for _ in range(100)]
        assert low <= sum(any(word in text for word in words) for text in said) <= high
