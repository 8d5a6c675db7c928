"""What is to be edited."""

from tta_bench.editing.items import content_words, items, replacement, told
from tta_bench.scenes import DURATION, Scene
from tta_bench.scenes.sounds import SOUNDS


def is_sequence(scene: Scene) -> bool:
    return scene.relation == "sequence"


def test_items_are_the_same_for_the_same_arguments_and_fit() -> None:
    found, again = (items(2, is_sequence, n_events=2, duration=DURATION) for _ in range(2))
    assert [item.caption for item in found] == [item.caption for item in again]
    assert all(item.scene.relation == "sequence" and len(item.events) == 2 for item in found)
    assert all((item.clip.samples == other.clip.samples).all() for item, other in zip(found, again, strict=True))


def test_a_caption_has_the_clause_of_each_event_and_their_order() -> None:
    item = items(1, is_sequence, n_events=2, duration=DURATION)[0]
    first, second = item.clauses
    assert item.caption.lower() == f"{first}, then {second}".lower()


def test_a_replacement_changes_one_clause_to_one_of_another_class_of_the_same_kind() -> None:
    for item in items(6, is_sequence, n_events=2, duration=DURATION):
        new = replacement(item)
        assert new is not None
        old = item.scene.events[new.index].sound
        assert new.sound not in [part.sound for part in item.scene.events]
        assert SOUNDS[new.sound].sustained == SOUNDS[old].sustained
        assert [a == b for a, b in zip(item.clauses, new.clauses, strict=True)].count(False) == 1
        assert told(item.scene, new.clauses) != item.caption


def test_words_that_name_nothing_are_left_out() -> None:
    assert content_words("a small dog barks at the door") == ["small", "dog", "barks", "door"]
