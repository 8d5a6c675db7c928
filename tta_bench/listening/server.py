"""The collection server: hands out the kit, takes in answers, and says yes only to what is on the disk."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tta_bench.listening import admission
from tta_bench.listening.admission import Kit, RefusedError
from tta_bench.listening.database import ConflictError, Database, Session
from tta_bench.listening.limits import Buckets, Leases, side
from tta_bench.listening.site import File

LARGEST_BODY: Final = 65_536
BODY_SECONDS: Final = 20
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """What the server works with."""

    kit: Kit
    files: Mapping[str, File]
    completion: Mapping[str, str | None]
    """`code` and `url` that a rater gets who is done."""
    database: Database
    leases: Leases
    by_address: Buckets
    by_session: Buckets
    origins: frozenset[str]
    """Pages that may send answers."""
    most_sessions: int


def application(service: Service, security: Mapping[str, str]) -> Starlette:
    """The app. Closes the database when it ends."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.database.close()

    def route(path: str, answer: Callable[[Service, Request], Awaitable[Response]], method: str) -> Route:
        return Route(path, partial(answer, service), methods=[method])

    return Starlette(
        routes=[
            route("/api/session", open_session, "POST"),
            route("/api/events", add_events, "POST"),
            route("/api/session/{session}/state", state, "GET"),
            route("/api/finish", finish, "POST"),
            route("/healthz", health, "GET"),
            route("/{name:path}", show_file, "GET"),
        ],
        middleware=[Middleware(WithHeaders, headers=security)],
        exception_handlers={RefusedError: _refused, HTTPException: _no_such, sqlite3.Error: _not_stored},
        lifespan=lifespan,
    )


async def open_session(service: Service, request: Request) -> Response:
    """A session with its secret and the list that was filled least."""
    _check_sender(service, request)
    asked = admission.body(await _body(request), "test", "digest", "participant", "language")
    admission.check_session(asked, service.kit)
    token, name = secrets.token_hex(16), secrets.token_hex(16)
    wanted = Session(name, 0, asked["language"], asked["participant"])
    choose = partial(service.leases.least_filled, len(service.kit.lists))
    opened = await run_in_threadpool(
        service.database.add_session, wanted, token, most=service.most_sessions, choose=choose
    )
    if opened is None:
        raise RefusedError(503, "this test has all the listeners that it can take")
    service.leases.renew(opened.session)
    return JSONResponse({"session": opened.session, "token": token, "list": opened.list}, 201)


async def add_events(service: Service, request: Request) -> Response:
    """The numbers of the events that are on the disk now."""
    _check_sender(service, request)
    session = await _session(service, request)
    content = admission.body(await _body(request), "events")
    events = admission.check_events(content["events"], session, service.kit)
    most = service.kit.most_events(session.list)
    try:
        await run_in_threadpool(service.database.add_events, session.session, events, most=most)
    except ConflictError as error:
        raise RefusedError(409, str(error)) from error
    return JSONResponse({"stored": [event["seq"] for event in events]})


async def state(service: Service, request: Request) -> Response:
    """What is stored of a session, for a page that goes on after a pause."""
    _check_address(service, request)
    session = await _session(service, request)
    if request.path_params["session"] != session.session:
        raise RefusedError(403, "the token is of another session")
    events = await run_in_threadpool(service.database.events, session.session)
    answered = dict.fromkeys(event["trial"] for event in events if event["type"] == "answer")
    number = max((event["seq"] for event in events), default=-1) + 1
    return JSONResponse({"next": number, "answered": list(answered), "events": events})


async def finish(service: Service, request: Request) -> Response:
    """The completion code, once every event and an answer to every trial is stored."""
    _check_sender(service, request)
    session = await _session(service, request)
    admission.body(await _body(request))
    events = await run_in_threadpool(service.database.events, session.session)
    if lacking := admission.missing(events, session, service.kit):
        raise RefusedError(409, "not all answers have arrived", missing=lacking)
    await run_in_threadpool(service.database.finish, session.session)
    return JSONResponse(dict(service.completion))


async def health(service: Service, _: Request) -> Response:
    """Whether the server and its database answer."""
    await run_in_threadpool(service.database.check)
    return JSONResponse({"ok": True})


async def show_file(service: Service, request: Request) -> Response:
    """A file of the kit, whole or in part."""
    file = service.files.get(request.path_params["name"])
    if file is None:
        raise RefusedError(404, "there is no such page")
    return FileResponse(file.path, headers=file.headers, media_type=file.type)


def _check_address(service: Service, request: Request) -> None:
    wait = service.by_address.take(side(request.client.host if request.client else ""))
    if wait:
        raise RefusedError(429, "too many requests from one address", retry=wait)


def _check_sender(service: Service, request: Request) -> None:
    _check_address(service, request)
    origin = request.headers.get("origin")
    if origin is not None and origin not in service.origins:
        raise RefusedError(403, f"pages of {origin[:100]!r} may not send answers; if they shall, serve with --origin")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "the body is to be application/json")


async def _session(service: Service, request: Request) -> Session:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = await run_in_threadpool(service.database.session_of, token) if scheme.lower() == "bearer" else None
    if found is None:
        raise RefusedError(401, "no session has this token")
    if wait := service.by_session.take(found.session):
        raise RefusedError(429, "too many requests of one session", retry=wait)
    service.leases.renew(found.session)
    return found


async def _body(request: Request) -> bytes:
    data = b""
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > LARGEST_BODY:
                    raise RefusedError(413, f"a body has at most {LARGEST_BODY} bytes")
    except TimeoutError as error:
        raise RefusedError(408, f"the body took longer than {BODY_SECONDS} seconds") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "the body was cut short") from error
    return data


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # by the table of handlers
    retry = error.content.get("retry")
    headers = {"Retry-After": str(int(retry) + 1)} if isinstance(retry, float) else {}
    return _logged(request, error.status, error.content, headers)


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # by the table of handlers
    return _logged(request, error.status_code, {"error": error.detail}, error.headers or {})


async def _not_stored(request: Request, error: Exception) -> Response:
    name = getattr(error, "sqlite_errorname", None) or ""
    full = name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR")
    log.error("the database does not take answers: %s (%s)", error, name)
    return _logged(request, 507 if full else 503, {"error": "cannot be stored now; try again"}, {"Retry-After": "5"})


def _logged(request: Request, status: int, content: object, headers: Mapping[str, str]) -> Response:
    """The answer to a request that changed nothing. Neither address, nor token, nor body go to the log."""
    reason = content.get("error") if isinstance(content, dict) else None
    log.warning("refused: %d %s %r: %s", status, request.method, request.url.path[:100], reason)
    return JSONResponse(content, status, headers)


class WithHeaders:
    """Adds headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    held[name] = value
                if scope["path"].startswith("/api/"):
                    held["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, sending)
