"""The losses on texture: another draw of the same noise is near, its mean is far."""

import torch
from torch import Tensor

from models.auffusion.training.texture import modulation_loss, patch_loss, texture_kept


def noise(seed: int) -> Tensor:
    pictures = 0.5 + 0.03 * torch.randn(2, 1, 32, 128, generator=torch.Generator().manual_seed(seed))
    return pictures.clamp(0, 1)


def rhythm(shift: int) -> Tensor:
    """Strokes every 8 frames."""
    return 0.5 + 0.1 * torch.cos(2 * torch.pi * (torch.arange(128) + shift) / 8).expand(1, 1, 32, 128)


def test_equal_pictures_cost_nothing() -> None:
    for loss in (modulation_loss, patch_loss):
        assert loss(noise(0), noise(0)) == 0


def test_another_draw_of_a_noise_costs_less_than_its_mean_though_it_differs_more() -> None:
    flat = torch.full_like(noise(0), 0.5)
    assert (noise(1) - noise(0)).abs().mean() > 1.3 * (flat - noise(0)).abs().mean()
    for loss in (modulation_loss, patch_loss):
        assert loss(noise(1), noise(0)) < 0.6 * loss(flat, noise(0))


def test_a_rhythm_that_is_late_costs_far_less_than_one_that_is_lost() -> None:
    lost = torch.full_like(rhythm(0), 0.5)
    for loss in (modulation_loss, patch_loss):
        assert loss(rhythm(3), rhythm(0)) < 0.05 * loss(lost, rhythm(0))


def test_even_a_flat_picture_has_a_gradient() -> None:
    flat = torch.full((1, 1, 32, 64), 0.5, requires_grad=True)
    (modulation_loss(flat, noise(0)[:1, ..., :64]) + patch_loss(flat, noise(0)[:1, ..., :64])).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_texture_kept_is_the_part_of_the_spread_that_is_left() -> None:
    half = 0.5 + (noise(0) - 0.5) / 2
    assert abs(texture_kept(half, noise(0)) - 0.5) < 1e-5
