"""Tables for imported files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates them."""
    _file()


def _file() -> None:
    op.create_table(
        "file",
        sa.Column(
            "run", sa.BigInteger(), sa.ForeignKey("run.id", name="fk_file_run"), primary_key=True, autoincrement=False
        ),
        sa.Column("sha256", BYTES, nullable=False),
        sa.Column("module", sa.SmallInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opened", sa.Text()),
        sa.Column("placed", sa.SmallInteger(), nullable=False, server_default="0"),
    )
    op.create_index("ix_file_sha256", "file", ["sha256"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("file")
