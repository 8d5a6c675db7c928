"""The database of a collection server: an answer that was acknowledged is in it exactly once, whatever happens then."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, final

from tta_bench.listening.events import Event, canonical, parse
from tta_bench.types import UserError

APPLICATION: Final = 0x74746162
"""`ttab`, by which the file is known for what it is."""
Run = Callable[..., sqlite3.Cursor]
"""Executes SQL within a transaction."""
PATIENCE: Final = 5.0
"""Seconds to wait for another process that writes."""
SCHEMA: Final = """
CREATE TABLE kit (
    test TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
    session TEXT PRIMARY KEY CHECK (length(session) = 32 AND session NOT GLOB '*[^0-9a-f]*'),
    token_sha256 TEXT NOT NULL UNIQUE CHECK (length(token_sha256) = 64),
    list INTEGER NOT NULL CHECK (list >= 0),
    language TEXT NOT NULL,
    participant TEXT NOT NULL CHECK (json_type(participant) = 'object'),
    finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1))
) STRICT;
CREATE TABLE events (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    event TEXT NOT NULL UNIQUE CHECK (length(event) = 32 AND event NOT GLOB '*[^0-9a-f]*'),
    content TEXT NOT NULL CHECK (json_type(content) = 'object'),
    PRIMARY KEY (session, seq)
) STRICT;
"""


class ConflictError(Exception):
    """What is stored already does not allow an event."""


class Place(NamedTuple):
    """A session, as far as the filling of lists goes."""

    session: str
    list: int
    finished: bool


@dataclass(frozen=True)
class Session:
    """One visit of a rater."""

    session: str
    list: int
    language: str
    participant: Mapping[str, str]
    finished: bool = False


@final
class Database:
    """An open database of one kit. Methods may be called from any thread; each is one transaction."""

    def __init__(self, path: Path, test: str, digest: str) -> None:
        """Opens, or makes. Raises UserError if the file holds anything but answers to this very kit."""
        self._lock = threading.Lock()
        with _explained(path):
            self._connection = _connect(path, "rwc")
            with self._transaction() as run:
                found = _prepared(run, path, test, digest)
            for pragma in ("journal_mode = WAL", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
        if found != (test, digest):
            self._connection.close()
            raise UserError(
                f"{path} holds answers to test {found[0]}, kit {found[1][:12]}, not to test {test}, kit {digest[:12]}. "
                "Every built kit has a database of its own: give another --database."
            )

    def add_session(
        self, session: Session, token: str, *, most: int, choose: Callable[[Sequence[Place]], int]
    ) -> Session | None:
        """The session with the list that `choose` found for it; None if there are `most` already."""
        with self._transaction() as run:
            rows = run("SELECT session, list, finished FROM sessions").fetchall()
            if len(rows) >= most:
                return None
            chosen = choose([Place(name, number, bool(done)) for name, number, done in rows])
            values = (session.session, _hashed(token), chosen, session.language, canonical(dict(session.participant)))
            insert = "INSERT INTO sessions (session, token_sha256, list, language, participant) VALUES (?, ?, ?, ?, ?)"
            run(insert, values)
        return Session(session.session, chosen, session.language, session.participant)

    def session_of(self, token: str) -> Session | None:
        """The session that a token opens."""
        select = "SELECT session, list, language, participant, finished FROM sessions WHERE token_sha256 = ?"
        with self._lock:
            row = self._connection.execute(select, (_hashed(token),)).fetchone()
        return Session(row[0], row[1], row[2], json.loads(row[3]), finished=bool(row[4])) if row else None

    def add_events(self, session: str, events: Sequence[Event], *, most: int) -> None:
        """Stores all, or none; one that is there already stays as it is. Raises ConflictError for other content at a
        number that is taken, for more than `most` events, and for anything new after the end."""
        with self._transaction() as run:
            state = run("SELECT finished FROM sessions WHERE session = ?", (session,)).fetchone()
            if state is None:
                raise ConflictError("the session was erased")
            for event in events:
                _add(run, event, finished=bool(state[0]))
            if run("SELECT count(*) FROM events WHERE session = ?", (session,)).fetchone()[0] > most:
                raise ConflictError(f"a session has at most {most} events")

    def events(self, session: str) -> list[Event]:
        """What is stored of a session, by seq."""
        select = "SELECT content FROM events WHERE session = ? ORDER BY seq"
        with self._lock:
            return [parse(content) for (content,) in self._connection.execute(select, (session,))]

    def finish(self, session: str) -> None:
        """Marks a session as done: its list counts as filled for ever, and it takes nothing more."""
        with self._transaction() as run:
            run("UPDATE sessions SET finished = 1 WHERE session = ?", (session,))

    def check(self) -> None:
        """Raises sqlite3.Error if the database cannot be read."""
        with self._lock:
            self._connection.execute("SELECT test FROM kit").fetchone()

    def close(self) -> None:
        """Leaves one whole file."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Run]:
        with self._lock, _transaction(self._connection) as run:
            yield run


