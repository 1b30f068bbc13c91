"""Saved: carries out a saved plan as it was planned, or not at all; knows no file, no Graph and no terminal.

The whole plan is held against the store in the first transaction: every record that it changes stands at its version,
and what it would make is still not there. Then it is applied batch by batch; killed, the next call goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from syncd.crm import files, ledger, plans
from syncd.crm.accounts import same_company
from syncd.crm.apply import apply, check
from syncd.crm.fits import Job, fits, items_stand, links_stand, met_stand, moved, survey, ties_stand
from syncd.crm.matching import Keys, View, Words
from syncd.crm.plan import OPS, Action, Rec
from syncd.crm.records import fetch
from syncd.crm.runs import unknown
from syncd.errors import Outdated, Problem, Refused
from syncd.modules import ACCOUNTS, CONTACTS, MODULES
from syncd.store import Session, Store, leases, mailboxes, observations
from syncd.store.leases import Lease
from syncd.store.observations import Mark
from syncd.store.times import Clock, stamp

WAITING = ("planned", "stopped")


def apply_saved(store: Store, run: int, *, words: Words, clock: Clock, approve: bool = False) -> list[int]:
    """Carries out the saved plan of a run, or of the mailboxes' runs below it; returns the runs carried out.

    Raises Outdated (nothing done) when the store has moved on or the run is done; Refused when it was stopped by a brake
    and `approve` is not given, or when there is no such run.
    """
    with store.reading() as tx:
        parts = _parts(tx, run)
    return [one for part in parts for one in _apply_whole(store, part, words, clock, approve)]


class _TakenBack(Exception):
    """Ends a look's transaction without a trace."""


def still_fits(store: Store, run: int, *, words: Words, clock: Clock) -> bool:
    """Whether a saved plan could be carried out now: it is begun in one transaction that is taken back."""
    try:
        with store.writing("apply:look") as tx:
            _open(tx, run, words, clock(), approve=False)
            raise _TakenBack
    except _TakenBack:
        return True
    except Outdated:
        return False


def _parts(tx: Session, run: int) -> list[int]:
    """What is carried out one after the other: what is under way, and then the plan made together, or each mailbox's own."""
    orders = json.loads(tx.value("SELECT orders FROM run WHERE id = ?", run) or "{}")
    if "apply" in orders:
        return [orders["apply"]["run"]]
    rows = tx.rows("SELECT id, state, orders FROM run WHERE parent = ? ORDER BY id", run)
    begun = [json.loads(row[2]).get("apply", {}).get("run") for row in rows if row[1] == "running"]
    parts = list(dict.fromkeys(one for one in begun if one is not None))
    waiting = [row[0] for row in rows if row[1] in WAITING]
    if waiting or not parts:
        parts += [run] if orders.get("dry_run") or plans.joint(tx, run) or not waiting else waiting
    return parts


def _apply_whole(store: Store, run: int, words: Words, clock: Clock, approve: bool) -> list[int]:
    with store.writing("apply:open") as tx:
        job = _open(tx, run, words, clock(), approve)
    try:
        for one in job.runs:
            _carry(store, job, one, words, clock)
    finally:
        with store.writing("apply:release") as tx:
            for lease in job.leases:
                leases.release(tx, lease)
    return job.runs


def _open(tx: Session, run: int, words: Words, now: datetime, approve: bool) -> Job:
    rows = [
        (one, *tx.rows("SELECT state, orders, source, kind FROM run WHERE id = ?", one)[0])
        for one in ledger.family(tx, run)
        if tx.row("SELECT id FROM run WHERE id = ?", one)
    ]
    if not rows:
        raise unknown(run)
    rows = rows[1:] or rows
    under_way = [row for row in rows if row[1] == "running" and "apply" in json.loads(row[2])]
    waiting = [row for row in rows if row[1] in WAITING]
    if not under_way and not waiting:
        raise moved(f"run {run} is {rows[0][1]}")
    if any(row[1] == "stopped" for row in waiting) and not approve:
        raise Refused(
            Problem(
                "SY-B02",
                f"Run {run} was stopped by the brake and needs a yes.",
                "It would take away more than [sync] max_removals allows.",
                f"Look: syncd runs {run} --csv. Then: syncd apply {run} --approve, or --keep.",
            )
        )
    runs = sorted(row[0] for row in [*under_way, *waiting])
    held = _leases(tx, run, [row for row in rows if row[0] in runs], now)
    job = Job(run, runs, held, joint=bool(plans.joint(tx, run)))
    if not under_way:
        return _begin(tx, job, waiting, words)
    kept = json.loads(under_way[0][2])["apply"]
    job.firsts = {int(n): first for n, first in kept["firsts"].items()}
    job.twins = {int(n): account for n, account in kept.get("twins", {}).items()}
    return job


