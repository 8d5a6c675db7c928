"""`benchmark.py listen …`: listening tests, from the kit to the table."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Listening tests: build a kit, collect answers, analyse them, plan one.")
