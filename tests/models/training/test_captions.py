"""Captions that are blurred while a U-Net learns."""

import torch

from models.auffusion.training.captions import SHARP, Blur

STATES = torch.randn(3, 10, 8, generator=torch.Generator().manual_seed(0)) * 2
PRESENT = torch.arange(10) < torch.tensor([[10], [4], [1]])


def test_sharp_captions_stay_as_they_are() -> None:
    states, present = SHARP(STATES, PRESENT)
    assert torch.equal(states, STATES)
    assert torch.equal(present, PRESENT)


def test_noise_is_of_any_strength_up_to_the_one_asked_for_and_each_captions_own() -> None:
    torch.manual_seed(0)
    states = torch.randn(400, 50, 8) * 2
    blurred, _ = Blur(noise=0.5)(states, torch.ones(400, 50, dtype=torch.bool))
    strengths = (blurred - states).std(dim=(1, 2)) / states.std()
    assert float(strengths.max()) < 0.55
    assert abs(float(strengths.mean()) - 0.25) < 0.03
    assert float(strengths.min()) < 0.05


def test_hidden_states_are_up_to_a_share_of_those_there_and_never_all() -> None:
    torch.manual_seed(0)
    kept = torch.stack([Blur(dropout=0.8)(STATES, PRESENT)[1] for _ in range(600)]).float()
    assert not kept[:, ~PRESENT].any()
    assert abs(float(kept[:, 0].mean()) - 0.6) < 0.05
    assert float(kept[:, 0].mean(dim=1).std()) > 0.2  # one share of ten would vary by 0.15
    assert float(kept[:, 2, 0].mean()) == 1.0
