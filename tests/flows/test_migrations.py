"""Models and migrations agree: the databases' own catalogue says the same of a store made from either."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from syncd.store import Store, schema
from syncd.store.store import connect

POSTGRES_CATALOGUE = (
    "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default, ordinal_position::text"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT sequencename::text, data_type::text, start_value::text FROM pg_sequences WHERE schemaname = 'public'",
)
SQLITE_CATALOGUE = ("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'",)


def _catalogue(engine: sa.Engine) -> list[tuple[object, ...]]:
    queries = SQLITE_CATALOGUE if engine.dialect.name == "sqlite" else POSTGRES_CATALOGUE
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.exec_driver_sql(query).fetchall()]
    return sorted(tuple(_plain(cell) for cell in row) for row in rows)


def _plain(cell: object) -> str:
    """Catalogue text with blanks folded: a table's text keeps the layout it was typed in."""
    return " ".join(str(cell).split())


def _engine(url: str) -> sa.Engine:
    made = sa.make_url(url)
    path = Path(made.database or "") if made.get_backend_name() == "sqlite" else None
    return connect(made, path, create=True)


def _emptied(url: str) -> str:
    """The same database without anything in it."""
    if url.startswith("sqlite"):
        return f"{url}.migrated"
    engine = _engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.commit()
    engine.dispose()
    return url


def test_models_and_migrations_make_the_same_catalogue(database: str) -> None:
    Store(database).close()
    engine = _engine(database)
    built = _catalogue(engine)
    engine.dispose()
    engine = _engine(_emptied(database))
    with engine.connect() as connection, schema.locked(connection):
        schema.migrate(connection)
    migrated = _catalogue(engine)
    engine.dispose()
    assert len(built) > 20
    assert migrated == built


def test_head_is_the_last_migration() -> None:
    files = sorted((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert files[-1].name.startswith(f"{schema.HEAD}_")


def test_an_older_store_is_brought_to_the_newest_schema(database: str) -> None:
    url = _emptied(database)
    engine = _engine(url)
    with engine.connect() as connection, schema.locked(connection):
        schema.migrate(connection, "0001")
    engine.dispose()
    store = Store(url)
    with store.reading() as tx:
        assert tx.value("SELECT version_num FROM alembic_version") == schema.HEAD
        assert tx.rows("SELECT * FROM source_item") == []
    store.close()
