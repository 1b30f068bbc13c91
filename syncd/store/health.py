"""Health: looks at a store as it is, without creating, migrating or writing anything; knows no business rule."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from syncd.errors import Problem, SetupError
from syncd.store import schema
from syncd.store.complaints import translated
from syncd.store.store import connect

ROOM = 200 * 2**20
"""Bytes on the disk below which a store is in danger."""


@dataclass(frozen=True)
class Health:
    """A store at a glance. `schema` None: there is no store yet. `free`: bytes left on its disk, None on a server."""

    name: str
    schema: str | None
    free: int | None = None
    fault: Problem | None = None


def examine(url: str) -> Health:
    """Opens the store read-only in spirit and says how it stands; a fault comes back as data."""
    made = sa.make_url(url)
    path = Path(made.database) if made.get_backend_name() == "sqlite" and made.database else None
    name = f"SQLite {path}" if path else f"PostgreSQL {made.render_as_string(hide_password=True)}"
    free = shutil.disk_usage(_existing(path)).free if path else None
    if path is not None and not path.exists():
        return Health(name, None, free)
    try:
        engine = connect(made, path)
    except SetupError as error:
        return Health(name, None, free, error.problems[0])
    try:
        with engine.connect() as connection:
            found = schema.revision(connection)
            fault = _newer(found) or _damaged(connection) or _readonly(connection)
    except DBAPIError as error:
        return Health(name, None, free, translated(name, error, server=path is None).problems[0])
    finally:
        engine.dispose()
    return Health(name, found, free, fault or _full(name, free))


def _existing(path: Path | None) -> Path:
    place = (path or Path()).absolute()
    while not place.exists():
        place = place.parent
    return place


def _newer(found: str | None) -> Problem | None:
    return schema.newer(found) if found is not None and found > schema.HEAD else None


def _damaged(connection: sa.Connection) -> Problem | None:
    if connection.dialect.name != "sqlite":
        return None
    seen = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if seen == "ok":
        return None
    return Problem(
        "SY-S06",
        f"The store's file is damaged: {seen}.",
        "Records may be lost.",
        "Stop syncd and put the last backup in its place.",
    )


def _readonly(connection: sa.Connection) -> Problem | None:
    """Whether a write would be taken: SQLite's write lock is taken and given back, PostgreSQL is asked."""
    if connection.dialect.name != "sqlite":
        if connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
            return Problem(
                "SY-S05",
                "The database takes no writes.",
                "It is a standby, or set to read only.",
                "Name the primary in [store] url.",
            )
        return None
    connection.rollback()
    connection.exec_driver_sql("PRAGMA busy_timeout = 2000")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("ROLLBACK")
    except DBAPIError as error:
        if "locked" not in str(error.orig):
            raise
    return None


def _full(name: str, free: int | None) -> Problem | None:
    if free is None or free >= ROOM:
        return None
    return Problem(
        "SY-S04",
        f"The disk of {name} has {free // 2**20} MB left.",
        "The next import may not fit; its last batch is then taken back.",
        "Make room.",
    )
