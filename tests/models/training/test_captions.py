"""Captions that are blurred while a U-Net learns."""

import torch

from models.auffusion.training.captions import SHARP, Blur

STATES = torch.randn(3, 10, 8, generator=torch.Generator().manual_seed(0)) * 2
PRESENT = torch.arange(10) < torch.tensor([[10], [4], [1]])


def test_sharp_captions_stay_as_they_are() -> None:
    states, present = SHARP(STATES, PRESENT)
    assert torch.equal(states, STATES)
    assert torch.equal(present, PRESENT)


def test_noise_is_as_strong_as_asked_for_beside_the_states() -> None:
    torch.manual_seed(0)
    states, _ = Blur(noise=0.5)(STATES, PRESENT)
    assert abs(float((states - STATES).std()) / float(STATES[PRESENT].std()) - 0.5) < 0.1


def test_hidden_states_are_a_share_of_those_there_and_never_all() -> None:
    torch.manual_seed(0)
    shares = [Blur(dropout=0.4)(STATES, PRESENT)[1] for _ in range(300)]
    kept = torch.stack(shares).float().mean(0)
    assert not kept[~PRESENT].any()
    assert abs(float(kept[0].mean()) - 0.6) < 0.05
    assert float(kept[2, 0]) == 1.0
