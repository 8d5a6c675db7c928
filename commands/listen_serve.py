"""`benchmark.py listen serve` and `erase`: answers are collected as they are given, and forgotten on demand."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.listen import app
from commands.options import refusing

DatabaseOption = Annotated[
    Path, typer.Option("--database", metavar="FILE", help="SQLite file with all answers; one for each kit.")
]


@app.command("serve")
def serve(
    kit: Annotated[Path, typer.Argument(metavar="KIT", help="Folder of `listen build --server`.")],
    database: DatabaseOption,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="DIR", help="Its private folder; default KIT.key beside it.")
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="0: any that is free.")] = 8000,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="URL", help="Address under which raters see the page, behind a proxy."),
    ] = None,
    frame: Annotated[
        list[str] | None,
        typer.Option("--frame", metavar="URL", help="Site that may show the page in a frame, as MTurk does."),
    ] = None,
    lease: Annotated[
        float, typer.Option("--lease", min=1, metavar="MINUTES", help="Silence after which a list is given anew.")
    ] = 60.0,
    most_sessions: Annotated[int, typer.Option("--most-sessions", min=1, metavar="N", help="Then no more.")] = 2000,
    per_address: Annotated[
        float, typer.Option("--per-address", min=0.1, metavar="N", help="Requests a second from one address.")
    ] = 20.0,
) -> None:
    """Serve a kit and keep every answer the moment it is given. Ctrl-C or SIGTERM ends it; start again to go on.

    Example: python benchmark.py listen serve kit --database answers.sqlite --origin https://study.example.org
    """
    from tta_bench.listening import serving

    settings = serving.Settings(
        host=host,
        port=port,
        origins=tuple(origin or ()),
        frames=tuple(frame or ()),
        lease=lease * 60,
        most_sessions=most_sessions,
        per_address=per_address,
    )
    with refusing():
        listening = serving.listener(settings)
        here = serving.addresses(settings, listening)
        service = serving.service(kit, key, database, settings, here=here)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", force=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as after Ctrl-C: to be ended is no failure
    print(f"{here[0]}/ shows {kit}; answers go to {database}.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        serving.run(service, settings, listening)


@app.command("erase")
def erase(
    database: DatabaseOption,
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="One visit, by its 32 hex digits.")
    ] = None,
    participant: Annotated[
        str | None, typer.Option("--participant", metavar="ID", help="All visits of a person, as the panel names them.")
    ] = None,
) -> None:
    """Erase all that the server stores about a rater; also while it runs. Collected folders and downloads are yours.

    Example: python benchmark.py listen erase --database answers.sqlite --participant 5f8a0c…
    """
    from tta_bench.listening import database as storing
    from tta_bench.types import UserError

    with refusing():
        if (session is None) == (participant is None):
            raise UserError("Say whom to forget: --session ID or --participant ID, one of them.")
        count = storing.erase(database, session=session, participant=participant)
    print(f"{database}: {count} session{'s' if count > 1 else ''} erased.")
