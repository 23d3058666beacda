"""Look at a running service as those do who use it, and tell what each of them saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from app.jobs.demo_service import Welcome

__all__ = ["Seen", "visit"]

SECONDS = 60.0


@dataclass(frozen=True)
class Seen:
    """What somebody asked, and what came: `well` where it is what should come."""

    who: str
    asked: str
    status: int
    told: str
    well: bool


def visit(address: str, welcome: Welcome) -> Iterator[Seen]:
    """Ask as another system and sign in as each account, and look at what each begins with."""
    longitude, latitude = welcome.place
    with httpx.Client(base_url=address, timeout=SECONDS) as client:
        ready = client.get("/health/ready")
        yield Seen("", "/health/ready", ready.status_code, "", ready.status_code == httpx.codes.OK)
        system = {"Authorization": f"Bearer {welcome.key}"}
        located = client.get("/locate", params={"lon": longitude, "lat": latitude}, headers=system)
        grid = (located.json().get("grid") or {}) if located.is_success else {}
        told = f"{grid.get('community_name', '')}{grid.get('name', '')}"
        yield Seen("demo", f"/locate?lon={longitude}&lat={latitude}", located.status_code, told, bool(grid))
        grids = client.get("/grids", params={"limit": 1}, headers=system)
        count = grids.json().get("numberMatched", 0) if grids.is_success else 0
        yield Seen("demo", "/grids?limit=1", grids.status_code, f"{count}", count == welcome.taken_in.grids)
    for account in welcome.accounts:
        with httpx.Client(base_url=address, timeout=SECONDS, follow_redirects=True) as client:
            form = {"name": account.name, "password": account.password, "next": account.page}
            page = client.post("/sign-in", data=form)
            here = page.is_success and page.url.path == account.page
            yield Seen(account.name, account.page, page.status_code, f"{len(page.content):,} B", here)
