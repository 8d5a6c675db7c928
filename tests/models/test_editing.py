"""Style transfer and inpainting: identities, and diffusers' own pipelines, which the authors' notebooks call."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models._shared.latents import Grid, generators
from models.auffusion import editing
from models.auffusion.editing import Mask, cells, inpaint, read_sources, style_transfer
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling
from tta_bench.types import Clip, UserError

HALF = Mask(0.2, 0.35)


def embeddings(pipeline: AuffusionPipeline, caption: str) -> dict[str, torch.Tensor]:
    states = pipeline.conditioning.encode([caption]).states
    return {"prompt_embeds": states, "negative_prompt_embeds": torch.zeros_like(states)}


def stock(pipeline: AuffusionPipeline, name: str) -> Any:
    """diffusers' pipeline of that name with our networks and without a text encoder."""
    import diffusers

    parts = {"unet": pipeline.unet, "vae": pipeline.vae, "text_encoder": None, "tokenizer": None}
    scheduler = diffusers.DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    made = getattr(diffusers, name)(
        **parts, scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    made.set_progress_bar_config(disable=True)
    return made


def test_style_transfer_is_diffusers_own(pipeline: AuffusionPipeline, source: Clip, monkeypatch: Any) -> None:
    heard = read_sources(pipeline, [source])
    by_stock = stock(pipeline, "StableDiffusionImg2ImgPipeline")(
        **embeddings(pipeline, "a dog"),
        image=heard.latents,
        strength=0.6,
        num_inference_steps=5,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(4),
        output_type="latent",
    ).images
    found = []
    monkeypatch.setattr(editing, "_sound", lambda _, clean, heard: found.append(clean) or heard.samples)
    sampling = Sampling(num_inference_steps=5, guidance_scale=3.0, scheduler="ddim")
    style_transfer(pipeline, [source], ["a dog"], strength=0.6, seeds=[4], sampling=sampling)
    assert torch.allclose(found[0], by_stock, atol=1e-4)


def test_inpainting_is_diffusers_own(pipeline: AuffusionPipeline, source: Clip, monkeypatch: Any) -> None:
    heard = read_sources(pipeline, [source])
    mask = cells(HALF, heard.grid, pipeline).repeat_interleave(8, 0).repeat_interleave(8, 1)[None, None]
    by_stock = stock(pipeline, "StableDiffusionInpaintPipeline")(
        **embeddings(pipeline, "a dog"),
        image=heard.latents,
        mask_image=mask,
        masked_image_latents=heard.latents,
        height=256,
        width=heard.grid.time * 8,
        num_inference_steps=4,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(4),
        output_type="latent",
    ).images
    found = []
    monkeypatch.setattr(editing, "_sound", lambda _, clean, heard: found.append(clean) or heard.samples)
    sampling = Sampling(num_inference_steps=4, guidance_scale=3.0, scheduler="ddim")
    inpaint(pipeline, [source], ["a dog"], masks=[HALF], seeds=[4], sampling=sampling)
    assert torch.allclose(found[0], by_stock, atol=1e-4)


def test_strength_0_gives_the_source_and_more_strength_gives_less_of_it(
    pipeline: AuffusionPipeline, source: Clip
) -> None:
    sampling = Sampling(num_inference_steps=4, guidance_scale=1.0, scheduler="ddim")
    transferred = {
        strength: style_transfer(pipeline, [source], ["a dog"], strength=strength, seeds=[0], sampling=sampling)[0]
        for strength in (0.0, 0.25, 1.0)
    }
    assert np.array_equal(transferred[0.0].samples, source.samples)
    assert transferred[0.25].samples.shape == source.samples.shape
    assert not np.allclose(transferred[0.25].samples, transferred[1.0].samples, atol=1e-3)


def test_transferred_clips_do_not_depend_on_their_neighbours(pipeline: AuffusionPipeline, source: Clip) -> None:
    other = Clip(source.samples[::-1].copy(), 16000)
    together = style_transfer(pipeline, [source, other], ["a dog", "rain"], strength=0.7, seeds=[1, 2])
    alone = style_transfer(pipeline, [other], ["rain"], strength=0.7, seeds=[2])
    assert np.abs(together[1].samples - alone[0].samples).max() < 1e-4


def test_a_quiet_source_is_answered_quietly(pipeline: AuffusionPipeline, source: Clip) -> None:
    """Between source and model a sound is as loud as the model expects, whatever it was."""
    quiet = Clip(0.01 * source.samples, 16000)
    loud, soft = (style_transfer(pipeline, [clip], ["rain"], strength=1, seeds=[0])[0] for clip in (source, quiet))
    assert np.allclose(soft.samples, 0.01 * loud.samples, atol=1e-6)


def test_sound_outside_the_mask_is_the_sources_own_sample_by_sample(pipeline: AuffusionPipeline, source: Clip) -> None:
    made = inpaint(pipeline, [source], ["a dog"], masks=[HALF], seeds=[0])[0]
    start, stop = int(HALF.start * 16000), int(HALF.stop * 16000)
    assert np.array_equal(made.samples[: start + 1], source.samples[: start + 1])
    assert np.array_equal(made.samples[stop:], source.samples[stop:])
    inside = slice(start + 200, stop - 200)
    assert not np.allclose(made.samples[inside], source.samples[inside], atol=0.01)


def test_new_sound_comes_in_without_a_jump(pipeline: AuffusionPipeline, source: Clip) -> None:
    made = inpaint(pipeline, [source], ["a dog"], masks=[HALF], seeds=[0])[0]
    change = made.samples - source.samples
    start = int(HALF.start * 16000)
    assert np.abs(change[start : start + 16]).max() < 0.05 * np.abs(change).max()


def test_a_band_that_is_masked_leaves_other_frequencies_alone(pipeline: AuffusionPipeline, source: Clip) -> None:
    mask = Mask(0.0, 0.5, low=2000, high=4000)
    made = inpaint(pipeline, [source], ["a dog"], masks=[mask], seeds=[0])[0]
    power = np.abs(np.fft.rfft(made.samples - source.samples)) ** 2
    hz = np.fft.rfftfreq(8000, 1 / 16000)
    inside = (hz > 1950) & (hz < 4050)
    assert power[inside].sum() > 0
    assert power[~inside].sum() < 1e-6 * power[inside].sum()


def test_an_empty_mask_gives_the_source(pipeline: AuffusionPipeline, source: Clip) -> None:
    both = inpaint(pipeline, [source] * 2, ["a dog"] * 2, masks=[Mask(0.3, 0.3), HALF], seeds=[0, 0])
    assert np.array_equal(both[0].samples, source.samples)
    assert not np.array_equal(both[1].samples, source.samples)
    only = inpaint(pipeline, [source], ["a dog"], masks=[Mask(0.4, 0.1)], seeds=[0])
    assert np.array_equal(only[0].samples, source.samples)


def test_a_mask_covers_every_cell_that_it_touches(pipeline: AuffusionPipeline) -> None:
    grid = Grid(32, 8)
    found = cells(Mask(0.08, 0.17), grid, pipeline)
    assert found.shape == (32, 8)
    assert found.any(0).nonzero().flatten().tolist() == [1, 2]
    assert found.any(1).all()
    low = cells(Mask(0, 1, low=0, high=500), grid, pipeline)
    rows = low.any(1).nonzero().flatten()
    assert int(rows.max()) == 31
    assert int(rows.min()) > 20


@pytest.mark.parametrize("mask", [Mask(0.6, 0.9), Mask(-1, -0.5), Mask(0.1, 0.2, low=3000, high=2000)])
def test_a_mask_outside_the_sound_is_refused(pipeline: AuffusionPipeline, source: Clip, mask: Mask) -> None:
    with pytest.raises(UserError, match="lies outside the sound"):
        inpaint(pipeline, [source], ["a dog"], masks=[mask], seeds=[0])


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_a_strength_out_of_range_is_refused(pipeline: AuffusionPipeline, source: Clip, strength: float) -> None:
    with pytest.raises(UserError, match="strength is"):
        style_transfer(pipeline, [source], ["a dog"], strength=strength, seeds=[0])


def test_a_source_of_another_rate_in_stereo_is_heard_as_the_model_hears(pipeline: AuffusionPipeline) -> None:
    t = np.arange(22050) / 44100
    stereo = np.stack([np.sin(2 * np.pi * 440 * t), 0 * t]).astype(np.float32)
    heard = read_sources(pipeline, [Clip(stereo, 44100)])
    assert heard.samples.shape == (1, 8000)
    assert heard.duration == 0.5
    assert heard.grid == Grid(32, 8)
    assert heard.samples.abs().max() == pytest.approx(0.5, abs=0.01)
    assert float(heard.gains[0]) == pytest.approx(1.9, abs=0.05)


def test_sources_of_different_lengths_are_refused(pipeline: AuffusionPipeline, source: Clip) -> None:
    with pytest.raises(ValueError, match=r"\[4000, 8000\] samples"):
        read_sources(pipeline, [source, Clip(source.samples[:4000], 16000)])


def test_long_sources_are_edited_through_windows(pipeline: AuffusionPipeline, source: Clip) -> None:
    pipeline.settings = replace(pipeline.settings, n_frames=32)
    made = inpaint(pipeline, [source], ["a dog"], masks=[HALF], seeds=[0])[0]
    assert np.array_equal(made.samples[:3200], source.samples[:3200])
    assert not np.allclose(made.samples[3600:5000], source.samples[3600:5000], atol=0.01)


def test_the_noise_of_an_edit_is_the_seeds(pipeline: AuffusionPipeline, source: Clip) -> None:
    first, again, other = (
        style_transfer(pipeline, [source], ["a dog"], strength=0.9, seeds=[seed])[0].samples for seed in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)
    assert len(generators([5, 6])) == 2
