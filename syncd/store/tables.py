"""Tables: the store's schema, business tables built from the declared modules; knows no query and no rule.

What is the same on SQLite and PostgreSQL: integer ids never used twice, text without length (lengths are checked from
`syncd.modules`), time as ISO 8601 text in UTC, money as integer hundredths, flags as 0 and 1, byte-wise comparison of
keys and Graph ids.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from syncd.modules import MODULES, Field, Module

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = sa.MetaData(naming_convention=NAMING)

BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared byte by byte on both databases."""

INTEGER_KINDS = {"number", "money", "flag", "link"}


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True)


def _field(of: Field) -> sa.Column[object]:
    if of.kind == "link":
        target = sa.ForeignKey(f"{MODULES[of.link or ''].table}.id", deferrable=True, initially="DEFERRED")
        return sa.Column(of.column, sa.BigInteger, target, index=True)
    if of.kind in INTEGER_KINDS:
        return sa.Column(of.column, sa.SmallInteger if of.kind == "flag" else sa.BigInteger)
    return sa.Column(of.column, sa.Text)


def business(module: Module) -> sa.Table:
    """The table of one module: id, version, its fields in declared order, `extra` (JSON text)."""
    return sa.Table(
        module.table,
        METADATA,
        _id(),
        sa.Column("version", sa.Integer, nullable=False),
        *(_field(f) for f in module.fields),
        sa.Column("extra", sa.Text),
        sqlite_autoincrement=True,
    )


def _counts() -> Iterable[sa.Column[int]]:
    return (sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in COUNTS)


COUNTS = ("created", "updated", "unchanged", "removed", "refused", "duplicate", "review", "excluded")
"""What a run counts; every row or contact that came in is in exactly one of them, `review` apart."""

BUSINESS = {m.name: business(m) for m in MODULES.values()}

RUN = sa.Table(
    "run",
    METADATA,
    _id(),
    sa.Column("parent", sa.BigInteger, sa.ForeignKey("run.id"), index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("undoes", sa.BigInteger, sa.ForeignKey("run.id"), index=True),
    sa.Column("orders", sa.Text, nullable=False),
    sa.Column("lease", sa.Text),
    sa.Column("taken", sa.Integer, nullable=False, server_default="0"),
    *_counts(),
    sqlite_autoincrement=True,
)
"""`orders` is the run's order as JSON: what it was told to do, so that a rerun goes on with it. `taken` counts what came in."""

CHANGE = sa.Table(
    "change",
    METADATA,
    sa.Column("module", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("record", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("op", sa.SmallInteger, nullable=False),
    sa.Column("source", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("delta", sa.Text),
    sa.Index("ix_change_run", "run", "module", "record"),
    sqlite_with_rowid=False,
)
"""The ledger: one row a write of a record. `source` is a line of the run's file or a source item's id."""

PROBLEM = sa.Table(
    "problem",
    METADATA,
    _id(),
    sa.Column("run", sa.BigInteger, sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("line", sa.Integer),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("todo", sa.Text, nullable=False),
    sa.Column("cells", sa.Text),
    sqlite_autoincrement=True,
)
"""Refusals and flags of a run. `cells` is a refused row as it was, as a JSON list."""

_ON_DEMAND = sa.text("kind >= 100")

MATCH_KEY = sa.Table(
    "match_key",
    METADATA,
    sa.Column("module", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("value", BYTES, primary_key=True),
    sa.Column("record", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_match_key_record", "module", "record", sqlite_where=_ON_DEMAND, postgresql_where=_ON_DEMAND),
    sqlite_with_rowid=False,
)
"""Normalised values that records are found by, derived from their fields. The kinds from 100 on are those made on demand."""

MATCH_KIND = sa.Table(
    "match_kind",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("module", sa.SmallInteger, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
)
"""Key kinds made on demand by `match_on`; from then on every write of the module keeps them."""

PLAN = sa.Table(
    "plan",
    METADATA,
    sa.Column("run", sa.BigInteger, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
    sa.Column("joint", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("actions", sa.LargeBinary, nullable=False),
)
"""A saved plan: compressed JSON of up to 1,000 actions a row. `joint` 0: by itself, 1: together with the other mailboxes
that were stopped in the same sync."""

LEASE = sa.Table(
    "lease",
    METADATA,
    sa.Column("name", BYTES, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
)

FILE = sa.Table(
    "file",
    METADATA,
    sa.Column("run", sa.BigInteger, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
    sa.Column("sha256", BYTES, nullable=False, index=True),
    sa.Column("module", sa.SmallInteger, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False, server_default="0"),
    sa.Column("opened", sa.Text),
    sa.Column("placed", sa.SmallInteger, nullable=False, server_default="0"),
)
"""One import of one content: `rows` data rows are in the store. `opened` is what the reader found, as JSON; `placed` says
that a file of the watched folder was moved after its run."""

MAILBOX = sa.Table(
    "mailbox",
    METADATA,
    _id(),
    sa.Column("tenant", BYTES, nullable=False),
    sa.Column("address", BYTES, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="new"),
    sa.Column("round", sa.Integer, nullable=False, server_default="0"),
    sa.Column("round_open", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("last_good", sa.Text),
    sa.Column("due", sa.Text),
    sa.Column("retry_at", sa.Text),
    sa.Column("retry_why", sa.Text),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("tenant", "address"),
    sqlite_autoincrement=True,
)
"""One mailbox. `retry_at` is kept for the server's own wait (`retry_why` "server") or a back-off after errors ("error")."""

FOLDER = sa.Table(
    "folder",
    METADATA,
    _id(),
    sa.Column("mailbox", sa.BigInteger, sa.ForeignKey("mailbox.id"), nullable=False),
    sa.Column("graph_id", BYTES, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("link", sa.Text),
    sa.Column("selected", sa.Text),
    sa.Column("mode", sa.Text, nullable=False, server_default="delta"),
    sa.Column("round_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sweeping", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("resets", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("mailbox", "graph_id"),
    sqlite_autoincrement=True,
)
"""One contact folder and its cursor. `link` is the newest next or delta link, `selected` the hash of what was asked for,
`round_done` the round it was last read to its end, `sweeping` that this round enumerates all, so that what it does not
show is a candidate for removal. `mode` is "gone" when the folder is no longer read and only its name is kept."""

_PENDING = sa.text("pending = 1")

SOURCE_ITEM = sa.Table(
    "source_item",
    METADATA,
    _id(),
    sa.Column("mailbox", sa.BigInteger, sa.ForeignKey("mailbox.id"), nullable=False),
    sa.Column("graph_id", BYTES, nullable=False),
    sa.Column("folder", sa.BigInteger, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("modified", sa.Text),
    sa.Column("observed", sa.Text),
    sa.Column("digest", sa.Text),
    sa.Column("gone", sa.Text),
    sa.Column("applied", sa.Text),
    sa.Column("applied_digest", sa.Text),
    sa.Column("applied_modified", sa.Text),
    sa.Column("contact", sa.BigInteger, index=True),
    sa.Column("account", sa.BigInteger),
    sa.Column("pending", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("held", sa.BigInteger),
    sa.UniqueConstraint("mailbox", "graph_id"),
    sa.Index("ix_source_item_pending", "mailbox", "graph_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    sqlite_autoincrement=True,
)
"""One Outlook contact as last seen (`observed`, JSON) and as last carried out (`applied`, blank while that is what was
seen). `gone` marks a tombstone ("hint", "deleted", "scope"); `pending` that observed and applied differ; `held` is the
contact that was taken back by hand or by an undo, and is not made again until the source changes or the hold is
released."""
