"""The command line `jiexiang`: options in, reports out."""

from __future__ import annotations

from typing import Annotated

import typer

from app import __version__

__all__ = ["main"]

app = typer.Typer(name="jiexiang", no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jiexiang {__version__}")
        raise typer.Exit


@app.callback(help="按街巷划分社区网格。")
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="版本号。")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """Run the command line."""
    app()
