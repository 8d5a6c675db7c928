"""What is done to clips is what its name says, no more at a weak grade than at a strong one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tta_bench import audio
from tta_bench.embedding import SoundClip
from tta_bench.soundness import clip_report
from tta_bench.types import Clip, Prompt
from tta_bench.validation import sounds
from tta_bench.validation.degradations import OF_CLIPS, Degradation, Made, Originals

RATE = 16_000
KINDS = {degradation.name: degradation for degradation in OF_CLIPS}
CHANGES = [sounds.noisy, sounds.muffled, sounds.clipped, sounds.silenced]


def tones(*frequencies: float, n: int = RATE) -> sounds.Samples:
    t = np.arange(n) / RATE
    return np.asarray(sum(0.2 * np.sin(2 * np.pi * f * t) for f in frequencies))


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def level(samples: sounds.Samples, frequency: float) -> float:
    """Amplitude of a whole number of periods in one second."""
    return float(2 * np.abs(np.fft.rfft(samples)[round(frequency)]) / len(samples))


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    """Twenty short clips, each of another pitch."""
    prompts = tuple(Prompt(f"p{i}", f"tone {i}") for i in range(20))
    clips = {}
    for i, prompt in enumerate(prompts):
        path = tmp_path / f"{prompt.id}.wav"
        audio.encode(path, Clip(tones(200 + 50 * i, n=4000).astype(np.float32), RATE))
        clips[prompt.id] = SoundClip(path, audio.file_sha256(path), clip_report(audio.decode(path)))
    return Originals(prompts, clips)


@pytest.mark.parametrize("snr", [30.0, 0.0])
def test_noise_lies_so_many_decibels_below_the_clip(snr: float) -> None:
    clip = tones(440)
    noise = sounds.noisy(snr, clip, RATE, rng()) - clip
    assert 20 * np.log10(np.std(clip) / np.std(noise)) == pytest.approx(snr, abs=0.2)


def test_a_clip_gets_the_same_noise_at_every_grade() -> None:
    clip = tones(440)
    weak, strong = (sounds.noisy(snr, clip, RATE, rng()) - clip for snr in (20, 0))
    np.testing.assert_allclose(10 * weak, strong, atol=1e-12)


def test_low_pass_leaves_what_is_below_and_nothing_above() -> None:
    left = sounds.muffled(1.0, tones(250, 3000, n=2 * RATE), RATE, rng())[RATE:]
    assert level(left, 250) == pytest.approx(0.2, rel=0.01)
    assert level(left, 3000) < 1e-4


def test_low_pass_lets_alone_what_has_nothing_above() -> None:
    np.testing.assert_array_equal(sounds.muffled(4.0, tones(440), 8000, rng()), tones(440))


def test_clipping_is_as_hard_on_quiet_clips_and_keeps_their_peak() -> None:
    loud = sounds.clipped(24, tones(440), RATE, rng())
    np.testing.assert_allclose(sounds.clipped(24, 0.01 * tones(440), RATE, rng()), 0.01 * loud)
    assert np.abs(loud).max() == pytest.approx(np.abs(tones(440)).max())
    assert np.mean(np.abs(loud) > 0.999 * np.abs(loud).max()) > 0.9


def test_silence_takes_so_much_of_the_time_and_a_longer_one_holds_the_shorter() -> None:
    clip = 1 + tones(440)
    quarter, half = (sounds.silenced(percent, clip, RATE, rng()) == 0 for percent in (25, 50))
    assert quarter.mean() == 0.25
    assert half.mean() == 0.5
    assert half[quarter].all()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_channels_stay_channels(change: sounds.Change) -> None:
    stereo = np.stack([tones(440), tones(880)])
    assert change(1, stereo, RATE, rng()).shape == stereo.shape  # type: ignore[call-arg]


def test_what_would_leave_full_scale_is_made_quieter(tmp_path: Path) -> None:
    audio.encode(tmp_path / "loud.wav", Clip((4.9 * tones(440)).astype(np.float32), RATE))
    clip = sounds.changed(tmp_path / "loud.wav", lambda samples, _rate, _rng: 3 * samples, 0)
    assert np.abs(clip.samples).max() == 1
    assert level(clip.samples.astype(float), 440) == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("kind", ["reversal", "wrong-clip", "duplicates"])
def test_a_larger_share_holds_the_smaller_ones(kind: str, originals: Originals) -> None:
    weak, middle, strong = (KINDS[kind].degrade(originals, grade) for grade in KINDS[kind].grades)
    assert [len(weak), len(middle)] == [5, 10]
    assert weak.items() <= middle.items() if kind != "reversal" else set(weak) <= set(middle)
    assert set(middle) <= set(strong)


def test_a_reversed_clip_is_the_same_file_whatever_the_share(originals: Originals) -> None:
    some, every = (KINDS["reversal"].degrade(originals, percent) for percent in (25, 100))
    assert all(made.content == every[prompt].content for prompt, made in some.items())


def test_wrong_clips_are_all_references_and_none_by_its_own_prompt(originals: Originals) -> None:
    wrong = KINDS["wrong-clip"].degrade(originals, 100)
    assert sorted(clip.sha256 for clip in wrong.values()) == sorted(c.sha256 for c in originals.clips.values())
    assert all(clip != originals.clips[prompt] for prompt, clip in wrong.items())


@pytest.mark.parametrize(("kind", "grade", "distinct"), [("duplicates", 90, 2), ("few-distinct", 25, 5)])
def test_so_many_distinct_clips_are_left(kind: str, grade: float, distinct: int, originals: Originals) -> None:
    clips = {**originals.clips, **KINDS[kind].degrade(originals, grade)}
    assert len({clip.sha256 for clip in clips.values()}) == distinct
    assert len(clips) == 20


@pytest.mark.parametrize("degradation", OF_CLIPS, ids=lambda degradation: degradation.name)
def test_no_two_made_clips_share_a_file(degradation: Degradation, originals: Originals) -> None:
    grades = degradation.grades if degradation.name != "reversal" else (100,)
    made = [clip for grade in grades for clip in degradation.degrade(originals, grade).values()]
    contents = [str(clip.content) for clip in made if isinstance(clip, Made)]
    assert len(set(contents)) == len(contents)


def test_another_process_makes_the_same_clip(originals: Originals) -> None:
    made = KINDS["noise"].degrade(originals, 10)["p3"]
    assert isinstance(made, Made)
    sent = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(sent.make().samples, made.make().samples)
