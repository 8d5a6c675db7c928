"""Schedules, the loop and guidance, against diffusers' own parts put together by hand."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, PNDMScheduler

from models.auffusion.conditioning import Embeddings
from models.auffusion.guidance import GuidedPrediction, coordinates
from models.auffusion.pipeline import AuffusionPipeline
from models.auffusion.sampling import Sampling, make_schedule, noised
from models.auffusion.windows import windows
from tta_bench.types import UserError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""diffusers' own DPM-Solver++, which some tests set up beside ours, makes arrays in a way that NumPy 2 warns of."""
CAPTIONS = ["a dog", "rain"]
NAMES = {"pndm": PNDMScheduler, "ddim": DDIMScheduler, "dpm++": DPMSolverMultistepScheduler}


@pytest.fixture
def base(maker: Any) -> PNDMScheduler:
    scheduler: PNDMScheduler = PNDMScheduler.from_config(maker.SCHEDULER)
    return scheduler


@pytest.mark.parametrize("name", ["pndm", "ddim", "dpm++"])
def test_a_guided_step_is_the_one_made_by_hand_of_stock_parts(pipeline: AuffusionPipeline, name: Any) -> None:
    noise = pipeline.noise(2, pipeline.grid(0.32), torch.Generator().manual_seed(0))
    sampling = Sampling(num_inference_steps=1, guidance_scale=4.0, scheduler=name)
    made = pipeline(CAPTIONS, latents=noise, sampling=sampling, output_type="latent").latents

    scheduler = NAMES[name].from_config(pipeline.scheduler.config, clip_sample=False)
    scheduler.set_timesteps(1)
    timestep = scheduler.timesteps[0]
    states = pipeline.conditioning.encode(CAPTIONS).states
    with torch.no_grad():
        told = pipeline.unet(noise, timestep, encoder_hidden_states=states).sample
        untold = pipeline.unet(noise, timestep, encoder_hidden_states=torch.zeros_like(states)).sample
    by_hand = scheduler.step(untold + 4.0 * (told - untold), timestep, noise).prev_sample
    assert (made - by_hand).abs().max() < 1e-4 * max(1, by_hand.abs().max())


def test_without_guidance_the_unconditional_branch_is_not_run(pipeline: AuffusionPipeline) -> None:
    rows = unet_rows(pipeline, Sampling(num_inference_steps=2, guidance_scale=1.0, scheduler="ddim"))
    assert rows == [2, 2]


def test_guidance_is_given_within_its_interval_only(pipeline: AuffusionPipeline) -> None:
    sampling = Sampling(num_inference_steps=4, scheduler="ddim", guidance_interval=(0.2, 0.6))
    assert unet_rows(pipeline, sampling) == [2, 4, 4, 2]


def test_the_unconditional_branch_is_used_again_as_often_as_asked(pipeline: AuffusionPipeline) -> None:
    sampling = Sampling(num_inference_steps=5, scheduler="ddim", unconditional_every=3)
    assert unet_rows(pipeline, sampling) == [4, 2, 2, 4, 2]


def unet_rows(pipeline: AuffusionPipeline, sampling: Sampling) -> list[int]:
    """Rows that the U-Net gets at each step of making two clips."""
    rows = []
    hook = pipeline.unet.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    pipeline(CAPTIONS, duration=0.32, seeds=[0, 1], sampling=sampling, output_type="latent")
    hook.remove()
    return rows


def test_reused_distances_are_exact_where_the_network_does_not_change() -> None:
    """A U-Net that tells conditional from unconditional by a constant: reuse must not change the result at all."""

    class Constant(torch.nn.Module):
        dtype = torch.float32
        config = SimpleNamespace(class_embed_type=None)

        def forward(self, sample: torch.Tensor, _: object, encoder_hidden_states: torch.Tensor, **__: object) -> object:
            return (0.1 * sample + encoder_hidden_states.mean((1, 2))[:, None, None, None],)

    embeddings = Embeddings(torch.ones(1, 4, 8))
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    found = []
    for every in (1, 2):
        predict = GuidedPrediction(
            Constant(),
            embeddings,
            Embeddings(torch.zeros(1, 4, 8)),
            Sampling(unconditional_every=every),
            seen=windows(8, 8),
            told=torch.empty(0, 8),
            n_train_timesteps=1000,
        )
        predict(latents, torch.tensor(500))
        found.append(predict(latents, torch.tensor(400)))
    assert torch.allclose(*found, atol=1e-6)


