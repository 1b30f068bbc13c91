"""Plans: saves a plan in the store and carries it out later, as planned or not at all; knows no file and no mailbox."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from syncd.crm import ledger
from syncd.crm.plan import Action, Delta, Rec
from syncd.crm.reasons import renumbered
from syncd.modules import ACCOUNTS, MODULES, NUMBERED, Module
from syncd.store import Session, leases
from syncd.store.leases import Lease
from syncd.store.observations import Mark

SIZE = 1000
"""Actions in one stored batch, at most."""

PARTS = 1000
"""Numbers set aside for the stored batches of one planned batch."""


def begin(
    tx: Session,
    kind: str,
    source: str,
    *,
    actor: str,
    orders: Mapping[str, Any],
    now: datetime,
    parent: int | None = None,
) -> tuple[Lease, int]:
    """Opens the run of a dry run; returns its lease and id. While it is being planned it is "running"."""
    run = ledger.begin(tx, kind, source, actor=actor, now=now, orders=orders, parent=parent)
    lease = leases.take(tx, f"plan:{run}", now)
    tx.run("UPDATE run SET lease = ? WHERE id = ?", lease.name, run)
    return lease, run


def clear(tx: Session, run: int) -> None:
    """Drops what is saved for a run, by itself or together with others."""
    tx.run("DELETE FROM plan WHERE run = ?", run)


def there(tx: Session, run: int) -> bool:
    """Whether a plan is saved for a run."""
    return tx.row("SELECT 1 FROM plan WHERE run = ? LIMIT 1", run) is not None


def part(tx: Session, run: int) -> None:
    """Drops the plan that the other mailboxes of a run's sync had together with it: from now on each has its own."""
    tx.run(
        "DELETE FROM plan WHERE joint = 1 AND run IN"
        " (SELECT id FROM run WHERE parent = (SELECT parent FROM run WHERE id = ?))",
        run,
    )


def supersede(tx: Session, run: int) -> None:
    """Drops what older runs that a brake stopped have saved for the mailbox of a run: the newest look at it counts."""
    tx.run(
        "DELETE FROM plan WHERE run IN (SELECT p.run FROM plan p JOIN run r ON r.id = p.run JOIN run newer ON newer.id = ?"
        " WHERE r.state = 'stopped' AND r.id < newer.id AND lower(r.source) = lower(newer.source))",
        run,
    )


def joint(tx: Session, run: int) -> list[int]:
    """The runs below a sync that have a plan together."""
    sql = (
        "SELECT DISTINCT p.run FROM plan p JOIN run r ON r.id = p.run WHERE r.parent = ? AND p.joint = 1 ORDER BY p.run"
    )
    return [row[0] for row in tx.rows(sql, run)]


def items(
    marks: Sequence[Mark],
    states: Mapping[int, tuple[Any, ...]],
    erase: ledger.Erased,
    leans: Sequence[tuple[int, int]],
) -> dict[str, Any]:
    """What a planned batch does to Outlook items, as data: their marks, the states they were planned for, what is erased,
    and the ties of other items (item, contact) that must still be there."""
    return {
        "marks": [[m.item, m.contact, m.account, m.how] for m in marks],
        "states": [[item, *state] for item, state in states.items()],
        "erase": [[*key, sorted(names) if names is not None else None] for key, names in erase.items()],
        "leans": [list(tie) for tie in leans],
    }


def save(
    tx: Session,
    run: int,
    batch: int,
    actions: Sequence[Action],
    outlook: Mapping[str, Any] | None = None,
    *,
    met: tuple[Module, Sequence[Rec]] | None = None,
    joint: bool = False,
) -> None:
    """Adds the actions of one planned batch to a saved plan, in parts; the last part carries what it does to items, and
    the stored records that it has `met` with their versions. `joint`: it was planned together with other mailboxes'."""
    first = batch * PARTS
    starts = range(0, len(actions), SIZE) or [0]
    rows = []
    for part, start in enumerate(starts):
        data: dict[str, Any] = {"actions": [_plain(a) for a in actions[start : start + SIZE]]}
        if outlook is not None and start == starts[-1]:
            data["items"] = dict(outlook)
        if met is not None and start == starts[-1]:
            data["met"] = [met[0].number, sorted({(rec.id, rec.base) for rec in met[1] if rec.id > 0})]
        rows.append((run, int(joint), first + part, zlib.compress(json.dumps(data, ensure_ascii=False).encode(), 1)))
    tx.insert("plan", ("run", "joint", "batch", "actions"), rows)


def _plain(action: Action) -> list[Any]:
    return [
        action.op,
        action.module.number,
        action.rec.id,
        action.version,
        action.source,
        action.reason,
        list(action.values) if action.values is not None else None,
        action.delta,
        list(action.candidates),
    ]


def saved(tx: Session, run: int, *, joint: bool = False, after: int = -1) -> Iterator[tuple[int, dict[str, Any]]]:
    """The stored batches of a plan behind batch number `after`, in order: (number, its data)."""
    sql = "SELECT batch, actions FROM plan WHERE run = ? AND joint = ? AND batch > ? ORDER BY batch LIMIT 1"
    while True:
        row = tx.row(sql, run, int(joint), after)
        if row is None:
            return
        after = int(row[0])
        yield after, json.loads(zlib.decompress(row[1]))


def under_way(tx: Session, source: str) -> int | None:
    """The run whose saved plan has begun to be carried out for a mailbox and has not ended, None when there is none."""
    sql = "SELECT orders FROM run WHERE kind = 'sync' AND lower(source) = lower(?) AND state = 'running'"
    rows = tx.rows(sql, source)
    found = (json.loads(row[0]).get("apply") for row in rows)
    return next((apply["run"] for apply in found if apply), None)


Final = Callable[[int, Any], Any]
"""Gives the final id of what a plan knows by a negative one: (module number, id)."""


def as_planned(number: int, record: Any) -> Any:
    """Leaves a plan's own numbers as they are."""
    return record


def load(plain: Sequence[list[Any]], final: Final = as_planned) -> list[Action]:
    """Actions from their stored form, with final ids in records and in links. Actions on one record share its `Rec`."""
    recs: dict[tuple[int, int], Rec] = {}
    actions = []
    for op, number, record, version, source, reason, values, delta, candidates in plain:
        module = NUMBERED[number]
        key = (number, final(number, record))
        rec = recs.get(key)
        if rec is None:
            rec = recs[key] = Rec(key[1], version, None)
            rec.base = version - 1
        rec.version = version
        pairs = _linked(module, delta, final) if delta else None
        passed = tuple(final(number, i) for i in candidates)
        why = renumbered(reason, partial(final, number), partial(final, ACCOUNTS.number))
        actions.append(Action(op, module, rec, version, source, why, _values(module, values, final), pairs, passed))
    return actions


def _values(module: Module, values: list[Any] | None, final: Final) -> list[Any] | None:
    if values is None:
        return None
    made = list(values)
    for place, field in enumerate(module.fields):
        if field.link and made[place] is not None:
            made[place] = final(MODULES[field.link].number, made[place])
    return made


def _linked(module: Module, delta: Mapping[str, list[Any]], final: Final) -> Delta:
    made: Delta = {}
    for name, (before, after) in delta.items():
        link = module.field(name).link if name in module.at else None
        number = MODULES[link].number if link else 0
        made[name] = (final(number, before), final(number, after)) if link else (before, after)
    return made
