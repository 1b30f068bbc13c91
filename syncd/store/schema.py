"""Schema: brings a database to the newest schema, or refuses one that is newer; knows migrations by number only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from syncd.errors import Problem, SetupError
from syncd.store.tables import METADATA

HEAD = "0006"
"""The newest migration. A test holds it equal to the last file in `migrations/versions`."""

MIGRATIONS = Path(__file__).with_name("migrations")
SCHEMA_LOCK = 0x73796E6365


def revision(connection: sa.Connection) -> str | None:
    """The schema's number as the database says it, None when it has none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def ready(engine: sa.Engine, *, create: bool = True) -> None:
    """Makes the schema the newest one. A new store is built from the models at once: it comes out the same.

    Raises SetupError when the schema is newer than this program.
    """
    with engine.connect() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SetupError(newer(found))
    if not create and found is None:
        raise SetupError(
            Problem("SY-S02", "The database holds no syncd store.", "It was never set up.", "Run: syncd init.")
        )
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A table rebuilt in batch mode would take its child rows along.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()
        with locked(connection):
            build(connection) if revision(connection) is None else migrate(connection)
        connection.invalidate()


@contextmanager
def locked(connection: sa.Connection) -> Iterator[None]:
    """One transaction in which nobody else changes the schema: it comes whole or not at all."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


def newer(found: str) -> Problem:
    """What to say of a schema that this program does not know."""
    return Problem(
        "SY-S09",
        f"The store's schema is {found}; this program knows up to {HEAD}.",
        "A newer syncd has used this store.",
        "Install the newer syncd again, or put back a backup made before.",
    )


def build(connection: sa.Connection) -> None:
    """Creates every table from the models and stamps the newest number, inside the caller's transaction."""
    METADATA.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t"
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)"
    )
    connection.execute(sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def migrate(connection: sa.Connection, target: str = "head") -> None:
    """Runs the migrations that are missing, inside the caller's transaction. Foreign keys are off on SQLite meanwhile."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        raise SetupError(
            Problem(
                "SY-S06",
                "The store holds links to records that are not there.",
                "It is damaged.",
                "Put the last backup in its place.",
            )
        )
