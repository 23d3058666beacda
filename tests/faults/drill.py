"""A service that is killed at random moments of what it does.

A drill begins one deed after another: an assignment, an upload, a publication, an import of a plan or of a ledger, a
backup. At a random moment of each something is killed, sometimes again while the service recovers. What was
acknowledged is remembered here; `aftermath` asks the database whether all of it is there, and whether anything is there
by halves. While the service recovers it may answer 503 with Retry-After, or not at all; nothing else.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import httpx
from aftermath import look
from served import COMMAND, Served, folder_for_service, service_in

from app.files.plans import write_plan
from app.store.plans import Act, import_plan
from tests.store.drawn_plans import community_code, draw_plan, grid_code

__all__ = ["DEEDS", "KILLS", "Drill", "Outcome", "running_drill"]

FIRST_DAY = date(2030, 1, 1)
FIRST_EFFECTIVE = date(2026, 2, 1)
DEEDS = {"assign": 10, "publish": 10, "upload": 2, "import": 1, "ledger": 1, "backup": 1}
"""How often each is chosen: those that start a process of their own take the longest."""
KILLS = {"backend": 12, "postgres": 12, "worker": 4, "command": 3, "supervisor": 1, "service": 1, "everything": 1}
"""How often each is chosen: those that need a whole start take the longest."""
COMMANDS = ("import", "ledger", "backup")
ENDING = ("supervisor", "service", "everything")
AGAIN = ("backend", "postgres", "worker")
AGAIN_CHANCE = 0.6
LONGEST = {"assign": 0.4, "upload": 1.5, "publish": 0.4, "import": 3.0, "ledger": 2.5, "backup": 4.0}
"""About how many seconds each deed takes: the kill comes at a random moment of it."""
BACK_SECONDS = 180.0
"""On a machine with ten others' work beside a start alone takes a minute; the report says how long it really took."""
ROOMS = 5
WHOLE_LOOK = 20
"""After so many rounds the whole audit is recomputed; in between its last entries are."""


