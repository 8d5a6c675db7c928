"""An edited scene has one thing wrong, and all else as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tta_bench.scenes import Scene, plan, render
from tta_bench.scenes.render import _takes
from tta_bench.scenes.sounds import SOUNDS
from tta_bench.types import Prompt
from tta_bench.validation import edits
from tta_bench.validation.degradations import Originals

SCENES = [plan(seed, split="test", n_events=1 + seed % 5) for seed in range(60)]


def edited(edit: edits.Edit) -> list[tuple[Scene, Scene]]:
    """Scenes and what the edit makes of them, where it makes anything."""
    pairs = [(scene, edit(scene)) for scene in SCENES]
    return [(before, after) for before, after in pairs if after is not None]


def one_event(seed: int) -> Scene:
    return plan(seed, split="test", n_events=1)


def quickest(pairs: list[tuple[Scene, Scene]]) -> tuple[Scene, Scene]:
    """Those of the fewest events."""
    return min(pairs, key=lambda pair: sum(part.times for part in pair[0].events))


def test_a_wrong_event_is_one_of_a_class_that_the_scene_does_not_have() -> None:
    pairs = edited(edits.wrong_event)
    assert len(pairs) == len(SCENES)
    for before, after in pairs:
        [(old, new)] = [(a, b) for a, b in zip(before.events, after.events, strict=True) if a != b]
        assert new.sound not in [part.sound for part in before.events]
        assert SOUNDS[new.sound].sustained == SOUNDS[old.sound].sustained
        assert (new.step, new.times, new.counted) == (old.step, old.times, old.counted)
        assert set(new.traits) == {*SOUNDS[new.sound].traits, "distance"}


def test_not_always_the_same_event_is_wrong() -> None:
    pairs = [(a, b) for a, b in edited(edits.wrong_event) if len(a.events) == 3]
    assert {[x == y for x, y in zip(a.events, b.events, strict=True)].index(False) for a, b in pairs} == {0, 1, 2}


def test_of_two_events_or_more_the_last_is_missing() -> None:
    pairs = edited(edits.missing_event)
    assert len(pairs) == sum(len(scene.events) > 1 for scene in SCENES)
    assert all(after == replace(before, events=before.events[:-1]) for before, after in pairs)


def test_the_sounds_that_stay_are_the_same_to_the_sample() -> None:
    before, after = quickest(edited(edits.missing_event))
    np.testing.assert_array_equal(_takes(after, 0)[0].samples, _takes(before, 0)[0].samples)


def test_the_first_and_the_last_step_change_places() -> None:
    pairs = edited(edits.swapped_order)
    assert len(pairs) == sum(len(scene.steps) > 1 for scene in SCENES)
    for before, after in pairs:
        assert after.steps[0] == tuple(replace(part, step=0) for part in before.steps[-1])
        assert after.steps[1:-1] == before.steps[1:-1]
        assert after.ambience == before.ambience
        assert edits.swapped_order(after) == before


def test_swapped_events_are_heard_the_other_way_round() -> None:
    before, after = quickest([(a, b) for a, b in edited(edits.swapped_order) if len(a.events) == 2])
    onsets = [[event.onset for event in render(scene)[1]] for scene in (before, after)]
    assert onsets[0][0] < onsets[0][1]
    assert onsets[1][0] > onsets[1][1]


def test_a_wrong_count_is_off_by_one_or_two_and_fits() -> None:
    pairs = edited(edits.wrong_count)
    assert len(pairs) == sum(any(part.counted for part in scene.events) for scene in SCENES)
    for before, after in pairs:
        [(old, new)] = [(a, b) for a, b in zip(before.events, after.events, strict=True) if a != b]
        assert old.counted
        assert abs(new.times - old.times) in (1, 2)
        assert new == replace(old, times=new.times)
        assert new.times > 0


def test_something_counted_still_sounds() -> None:
    twice = [scene for scene in map(one_event, range(150)) if scene.events[0].count == 2]
    assert {scene.events[0].times for scene in map(edits.wrong_count, twice) if scene} == {1, 3, 4}


def test_a_wrong_count_is_heard() -> None:
    _, after = quickest(edited(edits.wrong_count))
    assert [len(event.soundings) for event in render(after)[1]] == [part.times for part in after.events]


def test_the_share_is_of_the_scenes_that_have_what_is_edited() -> None:
    prompts = tuple(
        Prompt(f"p{scene.seed}", "", n_events=len(scene.events), fields={"seed": str(scene.seed)}) for scene in SCENES
    )
    degradation = next(found for found in edits.OF_SCENES if found.name == "missing-event")
    changed = degradation.degrade(Originals(prompts, {}), 50)
    assert len(changed) == 24
    assert not set(changed) & {p.id for p in prompts if p.n_events == 1}


@pytest.mark.parametrize("edit", [edits.wrong_event, edits.wrong_count])
def test_an_edit_is_the_same_every_time(edit: edits.Edit) -> None:
    assert [edit(scene) for scene in SCENES] == [edit(scene) for scene in SCENES]
