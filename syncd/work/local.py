"""Local: the service in one process, jobs on APScheduler; knows no job's content.

The schedule's memory is the store (when each mailbox is due), so the scheduler itself only ticks.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from syncd.crm.status import SERVICE
from syncd.errors import Busy, Problem, SetupError
from syncd.store import Store, leases
from syncd.store.leases import Lease
from syncd.store.times import Clock
from syncd.work.jobs import Halt, Jobs, guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger("syncd.work")

SYNC_TICK = 5.0
"""Seconds between two looks for mailboxes that are due."""

GRACE = 7.0
"""Seconds that jobs have for ending in good order once the stop was asked for."""

ALIVE = 30.0
"""Seconds between two renewals of the service's lease."""


class Service:
    """The service: `make` gives the jobs and the seconds between two looks at the watched folder, anew after SIGHUP, also
    after those in `hang_ups`, which came before it ran."""

    def __init__(
        self, store: Store, clock: Clock, halt: Halt, make: Callable[[], tuple[Jobs, float]], hang_ups: list[int]
    ) -> None:
        self.store = store
        self.clock = clock
        self.halt = halt
        self.make = make
        self.hang_ups = hang_ups

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT; then the batch at hand is finished or given up. Raises Busy when another
        service works on this store."""
        lease = self._lease()
        ended = True
        try:
            with _signals(self._stop, self._hang_up):
                scheduler = self._start(*self.make())
                log.info("service: started")
                self._serve(scheduler, lease)
                ended = _shut_down(scheduler)
        finally:
            with self.store.writing("service:end") as tx:
                leases.release(tx, lease)
        log.info("service: stopped")
        if not ended:
            logging.shutdown()
            os._exit(0)

    def _lease(self) -> Lease:
        try:
            with self.store.writing("service:lease") as tx:
                return leases.take(tx, SERVICE, self.clock())
        except Busy as error:
            raise Busy(
                Problem(
                    "SY-W07",
                    "Another syncd service works on this store.",
                    error.problems[0].what,
                    "Stop that one first; a service that died is replaced by itself.",
                )
            ) from error

    def _serve(self, scheduler: BackgroundScheduler, lease: Lease) -> None:
        since = 0.0
        while not self.halt.wait(0.5):
            since += 0.5
            if since >= ALIVE:
                since = 0.0
                with self.store.writing("service:alive") as tx:
                    leases.prove(tx, lease, self.clock())
            if self.hang_ups:
                self.hang_ups.clear()
                self._load_again(scheduler)

    def _load_again(self, scheduler: BackgroundScheduler) -> None:
        """Takes new settings; faulty ones are refused and the old ones stay."""
        try:
            jobs, every = self.make()
        except SetupError as error:
            for problem in error.problems:
                log.error("settings: refused, the old ones stay: %s %s", problem.code, problem.what)
            return
        scheduler.remove_all_jobs()
        _add(scheduler, jobs, every)
        log.info("settings: read again")

    def _start(self, jobs: Jobs, every: float) -> BackgroundScheduler:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(jobs.threads)})
        _add(scheduler, jobs, every)
        scheduler.start()
        return scheduler

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.halt.set()

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self.hang_ups.append(number)


def _shut_down(scheduler: BackgroundScheduler) -> bool:
    """Lets the jobs end in good order; False when one still waits for an answer from elsewhere after the grace.

    Python would wait for its thread for ever, and what a killed job leaves, the next start goes on with.
    """
    thread = threading.Thread(target=scheduler.shutdown, name="shutdown", daemon=True)
    thread.start()
    thread.join(GRACE)
    if thread.is_alive():
        log.warning("service: a job still waits after %s s and is broken off; the next start goes on with it", GRACE)
    return not thread.is_alive()


def _add(scheduler: BackgroundScheduler, jobs: Jobs, every: float) -> None:
    """One tick for each kind of work; one that is still at work is not started again beside itself."""
    ticks: list[tuple[str, Callable[[], int], float]] = []
    if jobs.watch is not None:
        ticks.append(("inbox", jobs.inbox, every))
    if jobs.syncing is not None:
        ticks.append(("sync", jobs.sync, min(SYNC_TICK, jobs.every)))
    for name, work, seconds in ticks:
        scheduler.add_job(
            guarded,
            "interval",
            args=(name, work),
            seconds=seconds,
            id=name,
            max_instances=1,
            coalesce=True,
            next_run_time=jobs.clock(),
            misfire_grace_time=None,
        )


@contextmanager
def _signals(stop: Any, again: Any) -> Iterator[None]:
    """SIGTERM and SIGINT stop, SIGHUP reads the settings again; what was set before comes back."""
    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: again}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
