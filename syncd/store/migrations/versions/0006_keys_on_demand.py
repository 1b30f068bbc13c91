"""Match keys made on demand are found by their record: what they were derived by is not kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ON_DEMAND = sa.text("kind >= 100")


def upgrade() -> None:
    """Makes the index."""
    op.create_index(
        "ix_match_key_record", "match_key", ["module", "record"], sqlite_where=ON_DEMAND, postgresql_where=ON_DEMAND
    )


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_match_key_record", "match_key")
