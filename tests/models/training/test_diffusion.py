"""What the U-Net is to predict, and how much each strength of noise counts."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from models.auffusion.training.diffusion import Noising

SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
}
TIMES = torch.tensor([5, 400, 950])


def test_what_is_predicted_is_what_samplers_take_it_for() -> None:
    latents, noise = torch.randn(2, 3, 2, 4, 4)
    for kind in ("epsilon", "v_prediction"):
        config = {**SCHEDULER, "prediction_type": kind, "clip_sample": False, "set_alpha_to_one": True}
        noising, sampler = Noising(config, None), DDIMScheduler(**{k: v for k, v in config.items() if k[0] != "_"})
        sampler.set_timesteps(1000)
        noised, target = (make(latents, noise, TIMES) for make in (noising.noised, noising.target))
        for i, time in enumerate(TIMES):
            found = sampler.step(target[i], int(time), noised[i]).pred_original_sample
            assert torch.allclose(found, latents[i], atol=1e-3)


def test_min_snr_weighs_the_error_of_the_clean_latents_by_a_capped_ratio() -> None:
    kept = Noising(SCHEDULER, None)._scheduler.alphas_cumprod[TIMES]
    snr = kept / (1 - kept)
    # An error e of the noise is one of e / sqrt(snr) of the latents, an error of the velocity one of e sqrt(1 - kept).
    for kind, error in (("epsilon", 1 / snr), ("v_prediction", 1 - kept)):
        weights = Noising({**SCHEDULER, "prediction_type": kind}, 5.0).weights(TIMES)
        assert torch.allclose(weights, snr.clamp(max=5) * error, rtol=1e-4)


def test_without_a_cap_all_strengths_count_alike() -> None:
    assert torch.equal(Noising(SCHEDULER, None).weights(TIMES), torch.ones(3))


def test_a_shift_trains_on_strong_noise_more_often_and_none_on_all_alike() -> None:
    drawn = (np.arange(1000) + 0.5) / 1000
    assert np.array_equal(Noising(SCHEDULER, None).timesteps(drawn), np.arange(1000))
    shifted = Noising(SCHEDULER, None).timesteps(drawn, 2.0)
    assert (shifted.min(), shifted.max()) == (0, 999)
    assert (shifted >= 500).mean() == pytest.approx(2 / 3, abs=2e-3)  # 2u / (1 + u) = 1/2 at u = 1/3