def server_events(path: Path) -> Iterator[Event]:
    """All events of a database, by session and seq; also while the server runs.

    Raises sqlite3.Error or ValueError for a file that is none.
    """
    with contextlib.closing(_connect(path, "rw")) as connection:
        if not _ours(connection.execute):
            raise ValueError(f"{path.name} was not written by `listen serve`")
        for (content,) in connection.execute("SELECT content FROM events ORDER BY session, seq"):
            yield parse(content)


def erase(path: Path, *, session: str | None = None, participant: str | None = None) -> int:
    """Number of sessions removed with all their events: the one of an id, or all of a participant. The bytes are
    overwritten, not only given up. Raises UserError if there is none, or the file is no database."""
    if not path.is_file():
        raise UserError(f"{path} does not exist. Give the --database of `listen serve`.")
    of_participant = "SELECT session FROM sessions, json_each(participant) AS one WHERE one.value = ?"
    with _explained(path), contextlib.closing(_connect(path, "rw")) as connection:
        with _transaction(connection) as run:
            _check_ours(run, path)
            delete = f"DELETE FROM sessions WHERE session = ? OR session IN ({of_participant})"
            count = run(delete, (session, participant)).rowcount
        # What was deleted still stands in the log until the log is emptied.
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if not count:
        raise UserError(f"{path} has no session of {session or participant}. Nothing was erased.")
    if busy:
        raise UserError(f"{count} sessions are erased, but the log of {path} is in use. Run the command again.")
    return count


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, PATIENCE, uri=True, isolation_level=None, check_same_thread=False)
    for pragma in ("foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[Run]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection.execute
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:  # SQLite ends some by itself, as on a full disk
            connection.execute("ROLLBACK")


def _prepared(run: Run, path: Path, test: str, digest: str) -> tuple[Any, ...]:
    """Test and digest that a database belongs to; an empty one is made to belong to these."""
    if run("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        for statement in (*SCHEMA.split(";\n")[:-1], f"PRAGMA application_id = {APPLICATION}"):
            run(statement)
        run("INSERT INTO kit VALUES (?, ?)", (test, digest))
    _check_ours(run, path)
    found: tuple[Any, ...] = run("SELECT test, digest FROM kit").fetchone()
    return found


def _ours(run: Run) -> bool:
    return bool(run("PRAGMA application_id").fetchone() == (APPLICATION,))


def _check_ours(run: Run, path: Path) -> None:
    if not _ours(run):
        raise UserError(f"{path} is a database of something else. Give one of `listen serve`, or a new name.")


def _add(run: Run, event: Event, *, finished: bool) -> None:
    place, content = (event["session"], event["seq"]), canonical(event)
    stored = run("SELECT content FROM events WHERE session = ? AND seq = ?", place).fetchone()
    if stored == (content,):
        return
    if stored is not None:
        raise ConflictError(f"seq {event['seq']} holds another event")
    if finished:
        raise ConflictError("the session is finished")
    try:
        run("INSERT INTO events (session, seq, event, content) VALUES (?, ?, ?, ?)", (*place, event["event"], content))
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"seq {event['seq']} has the id of another event") from error


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UserError(f"Cannot use {path} as a database: {error}. Give another --database.") from error
