"""The private cluster: nobody else reaches it, one owns it, it survives a crash of itself and of its owner."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from app.store.cluster import _owner, _Server, explain_missing, find_binaries, open_cluster
from app.store.errors import Conflict, StoreUnavailable

pytestmark = pytest.mark.skipif(not find_binaries(), reason="no PostgreSQL with PostGIS on this machine")

OWNER = """
import sys
from pathlib import Path
from app.store.cluster import open_cluster
with open_cluster(Path(sys.argv[1])) as cluster:
    print(cluster.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data():
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-cluster-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


def ask(url: str, question: str) -> object:
    async def go() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(go())


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def an_owner(data: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the cluster from a process of its own, which ends when the block does: its input is closed then.

    A signal would not do: in the background of a shell SIGINT is ignored, by whatever is started there as well.
    """
    words = [sys.executable, "-c", OWNER, data]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        yield owner, int(owner.stdout.readline())
        owner.stdin.close()


def test_what_was_written_is_there_the_next_time_and_nothing_runs_in_between(data):
    with open_cluster(data) as cluster:
        assert cluster.owned
        ask(cluster.url, "CREATE TABLE kept AS SELECT 7 AS number")
    assert not running(cluster.pid)
    with open_cluster(data) as cluster:
        assert ask(cluster.url, "SELECT number FROM kept") == 7


def test_nobody_else_can_reach_it(data):
    with open_cluster(data) as cluster:
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        socket = Path(ask(cluster.url, "SHOW unix_socket_directories"))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert ask(cluster.url, "SHOW listen_addresses") == ""
        assert re.findall(r"^[^#\n].*", (data / "postgres" / "pg_hba.conf").read_text(), re.MULTILINE) == [
            "local all jiexiang peer map=jiexiang",
            "local all jiexiang_app peer map=jiexiang",
        ]
        assert Path(f"/proc/{cluster.pid}").stat().st_uid != 0
        if os.geteuid() == 0 and (data.stat().st_uid != 65534):
            stranger = [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "test",
                "-e",
                socket / ".s.PGSQL.5432",
            ]
            assert subprocess.run(stranger).returncode != 0


def test_who_comes_second_is_a_guest_or_is_told_who_owns_it(data):
    with an_owner(data) as (owner, pid):
        with open_cluster(data) as guest:
            assert (guest.owned, guest.pid) == (False, pid)
            assert ask(guest.url, "SELECT 1") == 1
        assert running(pid)  # a guest leaves the house standing
        with pytest.raises(Conflict, match=str(owner.pid)), open_cluster(data, share=False):
            pass
    assert not running(pid)


def test_a_server_that_was_killed_comes_back_with_all_that_was_committed(data):
    with open_cluster(data) as cluster:
        ask(cluster.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
        os.kill(cluster.pid, signal.SIGKILL)
        while running(cluster.pid):
            time.sleep(0.01)
    assert (data / "postgres" / "postmaster.pid").exists()
    with open_cluster(data) as cluster:
        assert ask(cluster.url, "SELECT sum(number) FROM kept") == 500500


def test_a_server_whose_owner_was_killed_is_stopped_by_the_next(data):
    with an_owner(data) as (owner, pid):
        owner.kill()
    assert running(pid)
    with open_cluster(data) as cluster:
        assert cluster.owned
        assert not running(pid)
        assert ask(cluster.url, "SELECT 1") == 1


def test_an_heir_runs_it_on_when_its_owner_leaves(data):
    with an_owner(data) as (owner, pid), open_cluster(data, inherit=True) as guest:
        assert not guest.owned
        ask(guest.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
        owner.stdin.close()
        owner.wait()
        assert not running(pid)
        assert answer_in_time(guest.url, "SELECT sum(number) FROM kept") == 500500
        with open_cluster(data) as another:
            assert not another.owned
    with open_cluster(data) as cluster:
        assert cluster.owned
        assert ask(cluster.url, "SELECT sum(number) FROM kept") == 500500


def answer_in_time(url: str, question: str) -> object:
    """Ask until there is somebody to answer."""
    over = time.monotonic() + 30
    while True:
        try:
            return ask(url, question)
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < over
            time.sleep(0.05)


def test_one_that_is_stopped_just_after_its_start_is_stopped_at_once(data, monkeypatch):
    """Where the shell has us ignore SIGINT, a server that has only just been started does not hear it."""
    monkeypatch.setattr("app.store.cluster.AGAIN_SECONDS", 0.2)
    with open_cluster(data):
        pass
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        server = _Server(data, _owner(), find_binaries()[0], data / "socket")
        server.start()
        began = time.monotonic()
        server.stop()
    finally:
        signal.signal(signal.SIGINT, before)
    assert server.process.returncode == 0
    assert time.monotonic() - began < 30  # and not after `STOP_SECONDS`


def test_beside_what_a_killed_server_left_running_no_other_is_started(data, tmp_path, monkeypatch):
    monkeypatch.setattr("app.store.cluster.STOP_SECONDS", 0.5)
    with open_cluster(data) as cluster:
        os.kill(cluster.pid, signal.SIGKILL)
        while running(cluster.pid):
            time.sleep(0.01)
    mark = data / "postgres" / "postmaster.pid"
    program = shutil.copy("/bin/bash", tmp_path / "postgres")
    words = [program, "-c", "trap '' QUIT; echo; read"]
    with subprocess.Popen(words, cwd=mark.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as orphan:
        orphan.stdout.readline()
        try:
            with pytest.raises(StoreUnavailable, match=str(orphan.pid)), open_cluster(data):
                pytest.fail("two servers on the same data ruin them")
            assert mark.exists()
        finally:
            orphan.kill()
    with open_cluster(data) as cluster:
        assert ask(cluster.url, "SELECT 1") == 1


def test_a_stale_mark_that_bears_somebody_elses_number_stops_nobody_and_harms_nobody(data):
    with open_cluster(data):
        pass
    bystander = subprocess.Popen(["sleep", "30"])
    try:
        mark = data / "postgres" / "postmaster.pid"
        mark.write_text(f"{bystander.pid}\n{data / 'postgres'}\n0\n5432\n{data / 'socket'}\n\n  1  1\nready   \n")
        with open_cluster(data) as cluster:
            assert ask(cluster.url, "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_initialisation_that_was_cut_short_is_begun_again(data):
    (data / "postgres.part").mkdir(parents=True)
    (data / "postgres.part" / "PG_VERSION").write_text("15\n")
    with open_cluster(data) as cluster:
        assert ask(cluster.url, "SELECT 1") == 1


def test_a_very_long_path_has_its_socket_elsewhere(data):
    with open_cluster(data / ("很长的文件夹名" * 6)) as cluster:
        assert ask(cluster.url, "SELECT 1") == 1
        socket = Path(ask(cluster.url, "SHOW unix_socket_directories"))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    socket.rmdir()


def test_data_of_a_version_that_is_not_here_is_told_with_the_line_to_type(data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("12\n")
    fact, line = explain_missing(data)
    assert "PostgreSQL 12" in fact
    assert "postgresql-12-postgis-3" in line
    with pytest.raises(StoreUnavailable, match="postgresql-12-postgis-3"), open_cluster(data):
        pass


def test_a_machine_without_postgis_is_told_what_to_install(tmp_path):
    fact, line = explain_missing(tmp_path, root=tmp_path)
    assert "PostGIS 3.3" in fact
    assert "create_main_cluster = false" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands over to another user")
def test_a_folder_that_the_other_user_cannot_enter_is_named(tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(StoreUnavailable, match=re.escape(str(tmp_path))), open_cluster(tmp_path / "data"):
        pass
