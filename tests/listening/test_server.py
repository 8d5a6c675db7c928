"""The door of the collection server: what is good is stored, all else is refused, logged, and changes nothing."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.listening.served import CODE, Rater, Server, build, running
from tests.listening.simulated import hexed
from tta_bench.listening.database import server_events
from tta_bench.listening.events import Event


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def kit(place: Path) -> Path:
    return build(place)


@pytest.fixture(scope="module")
def server(kit: Path, place: Path) -> Iterator[Server]:
    with running(kit, place / "answers.sqlite", "--origin", "https://study.example.org") as found:
        yield found


@pytest.fixture
def rater(server: Server, kit: Path) -> Rater:
    return Rater(server.url, kit)


def stored(place: Path) -> list[Event]:
    return list(server_events(place / "answers.sqlite"))


@pytest.fixture
def nothing_changes(place: Path, server: Server) -> Iterator[None]:
    """The test sends what is refused: the database stays as it is, and the log grows."""
    before, refused = stored(place), len(server.refusals)
    yield
    assert stored(place) == before
    assert len(server.refusals) > refused


def test_a_visit_is_stored_event_by_event_and_ends_with_the_code(rater: Rater, place: Path) -> None:
    for event in rater.whole():
        reply = rater.send(event)
        assert (reply.status_code, reply.json()) == (200, {"stored": [event["seq"]]})
        assert event in stored(place)
    assert rater.finish().json() == CODE
    assert rater.finish().json() == CODE


def test_a_page_learns_where_it_was(rater: Rater) -> None:
    assert rater.state() == {"next": 0, "answered": [], "events": []}
    events = rater.whole()[:4]
    rater.send(*events)
    assert rater.state() == {"next": 4, "answered": rater.trials[:2], "events": events}


@pytest.mark.parametrize("lost", range(6))
def test_no_code_without_every_event(rater: Rater, lost: int) -> None:
    events = rater.whole()
    rater.send(*events[:lost], *events[lost + 1 :])
    reply = rater.finish()
    assert reply.status_code == 409
    assert reply.json()["missing"]
    rater.send(events[lost])
    assert rater.finish().json() == CODE


def test_a_replay_stores_nothing_new_and_is_acknowledged(rater: Rater, place: Path) -> None:
    events = rater.whole()[:3]
    rater.send(*events)
    before = stored(place)
    assert rater.send(*events).json() == {"stored": [0, 1, 2]}
    assert stored(place) == before


@pytest.mark.usefixtures("nothing_changes")
def test_another_answer_under_an_old_number_is_a_conflict(kit: Path, server: Server) -> None:
    rater = Rater(server.url, kit)
    reply = rater.send(*rater.whole()[:3], rater.answer(2, rater.trials[0], 99))
    assert reply.status_code == 409


def test_lists_are_handed_out_in_turn(kit: Path, tmp_path: Path) -> None:
    with running(kit, tmp_path / "answers.sqlite", "--most-sessions", "4") as server:
        raters = [Rater(server.url, kit) for _ in range(4)]
        assert [rater.list for rater in raters] == [0, 1, 0, 1]
        assert raters[0].post("/api/session", json.dumps(raters[0].asked)).status_code == 503


def test_fifty_raters_at_once_lose_nothing(server: Server, kit: Path, place: Path) -> None:
    raters = [Rater(server.url, kit, who=f"panelist-{i}") for i in range(50)]

    def visit(rater: Rater) -> list[Event]:
        sent = rater.whole()
        for event in sent:
            assert rater.send(event).status_code == 200
        assert rater.finish().json() == CODE
        return sent

    with ThreadPoolExecutor(50) as pool:
        sent = [event for events in pool.map(visit, raters) for event in events]
    ours = {rater.session for rater in raters}
    found = [event for event in stored(place) if event["session"] in ours]
    assert found == sorted(sent, key=lambda event: (event["session"], event["seq"]))


WRONG: dict[str, tuple[int, dict[str, str]]] = {
    "no token": (401, {"authorization": ""}),
    "a forged token": (401, {"authorization": f"Bearer {hexed('forged')}"}),
    "another scheme": (401, {"authorization": "Basic eDp5"}),
    "no type": (415, {"content_type": ""}),
    "the type of a form": (415, {"content_type": "text/plain"}),
    "another page": (403, {"origin": "https://evil.example.org"}),
    "a file's page": (403, {"origin": "null"}),
    "a like name": (403, {"origin": "https://study.example.org.evil.example"}),
}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("what", WRONG)
def test_a_request_is_refused_with(what: str, rater: Rater) -> None:
    status, headers = WRONG[what]
    assert rater.send(*rater.whole(), **headers).status_code == status


@pytest.mark.parametrize("origin", ["https://study.example.org", ""])
def test_the_page_itself_and_its_address_behind_a_proxy_may_send(rater: Rater, origin: str) -> None:
    assert rater.send(rater.whole()[0], origin=origin or str(rater.client.base_url).rstrip("/")).status_code == 200


@pytest.mark.usefixtures("nothing_changes")
def test_nobody_reads_or_writes_the_session_of_another(server: Server, kit: Path, rater: Rater) -> None:
    other = Rater(server.url, kit)
    assert other.send(*rater.whole()).status_code == 422
    reply = other.client.get(f"/api/session/{rater.session}/state", headers={"authorization": f"Bearer {other.token}"})
    assert reply.status_code == 403
    assert other.client.get(f"/api/session/{rater.session}/state").status_code == 401


BODIES: dict[str, tuple[int, bytes]] = {
    "nothing": (400, b""),
    "no JSON": (400, b"{'events': []}"),
    "not a number": (400, b'{"events": [NaN]}'),
    "a number without end": (400, b'{"events": [1e999]}'),
    "a long number": (400, b'{"events": [' + b"9" * 5000 + b"]}"),
    "a key twice": (400, b'{"events": [], "events": []}'),
    "no Unicode": (400, b'{"events": ["\xff"]}'),
    "half a letter": (400, b'{"events": ["\\ud800"]}'),
    "a bottomless list": (400, b"[" * 60_000),
    "a deep list": (422, b'{"events": ' + b"[" * 50 + b"]" * 50 + b"}"),
    "a list": (422, b"[]"),
    "another key": (422, b'{"events": [], "more": 1}'),
    "no events": (422, b'{"events": []}'),
    "a control character": (422, b'{"events": ["a\\u0000b"]}'),
    "an escape": (422, b'{"events": [{"\\u001b[2J": 1}]}'),
    "too much": (413, b'{"events": ["' + b"x" * 70_000 + b'"]}'),
}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("what", BODIES)
def test_a_body_is_refused_that_is(what: str, rater: Rater) -> None:
    status, data = BODIES[what]
    for path in ("/api/events", "/api/session", "/api/finish"):
        assert rater.post(path, data).status_code in (status, 422)
    assert rater.post("/api/events", data).status_code == status


@pytest.mark.usefixtures("nothing_changes")
def test_more_than_fifty_events_at_once_are_refused(rater: Rater) -> None:
    assert rater.send(*[rater.answer(2 + i, rater.trials[0]) for i in range(51)]).status_code == 422


@pytest.mark.usefixtures("nothing_changes")
def test_an_endless_body_is_cut_off(rater: Rater) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(80):
            yield b" " * 1000

    headers = {"authorization": f"Bearer {rater.token}", "content-type": "application/json"}
    assert rater.client.post("/api/events", content=endless(), headers=headers).status_code == 413


def changed(event: Event, path: tuple[str, ...], value: object) -> Event:
    """An event with one value in it replaced."""
    copy = deepcopy(event)
    inner: Any = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("trial",), hexed("foreign", digits=16)),
        (("trial",), "../../etc/passwd"),
        (("trial",), None),
        (("seq",), -1),
        (("seq",), 10**6),
        (("seq",), 2.5),
        (("time",), "now"),
        (("session",), hexed("other")),
        (("event",), "x"),
        (("type",), "drop"),
        (("payload", "ratings"), {hexed("clip", "foreign"): {"OVL": 50}}),
        (("payload", "choice"), "tie"),
        (("payload", "plays"), {hexed("clip", "foreign"): 1}),
        (("payload", "milliseconds"), -5),
    ],
)
def test_a_wrong_value_refuses_all_that_came_with_it(rater: Rater, path: tuple[str, ...], value: object) -> None:
    good = rater.answer(2, rater.trials[0])
    assert rater.send(*rater.whole()[:2], changed(good, path, value)).status_code == 422


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("score", [0, 101, -1, "50", None, True, 1e300])
def test_a_score_off_the_scale_is_refused(rater: Rater, score: Any) -> None:
    assert rater.send(rater.answer(2, rater.trials[0], score)).status_code == 422


@pytest.mark.usefixtures("nothing_changes")
def test_a_trial_of_another_list_is_refused(rater: Rater) -> None:
    foreign = rater.config["lists"][1 - rater.list][0]
    assert rater.send(rater.answer(2, foreign)).status_code == 422


@pytest.mark.usefixtures("nothing_changes")
def test_a_start_that_is_not_as_the_session_was_opened_is_refused(rater: Rater) -> None:
    start = rater.whole()[0]
    for key, value in {"list": 1 - rater.list, "digest": "0" * 64, "participant": {"PROLIFIC_PID": "other"}}.items():
        assert rater.send(changed(start, ("payload", key), value)).status_code == 422


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("answers", [{"age": "19"}, {"name": "x"}, {"note": "x" * 2001}, {"note": "a\x07b"}])
def test_what_was_not_asked_or_offered_is_no_answer(rater: Rater, answers: dict[str, str]) -> None:
    assert rater.send(rater.event(2, "questionnaire", {"answers": answers})).status_code == 422


def test_what_was_asked_is_stored_in_any_script(rater: Rater, place: Path) -> None:
    event = rater.event(2, "questionnaire", {"answers": {"age": "18", "note": "جيد\nsehr schön 👂"}})
    assert rater.send(event).status_code == 200
    assert event in stored(place)


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("test", "0" * 16),
        ("digest", "0" * 64),
        ("language", "xx"),
        ("language", ["en"]),
        ("participant", {"name": "x"}),
        ("participant", {"PROLIFIC_PID": "x" * 101}),
        ("participant", {"PROLIFIC_PID": "<script>"}),
        ("participant", {"PROLIFIC_PID": 7}),
        ("participant", []),
    ],
)
def test_no_session_is_opened_with(rater: Rater, key: str, value: object) -> None:
    assert rater.post("/api/session", json.dumps(rater.asked | {key: value})).status_code in (409, 422)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PLACES = st.sampled_from(
    [("event",), ("session",), ("seq",), ("type",), ("trial",), ("payload",), ("payload", "ratings")]
    + [("payload", key) for key in ("heard", "plays", "failed", "milliseconds", "choice")]
)


def check_fuzzed(server: Server, kit: Path, place: Path, body: Any) -> None:
    """A body is stored whole, event by event as it was sent, or refused."""
    rater = Rater(server.url, kit)
    events = body(rater)
    reply = rater.post("/api/events", events if isinstance(events, bytes) else json.dumps({"events": events}))
    mine = [event for event in stored(place) if event["session"] == rater.session]
    if reply.status_code == 200:
        assert mine == events
    else:
        assert reply.status_code in (400, 409, 413, 422)
        assert mine == []


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300) | JSON.map(lambda value: json.dumps({"events": value}).encode()))
def test_bodies_of_any_kind_change_nothing(server: Server, kit: Path, place: Path, data: bytes) -> None:
    check_fuzzed(server, kit, place, lambda _: data)


@settings(max_examples=60, deadline=None)
@given(path=PLACES, value=JSON)
def test_answers_with_any_value_are_stored_as_sent_or_not_at_all(
    server: Server, kit: Path, place: Path, path: tuple[str, ...], value: object
) -> None:
    check_fuzzed(server, kit, place, lambda rater: [changed(rater.answer(2, rater.trials[0]), path, value)])


def test_a_part_of_a_sound_can_be_asked_for(rater: Rater, kit: Path) -> None:
    name = rater.config["trials"][rater.trials[0]]["stimuli"][0]["audio"]
    whole = (kit / name).read_bytes()
    full = rater.client.get(f"/{name}")
    assert (full.status_code, full.content, full.headers["accept-ranges"]) == (200, whole, "bytes")
    assert full.headers["content-type"] == "audio/wav"
    for asked, start, end in [("0-1", 0, 2), ("100-", 100, len(whole)), ("-10", len(whole) - 10, len(whole))]:
        part = rater.client.get(f"/{name}", headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, whole[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"
    assert rater.client.get(f"/{name}", headers={"range": "bytes=999999-"}).status_code == 416


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    "path",
    [
        *("/../kit.key/key.json", "/%2e%2e/kit.key/key.json", "/audio/../../kit.key/key.json", "/README.md"),
        *("/..%2fkit.key%2fkey.json", "/..%5ckit.key%5ckey.json", "/audio/", "/config.js%00.html", "/answers.sqlite"),
        "//etc/passwd",
    ],
)
def test_nothing_but_the_kit_can_be_seen(server: Server, path: str) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        reply = b"".join(iter(lambda: line.recv(4096), b""))
    assert reply.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("path", ["/", "/config.js", "/nowhere", "/api/session/x/state", "/healthz"])
def test_every_answer_forbids_what_the_page_does_not_need(server: Server, path: str) -> None:
    headers = httpx.get(server.url + path, trust_env=False).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "microphone=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers


def test_a_page_may_be_framed_where_that_was_allowed(kit: Path, tmp_path: Path) -> None:
    with running(kit, tmp_path / "answers.sqlite", "--frame", "https://worker.mturk.com") as server:
        policy = httpx.get(server.url, trust_env=False).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://worker.mturk.com")


def test_the_server_says_that_it_is_well(server: Server) -> None:
    reply = httpx.get(f"{server.url}/healthz", trust_env=False)
    assert (reply.status_code, reply.json()) == (200, {"ok": True})


def test_who_asks_too_often_is_told_to_wait(kit: Path, tmp_path: Path) -> None:
    with running(kit, tmp_path / "answers.sqlite", "--per-address", "0.1") as server:
        rater = Rater(server.url, kit)
        replies = [rater.send(rater.whole()[0]) for _ in range(7)]
        elsewhere = rater.send(rater.whole()[0], x_forwarded_for="192.0.2.7")
    assert [reply.status_code for reply in replies] == [200] * 6 + [429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 10
    assert elsewhere.status_code == 200


def test_one_session_cannot_ask_for_ever(rater: Rater) -> None:
    statuses = {rater.send(rater.whole()[0]).status_code for _ in range(130)}
    assert statuses == {200, 429}


def test_neither_addresses_nor_tokens_are_kept(kit: Path, tmp_path: Path) -> None:
    with running(kit, tmp_path / "answers.sqlite") as server:
        rater = Rater(server.url, kit)
        rater.send(*rater.whole(), x_forwarded_for="192.0.2.77")
        rater.send("wrong", x_forwarded_for="192.0.2.77")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"refused: 422" in kept
    assert b"192.0.2.77" not in kept
    assert b"127.0.0.1" not in kept
    assert rater.token.encode() not in kept
