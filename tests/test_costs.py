"""What clips cost is measured from outside: the model counts nothing."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tta_bench import costs
from tta_bench.costs import Cost, Meter
from tta_bench.store import Store
from tta_bench.types import ModelCard

CARD = ModelCard("toy", "one", "0" * 64, {}, ("nothing",), "MIT", "")


class Denoiser(nn.Module):
    """With a network inside, and a result in a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4, bias=False)

    def forward(self, *, noised: Tensor) -> tuple[Tensor]:
        return (self.inner(self.inner(noised)),)


def cost(machine: str = "a", clips: int = 4, seconds: float = 2.0) -> Cost:
    return Cost(machine, clips, seconds, 5.0 * clips, 40 * clips, 1000, 2**30)


def test_networks_are_counted_by_rows_and_what_they_call_is_not() -> None:
    denoiser, decoder, meter = Denoiser(), nn.Linear(4, 2, bias=False), Meter("cpu")
    with meter.running(), torch.inference_mode():
        latents = torch.zeros(3, 4)
        for _ in range(5):
            (both,) = denoiser(noised=torch.cat([latents, latents]))
            latents = both[:3]
        decoder(latents)
    found = meter.cost("here", 3, 2.5)
    assert (found.evaluations, found.nfe) == (30, 10.0)
    assert found.parameters == 16 + 8
    assert found.audio_seconds == 7.5
    assert 0 < found.seconds < 60
    assert found.rtf == found.seconds / 7.5
    assert found.peak_bytes > 2**20


def test_nothing_is_watched_any_more_after_it_and_what_fails_is_not_counted() -> None:
    denoiser, meter = Denoiser(), Meter("cpu")
    with pytest.raises(RuntimeError), meter.running():
        denoiser(noised=torch.zeros(1, 5))
    denoiser(noised=torch.zeros(1, 4))
    assert meter.cost("here", 1, 1.0).evaluations == 0
    with meter.running():
        denoiser(noised=torch.zeros(2, 4))
    assert meter.cost("here", 1, 1.0).evaluations == 2


def test_costs_add_up_by_machine_and_last(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert costs.noted(store, CARD) == []
    for one in (cost("a"), cost("b"), cost("a", clips=6, seconds=3.0)):
        costs.note(store, CARD, one)
    assert costs.noted(Store(tmp_path), CARD) == [cost("a", clips=10, seconds=5.0), cost("b")]


def test_the_table_has_what_a_paper_asks_for_and_a_dash_where_nothing_was_seen() -> None:
    unseen = Cost("outside", 1, 10.0, 5.0, 0, 0, 0)
    [known, unknown] = costs.table({"toy": [cost()], "child": [unseen]})
    assert dict(zip(costs.COLUMNS, known, strict=True)) == {
        "model": "toy",
        "clips": "4",
        "parameters": "0.0 M",
        "NFE": "40",
        "RTF": "0.1",
        "peak memory": "1.0 GiB",
        "made on": "a",
    }
    assert unknown[2:6] == ["-", "-", "2", "-"]


def test_a_machine_is_named_with_its_batches() -> None:
    assert costs.machine("cpu", 8).endswith("batches of 8")