def _leases(tx: Session, run: int, rows: Sequence[tuple[Any, ...]], now: datetime) -> list[Lease]:
    """The plan is ours alone, and so are the mailboxes that it speaks of."""
    names = [f"mailbox:{mailboxes.called(tx, source)}" for *_, source, kind in rows if kind == "sync"]
    return [leases.take(tx, name, now) for name in (f"apply:{run}", *names)]


def _prove(tx: Session, job: Job, now: datetime) -> None:
    for lease in job.leases:
        leases.prove(tx, lease, now)


def _begin(tx: Session, job: Job, waiting: Sequence[tuple[Any, ...]], words: Words) -> Job:
    """Holds the whole plan against the store, sets the ids of what it makes aside, and marks the runs as under way."""
    for one, state, _orders, source, kind in waiting:
        _still_wanted(tx, one, state, source, kind)
    whole = survey(tx, job)
    job.made = whole.made
    tables = {m.number: m.table for m in MODULES.values()}
    job.firsts = {n: tx.reserve(tables[n], -min(made)) for n, made in sorted(job.made.items())}
    job.twins = _twins(tx, job, words)
    ties_stand(tx, whole)
    seen: set[tuple[int, int]] = set()
    for one in job.runs:
        spoken = words.of(ledger.orders(tx, one).get("country"))
        for _, data in plans.saved(tx, one, joint=job.joint):
            actions = job.load(data["actions"])
            links_stand(tx, job, actions, whole.touched)
            first = [a for a in actions if (a.module.number, a.rec.id) not in seen]
            seen.update((a.module.number, a.rec.id) for a in actions)
            fits(tx, job, one, first, spoken, acted=seen)
            met_stand(tx, data.get("met"), seen)
            items_stand(tx, data.get("items"))
    if not job.joint:
        plans.part(tx, job.run)
    for one, _state, orders, *_ in waiting:
        kept = json.loads(orders)
        if job.joint:
            ledger.recount(tx, one, **kept["joint"])
        kept["apply"] = {"run": job.run, "at": -1, "firsts": job.firsts, "twins": job.twins}
        ledger.order(tx, one, kept)
        tx.run("UPDATE run SET state = 'running', lease = ? WHERE id = ?", job.leases[0].name, one)
    return job


def _twins(tx: Session, job: Job, words: Words) -> dict[int, int]:
    """The accounts that other mailboxes of the same sync have made of companies that the plan would make."""
    parent = tx.value("SELECT parent FROM run WHERE id = ?", job.run)
    if parent is None:
        return {}
    made = tx.rows(
        "SELECT DISTINCT c.record FROM change c JOIN run r ON r.id = c.run WHERE r.parent = ? AND r.id <> ?"
        " AND c.module = ? AND c.op = ?",
        parent,
        job.run,
        ACCOUNTS.number,
        OPS["create"],
    )
    theirs = fetch(tx, ACCOUNTS, [row[0] for row in made])
    found: dict[int, int] = {}
    for record, values in _new_accounts(tx, job) if theirs else ():
        same = [row[0] for row in theirs if _same_account(row[2:], values, words)]
        if len(same) == 1:
            found[record] = same[0]
    return found


def _new_accounts(tx: Session, job: Job) -> Iterator[tuple[int, Sequence[Any]]]:
    """The accounts that the plans would make: (negative id, values)."""
    for one in job.runs:
        for _, data in plans.saved(tx, one, joint=job.joint):
            made = [a for a in data["actions"] if a[0] == "create" and a[1] == ACCOUNTS.number]
            yield from ((record, values) for _, _, record, _, _, _, values, *_ in made)


def _same_account(one: Sequence[Any], other: Sequence[Any], words: Words) -> bool:
    name, site = ACCOUNTS.at["name"], ACCOUNTS.at["account_site"]
    return one[site] == other[site] and same_company(one[name], other[name], words)


