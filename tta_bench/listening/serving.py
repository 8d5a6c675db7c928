"""From the folder of a kit to a process that serves it. All that can be wrong is found before anyone connects."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from tta_bench.listening import site
from tta_bench.listening.admission import Kit
from tta_bench.listening.database import Database
from tta_bench.listening.kit import key_folder, read_config, read_key
from tta_bench.listening.limits import Buckets, Leases, Rate
from tta_bench.listening.server import Service, application
from tta_bench.types import UserError

OPENING_SECONDS: Final = 60
"""What an address may use up at once: so many seconds' worth of requests. Raters of one laboratory share an address."""
BY_SESSION: Final = Rate(5.0, 60)
"""A rater gives an answer in some seconds; more only after a pause without network."""
CONNECTIONS: Final = 1000
LAST_SECONDS: Final = 10
"""For requests that run when the server is told to end."""


@dataclass(frozen=True)
class Settings:
    """How a kit is served."""

    host: str
    port: int
    origins: tuple[str, ...]
    """Further addresses of the page, as a proxy shows it."""
    frames: tuple[str, ...]
    """Sites that may show the page in a frame."""
    lease: float
    """Seconds of silence after which a list is handed out again."""
    most_sessions: int
    per_address: float
    """Requests a second."""


def listener(settings: Settings) -> socket.socket:
    """A socket that listens. Raises UserError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise UserError(
            f"Cannot listen at {settings.host}, port {settings.port}: {error.strerror}. Give another --port or --host."
        ) from error


def addresses(settings: Settings, listening: socket.socket) -> list[str]:
    """Origins under which this machine sees the page, the one to be told first."""
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [f"http://{name}" if port == 80 else f"http://{name}:{port}" for name in (host, "localhost")]


def service(kit: Path, key: Path | None, database: Path, settings: Settings, *, here: Sequence[str]) -> Service:
    """What the server works with. Raises UserError for a kit that is not whole, or was not built for a server; for the
    key of another kit; for a database with answers to another one."""
    site.check_origins("--origin", settings.origins)
    site.check_origins("--frame", settings.frames)
    config = read_config(kit)
    if not config["server"]:
        raise UserError(f"The page of {kit} sends no answers. Build it with `listen build --server`.")
    private = read_key(key or key_folder(kit.absolute()))
    if private["digest"] != config["digest"]:
        raise UserError(f"The key in {key or key_folder(kit)} is of another kit. Give the right --key.")
    return Service(
        kit=Kit(config),
        files=site.files(kit, config),
        completion=private["completion"],
        database=Database(database, config["test"], config["digest"]),
        leases=Leases(settings.lease),
        by_address=Buckets(Rate(settings.per_address, int(settings.per_address * OPENING_SECONDS) + 1)),
        by_session=Buckets(BY_SESSION),
        origins=frozenset([*here, *settings.origins]),
        most_sessions=settings.most_sessions,
    )


def run(found: Service, settings: Settings, listening: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM; what is being stored then is stored and answered."""
    config = uvicorn.Config(
        application(found, site.security(settings.frames)),
        access_log=False,  # it would hold the addresses of raters
        log_config=None,
        server_header=False,
        forwarded_allow_ips="127.0.0.1,::1",
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=LAST_SECONDS,
        ws="none",
        http="h11",
        loop="asyncio",
    )
    uvicorn.Server(config).run(sockets=[listening])
