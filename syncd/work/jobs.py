"""Jobs: the pieces of work that the service starts, each safe to be killed and started again; knows no schedule.

Arguments are JSON: the same list can be run from a queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syncd.crm import ledger
from syncd.errors import Busy, SyncdError
from syncd.intake import Watch
from syncd.store import Store, mailboxes
from syncd.store.times import Clock
from syncd.sync.engine import Syncing, SyncOrder

log = logging.getLogger("syncd.work")


class Halted(BaseException):
    """The process is to stop: the batch at hand was committed or taken back. No error, so that nothing treats it as one."""


class Halt:
    """Says whether the process is to stop, and lets nobody sleep through it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Asks for the stop."""
        self._event.set()

    def check(self) -> None:
        """Raises Halted once the stop was asked for."""
        if self._event.is_set():
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Waits, or raises Halted as soon as the stop is asked for."""
        if self._event.wait(seconds):
            raise Halted

    def wait(self, seconds: float) -> bool:
        """Waits; True as soon as the stop is asked for."""
        return self._event.wait(seconds)


class Jobs:
    """The service's jobs over one store. `syncing` and `order` are None when there is no Graph to sync with.

    `threads` is how many of them may be at work at the same time.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        watch: Watch | None = None,
        syncing: Syncing | None = None,
        order: Callable[[], SyncOrder] | None = None,
        every: float = 300.0,
        threads: int = 4,
        actor: str = "service",
    ) -> None:
        self.store = store
        self.clock = clock
        self.watch = watch
        self.syncing = syncing
        self.order = order
        self.every = every
        self.threads = threads
        self.actor = actor
        self._again: datetime | None = None

    def inbox(self) -> int:
        """Takes what is ready in the watched folder; returns how many files found their place."""
        return self.watch.look() if self.watch is not None else 0

    def sync(self, addresses: Sequence[str] | None = None) -> int:
        """Syncs the mailboxes that are due, or those named; returns how many it tried."""
        if self.syncing is None or self.order is None:
            return 0
        if addresses is None and self._again is not None and self.clock() < self._again:
            return 0
        order = self._ordered(self.order)
        wanted = self.due(order) if addresses is None else list(addresses)
        chosen = [m for m in order.mailboxes if m.address in wanted]
        if not chosen:
            return 0
        self._plan_next(order, [m.address for m in chosen])
        made = self.syncing.sync(replace(order, mailboxes=chosen), actor=self.actor, reason="schedule", by_hand=False)
        with self.store.writing("sync:tidy") as tx:
            ledger.forget_idle(tx, made.run)
        log.info(
            "sync: run %s, %s mailboxes, %s failed, %s stopped",
            made.run,
            len(chosen),
            len(made.failed),
            len(made.stopped),
        )
        return len(chosen)

    def _ordered(self, order: Callable[[], SyncOrder]) -> SyncOrder:
        """The order; when Graph cannot be asked for it, whose mailboxes it is to name, the next time is not the next tick."""
        self._again = self.clock() + timedelta(seconds=self.every)
        made = order()
        self._again = None
        return made

    def due(self, order: SyncOrder) -> list[str]:
        """The mailboxes whose time has come, in the order of the settings."""
        with self.store.reading() as tx:
            later = mailboxes.not_due(tx, order.tenant, self.clock())
        return [one.address for one in order.mailboxes if one.address.lower() not in later]

    def _plan_next(self, order: SyncOrder, addresses: Sequence[str]) -> None:
        """The next time is kept before the work begins: a killed sync is not tried in a circle."""
        with self.store.writing("sync:plan") as tx:
            mailboxes.plan_next(tx, order.tenant, addresses, self.clock() + timedelta(seconds=self.every))


def guarded(name: str, work: Callable[[], int]) -> None:
    """Runs a job for the scheduler: what is known to go wrong is one line in the log, anything else a loud fault."""
    try:
        work()
    except Halted:
        log.info("%s: stopped in good order", name)
    except Busy as error:
        log.info("%s: %s", name, error.problems[0].what)
    except SyncdError as error:
        for problem in error.problems:
            log.error("%s: %s %s", name, problem.code, problem.what)
    except Exception:
        log.exception("%s: a fault of syncd", name)
