"""The simulated world without its sockets: tenant, sign-in, Graph, faults and a log of requests; knows no server."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from syncd.simulator.clock import Clock
from syncd.simulator.contact import Props
from syncd.simulator.entra import Entra
from syncd.simulator.faults import Faults
from syncd.simulator.graph import Graph
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.samples import DOMAIN, REFUSED, fill, people
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, Request

_NOTED = ("prefer", "client-request-id", "user-agent", "if-match", "content-type")


KEPT = 100_000
"""Requests that the log keeps."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it was seen, for assertions. Never holds a body or a token; `headers` are those of interest."""

    method: str
    path: str
    query: dict[str, str]
    kind: str
    mailbox: str | None
    status: int
    headers: dict[str, str]


class World:
    """`mailboxes` sample mailboxes of `contacts` contacts each, the same for the same `seed`. See Clock for `start`."""

    def __init__(self, mailboxes: int, contacts: int, *, seed: int, start: datetime | None = None) -> None:
        self.clock = Clock(start)
        self.tenant_data = Tenant(DOMAIN, seed, self.clock)
        self.entra = Entra(self.tenant_data)
        self.app = self.entra.register()
        self.faults = Faults(self.clock)
        self.graph = Graph(self.tenant_data, self.entra, self.faults, self.serve)
        self.requests: list[Seen] = []
        self._guard = threading.Lock()
        for address, name in people(mailboxes, seed):
            self.tenant_data.open(address, name)
        fill(list(self.tenant_data.mailboxes.values()), contacts, seed)
        self.addresses = [mailbox.address for mailbox in self.tenant_data.mailboxes.values()]
        self.tenant_data.open(REFUSED, "Direction").listed = False
        self.tenant_data.deny(REFUSED)

    @property
    def tenant(self) -> str:
        return self.tenant_data.id

    def mailbox(self, address: str) -> Mailbox:
        """By address or GUID; raises KeyError."""
        found = self.tenant_data.find(address)
        if found is None:
            raise KeyError(address)
        return found

    def truth(self, address: str) -> list[Props]:
        """What a perfect client holds of the mailbox: contacts as Graph shows them, immutable ids, sorted by id."""
        return self.mailbox(address).truth()

    def reset_states(self, address: str | None = None) -> None:
        """All delta links (of one mailbox, or of all) answer 410 from now on."""
        chosen = [self.mailbox(address)] if address else list(self.tenant_data.mailboxes.values())
        for mailbox in chosen:
            with mailbox.lock:
                self.tenant_data.feed(mailbox).reset()

    def serve(self, request: Request) -> Answer:
        """The answer to a request of Entra or Graph; both live on one origin."""
        request.id = str(uuid4())
        graph = request.path.lower().startswith(("/v1.0", "/beta"))
        answer = self.graph.handle(request) if graph else self._sign_in(request)
        noted = {name: request.headers[name] for name in _NOTED if name in request.headers}
        seen = Seen(request.method, request.path, request.query, request.kind, request.mailbox, answer.status, noted)
        with self._guard:
            self.requests.append(seen)
            del self.requests[:-KEPT]
        return answer

    def _sign_in(self, request: Request) -> Answer:
        request.kind = "token" if request.path.endswith("/token") else "discovery"
        answer = self.faults.answer(request) or self.entra.handle(request)
        self.faults.distort(request, answer)
        return answer
