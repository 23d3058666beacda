"""Themes from ledgers, and grids that were there before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "themes",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("level IN ('grid', 'area', 'community')", name=op.f("ck_themes_level")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_themes")),
    )
    op.create_table(
        "theme_values",
        sa.Column("theme", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("geometry", Geometry("GEOMETRY", srid=4490, spatial_index=False), nullable=True),
        sa.ForeignKeyConstraint(["theme"], ["themes.position"], name=op.f("fk_theme_values_theme"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_theme_values_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_theme_values_grid_id")),
        sa.PrimaryKeyConstraint("theme", "place", name=op.f("pk_theme_values")),
    )
    op.create_table(
        "old_grids",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grid_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.SmallInteger(), nullable=True),
        sa.Column("findings", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("geometry", Geometry("GEOMETRY", srid=4490, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_old_grids_community_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_old_grids")),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("old_grids", "theme_values", "themes"):
        op.drop_table(name)
