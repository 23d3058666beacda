"""A private PostGIS: made, started and stopped by us, reached by nobody else.

It lies in a folder of its own, listens on a Unix socket in a folder that only its owner can enter, and knows its caller
by the kernel's word (`peer`): there is no password to lose and no port to scan. PostgreSQL refuses to run as root;
started by root it runs as `jiexiang` or `postgres`. One process owns it at a time, by a lock that ends with it; whoever
comes later is a guest for as long as the owner stays. What a crash leaves behind, the next owner clears away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from app.store.errors import Conflict, StoreUnavailable
from app.store.roles import SERVICE_ROLE

__all__ = ["PROOF", "Binaries", "Cluster", "explain_missing", "find_binaries", "open_cluster"]

log = logging.getLogger("jiexiang.cluster")

ROLE = DATABASE = "jiexiang"
PROOF = "jiexiang_proof_"
"""What the names of scratch databases begin with, in which copies are proven."""
DEBIAN_ROOT = Path("/usr/lib/postgresql")
LEAST_POSTGRESQL = 15
LEAST_POSTGIS = (3, 3)
USERS_FOR_ROOT = ("jiexiang", "postgres")
START_SECONDS = 60.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.1
AGAIN_SECONDS = 2.0
LONGEST_SOCKET = 90
"""Bytes of a socket's folder: the kernel allows 107 for the whole path."""
INSTALL_LINE = (
    "sudo sh -c 'mkdir -p /etc/postgresql-common; "
    "echo create_main_cluster = false > /etc/postgresql-common/createcluster.conf; "
    "apt-get update && apt-get install -y --no-install-recommends {package}'"
)
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "128MB",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Binaries:
    """PostgreSQL's programs of one version, with PostGIS beside them."""

    folder: Path
    major: int
    postgis: str


@dataclass(frozen=True)
class Cluster:
    """A private PostGIS that runs."""

    url: str
    """For its owner, who migrates and archives."""
    service_url: str
    """For the service, as a role that cannot change what is recorded."""
    folder: Path
    binaries: Binaries
    owned: bool
    """Whether it ends with us; a guest uses what somebody else runs."""
    pid: int
    """Of the postmaster."""


def find_binaries(root: Path = DEBIAN_ROOT) -> list[Binaries]:
    """Find the versions of PostgreSQL that have PostGIS of at least 3.3, the newest first."""
    found = []
    for folder in root.glob("*/bin"):
        name = folder.parent.name
        if not name.isdecimal() or int(name) < LEAST_POSTGRESQL or not (folder / "initdb").exists():
            continue
        control = Path(f"/usr/share/postgresql/{name}/extension/postgis.control")
        version = re.search(r"default_version\s*=\s*'([\d.]+)", control.read_text()) if control.is_file() else None
        if version and tuple(int(part) for part in version.group(1).split(".")[:2]) >= LEAST_POSTGIS:
            found.append(Binaries(folder, int(name), version.group(1)))
    return sorted(found, key=lambda one: -one.major)


def explain_missing(data: Path, root: Path = DEBIAN_ROOT) -> tuple[str, str] | None:
    """Say what keeps a private PostGIS from running, and the line to type; None where nothing does."""
    found = find_binaries(root)
    kept = data / "postgres" / "PG_VERSION"
    try:
        major = int(kept.read_text()) if kept.is_file() else None
    except PermissionError:
        return f"{data} 不能进入", f"sudo chown -R {_own_name()} {data}"
    if major is not None and not any(one.major == major for one in found):
        return (
            f"{data} 是 PostgreSQL {major} 的数据，本机没有带 PostGIS 的 {major} 版",
            INSTALL_LINE.format(package=f"postgresql-{major}-postgis-3"),
        )
    if not found:
        named = "^postgresql-(1[5-9]|[2-9][0-9])-postgis-3$"
        package = f'$(apt-cache search --names-only "{named}" | sed "s/ .*//" | sort -V | tail -1)'
        return "没有 PostgreSQL 15 和 PostGIS 3.3 或更高", INSTALL_LINE.format(package=package)
    if os.geteuid() == 0 and _user_for_root() is None:
        return (
            "root 不能运行 PostgreSQL，也没有可以代劳的用户",
            "sudo adduser --system --group --no-create-home jiexiang",
        )
    return None


