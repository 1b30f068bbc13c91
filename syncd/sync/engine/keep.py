"""Keep: the other answer to a brake: what would have been taken away stays, no longer tied to Outlook; no network."""

from __future__ import annotations

from datetime import datetime

from syncd.crm import ledger, plans
from syncd.crm.fits import moved
from syncd.crm.matching import Words
from syncd.crm.saved import end_parent, still_newest
from syncd.store import Session, Store, leases, observations
from syncd.store.observations import Item
from syncd.store.times import Clock
from syncd.sync.engine.brake import repoints
from syncd.sync.reconcile import loses


def keep(store: Store, run: int, *, words: Words, clock: Clock) -> int:
    """Detaches the contacts that a stopped run, or the stopped ones below it, would have taken away; returns how many.

    Creations and edits that waited with them come with the next sync. Raises Outdated when nothing of the run is stopped,
    or when a newer run has looked at the mailbox since.
    """
    with store.writing("keep") as tx:
        now = clock()
        runs = [r for r in ledger.family(tx, run) if tx.value("SELECT state FROM run WHERE id = ?", r) == "stopped"]
        mine = [r for r in runs if tx.value("SELECT COUNT(*) FROM run WHERE parent = ?", r) == 0]
        if not mine:
            raise moved(f"run {run} is not stopped")
        kept = sum(_keep(tx, one, words, now) for one in mine)
        for one in mine:
            end_parent(tx, one, now)
    return kept


def _keep(tx: Session, run: int, words: Words, now: datetime) -> int:
    """Detaches what one mailbox's run would have taken away."""
    source = tx.value("SELECT source FROM run WHERE id = ?", run)
    still_newest(tx, run, source)
    mailbox = int(tx.value("SELECT id FROM mailbox WHERE address = ?", source))
    lease = leases.take(tx, f"mailbox:{mailbox}", now)
    kept = _detach(tx, mailbox, words)
    plans.clear(tx, run)
    ledger.recount(tx, run, {"unchanged": kept}, kept)
    ledger.end(tx, run, now)
    leases.release(tx, lease)
    return kept


def _detach(tx: Session, mailbox: int, words: Words) -> int:
    gone: dict[int, str] = {}
    held: list[int] = []
    for items in observations.changing(tx, mailbox, 1000):
        gone.update((item.id, item.gone) for item in items if item.gone is not None)
        held += [item.id for item in items if item.gone is None and _taken(item, words)]
    observations.detach(tx, gone, held)
    return len(gone) + len(held)


def _taken(item: Item, words: Words) -> bool:
    """Whether the item would blank its contact or move it to another account."""
    if item.applied is None or item.observed is None:
        return False
    return loses(item.applied, item.observed) or repoints(item, words)
