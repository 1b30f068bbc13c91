"""Keep: the other answer to a brake: what would have been taken away stays, no longer tied to Outlook; no network."""

from __future__ import annotations

from datetime import datetime

from syncd.crm import ledger, plans
from syncd.crm.fits import moved
from syncd.crm.ledger import Head
from syncd.crm.matching import Words
from syncd.crm.saved import end_parent, still_newest
from syncd.store import Session, Store, leases, mailboxes, observations
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
        stopped = [head for head in ledger.bottom(tx, run) if head.state == "stopped"]
        if not stopped:
            raise moved(f"run {run} is not stopped")
        kept = sum(_keep(tx, head, words, now) for head in stopped)
        for head in stopped:
            end_parent(tx, head.run, now)
    return kept


def _keep(tx: Session, stopped: Head, words: Words, now: datetime) -> int:
    """Detaches what one mailbox's run would have taken away."""
    still_newest(tx, stopped.run, stopped.source)
    mailbox = mailboxes.called(tx, stopped.source)
    lease = leases.take(tx, f"mailbox:{mailbox}", now)
    kept = _detach(tx, mailbox, words)
    plans.part(tx, stopped.run)
    plans.clear(tx, stopped.run)
    ledger.recount(tx, stopped.run, {"unchanged": kept}, kept)
    ledger.end(tx, stopped.run, now)
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
