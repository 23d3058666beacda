"""A service that is killed at random moments of what it does, and what must be true of it afterwards.

A drill runs `jiexiang serve` over a private PostGIS of its own, as a county would, and begins one deed after another:
an assignment, an upload, a publication, an import, a backup. At a random moment of each something is killed. What was
acknowledged is remembered here; afterwards the database is asked whether all of it is there, and whether anything is
there by halves. While the service recovers it may answer 503 with Retry-After, or not at all; nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import httpx

from app.files.plans import write_plan
from app.settings import StoreSettings
from app.store.areas import COUNTY
from app.store.audit_archive import read_heads
from app.store.audit_check import check_audit
from app.store.cluster import open_cluster
from app.store.connect import open_store
from app.store.keys import add_key
from app.store.people import NewPerson, add_people
from app.store.places import find_communities
from app.store.plans import Act, import_plan
from app.store.publication import publish
from tests.store.drawn_plans import community_code, draw_plan, grid_code

__all__ = ["DEEDS", "KILLS", "Drill", "Outcome", "running_drill"]

COMMAND = Path(sys.executable).with_name("jiexiang")
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
FIRST_DAY = date(2030, 1, 1)
DEEDS = ("assign", "upload", "publish", "import", "backup")
KILLS = ("backend", "postgres", "worker", "supervisor", "command", "service", "everything")
LONGEST = {"assign": 0.15, "upload": 1.5, "publish": 0.5, "import": 4.0, "backup": 5.0}
"""About how many seconds each deed takes: the kill comes at a random moment of it."""
BACK_SECONDS = 60.0


@dataclass
class Outcome:
    """What drills came to."""

    kills: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    cut_off: int = 0
    longest_recovery: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass
class Drill:
    """A service that is killed, whoever asks it, and what it has acknowledged."""

    folder: Path
    chance: random.Random
    port: int = 0
    workers: int = 2
    outcome: Outcome = field(default_factory=Outcome)
    service: subprocess.Popen[str] | None = None
    client: httpx.Client = field(default_factory=httpx.Client)
    people: list[int] = field(default_factory=list)
    number: int = 0
    assigned: dict[int, tuple[int, str]] = field(default_factory=dict)
    drafts: dict[int, str] = field(default_factory=dict)
    published: list[tuple[int, str]] = field(default_factory=list)
    imported: list[int] = field(default_factory=list)
    backups: list[Path] = field(default_factory=list)
    command: subprocess.Popen[str] | None = None

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DATABASE_URL_FILE")}
        return {
            **kept,
            "JIEXIANG_DATA": str(self.folder / "data"),
            "JIEXIANG_SKIPPED_STEPS": " ".join(sorted(EVERY_STEP)),
        }

    # -- the service ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the service, as whoever watches over it on a real machine does, and wait until it answers."""
        log = (self.folder / "log").open("a")
        words = [COMMAND, "serve", "--port", str(self.port), "--workers", str(self.workers)]
        self.service = subprocess.Popen(words, env=self.environ, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        line = self.service.stdout.readline()
        found = re.search(r"http://[\d.]+:(\d+)", line)
        if not found:
            raise AssertionError(f"it did not start: {(self.folder / 'log').read_text()[-2000:]}")
        self.port = int(found[1])

    def stop(self) -> int:
        self.service.send_signal(signal.SIGTERM)
        ended = self.service.wait(60)
        self.service.stdout.close()
        return ended

    def settle(self) -> None:
        """Fill a small county, and make a key."""

        async def go(url: str) -> tuple[list[int], str]:
            settings = StoreSettings(url, self.folder)
            async with open_store(url, settings) as store:
                async with store.writing() as connection:
                    plan_id = await import_plan(connection, draw_plan(), act=Act("clerk"))
                    await publish(
                        connection, plan_id, effective=date(2026, 1, 1), act=Act("clerk"), skippable=EVERY_STEP
                    )
                async with store.writing() as connection:
                    [home] = (await find_communities(connection, [community_code(1)])).values()
                    people = await add_people(
                        connection, [NewPerson(f"S{n}", f"人{n}", "", "", home) for n in range(8)]
                    )
                    return list(people.values()), await add_key(connection, "drill", COUNTY, role="county")

        self.people, key = asyncio.run(go(self.url()))
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def url(self) -> str:
        with open_cluster(self.folder / "data") as cluster:
            return cluster.url

    # -- deeds ----------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, good: int, **given) -> httpx.Response | None:
        """Ask for something; None where it was cut off or put off, which is noted, as is whatever else comes."""
        try:
            answer = self.client.request(method, path, **given)
        except httpx.TransportError:
            self.outcome.cut_off += 1
            return None
        if answer.status_code == good:
            self.outcome.acknowledged += 1
            return answer
        self.outcome.refused += 1
        if answer.status_code != 503:
            self.blame(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        elif "retry-after" not in answer.headers:
            self.blame(f"{method} {path} answered 503 without Retry-After")
        return None

    def blame(self, words: str) -> None:
        self.outcome.faults.append(f"after {self.outcome.kills} kills: {words}")

    def assign(self, times: int = 20) -> None:
        for _ in range(times):
            self.number += 1
            since = FIRST_DAY + timedelta(days=self.number)
            asked = {
                "person_id": self.people[self.number % len(self.people)],
                "grid_code": grid_code(1, 1),
                "role": "兼职网格员",
                "since": since.isoformat(),
                "until": (since + timedelta(days=1)).isoformat(),
            }
            answer = self.ask("POST", "/assignments", 201, json=asked)
            if answer is not None:
                self.assigned[answer.json()["id"]] = (asked["person_id"], asked["since"])
            else:
                time.sleep(0.2)

    def plan_file(self) -> tuple[Path, str]:
        self.number += 1
        note = f"drill {self.number}"
        path = self.folder / f"plan-{self.number}.gpkg"
        write_plan(draw_plan(note=note), path)
        return path, note

    def upload(self) -> int | None:
        path, note = self.plan_file()
        kind = {"Content-Type": "application/geopackage+sqlite3"}
        answer = self.ask("POST", "/plans", 201, content=path.read_bytes(), headers=kind, params={"title": note})
        path.unlink()
        if answer is None:
            return None
        self.drafts[answer.json()["id"]] = note
        return answer.json()["id"]

    def publish(self) -> None:
        number = next((one for one in self.drafts if one not in dict(self.published)), None) or self.upload()
        if number is None:
            return
        day = (date(2026, 2, 1) + timedelta(days=len(self.published))).isoformat()
        if self.ask("POST", f"/plans/{number}/publication", 200, json={"effective": day}) is not None:
            self.published.append((number, day))
        else:  # whether it took place is known to the database alone
            self.drafts.pop(number)

    def run(self, *words: str | Path) -> str | None:
        """Run a command beside the service; None where it did not succeed."""
        process = self.command = subprocess.Popen(
            [COMMAND, *words], env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        out, said = process.communicate(timeout=120)
        self.command = None
        if process.returncode == 0:
            self.outcome.acknowledged += 1
            return out
        self.outcome.refused += 1
        if "Traceback" in said:
            self.blame(f"jiexiang {words[0]} ended with a traceback: {said[-600:]}")
        return None

    def import_(self) -> None:
        path, note = self.plan_file()
        said = self.run("import", path, "--title", note, "--json")
        if said is not None:
            number = int(re.search(r'"plan_id": (\d+)', said)[1])
            self.imported.append(number)
            self.drafts[number] = note
        path.unlink()

    def backup(self) -> None:
        self.number += 1
        path = self.folder / f"backup-{self.number}"
        if self.run("backup", path) is not None:
            self.backups.append(path)
            if not path.exists():
                self.blame(f"{path.name} was told to be made and is not there")
        elif path.exists():
            self.check_backup(path)

    def check_backup(self, path: Path) -> None:
        """A file that bears its name is a whole copy, whatever became of the command."""
        tool = max(Path("/usr/lib/postgresql").glob("*/bin/pg_restore"))
        done = subprocess.run([tool, "--file=/dev/null", path], capture_output=True, text=True)
        if done.returncode:
            self.blame(f"{path.name} is half a copy: {done.stderr[:200]}")

    # -- kills ----------------------------------------------------------------------------------------------------

    def strike(self, kind: str) -> bool:
        """Kill one thing without warning, and tell whether there was anything to kill."""
        pids = self.victims(kind)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if pids:
            self.outcome.kills += 1
            self.outcome.by_kind[kind] = self.outcome.by_kind.get(kind, 0) + 1
        return bool(pids)

    def victims(self, kind: str) -> list[int]:
        postmaster = self.postmaster()
        supervisors = [pid for pid in children(self.service.pid) if pid != postmaster]
        workers = [pid for one in supervisors for pid in children(one) if b"spawn_main" in command_line(pid)]
        match kind:
            case "backend":
                backends = [pid for pid in children(postmaster) if b"postgres: jiexiang" in command_line(pid)]
                return self.chance.sample(backends, 1) if backends else []
            case "postgres":
                return [postmaster] if postmaster else []
            case "worker":
                return self.chance.sample(workers, 1) if workers else []
            case "supervisor":
                return supervisors
            case "command":
                return [self.command.pid] if self.command is not None else []
            case "service":
                return [self.service.pid]
            case _:
                return [self.service.pid, *supervisors, *workers, *([postmaster] if postmaster else [])]

    def postmaster(self) -> int:
        try:
            return int((self.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return 0

    # -- a round --------------------------------------------------------------------------------------------------

    def round(self, deed: str, kind: str) -> None:
        """Begin a deed, kill something at a random moment of it, wait until all is well again, and look."""
        began = time.monotonic()
        doing = threading.Thread(target=getattr(self, f"{deed}_" if deed == "import" else deed))
        doing.start()
        time.sleep(self.chance.uniform(0, LONGEST[deed]))
        self.strike(kind)
        struck = time.monotonic()
        doing.join(150)
        if doing.is_alive():
            self.blame(f"{deed} hangs since {kind} was killed")
        joined = time.monotonic()
        self.recover(struck)
        before = self.outcome.acknowledged
        self.assign(3)
        if self.outcome.acknowledged < before + 3:
            self.blame(f"it answers again after {kind} was killed, but takes no changes")
        back = time.monotonic()
        self.check()
        words = f"{deed} / {kind}: deed {joined - began:.1f} s, recovery {back - struck:.1f} s"
        print(f"{words}, check {time.monotonic() - back:.1f} s", flush=True)  # noqa: T201  a long run shows its way

    def recover(self, struck: float) -> None:
        """Wait until the service answers and takes changes; whoever watches over it starts it again if it has ended."""
        until = time.monotonic() + BACK_SECONDS
        while time.monotonic() < until:
            if self.service.poll() is not None:
                self.service.stdout.close()
                self.start()
            with contextlib.suppress(httpx.TransportError):
                answer = self.client.get("/health/ready", timeout=5)
                if answer.status_code == 200 and self.client.get("/plans", timeout=5).status_code == 200:
                    self.outcome.longest_recovery = max(self.outcome.longest_recovery, time.monotonic() - struck)
                    return
            time.sleep(0.1)
        self.blame(f"it did not come back within {BACK_SECONDS:.0f} s: {(self.folder / 'log').read_text()[-800:]}")

    # -- what must be true ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Ask the database itself."""
        asyncio.run(self._check())

    async def _check(self) -> None:
        url = self.url()
        connection = await asyncpg.connect(url)
        try:
            for words, question in RULES.items():
                found = await connection.fetchval(question)
                if found:
                    self.blame(f"{words}: {found}")
            kept = {
                row[0]: (row[1], row[2].isoformat())
                for row in await connection.fetch("SELECT id, person_id, lower(valid) FROM assignments")
            }
            lost = {number for number, told in self.assigned.items() if kept.get(number) != told}
            if lost:
                self.blame(f"acknowledged assignments are lost: {sorted(lost)}")
            plans = {row[0]: row[1] for row in await connection.fetch("SELECT id, status FROM plans")}
            if not plans.keys() >= {*self.drafts, *self.imported}:
                self.blame(f"acknowledged plans are lost: {sorted({*self.drafts, *self.imported} - plans.keys())}")
            if any(plans.get(number) not in ("published", "withdrawn") for number, _ in self.published):
                self.blame("an acknowledged publication is lost")
            written = await connection.fetchval(
                "SELECT count(*) FROM audit WHERE action = 'POST /assignments' AND result = 'ok'"
            )
            if written < len(self.assigned):
                self.blame(f"{len(self.assigned)} assignments were acknowledged and {written} are in the audit")
        finally:
            await connection.close()
        async with open_store(url, StoreSettings(url, self.folder)) as store, store.reading() as reading:
            folder = self.folder / "data" / "audit"
            report = await check_audit(reading, folder, None, read_heads(folder))
            for _, english in report.faults:
                self.blame(f"audit: {english}")


RULES = {
    "plans with another number of grids, communities, units or borders than they were made with": """
        SELECT count(*) FROM plans WHERE (4, 2, 4, 2) <> (
            (SELECT count(*) FROM plan_grids WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_communities WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_units WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_borders WHERE plan_id = plans.id))""",
    "plans in force in one community alone": """
        SELECT count(*) FROM (
            SELECT FROM in_force WHERE NOT isempty(valid) GROUP BY plan_id HAVING count(*) <> 2) AS halves""",
    "published plans without a day or a step": """
        SELECT count(*) FROM plans WHERE status = 'published' AND (effective IS NULL
            OR NOT EXISTS (SELECT FROM plan_steps WHERE plan_id = plans.id AND step = 'published'))""",
    "gaps in the changes": "SELECT coalesce(max(number), 0) - count(*) FROM changes",
    "changes beyond their counter or behind it": """
        SELECT number - (SELECT coalesce(max(number), 0) FROM changes) FROM counters WHERE name = 'changes'""",
    "assignments without their change": """
        SELECT count(*) FROM assignments WHERE NOT EXISTS (
            SELECT FROM changes WHERE kind = 'assignment.created' AND subject_id = assignments.id)""",
    "changes without their assignment": """
        SELECT count(*) FROM changes WHERE kind = 'assignment.created' AND NOT EXISTS (
            SELECT FROM assignments WHERE id = subject_id)""",
}
"""What there must be none of: nothing is there by halves."""


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@contextmanager
def running_drill(seed: int) -> Iterator[Drill]:
    """Run a service for drills, and see that nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-drill-"))  # one that the user of a private cluster can enter
    folder.chmod(0o755)
    drill = Drill(folder, random.Random(seed))  # noqa: S311  a seed for kills, no secret
    try:
        drill.start()
        drill.settle()
        yield drill
    finally:
        drill.client.close()
        if drill.service is not None and drill.service.poll() is None:
            drill.stop()
        shutil.rmtree(folder)
