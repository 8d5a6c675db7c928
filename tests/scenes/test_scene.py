"""Plans of scenes: what meets what in which split, and that all of it fits into the time there is."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from tta_bench.scenes import Scene, plan, roles
from tta_bench.scenes.scene import PARTNERS, Split, stream
from tta_bench.scenes.sounds import SOUNDS

SPLITS: tuple[Split, ...] = ("train", "test")


@pytest.fixture(scope="module")
def plans() -> dict[str, list[Scene]]:
    return {"train": [plan(seed) for seed in range(2000)], "test": [plan(seed, split="test") for seed in range(1200)]}


def planned_seconds(scene: Scene) -> float:
    """How long a scene would last if every sound were as long as it may be, with no silence around."""
    return sum(max(part.times * part.seconds + (part.times - 1) * part.gap for part in step) for step in scene.steps)


def test_the_same_arguments_give_the_same_plan_and_other_seeds_others() -> None:
    assert plan(7, split="test", n_events=3) == plan(7, split="test", n_events=3)
    assert len({repr(plan(seed).events) for seed in range(200)}) > 195


def test_a_seed_draws_nothing_alike_in_the_two_splits() -> None:
    for part in (0, 1, 16):
        draws = [stream(3, split, part).integers(0, 2**62, 8).tolist() for split in SPLITS]
        assert not set(draws[0]) & set(draws[1])


def test_a_scene_has_as_many_distinct_events_as_asked_for() -> None:
    for n in range(1, 6):
        for seed in range(40):
            sounds = [part.sound for part in plan(seed, n_events=n).events]
            assert len(sounds) == n == len(set(sounds))


def test_by_default_one_to_five_events_come_as_often_as_stated(plans: dict[str, list[Scene]]) -> None:
    found = Counter(len(scene.events) for scene in plans["train"])
    for n, share in enumerate((0.25, 0.35, 0.22, 0.12, 0.06), start=1):
        assert found[n] / 2000 == pytest.approx(share, abs=0.035)


def test_every_relation_occurs_and_most_scenes_of_several_events_have_an_order(plans: dict[str, list[Scene]]) -> None:
    for split in SPLITS:
        relations = Counter(scene.relation for scene in plans[split])
        assert set(relations) == {"single", "counted", "sequence", "parallel", "background", "mixed"}
        assert min(relations.values()) > 30
        several = [scene for scene in plans[split] if len(scene.events) > 1]
        assert sum(len(scene.steps) > 1 for scene in several) > 0.45 * len(several)


def test_held_out_pairs_never_meet_in_training_and_meet_in_every_test_scene(plans: dict[str, list[Scene]]) -> None:
    for split in SPLITS:
        for scene in plans[split]:
            pairs = combinations([part.sound for part in scene.events], 2)
            held_out = any(second in PARTNERS[first] for first, second in pairs)
            assert held_out == (split == "test" and len(scene.events) > 1)


def test_about_eight_of_a_hundred_pairs_are_held_out_and_some_of_every_class() -> None:
    assert 0.06 < sum(map(len, PARTNERS.values())) / len(SOUNDS) / (len(SOUNDS) - 1) < 0.1
    assert all(PARTNERS[name] and all(name in PARTNERS[other] for other in PARTNERS[name]) for name in SOUNDS)


def test_every_class_and_every_level_is_heard_in_both_splits(plans: dict[str, list[Scene]]) -> None:
    for split in SPLITS:
        parts = [part for scene in plans[split] for part in scene.events]
        found = Counter(part.sound for part in parts)
        assert set(found) == set(SOUNDS)
        assert min(found.values()) > 8
        levels = {(part.sound, trait, level) for part in parts for trait, level in part.traits.items()}
        assert levels >= {(s.name, t, level) for s in SOUNDS.values() for t in s.traits for level in s.traits[t]}


def test_countable_sounds_are_counted_up_to_five_and_repeated_from_three_on(plans: dict[str, list[Scene]]) -> None:
    parts = [part for scene in plans["train"] for part in scene.events if part.times > 1]
    assert {part.times for part in parts if part.counted} == {2, 3, 4, 5}
    assert min(part.times for part in parts if not part.counted) == 3
    assert all(SOUNDS[part.sound].countable and part.gap >= 0.25 for part in parts)


@pytest.mark.parametrize("duration", [2.0, 3.0, 5.12, 20.0, 60.0])
def test_what_is_planned_fits_into_the_time(duration: float) -> None:
    for seed in range(40):
        scene = plan(seed, duration=duration)
        assert planned_seconds(scene) < duration - 0.2 * len(scene.steps)
        for part in scene.events:
            sound = SOUNDS[part.sound]
            assert part.seconds >= (1.0 if sound.sustained else sound.seconds[0]) - 1e-9


def test_noises_do_not_hide_each_other_and_only_what_may_go_on_is_an_ambience(plans: dict[str, list[Scene]]) -> None:
    for scene in plans["train"] + plans["test"]:
        under = [scene.ambience] if scene.ambience else []
        assert all(part.sound in roles.AMBIENCES for part in under)
        for step in scene.steps:
            assert sum(part.sound in roles.BROADBAND for part in [*step, *under]) < 2


def test_roles_speak_of_classes_that_are_there() -> None:
    assert SOUNDS.keys() >= roles.AMBIENCES | roles.BROADBAND | roles.CLOSE
    assert all(SOUNDS[name].sustained for name in roles.AMBIENCES)
    assert all(any(level in levels for levels in SOUNDS[name].traits.values()) for name, level in roles.NEEDS)


@pytest.mark.parametrize(
    ("seed", "n_events", "duration"),
    [(-1, 1, 5.0), (2**32, 1, 5.0), (0, 6, 5.0), (0, 0, 5.0), (0, 1, 1.0), (0, 5, 2.0)],
)
def test_what_cannot_be_planned_is_refused(seed: int, n_events: int, duration: float) -> None:
    with pytest.raises(ValueError, match=r"events|No scene"):
        plan(seed, n_events=n_events, duration=duration)
