"""Status: how mailboxes and runs stand, for people and monitors; reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from syncd.crm import files, ledger, plans, runs
from syncd.modules import MODULES
from syncd.store import Session, leases
from syncd.store.times import moment

SERVICE = "service"
"""The lease that the running service holds."""


def mailboxes(tx: Session, now: datetime) -> list[dict[str, Any]]:
    """Each mailbox: address, state, last good run, `lag` in seconds since then, retry_at, contacts tied to it."""
    found = tx.rows(
        "SELECT m.address, m.state, m.last_good, m.retry_at, m.retry_why, m.failures,"
        " (SELECT COUNT(*) FROM source_item i WHERE i.mailbox = m.id AND i.contact IS NOT NULL)"
        " FROM mailbox m ORDER BY m.address"
    )
    return [
        {
            "mailbox": address,
            "state": state,
            "last_good": good,
            "lag": round((now - moment(good)).total_seconds()) if good else None,
            "retry_at": retry,
            "retry_why": why,
            "failures": failures,
            "contacts": contacts,
        }
        for address, state, good, retry, why, failures, contacts in found
    ]


def records(tx: Session) -> dict[str, int]:
    """How many records each module has."""
    return {m.name: int(tx.value(f"SELECT COUNT(*) FROM {m.table}")) for m in MODULES.values()}


def _overtaken(tx: Session, run: int, state: str) -> bool:
    """Whether nobody can carry a plan out any more: its file was imported by another run since, or a newer look at its
    mailboxes has taken its place."""
    content = files.content(tx, run)
    if content is not None:
        return files.standing(tx, *content) is not None
    return state == "stopped" and not any(plans.there(tx, head.run) for head in ledger.bottom(tx, run))


def document(tx: Session, now: datetime, last: int = 10) -> dict[str, Any]:
    """Records by module, whether the service runs, mailboxes, runs that were stopped or only planned, and the last runs."""
    found = tx.rows(
        "SELECT id, state, kind, source FROM run WHERE state IN ('stopped', 'planned') AND parent IS NULL"
        " ORDER BY id DESC LIMIT 50"
    )
    found = [row for row in found if not _overtaken(tx, row[0], row[1])]
    waiting = [row[0] for row in found]
    return {
        "records": records(tx),
        "service": {"running": not leases.free(tx, SERVICE, now)},
        "mailboxes": mailboxes(tx, now),
        "waiting": waiting,
        "plans": [dict(zip(("id", "state", "kind", "source"), row, strict=True)) for row in found],
        "runs": list(runs.listed(tx, last)),
    }
