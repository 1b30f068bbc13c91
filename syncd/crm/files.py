"""Files: which contents were imported, how far, and by which run; knows no file on a disk.

A content (SHA-256) counts once a module while its run stands: an undone or failed import may come again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from importers.rows import Refusal
from syncd.crm import ledger
from syncd.errors import Busy, Problem
from syncd.modules import NUMBERED, Module
from syncd.store import Session, leases
from syncd.store.leases import Lease


@dataclass(frozen=True)
class Claim:
    """One content to be imported by this process. `rows` data rows are in the store already; `orders` are the run's own."""

    run: int
    lease: Lease
    rows: int
    orders: dict[str, Any]


@dataclass(frozen=True)
class Repeat:
    """A content that a standing run has imported."""

    run: int


def claim(
    tx: Session,
    sha256: str,
    module: Module,
    name: str,
    *,
    sheet: str,
    actor: str,
    orders: Mapping[str, Any],
    now: datetime,
) -> Claim | Repeat:
    """Claims a content, goes on with a killed import under the order it began with, or names the run that has it. Of a
    workbook each `sheet` counts by itself; "" stands for any.

    Raises Busy when another process is importing it.
    """
    drop_drafts(tx, sha256, module, now)
    standing = _standing(tx, sha256, module, sheet)
    if standing is not None and standing[1] == "done":
        return Repeat(standing[0])
    if standing is not None and standing[3].startswith("apply:"):
        raise _being_applied(standing[0])
    lease = leases.take(tx, f"file:{module.name}:{sha256[:16]}", now, called=name)
    if standing is not None:
        run, _, rows, _ = standing
        return Claim(run, lease, rows, ledger.orders(tx, run))
    run = ledger.begin(tx, "import", name, actor=actor, now=now, orders=orders, lease=lease.name)
    tx.run("INSERT INTO file (run, sha256, module, rows) VALUES (?, ?, ?, 0)", run, sha256, module.number)
    return Claim(run, lease, 0, dict(orders))


def _standing(tx: Session, sha256: str, module: Module, sheet: str) -> tuple[int, str, int, str] | None:
    """The run that has, or is having, this content: (id, state, rows, lease). One that is only planned has it not."""
    rows = tx.rows(
        "SELECT r.id, r.state, f.rows, COALESCE(r.lease, ''), f.opened, r.orders FROM file f JOIN run r ON r.id = f.run"
        " WHERE f.sha256 = ? AND f.module = ? AND (r.state = 'done' OR r.state = 'running' AND r.lease NOT LIKE 'plan:%')"
        " ORDER BY r.state, r.id DESC",
        sha256,
        module.number,
    )
    for run, state, at, lease, opened, orders in rows:
        if _same_sheet(sheet, _sheet(opened) or json.loads(orders).get("sheet") or ""):
            return int(run), str(state), int(at), str(lease)
    return None


def _same_sheet(one: str, other: str) -> bool:
    return "" in (one, other) or one.strip().casefold() == other.strip().casefold()


def _sheet(opened: str | None) -> str:
    return str(json.loads(opened)["sheet"]) if opened else ""


def sheets(tx: Session, sha256: str, module: Module) -> bool:
    """Whether a workbook of this content was imported: then it matters which of its sheets is meant."""
    sql = "SELECT opened FROM file WHERE sha256 = ? AND module = ? AND opened IS NOT NULL"
    return any(_sheet(row[0]) for row in tx.rows(sql, sha256, module.number))


def held(tx: Session, sha256: str, module: Module, now: datetime) -> bool:
    """Whether `claim` would find that another process is at work on this content, or that its plan is half carried out."""
    standing = _standing(tx, sha256, module, "")
    if standing is None or standing[1] == "done":
        return False
    return standing[3].startswith("apply:") or not leases.free(tx, standing[3], now)


def _being_applied(run: int) -> Busy:
    return Busy(
        Problem(
            "SY-W08",
            f"Run {run} is carrying out the saved plan of this file.",
            "Importing it beside that would bring each row twice.",
            f"Wait until it has ended. If it was killed: syncd apply {run}",
        )
    )


def drop_drafts(tx: Session, sha256: str, module: Module, now: datetime) -> None:
    """Drops what dry runs of this content that were killed have left: they changed nothing and cannot be gone on with."""
    for run, lease in tx.rows(
        "SELECT r.id, r.lease FROM file f JOIN run r ON r.id = f.run"
        " WHERE f.sha256 = ? AND f.module = ? AND r.state = 'running' AND r.lease LIKE 'plan:%'",
        sha256,
        module.number,
    ):
        if leases.free(tx, lease, now):
            ledger.forget(tx, run)


def standing(tx: Session, sha256: str, module: Module, sheet: str) -> int | None:
    """The run by which this content stands in the store, None when it does not; of a workbook, this sheet of it."""
    found = _standing(tx, sha256, module, sheet)
    return found[0] if found and found[1] == "done" else None


