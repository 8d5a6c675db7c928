"""Words swapped and weighted, and maps of words."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.auffusion.maps import AttentionMaps
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.prompting import Swap, attention_maps, maps_of_words, reweight, swap_words
from models.auffusion.sampling import Sampling
from tests.models.conftest import SHORT
from tta_bench.types import Clip, UserError

DOG, CAT = "a dog barks in the rain", "a cat barks in the rain"


def plain(pipeline: AuffusionPipeline, caption: str, seed: int) -> np.ndarray:
    clips = pipeline(caption, seeds=[seed], duration=SHORT).clips
    assert clips is not None
    return clips[0].samples


def distance(one: Clip, other: Clip) -> float:
    return float(np.abs(one.samples - other.samples).max())


def test_the_source_of_a_swap_is_the_clip_of_its_caption(pipeline: AuffusionPipeline) -> None:
    made = swap_words(pipeline, [DOG], [Swap(CAT)], seeds=[3], duration=SHORT)
    assert np.abs(made.sources[0].samples - plain(pipeline, DOG, 3)).max() < 1e-5
    assert distance(made.sources[0], made.clips[0]) > 1e-3


def test_the_same_word_gives_the_same_clip(pipeline: AuffusionPipeline) -> None:
    swaps = [Swap(DOG), Swap(CAT), Swap(DOG, weights={"rain": 1})]
    made = swap_words(pipeline, [DOG] * 3, swaps, seeds=[3, 3, 4], duration=SHORT)
    assert np.array_equal(made.clips[0].samples, made.sources[0].samples)
    assert not np.array_equal(made.clips[1].samples, made.sources[1].samples)
    assert np.array_equal(made.clips[2].samples, made.sources[2].samples)


def test_a_swap_without_any_steps_is_the_clip_of_the_edited_caption(pipeline: AuffusionPipeline) -> None:
    made = swap_words(
        pipeline, [DOG], [Swap(CAT)], seeds=[3], duration=SHORT, cross_replace_steps=0, self_replace_steps=0
    )
    assert np.abs(made.clips[0].samples - plain(pipeline, CAT, 3)).max() < 1e-5


def test_both_parts_of_the_steps_that_are_taken_over_matter(pipeline: AuffusionPipeline) -> None:
    pipeline.settings = replace(pipeline.settings, sampling=Sampling(4, 3.0, "ddim"))
    made = [
        swap_words(
            pipeline, [DOG], [Swap(CAT)], seeds=[3], duration=0.64, cross_replace_steps=cross, self_replace_steps=own
        ).clips[0]
        for cross, own in ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0))
    ]
    assert distance(made[0], made[1]) > 1e-4
    assert distance(made[1], made[2]) > 1e-4


def test_words_may_be_added_and_left_out(pipeline: AuffusionPipeline) -> None:
    swaps = [Swap("a big dog barks in the rain"), Swap("a dog barks")]
    made = swap_words(pipeline, [DOG, DOG], swaps, seeds=[0, 1], duration=SHORT)
    for source, clip in zip(made.sources, made.clips, strict=True):
        assert np.isfinite(clip.samples).all()
        assert distance(source, clip) > 1e-3


def test_a_swap_does_not_depend_on_its_neighbours(pipeline: AuffusionPipeline) -> None:
    together = swap_words(pipeline, [CAT, DOG], [Swap(CAT), Swap(CAT)], seeds=[7, 3], duration=SHORT)
    alone = swap_words(pipeline, [DOG], [Swap(CAT)], seeds=[3], duration=SHORT)
    assert distance(together.clips[1], alone.clips[0]) < 1e-4


def test_the_further_a_weight_is_from_1_the_more_changes(pipeline: AuffusionPipeline) -> None:
    weights = [-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0]
    made = reweight(pipeline, [DOG] * 8, [{"dog": weight} for weight in weights], seeds=[3] * 8, duration=SHORT)
    moved = [distance(*pair) for pair in zip(made.sources, made.clips, strict=True)]
    assert moved[:5] == sorted(moved[:5], reverse=True)
    assert moved[4:] == sorted(moved[4:])
    assert moved[4] == 0
    assert min(moved[3], moved[5]) > 0


def test_a_weight_of_0_takes_out_what_the_word_adds_to_attention(pipeline: AuffusionPipeline) -> None:
    """All words of all encoders at 0 leave the cross-attention nothing: two captions then give one clip."""
    everything = dict.fromkeys(("a", "dog", "barks"), 0.0)
    made = reweight(pipeline, ["a dog barks"], [everything], seeds=[3], duration=SHORT)
    assert distance(*made.sources, *made.clips) > 1e-4


def test_a_word_that_is_not_in_the_caption_is_refused_before_anything_is_made(pipeline: AuffusionPipeline) -> None:
    with pytest.raises(UserError, match="'cow' is not in the caption"):
        reweight(pipeline, [DOG], [{"cow": 2}], seeds=[0], duration=SHORT)
    with pytest.raises(UserError, match="'dog' is not in the caption 'a cat"):
        swap_words(pipeline, [DOG], [Swap(CAT, blend=("dog", "dog"))], seeds=[0], duration=SHORT)


def test_blending_keeps_the_source_where_neither_word_is_heard(
    pipeline: AuffusionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With maps that hear nothing but the first column of the latents, the last one stays the source's."""
    first = torch.zeros(32, 4)
    first[:, 0] = 1.0
    monkeypatch.setattr(AttentionMaps, "of", lambda *_: first)
    latents = []
    monkeypatch.setattr(pipeline, "decode", lambda clean: latents.append(clean) or torch.zeros(2, 256, 32))
    swap_words(pipeline, [DOG], [Swap(CAT, blend=("dog", "cat"))], seeds=[0], duration=SHORT)
    assert torch.equal(latents[0][1, :, :, 2:], latents[0][0, :, :, 2:])
    assert not torch.allclose(latents[0][1, :, :, :2], latents[0][0, :, :, :2], atol=1e-3)


