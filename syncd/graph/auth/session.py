"""One HTTP exchange with a deadline and a size limit; knows no token and no meaning of an answer.

Left alone, `requests` follows redirects, obeys REQUESTS_CA_BUNDLE and HTTPS_PROXY over what it was told, waits for ever
for a slow answer and reads any size. Here nothing comes from the environment and everything has an end.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from syncd.errors import Problem, SetupError
from syncd.graph.shapes import Network

if TYPE_CHECKING:
    import requests

Kind = Literal["tls", "proxy", "away", "cut", "slow", "large"]
"""What went wrong below HTTP: certificate or TLS, proxy, host not reached, connection cut, too slow, too large."""

CHUNK = 1 << 16
CONNECT_SECONDS = 10.0

_due = threading.local()


class _Socket(ssl.SSLSocket):
    """A TLS socket whose reads end with the exchange: a plain timeout starts anew with every byte that drips."""

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        left: Callable[[], float] | None = getattr(_due, "left", None)
        if left is not None:
            seconds = left()
            if seconds <= 0:
                raise TimeoutError("the answer did not arrive in time")
            self.settimeout(seconds)
        return super().recv_into(buffer, nbytes, flags)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: status, headers in lower case, decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become replacement characters."""
        return self.body.decode("utf-8", "replace")


class Broken(Exception):
    """An exchange that brought no whole answer. `seen` is a plain phrase without URL, header or body."""

    def __init__(self, kind: Kind, seen: str) -> None:
        super().__init__(seen)
        self.kind = kind
        self.seen = seen


class Line:
    """Connections to one service. Safe for threads; opened at the first use."""

    def __init__(self, network: Network, clock: Callable[[], float] = time.monotonic) -> None:
        self._network = network
        self._clock = clock
        self._session: requests.Session | None = None
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: Any = None,
        seconds: float = 30.0,
        limit: int = 32 << 20,
    ) -> Reply:
        """One request and its whole answer. Raises `Broken`, or `SetupError` when the CA file cannot be used."""
        import requests
        import urllib3.exceptions

        session = self._open()
        end = self._clock() + seconds
        _due.left = lambda: end - self._clock()
        try:
            response = session.request(
                method,
                url,
                headers=dict(headers),
                data=body,
                stream=True,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
            )
            with response:
                return Reply(response.status_code, _lower(response.headers), b"".join(_parts(response, limit)))
        except Broken as caught:
            fault = caught
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as caught:
            fault = _fault(caught, urlsplit(url).hostname or "")
        finally:
            _due.left = None
        self.renew()
        raise fault

    def renew(self) -> None:
        """Let go of all open connections: the next request makes a new one, perhaps to a healthier front end."""
        if self._session is not None:
            self._session.close()

    def _open(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = _session(self._network)
            return self._session


def _session(network: Network) -> requests.Session:
    import http.cookiejar

    import certifi
    import requests
    import requests.adapters

    authorities = network.ca_bundle or certifi.where()
    context = _context(authorities)

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
            return super().proxy_manager_for(proxy, **more, ssl_context=context)

    for name in ("urllib3", "msal"):
        # Both write links, and msal whole token answers, into their logs.
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    session.trust_env = False
    session.verify = authorities
    session.proxies = {"https": network.proxy} if network.proxy else {}
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update({"User-Agent": "syncd", "Accept": "application/json", "Accept-Encoding": "gzip"})
    session.mount("https://", Adapter(pool_connections=4, pool_maxsize=64))
    return session


def _context(authorities: str) -> ssl.SSLContext:
    """TLS that trusts the certificate authorities in a file. Raises SetupError when it cannot be read."""
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise SetupError(
            Problem(
                "SY-G02",
                f"The file of certificate authorities {authorities} cannot be read.",
                "Without it no server can be recognised, so nothing was asked.",
                "Set [graph] ca_bundle to a PEM file that this user may read, or leave it out.",
            )
        ) from error
    context.sslsocket_class = _Socket
    return context


def _parts(response: requests.Response, limit: int) -> Iterator[bytes]:
    raw: Any = response.raw
    size = 0
    # read(n) would wait until n bytes have come; read1 does not, but does not notice a short body either.
    while part := raw.read1(CHUNK, decode_content=True):
        size += len(part)
        if size > limit:
            raise Broken("large", f"the answer is larger than {limit >> 20} MB")
        yield part
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and raw.tell() < int(promised):
        raise Broken("cut", "the connection broke in the middle of the answer")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[BaseException] = [error]
    while todo:
        one = todo.pop()
        if any(one is each for each in found):
            continue
        found.append(one)
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        todo.extend(each for each in inner if isinstance(each, BaseException))
    return found


def _fault(error: BaseException, host: str) -> Broken:
    """What an exception of requests, urllib3 or the socket means; its own text goes no further, it holds URLs."""
    import requests.exceptions as upper
    import urllib3.exceptions as lower

    causes = _chain(error)

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if has(upper.ProxyError, lower.ProxyError, upper.InvalidProxyURL, lower.ProxySchemeUnknown):
        return _proxy(causes)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Broken("tls", f"the certificate of {host} was not accepted: {cause.verify_message or 'not valid'}")
    if has(ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError):
        return Broken("cut", f"{host} cut the connection")
    if has(lower.NameResolutionError):
        return Broken("away", f"the name {host} cannot be resolved")
    if has(upper.ConnectTimeout, lower.NewConnectionError):
        return Broken("away", f"{host} cannot be reached")
    if has(TimeoutError, lower.ReadTimeoutError):
        return Broken("slow", f"the answer of {host} did not arrive in time")
    if has(ssl.SSLError, upper.SSLError, lower.SSLError):
        return Broken("tls", f"{host} does not speak TLS as it should")
    return Broken("cut", f"the answer of {host} could not be read")


def _proxy(causes: list[BaseException]) -> Broken:
    for cause in causes:
        words = str(cause).partition("Tunnel connection failed: ")[2].split()
        if words and words[0].isdigit():
            # 5xx: the proxy works and says that what lies behind it does not.
            return Broken("away" if words[0] >= "500" else "proxy", f"the proxy answered {words[0]}")
    return Broken("proxy", "the proxy cannot be reached")
