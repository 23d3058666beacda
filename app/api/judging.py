"""How communities and projects stand on a day, kept for as long as nothing that they are judged by changes."""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from app.api.areas import Caller
from app.api.service import Service
from app.api.small_counts import sees_small_counts, tell_ledgers
from app.geo.assessment import Assessment, assess
from app.store.areas import COUNTY
from app.store.changes import read_revisions
from app.store.findings import Ledgers, read_ledgers
from app.store.rooms import read_judged

__all__ = ["Judged", "judge", "visible_codes"]

MOST_KEPT = 4


@dataclass(frozen=True)
class Judged:
    """What was judged, what was found, and which state of the store it is."""

    ledgers: Ledgers
    found: Assessment
    mark: tuple[int, int]

    def within(self, visible: AbstractSet[str]) -> Assessment:
        """Keep of what was found the communities with these codes, and their projects."""
        return replace(
            self.found,
            communities=tuple(one for one in self.found.communities if one.community.code in visible),
            projects=tuple(one for one in self.found.projects if one.community_code in visible),
        )


async def judge(service: Service, day: date, caller: Caller) -> Judged:
    """Return how everything stands on a day, reckoned from the households that somebody may be told.

    What is required, missing and shared out by households tells their number, and so does a what-if whose conclusion
    turns at some area. Whoever sees no small counts gets all of it from tens: there is nothing exact to get back to.
    """
    key = (day, sees_small_counts(caller))
    async with service.store.reading() as connection:
        revisions = await read_revisions(connection)
        mark = (revisions.plans, revisions.facilities)
        kept = service.judged.get(key)
        if kept is not None and kept.mark == mark:
            return kept
        held = tell_ledgers(caller, await read_ledgers(connection, on=day))
    given = (held.communities, held.rooms, held.phases, held.standards)
    judged = Judged(held, await asyncio.to_thread(assess, *given, as_of=day), mark)
    service.judged[key] = judged
    while len(service.judged) > MOST_KEPT:
        del service.judged[next(iter(service.judged))]
    return judged


async def visible_codes(service: Service, caller: Caller, judged: Judged, day: date) -> list[str]:
    """Return the codes of the judged communities in the area of whoever asks."""
    if caller.area == COUNTY:
        return [one.code for one in judged.ledgers.communities]
    async with service.store.reading() as connection:
        return [one.code for one in await read_judged(connection, on=day, area=caller.area)]