@contextmanager
def open_cluster(data: Path, *, share: bool = True, inherit: bool = False) -> Iterator[Cluster]:
    """Run the private PostGIS of a folder while the block runs; where it runs already, be its guest.

    Parameters
    ----------
    data
        Its folder; made where it is missing.
    share
        Whether being a guest will do.
    inherit
        Whether a guest runs it on where its owner leaves: so does a service that was started beside a command.

    Raises
    ------
    StoreUnavailable
        It cannot be started, or there is nothing to start it with.
    Conflict
        Somebody else owns it, and `share` is not given or the owner is not ready.
    """
    missing = explain_missing(data)
    if missing is not None:
        raise StoreUnavailable(f"{missing[0]}。请运行：{missing[1]}")
    owner = _owner()
    data = data.absolute()
    _make_folder(data, owner)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            guest = _visit(data, owner, lock.fileno(), share=share)
            with _Heir(data, owner, lock.fileno()).waiting() if inherit else contextlib.nullcontext():
                yield guest
            return
        _sign(lock.fileno())
        with _running(data, owner) as cluster:
            yield cluster


def _sign(lock: int) -> None:
    """Write in the lock who holds it."""
    os.ftruncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())


@contextmanager
def _beside(name: str, work: Callable[[], None], over: threading.Event) -> Iterator[None]:
    """Do work in a thread of its own while the block runs; at its end `over` tells the work to finish."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Heir:
    """A guest that waits for the owner to leave, and runs the cluster from then on."""

    def __init__(self, data: Path, owner: pwd.struct_passwd, lock: int) -> None:
        self.data, self.owner, self.lock = data, owner, lock
        self._over = threading.Event()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait, and then run it, while the block runs."""
        with _beside("postgres-heir", self._wait, self._over):
            yield

    def _wait(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _sign(self.lock)
            log.warning("the owner of the database has left; it is run from here on")
            try:
                with _running(self.data, self.owner):
                    self._over.wait()
            except (StoreUnavailable, OSError) as error:
                log.error("the database cannot be started again: %s", error)
                self._over.wait(AGAIN_SECONDS)


def discard_cluster(data: Path) -> None:
    """Throw the private PostGIS of a folder away, with everything in it; where there is none, do nothing.

    Raises
    ------
    Conflict
        It is running.
    """
    if not (data / "lock").exists():
        return
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"{data} 的数据库正在使用：请先结束它", f"the database in {data} is in use") from None
        shutil.rmtree(data)


def _visit(data: Path, owner: pwd.struct_passwd, lock: int, *, share: bool) -> Cluster:
    holder = os.pread(lock, 32, 0).decode().strip()
    if not share:
        raise Conflict(
            f"{data} 已由进程 {holder} 使用：请先停止它，或用 JIEXIANG_DATA 另选文件夹",
            f"process {holder} uses {data}: stop it first, or choose another folder by JIEXIANG_DATA",
        )
    deadline = time.monotonic() + START_SECONDS  # it may be starting just now
    while time.monotonic() < deadline:
        pid, ready = _read_pid_file(data / "postgres")
        if pid and ready:
            return _cluster(data, owner, _binaries_for(data), owned=False, pid=pid)
        time.sleep(0.05)
    raise Conflict(
        f"进程 {holder} 占用 {data}，但数据库没有启动", f"process {holder} holds {data} but runs no database"
    )


@contextmanager
def _running(data: Path, owner: pwd.struct_passwd) -> Iterator[Cluster]:
    binaries = _binaries_for(data)
    home = data / "postgres"
    _end_leftover(home)
    fresh = not (home / "PG_VERSION").exists()
    if fresh:
        _initialise(data, owner, binaries)
    _write_access(home, owner)
    sockets = _socket_folder(data, owner)
    for stale in sockets.glob(".s.PGSQL.*"):
        stale.unlink()
    server = _Server(data, owner, binaries, sockets)
    try:
        server.start()
        _await_ready(server.process, home, data / "postgres.log")
        if DATABASE not in _ask(binaries, sockets, owner, "SELECT datname FROM pg_database"):
            _run([binaries.folder / "createdb", "-h", sockets, "-U", ROLE, DATABASE], owner)
        present = SERVICE_ROLE in _ask(binaries, sockets, owner, "SELECT rolname FROM pg_roles")
        _ask(binaries, sockets, owner, f"{'ALTER' if present else 'CREATE'} ROLE {SERVICE_ROLE} LOGIN")
        for name in _ask(binaries, sockets, owner, "SELECT datname FROM pg_database"):
            if name.startswith(PROOF):  # of a backup that was killed
                _ask(binaries, sockets, owner, f'DROP DATABASE "{name}" WITH (FORCE)')
        with server.kept():
            yield _cluster(data, owner, binaries, owned=True, pid=server.process.pid)
    finally:
        server.stop()


