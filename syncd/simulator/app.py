"""The simulator as a whole: builds tenant, mailboxes and servers, runs them; knows no client and no store."""

from __future__ import annotations

import json
import shutil
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO
from uuid import uuid4

import trustme

from syncd.simulator.clock import Clock
from syncd.simulator.contact import Props
from syncd.simulator.entra import Entra
from syncd.simulator.faults import Faults
from syncd.simulator.graph import Graph
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.samples import DOMAIN, REFUSED, fill, people
from syncd.simulator.server import Server
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, Request

_NOTED = ("prefer", "client-request-id", "user-agent", "if-match", "content-type")


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


class Simulator:
    """Serves Entra and Graph on one port of 127.0.0.1, in threads, while the context is open.

    `mailboxes` sample mailboxes of `contacts` sample contacts each, the same for the same `seed`. With `start` the
    clock stands still there. `ca_folder` keeps the CA file (default: a private folder that goes at the end).
    A failure inside the simulator is raised at the end of the context.
    """

    def __init__(
        self,
        mailboxes: int = 3,
        contacts: int = 200,
        *,
        seed: int = 1,
        port: int = 0,
        ca_folder: Path | None = None,
        start: datetime | None = None,
    ) -> None:
        self.clock = Clock(start)
        self.tenant_data = Tenant(DOMAIN, seed, self.clock)
        self.entra = Entra(self.tenant_data)
        self.app = self.entra.register()
        self.faults = Faults(self.clock)
        self.graph = Graph(self.tenant_data, self.entra, self.faults)
        self.requests: list[Seen] = []
        for address, name in people(mailboxes, seed):
            self.tenant_data.open(address, name)
        fill(list(self.tenant_data.mailboxes.values()), contacts, seed)
        self.addresses = [mailbox.address for mailbox in self.tenant_data.mailboxes.values()]
        self.tenant_data.open(REFUSED, "Direction").listed = False
        self.tenant_data.deny(REFUSED)
        self._own_folder = ca_folder is None
        self._folder = ca_folder or Path(tempfile.mkdtemp(prefix="syncd-simulator-"))
        self._server = Server(port, self._serve, self.clock, self._tls())
        self.root = f"https://127.0.0.1:{self._server.port}"
        self.tenant_data.root = self.faults.root = self.authority = self.root

    @property
    def tenant(self) -> str:
        return self.tenant_data.id

    @property
    def ca(self) -> Path:
        """The CA certificate (PEM) that the client has to trust."""
        return self._folder / "ca.pem"

    def mailbox(self, address: str) -> Mailbox:
        return self.tenant_data.mailboxes[address.lower()]

    def truth(self, address: str) -> list[Props]:
        """What a perfect client holds of the mailbox: contacts as Graph shows them with immutable ids, sorted by id."""
        return self.mailbox(address).truth()

    def settings(self) -> dict[str, Any]:
        """The keys of `[graph]`."""
        return {
            "root": self.root,
            "authority": self.authority,
            "tenant_id": self.tenant,
            "client_id": self.app.client_id,
            "sign_in": "secret",
            "client_secret": self.app.secrets[0].value,
            "ca_bundle": str(self.ca),
            "mailboxes": list(self.addresses),
            "refused_mailbox": REFUSED,
        }

    def reset_states(self, address: str | None = None) -> None:
        """All delta links (of one mailbox, or of all) answer 410 from now on."""
        for mailbox in self.tenant_data.mailboxes.values():
            if address is None or mailbox.address.lower() == address.lower():
                self.tenant_data.feed(mailbox).reset()

    def close(self) -> None:
        self._server.stop()
        if self._own_folder:
            shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.graph.failures:
            raise RuntimeError("The simulator failed while it answered a request.") from self.graph.failures[0]

    # -- inside

    def _serve(self, request: Request) -> Answer:
        request.id = str(uuid4())
        graph = request.path.lower().startswith(("/v1.0", "/beta"))
        answer = self.graph.handle(request) if graph else self._sign_in(request)
        noted = {name: request.headers[name] for name in _NOTED if name in request.headers}
        seen = Seen(request.method, request.path, request.query, request.kind, request.mailbox, answer.status, noted)
        self.requests.append(seen)
        return answer

    def _sign_in(self, request: Request) -> Answer:
        request.kind = "token" if request.path.endswith("/token") else "discovery"
        answer = self.faults.answer(request) or self.entra.handle(request)
        self.faults.distort(request, answer)
        return answer

    def _tls(self) -> ssl.SSLContext:
        """A new CA and a certificate of it for this machine's loopback names; the CA's key is never written."""
        authority = trustme.CA(organization_name="syncd simulator")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        authority.cert_pem.write_to_path(self.ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost", "::1").configure_cert(context)
        return context


def serve(
    port: int,
    mailboxes: int,
    contacts: int,
    *,
    seed: int = 1,
    out: TextIO,
    until: threading.Event,
    ready: Callable[[Simulator], None] | None = None,
) -> None:
    """Runs a simulator until the event is set; prints one JSON line with what a client and a test need."""
    with Simulator(mailboxes, contacts, seed=seed, port=port) as simulator:
        line = {
            "root": simulator.root,
            "authority": simulator.authority,
            "ca": str(simulator.ca),
            "settings": simulator.settings(),
        }
        print(json.dumps(line), file=out, flush=True)
        until.wait()
