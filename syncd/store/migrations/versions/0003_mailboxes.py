"""Tables for mailboxes, folders and their contacts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates them."""
    _mailbox()
    _folder()
    _source_item()


def _mailbox() -> None:
    op.create_table(
        "mailbox",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("tenant", BYTES, nullable=False),
        sa.Column("address", BYTES, nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="new"),
        sa.Column("round", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("round_open", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("last_good", sa.Text()),
        sa.Column("due", sa.Text()),
        sa.Column("retry_at", sa.Text()),
        sa.Column("retry_why", sa.Text()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.UniqueConstraint("tenant", "address", name="uq_mailbox_tenant"),
        sqlite_autoincrement=True,
    )


def _folder() -> None:
    op.create_table(
        "folder",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("mailbox", sa.BigInteger(), sa.ForeignKey("mailbox.id", name="fk_folder_mailbox"), nullable=False),
        sa.Column("graph_id", BYTES, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("selected", sa.Text()),
        sa.Column("mode", sa.Text(), nullable=False, server_default="delta"),
        sa.Column("round_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sweeping", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("resets", sa.Integer(), nullable=False, server_default="0"),
        sa.UniqueConstraint("mailbox", "graph_id", name="uq_folder_mailbox"),
        sqlite_autoincrement=True,
    )


def _source_item() -> None:
    op.create_table(
        "source_item",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column(
            "mailbox", sa.BigInteger(), sa.ForeignKey("mailbox.id", name="fk_source_item_mailbox"), nullable=False
        ),
        sa.Column("graph_id", BYTES, nullable=False),
        sa.Column("folder", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("modified", sa.Text()),
        sa.Column("observed", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("gone", sa.Text()),
        sa.Column("applied", sa.Text()),
        sa.Column("applied_digest", sa.Text()),
        sa.Column("applied_modified", sa.Text()),
        sa.Column("contact", sa.BigInteger()),
        sa.Column("account", sa.BigInteger()),
        sa.Column("pending", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("held", sa.BigInteger()),
        sa.UniqueConstraint("mailbox", "graph_id", name="uq_source_item_mailbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_item_contact", "source_item", ["contact"])
    op.create_index("ix_source_item_pending", "source_item", ["mailbox", "pending", "graph_id"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("source_item")
    op.drop_table("folder")
    op.drop_table("mailbox")
