"""An observation that was carried out is kept once; the index of what is pending holds only that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PENDING = sa.text("pending = 1")


def upgrade() -> None:
    """Blanks the copies and makes the index anew."""
    op.execute("UPDATE source_item SET applied = NULL WHERE applied = observed AND applied_digest = digest")
    op.drop_index("ix_source_item_pending", "source_item")
    op.create_index(
        "ix_source_item_pending",
        "source_item",
        ["mailbox", "graph_id"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )


def downgrade() -> None:
    """Writes the copies back."""
    op.drop_index("ix_source_item_pending", "source_item")
    op.create_index("ix_source_item_pending", "source_item", ["mailbox", "pending", "graph_id"])
    op.execute("UPDATE source_item SET applied = observed WHERE applied IS NULL AND applied_digest IS NOT NULL")
