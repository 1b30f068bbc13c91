"""Mailboxes of one sync that were stopped together have a plan together besides the plan of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table anew with `joint` in its key: SQLite cannot change a key in place."""
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT run, batch, actions FROM plan")
    op.drop_table("plan")
    joint = sa.Column("joint", sa.SmallInteger(), primary_key=True, autoincrement=False)
    op.create_table("plan", _run(), joint, *_rest())
    op.execute("INSERT INTO plan (run, joint, batch, actions) SELECT run, 0, batch, actions FROM kept")
    op.execute("DROP TABLE kept")


def downgrade() -> None:
    """Drops the plans together; each mailbox's own stays."""
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT run, batch, actions FROM plan WHERE joint = 0")
    op.drop_table("plan")
    op.create_table("plan", _run(), *_rest())
    op.execute("INSERT INTO plan (run, batch, actions) SELECT run, batch, actions FROM kept")
    op.execute("DROP TABLE kept")


def _run() -> sa.Column[int]:
    key = sa.ForeignKey("run.id", name="fk_plan_run")
    return sa.Column("run", sa.BigInteger(), key, primary_key=True, autoincrement=False)


def _rest() -> list[sa.Column[int] | sa.Column[bytes]]:
    return [
        sa.Column("batch", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("actions", sa.LargeBinary(), nullable=False),
    ]
