"""Access tokens for Graph from Entra, by MSAL; knows no mailbox and keeps nothing on disk."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from syncd.errors import Problem, SetupError, SyncdError, TryLater
from syncd.graph.auth import entra
from syncd.graph.auth.credentials import Credentials
from syncd.graph.auth.door import Door
from syncd.graph.auth.session import Broken, Line
from syncd.graph.auth.waits import asked
from syncd.graph.shapes import Network

log = logging.getLogger("syncd.graph")

KNOWN_HOSTS = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "sts.windows.net",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "login.microsoftonline.us",
        "login.usgovcloudapi.net",
    }
)
"""Microsoft's own login hosts. For any other MSAL would first ask the world's cloud whether it exists."""

FRESH_SECONDS = 300.0
"""A token with less left is renewed; MSAL draws the line at the same place."""
USABLE_SECONDS = 30.0
"""A token with more left still serves while the login host is down."""
PAUSE_SECONDS = 60.0
SHARED_SECONDS = 1.0
"""So long a failure answers whoever asks next: all mailboxes of a sync need the same token, and one try tells for all."""
DELAYS = (1.0, 3.0)
WITHIN_SECONDS = 10.0
IN_PLACE_SECONDS = 15.0


class Tokens:
    """One app's token, shared by all threads and fetched by one of them at a time."""

    def __init__(
        self,
        credentials: Credentials,
        network: Network,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        parts = urlsplit(credentials.authority)
        self._host = parts.hostname or ""
        if parts.scheme != "https" or not self._host or not credentials.tenant_id:
            raise SetupError(
                Problem(
                    "SY-A12",
                    f"{credentials.authority!r} with tenant {credentials.tenant_id!r} is no login address.",
                    "It must begin with https://, and a tenant is needed.",
                    "Correct [graph] authority (e.g. https://login.microsoftonline.com) and tenant_id.",
                )
            )
        self._credentials = credentials
        self._door = Door(Line(network, clock), step)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0
        self._pause = 0.0
        self._claims: str | None = None
        self._failed: tuple[SyncdError, float] | None = None

    def get(self) -> str:
        """A token with some life left. Raises SignInNeeded, SetupError, or TryLater when the login host is away."""
        with self._lock:
            left = self._until - self._clock()
            if self._token and (left > FRESH_SECONDS or (left > USABLE_SECONDS and self._clock() < self._pause)):
                return self._token
            if self._failed and self._clock() - self._failed[1] < SHARED_SECONDS:
                raise copy.copy(self._failed[0])
            try:
                self._fetch()
            except (SetupError, TryLater) as error:
                if isinstance(error, SetupError) or not self._token or left <= USABLE_SECONDS:
                    self._failed = error, self._clock()
                    raise
                log.info("sign-in renewal failed (%s); the present one serves %d s more", error.problems[0].code, left)
                self._pause = self._clock() + PAUSE_SECONDS
            return self._token

    def reject(self, token: str, claims: str | None = None) -> None:
        """Graph did not take `token`: the next `get` fetches another, with the `claims` challenge if there was one.

        A token that another thread has replaced meanwhile is left alone.
        """
        with self._lock:
            if token == self._token:
                self._token = ""
                self._claims = claims

    def _fetch(self) -> None:
        start = self._clock()
        for delay in (*DELAYS, None):
            try:
                result = self._ask()
            except TryLater as error:
                wait = error.after if error.after is not None else delay
                late = error.after is None and self._clock() + (delay or 0) - start > WITHIN_SECONDS
                if delay is None or wait is None or wait > IN_PLACE_SECONDS or late:
                    raise
                self._sleep(max(1.0, wait))
            else:
                self._token = str(result["access_token"])
                self._until = self._clock() + float(result.get("expires_in") or 600)
                self._claims = None
                return

    def _ask(self) -> Mapping[str, Any]:
        import msal
        import msal.exceptions

        credential = self._credentials.for_msal()
        self._door.last = None
        fault: Broken | None = None
        result: Any = None
        try:
            # An app object keeps refusals and failures of the login host for a while: each try has its own.
            app = msal.ConfidentialClientApplication(
                self._credentials.client_id,
                client_credential=credential,
                authority=f"{self._credentials.authority.rstrip('/')}/{self._credentials.tenant_id}",
                instance_discovery=None if self._host in KNOWN_HOSTS else False,
                azure_region=False,
                http_client=self._door,
            )
            result = app.acquire_token_for_client([self._credentials.scope], claims_challenge=self._claims)
        except Broken as caught:
            fault = caught
        except (msal.exceptions.MsalError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
            # What MSAL could not read: the last answer, kept by the door, says more than its exception does.
            result = None
        if isinstance(result, dict) and isinstance(result.get("access_token"), str) and result["access_token"]:
            return result
        raise self._broken(fault) if fault else self._refused(result)

    def _refused(self, result: Any) -> TryLater | SetupError:
        last = self._door.last
        answer = result if isinstance(result, dict) else entra.parsed(last.text) if last else {}
        status = last.status_code if last else 0
        if status == 429 or status >= 500 or answer.get("error") == "temporarily_unavailable":
            return self._away(f"{self._host} answered {status}", asked(last.headers) if last else None)
        if answer.get("error"):
            if last is not None and last.discovery and not entra.number(answer):
                return entra.no_tenant(self._credentials.tenant_id, self._host)
            return entra.refusal(answer, secret=self._credentials.secret)
        if last is not None and last.discovery and status in (400, 404):
            return entra.no_tenant(self._credentials.tenant_id, self._host)
        return self._away(f"what {self._host} answered ({status or 'nothing'}) is no sign-in answer", None)

    def _broken(self, fault: Broken) -> TryLater | SetupError:
        if fault.kind in ("tls", "proxy"):
            return unreachable(fault)
        return self._away(fault.seen, None)

    def _away(self, seen: str, after: float | None) -> TryLater:
        return TryLater(
            Problem(
                "SY-A13",
                f"The sign-in did not come about: {seen}.",
                "The login host or the way to it is out of order; what is here stays as it is.",
                "It is tried again by itself. If it lasts: syncd check, and the proxy or firewall of this network.",
            ),
            after=after,
        )


def unreachable(fault: Broken) -> SetupError:
    """TLS or a proxy in the way: nothing that waiting repairs."""
    if fault.kind == "proxy":
        return SetupError(
            Problem(
                "SY-G03",
                f"No way through the proxy: {fault.seen}.",
                "Nothing could be asked; what is here stays as it is.",
                "Correct [graph] proxy (address, user, password), or ask who runs the proxy to let this host through.",
            )
        )
    return SetupError(
        Problem(
            "SY-G02",
            f"No safe connection: {fault.seen}.",
            "Something on the way answers in the place of the real server, often a company's own inspection.",
            "Set [graph] ca_bundle to the PEM file with your company's certificate authority.",
        )
    )
