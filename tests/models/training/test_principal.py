"""A VAE that begins as principal components."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from models.auffusion.training.principal import components, start_from_components
from models.auffusion.training.recipe import Recipe
from models.auffusion.training.shards import ClipSet
from models.auffusion.training.vae import Reconstruct, cached_pictures, scaling_factor
from tta_bench.arrays import Stacked
from tta_bench.types import UserError


@pytest.fixture
def pictures(clips: ClipSet, recipe: Recipe) -> Stacked:
    return cached_pictures(clips, recipe.mel)


def network(recipe: Recipe, **changes: Any) -> Reconstruct:
    kind: Any = AutoencoderKL
    return Reconstruct(kind.from_config({**(recipe.vae.network or {}), **changes}), 1)


@torch.no_grad()
def test_before_any_training_pictures_come_back_as_from_components(recipe: Recipe, pictures: Stacked) -> None:
    found = network(recipe)
    start_from_components(found, pictures)
    real = torch.from_numpy(pictures[range(6)]).float()[:, None]
    mean, directions, spread = components(pictures, 8, 4)
    squares = F.pixel_unshuffle(2 * real - 1, 8).movedim(1, -1) - mean
    by_hand = F.pixel_shuffle((squares @ directions.T @ directions + mean).movedim(-1, 1), 8) / 2 + 0.5
    latents = found.encode(real).mode()
    # Groups hold a little more than their constants.
    assert (found.decode(latents) - by_hand).abs().max() < 0.02
    assert (by_hand - real).abs().mean() < 0.05
    each = latents.movedim(1, -1).reshape(-1, 4).std(dim=0)
    assert torch.allclose(each, spread.sqrt(), rtol=0.02)
    assert abs(scaling_factor(found, pictures) - 1 / float(latents.std())) < 1e-4


def test_components_are_the_strongest_and_at_right_angles(pictures: Stacked) -> None:
    _, directions, spread = components(pictures, 4, 5)
    assert torch.allclose(directions @ directions.T, torch.eye(5), atol=1e-4)
    assert (spread.diff() <= 0).all()


def test_a_vae_of_several_levels_stays_as_it_was_drawn(recipe: Recipe, pictures: Stacked) -> None:
    two = {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
    found = network(recipe, block_out_channels=[8, 8], **two)
    before = found.vae.encoder.conv_in.weight.clone()
    start_from_components(found, pictures)
    assert torch.equal(found.vae.encoder.conv_in.weight, before)


def test_a_vae_too_narrow_for_its_latents_is_refused(recipe: Recipe, pictures: Stacked) -> None:
    with pytest.raises(UserError, match="begins with 4 components at most, and has 5"):
        start_from_components(network(recipe, block_out_channels=[16], latent_channels=5), pictures)


def test_every_weight_learns_from_there(recipe: Recipe, pictures: Stacked) -> None:
    found = network(recipe)
    start_from_components(found, pictures)
    optimiser = torch.optim.Adam(found.parameters(), 1e-3)
    real = torch.from_numpy(pictures[np.arange(6)]).float()[:, None]
    before = {name: weight.clone() for name, weight in found.named_parameters()}
    for _ in range(3):
        optimiser.zero_grad()
        made, nats = found(real)
        ((made - real).abs().mean() + 1e-3 * nats).backward()
        optimiser.step()
    still = [name for name, weight in found.named_parameters() if torch.equal(weight, before[name])]
    assert not still