class _Server:
    """The process of PostgreSQL, which is started again when something kills it."""

    def __init__(self, data: Path, owner: pwd.struct_passwd, binaries: Binaries, sockets: Path) -> None:
        self.data, self.owner, self.binaries, self.sockets = data, owner, binaries, sockets
        self.process: subprocess.Popen[bytes]
        self._over = threading.Event()

    def start(self) -> None:
        """Start it."""
        home = self.data / "postgres"
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.data / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own program and words
                [self.binaries.folder / "postgres", "-D", home, f"--unix_socket_directories={self.sockets}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C at the terminal is for us; we stop it when we have finished
                **_become(self.owner),
            )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Start it again whenever it ends while the block runs."""
        with _beside("postgres-keeper", self._keep, self._over):
            yield

    def _keep(self) -> None:
        pause = LOOK_SECONDS
        while not self._over.wait(pause):
            pause = LOOK_SECONDS
            if self.process.poll() is None:
                continue
            pause = AGAIN_SECONDS  # whatever ended it may end it again
            try:
                _end_leftover(self.data / "postgres")
                for stale in self.sockets.glob(".s.PGSQL.*"):
                    stale.unlink(missing_ok=True)
                self.start()
            except (StoreUnavailable, OSError) as error:
                log.error("the database cannot be started again: %s", error)

    def stop(self) -> None:
        """Stop it cleanly, where it was started."""
        if hasattr(self, "process"):
            _stop(self.process)


def _cluster(data: Path, owner: pwd.struct_passwd, binaries: Binaries, *, owned: bool, pid: int) -> Cluster:
    return Cluster(_url(data, owner), _url(data, owner, SERVICE_ROLE), data, binaries, owned=owned, pid=pid)


def _owner() -> pwd.struct_passwd:
    """Return the user that PostgreSQL runs as."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    user = _user_for_root()
    if user is None:
        raise StoreUnavailable("没有可以运行 PostgreSQL 的用户：请先建立用户 jiexiang")
    return user


def _user_for_root() -> pwd.struct_passwd | None:
    for name in USERS_FOR_ROOT:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


class _Identity(TypedDict, total=False):
    """Whom a program runs as, in the words of `subprocess`."""

    user: int
    group: int
    extra_groups: list[int]


def _become(owner: pwd.struct_passwd) -> _Identity:
    if os.geteuid() != 0:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": os.getgrouplist(owner.pw_name, owner.pw_gid)}


def _make_folder(data: Path, owner: pwd.struct_passwd) -> None:
    """Make the folder, private to its owner, and see that the owner can enter it."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(data, owner.pw_uid, owner.pw_gid)
        data.chmod(0o700)
    except OSError as error:
        raise StoreUnavailable(
            f"{data} 不能使用（{error.strerror}）：请用 JIEXIANG_DATA 另选文件夹",
            f"{data} cannot be used ({error.strerror}): choose another folder by JIEXIANG_DATA",
        ) from error
    for parent in data.parents:
        status = parent.stat()
        mine = status.st_uid == owner.pw_uid and status.st_mode & 0o100
        ours = status.st_gid in os.getgrouplist(owner.pw_name, owner.pw_gid) and status.st_mode & 0o010
        if not (mine or ours or status.st_mode & 0o001):
            raise StoreUnavailable(
                f"用户 {owner.pw_name} 进不了 {parent}：请用 JIEXIANG_DATA 另选文件夹，例如 /var/lib/jiexiang",
                f"user {owner.pw_name} cannot enter {parent}: choose another folder by JIEXIANG_DATA",
            )


def _binaries_for(data: Path) -> Binaries:
    """Return the programs that fit what is in the folder; the newest for an empty one."""
    kept = data / "postgres" / "PG_VERSION"
    found = find_binaries()
    if kept.is_file():
        major = int(kept.read_text())
        return next(one for one in found if one.major == major)
    return found[0]


def _initialise(data: Path, owner: pwd.struct_passwd, binaries: Binaries) -> None:
    """Make an empty cluster beside its place and put it there when it is whole."""
    part = data / "postgres.part"
    shutil.rmtree(part, ignore_errors=True)
    words = ["-A", "peer", "-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
    _run([binaries.folder / "initdb", "-D", part, *words], owner)
    part.rename(data / "postgres")


def _write_access(home: Path, owner: pwd.struct_passwd) -> None:
    """Let in the owner, and root where it is root who starts us, by the kernel's word; nobody else, no network."""
    names = dict.fromkeys((owner.pw_name, _own_name()))
    files = {
        "pg_hba.conf": "".join(f"local all {role} peer map={ROLE}\n" for role in (ROLE, SERVICE_ROLE)),
        "pg_ident.conf": "".join(f"{ROLE} {name} {role}\n" for name in names for role in (ROLE, SERVICE_ROLE)),
    }
    for name, text in files.items():
        path = home / name
        path.write_text(text)
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _socket_folder(data: Path, owner: pwd.struct_passwd) -> Path:
    """Make the folder of the socket; a short one under the system's own where the path would be too long."""
    folder = data / "socket"
    if len(os.fsencode(folder)) > LONGEST_SOCKET:
        digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"jiexiang-{owner.pw_uid}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid not in (os.geteuid(), owner.pw_uid):
        raise StoreUnavailable(f"{folder} 属于别的用户", f"{folder} belongs to another user")
    if os.geteuid() == 0:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o700)
    return folder


