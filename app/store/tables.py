"""The tables: what lasts, from towns to changes. Geometries are in EPSG:4490, x before y; dates are whole days.

A plan's content (`plan_*`) never changes once the plan has left its draft; triggers of the first migration see to it.
Which plan holds where and when stands in `in_force` alone. Grids and communities have permanent internal ids; their
official codes are dated attributes, several to one thing, one a system at a time.
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint

__all__ = [
    "ASSIGNMENT_ROLES",
    "CONTENT",
    "LEAD",
    "OWN_CODES",
    "PLAN_STEPS",
    "SCOPES",
    "SRID",
    "USER_ROLES",
    "WORKER_ROLES",
    "addresses",
    "aliases",
    "api_keys",
    "assignments",
    "audit",
    "audit_segments",
    "barriers",
    "boundary_notes",
    "buildings",
    "changes",
    "communities",
    "community_codes",
    "counters",
    "facilities",
    "findings",
    "footways",
    "grid_codes",
    "grid_links",
    "grid_revisions",
    "grids",
    "in_force",
    "ledger_communities",
    "metadata",
    "objections",
    "old_grids",
    "people",
    "plan_borders",
    "plan_communities",
    "plan_grids",
    "plan_papers",
    "plan_steps",
    "plan_streets",
    "plan_units",
    "plans",
    "project_phases",
    "projects",
    "room_evidence",
    "room_shares",
    "rooms",
    "sessions",
    "standards",
    "theme_values",
    "themes",
    "towns",
    "users",
    "webhooks",
]

SRID = 4490
PLAN_STEPS = ("draft", "reviewed", "public_notice", "approved", "published", "withdrawn")
"""The life of a plan: 草案, 审核, 公示, 批复, 生效, 废止."""
LEAD = "网格长"
WORKER_ROLES = ("专职网格员", "兼职网格员")
"""Roles of which one person may hold two, in adjacent grids."""
ASSIGNMENT_ROLES = (LEAD, *WORKER_ROLES, "网格党组织书记")
USER_ROLES = ("county", "planner", "town", "community", "worker", "system")
SCOPES = ("county", "town", "community", "grid")
OWN_CODES = "jiexiang"
"""The system of codes that plans carry; others (综治码, 城管码 …) are named by whoever imports them."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _to(
    target: str, name: str, *, required: bool = True, on_delete: str | None = None, key: bool = False
) -> Column[int]:
    return Column(
        name, BigInteger, ForeignKey(f"{target}.id", ondelete=on_delete), nullable=not required, primary_key=key
    )


def _words(name: str, *, required: bool = True) -> Column[str]:
    """Text that is '' where nothing is known."""
    return Column(name, Text, nullable=not required, server_default=text("''") if required else None)


def _moment(name: str, *, required: bool = True, now: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=func.now() if now else None)


def _shape(kind: str, *, required: bool = True) -> Column[Any]:
    return Column("geometry", Geometry(kind, srid=SRID, spatial_index=False), nullable=not required)


def _facts(name: str = "extra") -> Column[Any]:
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb"))


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _scope() -> list[Any]:
    return [
        Column("scope", Text, nullable=False),
        Column("scope_id", BigInteger),
        _one_of("scope", SCOPES),
        CheckConstraint("(scope = 'county') = (scope_id IS NULL)", name="scope_id"),
    ]


def _gist(table: Table) -> None:
    Index(f"ix_{table.name}_geometry", table.c.geometry, postgresql_using="gist")


counters = Table(
    "counters", metadata, Column("name", Text, primary_key=True), Column("number", BigInteger, nullable=False)
)
"""Numbers handed out in the order of commits; see `app.store.changes`."""

towns = Table(
    "towns",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    _words("name"),
    _moment("created_at", now=True),
)

communities = Table(
    "communities",
    metadata,
    _id(),
    _to("towns", "town_id"),
    _words("name"),
    _words("urban_rural_code"),
    Column("valid", DATERANGE, nullable=False, server_default=text("daterange(NULL, NULL)")),
    _moment("created_at", now=True),
)
Index(None, communities.c.town_id)

community_codes = Table(
    "community_codes",
    metadata,
    _id(),
    _to("communities", "community_id"),
    Column("system", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False, server_default=text("daterange(NULL, NULL)")),
    ExcludeConstraint(("system", "="), ("code", "="), ("valid", "&&"), name="ex_community_codes_one_bearer"),
    ExcludeConstraint(("community_id", "="), ("system", "="), ("valid", "&&"), name="ex_community_codes_one_code"),
)