def still_newest(tx: Session, run: int, source: str) -> None:
    """Raises Outdated when a newer run has looked at the mailbox of that address; one that failed has not. One that met
    nothing may be forgotten since, but the plan went with it."""
    newest = tx.value(
        "SELECT MAX(id) FROM run WHERE kind = 'sync' AND lower(source) = lower(?) AND parent IS NOT NULL"
        " AND state <> 'failed'",
        source,
    )
    if newest != run or not plans.there(tx, run):
        raise moved(f"{'a newer run' if newest == run else f'run {newest}'} has looked at {source} since")


def _still_wanted(tx: Session, run: int, state: str, source: str, kind: str) -> None:
    """A stopped plan is good only while none was made for the mailbox since; a file only while nobody imported it."""
    if state == "stopped":
        still_newest(tx, run, source)
    content = files.content(tx, run) if kind == "import" else None
    if content is not None:
        standing = files.standing(tx, *content)
        if standing is not None:
            raise moved(f"run {standing} has imported the file since")


def _carry(store: Store, job: Job, run: int, words: Words, clock: Clock) -> None:
    while True:
        with store.writing("apply:batch") as tx:
            _prove(tx, job, clock())
            orders = ledger.orders(tx, run)
            words = words.of(orders.get("country"))
            found = next(plans.saved(tx, run, joint=job.joint, after=orders["apply"]["at"]), None)
            if found is None:
                _end(tx, run, orders, clock())
                end_parent(tx, run, clock())
                return
            number, data = found
            _batch(tx, job, run, job.load(data["actions"]), words)
            _mark(tx, job, data.get("items"))
            orders["apply"]["at"] = number
            ledger.order(tx, run, orders)


def _batch(tx: Session, job: Job, run: int, actions: list[Action], words: Words) -> None:
    """Applies one stored batch: the records as they stand, with the planned actions laid over them."""
    check(tx, _firsts(actions))
    links_stand(tx, job, actions, {(a.module.number, a.rec.id) for a in actions})
    makers = [Keys(tx, module, words) for module in MODULES.values()]
    for maker in makers:
        view = View(tx, maker.module, maker)
        mine = [a for a in actions if a.module is maker.module]
        rows = {row[0]: row[2:] for row in fetch(tx, maker.module, [a.rec.id for a in mine if a.op != "create"])}
        for action in mine:
            _replay(view, action, rows, maker)
    apply(tx, run, actions, makers)


def _firsts(actions: Sequence[Action]) -> list[Action]:
    """The first action on each record."""
    first: dict[tuple[str, int], Action] = {}
    for action in actions:
        first.setdefault((action.module.name, action.rec.id), action)
    return list(first.values())


def _replay(view: View, action: Action, rows: Mapping[int, Sequence[Any]], maker: Keys) -> None:
    rec: Rec = action.rec
    if action.op == "create":
        rec.values, rec.version, rec.keys = action.values, action.version, maker.of(action.values)
        view.create(rec)
        return
    if rec.values is None:
        rec.values, rec.version = rows[rec.id], rec.base
    if action.op == "update":
        view.update(rec, action.delta or {})
    else:
        view.remove(rec)


def _mark(tx: Session, job: Job, data: Mapping[str, Any] | None) -> None:
    if data is None:
        return
    marks = [
        Mark(item, job.final(CONTACTS.number, contact), job.final(ACCOUNTS.number, account), how)
        for item, contact, account, how in data["marks"]
    ]
    observations.mark(tx, marks)
    ledger.erase(
        tx,
        {
            (number, job.final(number, record)): set(names) if names is not None else None
            for number, record, names in data["erase"]
        },
    )


def _end(tx: Session, run: int, orders: dict[str, Any], now: datetime) -> None:
    orders.pop("apply")
    orders.pop("joint", None)
    ledger.order(tx, run, orders)
    plans.clear(tx, run)
    ledger.end(tx, run, now)


def end_parent(tx: Session, run: int, now: datetime) -> None:
    """The parent counts what its mailboxes do, and is done, in the same commit, when none of them waits any more."""
    parent = tx.value("SELECT parent FROM run WHERE id = ?", run)
    if parent is not None:
        ledger.add_up(tx, parent)
        states = {row[0] for row in tx.rows("SELECT state FROM run WHERE parent = ?", parent)}
        if not states & {"planned", "stopped", "running"}:
            tx.run("UPDATE run SET state = 'done', ended = ? WHERE id = ?", stamp(now), parent)
