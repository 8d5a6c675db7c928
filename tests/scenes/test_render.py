"""Renderings: the same bytes for a scene, and a timeline that is what one hears."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tta_bench.scenes import Part, Scene, plan, render
from tta_bench.scenes.render import AUDIBLE_DB, _audible, _bands, _clearance, _measured, _Stem, _stem, _takes
from tta_bench.scenes.signals import length
from tta_bench.scenes.sound import SAMPLE_RATE
from tta_bench.types import Event

Rendered = tuple[Scene, NDArray[np.float32], tuple[Event, ...]]


def digest(scene: Scene) -> str:
    return hashlib.sha256(render(scene)[0].tobytes()).hexdigest()


def db(power: float) -> float:
    return 10 * float(np.log10(power))


def inside(samples: NDArray[np.float32], event: Event) -> NDArray[np.bool_]:
    """Which samples lie in a sounding of the event."""
    heard = np.zeros(len(samples), bool)
    for onset, offset in event.soundings:
        heard[length(onset) : length(offset)] = True
    return heard


@pytest.fixture(scope="module")
def alone() -> list[Rendered]:
    return [(scene, *render(scene)) for scene in (plan(seed, n_events=1) for seed in range(10))]


@pytest.fixture(scope="module")
def several() -> list[Rendered]:
    return [(scene, *render(scene)) for scene in (plan(seed, n_events=2 + seed % 4) for seed in range(16))]


def counted(name: str, times: int, gap: float = 0.4) -> Scene:
    traits = {"size": "large", "force": "hard", "pitch": "low", "distance": "near"}
    return Scene(9, "train", 5.12, (Part(name, traits, 0, 0.35, times, True, gap),))


def test_a_scene_gives_the_same_bytes_whatever_was_rendered_before() -> None:
    scene = plan(11, n_events=4)
    first = digest(scene)
    digest(plan(12))
    assert digest(scene) == first
    assert digest(replace(scene, seed=12)) != first


def test_an_event_does_not_change_when_another_is_planned_otherwise() -> None:
    scene = plan(3, n_events=3)
    other = replace(scene, events=(replace(scene.events[0], seconds=1.1), *scene.events[1:]))
    for k in (1, 2):
        assert np.array_equal(_takes(scene, k)[0].samples, _takes(other, k)[0].samples)


def test_a_clip_is_as_long_as_asked_for_and_of_natural_level(alone: list[Rendered], several: list[Rendered]) -> None:
    for scene, samples, _ in alone + several:
        assert samples.dtype == np.float32
        assert samples.shape == (round(scene.duration * SAMPLE_RATE),)
        assert db(float(np.abs(samples).max()) ** 2) < -1
        assert -45 < db(float(np.mean(samples**2))) < -12


def test_an_event_alone_is_inside_its_soundings_and_silence_is_outside(alone: list[Rendered]) -> None:
    for scene, samples, (event,) in alone:
        heard = inside(samples, event)
        assert np.sum(samples[~heard] ** 2) < 0.01 * np.sum(samples**2), scene
        before = samples[: length(max(event.onset or 0, 0.0)) - 480]
        assert before.size == 0 or db(float(np.max(before**2))) < db(float(np.max(samples**2))) - 25, scene


def test_a_sounding_begins_and_ends_with_the_sound(alone: list[Rendered]) -> None:
    for _, samples, (event,) in alone:
        floor = db(float(np.mean(samples**2))) - 45
        for onset, offset in event.soundings:
            assert 0 <= onset < offset <= 5.12
            assert db(float(np.mean(samples[length(onset) : length(onset) + 800] ** 2))) > floor
            assert db(float(np.mean(samples[length(offset) - 800 : length(offset)] ** 2))) > floor


@pytest.mark.parametrize(("name", "times"), [("dog bark", 2), ("dog bark", 5), ("door knock", 3), ("drum hit", 4)])
def test_a_counted_event_sounds_that_often_with_silence_between(name: str, times: int) -> None:
    samples, (event,) = render(counted(name, times))
    assert event.count == times == len(event.soundings)
    envelope = np.convolve(samples**2, np.ones(320) / 320, "same")
    loud = np.flatnonzero(np.diff((envelope > 0.01 * envelope.max()).astype(int)) == 1) / SAMPLE_RATE
    bursts = loud[np.concatenate([[True], np.diff(loud) > 0.25])]
    assert len(bursts) == times
    for burst, (onset, offset) in zip(bursts, event.soundings, strict=True):
        assert onset - 0.03 < burst < offset


def test_soundings_of_one_event_are_apart_and_at_a_regular_pace(several: list[Rendered]) -> None:
    repeated = [event for _, _, events in several for event in events if len(event.soundings) > 1]
    assert repeated
    for event in repeated:
        gaps = [later[0] - earlier[1] for earlier, later in pairwise(event.soundings)]
        assert min(gaps) >= 0.25
        assert max(gaps) < 2 * min(gaps)


def test_events_are_those_of_the_scene_in_its_order(several: list[Rendered]) -> None:
    for scene, _, events in several:
        assert [event.name for event in events] == [part.sound for part in scene.events]
        for part, event in zip(scene.events, events, strict=True):
            assert len(event.soundings) == part.times
            assert event.count == (part.times if part.counted else None)
            assert (event.onset, event.offset) == (event.soundings[0][0], event.soundings[-1][1])


def test_steps_follow_one_another_and_what_shares_one_overlaps(several: list[Rendered]) -> None:
    for scene, _, events in several:
        spans = {part.sound: (e.onset or 0, e.offset or 0) for part, e in zip(scene.events, events, strict=True)}
        steps = [[spans[part.sound] for part in step] for step in scene.steps]
        for earlier, later in pairwise(steps):
            pause = min(onset for onset, _ in later) - max(offset for _, offset in earlier)
            assert 0.04 < pause < 0.41
        for (onset, offset), (other_onset, other_offset) in (step for step in steps if len(step) == 2):
            together = min(offset, other_offset) - max(onset, other_onset)
            assert together > 0.9 * min(offset - onset, other_offset - other_onset)


def test_an_ambience_lasts_and_is_softer_than_what_is_before_it(several: list[Rendered]) -> None:
    under = [(scene, events) for scene, _, events in several if scene.ambience]
    assert under
    for _, events in under:
        assert (events[-1].offset or 0) - (events[-1].onset or 0) > 3.5
        assert (events[-1].level or 0) < 0


def test_levels_are_relative_to_the_loudest_and_none_is_lost(several: list[Rendered]) -> None:
    for _, _, events in several:
        levels = [event.level for event in events if event.level is not None]
        assert len(levels) == len(events)
        assert max(levels) == 0
        assert min(levels) > -26


def test_a_level_is_that_of_the_samples() -> None:
    scene = Scene(
        4,
        "train",
        5.12,
        tuple(
            Part(name, {"pitch": "high", "motion": "steady", "distance": distance}, step, 1.5)
            for step, (name, distance) in enumerate([("sine tone", "near"), ("white noise", "far")])
        ),
    )
    samples, (tone, noise) = render(scene)
    powers = [db(float(np.mean(samples[inside(samples, event)] ** 2))) for event in (tone, noise)]
    assert powers[1] - powers[0] == pytest.approx((noise.level or 0) - (tone.level or 0), abs=0.3)


def test_what_is_far_away_is_softer_and_duller() -> None:
    near = counted("dog bark", 3)
    far = replace(near, events=(replace(near.events[0], traits={"size": "large", "distance": "far"}),))
    bright, loud = [], []
    for scene in (near, far):
        samples = _takes(scene, 0)[0].samples
        power = np.abs(np.fft.rfft(samples)) ** 2
        bright.append(np.sum(power[len(power) // 4 :]) / np.sum(power))
        loud.append(db(float(np.sum(power))))
    assert bright[1] < 0.5 * bright[0]
    assert loud[1] < loud[0] - 2


def test_an_event_that_others_hide_is_raised_until_it_is_heard() -> None:
    rng = np.random.default_rng(0)
    n = 5 * SAMPLE_RATE
    tick = np.zeros(n)
    tick[SAMPLE_RATE : SAMPLE_RATE + 800] = 0.02 * rng.standard_normal(800)
    stems = [_Stem(tick, ((1.0, 1.05),)), _Stem(rng.standard_normal(n), ((0.0, 5.0),))]
    assert _clearance(_bands(tick), _bands(stems[1].samples)) < -20
    heard = [_bands(stem.samples) for stem in _audible(stems)]
    assert _clearance(heard[0], heard[1]) == pytest.approx(AUDIBLE_DB, abs=1)
    assert np.array_equal(_audible(stems)[1].samples, stems[1].samples)


@pytest.mark.parametrize("duration", [2.0, 20.0])
def test_scenes_may_be_short_or_long(duration: float) -> None:
    for seed in range(2):
        scene = plan(seed, n_events=2, duration=duration)
        samples, events = render(scene)
        assert len(samples) == duration * SAMPLE_RATE
        assert all(0 <= (event.onset or 0) < (event.offset or 0) <= duration for event in events)


def test_a_rendering_raises_what_its_noise_would_hide() -> None:
    zipper = Part("zipper", {"speed": "fast", "distance": "near"}, 0, 0.5)
    hiss = Part("white noise", {"motion": "steady", "distance": "near"}, 0, 4.0)
    scene = Scene(2, "train", 5.12, (zipper, hiss))
    samples, (event, other) = render(scene)
    raw = [_stem(len(samples), _takes(scene, k), [0.5]).rms for k in range(2)]
    assert (event.level or 0) - (other.level or 0) > 20 * np.log10(raw[0] / raw[1]) + 2


@pytest.mark.parametrize(("first", "last"), [(0.0, 0.5), (0.5, 1.0), (1.5, 2.0)])
def test_onset_and_offset_are_found_to_a_hundredth_of_a_second(first: float, last: float) -> None:
    samples = np.zeros(2 * SAMPLE_RATE)
    burst = slice(round(first * SAMPLE_RATE), round(last * SAMPLE_RATE))
    samples[burst] = np.random.default_rng(0).standard_normal(burst.stop - burst.start)
    take = _measured(samples)
    assert take.onset / SAMPLE_RATE == pytest.approx(first, abs=0.01)
    assert take.offset / SAMPLE_RATE == pytest.approx(last, abs=0.01)
