"""One job at a time, counted and stopped from outside."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from commands.app.job import Desk, Job, Stopped, watched
from tta_bench.types import UserError


@pytest.fixture
def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU()))


def test_passes_of_the_network_that_runs_most_are_counted_not_its_layers(network: nn.Module) -> None:
    job = Job("draw", n_steps=4)
    with watched(job):
        nn.Linear(4, 4)(torch.zeros(4))
        for _ in range(3):
            network(torch.zeros(4))
    assert (job.step, job.part) == (3, 0.75)
    network(torch.zeros(4))
    assert job.step == 3


def test_a_network_ends_before_the_next_layer_once_its_job_is_to_stop(network: nn.Module) -> None:
    job, ran = Job("draw"), []
    network[0].register_forward_hook(lambda *_: (ran.append("first"), job.stop())[0])
    network[1].register_forward_hook(lambda *_: ran.append("second"))
    with pytest.raises(Stopped), watched(job):
        network(torch.zeros(4))
    assert ran == ["first"]
    network(torch.zeros(4))
    assert ran == ["first", "first", "second"]


def test_another_job_is_refused_while_one_is_done_and_then_not() -> None:
    desk, begun, end = Desk(), threading.Event(), threading.Event()
    one = threading.Thread(target=lambda: desk.do("one", lambda _: (begun.set(), end.wait())))
    one.start()
    begun.wait()
    with pytest.raises(UserError, match="two has to wait"):
        desk.do("two", lambda job: job.what)
    end.set()
    one.join()
    assert desk.do("two", lambda job: job.what) == "two"
    assert desk.job is None


def test_a_job_that_fails_leaves_the_desk_free() -> None:
    desk = Desk()
    with pytest.raises(Stopped):
        desk.do("one", lambda job: (desk.stop(), job.go_on()))
    assert desk.do("two", lambda job: job.part) is None
