"""Yard: stores to be hurt: fresh ones, copies, processes that are killed, and what must be equal afterwards; knows no test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from click.testing import CliRunner

from syncd.cli import program
from syncd.crm import witness
from syncd.crm.canonical import lines, naturals, ordered
from syncd.modules import MODULES
from syncd.store import Session, Store, leases

PROGRAM = (sys.executable, "-m", "syncd")
PATIENCE = 60.0


def toml(**sections: dict[str, Any]) -> str:
    """Sections of settings as TOML: JSON's strings, numbers, flags and lists are TOML's too."""
    made = []
    for name, keys in sections.items():
        made += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    return "\n".join(made) + "\n"


@dataclass(frozen=True)
class Ground:
    """One store with its settings file."""

    url: str
    config: Path

    def command(self, *args: object) -> list[str]:
        """The command line of one call in the name of "tester"."""
        return [*PROGRAM, "--config", str(self.config), "--as", "tester", *map(str, args)]

    def start(self, *args: object) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            self.command(*args), cwd=self.config.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def call(self, *args: object, codes: Sequence[int] = (0,)) -> str:
        """Runs a command to its end; returns its stdout. The exit status must be one of `codes`."""
        done = subprocess.run(
            self.command(*args), cwd=self.config.parent, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode in codes, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def prepare(self, *args: object, codes: Sequence[int] = (0,)) -> str:
        """Runs a command in this process, which is quicker; returns its stdout."""
        line = self.command(*args)[len(PROGRAM) :]
        done = CliRunner().invoke(program, line, prog_name="syncd", catch_exceptions=False)
        assert done.exit_code in codes, f"{args}: exit {done.exit_code}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def states(self) -> list[tuple[int, str]]:
        """All runs and their states."""
        with closing(Store(self.url)) as store, store.reading() as tx:
            return [(row[0], row[1]) for row in tx.rows("SELECT id, state FROM run ORDER BY id")]

    def running(self) -> list[int]:
        """The runs that are not at their end."""
        return [run for run, state in self.states() if state == "running"]

    def whole(self) -> list[str]:
        """Records, ledger, items, problems, runs and match keys by natural keys, sorted; and that the database is sound."""
        with closing(Store(self.url)) as store, store.reading() as tx:
            if not store.postgres:
                assert tx.rows("PRAGMA integrity_check") == [("ok",)] and tx.rows("PRAGMA foreign_key_check") == []
            return list(ordered([*lines(tx), *witness.lines(tx), *_keys(tx)]))


def _keys(tx: Session) -> list[str]:
    made = []
    for module in MODULES.values():
        rows = tx.rows("SELECT kind, value, record FROM match_key WHERE module = ?", module.number)
        names = naturals(tx, module, (row[2] for row in rows))
        made += [f"key {module.name} {k} {v} {json.dumps(names[r], sort_keys=True)}" for k, v, r in rows]
    return made


class Yard:
    """Makes stores of one kind, "sqlite" or "postgresql", in `folder` or on `server`. Close it: its databases go."""

    def __init__(self, folder: Path, kind: str, server: str, settings: str = "") -> None:
        self.folder = folder
        self.kind = kind
        self.server = server
        self.settings = settings
        self._made: list[str] = []

    def fresh(self, like: Ground | None = None, settings: str | None = None) -> Ground:
        """A new store; a copy of `like`, which nobody may have open."""
        name = f"syncd_test_{uuid.uuid4().hex[:12]}"
        url = self._server(name, like) if self.kind == "postgresql" else self._file(name, like)
        config = self.folder / f"{name}.toml"
        config.write_text(f'[store]\nurl = "{url}"\n[data]\nfolder = "data"\n{self.settings}{settings or ""}')
        return Ground(url, config)

    def _file(self, name: str, like: Ground | None) -> str:
        path = self.folder / f"{name}.db"
        if like is not None:
            with closing(sqlite3.connect(like.url.removeprefix("sqlite:///"))) as source:
                source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(like.url.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    def _server(self, name: str, like: Ground | None) -> str:
        template = f' TEMPLATE "{sa.make_url(like.url).database}"' if like is not None else ""
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"{template}'.encode())
        self._made.append(name)
        head, _, query = self.server.partition("?")
        return f"{head.rpartition('/')[0]}/{name}{'?' + query if query else ''}"

    def drop(self, ground: Ground) -> None:
        """Removes a store that is no longer needed."""
        if self.kind == "sqlite":
            for path in self.folder.glob(f"{Path(ground.url).name}*"):
                path.unlink()
            return
        name = str(sa.make_url(ground.url).database)
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self._made.remove(name)

    def close(self) -> None:
        """Drops the databases that are still there."""
        for name in list(self._made):
            with psycopg.connect(self.server, autocommit=True) as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def at_work(store: Store, process: subprocess.Popen[str]) -> bool:
    """Waits until the process holds a lease; False when it ended before."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with store.reading() as tx:
            if tx.row("SELECT name FROM lease WHERE owner LIKE ?", f"%:{process.pid}:%") is not None:
                return True
        time.sleep(0.005)
    return False


def length(ground: Ground, *args: object, codes: Sequence[int] = (0,)) -> float:
    """Runs a command undisturbed; returns the seconds from its first lease to the end of its run."""
    process = ground.start(*args)
    with closing(Store(ground.url)) as store:
        at_work(store, process)
        begun = time.monotonic()
        while _running(store) and process.poll() is None:
            time.sleep(0.005)
        seconds = time.monotonic() - begun
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in codes, errors
    return seconds


def _running(store: Store) -> bool:
    with store.reading() as tx:
        return tx.row("SELECT id FROM run WHERE state = 'running'") is not None


def kill(ground: Ground, delay: float, *args: object) -> bool:
    """Kills a command `delay` seconds after it has taken its lease; True when it was hit: alive, its run unfinished.

    Nothing that it started may outlive it.
    """
    process = ground.start(*args)
    try:
        with closing(Store(ground.url)) as store:
            alive = at_work(store, process)
            time.sleep(delay if alive else 0)
        offspring = children(process.pid)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    gone(offspring)
    return alive and bool(ground.running())


def children(pid: int) -> list[tuple[int, str]]:
    """The processes that a process has started: pid and start time."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append((int(entry.name), leases.started(int(entry.name))))
    return found


def gone(processes: Sequence[tuple[int, str]]) -> None:
    """Waits until the processes have ended."""
    deadline = time.monotonic() + 10
    for pid, start in processes:
        while start and leases.started(pid) == start:
            assert time.monotonic() < deadline, f"process {pid} was left behind"
            time.sleep(0.01)
