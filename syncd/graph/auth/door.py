"""The way MSAL goes out: its HTTP client, over one of our lines; knows what the last answer was, not what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from syncd.graph.auth.session import Broken, Line

ANSWER_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, as MSAL takes it. `discovery`: it was asked for the tenant's description, not for a token."""

    status_code: int
    text: str
    headers: Mapping[str, str]
    discovery: bool


class Door:
    """MSAL's `http_client`. Only https goes through, whatever address a description names for the secret to go to."""

    def __init__(self, line: Line, step: Callable[[str], None]) -> None:
        self._line = line
        self._step = step
        self.last: Told | None = None

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> Told:
        """A GET as MSAL makes it: the tenant's description."""
        return self._send("GET", url, params, None, headers)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> Told:
        """A POST as MSAL makes it: the request for a token, a form."""
        return self._send("POST", url, params, data, headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._line.renew()

    def _send(self, method: str, url: str, params: Any, data: Any, headers: Any) -> Told:
        if not url.lower().startswith("https://"):
            raise Broken("tls", "the login host names an address without TLS for the sign-in")
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        self.last = None
        self._step("sign-in.send")
        reply = self._line.send(method, url, headers=headers or {}, body=data, limit=ANSWER_LIMIT)
        self._step("sign-in.received")
        self.last = Told(reply.status, reply.text, reply.headers, method == "GET")
        return self.last
