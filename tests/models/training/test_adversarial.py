"""Judges, and what each side learns from them."""

import torch

from models.auffusion.training.adversarial import (
    PictureJudge,
    SoundJudges,
    fooling_loss,
    judge_loss,
    matching_loss,
)

CERTAIN, FOOLED = [[torch.zeros(1), torch.zeros(3)]], [[torch.zeros(1), torch.ones(3)]]


def test_judges_want_one_for_the_real_and_zero_for_the_made() -> None:
    assert judge_loss(real=FOOLED, made=CERTAIN) == 0
    assert judge_loss(real=CERTAIN, made=FOOLED) == 2


def test_makers_want_one_for_the_made() -> None:
    assert fooling_loss(FOOLED) == 0
    assert fooling_loss(CERTAIN) == 1


def test_matching_leaves_verdicts_out_and_does_not_change_with_the_size_of_layers() -> None:
    real, made = ([[layer, torch.randn(1)]] for layer in (torch.full((4,), 2.0), torch.full((4,), 3.0)))
    assert abs(matching_loss(real, made) - 0.5) < 1e-5
    assert matching_loss(real, real) == 0


def test_all_judges_of_sound_give_verdicts_and_gradients() -> None:
    waves = (0.1 * torch.randn(2, 2048)).requires_grad_()
    heard = SoundJudges(width=4)(waves)
    assert len(heard) == 7
    fooling_loss(heard).backward()
    assert waves.grad is not None
    assert waves.grad.abs().sum() > 0


def test_a_judge_soon_tells_a_texture_from_its_mean() -> None:
    torch.manual_seed(0)
    judge = PictureJudge(8)
    optimiser = torch.optim.Adam(judge.parameters(), 0.02)
    real, made = 0.5 + 0.03 * torch.randn(4, 1, 16, 32), torch.full((4, 1, 16, 32), 0.5)
    for _ in range(40):
        optimiser.zero_grad()
        loss = judge_loss(judge(real), judge(made))
        loss.backward()
        optimiser.step()
    assert loss < 0.2
