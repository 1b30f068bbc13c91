"""A simulator, a client on it, and a clock on which waiting takes no time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from syncd.graph import delta
from syncd.graph.auth import Credentials, Tokens
from syncd.graph.http import Graph, Limits
from syncd.graph.shapes import Network, Page
from syncd.simulator.app import Simulator
from syncd.simulator.world import Seen

MAILBOX = "anna.weber@norrvik.example"


class Time:
    """Seconds that pass only by sleeping; `waits` are the sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds


class World:
    """One mailbox in the simulator and a client that reads it. `steps` are the names that the client passed."""

    def __init__(self, simulator: Simulator, *, real: bool = False, limits: Limits | None = None) -> None:
        self.simulator = simulator
        self.time = Time()
        self.steps: list[str] = []
        self.settings = simulator.settings()
        self.network = Network(self.settings["ca_bundle"])
        timing: dict[str, Any] = {} if real else {"clock": self.time.clock, "sleep": self.time.sleep}
        timing["step"] = self.steps.append
        self.tokens = Tokens(self.credentials(), self.network, **timing)
        self.graph = Graph(simulator.root, self.tokens, self.network, limits=limits, **timing)

    def credentials(self, **changed: Any) -> Credentials:
        names = ("authority", "root", "tenant_id", "client_id")
        values = {name: self.settings[name] for name in names}
        return Credentials(**{**values, "secret": self.settings["client_secret"], **changed})

    @property
    def folder(self) -> str:
        """The default folder's id."""
        return self.simulator.mailbox(MAILBOX).folder("contacts").id

    def round(self, link: str | None = None, **more: Any) -> list[Page]:
        """A whole round of the default folder."""
        return list(delta.pages(self.graph, MAILBOX, self.folder, link, **more))

    def asked(self, kind: str) -> list[Seen]:
        """The requests of that kind that came in."""
        return [seen for seen in self.simulator.requests if seen.kind == kind]


@contextmanager
def world(contacts: int = 12, *, real: bool = False, limits: Limits | None = None) -> Iterator[World]:
    """A simulator with one mailbox, and its client."""
    with Simulator(1, contacts) as simulator:
        yield World(simulator, real=real, limits=limits)


def ids(pages: list[Page]) -> set[str]:
    """The ids of the contacts on the pages."""
    return {row["id"] for page in pages for row in page.items}
