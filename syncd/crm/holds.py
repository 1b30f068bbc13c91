"""Holds: Outlook items whose contact was taken back by hand or by an undo; knows no Graph.

A held item keeps the number of its contact: it is not made again until the source changes or the hold is released, and
is tied to it again when the contact comes back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from syncd.crm.plan import Action
from syncd.modules import CONTACTS, Module
from syncd.store import Session


def follow(tx: Session, module: Module, actions: Sequence[Action]) -> None:
    """Lets items follow what was done to their contacts by hand or by an undo: deleted, held; come back, tied again."""
    if module is not CONTACTS:
        return
    gone = [a.rec.id for a in actions if a.op == "delete"]
    back = [a.rec.id for a in actions if a.op == "create"]
    _each(tx, "UPDATE source_item SET held = contact, contact = NULL WHERE contact", gone)
    _each(tx, "UPDATE source_item SET contact = held, held = NULL WHERE held", back)


def came_again(tx: Session, contacts: Sequence[int]) -> dict[int, int]:
    """Those of the deleted contacts whose Outlook item has made another contact since, with that one's number."""
    made = tx.lookup(
        "change", "record", ("source", "run"), list(contacts), "t.module = ? AND t.op = 1", CONTACTS.number
    )
    syncs = {row[0] for row in tx.lookup("run", "id", ("kind",), sorted({m[2] for m in made})) if row[1] == "sync"}
    sources = {source: record for record, source, run in made if run in syncs and source is not None}
    items = tx.lookup("source_item", "id", ("contact",), sorted(sources), "t.contact IS NOT NULL")
    return {sources[item]: contact for item, contact in items if contact != sources[item]}


def release(tx: Session, run: int) -> int:
    """Lifts the holds on items whose contact a run's undo took back: the next sync makes them again. Returns how many."""
    rows = tx.rows(
        "SELECT DISTINCT record FROM change WHERE module = ? AND op = 3 AND run IN"
        " (SELECT id FROM run WHERE id = ? OR undoes = ?)",
        CONTACTS.number,
        run,
        run,
    )
    ids = [row[0] for row in rows]
    return _each(
        tx, "UPDATE source_item SET held = NULL, applied = NULL, applied_digest = NULL, pending = 1 WHERE held", ids
    )


def _each(tx: Session, statement: str, ids: Sequence[int]) -> int:
    if not ids:
        return 0
    if tx.postgres:
        return tx.run(f"{statement} = ANY(CAST(? AS bigint[]))", list(ids))
    return tx.run(f"{statement} IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
