"""Text to sound, against what the authors' pipeline made of the same tiny checkpoint and the same start noise."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from models._shared.latents import Grid
from models.auffusion.loading import load_pipeline
from models.auffusion.locate import files_in
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling
from models.auffusion.spectrogram import PUBLISHED, log_mel, to_pictures
from tests.models.conftest import SHORT
from tta_bench.types import UserError

GOLDEN = np.load(Path(__file__).parent.parent / "golden" / "auffusion_pipeline.npz")
CAPTIONS = ["a dog", "rain falls on a tin roof", "a dog"]


def test_five_steps_of_the_published_way_are_the_authors(maker: Any, published: AuffusionPipeline) -> None:
    """PNDM, zeros for no caption, adapter; every step, the spectrogram and the float samples before their int16."""
    steps: dict[int, np.ndarray] = {}
    made = published(
        maker.PROMPT,
        duration=1.28,
        num_inference_steps=5,
        guidance_scale=maker.GUIDANCE,
        latents=maker.noise(),
        callback=lambda step, _, latents: steps.update({step: latents[0].numpy().copy()}),
    )
    assert made.log_mels is not None
    assert made.clips is not None
    for step in range(1, 6):
        assert np.abs(steps[step] - GOLDEN[f"latents-{step}"]).max() < 1e-3
    assert np.abs(made.log_mels[0].numpy()[:, ::4] - GOLDEN["spectrogram"]).max() < 1e-3
    assert made.clips[0].samples.dtype == np.float32
    assert np.abs(made.clips[0].samples - GOLDEN["samples"]).max() < 1e-4


def test_a_clip_is_the_same_alone_and_in_a_batch(pipeline: AuffusionPipeline) -> None:
    together = pipeline(CAPTIONS, seeds=[3, 4, 5], duration=SHORT)
    assert together.clips is not None
    for i in (0, 2):
        alone = pipeline([CAPTIONS[i]], seeds=[3 + i], duration=SHORT)
        assert alone.clips is not None
        assert torch.allclose(alone.latents[0], together.latents[i], atol=1e-4)
        assert np.abs(alone.clips[0].samples - together.clips[i].samples).max() < 1e-4


def test_a_seed_makes_its_clip_and_another_another(pipeline: AuffusionPipeline) -> None:
    first, again, other = (pipeline("a dog", seeds=[seed], duration=SHORT).latents for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=0.1)


def test_the_caption_matters_and_the_negative_prompt(pipeline: AuffusionPipeline) -> None:
    made = pipeline(["a dog", "rain"], seeds=[1, 1], duration=SHORT, output_type="latent").latents
    assert not torch.allclose(made[0], made[1], atol=0.01)
    away = pipeline("a dog", seeds=[1], duration=SHORT, negative_prompt="rain", output_type="latent").latents
    assert not torch.allclose(made[0], away[0], atol=0.01)


def test_guidance_leading_away_from_the_caption_itself_is_no_guidance(pipeline: AuffusionPipeline) -> None:
    away = pipeline("a dog", seeds=[1], duration=SHORT, negative_prompt="a dog", output_type="latent").latents
    without = pipeline("a dog", seeds=[1], duration=SHORT, guidance_scale=1.0, output_type="latent").latents
    assert torch.allclose(away, without, atol=1e-4)


def test_one_generator_is_asked_in_order_as_in_the_published_script(pipeline: AuffusionPipeline) -> None:
    generator = torch.Generator().manual_seed(7)
    together = pipeline.noise(2, Grid(32, 4), generator)
    generator.manual_seed(7)
    apart = torch.cat([pipeline.noise(1, Grid(32, 4), generator) for _ in range(2)])
    assert torch.equal(together, apart)


def test_as_many_seeds_as_captions_are_needed(pipeline: AuffusionPipeline) -> None:
    with pytest.raises(ValueError, match="1 seeds or generators for 2 captions"):
        pipeline(["a dog", "rain"], seeds=[1], duration=SHORT)


@pytest.mark.parametrize(("duration", "width"), [(10.0, 126), (10.24, 128), (5.0, 64), (0.01, 2), (10.25, 130)])
def test_the_grid_holds_the_duration_and_hardly_more(pipeline: AuffusionPipeline, duration: float, width: int) -> None:
    """The tiny U-Net halves its input once, so that it takes an even width."""
    assert pipeline.grid(duration) == Grid(32, width)


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_that_cannot_be_is_refused(pipeline: AuffusionPipeline, duration: float) -> None:
    with pytest.raises(UserError, match="cannot be made"):
        pipeline("a dog", seeds=[0], duration=duration)


def test_a_clip_has_exactly_the_samples_that_were_asked_for(pipeline: AuffusionPipeline) -> None:
    made = pipeline("a dog", seeds=[0], duration=0.2345)
    assert made.clips is not None
    assert made.clips[0].samples.shape == (3752,)
    assert made.clips[0].sample_rate == 16000


def test_outputs_stop_where_they_are_told_to(pipeline: AuffusionPipeline) -> None:
    latent = pipeline("a dog", seeds=[0], duration=SHORT, output_type="latent")
    assert latent.log_mels is None
    assert latent.clips is None
    mel = pipeline("a dog", seeds=[0], duration=SHORT, output_type="mel")
    assert mel.log_mels is not None
    assert mel.log_mels.shape == (1, 256, 32)
    assert mel.clips is None


def test_the_scheduler_is_a_component_that_can_be_replaced(pipeline: AuffusionPipeline) -> None:
    sampling = Sampling(num_inference_steps=3, guidance_scale=3.0)
    named = pipeline("a dog", seeds=[0], duration=SHORT, output_type="latent").latents
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config, clip_sample=False)
    own = pipeline("a dog", seeds=[0], duration=SHORT, sampling=sampling, output_type="latent").latents
    assert torch.equal(own, named)


def test_longer_clips_are_made_through_windows_of_the_trained_width(pipeline: AuffusionPipeline) -> None:
    pipeline.settings = replace(pipeline.settings, n_frames=32)
    widths = set()
    hook = pipeline.unet.register_forward_pre_hook(lambda _, given: widths.add(given[0].shape[-1]))
    made = pipeline(["a dog", "rain"], seeds=[0, 1], duration=0.96)
    hook.remove()
    assert made.clips is not None
    assert made.latents.shape == (2, 4, 32, 12)
    assert widths == {4}
    assert [clip.samples.shape for clip in made.clips] == [(15360,)] * 2
    alone = pipeline("rain", seeds=[1], duration=0.96).clips
    assert alone is not None
    assert np.abs(alone[0].samples - made.clips[1].samples).max() < 1e-4


class Pooling:
    """Stands for a VAE whose latents are means of 8 x 8 pixels, so that windows can make no difference."""

    config = SimpleNamespace(block_out_channels=[0] * 4, latent_channels=3, scaling_factor=0.5)
    dtype, device = torch.float32, torch.device("cpu")

    def encode(self, pictures: torch.Tensor) -> Any:
        found = torch.nn.functional.avg_pool2d(pictures, 8)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: found))

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        assert not return_dict
        return (latents.repeat_interleave(8, 2).repeat_interleave(8, 3),)


def test_windows_make_no_difference_to_encoding_and_decoding_where_the_vae_is_local(
    pipeline: AuffusionPipeline,
) -> None:
    pipeline.vae = Pooling()
    samples = 0.3 * torch.randn(2, 10240, generator=torch.Generator().manual_seed(0))
    whole = pipeline.encode(samples, Grid(32, 10))
    decoded = pipeline.decode(whole)
    pipeline.settings = replace(pipeline.settings, n_frames=32)
    assert torch.allclose(pipeline.encode(samples, Grid(32, 10)), whole, atol=1e-5)
    assert torch.allclose(pipeline.decode(whole), decoded, atol=1e-4)
    assert decoded.shape == (2, 256, 80)


def test_latents_of_a_sound_are_the_vaes_mean_of_its_picture_from_minus_1_to_1(pipeline: AuffusionPipeline) -> None:
    samples = 0.3 * torch.randn(1, 5120, generator=torch.Generator().manual_seed(0))
    picture = to_pictures(log_mel(samples, PUBLISHED), PUBLISHED)
    with torch.no_grad():
        by_hand = pipeline.vae.encode(2 * picture - 1).latent_dist.mean * 0.18215
    assert torch.allclose(pipeline.encode(samples, Grid(32, 4)), by_hand, atol=1e-5)


def test_what_lies_beyond_a_sounds_end_is_silent(pipeline: AuffusionPipeline) -> None:
    samples = 0.3 * torch.randn(1, 5120, generator=torch.Generator().manual_seed(0))
    assert pipeline.encode(samples, Grid(32, 8)).shape == (1, 4, 32, 8)
    silence = pipeline.encode(torch.zeros(1, 5120), Grid(32, 8))
    assert torch.isfinite(silence).all()


def test_half_precision_gives_nearly_the_same_clip_in_float32(pipeline: AuffusionPipeline, checkpoint: Path) -> None:
    full = pipeline("a dog", seeds=[0], duration=SHORT, output_type="mel").log_mels
    low = load_pipeline(files_in(checkpoint), dtype=torch.bfloat16)
    half = low("a dog", seeds=[0], duration=SHORT, sampling=pipeline.settings.sampling)
    assert full is not None
    assert half.log_mels is not None
    assert half.clips is not None
    assert half.latents.dtype == half.log_mels.dtype == torch.float32
    assert half.clips[0].samples.dtype == np.float32
    assert 0 < float((half.log_mels - full).abs().mean()) < 0.2