grids = Table("grids", metadata, _id(), _to("communities", "community_id"), _moment("created_at", now=True))
"""Grids as lasting things: what a person is assigned to, whatever shape and code a plan gives them."""
Index(None, grids.c.community_id)

grid_codes = Table(
    "grid_codes",
    metadata,
    _id(),
    _to("grids", "grid_id"),
    Column("system", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False, server_default=text("daterange(NULL, NULL)")),
    ExcludeConstraint(("system", "="), ("code", "="), ("valid", "&&"), name="ex_grid_codes_one_bearer"),
    ExcludeConstraint(("grid_id", "="), ("system", "="), ("valid", "&&"), name="ex_grid_codes_one_code"),
)

plans = Table(
    "plans",
    metadata,
    _id(),
    _words("title"),
    Column("status", Text, nullable=False, server_default=text("'draft'")),
    Column("digest", Text, nullable=False, unique=True),
    Column("about", JSON, nullable=False),
    Column("columns", JSONB, nullable=False),
    _words("created_by"),
    _moment("created_at", now=True),
    Column("effective", Date),
    Column("withdrawn_on", Date),
    _one_of("status", PLAN_STEPS),
)
"""`digest` is the SHA-256 of the content; `columns` keeps the order and kinds of the file's columns."""

plan_steps = Table(
    "plan_steps",
    metadata,
    _id(),
    _to("plans", "plan_id", on_delete="CASCADE"),
    Column("step", Text, nullable=False),
    _moment("at", now=True),
    _words("actor"),
    _words("unit"),
    _words("document_number"),
    _words("why"),
    Column("notice", DATERANGE),
    _one_of("step", PLAN_STEPS),
)
Index(None, plan_steps.c.plan_id)

plan_papers = Table(
    "plan_papers",
    metadata,
    _id(),
    _to("plan_steps", "step_id", on_delete="CASCADE"),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _moment("filed_at", now=True),
    _words("filed_by"),
    UniqueConstraint("step_id", "sha256"),
)
"""Files that belong to a step: what was decided, as it was signed."""

objections = Table(
    "objections",
    metadata,
    _id(),
    _to("plans", "plan_id"),
    _to("grids", "grid_id", required=False),
    _words("author"),
    Column("text", Text, nullable=False),
    _shape("POINT", required=False),
    _moment("received_at", now=True),
    _words("reply"),
    _words("replied_by"),
    _moment("replied_at", required=False),
    Column("adopted", Boolean),
)
Index(None, objections.c.plan_id)

plan_communities = Table(
    "plan_communities",
    metadata,
    _to("plans", "plan_id", on_delete="CASCADE", key=True),
    _to("communities", "community_id", key=True),
    Column("position", Integer, nullable=False),
    Column("community_code", Text, nullable=False),
    _words("name"),
    Column("grids", BigInteger),
    Column("households", BigInteger),
    Column("in_band", BigInteger),
    Column("divisible", Boolean),
    Column("cost", Double),
    _words("message"),
    _facts(),
    _shape("MULTIPOLYGON"),
)

plan_grids = Table(
    "plan_grids",
    metadata,
    _to("plans", "plan_id", on_delete="CASCADE", key=True),
    _to("grids", "grid_id", key=True),
    _to("communities", "community_id"),
    Column("position", Integer, nullable=False),
    Column("grid_code", Text, nullable=False),
    _words("name"),
    Column("kind", Text, nullable=False),
    Column("households", BigInteger),
    Column("persons", Double),
    Column("area_m2", Double),
    _words("sides_east"),
    _words("sides_south"),
    _words("sides_west"),
    _words("sides_north"),
    _words("reason"),
    _words("reason_code"),
    _facts(),
    _shape("MULTIPOLYGON"),
    _one_of("kind", ("general", "special")),
    UniqueConstraint("plan_id", "grid_code"),
)
Index(None, plan_grids.c.plan_id, plan_grids.c.community_id)
Index(None, plan_grids.c.grid_id)
Index(None, plan_grids.c.grid_code)

