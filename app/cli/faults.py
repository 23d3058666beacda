"""What goes wrong in a command, turned into words and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from app.geo.errors import InputError, JiexiangError, UsageError

if TYPE_CHECKING:
    from app.terminal import Terminal

__all__ = ["reporting"]


@contextmanager
def reporting(context: typer.Context, *, as_json: bool) -> Iterator[Terminal]:
    """Turn what goes wrong into words and an exit code."""
    from app.terminal import Terminal

    terminal = Terminal(context.obj.terminal)
    try:
        yield terminal
    except InputError as error:
        terminal.print_faults(error, as_json=as_json)
        raise typer.Exit(2) from error
    except UsageError as error:
        terminal.warn(str(error), str(error))
        raise typer.Exit(2) from error
    except JiexiangError as error:
        terminal.warn(str(error), getattr(error, "english", str(error)))
        raise typer.Exit(1) from error
    except BrokenPipeError:  # whoever read our results has read enough
        raise
    except OSError as error:
        terminal.warn(f"{error.filename or ''} 读写失败：{error.strerror}", f"{error.filename or ''}: {error.strerror}")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        terminal.warn("已中断，没有留下写了一半的文件。", "interrupted; nothing half-written is left.")
        raise typer.Exit(130) from None
