"""Conduct: the mailboxes of one sync, each a run below one parent run; knows no scheduler and no terminal.

All mailboxes are read at the same time, then carried out one after the other in the order of the settings, so that the
result does not depend on which answered first. A mailbox that fails or is stopped does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from syncd.crm import ledger, plans
from syncd.crm.apply import apply
from syncd.crm.matching import Words
from syncd.errors import Problem, SetupError, SyncdError, TryLater
from syncd.graph.http import Graph
from syncd.store import Session, Store, leases, mailboxes, observations
from syncd.store.times import Clock
from syncd.sync.engine.brake import judge
from syncd.sync.engine.carry import Batch, Carried
from syncd.sync.engine.orders import SyncOrder
from syncd.sync.engine.pauses import heed
from syncd.sync.engine.planning import Part, Planning
from syncd.sync.engine.reading import Round
from syncd.sync.engine.refusals import half_applied, no_folder

log = logging.getLogger("syncd.sync")

BACK_OFF = (60, 300, 900, 3600)
"""Seconds before a mailbox that failed is tried again by the service, by how often it failed."""


@dataclass
class Synced:
    """What became of a sync: the parent run and, by mailbox, its run and what stopped or failed it."""

    run: int
    mailboxes: list[int] = field(default_factory=list)
    failed: list[SyncdError] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)


class Syncing:
    """Syncs mailboxes into one store through one Graph. `halt` is called between pages and batches: what it raises ends
    the sync in good order, to be gone on with."""

    def __init__(
        self, store: Store, graph: Graph, words: Words, clock: Clock, halt: Callable[[], None] = lambda: None
    ) -> None:
        self.halt = halt
        self.store = store
        self.graph = graph
        self.words = words
        self.clock = clock

    def sync(self, order: SyncOrder, *, actor: str, reason: str = "", by_hand: bool = True) -> Synced:
        """One sync, or the rest of one that was killed. Raises Busy when another process has one of the mailboxes, and
        SetupError when the sign-in or the settings are wrong: no mailbox is tried then.

        `by_hand` ignores a back-off after errors; a wait that Microsoft asked for holds always.
        """
        parent, parts = self._open(order, actor, reason)
        made = Synced(parent, [p.run for p in parts])
        try:
            self._read(order, parts, by_hand)
            for part in parts:
                self._finish(order, part, made)
            self._plan(order, [p for p in parts if p.error is None and (order.dry_run or p.stop)])
            self._close(order, made)
        except SetupError as error:
            self._fail_all(made, error)
            raise
        finally:
            with self.store.writing("sync:release") as tx:
                for part in parts:
                    leases.release(tx, part.lease)
        return made

    def refused(self, source: str, error: SetupError, *, actor: str, reason: str = "") -> int:
        """The run of a sync that could not begin, because nobody could tell which mailboxes there are."""
        with self.store.writing("sync:refused") as tx:
            run = ledger.begin(tx, "sync", source, actor=actor, now=self.clock(), reason=reason)
            ledger.report(tx, run, [p.plain() for p in error.problems])
            ledger.end(tx, run, self.clock(), "failed")
        return run

    def _open(self, order: SyncOrder, actor: str, reason: str) -> tuple[int, list[Part]]:
        """Takes all leases, and begins the runs or goes on with those of a killed sync of the same order."""
        with self.store.writing("sync:open") as tx:
            now = self.clock()
            begin = partial(ledger.begin, tx, "sync", actor=actor, now=now, reason=reason, orders=order.plain())
            known = mailboxes.meet(tx, order.tenant, [of.address for of in order.mailboxes])
            taken = [leases.take(tx, f"mailbox:{box.id}", now, box.address) for box in known]
            held = leases.together(taken, now)
            names = {lease.name for lease in held}
            parent = ledger.taken_up(tx, "sync", order.plain(), now, held=names, again=not order.dry_run)
            if parent is None:
                every = ", ".join(of.address for of in order.mailboxes)
                parent = begin(every, lease=held[0].name if held else None)
            before = {head.source: head for head in ledger.below(tx, parent)}
            parts: list[Part] = []
            for of, box, lease in zip(order.mailboxes, known, held, strict=True):
                begun = before.get(of.address)
                if begun is None:
                    parts.append(Part(of, box, begin(of.address, parent=parent, lease=lease.name), lease))
                elif begun.state == "running":
                    parts.append(Part(of, box, begun.run, lease, again=True))
            return parent, parts

    def _read(self, order: SyncOrder, parts: list[Part], by_hand: bool) -> None:
        """Reads all mailboxes, several at a time. A set-up that is wrong for one is wrong for all and is raised."""
        with ThreadPoolExecutor(max(1, order.concurrency), thread_name_prefix="mailbox") as pool:
            for part, error in zip(parts, pool.map(lambda p: self._read_one(order, p, by_hand), parts), strict=True):
                part.error = error
        for part in parts:
            if isinstance(part.error, SetupError):
                raise part.error
        if order.folder and not any(part.error or part.met for part in parts):
            for part in parts:
                part.error = no_folder(order.folder, part.of.address)

    def _read_one(self, order: SyncOrder, part: Part, by_hand: bool) -> SyncdError | None:
        try:
            self._may_ask(part, by_hand)
            round = Round(
                self.store,
                self.graph,
                self.clock,
                order,
                part.of,
                part.mailbox,
                part.run,
                part.lease,
                self.halt,
                part.again,
            )
            round.read()
            part.met = round.met
        except SyncdError as error:
            return error
        return None

    def _may_ask(self, part: Part, by_hand: bool) -> None:
        with self.store.reading() as tx:
            half = plans.under_way(tx, part.of.address)
            if half is not None:
                raise half_applied(part.of.address, half)
            heed(tx, self.graph, part.mailbox, self.clock(), by_hand=by_hand)

    def _finish(self, order: SyncOrder, part: Part, made: Synced) -> None:
        """Carries out what was read of one mailbox, unless it is to be planned only; or notes why not."""
        if part.error is not None:
            self._failed(part, part.error)
            made.failed.append(part.error)
            return
        with self.store.reading() as tx:
            part.stop = judge(tx, order, part.of, part.mailbox.id, self.words)
        if part.stop is None and not order.dry_run:
            self._carry_out(order, part)

    def _plan(self, order: SyncOrder, parts: list[Part]) -> None:
        """Plans what is not carried out, after what is: a plan is to fit the store that this sync leaves."""
        planning = Planning(self.store, order, self.words, self.clock)
        if order.dry_run:
            planning.together(parts)
        elif parts:
            planning.stopped(parts)

    def _carry_out(self, order: SyncOrder, part: Part) -> None:
        after: tuple[int, str] | None = (0, "")
        while after is not None:
            self.halt()
            with self.store.writing("sync:batch") as tx:
                leases.prove(tx, part.lease, self.clock())
                after = self._batch(tx, order, part, after)

    def _batch(self, tx: Session, order: SyncOrder, part: Part, after: tuple[int, str]) -> tuple[int, str] | None:
        """Carries out the items behind `after`; returns the last of them, None when there were none and the run is over.

        What the batch has made is let go within its transaction, while nothing looks for garbage.
        """
        items = observations.pending(tx, part.mailbox.id, after, order.batch)
        if not items:
            plans.supersede(tx, part.run)
            ledger.end(tx, part.run, self.clock())
            mailboxes.succeeded(tx, part.mailbox.id, self.clock())
            return None
        carried = Batch(tx, order, part.of, self.words.of(part.of.country)).carry(items)
        write(tx, part.run, carried)
        ledger.report(tx, part.run, carried.plan.problems)
        ledger.count(tx, part.run, carried.plan.counts, len(items))
        return (0 if items[-1].gone is None else 1, items[-1].graph_id)

    def _failed(self, part: Part, error: SyncdError) -> None:
        """Notes a mailbox's failure once, with when it may be asked again."""
        after = error.after if isinstance(error, TryLater) else None
        with self.store.writing("sync:failed") as tx:
            leases.prove(tx, part.lease, self.clock())
            problems = [named(p, part.of.address) for p in error.problems]
            retry, why = self._retry(tx, part, after)
            waits = error.problems[0].code not in ("SY-M11", "SY-M14")
            if waits and why == "server":
                problems[0]["why"] = f"{problems[0]['why']} Retry at {retry:%H:%M:%S} UTC.".strip()
            ledger.report(tx, part.run, problems)
            ledger.end(tx, part.run, self.clock(), "failed")
            if not waits:
                return
            mailboxes.failed(tx, part.mailbox.id, type(error).__name__, retry, why)
        log.warning("mailbox %s: %s", part.of.address, error.problems[0].code)

    def _retry(self, tx: Session, part: Part, after: float | None) -> tuple[datetime, str]:
        if after is not None:
            return self.clock() + timedelta(seconds=after), "server"
        failures = mailboxes.failures(tx, part.mailbox.id)
        return self.clock() + timedelta(seconds=BACK_OFF[min(failures, len(BACK_OFF) - 1)]), "error"

    def _close(self, order: SyncOrder, made: Synced) -> None:
        with self.store.writing("sync:end") as tx:
            ledger.add_up(tx, made.run)
            below = ledger.below(tx, made.run)
            made.mailboxes = [head.run for head in below]
            made.stopped = [head.run for head in below if head.state == "stopped"]
            states = {head.state for head in below}
            state = "planned" if order.dry_run and "planned" in states else "stopped" if "stopped" in states else "done"
            state = "failed" if states == {"failed"} else state
            ledger.end(tx, made.run, self.clock(), state)

    def _fail_all(self, made: Synced, error: SyncdError) -> None:
        """The whole sync failed: the parent run says why. Of its mailboxes' runs stay those that have ended, and those
        that have carried something out; the others do not exist."""
        with self.store.writing("sync:failed") as tx:
            ledger.report(tx, made.run, [p.plain() for p in error.problems])
            for run in [head.run for head in ledger.below(tx, made.run) if head.state == "running"]:
                if ledger.has_changed(tx, run):
                    ledger.end(tx, run, self.clock(), "failed")
                else:
                    ledger.forget(tx, run)
            ledger.add_up(tx, made.run)
            ledger.end(tx, made.run, self.clock(), "failed")


def write(tx: Session, run: int, carried: Carried) -> None:
    """Carries out a planned batch: records, ledger, and the items' marks."""
    apply(tx, run, carried.plan.actions, carried.keys)
    observations.mark(tx, carried.marks)
    ledger.erase(tx, carried.erase)


def named(problem: Problem, mailbox: str) -> dict[str, Any]:
    """A problem as data that names its mailbox."""
    made = problem.plain()
    if mailbox not in made["what"]:
        made["what"] = f"{mailbox}: {made['what']}"
    return made
