"""Windows over long latents."""

import pytest
import torch

from models.auffusion.windows import windows


@pytest.mark.parametrize("total", [7, 16, 17, 24, 40, 41, 100])
def test_windows_cover_everything_and_share_a_quarter(total: int) -> None:
    found = windows(total, 16)
    assert found.starts[0] == 0
    assert found.starts[-1] + found.width == total
    steps = [after - before for before, after in zip(found.starts, found.starts[1:], strict=False)]
    assert all(0 < step <= 12 for step in steps)


def test_what_fits_into_one_window_is_not_touched() -> None:
    whole = torch.randn(2, 3, 16)
    found = windows(16, 16)
    assert found.split(whole) is whole
    assert found.merge(whole) is whole


@pytest.mark.parametrize("factor", [1, 8])
def test_merging_undoes_splitting(factor: int) -> None:
    found = windows(37, 16).times(factor)
    whole = torch.randn(2, 3, 37 * factor)
    pieces = found.split(whole)
    assert pieces.shape == (2 * len(found.starts), 3, 16 * factor)
    assert torch.allclose(found.merge(pieces), whole, atol=1e-6)


def test_pieces_of_one_clip_stand_together() -> None:
    whole = torch.stack([torch.zeros(1, 40), torch.ones(1, 40)])
    assert windows(40, 16).split(whole).mean((1, 2)).tolist() == [0, 0, 0, 1, 1, 1]


def test_overlapping_pieces_are_cross_faded_without_a_step() -> None:
    found = windows(28, 16)
    merged = found.merge(torch.stack([torch.zeros(1, 16), torch.ones(1, 16)]))[0, 0]
    assert merged[:12].tolist() == [0] * 12
    assert merged[16:].tolist() == [1] * 12
    rises = merged[11:17].diff()
    assert (rises > 0.05).all()
    assert (rises < 0.35).all()
