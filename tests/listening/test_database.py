"""What was stored stays, once, and what is erased is gone."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.listening.simulated import hexed
from tta_bench.listening import database
from tta_bench.listening.database import ConflictError, Database, Place, Session, server_events
from tta_bench.listening.events import Event
from tta_bench.types import UserError

KIT = hexed("kit", digits=64)


def first(places: Sequence[Place]) -> int:
    return len(places)


def event(session: str, seq: int, **payload: object) -> Event:
    place = {"event": hexed(session, seq), "session": session, "seq": seq, "time": 5}
    return place | {"type": "questionnaire", "trial": None, "payload": {"answers": payload}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Database]:
    """An open database."""
    store = opened(path)
    yield store
    store.close()


def opened(path: Path) -> Database:
    return Database(path, "test", KIT)


def visit(store: Database, name: str, *, who: str = "", most: int = 99) -> str:
    """Session of a rater."""
    session = Session(hexed(name), 0, "en", {"PROLIFIC_PID": who} if who else {})
    added = store.add_session(session, f"token of {name}", most=most, choose=first)
    assert added
    return added.session


def test_an_event_that_is_sent_twice_is_there_once(path: Path, store: Database) -> None:
    one = visit(store, "one")
    store.add_events(one, [event(one, 0), event(one, 1, note="é \n")], most=9)
    store.add_events(one, [event(one, 1, note="é \n"), event(one, 2)], most=9)
    assert list(server_events(path)) == [event(one, 0), event(one, 1, note="é \n"), event(one, 2)]


@pytest.mark.parametrize("bad", [{"payload": {"answers": {"a": 1}}}, {"event": hexed("other")}, {"time": 6}])
def test_another_event_at_the_same_number_is_refused_with_all_that_came_along(
    store: Database, bad: dict[str, object]
) -> None:
    one = visit(store, "one")
    store.add_events(one, [event(one, 0)], most=9)
    with pytest.raises(ConflictError, match="seq 0 holds another"):
        store.add_events(one, [event(one, 1), event(one, 0) | bad], most=9)
    assert store.events(one) == [event(one, 0)]


def test_the_id_of_an_event_is_its_own_in_all_sessions(store: Database) -> None:
    one, two = visit(store, "one"), visit(store, "two")
    store.add_events(one, [event(one, 0)], most=9)
    with pytest.raises(ConflictError, match="id of another"):
        store.add_events(two, [event(two, 0) | {"event": event(one, 0)["event"]}], most=9)


def test_a_session_takes_no_more_than_its_most_and_nothing_new_after_its_end(store: Database) -> None:
    one = visit(store, "one")
    store.add_events(one, [event(one, 0), event(one, 1)], most=2)
    with pytest.raises(ConflictError, match="at most 2"):
        store.add_events(one, [event(one, 2)], most=2)
    store.finish(one)
    store.add_events(one, [event(one, 1)], most=9)
    with pytest.raises(ConflictError, match="finished"):
        store.add_events(one, [event(one, 2)], most=9)


def test_a_token_opens_its_session_and_is_nowhere_in_the_file(path: Path) -> None:
    store = opened(path)
    one = visit(store, "one", who="panelist-7")
    found = store.session_of("token of one")
    assert found == Session(one, 0, "en", {"PROLIFIC_PID": "panelist-7"})
    assert store.session_of("token of two") is None
    store.close()
    assert b"token of one" not in path.read_bytes()


def test_no_more_sessions_are_opened_than_wanted(store: Database) -> None:
    visit(store, "one", most=1)
    assert store.add_session(Session(hexed("two"), 0, "en", {}), "t", most=1, choose=first) is None


def test_the_list_is_chosen_by_all_places_that_are_taken(store: Database) -> None:
    one = visit(store, "one")
    store.finish(one)
    seen: list[Place] = []
    store.add_session(Session(hexed("two"), 0, "en", {}), "t", most=9, choose=lambda places: seen.extend(places) or 1)
    assert seen == [Place(one, 0, finished=True)]


def test_a_database_is_opened_again_with_what_it_holds(path: Path) -> None:
    store = opened(path)
    one = visit(store, "one")
    store.add_events(one, [event(one, 0)], most=9)
    store.close()
    assert opened(path).events(one) == [event(one, 0)]


def test_answers_to_another_kit_are_not_mixed_in(path: Path) -> None:
    opened(path).close()
    with pytest.raises(UserError, match=r"kit ffff.*another --database"):
        Database(path, "test", "f" * 64)


def test_a_file_of_something_else_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(UserError, match="something else"):
        opened(path)
    with pytest.raises(UserError, match="something else"):
        database.erase(path, session=hexed("one"))
    with pytest.raises(ValueError, match="not written by"):
        list(server_events(path))
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_by_name(path: Path) -> None:
    path.write_text("x" * 4096)
    with pytest.raises(UserError, match=r"answers\.sqlite"):
        opened(path)
    with pytest.raises(sqlite3.Error):
        list(server_events(path))


def test_a_folder_that_is_not_there_is_refused_by_name(path: Path) -> None:
    with pytest.raises(UserError, match="Cannot use"):
        opened(path / "no" / "where")


def test_writers_in_many_threads_lose_nothing(path: Path, store: Database) -> None:
    names = [visit(store, f"rater {i}") for i in range(8)]

    def write(name: str) -> None:
        for seq in range(20):
            store.add_events(name, [event(name, seq)], most=99)

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(server_events(path))) == 8 * 20


def test_every_commit_is_forced_to_the_disk(path: Path) -> None:
    run = opened(path)._connection.execute
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    assert {name: run(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted


@pytest.mark.parametrize("change", ["seq = -1", "seq = 'x'", "event = 'x'", "content = '[]'", "session = 'nobody'"])
def test_the_database_itself_refuses_what_cannot_be(store: Database, change: str) -> None:
    one = visit(store, "one")
    store.add_events(one, [event(one, 0)], most=9)
    with pytest.raises(sqlite3.IntegrityError):
        store._connection.execute(f"UPDATE events SET {change}")


@pytest.mark.parametrize("by", ["session", "participant"])
def test_a_rater_is_erased_to_the_last_byte_while_others_stay_and_the_server_runs(
    path: Path, store: Database, by: str
) -> None:
    kept, gone = visit(store, "kept", who="person-a"), visit(store, "gone", who="person-b")
    for name in (kept, gone):
        store.add_events(name, [event(name, 0, note=f"secret of {name}")], most=9)
    count = database.erase(path, **{by: gone if by == "session" else "person-b"})
    assert count == 1
    assert list(server_events(path)) == [event(kept, 0, note=f"secret of {kept}")]
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert gone.encode() not in left
    assert b"person-b" not in left
    assert kept.encode() in left
    with pytest.raises(ConflictError, match="erased"):
        store.add_events(gone, [event(gone, 1)], most=9)


def test_whoever_is_not_there_cannot_be_erased(path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        database.erase(path, participant="nobody")
    opened(path).close()
    with pytest.raises(UserError, match="no session of nobody"):
        database.erase(path, participant="nobody")
