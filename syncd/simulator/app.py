"""The simulator as a whole: puts the simulated world on sockets of this machine; knows no client and no store."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from syncd.errors import Problem, SetupError
from syncd.simulator import tls
from syncd.simulator.control import Control
from syncd.simulator.samples import REFUSED
from syncd.simulator.server import Server
from syncd.simulator.world import Seen, World

__all__ = ["Seen", "Simulator", "serve"]


class Simulator(World):
    """Serves Entra and Graph on one port of 127.0.0.1, and the control API on another, while the context is open.

    See World for what is in it. `ca_folder` keeps the CA file (default: a private folder that goes at the end);
    `certificate` may be wrong on purpose.
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
        certificate: tls.Certificate = "good",
    ) -> None:
        super().__init__(mailboxes, contacts, seed=seed, start=start)
        self.control = Control(self)
        self._server = self._listen(port)
        self._control = Server(0, self.control.handle, self.clock)
        self._own_folder = ca_folder is None
        self._folder = ca_folder or Path(tempfile.mkdtemp(prefix="syncd-simulator-"))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._server.tls = tls.context(self.ca, certificate)
        self.root = self.authority = f"https://127.0.0.1:{self._server.port}"
        self.tenant_data.root = self.faults.root = self.root

    def _listen(self, port: int) -> Server:
        try:
            return Server(port, self.serve, self.clock)
        except OSError as error:
            raise SetupError(
                Problem(
                    "SY-D01",
                    f"Port {port} of this machine cannot be had: {error.strerror or error}.",
                    "Another program, perhaps another simulator, listens there. Nothing was started.",
                    "Choose another --port, or leave it out for one that is free.",
                )
            ) from None

    @property
    def ca(self) -> Path:
        """The CA certificate (PEM) that a client has to trust; its key is never written."""
        return self._folder / "ca.pem"

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self._control.port}"

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

    def close(self) -> None:
        self.graph.subscriptions.stop()
        self._server.stop()
        self._control.stop()
        if self._own_folder:
            shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        self._server.start()
        self._control.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.graph.failures:
            raise RuntimeError("The simulator failed while it answered a request.") from self.graph.failures[0]


def serve(port: int, mailboxes: int, contacts: int, *, seed: int = 1, out: TextIO, until: threading.Event) -> None:
    """Runs a simulator until the event is set; prints one JSON line with what a client and a test need."""
    with Simulator(mailboxes, contacts, seed=seed, port=port) as simulator:
        line = {
            "root": simulator.root,
            "authority": simulator.authority,
            "ca": str(simulator.ca),
            "settings": simulator.settings(),
            "control": {"url": simulator.control_url, "token": simulator.control.token},
        }
        print(json.dumps(line), file=out, flush=True)
        until.wait()
