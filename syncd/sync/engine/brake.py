"""Brake: how much a round would take away, before anything of it is carried out; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.crm.accounts import same_company
from syncd.crm.matching import Words
from syncd.store import Session, observations, vanished
from syncd.store.observations import Item
from syncd.store.vanished import Gone
from syncd.sync.engine.carry import Batch
from syncd.sync.engine.orders import MailboxOrder, SyncOrder
from syncd.sync.reconcile import Brake, loses

PART = 1000
PLACES = 3
"""So many folders are named, those with the most contacts."""


@dataclass(frozen=True)
class Stop:
    """Why a round waits for a yes: how much it would take away, how much of that left what is synced, and from where."""

    brake: Brake
    limit: int
    emptied: bool
    out: int
    gone: Sequence[Gone]

    def problem(self, run: int, address: str, counts: Mapping[str, int], deleted: int) -> dict[str, Any]:
        """What to say of it; the plan counts `counts` and would delete so many contacts."""
        brake = self.brake
        share = round(100 * brake.total / brake.linked) if brake.linked else 100
        limit = "The mailbox would be empty." if self.emptied else f"The limit is {self.limit} ([sync] max_removals)."
        sentences = [self._cause(), self._parts(), _fate(brake, deleted), limit, _waiting(brake, counts)]
        return {
            "code": "SY-B01",
            "what": f"{address} was stopped: this round would take away {brake.total} of {brake.linked} contacts ({share} %).",
            "why": f"{' '.join(s for s in sentences if s)} Nothing of it is carried out without a yes.",
            "do": f"Look: syncd runs {run} --csv. Yes, do it: syncd apply {run} --approve. "
            f"Keep them: syncd apply {run} --keep. Or wait: it is judged anew in every round.",
        }

    def _parts(self) -> str:
        """What happened in Outlook, each contact in one part."""
        brake = self.brake
        parts = [
            (brake.removed - self.out, "deleted in Outlook"),
            (self.out, "moved out of what is synced"),
            (brake.blanked, "would lose name, e-mail and phone"),
            (brake.repointed, "would change or lose their account"),
        ]
        return f"{', '.join(f'{count} {words}' for count, words in parts if count)}."

    def _cause(self) -> str:
        """The most likely cause, told from where the contacts have been."""
        found = [_place(one) for one in self.gone[:PLACES]]
        more = sum(one.contacts for one in self.gone[PLACES:])
        found += [f"{more} in other folders"] if more else []
        return f"Likely cause: {'; '.join(found)}." if found else ""


def _place(gone: Gone) -> str:
    """What happened in one folder."""
    count = f"{gone.contacts:,} contact{'s' if gone.contacts > 1 else ''}"
    folder = f'the folder "{gone.path}"'
    if gone.how == "scope":
        return (
            f"{folder} ({count}) is not synced any more"
            if not gone.there
            else f"{count} left {folder} or got a category"
        )
    if not gone.there:
        return f"{folder} ({count}) is no longer in the mailbox"
    return f"{folder} ({count}) was emptied" if not gone.left else f"{count} deleted one by one in {folder}"


def _fate(brake: Brake, deleted: int) -> str:
    """What would become of the records that Outlook no longer has."""
    stay = max(0, brake.removed - deleted)
    found = [f"{deleted} would be removed here"] if deleted else []
    found += [f"{stay} would stay, no longer tied to Outlook"] if stay else []
    return f"{', '.join(found)}." if found else ""


def _waiting(brake: Brake, counts: Mapping[str, int]) -> str:
    changed = max(0, counts.get("updated", 0) - brake.blanked - brake.repointed)
    found = [f"{n} {words}" for n, words in ((counts.get("created", 0), "new"), (changed, "changed")) if n]
    return f"Waiting too: {' and '.join(found)}." if found else ""


def judge(tx: Session, order: SyncOrder, of: MailboxOrder, mailbox: int, words: Words) -> Stop | None:
    """Whether the pending items of a mailbox must wait for a yes. Each contact counts once."""
    linked = observations.linked_contacts(tx, mailbox)
    removed, out, blanked, repointed = _counted(tx, mailbox, words)
    for again in (False, True):
        if again:
            removed -= _made_again(tx, order, of, mailbox, words)
        brake = Brake(linked, len(removed), len(blanked - removed), len(repointed - removed - blanked))
        if not brake.stops(order.max_count, order.max_percent):
            return None
    limit = brake.limit(order.max_count, order.max_percent)
    return Stop(brake, limit, brake.removed >= linked, len(removed & out), vanished.gone(tx, mailbox))


def _counted(tx: Session, mailbox: int, words: Words) -> tuple[set[int], set[int], set[int], set[int]]:
    """The contacts that would be removed, those of them that are out of scope, and those blanked, and re-pointed."""
    removed, out, blanked, repointed = set[int](), set[int](), set[int](), set[int]()
    for items in observations.changing(tx, mailbox, PART):
        for item in items:
            if item.contact is None:
                continue
            if item.gone is not None:
                removed.add(item.contact)
                out.update({item.contact} if item.gone == "scope" else ())
            elif item.applied and loses(item.applied, item.observed):
                blanked.add(item.contact)
            elif repoints(item, words):
                repointed.add(item.contact)
    if removed:
        removed -= observations.staying(tx, mailbox, sorted(removed))
    return removed, out, blanked, repointed


def _made_again(tx: Session, order: SyncOrder, of: MailboxOrder, mailbox: int, words: Words) -> set[int]:
    """The contacts that new items of the mailbox are found to be: deleted in Outlook and made again, or under new ids."""
    found: set[int] = set()
    after = (0, "")
    while items := [i for i in observations.pending(tx, mailbox, after, PART) if i.gone is None]:
        after = (0, items[-1].graph_id)
        fresh = [item for item in items if item.contact is None]
        found.update(mark.contact for mark in Batch(tx, order, of, words).carry(fresh).marks if mark.contact)
    return found


def repoints(item: Item, words: Words) -> bool:
    """Whether the item's link to an account would change or go."""
    if item.account is None or item.applied is None or item.observed is None:
        return False
    return not same_company(item.applied["company"], item.observed["company"], words)
