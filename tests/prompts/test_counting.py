"""Events counted in captions, by labels and by people; Tango's rule."""

import pytest

from tta_bench.prompts.counting import (
    count_events,
    count_labels,
    counted,
    event_spans,
    is_temporal,
    names_a_sound,
    way_of,
    with_temporal,
)
from tta_bench.types import Prompt, PromptSet, UserError

CAPTIONS = {
    "A dog barks": ["A dog barks"],
    "A dog barks twice, very loudly": ["A dog barks twice"],
    "A man and a woman talk": ["A man and a woman talk"],
    "Friends talk and laugh": ["Friends talk", "laugh"],
    "Rain falls while thunder rumbles in the distance": ["Rain falls", "thunder rumbles in the distance"],
    "Footsteps, then a door slams shut, followed by a car horn honking": [
        "Footsteps",
        "a door slams shut",
        "a car horn honking",
    ],
    "Speech and music with applause": ["Speech", "music", "applause"],
    "A kettle whistling as someone hums along with a radio": ["A kettle whistling", "someone hums", "a radio"],
    "SIRENS WAIL; tyres squeal": ["SIRENS WAIL", "tyres squeal"],
    "Something indescribable": ["Something indescribable"],
    "With rain": ["rain"],
}


@pytest.mark.parametrize("caption", CAPTIONS)
def test_events_are_the_pieces_that_name_a_sound(caption: str) -> None:
    assert [caption[start:stop] for start, stop in event_spans(caption)] == CAPTIONS[caption]
    assert count_events(caption) == len(CAPTIONS[caption])


@pytest.mark.parametrize("word", ["barking", "clapped", "cries", "horns", "drumming", "noisy", "a faint whine", "RAIN"])
def test_forms_of_a_word_are_known(word: str) -> None:
    assert names_a_sound(word)


@pytest.mark.parametrize("words", ["a man", "the red door", "windows and rays", "", "barn"])
def test_words_that_only_begin_alike_are_not(words: str) -> None:
    assert not names_a_sound(words)


def test_no_text_breaks_it() -> None:
    for caption in ("", " , and , ", "ééé — 犬が吠える", "a" * 10_000, "and " * 2000):
        spans = event_spans(caption)
        assert len(spans) >= 1
        assert all(0 <= start <= stop <= len(caption) for start, stop in spans)


def prompts(*rows: Prompt) -> PromptSet:
    return PromptSet("mine", rows)


def test_labels_are_counted_as_they_are_published() -> None:
    for said, n in (("/m/09x0r,/m/0llzx,/t/dd00127", 3), ('["/m/1", "/m/2"]', 2), ("/m/1", 1)):
        assert count_labels(Prompt("a", "rain", fields={"labels": said})) == n
    assert count_labels(Prompt("a", "rain")) is None
    assert count_labels(Prompt("a", "rain", fields={"labels": "Vehicle horn, car horn, honking; Rain"})) == 2
    assert count_labels(Prompt("a", "rain", fields={"labels": "Vehicle horn, car horn, honking"})) == 1


@pytest.mark.parametrize("said", ["['Speech', 'Dog']", "[1, 2]", '["a", ""]', "[null]"])
def test_labels_that_are_no_list_of_texts_are_refused_by_the_prompt(said: str) -> None:
    with pytest.raises(UserError, match="labels of prompt 'a' are no"):
        count_labels(Prompt("a", "rain", fields={"labels": said}))


def test_a_set_is_counted_as_asked_and_by_its_captions_where_nobody_counted() -> None:
    mine = prompts(Prompt("a", "rain, then a dog barks", fields={"labels": "/m/1"}), Prompt("b", "rain"))
    assert way_of(mine) == "clauses"
    assert [prompt.n_events for prompt in counted(mine, "clauses").prompts] == [2, 1]
    assert [prompt.n_events for prompt in counted(mine, "labels").prompts] == [1, None]
    with pytest.raises(UserError, match="no column n_events"):
        counted(mine, "annotated")
    said = prompts(Prompt("a", "rain, then a dog barks", 5), Prompt("b", "rain"))
    assert way_of(said) == "annotated"
    assert [prompt.n_events for prompt in counted(said, "annotated").prompts] == [5, None]


def test_tango_s_rule_asks_for_one_of_five_words() -> None:
    assert is_temporal("A dog barks, Then it rains")
    assert is_temporal("music followed by speech")
    assert not is_temporal("thenceforth a dog barks and follows")
    mine = with_temporal(prompts(Prompt("a", "rain before wind", fields={"x": "1"}), Prompt("b", "rain")))
    assert [dict(prompt.fields) for prompt in mine.prompts] == [{"x": "1", "temporal": "multi"}, {"temporal": "single"}]
