"""Scenes to train on: of the kinds that the recipe asks for, and never those of the boards."""

from collections import Counter

import numpy as np
import pytest

from models.auffusion.training.scenes import Mix, SceneSource
from tta_bench.scenes import caption, render


def test_scenes_have_as_many_events_and_sequences_as_the_mix_says() -> None:
    source = SceneSource(200, 0, 5.12, Mix(n_events=(0.5, 0.5, 0, 0, 0), sequences=1.0))
    plans = [source.plan(i) for i in range(len(source))]
    counts = Counter(len(plan.events) for plan in plans)
    assert set(counts) == {1, 2}
    assert 75 < counts[1] < 125
    assert {plan.relation for plan in plans if len(plan.events) == 2} == {"sequence"}
    assert {plan.split for plan in plans} == {"train"}


@pytest.mark.long
def test_no_two_scenes_are_the_same_and_held_out_ones_are_others() -> None:
    seeds = [SceneSource(300, seed, 5.12, Mix()).plan(i).seed for seed in (0, 1) for i in range(300)]
    assert len(set(seeds)) == 600


def test_an_example_is_its_scene_said_in_distinct_ways() -> None:
    source = SceneSource(5, 0, 5.12, Mix(captions=3))
    example = source.example(1)
    assert np.array_equal(example.samples, render(source.plan(1))[0])
    assert len(set(example.captions)) == len(example.captions) == 3
    assert source.example(1).captions == example.captions


def test_captions_have_words_beyond_the_grammars_but_never_those_of_boards() -> None:
    source = SceneSource(60, 0, 5.12, Mix(n_events=(1, 0, 0, 0, 0), captions=2))
    plans = [source.plan(i) for i in range(len(source))]
    said = {text for plan in plans for text in source.captions(plan)}
    assert said.isdisjoint(caption(plan, wordings="seen") for plan in plans)
    assert said.isdisjoint(caption(plan, wordings="held out") for plan in plans)
