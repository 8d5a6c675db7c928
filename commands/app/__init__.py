"""`benchmark.py app RUN`: the leaderboard of a run, and models to try, in the browser of this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from commands.options import DeviceOption, DtypeOption, WeightsOption, refusing

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of results, such as reports/pocket.")]


def app(
    run: RunArgument,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Of this machine; 0 is any free one.")
    ] = 8321,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where what is made goes, each clip with its record.")
    ] = Path("runs/app"),
    weights_dir: WeightsOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Show a run's leaderboard in the browser, and try models: type a prompt, listen, edit. For this machine only.

    Example: python benchmark.py app reports/pocket --open
    """
    from tta_bench.arguments import choose_device, choose_dtype

    with refusing():
        check_installed()
        choose_device(device), choose_dtype(dtype)
        from commands.app import server
        from commands.app.run import read_run
        from commands.app.studio import Studio

        found = read_run(run)
        studio = Studio(out.absolute(), weights_dir=weights_dir, device=device, dtype=dtype)
        listening = server.bind(port)
    address = f"http://{server.HOST}:{listening.getsockname()[1]}/"
    print(f"{address} (Ctrl-C ends it)", flush=True)
    if show:
        typer.launch(address)
    server.serve(studio, found, listening)


def check_installed() -> None:
    """Raises UserError where the library that the app is made with is not here."""
    from tta_bench.types import UserError

    if importlib.util.find_spec("nicegui") is None:
        raise UserError(
            "The app needs NiceGUI, which is not installed. Install it with: pip install 'tta_bench[app]', or pip "
            "install nicegui; `make setup` has it."
        )
