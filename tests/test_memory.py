"""A batch that does not fit into memory is halved, told and recorded; anything else is no matter of memory."""

import logging
from collections.abc import Sequence

import pytest
import torch

from tta_bench.memory import in_halves
from tta_bench.types import UserError


class Small:
    """Takes so many items at once."""

    def __init__(self, most: int, error: Exception) -> None:
        self.most, self.error, self.sizes = most, error, list[int]()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.sizes.append(len(items))
        if len(items) > self.most:
            raise self.error
        return [10 * item for item in items]


FULL = [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("... can't allocate memory: ...")]


def test_what_fits_is_made_at_once() -> None:
    small = Small(8, MemoryError())
    assert in_halves(small, range(8), "x") == ([0, 10, 20, 30, 40, 50, 60, 70], 8)
    assert small.sizes == [8]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
def test_a_batch_is_halved_until_it_fits_and_keeps_its_order(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        made, size = in_halves(Small(2, error), range(7), "clips of toy")
    assert (made, size) == ([0, 10, 20, 30, 40, 50, 60], 1)
    assert "clips of toy: no memory for a batch of 7; made in batches of 4" in caplog.text


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__)
def test_no_memory_for_one_is_refused_with_the_way_out(error: Exception) -> None:
    with pytest.raises(UserError, match=r"clips of toy: there is no memory for even one.*--device.*goes on from there"):
        in_halves(Small(0, error), range(3), "clips of toy")


def test_a_gpu_that_fails_is_named_and_the_run_can_go_on() -> None:
    error = RuntimeError("CUDA error: an illegal memory access was encountered\nmore")
    with pytest.raises(UserError, match=r"the GPU failed \(CUDA error: an illegal memory access.*--device cpu"):
        in_halves(Small(0, error), range(3), "clips of toy")


def test_another_error_is_not_taken_for_one_of_memory() -> None:
    small = Small(0, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        in_halves(small, range(4), "x")
    assert small.sizes == [4]
