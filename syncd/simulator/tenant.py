"""One tenant: its mailboxes, who may read them, and the one place all requests of a mailbox pass; knows no HTTP."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.simulator.clock import Clock
from syncd.simulator.feed import Feed
from syncd.simulator.mailbox import Kind, Mailbox
from syncd.simulator.wire import GraphError, Headers


@dataclass(slots=True)
class Limits:
    """Exchange's limits for one app and one mailbox; a throttled request counts like any other."""

    concurrent: int = 4
    requests: int = 10_000
    window: float = 600.0


@dataclass(slots=True)
class _Load:
    flying: int = 0
    times: deque[datetime] = field(default_factory=deque)


class Tenant:
    """Mailboxes by address; `china` takes delta away, `limits` may be tightened at any time."""

    def __init__(self, domain: str, seed: int, clock: Clock) -> None:
        source = random.Random(f"tenant/{seed}").randbytes(16).hex()
        self.id = f"{source[:8]}-{source[8:12]}-4{source[13:16]}-a{source[17:20]}-{source[20:]}"
        self.domain, self.seed, self.clock = domain, seed, clock
        self.root = ""
        self.random = random.Random(f"{domain}/{seed}")
        self.limits = Limits()
        self.china = False
        self.mailboxes: dict[str, Mailbox] = {}
        self.feeds: dict[str, Feed] = {}
        self.directory: dict[str, str] = {}
        self._denied: dict[str, datetime] = {}
        self._allowed: dict[str, datetime] = {}
        self._loads: dict[tuple[str, str], _Load] = {}
        self._lock = threading.Lock()

    def open(self, address: str, name: str, kind: Kind = "user") -> Mailbox:
        """A new user with a mailbox (of a kind that has one)."""
        mailbox = Mailbox(address, name, self.clock, seed=str(self.seed), kind=kind)
        self.mailboxes[address.lower()] = mailbox
        self.feeds[address.lower()] = Feed(mailbox)
        self.directory[address.lower()] = name
        mailbox.directory = self.directory
        return mailbox

    def close(self, address: str) -> None:
        """The user leaves: neither the directory nor Exchange knows the address any more."""
        del self.mailboxes[address.lower()], self.feeds[address.lower()], self.directory[address.lower()]

    def find(self, key: str) -> Mailbox | None:
        """By address (case does not matter) or GUID."""
        found = self.mailboxes.get(key.lower())
        return found or next((box for box in list(self.mailboxes.values()) if box.guid == key.lower()), None)

    def feed(self, mailbox: Mailbox) -> Feed:
        return self.feeds[mailbox.address.lower()]

    def deny(self, address: str, *, after: float = 0) -> None:
        """An access policy shuts the app out of the mailbox; it takes effect `after` seconds."""
        self._denied[address.lower()] = self.clock.now() + timedelta(seconds=after)
        self._allowed.pop(address.lower(), None)

    def allow(self, address: str, *, after: float = 0) -> None:
        self._allowed[address.lower()] = self.clock.now() + timedelta(seconds=after)

    def denied(self, mailbox: Mailbox) -> bool:
        now, key = self.clock.now(), mailbox.address.lower()
        shut = key in self._denied and self._denied[key] <= now
        return shut and not (key in self._allowed and self._allowed[key] <= now)

    def flying(self, address: str) -> int:
        """Requests of all apps that are in flight in the mailbox."""
        with self._lock:
            return sum(load.flying for (_, box), load in self._loads.items() if box == address.lower())

    @contextmanager
    def passage(self, app: str, mailbox: Mailbox) -> Iterator[None]:
        """One request in flight; raises GraphError 429 beyond the limits."""
        load = self._loads.setdefault((app, mailbox.address.lower()), _Load())
        with self._lock:
            now = self.clock.now()
            while load.times and now - load.times[0] > timedelta(seconds=self.limits.window):
                load.times.popleft()
            load.times.append(now)
            crowded = load.flying >= self.limits.concurrent
            wait = self.limits.window - (now - load.times[0]).total_seconds()
            full = len(load.times) > self.limits.requests
            load.flying += 0 if crowded or full else 1
        if full:
            raise throttled("TooManyRequests", "Please retry again later.", max(1, round(wait)))
        if crowded:
            raise throttled("ApplicationThrottled", "Application is over its MailboxConcurrency limit.", 1)
        try:
            yield
        finally:
            with self._lock:
                load.flying -= 1


def throttled(code: str, message: str, wait: float) -> GraphError:
    return GraphError(429, code, message, Headers({"Retry-After": str(wait)}))