@pytest.mark.parametrize("name", ["pndm", "ddim", "dpm++"])
def test_a_whole_schedule_is_diffusers_own(base: PNDMScheduler, name: Any) -> None:
    stock = NAMES[name].from_config(base.config)
    stock.set_timesteps(7)
    schedule = make_schedule(base, Sampling(num_inference_steps=7, scheduler=name))
    assert type(schedule.scheduler) is NAMES[name]
    assert schedule.timesteps.tolist() == stock.timesteps.tolist()


def test_no_scheduler_that_is_named_clips_latents(base: PNDMScheduler) -> None:
    bare = DPMSolverMultistepScheduler(beta_schedule="scaled_linear")
    assert not make_schedule(bare, Sampling(scheduler="ddim")).scheduler.config.clip_sample
    assert make_schedule(bare, Sampling(scheduler="pndm")).scheduler.config.skip_prk_steps
    assert make_schedule(base, Sampling()).scheduler is not base


@pytest.mark.parametrize("name", ["pndm", "ddim", "dpm++"])
@pytest.mark.parametrize("strength", [0.3, 0.6, 0.9])
def test_what_is_known_exactly_is_found_from_any_strength(base: PNDMScheduler, name: Any, strength: float) -> None:
    """With a network that knows the noise, every schedule must end at the clean latents: levels and steps agree."""
    clean = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    scheduler, timesteps = schedule = make_schedule(
        base, Sampling(num_inference_steps=10, scheduler=name), strength=strength
    )
    latents = noised(clean, noise, schedule, 0)
    for timestep in timesteps:
        level = scheduler.alphas_cumprod[timestep]
        known = (latents - level.sqrt() * clean) / (1 - level).sqrt()
        latents = scheduler.step(known, timestep, latents).prev_sample
    # All but Stable Diffusion's last step end where the first timestep's noise is: alphas_cumprod[0] is 0.99915.
    assert (latents - clean).abs().max() < 0.15
    assert (latents - clean).abs().mean() < 0.03


def test_a_small_strength_runs_no_step(base: PNDMScheduler) -> None:
    assert len(make_schedule(base, Sampling(num_inference_steps=10), strength=0.05).timesteps) == 0


def test_after_the_last_step_nothing_is_noised(base: PNDMScheduler) -> None:
    schedule = make_schedule(base, Sampling(num_inference_steps=3))
    clean, noise = torch.ones(1), torch.full((1,), 5.0)
    assert noised(clean, noise, schedule, len(schedule.timesteps)) is clean
    level = float(base.alphas_cumprod[schedule.timesteps[0]])
    assert float(noised(clean, noise, schedule, 0)) == pytest.approx(level**0.5 + 5 * (1 - level) ** 0.5)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"num_inference_steps": 0}, "num_inference_steps and unconditional_every are 0 and 1"),
        ({"unconditional_every": 0}, "are 100 and 0"),
        ({"guidance_interval": (0.8, 0.2)}, "guidance_interval is 0.8 to 0.2"),
        ({"scheduler": "euler"}, "No scheduler 'euler'. There are: pndm, ddim, dpm"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Sampling(**knobs)


def test_more_steps_than_timesteps_are_refused(base: PNDMScheduler) -> None:
    with pytest.raises(UserError, match="num_inference_steps is 2000; the diffusion has 1000"):
        make_schedule(base, Sampling(num_inference_steps=2000))


def test_coordinates_tell_where_in_the_clip_a_column_is() -> None:
    told = coordinates(("time", "sin1", "cos2"), 4, 8)
    assert told.shape == (3, 4)
    assert told[0].tolist() == pytest.approx([-0.875, -0.625, -0.375, -0.125])
    assert float(told[1, 0]) == pytest.approx(0.19509, abs=1e-5)
    assert float(told[2, 3]) == pytest.approx(-0.92388, abs=1e-5)
    assert coordinates((), 4, 8).shape == (0, 4)
    with pytest.raises(UserError, match="'place'"):
        coordinates(("place",), 4, 8)