plan_units = Table(
    "plan_units",
    metadata,
    _to("plans", "plan_id", on_delete="CASCADE", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("unit_id", Text, nullable=False),
    _to("grids", "grid_id", required=False),
    _to("communities", "community_id"),
    Column("households", BigInteger),
    _words("kind"),
    _facts(),
    _shape("MULTIPOLYGON"),
)
Index(None, plan_units.c.grid_id)

plan_borders = Table(
    "plan_borders",
    metadata,
    _to("plans", "plan_id", on_delete="CASCADE", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("left_grid"),
    _words("right_grid"),
    _words("barrier"),
    _words("name"),
    Column("length_m", Double),
    _facts(),
    _shape("MULTILINESTRING"),
)
Index(None, plan_borders.c.plan_id, plan_borders.c.left_grid)
Index(None, plan_borders.c.plan_id, plan_borders.c.right_grid)

plan_streets = Table(
    "plan_streets",
    metadata,
    _to("plans", "plan_id", on_delete="CASCADE", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("highway"),
    _words("name"),
    _facts(),
    _shape("LINESTRING"),
)

CONTENT = (plan_communities, plan_grids, plan_units, plan_borders, plan_streets)
"""What a plan is made of, in the order in which it is written."""

in_force = Table(
    "in_force",
    metadata,
    _id(),
    _to("communities", "community_id"),
    _to("plans", "plan_id"),
    Column("valid", DATERANGE, nullable=False),
    ExcludeConstraint(("community_id", "="), ("valid", "&&"), name="ex_in_force_one_plan"),
)
"""Which plan holds in which community, and when."""
Index(None, in_force.c.plan_id)

grid_revisions = Table(
    "grid_revisions",
    metadata,
    _id(),
    _to("plans", "plan_id"),
    _to("grids", "grid_id"),
    Column("since", Date, nullable=False),
    _to("plans", "cause_id"),
    _shape("MULTIPOLYGON"),
)
"""Shapes of published grids with vertices that a neighbour's publication (`cause_id`) put on the common border."""
Index(None, grid_revisions.c.grid_id, grid_revisions.c.plan_id)

buildings = Table(
    "buildings",
    metadata,
    _id(),
    _to("communities", "community_id", required=False),
    Column("building_code", Text, nullable=False, unique=True),
    _words("name"),
    _words("compound"),
    _words("residents_group"),
    Column("households", BigInteger, nullable=False, server_default=text("0")),
    Column("persons", Double),
    _shape("GEOMETRY"),
)
Index(None, buildings.c.community_id)

addresses = Table(
    "addresses",
    metadata,
    _id(),
    _to("communities", "community_id", required=False),
    _to("buildings", "building_id", required=False, on_delete="CASCADE"),
    _words("standard_code"),
    _words("compound"),
    _words("building"),
    _words("unit"),
    _words("road"),
    _words("house_number"),
    _shape("POINT"),
)
Index(None, addresses.c.community_id)
Index(None, addresses.c.building_id)

aliases = Table(
    "aliases",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("name", Text, nullable=False),
    _one_of("kind", ("compound", "road")),
    UniqueConstraint("kind", "alias", "name"),
)
"""Former and colloquial names; one alias may stand for several names, and a look-up then says so."""

facilities = Table(
    "facilities",
    metadata,
    _id(),
    Column("facility_code", Text, nullable=False, unique=True),
    _words("name"),
    _words("kind"),
    _to("communities", "community_id", required=False),
    _words("address"),
    Column("floor_area_m2", Double),
    _facts(),
    _shape("GEOMETRY", required=False),
)
Index(None, facilities.c.community_id)


def _areas(*names: str) -> list[Any]:
    """Square metres, from 0 up; NULL where the ledger does not say."""
    checks = [CheckConstraint(f"{name} >= 0", name=name) for name in names]
    return [*(Column(name, Double) for name in names), *checks]


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


ledger_communities = Table(
    "ledger_communities",
    metadata,
    _to("communities", "community_id", key=True),
    _words("settlement"),
    Column("households", Double),
)
"""What the ledger of rooms says of a community: urban, town or rural, and its households where no plan tells them."""

rooms = Table(
    "rooms",
    metadata,
    _id(),
    Column("room_code", Text, nullable=False, unique=True),
    _to("communities", "community_id"),
    _words("name"),
    _words("kind"),
    *_areas("area_m2", "office_m2", "service_m2", "elder_m2", "activity_m2", "measured_m2"),
    Column("in_use", Boolean),
    _flag("converted"),
    _flag("temporary"),
    _flag("below_ground"),
    _words("address"),
    _words("storey"),
    _words("acquisition"),
    _words("owner"),
    _words("used_by"),
    _words("sharing_words"),
    _words("remark"),
    Column("ledger_row", Integer, nullable=False, server_default=text("0")),
)
Index(None, rooms.c.community_id)

room_shares = Table(
    "room_shares",
    metadata,
    _to("rooms", "room_id", on_delete="CASCADE", key=True),
    _to("communities", "community_id", key=True),
    Column("share", Double),
    CheckConstraint("share BETWEEN 0 AND 1", name="share"),
)
"""Who uses a room with whom; NULL is a share by households. A room of one community alone has no row."""
Index(None, room_shares.c.community_id)

room_evidence = Table(
    "room_evidence",
    metadata,
    _id(),
    _to("rooms", "room_id", on_delete="CASCADE"),
    _words("kind"),
    _words("words"),
    _words("number"),
    Column("dated", Date),
    Column("valid_until", Date),
    _words("file_name"),
)
"""The paper on which a room counts; `file_name` is that of its scan, which is kept elsewhere."""
Index(None, room_evidence.c.room_id)

projects = Table(
    "projects",
    metadata,
    _id(),
    Column("project_code", Text, nullable=False, unique=True),
    _to("communities", "community_id"),
    _words("name"),
)
Index(None, projects.c.community_id)

project_phases = Table(
    "project_phases",
    metadata,
    _to("projects", "project_id", on_delete="CASCADE", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("phase"),
    Column("households", Double),
    Column("conditions_on", Date),
    Column("contract_on", Date),
    Column("stage", Text, nullable=False),
    *_areas("planned_m2", "built_m2", "handed_over_m2"),
    _words("developer"),
    Column("combined", Boolean),
    _words("title_number"),
    _words("receiver"),
    Column("handed_over_on", Date),
    _words("declared_rule"),
    _words("trouble"),
    Column("ledger_row", Integer, nullable=False, server_default=text("0")),
)

standards = Table(
    "standards",
    metadata,
    Column("standard_code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    _facts("facts"),
)
"""The rules by which rooms and projects are judged, as they were when the ledgers were taken in."""

findings = Table(
    "findings",
    metadata,
    _id(),
    _to("plans", "plan_id", required=False, on_delete="CASCADE"),
    Column("as_of", Date, nullable=False),
    _moment("at", now=True),
    _to("communities", "community_id"),
    Column("standard_code", Text, nullable=False),
    Column("required", Double),
    Column("counted", Double),
    Column("pending", Double, nullable=False),
    Column("shortfall", Double),
    Column("status", Text, nullable=False),
    _flag("advisory"),
    _flag("binding"),
    _words("words"),
)
"""What was found when ledgers were taken in or a plan came into force: kept, whatever the ledgers say later."""
Index(None, findings.c.community_id, findings.c.as_of)
Index(None, findings.c.plan_id)

footways = Table(
    "footways",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("highway"),
    _words("name"),
    _flag("bridge"),
    _flag("tunnel"),
    Column("layer", Integer, nullable=False, server_default=text("0")),
    _shape("LINESTRING"),
)
"""Streets, lanes and paths that people walk on, of the whole county, with what tells where they meet."""

barriers = Table(
    "barriers",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("kind"),
    _words("name"),
    _flag("bridge"),
    _flag("tunnel"),
    _shape("GEOMETRY"),
)
"""Water, railways and walls, which nobody steps across from a home to a street."""

themes = Table(
    "themes",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("title"),
    Column("level", Text, nullable=False),
    _words("source"),
    _one_of("level", ("grid", "area", "community")),
)
"""Columns of ledgers that are shown as maps (专题图)."""

theme_values = Table(
    "theme_values",
    metadata,
    Column("theme", Integer, ForeignKey("themes.position", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    _words("code"),
    _words("name"),
    _words("words", required=False),
    Column("number", Double),
    _to("communities", "community_id", required=False),
    _to("grids", "grid_id", required=False),
    _shape("GEOMETRY", required=False),
)

old_grids = Table(
    "old_grids",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    _words("grid_code"),
    _words("name"),
    _to("communities", "community_id", required=False),
    Column("verdict", SmallInteger),
    _words("findings"),
    _shape("GEOMETRY"),
)
"""Grids that were there before the first plan, as somebody drew them, with what their checkup (体检) found.

Earlier plans are in `plans`.
"""

people = Table(
    "people",
    metadata,
    _id(),
    Column("staff_code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    _words("phone"),
    _words("post"),
    _to("communities", "community_id", required=False),
    _moment("created_at", now=True),
    Column("left_on", Date),
)
Index(None, people.c.community_id)

assignments = Table(
    "assignments",
    metadata,
    _id(),
    _to("people", "person_id"),
    _to("grids", "grid_id"),
    Column("role", Text, nullable=False),
    Column("seat", SmallInteger),
    Column("valid", DATERANGE, nullable=False),
    _words("document_number"),
    _words("created_by"),
    _moment("created_at", now=True),
    _one_of("role", ASSIGNMENT_ROLES),
    CheckConstraint("seat IN (1, 2)", name="seat"),
    CheckConstraint("(role IN ('专职网格员', '兼职网格员')) = (seat IS NOT NULL)", name="seated"),
    CheckConstraint("NOT isempty(valid) AND lower(valid) IS NOT NULL", name="valid"),
    ExcludeConstraint(
        ("person_id", "="), ("grid_id", "="), ("role", "="), ("valid", "&&"), name="ex_assignments_same_twice"
    ),
    ExcludeConstraint(("grid_id", "="), ("valid", "&&"), name="ex_assignments_one_lead", where=text("role = '网格长'")),
    ExcludeConstraint(
        ("person_id", "="),
        ("seat", "="),
        ("valid", "&&"),
        name="ex_assignments_two_grids",
        where=text("seat IS NOT NULL"),
    ),
)
"""`seat` numbers the grids that one worker holds at a time, so that the database itself allows no third."""
Index(None, assignments.c.grid_id)

users = Table(
    "users",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _words("display_name"),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    *_scope(),
    _to("people", "person_id", required=False),
    Column("failed_attempts", Integer, nullable=False, server_default=text("0")),
    _moment("locked_until", required=False),
    _moment("password_changed_at", now=True),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    _moment("created_at", now=True),
    _one_of("role", USER_ROLES),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _to("users", "user_id", on_delete="CASCADE"),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _moment("created_at", now=True),
    _moment("last_seen_at", now=True),
    _moment("expires_at"),
)
Index(None, sessions.c.user_id)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("role", Text, nullable=False, server_default=text("'system'")),
    *_scope(),
    _words("created_by"),
    _moment("created_at", now=True),
    _moment("expires_at", required=False),
    _moment("revoked_at", required=False),
    _moment("last_used_at", required=False),
    _one_of("role", USER_ROLES),
)

boundary_notes = Table(
    "boundary_notes",
    metadata,
    _id(),
    _to("grids", "grid_id"),
    Column("phone_id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    _shape("POINT"),
    Column("accuracy_m", Double),
    _moment("noted_at"),
    _moment("received_at", now=True),
    _words("outcome"),
    _words("handled_by"),
    _moment("handled_at", required=False),
    CheckConstraint("length(text) BETWEEN 1 AND 300", name="text"),
    UniqueConstraint("author", "phone_id"),
)
"""What people in the field say of a border; `phone_id` lets one note that is sent twice be known."""
Index(None, boundary_notes.c.grid_id)

grid_links = Table(
    "grid_links",
    metadata,
    _id(),
    _to("grids", "grid_id"),
    Column("prefix", Text, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
    _words("created_by"),
    _moment("created_at", now=True),
    _moment("expires_at"),
    _moment("revoked_at", required=False),
)
"""Links by which whoever holds one sees one grid."""
Index(None, grid_links.c.grid_id)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _moment("at"),
    _words("actor_kind"),
    Column("actor_id", BigInteger),
    _words("actor"),
    Column("action", Text, nullable=False),
    _words("subject"),
    _words("source"),
    _words("result"),
    _facts("details"),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Append-only: triggers refuse everything but insertion. Each row's hash covers the row and the hash before it."""
Index(None, audit.c.at)

audit_segments = Table(
    "audit_segments",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("boundary", JSONB, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Parts of the audit that lie in the archive: where each begins and ends, signed; see `app.store.audit_archive`."""

changes = Table(
    "changes",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _moment("at", now=True),
    Column("kind", Text, nullable=False),
    _to("towns", "town_id", required=False),
    _to("communities", "community_id", required=False),
    _to("grids", "grid_id", required=False),
    Column("subject_id", BigInteger),
    _facts("details"),
)
Index(None, changes.c.community_id, changes.c.number)

webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    *_scope(),
    Column("delivered", BigInteger, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    _moment("next_attempt_at", now=True),
    _words("last_error"),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    _words("created_by"),
    _moment("created_at", now=True),
)
"""Addresses that are told of changes; `delivered` is the number of the last change that was acknowledged."""

for _table in (
    plan_communities,
    plan_grids,
    plan_units,
    plan_borders,
    buildings,
    addresses,
    facilities,
    footways,
    barriers,
):
    _gist(_table)
