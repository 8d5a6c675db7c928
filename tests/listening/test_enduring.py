"""The collection server through crashes, full disks and clocks that jump: what was acknowledged is there, once."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.listening.served import CODE, ROOT, Rater, Server, build, running
from tta_bench.listening.database import server_events
from tta_bench.listening.events import Event

JUMPING = """
import itertools, runpy, sys, time
true, calls = time.time, itertools.count()
# Days ahead and back, at every look.
time.time = lambda: max(0.0, true() + (-1) ** next(calls) * 86_400 * 400)
sys.argv = sys.argv[1:]
sys.path.insert(0, ".")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("endured"), trials=6)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def again(rater: Rater, server: Server) -> None:
    """The page finds the server under its new address."""
    rater.client.base_url = httpx.URL(server.url)


def by_seq(path: Path) -> Iterator[Event]:
    yield from sorted(server_events(path), key=lambda event: event["seq"])


@pytest.mark.long
def test_a_server_that_is_killed_after_every_answer_keeps_each_once(kit: Path, answers: Path) -> None:
    rater: Rater | None = None
    sent: list[Event] = []
    while rater is None or len(sent) < len(rater.whole()):
        with running(kit, answers) as server:
            if rater is None:
                rater = Rater(server.url, kit)
            again(rater, server)
            assert rater.state()["events"] == sent
            sent.append(rater.whole()[len(sent)])
            # Whoever did not hear the answer to the last request sends it once more.
            assert rater.send(*sent[-2:]).status_code == 200
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        assert list(by_seq(answers)) == sent
    with running(kit, answers) as server:
        again(rater, server)
        assert rater.finish().json() == CODE


def test_a_server_that_is_killed_amid_requests_has_all_that_it_acknowledged(kit: Path, answers: Path) -> None:
    acknowledged: list[Event] = []
    with running(kit, answers) as server:
        raters = [Rater(server.url, kit) for _ in range(8)]
        killer = threading.Timer(0.4, server.process.kill)

        def visit(rater: Rater) -> None:
            seq = 1
            while True:
                event = rater.answer(seq, rater.trials[seq % 6], 1 + seq % 100)
                try:
                    reply = rater.send(event)
                except httpx.TransportError:
                    return
                if reply.status_code == 200:
                    acknowledged.append(event)
                    seq += 1

        threads = [threading.Thread(target=visit, args=(rater,)) for rater in raters]
        killer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.process.wait()
    stored = {(event["session"], event["seq"]): event for event in server_events(answers)}
    assert len(acknowledged) > 8
    assert all(stored[event["session"], event["seq"]] == event for event in acknowledged)
    assert len(stored) <= len(acknowledged) + len(raters)  # at most one was stored by each and not answered any more


def test_a_full_disk_is_told_and_nothing_is_acknowledged_that_is_not_stored(kit: Path, answers: Path) -> None:
    """A limit on the size of files stands for the disk: writes beyond it fail, as they do where there is no room."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    acknowledged: list[Event] = []
    with running(kit, answers, before=little_room) as server:
        rater = Rater(server.url, kit)
        for seq in range(1, 200):
            event = rater.answer(seq, rater.trials[0])
            reply = rater.send(event)
            if reply.status_code != 200:
                break
            acknowledged.append(event)
        assert reply.status_code == 507
        assert reply.headers["retry-after"]
        assert rater.state()["events"] == acknowledged
    with running(kit, answers) as server:  # room was made
        again(rater, server)
        assert rater.state()["events"] == acknowledged
        assert rater.send(event).status_code == 200


def test_a_clock_that_jumps_changes_nothing(kit: Path, answers: Path, tmp_path: Path) -> None:
    program = tmp_path / "jumping.py"
    program.write_text(JUMPING)
    with running(kit, answers, program=(str(program), str(ROOT / "benchmark.py"))) as server:
        raters = [Rater(server.url, kit) for _ in range(4)]
        assert [rater.list for rater in raters] == [0, 1, 0, 1]  # no lease ran out
        for rater in raters:
            for event in rater.whole():
                # So does the clock of the listener's device.
                assert rater.send(event | {"time": 10**12 * (event["seq"] % 2)}).status_code == 200
            assert rater.finish().json() == CODE
    assert len(list(server_events(answers))) == 4 * len(raters[0].whole())


def test_a_server_that_is_told_to_end_ends_well(kit: Path, answers: Path) -> None:
    with running(kit, answers) as server:
        rater = Rater(server.url, kit)
        assert rater.send(rater.whole()[0]).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
    assert [path.name for path in sorted(answers.parent.glob("answers.sqlite*"))] == ["answers.sqlite"]
