"""Take a plan file, and what goes with it, into the store: all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.files.facilities import read_facilities
from app.files.intake import take_in
from app.files.messages import Findings, Note, fault, listed
from app.files.plans import read_grids
from app.files.staff import OtherName, StaffRow, read_other_names, read_staff, read_towns
from app.geo.assessment import Community, settlement_of
from app.geo.crs import DEGREES
from app.geo.errors import InputError, UsageError
from app.geo.layers import Layers
from app.geo.plan import Plan, told_about
from app.geo.promises import PROMISE_WORDS, Scorecard, check_promises
from app.geo.rules import Rules
from app.geo.soundness import check_soundness
from app.jobs.audit import of_command
from app.jobs.checkup import judge_old_grids
from app.jobs.database import work_in
from app.jobs.import_ledgers import LedgersOrder, LedgersRead, read_ledgers, write_ledgers
from app.jobs.inputs import Inputs, read_inputs
from app.jobs.steps import OnStep, Steps
from app.jobs.themes import SettledTheme, settle_theme
from app.settings import StoreSettings
from app.store import plans as stored_plans
from app.store.addresses import Address, Alias, add_aliases, replace_addresses
from app.store.assignments import NewAssignment, assign, hold_off_publication, read_assignments
from app.store.audit import write_audit
from app.store.buildings import Building, replace_buildings
from app.store.changes import changes_at_the_end
from app.store.connect import AsyncConnection, Store, translating
from app.store.errors import Conflict, NotAdjacent, Refused
from app.store.facilities import Facility, replace_facilities
from app.store.ground import replace_ground
from app.store.people import NewPerson, add_people
from app.store.places import find_communities, find_grids, name_towns, town_code_of
from app.store.tables import ASSIGNMENT_ROLES
from app.store.themes import OldGrid, Theme, ThemeValue, replace_old_grids, replace_themes

__all__ = ["HOUSE_NUMBER", "ImportOrder", "Imported", "import_plan"]

NEEDED: Mapping[str, tuple[str, ...]] = {
    "communities": ("community_code", "name"),
    "grids": ("grid_code", "name", "kind", "community_code", "households", "reason", "reason_code"),
    "units": ("unit_id", "grid_code", "community_code"),
    "borders": ("left_grid", "right_grid", "barrier"),
}
COUNTED = ("wrong_count", "lost_households", "buildings_cut")
"""Promises that can be checked where the buildings come along."""
HOUSE_NUMBER = re.compile(r"(.+?)([0-9０-９]+(?:[-－之][0-9０-９]+)?号.*)")
"""A road and the number of a door in it."""


@dataclass(frozen=True)
class ImportOrder:
    """A plan file and what goes with it; '' for what does not."""

    plan: Path
    buildings: str = ""
    facilities: str = ""
    staff: str = ""
    towns: str = ""
    aliases: str = ""
    title: str = ""
    actor: str = ""
    streets: str = ""
    """What people walk on; with `barriers`, which nobody steps across."""
    barriers: str = ""
    before: str = ""
    """Grids that were there before the first plan, as somebody drew them."""
    themes: tuple[str, ...] = ()
    """FILE[:SHEET or LAYER]:COLUMN; with `compounds` where a ledger speaks of them."""
    compounds: str = ""
    ledgers: LedgersOrder = field(default_factory=lambda: LedgersOrder(date.min))
    """Rooms and projects, and the standards by which they are judged."""


@dataclass(frozen=True)
class Imported:
    """What was taken in."""

    plan_id: int
    communities: int
    grids: int
    buildings: int = 0
    addresses: int = 0
    facilities: int = 0
    people: int = 0
    assignments: int = 0
    streets: int = 0
    rooms: int = 0
    projects: int = 0
    findings: int = 0
    notes: tuple[Note, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class _Read:
    """Everything that was read, in the words of files."""

    plan: Plan
    buildings: gpd.GeoDataFrame | None
    facilities: gpd.GeoDataFrame | None
    ground: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame] | None
    """Streets and barriers."""
    ledgers: LedgersRead | None
    staff: Sequence[StaffRow]
    towns: Mapping[str, str]
    aliases: Sequence[OtherName]
    before: gpd.GeoDataFrame | None
    themes: Sequence[SettledTheme]
    notes: tuple[Note, ...]


def import_plan(order: ImportOrder, settings: StoreSettings, *, on_step: OnStep) -> Imported:
    """Take a plan file into the store as a draft, with whatever goes with it and is given.

    Everything is read and checked before anything is written, and written in one transaction. Buildings, addresses,
    facilities, streets, and ledgers of rooms and projects replace those that were there; staff are added or renewed,
    and assigned where they are not yet.

    Raises
    ------
    InputError
        Something handed in cannot be used, or the plan breaks a promise.
    StoreError
        The store refuses it.
    """
    steps = Steps(on_step)
    with steps.take("read"):
        read = _read(order)
    before = _judge_before(order, read.plan, steps)
    with steps.take("check"):
        _refuse_broken(order, read)
    with steps.take("write"):

        async def work(store: Store) -> Imported:
            async with store.writing() as connection:
                async with changes_at_the_end(connection):
                    done = await _write(connection, order, replace(read, before=before))
                await write_audit(connection, [of_command("import", f"plan {done.plan_id}")])
                return done

        return work_in(settings, work)


def _read(order: ImportOrder) -> _Read:
    if order.barriers and not order.streets:
        raise UsageError("--barriers 须与 --streets 一起给出 (barriers go with streets)")
    if not order.plan.is_file():
        raise InputError([fault("file_missing", str(order.plan))])
    plan = take_in(order.plan, name=str(order.plan))
    _refuse_older(order, plan)
    buildings, facilities, ground = None, None, None
    staff: list[StaffRow] = []
    notes: tuple[Note, ...] = ()
    parts = ("buildings", "streets", "barriers", "compounds")
    given = {name: getattr(order, name) for name in parts if getattr(order, name)}
    compounds = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=DEGREES), crs=DEGREES)
    if given:
        sources = {"communities": f"{order.plan}:communities", **given}
        layers, report = read_inputs(Inputs(sources, as_is=True))
        notes = (*notes, *report.notes)
        compounds = layers.compounds
        if order.buildings:
            buildings = layers.buildings
            _refuse_miscounted(order, plan, layers)
        if order.streets:
            ground = layers.streets, layers.barriers
    if order.facilities:
        facilities, more = read_facilities(order.facilities, plan.communities, {})
        notes = (*notes, *more)
    if order.staff:
        staff, more = read_staff(order.staff, ASSIGNMENT_ROLES)
        notes = (*notes, *more)
        staff, unmatched = _match_staff(order, plan, staff)
        notes = (*notes, *unmatched)
    towns = read_towns(order.towns) if order.towns else {}
    aliases = read_other_names(order.aliases) if order.aliases else []
    ledgers = None
    if not order.ledgers.empty:
        ledgers = read_ledgers(order.ledgers, _communities(plan, towns))
        notes = (*notes, *ledgers.notes)
    themes_notes: list[Note] = []
    themes = [settle_theme(spec, plan, compounds, themes_notes) for spec in order.themes]
    notes = (*notes, *themes_notes)
    return _Read(plan, buildings, facilities, ground, ledgers, staff, towns, aliases, None, themes, notes)


def _judge_before(order: ImportOrder, plan: Plan, steps: Steps) -> gpd.GeoDataFrame | None:
    """Read the grids of before, and check them (体检) where the buildings are there to count by."""
    if not order.before:
        return None
    if not order.buildings:
        before, _ = read_grids(order.before, plan.communities)
        texts = {name: before.get(name, "") for name in ("grid_code", "name")}
        return before[["geometry"]].assign(**texts, verdict=None, findings="")
    layers = ("buildings", "streets", "barriers", "compounds")
    sources = {name: getattr(order, name) for name in layers if getattr(order, name)}
    low, high = (int(told_about(plan)[name]) for name in ("min_households", "max_households"))
    rules = Rules(min_households=low, max_households=high)
    return judge_old_grids(order.before, Inputs({"communities": f"{order.plan}:communities", **sources}), rules, steps)


def _communities(plan: Plan, towns: Mapping[str, str]) -> dict[str, Community]:
    """Return the communities of a plan as those to be judged."""
    table = plan.communities
    settled = table["urban_rural_code"] if "urban_rural_code" in table else pd.Series("", index=table.index)
    counts = table["households"] if "households" in table else pd.Series(np.nan, index=table.index)
    return {
        str(code): Community(
            str(code),
            str(name) or str(code),
            None if pd.isna(count) else float(count),
            settlement_of(str(kind)),
            towns.get(town_code_of(str(code)), ""),
        )
        for code, name, count, kind in zip(table["community_code"], table["name"], counts, settled, strict=True)
    }


def _refuse_older(order: ImportOrder, plan: Plan) -> None:
    missing = [
        f"{layer}.{name}" for layer, names in NEEDED.items() for name in names if name not in getattr(plan, layer)
    ]
    if missing:
        raise InputError([fault("plan_columns", str(order.plan), columns="、".join(missing))])


def _refuse_broken(order: ImportOrder, read: _Read) -> None:
    """Refuse a plan whose geometry alone breaks a promise."""
    card = check_soundness(read.plan.grids, read.plan.communities)
    _refuse(order, card, card.broken)


def _refuse_miscounted(order: ImportOrder, plan: Plan, layers: Layers) -> None:
    """Refuse a plan that does not agree with the buildings that came along."""
    card = check_promises(plan.grids, layers, Rules())
    _refuse(order, card, tuple(name for name in card.broken if name in COUNTED))


def _refuse(order: ImportOrder, card: Scorecard, broken: Sequence[str]) -> None:
    faults = []
    for name in broken:
        spot = next((place for place in card.places if place.promise == name), None)
        facts: dict[str, Any] = {
            "promise": PROMISE_WORDS[name][0],
            "promise_en": PROMISE_WORDS[name][1],
            "value": float(card.values[name] or 0),
            "code": spot.code if spot else "",
            "lon": spot.longitude if spot else 0.0,
            "lat": spot.latitude if spot else 0.0,
            "words": spot.words_zh if spot else "",
            "words_en": spot.words_en if spot else "",
        }
        faults.append(fault("promise_broken", str(order.plan), **facts))
    if faults:
        raise InputError(faults)


def _match_staff(order: ImportOrder, plan: Plan, staff: Sequence[StaffRow]) -> tuple[list[StaffRow], tuple[Note, ...]]:
    """Refuse communities that the plan lacks; keep who serves in a grid that it lacks as staff without one, and say so.

    A staff ledger is often older than the division: whoever published the plan has to give these people their grids.
    """
    findings = Findings("staff", order.staff)
    homes, grids = set(plan.communities["community_code"]), set(plan.grids["grid_code"])
    strange = [k for k, row in enumerate(staff) if row.community_code and row.community_code not in homes]
    labels = [row.label for row in staff]
    findings.refuse_rows("plan_without_community", strange, labels, lambda k: {"value": staff[k].community_code})
    findings.settle()
    lost = [row for row in staff if row.role and row.grid_code not in grids]
    features = listed([f"{row.staff_code} {row.grid_code}" for row in lost])
    findings.note("grid_gone", len(lost), features=features)
    kept = [replace(row, role="") if row.grid_code not in grids else row for row in staff]
    return kept, tuple(findings.notes)


async def _write(connection: AsyncConnection, order: ImportOrder, read: _Read) -> Imported:
    act = stored_plans.Act(order.actor)
    if read.staff:
        await hold_off_publication(connection)
    plan_id = await stored_plans.import_plan(connection, read.plan, act=act, title=order.title)
    await name_towns(connection, read.towns)
    homes = await find_communities(connection, list(read.plan.communities["community_code"]))
    buildings = addresses = facilities = people = assigned = 0
    notes: tuple[Note, ...] = ()
    if read.buildings is not None:
        rows = _buildings(read.buildings, read.plan.communities, homes)
        ids = await replace_buildings(connection, rows)
        listed = _addresses(read.buildings, rows, ids)
        await replace_addresses(connection, listed)
        buildings, addresses = len(rows), len(listed)
    if read.facilities is not None:
        rooms = _facilities(read.facilities, homes)
        await replace_facilities(connection, rooms)
        facilities = len(rooms)
    if read.ground is not None:
        await replace_ground(connection, *read.ground)
    if read.before is not None:
        await replace_old_grids(connection, _old_grids(read.before, read.plan.communities, homes))
    if read.themes:
        await replace_themes(connection, await _themes(connection, read, homes))
    taken = None
    if read.ledgers is not None:
        taken = await write_ledgers(connection, order.ledgers, read.ledgers, homes, plan_id=plan_id)
    if read.staff:
        people, assigned, notes = await _take_in_staff(connection, order, read.staff, homes)
    await add_aliases(connection, [Alias(one.kind, one.alias, one.name) for one in read.aliases])
    return Imported(
        plan_id,
        len(read.plan.communities),
        len(read.plan.grids),
        buildings,
        addresses,
        facilities,
        people,
        assigned,
        len(read.ground[0]) if read.ground else 0,
        taken.rooms if taken else 0,
        taken.projects if taken else 0,
        taken.findings if taken else 0,
        (*read.notes, *notes),
    )


def _old_grids(before: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, homes: Mapping[str, int]) -> list[OldGrid]:
    """Return old grids with the community that each lies in."""
    codes = _codes_at(before.geometry.representative_point(), communities)
    columns = [before[name] for name in ("grid_code", "name", "verdict", "findings")]
    rows = zip(*columns, codes, before.geometry, strict=True)
    return [
        OldGrid(str(code), str(name), homes.get(home), shape.wkb, None if pd.isna(verdict) else int(verdict), str(told))
        for code, name, verdict, told, home, shape in rows
    ]


async def _themes(connection: AsyncConnection, read: _Read, homes: Mapping[str, int]) -> list[Theme]:
    """Return themes as the store keeps them: each value with its grid or community, compounds with their outlines."""
    plan = read.plan
    home_of = dict(zip(plan.grids["grid_code"], plan.grids["community_code"], strict=True))
    grids = await find_grids(connection, list(home_of)) if any(one.level == "grid" for one in read.themes) else {}
    kept = []
    for theme in read.themes:
        shapes = gpd.GeoSeries([one.outline for one in theme.areas], crs=DEGREES)
        beside = _codes_at(shapes.representative_point(), plan.communities)
        areas = {one.code: (one, code) for one, code in zip(theme.areas, beside, strict=True)}
        told = dict(theme.values)
        values = []
        for code in areas if theme.level == "area" else told:
            area, home = areas.get(code, (None, home_of.get(code, code)))
            outline = shapely.to_wkb(area.outline) if area is not None else None
            value = told.get(code)
            plain = float(value) if isinstance(value, int | float) else value
            name = area.name if area is not None else ""
            values.append(ThemeValue(code, name, plain, homes.get(home), grids.get(code), outline))
        kept.append(Theme(theme.title, theme.level, theme.source, tuple(values)))
    return kept


def _codes_at(points: gpd.GeoSeries, communities: gpd.GeoDataFrame) -> list[str]:
    """Return the community in which each point lies; '' for none."""
    codes = [""] * len(points)
    pairs = zip(*communities.sindex.query(points, predicate="intersects"), strict=True)
    for point, row in sorted(pairs, reverse=True):  # the lowest row wins
        codes[point] = str(communities["community_code"].iloc[row])
    return codes


async def _take_in_staff(
    connection: AsyncConnection, order: ImportOrder, staff: Sequence[StaffRow], homes: Mapping[str, int]
) -> tuple[int, int, tuple[Note, ...]]:
    """Take in staff and assign who is not assigned yet; return how many of each, and who could not be."""
    apart: list[str] = []
    new = {  # who works in two grids has two rows
        one.staff_code: NewPerson(one.staff_code, one.name, one.phone, one.post, homes.get(one.community_code))
        for one in staff
    }
    people = await add_people(connection, list(new.values()))
    serving = [one for one in staff if one.role]
    grids = await find_grids(connection, [one.grid_code for one in serving])
    known = {
        (one.person_id, one.grid_id, one.role, one.since)
        for one in await read_assignments(connection, person_ids=list(people.values()), most=None)
    }
    count = 0
    findings = Findings("staff", order.staff)
    for one in serving:
        if one.since is None:  # read_staff lets none pass
            continue
        wanted = NewAssignment(people[one.staff_code], grids[one.grid_code], one.role, one.since, one.until)
        if (wanted.person_id, wanted.grid_id, wanted.role, wanted.since) in known:
            continue
        try:
            with translating():
                async with connection.begin_nested():
                    await assign(connection, wanted, actor=order.actor)
        except NotAdjacent:  # the plan has drawn them apart; who published it decides
            apart.append(f"{one.staff_code} {one.grid_code}")
            continue
        except (Conflict, Refused) as error:
            findings.refuse("staff_refused", one.label, reason=str(error), reason_en=error.english)
        count += 1
    findings.settle()
    findings.note("grids_apart", len(apart), features=listed(apart))
    return len(people), count, tuple(findings.notes)


def _buildings(frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, homes: Mapping[str, int]) -> list[Building]:
    """Make rows of buildings, each in the community in which its middle lies; of several in the lowest code."""
    order = np.argsort(communities["community_code"].to_numpy(str), kind="stable")
    codes = communities["community_code"].to_numpy(object)[order]
    outlines = communities.geometry.to_numpy()[order]
    shapes = frame.geometry.to_numpy()
    home = np.full(len(shapes), len(codes))
    building, outline = shapely.STRtree(outlines).query(shapely.point_on_surface(shapes), predicate="intersects")
    np.minimum.at(home, building, outline)
    wkb = shapely.to_wkb(shapes, byte_order=1)
    return [
        Building(
            str(row.building_id),
            homes[codes[place]] if place < len(codes) else None,
            str(row.name),
            str(row.compound),
            str(row.group),
            int(row.households),
            None if np.isnan(row.persons) else float(row.persons),
            shape,
        )
        for row, place, shape in zip(
            frame[["building_id", "name", "compound", "group", "households", "persons"]].itertuples(index=False),
            home.tolist(),
            wkb,
            strict=True,
        )
    ]


def _addresses(frame: gpd.GeoDataFrame, rows: Sequence[Building], ids: Mapping[str, int]) -> list[Address]:
    """Make an address of every building that has a compound or an address."""
    points = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy())).tolist()
    listed = []
    for row, text, code, (x, y) in zip(rows, frame["address"], frame["address_code"], points, strict=True):
        match = HOUSE_NUMBER.fullmatch(str(text))
        road, number = (match[1], match[2]) if match else (str(text), "")
        if not (row.compound or text):
            continue
        home = ids[row.building_code]
        listed.append(Address(row.compound, row.name, "", road, number, x, y, str(code), home, row.community_id))
    return listed


def _facilities(frame: gpd.GeoDataFrame, homes: Mapping[str, int]) -> list[Facility]:
    wkb = shapely.to_wkb(frame.geometry.to_numpy(), byte_order=1)
    columns = ("facility_id", "name", "facility_class", "community_code", "address")
    return [
        Facility(str(code) or f"#{number}", str(name), str(kind), homes.get(str(home)), str(address), None, {}, shape)
        for number, (code, name, kind, home, address, shape) in enumerate(
            zip(*(frame[column] for column in columns), wkb, strict=True), start=1
        )
    ]
