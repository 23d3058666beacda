"""Keep notes on borders from phones, and links to one grid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "boundary_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("geometry", Geometry("POINT", srid=4490, spatial_index=False), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("handled_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 300", name=op.f("ck_boundary_notes_text")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_boundary_notes_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_notes")),
        sa.UniqueConstraint("author", "phone_id", name=op.f("uq_boundary_notes_author_phone_id")),
    )
    op.create_index(op.f("ix_boundary_notes_grid_id"), "boundary_notes", ["grid_id"], unique=False)
    op.create_table(
        "grid_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_grid_links_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_links")),
        sa.UniqueConstraint("prefix", name=op.f("uq_grid_links_prefix")),
    )
    op.create_index(op.f("ix_grid_links_grid_id"), "grid_links", ["grid_id"], unique=False)


def downgrade() -> None:
    """Remove both."""
    op.drop_table("grid_links")
    op.drop_table("boundary_notes")
