"""Settings are read from the surroundings once, and a variable that cannot be read is named."""

from __future__ import annotations

import os
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


def test_without_a_word_the_store_is_a_private_one():
    store = read(HOME="/home/li", XDG_DATA_HOME="").store
    assert store.database_url == ""
    expected = Path("/var/lib/jiexiang") if os.geteuid() == 0 else Path("/home/li/.local/share/jiexiang")
    assert store.data == expected
    assert read(JIEXIANG_DATA="/srv/jx").store.data == Path("/srv/jx")


def test_a_database_may_be_named_by_a_file_that_only_the_service_can_read(tmp_path):
    secret = tmp_path / "url"
    secret.write_text("postgresql://jiexiang:secret@db/jiexiang\n", "utf-8")
    assert read(DATABASE_URL_FILE=str(secret)).store.database_url == "postgresql://jiexiang:secret@db/jiexiang"
    assert (
        read(DATABASE_URL_FILE=str(secret), DATABASE_URL="postgres://other/x").store.database_url
        == "postgres://other/x"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root@db/x"),
        ("DATABASE_URL_FILE", "/nowhere/at/all"),
        ("JIEXIANG_CONNECTIONS", "0"),
        ("JIEXIANG_CONNECTIONS", "many"),
        ("JIEXIANG_STATEMENT_SECONDS", "-1"),
        ("JIEXIANG_STATEMENT_SECONDS", "nan"),
        ("JIEXIANG_SKIPPED_STEPS", "reviewed published"),
    ],
)
def test_settings_of_the_store_that_cannot_be_read_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        read(**{name: value})


def test_steps_may_be_skipped():
    assert read(JIEXIANG_SKIPPED_STEPS="reviewed, approved").store.skipped_steps == {"reviewed", "approved"}
