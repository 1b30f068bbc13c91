"""Store: opens the database, hands out reading and writing sessions; knows the two databases' habits, no business rule."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from syncd.errors import Problem, SetupError
from syncd.store import schema
from syncd.store.complaints import BUSY_SECONDS, translated
from syncd.store.session import Session, Step, no_step

WRITE_LOCK = 0x73796E6364
"""Key of the advisory lock that makes writers take turns on PostgreSQL."""

UNBOUNDED = -1
"""Sessions at once: as many as there are threads. They wait for the writer of the moment, not for a connection."""

ENDING = (signal.SIGTERM, signal.SIGINT)


class Store:
    """One store. `reading()` sees committed data; `writing()` is the one writer of its moment on both databases."""

    def __init__(self, url: str, *, step: Step = no_step, create: bool = True) -> None:
        self.url = sa.make_url(url)
        self.step = step
        self.postgres = self.url.get_backend_name() == "postgresql"
        self.path = None if self.postgres or not self.url.database else Path(self.url.database)
        self._engine = connect(self.url, self.path, create=create)
        try:
            schema.ready(self._engine, create=create)
        except DBAPIError as error:
            raise _unusable(self, error) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and writes nothing."""
        try:
            with self._engine.connect() as connection, connection.begin():
                if self.postgres:
                    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                self._begin(connection, "BEGIN")
                yield Session(connection)
        except DBAPIError as error:
            raise translated(self.describe(), error, server=self.postgres) from error

    @contextmanager
    def drafting(self) -> Iterator[Session]:
        """A reading session that may keep temporary tables; they go with it."""
        try:
            with self._engine.connect() as connection:
                transaction = connection.begin()
                self._begin(connection, "BEGIN")
                try:
                    yield Session(connection)
                finally:
                    transaction.rollback()
        except DBAPIError as error:
            raise translated(self.describe(), error, server=self.postgres) from error

    def _begin(self, connection: sa.Connection, statement: str) -> None:
        """SQLAlchemy's own begin opens no transaction on SQLite while the driver is in autocommit."""
        if not self.postgres:
            connection.exec_driver_sql(statement)

    @contextmanager
    def writing(self, name: str = "write") -> Iterator[Session]:
        """The writing session: matching, checking and applying see what they change. Commits at the end, or takes all back.

        BEGIN IMMEDIATE on SQLite (a read that turns into a write would fail at once); on PostgreSQL one advisory lock,
        taken before the first look. A signal that ends the program takes effect behind it.
        """
        try:
            with _undisturbed(), self._engine.connect() as connection, _uncollected():
                self.step(f"{name}:begin")
                with connection.begin() as transaction:
                    self._take_turn(connection)
                    yield Session(connection)
                    self.step(f"{name}:commit")
                    transaction.commit()
                self.step(f"{name}:committed")
        except DBAPIError as error:
            raise translated(self.describe(), error, server=self.postgres) from error

    def _take_turn(self, connection: sa.Connection) -> None:
        """Waits until no other writer is at work."""
        if self.postgres:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (WRITE_LOCK,))
        self._begin(connection, "BEGIN IMMEDIATE")

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def describe(self) -> str:
        """One line for a person: which database, without a password."""
        if self.postgres:
            return f"PostgreSQL {self.url.render_as_string(hide_password=True)}"
        return f"SQLite {self.path}"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that end the program take effect behind it. What breaks into a statement leaves SQLite's connection half
    closed, its lock taken, and whoever cleans up waits for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    # Not by a mask: in a process with threads the kernel hands the signal to another of them.
    before = {number: signal.signal(number, lambda got, _: came.append(got)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for got in dict.fromkeys(came):
            signal.raise_signal(got)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a batch makes many objects and no circles, and looking for some took a third of
    the time of an undo."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def connect(url: sa.URL, path: Path | None, *, create: bool = False) -> sa.Engine:
    """An engine with our settings; no value ever stands in its errors. Raises SetupError when there is no such file."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            max_overflow=UNBOUNDED,
        )
    if url.get_backend_name() != "sqlite":
        raise SetupError(
            Problem(
                "SY-S01",
                f"[store] url names the database {url.get_backend_name()!r}.",
                "syncd keeps its store in SQLite or PostgreSQL.",
                "Write sqlite:///PATH or postgresql://USER@HOST/NAME.",
            )
        )
    if path is not None:
        _make_private(path, create=create)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        hide_parameters=True,
        max_overflow=UNBOUNDED,
    )
    sa.event.listen(engine, "connect", _prepare)
    return engine


def _make_private(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise SetupError(
            Problem(
                "SY-S02",
                f"There is no store at {path}.",
                "Nothing has been created there yet, or the path is wrong.",
                "Run: syncd init, or correct [store] url.",
            )
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise SetupError(
            Problem(
                "SY-S03",
                f"The store {path} cannot be created: {error.strerror}.",
                "Without a store nothing can be kept.",
                "Give the user that runs syncd the right to write there, or correct [store] url.",
            )
        ) from error


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    """Settings of each SQLite connection. The driver's own transaction handling is off: SQLAlchemy's begin opens none."""
    connection.isolation_level = None
    # The driver asks every blank anew how it is to be bound, which takes longer than to bind it, unless it is told.
    sqlite3.register_adapter(type(None), {}.get)  # type: ignore[arg-type]
    for pragma in (
        "page_size = 8192",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "cache_size = -40000",
        "wal_autocheckpoint = 5000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _unusable(store: Store, error: DBAPIError) -> SetupError:
    told = translated(store.describe(), error, server=store.postgres)
    return told if isinstance(told, SetupError) else SetupError(*told.problems)
