"""What commands share: options that mean the same in each, exit statuses, and how a refusal ends."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

DONE, INCOMPLETE, REFUSED = 0, 1, 2
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
WeightsOption = Annotated[
    Path | None, typer.Option("--weights-dir", metavar="DIR", help="Checkpoints that you brought by hand.")
]
DeviceOption = Annotated[
    str, typer.Option("--device", metavar="NAME", help="cpu, cuda, cuda:1 ...; auto takes a GPU if there is one.")
]
DtypeOption = Annotated[
    str, typer.Option("--dtype", metavar="NAME", help="float32, or bfloat16 (faster, not exact, recorded).")
]
ExecutorOption = Annotated[
    str, typer.Option("--executor", metavar="WHO", help="local, processes:N, ray or ray:N (N workers); docs/scale.md.")
]
AddressOption = Annotated[
    str | None, typer.Option("--address", metavar="HOST:PORT", help="Of a Ray cluster that runs; auto: the one here.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="Of each worker (1), or here (as torch decides).")
]
GpusOption = Annotated[
    float | None,
    typer.Option("--gpus-per-worker", min=0, metavar="N", help="1 with cuda; 0.5: two share one."),
]


@contextlib.contextmanager
def refusing(status: int = REFUSED) -> Iterator[None]:
    """Turns an error that the user can mend into a message and an exit status."""
    from tta_bench.types import UserError

    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(status) from error