def beside_another(tx: Session, run: int) -> bool:
    """Whether another sheet of the same workbook stands, with refused rows of its own."""
    mine = content(tx, run)
    if mine is None or not mine[2]:
        return False
    sql = (
        "SELECT f.opened FROM file f JOIN run r ON r.id = f.run"
        " WHERE f.sha256 = ? AND f.module = ? AND r.state = 'done' AND r.refused > 0 AND r.id <> ?"
    )
    return any(not _same_sheet(mine[2], _sheet(row[0])) for row in tx.rows(sql, mine[0], mine[1].number, run))


def plan_file(tx: Session, run: int, sha256: str, module: Module) -> None:
    """Notes the content that a dry run has looked at."""
    tx.run("INSERT INTO file (run, sha256, module, rows) VALUES (?, ?, ?, 0)", run, sha256, module.number)


def planned(
    tx: Session, sha256: str, module: Module, orders: Mapping[str, Any], actor: str
) -> tuple[int, str, bool] | None:
    """The newest saved plan of this content under these orders that waits to be carried out: its run, the name of its
    file, and whether that lies in its place; None when there is none."""
    rows = tx.rows(
        "SELECT r.id, r.source, f.placed, r.orders FROM file f JOIN run r ON r.id = f.run"
        " WHERE f.sha256 = ? AND f.module = ? AND r.state = 'planned' AND r.actor = ? ORDER BY r.id DESC",
        sha256,
        module.number,
        actor,
    )
    wanted = json.loads(json.dumps(orders))
    return next(((int(run), str(name), bool(at)) for run, name, at, told in rows if json.loads(told) == wanted), None)


def opened(tx: Session, run: int, found: Mapping[str, Any]) -> None:
    """Keeps what the reader found about the file."""
    tx.run("UPDATE file SET opened = ? WHERE run = ?", ledger.kept(found), run)


def found(tx: Session, run: int) -> dict[str, Any]:
    """What the reader found about the file of a run; empty when it was never opened."""
    text = tx.value("SELECT opened FROM file WHERE run = ?", run)
    return dict(json.loads(text)) if text else {}


def advance(tx: Session, run: int, rows: int) -> None:
    """Notes that the first `rows` data rows of the file are in the store."""
    tx.run("UPDATE file SET rows = ? WHERE run = ?", rows, run)


def content(tx: Session, run: int) -> tuple[str, Module, str] | None:
    """Checksum and module of a run's file, and the sheet that was read; None when it has none."""
    row = tx.row("SELECT sha256, module, opened FROM file WHERE run = ?", run)
    return (str(row[0]), NUMBERED[row[1]], _sheet(row[2])) if row else None


def refused(tx: Session, run: int, size: int = 1000) -> Iterator[Refusal]:
    """The refused rows of a run's file as they were, in the order of the file, streamed."""
    last = 0
    while True:
        rows = tx.rows(
            "SELECT id, line, code, why, cells FROM problem WHERE run = ? AND id > ? AND cells IS NOT NULL ORDER BY id LIMIT ?",
            run,
            last,
            size,
        )
        for _, line, code, why, cells in rows:
            yield {"line": line, "cells": json.loads(cells), "field": "", "code": code, "why": why}
        if len(rows) < size:
            return
        last = rows[-1][0]


def left_failed(tx: Session, sha256: str, module: Module, name: str, actor: str) -> tuple[int, Problem] | None:
    """The run that failed on this file of the watched folder but did not come to move it; None when there is none, or
    when some of its rows still stand."""
    row = tx.row(
        "SELECT r.id, r.state, f.placed, r.source, r.actor FROM file f JOIN run r ON r.id = f.run"
        " WHERE f.sha256 = ? AND f.module = ? ORDER BY r.id DESC LIMIT 1",
        sha256,
        module.number,
    )
    if row is None or tuple(row[1:]) != ("failed", 0, name, actor) or row[0] in (run for run, *_ in half_failed(tx)):
        return None
    told = tx.row("SELECT code, what, why, todo FROM problem WHERE run = ? ORDER BY id DESC LIMIT 1", row[0])
    return (int(row[0]), Problem(*told)) if told else None


def half_failed(tx: Session) -> list[tuple[int, str, str]]:
    """The runs that failed in the middle of their file and whose rows still stand: (run, actor, what was wrong)."""
    rows = tx.rows(
        "SELECT r.id, r.actor, (SELECT what FROM problem p WHERE p.run = r.id ORDER BY p.id DESC LIMIT 1)"
        " FROM file f JOIN run r ON r.id = f.run WHERE r.state = 'failed' AND f.rows > 0"
        " AND (SELECT MIN(c.record) FROM change c WHERE c.run = r.id) IS NOT NULL ORDER BY r.id"
    )
    return [(int(run), str(actor), str(what or "")) for run, actor, what in rows]


def placed(tx: Session, run: int) -> bool:
    """Whether the watched folder's file of this run was moved to its place."""
    return bool(tx.value("SELECT placed FROM file WHERE run = ?", run))


def place(tx: Session, run: int) -> None:
    """Notes that it was."""
    tx.run("UPDATE file SET placed = 1 WHERE run = ?", run)
