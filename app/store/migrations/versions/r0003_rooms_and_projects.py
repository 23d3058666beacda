"""Make the tables of rooms, projects, standards and findings, and of what people walk on.

Only new tables are made, none that is filled is altered: the foreign keys lock their targets for a moment against
writing, never against reading.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_communities",
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("settlement", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("households", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_ledger_communities_community_id")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_ledger_communities")),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("room_code", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=True),
        sa.Column("office_m2", sa.Double(), nullable=True),
        sa.Column("service_m2", sa.Double(), nullable=True),
        sa.Column("elder_m2", sa.Double(), nullable=True),
        sa.Column("activity_m2", sa.Double(), nullable=True),
        sa.Column("measured_m2", sa.Double(), nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=True),
        sa.Column("converted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("temporary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("below_ground", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("storey", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("acquisition", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("owner", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("used_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("sharing_words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("remark", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("ledger_row", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("activity_m2 >= 0", name=op.f("ck_rooms_activity_m2")),
        sa.CheckConstraint("area_m2 >= 0", name=op.f("ck_rooms_area_m2")),
        sa.CheckConstraint("elder_m2 >= 0", name=op.f("ck_rooms_elder_m2")),
        sa.CheckConstraint("measured_m2 >= 0", name=op.f("ck_rooms_measured_m2")),
        sa.CheckConstraint("office_m2 >= 0", name=op.f("ck_rooms_office_m2")),
        sa.CheckConstraint("service_m2 >= 0", name=op.f("ck_rooms_service_m2")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_rooms_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("room_code", name=op.f("uq_rooms_room_code")),
    )
    op.create_index(op.f("ix_rooms_community_id"), "rooms", ["community_id"], unique=False)
    op.create_table(
        "room_shares",
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.CheckConstraint("share BETWEEN 0 AND 1", name=op.f("ck_room_shares_share")),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_room_shares_community_id")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_shares_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "community_id", name=op.f("pk_room_shares")),
    )
    op.create_index(op.f("ix_room_shares_community_id"), "room_shares", ["community_id"], unique=False)
    op.create_table(
        "room_evidence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("room_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("file_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_room_evidence_room_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_evidence")),
    )
    op.create_index(op.f("ix_room_evidence_room_id"), "room_evidence", ["room_id"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_code", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_projects_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("project_code", name=op.f("uq_projects_project_code")),
    )
    op.create_index(op.f("ix_projects_community_id"), "projects", ["community_id"], unique=False)
    op.create_table(
        "project_phases",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("households", sa.Double(), nullable=True),
        sa.Column("conditions_on", sa.Date(), nullable=True),
        sa.Column("contract_on", sa.Date(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("planned_m2", sa.Double(), nullable=True),
        sa.Column("built_m2", sa.Double(), nullable=True),
        sa.Column("handed_over_m2", sa.Double(), nullable=True),
        sa.Column("developer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("combined", sa.Boolean(), nullable=True),
        sa.Column("title_number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("receiver", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("handed_over_on", sa.Date(), nullable=True),
        sa.Column("declared_rule", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("trouble", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("ledger_row", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("built_m2 >= 0", name=op.f("ck_project_phases_built_m2")),
        sa.CheckConstraint("handed_over_m2 >= 0", name=op.f("ck_project_phases_handed_over_m2")),
        sa.CheckConstraint("planned_m2 >= 0", name=op.f("ck_project_phases_planned_m2")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_phases_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "position", name=op.f("pk_project_phases")),
    )
    op.create_table(
        "standards",
        sa.Column("standard_code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("facts", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("standard_code", name=op.f("pk_standards")),
    )
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("standard_code", sa.Text(), nullable=False),
        sa.Column("required", sa.Double(), nullable=True),
        sa.Column("counted", sa.Double(), nullable=True),
        sa.Column("pending", sa.Double(), nullable=False),
        sa.Column("shortfall", sa.Double(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("advisory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("binding", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_findings_community_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_findings_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_community_id_as_of"), "findings", ["community_id", "as_of"], unique=False)
    op.create_index(op.f("ix_findings_plan_id"), "findings", ["plan_id"], unique=False)
    op.create_table(
        "footways",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("highway", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("bridge", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tunnel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("layer", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("geometry", Geometry("LINESTRING", srid=4490, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_footways")),
    )
    op.create_index("ix_footways_geometry", "footways", ["geometry"], unique=False, postgresql_using="gist")
    op.create_table(
        "barriers",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("bridge", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tunnel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("geometry", Geometry("GEOMETRY", srid=4490, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_barriers")),
    )
    op.create_index("ix_barriers_geometry", "barriers", ["geometry"], unique=False, postgresql_using="gist")
    op.execute("INSERT INTO counters (name, number) VALUES ('facilities', 0)")


def downgrade() -> None:
    """Remove them."""
    op.execute("DELETE FROM counters WHERE name = 'facilities'")
    op.drop_table("barriers")
    op.drop_table("footways")
    op.drop_table("findings")
    op.drop_table("standards")
    op.drop_table("project_phases")
    op.drop_table("projects")
    op.drop_table("room_evidence")
    op.drop_table("room_shares")
    op.drop_table("rooms")
    op.drop_table("ledger_communities")
