"""Towns, communities and grids as lasting things: found by their codes, made where they are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Table, Text, any_, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.errors import NotFound
from app.store.tables import OWN_CODES, communities, community_codes, grid_codes, grids, towns

__all__ = [
    "Town",
    "find_communities",
    "find_grids",
    "give_code",
    "make_communities",
    "make_grids",
    "name_towns",
    "read_codes",
    "read_county_prefixes",
    "read_towns",
    "town_code_of",
]

COUNTY_DIGITS, TOWN_DIGITS, COMMUNITY_DIGITS = 6, 9, 12
UNKNOWN_TOWN = "待定"


@dataclass(frozen=True)
class Town:
    """A town or subdistrict."""

    id: int
    code: str
    name: str


def town_code_of(community_code: str) -> str:
    """Return the first nine digits of an official code; a pending one does not tell its town."""
    official = len(community_code) == COMMUNITY_DIGITS and community_code.isascii() and community_code.isdecimal()
    return community_code[:TOWN_DIGITS] if official else UNKNOWN_TOWN


async def read_towns(connection: AsyncConnection, *, area: Area = COUNTY) -> list[Town]:
    """Read the towns that lie in an area, or have it within, by code."""
    seen = select(communities.c.town_id).where(bound(area, communities.c.id))
    wanted = select(towns.c.id, towns.c.code, towns.c.name).order_by(towns.c.code)
    if area != COUNTY:
        wanted = wanted.where(towns.c.id.in_(seen))
    return [Town(*row) for row in await connection.execute(wanted)]


async def name_towns(connection: AsyncConnection, names: Mapping[str, str]) -> None:
    """Give towns their names, by code; unknown ones are made."""
    if names:
        rows = [{"code": code, "name": name} for code, name in sorted(names.items())]
        new = upsert(towns).values(rows)
        await connection.execute(new.on_conflict_do_update(index_elements=["code"], set_={"name": new.excluded.name}))


async def read_county_prefixes(connection: AsyncConnection) -> set[str]:
    """Return the first six digits of the official codes that are known."""
    prefix = func.substr(community_codes.c.code, 1, COUNTY_DIGITS)
    found = await connection.execute(
        select(prefix).where(community_codes.c.code.regexp_match(f"^[0-9]{{{COMMUNITY_DIGITS}}}$")).distinct()
    )
    return {str(row[0]) for row in found}


async def find_communities(connection: AsyncConnection, codes: Sequence[str]) -> dict[str, int]:
    """Find communities by any of their codes."""
    return await _find(connection, community_codes, community_codes.c.community_id, codes)


async def read_codes(connection: AsyncConnection, *, on: date) -> dict[int, str]:
    """Return the codes that plans give communities on a day, by their ids."""
    of = community_codes.c
    held = select(of.community_id, of.code).where(of.system == OWN_CODES, of.valid.contains(literal(on)))
    return {int(row[0]): str(row[1]) for row in await connection.execute(held)}


async def find_grids(connection: AsyncConnection, codes: Sequence[str]) -> dict[str, int]:
    """Find grids by any of their codes."""
    return await _find(connection, grid_codes, grid_codes.c.grid_id, codes)


async def _find(connection: AsyncConnection, table: Table, owner: Any, codes: Sequence[str]) -> dict[str, int]:
    wanted = select(table.c.code, owner).where(table.c.code == any_(literal(list(codes), ARRAY(Text))))
    return {str(row[0]): int(row[1]) for row in await connection.execute(wanted)}


async def make_communities(
    connection: AsyncConnection, names: Mapping[str, str], *, town_codes: Mapping[str, str]
) -> dict[str, int]:
    """Return the ids of communities by code; those that are new are made, with their towns, and named.

    `town_codes` tells the town of a community; without a word it is what the first nine digits say.
    """
    known = await find_communities(connection, list(names))
    homes = {code: town_codes.get(code) or town_code_of(code) for code in names}
    new_towns = [{"code": code} for code in sorted(set(homes.values()))]
    if new_towns:
        await connection.execute(upsert(towns).values(new_towns).on_conflict_do_nothing())
    town_ids = {town.code: town.id for town in await read_towns(connection)}
    for code, name in names.items():
        if code in known:
            continue
        made = insert(communities).values(town_id=town_ids[homes[code]], name=name).returning(communities.c.id)
        known[code] = int((await connection.execute(made)).scalar_one())
        await connection.execute(insert(community_codes).values(community_id=known[code], system=OWN_CODES, code=code))
    return known


async def make_grids(connection: AsyncConnection, homes: Mapping[str, int]) -> dict[str, int]:
    """Return the ids of grids by code; those that are new are made. `homes` tells the community of each code.

    A code is never used again for another grid, so the same code is the same grid in every plan.
    """
    known = await find_grids(connection, list(homes))
    new = [code for code in homes if code not in known]
    if new:
        made = insert(grids).returning(grids.c.id, sort_by_parameter_order=True)
        ids = (await connection.execute(made, [{"community_id": homes[code]} for code in new])).scalars().all()
        known |= dict(zip(new, (int(one) for one in ids), strict=True))
        rows = [{"grid_id": known[code], "system": OWN_CODES, "code": code} for code in new]
        await connection.execute(insert(grid_codes), rows)
    return known


async def give_code(connection: AsyncConnection, thing: Area, system: str, code: str, *, since: date | None) -> None:
    """Give a community or a grid its official code of a system, from a day on; it makes no new version of anything.

    An earlier code of the same system ends on that day. Without a day it holds from the beginning, and there must be
    none before it.

    Raises
    ------
    NotFound
        There is no such thing.
    Conflict
        Another bears this code, or a code of this system holds already on some of these days.
    """
    table, owner, things = {
        "community": (community_codes, community_codes.c.community_id, communities),
        "grid": (grid_codes, grid_codes.c.grid_id, grids),
    }[thing.scope]
    home = things.c.id if things is communities else things.c.community_id
    community_id = await connection.scalar(select(home).where(things.c.id == thing.id).with_for_update())
    if community_id is None:
        raise NotFound(
            f"没有这个{'社区' if thing.scope == 'community' else '网格'}", f"there is no {thing.scope} {thing.id}"
        )
    if since is not None:
        await connection.execute(
            update(table)
            .where(owner == thing.id, table.c.system == system, table.c.valid.contains(since))
            .values(valid=func.daterange(func.lower(table.c.valid), since))
        )
    await connection.execute(
        insert(table).values({owner.name: thing.id, "system": system, "code": code, "valid": Range(since, None)})
    )
    grid_id = thing.id if thing.scope == "grid" else None
    details = {"system": system, "code": code, "since": since.isoformat() if since else None}
    await record_changes(
        connection, [NewChange(f"{thing.scope}.code", int(thing.id or 0), int(community_id), grid_id, details)]
    )