def test_watching_gives_the_very_clip_of_the_caption(pipeline: AuffusionPipeline) -> None:
    clips, maps = attention_maps(pipeline, [DOG, CAT], seeds=[3, 4], duration=SHORT)
    assert np.array_equal(clips[0].samples, two(pipeline)[0])
    words = maps_of_words(pipeline, maps, 1, CAT)
    assert list(words) == ["a", "cat", "barks", "in", "the", "rain"]
    assert words["cat"].shape == (32, 4)
    assert all(float(seen.min()) > 0 and float(seen.max()) < 1 for seen in words.values())
    whole = maps.of(1, range(77))
    assert torch.allclose(whole, torch.ones(32, 4), atol=1e-5)


def two(pipeline: AuffusionPipeline) -> list[np.ndarray]:
    clips = pipeline([DOG, CAT], seeds=[3, 4], duration=SHORT).clips
    assert clips is not None
    return [clip.samples for clip in clips]


def test_maps_of_each_step_are_kept_apart_when_asked_for(pipeline: AuffusionPipeline) -> None:
    _, maps = attention_maps(pipeline, [DOG], seeds=[3], duration=SHORT, each_step=True)
    assert maps.steps == [0, 1, 2]
    first, last = (maps.of(0, [2], steps=[step]) for step in (0, 2))
    assert not torch.allclose(first, last, atol=1e-6)


def test_longer_clips_than_the_unet_sees_at_once_are_refused(pipeline: AuffusionPipeline) -> None:
    pipeline.settings = replace(pipeline.settings, n_frames=32)
    with pytest.raises(UserError, match=r"clips of up to 0\.32 s, not of 0\.5 s"):
        attention_maps(pipeline, [DOG], seeds=[0], duration=0.5)
