"""Make the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import DATERANGE, JSON, JSONB, ExcludeConstraint

revision = "0001"
down_revision = None


CONTENT = ("plan_communities", "plan_grids", "plan_units", "plan_borders", "plan_streets")

KEEP_CONTENT = """
CREATE FUNCTION keep_plan_content() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held bigint;
BEGIN
    SELECT plans.id INTO held FROM touched JOIN plans ON plans.id = touched.plan_id
        WHERE plans.status <> 'draft' LIMIT 1;
    IF held IS NOT NULL THEN
        RAISE EXCEPTION '方案 % 已不是草案，内容不可更改 | plan % is no draft any more, it cannot change', held, held;
    END IF;
    RETURN NULL;
END $$
"""

KEEP_PLAN = """
CREATE FUNCTION keep_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE steps CONSTANT text[] = ARRAY['draft', 'reviewed', 'public_notice', 'approved', 'published', 'withdrawn'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION '方案 % 已不是草案，不可删除 | plan % is no draft any more, it cannot be deleted',
                OLD.id, OLD.id;
        END IF;
        RETURN OLD;
    END IF;
    IF (OLD.digest, OLD.about::text, OLD.columns) IS DISTINCT FROM (NEW.digest, NEW.about::text, NEW.columns) THEN
        RAISE EXCEPTION '方案 % 的内容不可更改 | the content of plan % cannot change', OLD.id, OLD.id;
    END IF;
    IF array_position(steps, NEW.status) < array_position(steps, OLD.status)
        AND (OLD.status, NEW.status) <> ('withdrawn', 'published') THEN
        RAISE EXCEPTION '方案 % 不能从 % 退回 % | plan % cannot go back from % to %',
            OLD.id, OLD.status, NEW.status, OLD.id, OLD.status, NEW.status;
    END IF;
    RETURN NEW;
END $$
"""

APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% 只能追加 | % can only be appended to', TG_TABLE_NAME, TG_TABLE_NAME;
END $$
"""


def guard() -> None:
    """Let the database itself keep what must not change."""
    for function in (KEEP_CONTENT, KEEP_PLAN, APPEND_ONLY):
        op.execute(function)
    for table in CONTENT:
        for event, rows in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            op.execute(
                f"CREATE TRIGGER keep_{event.lower()} AFTER {event} ON {table} "
                f"REFERENCING {rows} TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION keep_plan_content()"
            )
        op.execute(f"CREATE TRIGGER keep_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION append_only()")
    op.execute("CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON plans FOR EACH ROW EXECUTE FUNCTION keep_plan()")
    for table in ("audit", "changes", "grid_revisions", "plan_steps"):
        events = "UPDATE OR TRUNCATE" if table == "plan_steps" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(f"CREATE TRIGGER keep BEFORE {events} ON {table} EXECUTE FUNCTION append_only()")
    op.execute(
        "INSERT INTO counters (name, number) VALUES ('changes', 0), ('plans', 0), ('assignments', 0), ('audit', 0)"
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "aliases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('compound', 'road')", name=op.f("ck_aliases_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aliases")),
        sa.UniqueConstraint("kind", "alias", "name", name=op.f("uq_aliases_kind_alias_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), server_default=sa.text("'system'"), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(scope = 'county') = (scope_id IS NULL)", name=op.f("ck_api_keys_scope_id")),
        sa.CheckConstraint(
            "role IN ('county', 'planner', 'town', 'community', 'worker', 'system')", name=op.f("ck_api_keys_role")
        ),
        sa.CheckConstraint("scope IN ('county', 'town', 'community', 'grid')", name=op.f("ck_api_keys_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("result", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("about", JSON(), nullable=False),
        sa.Column("columns", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'reviewed', 'public_notice', 'approved', 'published', 'withdrawn')",
            name=op.f("ck_plans_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("digest", name=op.f("uq_plans_digest")),
    )
    op.create_table(
        "towns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_towns")),
        sa.UniqueConstraint("code", name=op.f("uq_towns_code")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("delivered", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(scope = 'county') = (scope_id IS NULL)", name=op.f("ck_webhooks_scope_id")),
        sa.CheckConstraint("scope IN ('county', 'town', 'community', 'grid')", name=op.f("ck_webhooks_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "communities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("town_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("urban_rural_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("valid", DATERANGE(), server_default=sa.text("daterange(NULL, NULL)"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["town_id"], ["towns.id"], name=op.f("fk_communities_town_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communities")),
    )
    op.create_index(op.f("ix_communities_town_id"), "communities", ["town_id"], unique=False)
    op.create_table(
        "plan_borders",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("left_grid", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("right_grid", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("barrier", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=True),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geometry", Geometry("MULTILINESTRING", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_borders_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_borders")),
    )
    op.create_index("ix_plan_borders_geometry", "plan_borders", ["geometry"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_plan_borders_plan_id_left_grid"), "plan_borders", ["plan_id", "left_grid"], unique=False)
    op.create_index(op.f("ix_plan_borders_plan_id_right_grid"), "plan_borders", ["plan_id", "right_grid"], unique=False)
    op.create_table(
        "plan_steps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("unit", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("document_number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("notice", DATERANGE(), nullable=True),
        sa.CheckConstraint(
            "step IN ('draft', 'reviewed', 'public_notice', 'approved', 'published', 'withdrawn')",
            name=op.f("ck_plan_steps_step"),
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_steps_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_steps")),
    )
    op.create_index(op.f("ix_plan_steps_plan_id"), "plan_steps", ["plan_id"], unique=False)
    op.create_table(
        "plan_streets",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("highway", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geometry", Geometry("LINESTRING", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_streets_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_streets")),
    )
    op.create_table(
        "buildings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("building_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("compound", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("residents_group", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("households", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("persons", sa.Double(), nullable=True),
        sa.Column(
            "geometry",
            Geometry("GEOMETRY", srid=4490, spatial_index=False),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_buildings_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buildings")),
        sa.UniqueConstraint("building_code", name=op.f("uq_buildings_building_code")),
    )
    op.create_index(op.f("ix_buildings_community_id"), "buildings", ["community_id"], unique=False)
    op.create_index("ix_buildings_geometry", "buildings", ["geometry"], unique=False, postgresql_using="gist")
    op.create_table(
        "community_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid", DATERANGE(), server_default=sa.text("daterange(NULL, NULL)"), nullable=False),
        ExcludeConstraint(
            (sa.column("community_id"), "="),
            (sa.column("system"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_community_codes_one_code",
        ),
        ExcludeConstraint(
            (sa.column("system"), "="),
            (sa.column("code"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_community_codes_one_bearer",
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_community_codes_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community_codes")),
    )
    op.create_table(
        "facilities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("facility_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("floor_area_m2", sa.Double(), nullable=True),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column(
            "geometry",
            Geometry("GEOMETRY", srid=4490, spatial_index=False),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_facilities_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facilities")),
        sa.UniqueConstraint("facility_code", name=op.f("uq_facilities_facility_code")),
    )
    op.create_index(op.f("ix_facilities_community_id"), "facilities", ["community_id"], unique=False)
    op.create_index("ix_facilities_geometry", "facilities", ["geometry"], unique=False, postgresql_using="gist")
    op.create_table(
        "grids",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_grids_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grids")),
    )
    op.create_index(op.f("ix_grids_community_id"), "grids", ["community_id"], unique=False)
    op.create_table(
        "changes",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("town_id", sa.BigInteger(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_changes_community_id")),
        sa.ForeignKeyConstraint(["town_id"], ["towns.id"], name=op.f("fk_changes_town_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_changes_grid_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_community_id_number"), "changes", ["community_id", "number"], unique=False)
    op.create_table(
        "in_force",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("valid", DATERANGE(), nullable=False),
        ExcludeConstraint(
            (sa.column("community_id"), "="), (sa.column("valid"), "&&"), using="gist", name="ex_in_force_one_plan"
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_in_force_community_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_in_force_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_in_force")),
    )
    op.create_index(op.f("ix_in_force_plan_id"), "in_force", ["plan_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("staff_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("post", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_people_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("staff_code", name=op.f("uq_people_staff_code")),
    )
    op.create_index(op.f("ix_people_community_id"), "people", ["community_id"], unique=False)
    op.create_table(
        "plan_communities",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("community_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("grids", sa.BigInteger(), nullable=True),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("in_band", sa.BigInteger(), nullable=True),
        sa.Column("divisible", sa.Boolean(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("message", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geometry", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_plan_communities_community_id")),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.id"], name=op.f("fk_plan_communities_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "community_id", name=op.f("pk_plan_communities")),
    )
    op.create_index(
        "ix_plan_communities_geometry", "plan_communities", ["geometry"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "addresses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("building_id", sa.BigInteger(), nullable=True),
        sa.Column("standard_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("compound", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("building", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("unit", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("road", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("house_number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("geometry", Geometry("POINT", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["buildings.id"], name=op.f("fk_addresses_building_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_addresses_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_building_id"), "addresses", ["building_id"], unique=False)
    op.create_index(op.f("ix_addresses_community_id"), "addresses", ["community_id"], unique=False)
    op.create_index("ix_addresses_geometry", "addresses", ["geometry"], unique=False, postgresql_using="gist")
    op.create_table(
        "assignments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("seat", sa.SmallInteger(), nullable=True),
        sa.Column("valid", DATERANGE(), nullable=False),
        sa.Column("document_number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        ExcludeConstraint(
            (sa.column("grid_id"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("role = '网格长'"),
            using="gist",
            name="ex_assignments_one_lead",
        ),
        ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.column("grid_id"), "="),
            (sa.column("role"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_assignments_same_twice",
        ),
        ExcludeConstraint(
            (sa.column("person_id"), "="),
            (sa.column("seat"), "="),
            (sa.column("valid"), "&&"),
            where=sa.text("seat IS NOT NULL"),
            using="gist",
            name="ex_assignments_two_grids",
        ),
        sa.CheckConstraint(
            "(role IN ('专职网格员', '兼职网格员')) = (seat IS NOT NULL)", name=op.f("ck_assignments_seated")
        ),
        sa.CheckConstraint(
            "role IN ('网格长', '专职网格员', '兼职网格员', '网格党组织书记')", name=op.f("ck_assignments_role")
        ),
        sa.CheckConstraint("NOT isempty(valid) AND lower(valid) IS NOT NULL", name=op.f("ck_assignments_valid")),
        sa.CheckConstraint("seat IN (1, 2)", name=op.f("ck_assignments_seat")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_assignments_grid_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_assignments_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_grid_id"), "assignments", ["grid_id"], unique=False)
    op.create_table(
        "grid_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid", DATERANGE(), server_default=sa.text("daterange(NULL, NULL)"), nullable=False),
        ExcludeConstraint(
            (sa.column("grid_id"), "="),
            (sa.column("system"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_grid_codes_one_code",
        ),
        ExcludeConstraint(
            (sa.column("system"), "="),
            (sa.column("code"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_grid_codes_one_bearer",
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_grid_codes_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_codes")),
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("geometry", Geometry("POINT", srid=4490, spatial_index=False), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reply", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("replied_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_objections_grid_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_objections_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_plan_id"), "objections", ["plan_id"], unique=False)
    op.create_table(
        "plan_grids",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("persons", sa.Double(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("sides_east", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sides_south", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sides_west", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sides_north", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geometry", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), nullable=False),
        sa.CheckConstraint("kind IN ('general', 'special')", name=op.f("ck_plan_grids_kind")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_plan_grids_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_plan_grids_grid_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_grids_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "grid_id", name=op.f("pk_plan_grids")),
        sa.UniqueConstraint("plan_id", "grid_code", name=op.f("uq_plan_grids_plan_id_grid_code")),
    )
    op.create_index("ix_plan_grids_geometry", "plan_grids", ["geometry"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_plan_grids_grid_code"), "plan_grids", ["grid_code"], unique=False)
    op.create_index(op.f("ix_plan_grids_grid_id"), "plan_grids", ["grid_id"], unique=False)
    op.create_index(op.f("ix_plan_grids_plan_id_community_id"), "plan_grids", ["plan_id", "community_id"], unique=False)
    op.create_table(
        "plan_units",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("extra", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("geometry", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_plan_units_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_plan_units_grid_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_units_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_units")),
    )
    op.create_index("ix_plan_units_geometry", "plan_units", ["geometry"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_plan_units_grid_id"), "plan_units", ["grid_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("failed_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(scope = 'county') = (scope_id IS NULL)", name=op.f("ck_users_scope_id")),
        sa.CheckConstraint(
            "role IN ('county', 'planner', 'town', 'community', 'worker', 'system')", name=op.f("ck_users_role")
        ),
        sa.CheckConstraint("scope IN ('county', 'town', 'community', 'grid')", name=op.f("ck_users_scope")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_users_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "grid_revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), nullable=False),
        sa.Column("geometry", Geometry("MULTIPOLYGON", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["cause_id"], ["plans.id"], name=op.f("fk_grid_revisions_cause_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_grid_revisions_grid_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_grid_revisions_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_revisions")),
    )
    op.create_index(op.f("ix_grid_revisions_grid_id_plan_id"), "grid_revisions", ["grid_id", "plan_id"], unique=False)
    guard()


def downgrade() -> None:
    """Remove everything."""
    op.drop_table("grid_revisions")
    op.drop_table("sessions")
    op.drop_table("users")
    op.drop_table("plan_units")
    op.drop_table("plan_grids")
    op.drop_table("objections")
    op.drop_table("grid_codes")
    op.drop_table("assignments")
    op.drop_table("addresses")
    op.drop_table("plan_communities")
    op.drop_table("people")
    op.drop_table("in_force")
    op.drop_table("changes")
    op.drop_table("grids")
    op.drop_table("facilities")
    op.drop_table("community_codes")
    op.drop_table("buildings")
    op.drop_table("plan_streets")
    op.drop_table("plan_steps")
    op.drop_table("plan_borders")
    op.drop_table("communities")
    op.drop_table("webhooks")
    op.drop_table("towns")
    op.drop_table("plans")
    op.drop_table("counters")
    op.drop_table("audit")
    op.drop_table("api_keys")
    op.drop_table("aliases")
    for function in ("keep_plan_content", "keep_plan", "append_only"):
        op.execute(f"DROP FUNCTION {function}()")