@dataclass
class Outcome:
    """What drills came to."""

    rounds: int = 0
    kills: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    by_deed: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    cut_off: int = 0
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the last kill of each round until changes are taken again."""
    faults: list[str] = field(default_factory=list)


@dataclass
class Drill:
    """A service that is killed, whoever asks it, and what it has acknowledged."""

    served: Served
    chance: random.Random
    outcome: Outcome = field(default_factory=Outcome)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    assigned: dict[int, tuple[int, str]] = field(default_factory=dict)
    drafts: list[int] = field(default_factory=list)
    """Plans that are known to be drafts."""
    known: set[int] = field(default_factory=set)
    """Plans that were acknowledged."""
    published: set[int] = field(default_factory=set)
    effective: date = FIRST_EFFECTIVE
    ledgers: set[str] = field(default_factory=lambda: {""})
    """Marks of the ledgers of which one must be in the store: the last acknowledged, and what was tried since."""
    command: subprocess.Popen[str] | None = None
    said: str = ""
    """In what words something was refused last."""

    def blame(self, words: str) -> None:
        self.outcome.faults.append(f"after {self.outcome.kills} kills: {words}")

    # -- deeds ----------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, good: int, **given) -> httpx.Response | None:
        """Ask for something; None where it was cut off or put off, which is noted, as is whatever else comes."""
        try:
            answer = self.served.client.request(method, path, **given)
        except httpx.TimeoutException:
            self.blame(f"{method} {path} was not answered at all")
            return None
        except httpx.TransportError:
            self.outcome.cut_off += 1
            return None
        if answer.status_code == good:
            self.outcome.acknowledged += 1
            return answer
        self.outcome.refused += 1
        self.said = answer.text
        if answer.status_code != 503:
            self.blame(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        elif "retry-after" not in answer.headers:
            self.blame(f"{method} {path} answered 503 without Retry-After")
        return None

    def do(self, deed: str) -> None:
        """Do a deed by its name."""
        getattr(self, f"{deed}_" if deed == "import" else deed)()

    def assign(self, times: int = 20) -> int:
        """Assign people day by day, and return how often that was acknowledged."""
        told = 0
        people = self.served.people
        for _ in range(times):
            number = next(self.numbers)
            since = FIRST_DAY + timedelta(days=number)
            asked = {
                "person_id": people[number % len(people)],
                "grid_code": grid_code(1, 1),
                "role": "兼职网格员",
                "since": since.isoformat(),
                "until": (since + timedelta(days=1)).isoformat(),
            }
            answer = self.ask("POST", "/assignments", 201, json=asked)
            if answer is not None:
                self.assigned[answer.json()["id"]] = (asked["person_id"], asked["since"])
                told += 1
            else:
                time.sleep(0.1)
        return told

    def plan_file(self) -> tuple[Path, str]:
        note = f"drill {next(self.numbers)}"
        path = (self.served.desk or self.served.folder) / f"{note}.gpkg"
        write_plan(draw_plan(note=note), path)
        return path, note

    def upload(self) -> None:
        path, note = self.plan_file()
        kind = {"Content-Type": "application/geopackage+sqlite3"}
        answer = self.ask("POST", "/plans", 201, content=path.read_bytes(), headers=kind, params={"title": note})
        path.unlink()
        if answer is not None:
            self.keep_draft(answer.json()["id"])

    def keep_draft(self, number: int) -> None:
        self.drafts.append(number)
        self.known.add(number)

    def lay_drafts(self, count: int) -> None:
        """Lay drafts into the store past the service, so that publications need not wait for uploads."""

        async def go(store) -> list[int]:
            laid = []
            for _ in range(count):
                drawn = draw_plan(note=f"laid {next(self.numbers)}")
                async with store.writing() as connection:
                    laid.append(await import_plan(connection, drawn, act=Act("clerk")))
            return laid

        for number in self.served.within(go):
            self.keep_draft(number)

    def publish(self, times: int = 2) -> None:
        for number in [self.drafts.pop() for _ in range(times)]:
            self.effective += timedelta(days=1)
            day = {"effective": self.effective.isoformat()}
            if self.ask("POST", f"/plans/{number}/publication", 200, json=day) is not None:
                self.published.add(number)

    def run(self, *words: str | Path) -> str | None:
        """Run a command beside the service; None where it did not succeed."""
        process = self.command = subprocess.Popen(
            [COMMAND, *words], env=self.served.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        out, said = process.communicate(timeout=120)
        self.command = None
        if process.returncode == 0:
            self.outcome.acknowledged += 1
            return out
        self.outcome.refused += 1
        self.said = said
        if "Traceback" in said:
            self.blame(f"jiexiang {words[0]} ended with a traceback: {said[-1500:]}")
        return None

    def import_(self) -> None:
        path, note = self.plan_file()
        said = self.run("import", path, "--title", note, "--json")
        if said is not None:
            self.keep_draft(int(re.search(r'"plan_id": (\d+)', said)[1]))
        path.unlink()

    def ledger(self) -> None:
        """Renew the ledger of rooms: each names the ledger it is from."""
        mark = f"L{next(self.numbers)}"
        path = (self.served.desk or self.served.folder) / f"rooms-{mark}.csv"
        path.write_text(
            "社区编码,用房编号,用房名称,建筑面积(㎡),设施类别\n"
            + "".join(f"{community_code(1)},R{n},{mark},100,活动室\n" for n in range(ROOMS))
        )
        self.ledgers.add(mark)
        if self.run("import", "--rooms", path, "--as-of", "2026-01-15") is not None:
            self.ledgers = {mark}
        path.unlink()

    def backup(self) -> None:
        """Make a copy; a file that bears its name is a whole one, whatever became of the command."""
        path = self.served.folder / f"backup-{next(self.numbers)}"
        told = self.run("backup", path) is not None
        if told and not path.exists():
            self.blame(f"{path.name} was told to be made and is not there")
        if path.exists():
            tool = max(Path("/usr/lib/postgresql").glob("*/bin/pg_restore"))
            done = subprocess.run([tool, "--file=/dev/null", path], capture_output=True, text=True)
            if done.returncode:
                self.blame(f"{path.name} is half a copy: {done.stderr[:200]}")
            path.unlink()

    # -- kills ----------------------------------------------------------------------------------------------------

    def strike(self, kind: str) -> None:
        """Kill one thing without warning, where there is anything to kill."""
        pids = self.victims(kind)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if kind in ENDING:  # by now, or soon by itself; what its workers answer meanwhile is no sign of life
            try:
                self.served.process.wait(BACK_SECONDS)
            except subprocess.TimeoutExpired:
                self.blame(f"it does not end although its {kind} was killed")
        if pids:
            self.outcome.kills += 1
            self.outcome.by_kind[kind] = self.outcome.by_kind.get(kind, 0) + 1

    def victims(self, kind: str) -> list[int]:
        served = self.served
        postmaster = served.postmaster()
        match kind:
            case "backend":
                return self.one_of(served.backends())
            case "postgres":
                return [postmaster] if postmaster else []
            case "worker":
                return self.one_of(served.worker_processes())
            case "supervisor":
                return served.supervisors()
            case "command":
                command = self.command
                return [command.pid] if command is not None else []
            case "service":
                return [served.process.pid]
            case _:
                everything = [served.process.pid, *served.supervisors(), *served.worker_processes()]
                return [*everything, *([postmaster] if postmaster else [])]

    def one_of(self, pids: list[int]) -> list[int]:
        return self.chance.sample(pids, 1) if pids else []

    # -- a round --------------------------------------------------------------------------------------------------

    def any_round(self) -> str:
        """Do a round that chance chooses."""
        deed = self.choose(DEEDS)
        kind = self.choose({one: often for one, often in KILLS.items() if one != "command" or deed in COMMANDS})
        return self.round(deed, kind, again=self.choose(dict.fromkeys(AGAIN, 1)) if self.is_again() else "")

    def choose(self, often: dict[str, int]) -> str:
        return self.chance.choices(list(often), list(often.values()))[0]

    def is_again(self) -> bool:
        return self.chance.random() < AGAIN_CHANCE

    def round(self, deed: str, kind: str, again: str = "") -> str:
        """Begin a deed, kill something at a random moment of it, wait until all is well again, look, and tell.

        With `again` something is killed while the service recovers from the first.
        """
        if deed == "publish" and len(self.drafts) < 2:
            self.lay_drafts(10)
        began = time.monotonic()
        doing = threading.Thread(target=self.do, args=(deed,), daemon=True)
        doing.start()
        time.sleep(self.chance.uniform(0, LONGEST[deed]))
        self.strike(kind)
        if again:
            time.sleep(self.chance.uniform(0, 1.5))
            self.strike(again)
        struck = time.monotonic()
        back = self.recover(struck)
        doing.join(150)
        if doing.is_alive():
            self.blame(f"{deed} hangs since {kind} was killed")
        joined = time.monotonic()
        self.outcome.rounds += 1
        self.outcome.by_deed[deed] = self.outcome.by_deed.get(deed, 0) + 1
        whole = self.outcome.rounds % WHOLE_LOOK == 0
        for words in look(self, whole=whole):
            self.blame(words)
        killed = f"{kind}, {again}" if again else kind
        return (
            f"{self.outcome.kills} kills: {deed} / {killed}: back after {back:.1f} s, deed {joined - began:.1f} s, "
            f"look {time.monotonic() - joined:.1f} s"
        )

    def recover(self, struck: float) -> float:
        """Wait until the service takes changes; whoever watches over it starts it again whenever it has ended.

        Returns
        -------
        Seconds since it was struck.
        """
        while time.monotonic() < struck + BACK_SECONDS:
            if self.served.process.poll() is not None:
                self.served.process.stdout.close()
                self.served.start()
            elif self.assign(1):
                self.outcome.recoveries.append(time.monotonic() - struck)
                return time.monotonic() - struck
        self.blame(f"it did not come back within {BACK_SECONDS:.0f} s: {self.served.log()}")
        return BACK_SECONDS


@contextmanager
def running_drill(seed: int, **settings: str) -> Iterator[Drill]:
    """Run a service for drills, with settings of its environment."""
    with folder_for_service() as folder, service_in(Served(folder, extra=settings)) as served:
        yield Drill(served, random.Random(seed))  # noqa: S311  a seed for kills, no secret
