"""Planning: what pending items would do, saved as plans for people to look at; carries nothing out.

Mailboxes are planned in their order over one draft, so that each meets what those before it would do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.crm import ledger, plans
from syncd.crm.matching import Words, draft_tables, keep_draft
from syncd.crm.plan import Plan
from syncd.errors import SyncdError
from syncd.modules import CONTACTS
from syncd.store import Session, Store, leases, observations
from syncd.store.leases import Lease
from syncd.store.mailboxes import Mailbox
from syncd.store.times import Clock
from syncd.sync.engine.brake import Stop
from syncd.sync.engine.carry import Batch, Draft
from syncd.sync.engine.orders import MailboxOrder, SyncOrder


@dataclass
class Part:
    """One mailbox within a sync; `stop` says why the brake has stopped it."""

    of: MailboxOrder
    mailbox: Mailbox
    run: int
    lease: Lease
    again: bool = False
    met: bool = True
    error: SyncdError | None = None
    stop: Stop | None = None


@dataclass
class Planned:
    """What the plan of one mailbox counts; its actions are saved batch by batch."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, Any]] = field(default_factory=list)
    batches: int = 0
    taken: int = 0
    deleted: int = 0

    def add(self, plan: Plan, taken: int) -> None:
        """Adds a batch of `taken` items."""
        self.counts.update(plan.counts)
        self.problems += plan.problems
        self.batches += 1
        self.taken += taken
        self.deleted += sum(a.op == "delete" and a.module is CONTACTS for a in plan.actions)


class Planning:
    """Plans the mailboxes of one sync that are not carried out now."""

    def __init__(self, store: Store, order: SyncOrder, words: Words, clock: Clock) -> None:
        self.store = store
        self.order = order
        self.words = words
        self.clock = clock

    def together(self, parts: Sequence[Part]) -> None:
        """The plan of a dry run: what the sync would do, one mailbox after the other."""
        self._clear(parts)
        planned = self._over_one_draft(parts)
        with self.store.writing("plan:end") as tx:
            for part, plan in zip(parts, planned, strict=True):
                self._end(tx, part, plan)

    def stopped(self, parts: Sequence[Part]) -> None:
        """The plans of mailboxes that the brake stopped: of each by itself, for a yes to it alone, and of several together,
        for a yes to all. They end in one commit: killed before it, all are planned anew."""
        self._clear(parts)
        alone = [self._over_one_draft([part])[0] for part in parts]
        joint = self._over_one_draft(parts, joint=True) if len(parts) > 1 else []
        with self.store.writing("plan:end") as tx:
            for part, plan in zip(parts, alone, strict=True):
                self._end(tx, part, plan)
            for part, plan in zip(parts, joint, strict=False):
                told = ledger.orders(tx, part.run)
                ledger.order(tx, part.run, told | {"joint": {"counts": plan.counts, "taken": plan.taken}})

    def _clear(self, parts: Sequence[Part]) -> None:
        with self.store.writing("plan:clear") as tx:
            for part in parts:
                leases.prove(tx, part.lease, self.clock())
                plans.clear(tx, part.run)

    def _over_one_draft(self, parts: Sequence[Part], *, joint: bool = False) -> list[Planned]:
        with self.store.drafting() as look:
            draft_tables(look)
            draft = Draft()
            return [self._plan(part, look, draft, joint=joint) for part in parts]

    def _plan(self, part: Part, look: Session, draft: Draft, *, joint: bool) -> Planned:
        """Plans all pending items of a mailbox and saves the plan under its run."""
        whole = Planned()
        after = (0, "")
        while items := observations.pending(look, part.mailbox.id, after, self.order.batch):
            batch = Batch(look, self.order, part.of, self.words.of(part.of.country), draft)
            carried = batch.carry(items)
            for view in batch.views:
                keep_draft(look, view)
            states = {i.id: (i.digest, i.gone, i.modified) for i in items}
            outlook = plans.items(carried.marks, states, carried.erase, carried.leans)
            with self.store.writing("plan:chunk") as tx:
                leases.prove(tx, part.lease, self.clock())
                plans.save(tx, part.run, whole.batches, carried.plan.actions, outlook, joint=joint)
            whole.add(carried.plan, len(items))
            after = (0 if items[-1].gone is None else 1, items[-1].graph_id)
        return whole

    def _end(self, tx: Session, part: Part, plan: Planned) -> None:
        """Closes the run as planned or stopped, with what its plan counts."""
        leases.prove(tx, part.lease, self.clock())
        if part.stop is not None:
            plans.supersede(tx, part.run)
            ledger.report(tx, part.run, [part.stop.problem(part.run, part.of.address, plan.counts, plan.deleted)])
        ledger.report(tx, part.run, plan.problems)
        ledger.count(tx, part.run, plan.counts, plan.taken)
        ledger.order(tx, part.run, ledger.orders(tx, part.run) | {"country": part.of.country})
        ledger.end(tx, part.run, self.clock(), "planned" if part.stop is None else "stopped")
