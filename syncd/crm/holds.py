"""Holds: Outlook items whose contact was taken back by hand or by an undo; knows no Graph.

A held item keeps the number of its contact: it is not made again until the source changes or the hold is released, and
is tied to it again when the contact comes back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from syncd.crm.plan import OPS, Action, extras
from syncd.crm.records import fetch, titles
from syncd.modules import ACCOUNTS, CONTACTS, Module
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


def made_by(tx: Session, undo: int) -> int:
    """How many items an undo has left held: the next sync does not make their contacts again."""
    sql = "SELECT COUNT(*) FROM source_item WHERE held IN (SELECT record FROM change WHERE run = ? AND module = ? AND op = ?)"
    return int(tx.value(sql, undo, CONTACTS.number, OPS["delete"]) or 0)


def release(tx: Session, run: int) -> int:
    """Lifts the holds on items whose contact, or whose values, a run's undo took back: the next sync carries them out
    again. Returns how many."""
    ids = sorted({record for record, _ in _taken_back(tx, run, OPS["delete"])})
    made = _each(
        tx, "UPDATE source_item SET held = NULL, applied = NULL, applied_digest = NULL, pending = 1 WHERE held", ids
    )
    return made + _release_values(tx, run)


def _taken_back(tx: Session, run: int, op: int) -> list[tuple[int, str]]:
    """Contacts and deltas of what a run's undo has done by `op`, on its records also that of the run above it; of a
    deletion by hand its own."""
    found = tx.rows(
        "SELECT c.record, c.delta FROM change AS c JOIN run AS u ON u.id = c.run WHERE c.module = ? AND c.op = ?"
        " AND (u.id = ? OR u.undoes = ? OR (u.undoes = (SELECT parent FROM run WHERE id = ?) AND EXISTS"
        " (SELECT 1 FROM change AS own WHERE own.module = c.module AND own.record = c.record AND own.run = ?)))"
        " ORDER BY c.record, c.version",
        CONTACTS.number,
        op,
        run if op == OPS["delete"] else 0,
        *[run] * 3,
    )
    return [(row[0], row[1]) for row in found]


def _release_values(tx: Session, run: int) -> int:
    """The items of contacts whose values an undo of a sync put back count as if those had been carried out last."""
    if tx.value("SELECT kind FROM run WHERE id = ?", run) != "sync":
        return 0
    back: dict[int, dict[str, Any]] = {}
    for record, delta in _taken_back(tx, run, OPS["update"]):
        back.setdefault(record, {}).update((name, pair[1]) for name, pair in json.loads(delta).items())
    back = {row[0]: _standing(row[2:], back[row[0]]) for row in fetch(tx, CONTACTS, list(back))}
    names = titles(tx, ACCOUNTS, {values["account"] for values in back.values() if values.get("account")})
    found = tx.lookup("source_item", "contact", ("id", "observed", "applied", "account"), sorted(back), _SAID)
    released = []
    for record, item, observed, applied, account in found:
        base, said = json.loads(applied or observed), json.loads(observed)
        for name, value in back[record].items():
            if name == "account":
                base["company"], account = names.get(value), value
            else:
                base["fields"].pop(name.removeprefix("extra."), None)
                base["fields"] |= {} if value is None or name.startswith("extra.") else {name: value}
        if (base["fields"], base["company"]) != (said["fields"], said["company"]):
            released.append((json.dumps(base, ensure_ascii=False), account, item))
    tx.many("UPDATE source_item SET applied = ?, applied_digest = '', account = ?, pending = 1 WHERE id = ?", released)
    return len(released)


_SAID = "t.gone IS NULL AND t.observed IS NOT NULL"


def _standing(values: Sequence[Any], back: dict[str, Any]) -> dict[str, Any]:
    """Those of the values put back that the contact still has."""
    extra = extras(values[-1])
    now = {name: extra.get(name[6:]) if name.startswith("extra.") else values[CONTACTS.at[name]] for name in back}
    return {name: value for name, value in back.items() if now[name] == value}


def _each(tx: Session, statement: str, ids: Sequence[int]) -> int:
    if not ids:
        return 0
    if tx.postgres:
        return tx.run(f"{statement} = ANY(CAST(? AS bigint[]))", list(ids))
    return tx.run(f"{statement} IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
