"""What the pocket CLAP reads: right captions are right, and wrong ones are wrong in one thing."""

from collections import Counter

import numpy as np

from tta_bench.scenes import Scene, caption, plan
from tta_bench.scenes.scene import PARTNERS
from tta_bench.training.wordings import in_another_order, of_another_count, with_another_sound, wordings, wrong_wording

SCENES = [plan(seed) for seed in range(200)]


def changed(change: object) -> list[tuple[Scene, Scene]]:
    """Scenes, and what becomes of them, where something does."""
    assert callable(change)
    pairs = [(scene, change(np.random.default_rng(scene.seed), scene)) for scene in SCENES]
    return [(scene, other) for scene, other in pairs if other]


def sounds(scene: Scene) -> Counter[str]:
    return Counter(part.sound for part in scene.events)


def order(scene: Scene) -> list[list[str]]:
    return [[part.sound for part in step] for step in scene.steps]


def test_the_first_wording_is_the_scenes_own_in_words_for_training() -> None:
    for scene in (SCENES[0], plan(0, split="test")):
        assert wordings(scene, 3)[0] == caption(scene, wordings="seen")


def test_wordings_vary_and_are_the_same_again() -> None:
    assert np.mean([len(set(wordings(scene, 3))) for scene in SCENES]) > 2.5
    assert wordings(SCENES[3], 3) == wordings(SCENES[3], 3)


def test_another_order_keeps_each_event_as_it_is() -> None:
    pairs = changed(in_another_order)
    assert len(pairs) == sum(len(scene.steps) > 1 for scene in SCENES) > 50
    for scene, other in pairs:
        assert sorted(order(other)) == sorted(order(scene))
        assert order(other) != order(scene)
        assert other.ambience == scene.ambience


def test_another_count_changes_nothing_else() -> None:
    pairs = changed(of_another_count)
    assert len(pairs) == sum(any(part.counted for part in scene.events) for scene in SCENES) > 20
    for scene, other in pairs:
        [(before, after)] = [(a, b) for a, b in zip(scene.events, other.events, strict=True) if a != b]
        assert before.counted
        assert before.times != after.times
        assert (before.sound, before.traits, before.step) == (after.sound, after.traits, after.step)


def test_another_sound_takes_the_place_of_one_and_makes_no_held_out_pair() -> None:
    pairs = changed(with_another_sound)
    assert len(pairs) > 190
    for scene, other in pairs:
        [(_, after)] = [(a, b) for a, b in zip(scene.events, other.events, strict=True) if a.sound != b.sound]
        assert len(sounds(other)) == len(scene.events)
        assert not PARTNERS[after.sound] & set(sounds(other))
        assert other.relation == scene.relation


def test_a_wrong_wording_is_never_the_right_one() -> None:
    for scene in SCENES:
        assert wrong_wording(np.random.default_rng(scene.seed), scene) != wordings(scene, 1)[0]
