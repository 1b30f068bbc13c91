"""Keep: the other answer to a brake: what would have been taken away stays, no longer tied to Outlook; no network."""

from __future__ import annotations

from importers import normalise
from syncd.crm import ledger, plans
from syncd.crm.matching import Words
from syncd.crm.saved import moved
from syncd.store import Session, Store, leases, mailboxes
from syncd.store.mailboxes import Item
from syncd.store.times import Clock, stamp
from syncd.sync.reconcile import loses


def keep(store: Store, run: int, *, words: Words, clock: Clock) -> int:
    """Detaches the contacts that a stopped run, or the stopped ones below it, would have taken away; returns how many.

    Creations and edits that waited with them come with the next sync. Raises Outdated when nothing of the run is stopped,
    or when a newer run has looked at the mailbox since.
    """
    kept = 0
    with store.writing("keep") as tx:
        now = clock()
        runs = [r for r in ledger.family(tx, run) if tx.value("SELECT state FROM run WHERE id = ?", r) == "stopped"]
        mine = [r for r in runs if tx.value("SELECT COUNT(*) FROM run WHERE parent = ?", r) == 0]
        if not mine:
            raise moved(f"run {run} is not stopped")
        for one in mine:
            source = tx.value("SELECT source FROM run WHERE id = ?", one)
            newest = tx.value(
                "SELECT MAX(id) FROM run WHERE kind = 'sync' AND source = ? AND parent IS NOT NULL", source
            )
            if newest != one:
                raise moved(f"run {newest} has looked at {source} since")
            mailbox = int(tx.value("SELECT id FROM mailbox WHERE address = ?", source))
            lease = leases.take(tx, f"mailbox:{mailbox}", now)
            kept += _detach(tx, mailbox, words)
            plans.clear(tx, one)
            _recount(tx, one, kept, stamp(now))
            leases.release(tx, lease)
        if run not in mine:
            tx.run("UPDATE run SET state = 'done', ended = ? WHERE id = ?", stamp(now), run)
    return kept


def _detach(tx: Session, mailbox: int, words: Words) -> int:
    gone: list[int] = []
    held: list[int] = []
    for items in mailboxes.changing(tx, mailbox, 1000):
        gone += [item.id for item in items if item.gone is not None]
        held += [item.id for item in items if item.gone is None and _taken(item, words)]
    mailboxes.detach(tx, gone, held)
    return len(gone) + len(held)


def _taken(item: Item, words: Words) -> bool:
    """Whether the item would blank its contact or move it to another account."""
    if item.applied is None or item.observed is None:
        return False
    bases = [
        normalise.company(p["company"], words.forms)[0] if p["company"] else "" for p in (item.applied, item.observed)
    ]
    return loses(item.applied, item.observed) or (item.account is not None and bases[0] != bases[1])


def _recount(tx: Session, run: int, kept: int, ended: str) -> None:
    tx.run(
        "UPDATE run SET state = 'done', ended = ?, taken = ?, unchanged = ?, created = 0, updated = 0, removed = 0,"
        " refused = 0, duplicate = 0, review = 0, excluded = 0, lease = NULL WHERE id = ?",
        ended,
        kept,
        kept,
        run,
    )
