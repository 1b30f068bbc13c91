"""Brake: how much a round would take away, before anything of it is carried out; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncd.crm.accounts import same_company
from syncd.crm.matching import Words
from syncd.store import Session, mailboxes
from syncd.store.mailboxes import Item
from syncd.sync.engine.carry import Batch
from syncd.sync.engine.orders import MailboxOrder, SyncOrder
from syncd.sync.reconcile import Brake, loses

PART = 1000


@dataclass(frozen=True)
class Stop:
    """Why a round waits for a yes."""

    brake: Brake
    limit: int
    emptied: bool

    def problem(self, run: int, address: str) -> dict[str, Any]:
        """What to say of it."""
        brake = self.brake
        share = round(100 * brake.total / brake.linked) if brake.linked else 100
        parts = [
            f"{count} {words}"
            for count, words in (
                (brake.removed, "would be removed"),
                (brake.blanked, "would lose name, e-mail and phone"),
                (brake.repointed, "would change or lose their account"),
            )
            if count
        ]
        why = f"{', '.join(parts)}. " + (
            "The mailbox would be empty." if self.emptied else f"The limit is {self.limit} ([sync] max_removals)."
        )
        return {
            "code": "SY-B01",
            "what": f"{address} was stopped: this round would take away {brake.total} of {brake.linked} contacts ({share} %).",
            "why": f"{why} Nothing was changed.",
            "do": f"Look: syncd runs {run} --csv. Yes, do it: syncd apply {run} --approve. "
            f"Keep them: syncd apply {run} --keep. Or wait: it is judged anew in every round.",
        }


def judge(tx: Session, order: SyncOrder, of: MailboxOrder, mailbox: int, words: Words) -> Stop | None:
    """Whether the pending items of a mailbox must wait for a yes. Each contact counts once."""
    linked = mailboxes.linked_contacts(tx, mailbox)
    removed, blanked, repointed = _counted(tx, mailbox, words)
    for again in (False, True):
        if again:
            removed -= _made_again(tx, order, of, mailbox, words)
        brake = Brake(linked, len(removed), len(blanked - removed), len(repointed - removed - blanked))
        if not brake.stops(order.max_count, order.max_percent):
            return None
    return Stop(brake, brake.limit(order.max_count, order.max_percent), brake.removed >= linked)


def _counted(tx: Session, mailbox: int, words: Words) -> tuple[set[int], set[int], set[int]]:
    """The contacts that would be removed, blanked, and re-pointed."""
    removed, blanked, repointed = set[int](), set[int](), set[int]()
    for items in mailboxes.changing(tx, mailbox, PART):
        for item in items:
            if item.contact is None:
                continue
            if item.gone is not None:
                removed.add(item.contact)
            elif item.applied and loses(item.applied, item.observed):
                blanked.add(item.contact)
            elif repoints(item, words):
                repointed.add(item.contact)
    if removed:
        removed -= mailboxes.staying(tx, mailbox, sorted(removed))
    return removed, blanked, repointed


def _made_again(tx: Session, order: SyncOrder, of: MailboxOrder, mailbox: int, words: Words) -> set[int]:
    """The contacts that new items of the mailbox are found to be: deleted in Outlook and made again, or under new ids."""
    found: set[int] = set()
    after = (0, "")
    while items := [i for i in mailboxes.pending(tx, mailbox, after, PART) if i.gone is None]:
        after = (0, items[-1].graph_id)
        fresh = [item for item in items if item.contact is None]
        found.update(mark.contact for mark in Batch(tx, order, of, words).carry(fresh).marks if mark.contact)
    return found


def repoints(item: Item, words: Words) -> bool:
    """Whether the item's link to an account would change or go."""
    if item.account is None or item.applied is None or item.observed is None:
        return False
    return not same_company(item.applied["company"], item.observed["company"], words)
