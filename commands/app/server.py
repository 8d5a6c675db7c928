"""The app as a server that only this machine reaches, and only its own page asks."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import FrameType
from typing import Any, final

import uvicorn
from fastapi import FastAPI, Response
from nicegui import app as library
from nicegui import ui
from starlette.staticfiles import StaticFiles

from commands.app import shell
from commands.app.run import CLIPS, Run
from commands.app.stage import MADE
from commands.app.studio import Studio
from tta_bench.types import UserError

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds for which a page may be silent: networks leave little time for it."""
FAREWELL = 2
"""Seconds that open pages have to close their connections."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""The page asks nobody but this server. What is inline, the library brings; texts of others are never markup."""
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@final
class Guard:
    """Answers requests to this machine's own names that come from its own pages, and refuses all others.

    Any page in the browser can send requests to this machine, by its address or by a name of its own that points here.
    """

    def __init__(self, app: Any, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = {host.encode() for host in hosts}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"host") in self._hosts and headers.get(b"origin") in {None, *self._origins}:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            await Response("Not from here.", 403)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            more = {b"content-security-policy": POLICY.encode(), b"x-content-type-options": b"nosniff"}
            message["headers"] = [*message["headers"], *((n, v) for n, v in more.items() if n not in there)]
        await send(message)

    return sending


def bind(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 is any free one. Raises UserError if it is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise UserError(f"--port is {port}, which cannot be had ({error.strerror}). Take another; 0 is any.") from error
    return listening


def serve(studio: Studio, run: Run, listening: socket.socket) -> None:
    """Serves the page until somebody ends it (Ctrl-C); a job that is being done is stopped."""
    port = listening.getsockname()[1]
    app = make_app(studio, run)
    guarded = Guard(app, [f"{name}:{port}" for name in (HOST, "localhost")])
    config = uvicorn.Config(guarded, log_level="warning", timeout_graceful_shutdown=FAREWELL)
    Server(config, studio).run(sockets=[listening])


class Server(uvicorn.Server):
    """Stops the job when it is told to end: it would else wait for it."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn."""
        self._studio.desk.stop()
        super().handle_exit(sig, frame)


def make_app(studio: Studio, run: Run) -> FastAPI:
    """The routes: the page, the run's leaderboard and clips, and what is made."""
    app = FastAPI(openapi_url=None)
    studio.out.mkdir(parents=True, exist_ok=True)
    app.mount(MADE, StaticFiles(directory=studio.out))
    leaderboard = f"sandbox {shell.SANDBOX}; frame-ancestors 'self'"

    @app.get(shell.LEADERBOARD)
    def page() -> Response:
        return Response(run.page, media_type="text/html", headers={"Content-Security-Policy": leaderboard})

    if (run.folder / CLIPS).is_dir():
        app.mount(f"/run/{CLIPS}", StaticFiles(directory=run.folder / CLIPS))

    @ui.page("/")
    def root(tab: str = "") -> None:
        shell.show(studio, run, tab)

    # Its bar for each request has no name that a screen reader could say.
    library.config.quasar_config["loadingBar"]["skipHijack"] = True
    ui.run_with(
        app,
        title=f"{run.board} – tta_bench",
        favicon="🔊",
        dark=None,
        language="en-US",
        reconnect_timeout=PATIENCE,
        tailwind=False,
        show_welcome_message=False,
    )
    return app
