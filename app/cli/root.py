"""The command line before any command: its name, its settings, its start."""

from __future__ import annotations

import io
import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from app import __version__
from app.settings import read_settings

__all__ = ["app", "main"]

LANGUAGES = ("zh", "en")

app = typer.Typer(
    name="jiexiang",
    help="街巷：按街巷划分社区网格。Divide communities into grids by streets and lanes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jiexiang {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    language: Annotated[
        str, typer.Option("--lang", metavar="zh|en", help="报告用中文或英文 language of reports")
    ] = "zh",
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="版本号 version")
    ] = False,
) -> None:
    """Take the options that stand before any command and read the settings, once."""
    if language not in LANGUAGES:
        raise typer.BadParameter("zh | en", param_hint="--lang")
    try:
        context.obj = read_settings(
            os.environ,
            results_to_terminal=sys.stdout.isatty(),
            progress_to_terminal=sys.stderr.isatty(),
            language=language,
        )
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a GBK terminal lacks some signs; that is no reason to fail
    for ending in (signal.SIGTERM, signal.SIGHUP):  # a closed window or a stopped service cleans up as Ctrl-C does
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _interrupt)
    app(prog_name="jiexiang")
