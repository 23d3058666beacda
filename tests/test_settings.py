"""Settings are read from the surroundings once, and a variable that cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import read_settings


def read(**environ: str):
    return read_settings(environ, results_to_terminal=True, progress_to_terminal=True)


def test_a_terminal_gets_tables_progress_and_colour():
    terminal = read(TERM="xterm").terminal
    assert (terminal.rich_results, terminal.progress, terminal.colour) == (True, True, True)


def test_no_color_takes_only_the_colour():
    terminal = read(TERM="xterm", NO_COLOR="1").terminal
    assert (terminal.rich_results, terminal.progress, terminal.colour) == (True, True, False)


def test_a_dumb_terminal_gets_plain_lines():
    terminal = read(TERM="dumb").terminal
    assert (terminal.rich_results, terminal.progress, terminal.colour) == (False, False, False)


def test_what_is_no_terminal_gets_plain_lines():
    terminal = read_settings({"TERM": "xterm"}, results_to_terminal=False, progress_to_terminal=False).terminal
    assert (terminal.rich_results, terminal.progress) == (False, False)


def test_workers_are_left_to_the_runner_unless_set():
    assert read().machine.workers is None
    assert read(JIEXIANG_WORKERS="3").machine.workers == 3


@pytest.mark.parametrize("workers", ["0", "-1", "two", "1.5"])
def test_workers_that_are_no_number_are_named(workers):
    with pytest.raises(ValueError, match=f"JIEXIANG_WORKERS={workers}"):
        read(JIEXIANG_WORKERS=workers)


def test_compiled_code_is_kept_where_numba_was_told():
    assert read(NUMBA_CACHE_DIR="/somewhere").places.compiled == Path("/somewhere")
    assert read().places.compiled.parts[-2:] == ("app", "geo")