def _url(data: Path, owner: pwd.struct_passwd, role: str = ROLE) -> str:
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(_socket_folder(data, owner)), safe='')}"


def _run(command: list[str | Path], owner: pwd.struct_passwd) -> str:
    done = subprocess.run(  # noqa: S603  our own programs and words
        command,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        check=False,
        **_become(owner),
    )
    if done.returncode:
        raise StoreUnavailable(f"{Path(command[0]).name} 失败：{done.stderr.strip()}")
    return done.stdout


def _ask(binaries: Binaries, sockets: Path, owner: pwd.struct_passwd, statement: str) -> list[str]:
    words: list[str | Path] = [binaries.folder / "psql", "-h", sockets, "-U", ROLE, "-d", "postgres", "-Atc", statement]
    return _run(words, owner).split()


def _await_ready(process: subprocess.Popen[bytes], home: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise StoreUnavailable(f"PostgreSQL 没有启动，日志 {log}：\n{tail}")
        pid, ready = _read_pid_file(home)
        if pid == process.pid and ready:
            return
        time.sleep(0.02)
    raise StoreUnavailable(f"PostgreSQL 在 {START_SECONDS:.0f} 秒内没有就绪，日志 {log}")


def _read_pid_file(home: Path) -> tuple[int, bool]:
    """Read who runs on this data and whether it takes connections; 0 where there is no such file."""
    try:
        lines = (home / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), len(lines) > 7 and lines[7].strip() == "ready"
    except (FileNotFoundError, IndexError, ValueError):
        return 0, False


def _end_leftover(home: Path) -> None:
    """End a server that outlived its owner, and clear the mark of one that is long gone."""
    pid, _ = _read_pid_file(home)
    if not pid:
        return
    if _serves(pid, home):
        for ending in (signal.SIGINT, signal.SIGQUIT):  # a fast, clean stop; or an end
            _end(pid, ending, lambda seconds: _await_gone(pid, home, seconds))
    else:  # killed; its number may be another's by now, and PostgreSQL would take that one for itself
        _await_orphans(home)
        (home / "postmaster.pid").unlink(missing_ok=True)


def _serves(pid: int, home: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres" and Path(f"/proc/{pid}/cwd").samefile(home)
    except OSError:
        return False


def _await_gone(pid: int, home: Path, seconds: float) -> bool:
    """Wait for a server to end, and tell whether it has."""
    deadline = time.monotonic() + seconds
    while _serves(pid, home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _end(pid: int, ending: signal.Signals, ended: Callable[[float], bool]) -> bool:
    """Signal a server until it has ended, and tell whether it has within `STOP_SECONDS`.

    Again and again: a server that has only just been started does not hear its first signal where whoever started us
    ignores it, as a shell does for what it runs in the background.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while not ended(0.0) and time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ending)
        if ended(AGAIN_SECONDS):
            break
    return ended(0.0)


def _await_orphans(home: Path) -> None:
    """Wait for the children of a killed postmaster; they notice within seconds, and must not share the data.

    Raises
    ------
    StoreUnavailable
        They are still there: a second server on the same data would ruin them.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while left := _serving(home):
        if time.monotonic() > deadline:
            raise StoreUnavailable(
                f"上次的数据库进程 {left} 还没有结束，请稍后再试",
                f"processes of the database that ran before have not ended yet: {left}; try again later",
            )
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        time.sleep(0.05)


def _serving(home: Path) -> list[int]:
    """Return the processes of PostgreSQL that work on this data."""
    numbers = (int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal())
    return [pid for pid in numbers if _serves(pid, home)]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop cleanly: connections are ended, what is committed is kept."""

    def ended(seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.poll() is not None

    for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if _end(process.pid, ending, ended):
            return
