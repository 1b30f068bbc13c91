"""Signing in against the simulator's Entra: what works, and what each refusal tells the operator."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from syncd.errors import SetupError, SignInNeeded, SyncdError, TryLater
from syncd.graph import delta
from syncd.graph.auth import Broken, Credentials, Line, Tokens
from syncd.graph.http import Graph
from syncd.graph.shapes import Network
from tests.contract.graph_world import MAILBOX, World, world

PASSPHRASE = "correct horse"


@pytest.fixture
def here() -> Iterator[World]:
    with world(contacts=1) as made:
        yield made


def tokens(here: World, network: Network | None = None, **changed: Any) -> Tokens:
    return Tokens(here.credentials(**changed), network or here.network, clock=here.time.clock, sleep=here.time.sleep)


def refusal(made: Tokens, code: str, status: int) -> SyncdError:
    with pytest.raises(SyncdError) as caught:
        made.get()
    assert (caught.value.problems[0].code, caught.value.exit) == (code, status)
    assert caught.value.problems[0].what and caught.value.problems[0].do
    return caught.value


def write_pair(folder: Path, *, days: int = 30, ended: bool = False, key: object = None) -> tuple[Path, Path]:
    """A self-signed certificate and its key, the key with a passphrase."""
    private = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "syncd")])
    now = datetime.now(UTC)
    end = now - timedelta(days=1) if ended else now + timedelta(days=days)
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(end)
        .sign(private, SHA256())
    )
    certificate, secret = folder / "app.pem", folder / "app.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    locked = BestAvailableEncryption(PASSPHRASE.encode())
    secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return certificate, secret


def test_one_token_serves_until_its_last_minutes(here: World) -> None:
    first = here.tokens.get()
    here.time.now += 3000
    assert here.tokens.get() == first and len(here.asked("token")) == 1
    here.time.now += 400
    assert here.tokens.get() and len(here.asked("token")) == 2


def test_threads_share_one_request_for_a_token(here: World) -> None:
    threads = [threading.Thread(target=here.tokens.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(here.asked("token")) == 1 and here.tokens.get()


@pytest.mark.parametrize(("name", "tries"), [("token-down", 3), ("token-refused", 1)])
def test_threads_share_a_failure_too(here: World, name: str, tries: int) -> None:
    here.simulator.faults.add(name, "token", count=None)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(SyncdError) as caught:
            here.tokens.get()
        told.append(caught.value.problems[0].code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8 and len(set(told)) == 1 and len(here.asked("token")) == tries
    here.simulator.faults.clear()
    here.time.now += 1
    assert here.tokens.get()


def test_a_rejected_token_is_replaced_once(here: World) -> None:
    old = here.tokens.get()
    here.tokens.reject(old)
    new = here.tokens.get()
    here.tokens.reject(old)
    assert here.tokens.get() == new != old and len(here.asked("token")) == 2


def test_certificate_with_a_locked_key(here: World, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    here.simulator.app.trust(certificate.read_bytes())
    changed: dict[str, Any] = {"secret": None, "certificate": certificate, "private_key": key, "passphrase": PASSPHRASE}
    made = tokens(here, **changed)
    graph = Graph(here.simulator.root, made, here.network)
    assert delta.folders(graph, MAILBOX)
    end = here.credentials(**changed).expires()
    assert end is not None and end > datetime.now(UTC)


def test_certificate_that_entra_does_not_know(here: World, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    error = refusal(
        tokens(here, secret=None, certificate=certificate, private_key=key, passphrase=PASSPHRASE), "SY-A03", 78
    )
    assert isinstance(error, SignInNeeded) and "Upload" in str(error)


def test_certificate_files_that_cannot_be_used(here: World, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    (tmp_path / "other").mkdir()
    _, stranger = write_pair(tmp_path / "other")
    (tmp_path / "noise.pem").write_text("noise")
    wrong = [
        (certificate, key, None),
        (certificate, key, "wrong"),
        (certificate, stranger, PASSPHRASE),
        (tmp_path / "noise.pem", key, PASSPHRASE),
        (tmp_path / "missing.pem", key, PASSPHRASE),
        (certificate, tmp_path / "noise.pem", PASSPHRASE),
    ]
    for public, private, passphrase in wrong:
        made = tokens(here, secret=None, certificate=public, private_key=private, passphrase=passphrase)
        refusal(made, "SY-A10", 78)
    refusal(tokens(here, secret=""), "SY-A10", 78)
    public, private = write_pair(tmp_path, ended=True)
    made = tokens(here, secret=None, certificate=public, private_key=private, passphrase=PASSPHRASE)
    refusal(made, "SY-A11", 78)
    public, private = write_pair(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    made = tokens(here, secret=None, certificate=public, private_key=private, passphrase=PASSPHRASE)
    refusal(made, "SY-A10", 78)
    assert here.simulator.requests == []


def test_one_file_may_hold_certificate_and_key(here: World, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    here.simulator.app.trust(certificate.read_bytes())
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    assert tokens(here, secret=None, certificate=both, passphrase=PASSPHRASE).get()


def test_wrong_secret_and_the_secrets_id_in_its_place(here: World) -> None:
    plain = refusal(tokens(here, secret="not the secret"), "SY-A01", 78)
    pasted = refusal(tokens(here, secret=here.simulator.app.secrets[0].id), "SY-A01", 78)
    assert "ID" not in plain.problems[0].why and "ID, not its Value" in pasted.problems[0].why
    assert "AADSTS7000215" in str(pasted) and "trace id" in str(pasted)
    assert here.simulator.app.secrets[0].id not in str(pasted)


def test_refusals_of_the_app_or_tenant(here: World) -> None:
    app = here.simulator.app
    refusal(tokens(here, client_id="00000000-0000-4000-8000-000000000000"), "SY-A05", 78)
    refusal(tokens(here, tenant_id="norrvik-typo.example"), "SY-A07", 78)
    refusal(tokens(here, root="https://graph.microsoft.us"), "SY-A08", 78)
    app.secrets[0].expires = datetime.now(UTC) - timedelta(days=1)
    refusal(tokens(here), "SY-A02", 78)
    app.secrets[0].expires = None
    app.enabled = False
    made = tokens(here)
    refusal(made, "SY-A06", 78)
    app.enabled = True
    here.time.now += 1
    assert made.get(), "what was repaired in Entra works at once, without a minute's wait"


def test_login_without_tls_is_refused_at_once(here: World) -> None:
    wrong: list[dict[str, Any]] = [
        {"authority": "http://login.example"},
        {"authority": "login.example"},
        {"tenant_id": ""},
    ]
    for changed in wrong:
        with pytest.raises(SetupError) as caught:
            tokens(here, **changed)
        assert caught.value.problems[0].code == "SY-A12"


@pytest.mark.parametrize("kind", ["token", "discovery"])
@pytest.mark.parametrize("name", ["token-down", "token-throttled", "token-page", "token-missing", "reset", "cut"])
def test_a_login_host_in_trouble_is_asked_three_times(here: World, kind: str, name: str) -> None:
    here.simulator.faults.add(name, kind, count=2)
    assert here.tokens.get()
    assert len(here.time.waits) == 2 and sum(here.time.waits) <= 10
    here.simulator.faults.add(name, kind, count=None)
    error = refusal(tokens(here), "SY-A13", 1)
    assert isinstance(error, TryLater)


def test_a_long_pause_at_the_login_is_passed_on(here: World) -> None:
    here.simulator.faults.add("token-throttled", "token", retry_after=120)
    with pytest.raises(TryLater) as caught:
        here.tokens.get()
    assert caught.value.after == 120 and here.time.waits == []


def test_a_valid_token_outlives_the_login_host(here: World) -> None:
    token = here.tokens.get()
    here.simulator.faults.add("token-down", "token", count=None)
    here.time.now += 3599 - 200
    waited = len(here.time.waits)
    assert here.tokens.get() == token
    tried = len(here.asked("token"))
    assert here.tokens.get() == token and len(here.asked("token")) == tried, "no new try with every request"
    assert len(here.time.waits) - waited == 2
    here.time.now += 190
    with pytest.raises(TryLater):
        here.tokens.get()


def test_a_certificate_of_a_stranger_is_never_accepted(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", here.settings["ca_bundle"])
    monkeypatch.setenv("SSL_CERT_FILE", here.settings["ca_bundle"])
    with world(contacts=1) as other:
        for network in (Network(), other.network):
            refusal(tokens(here, network), "SY-G02", 78)
            graph = Graph(here.simulator.root, here.tokens, network, clock=here.time.clock, sleep=here.time.sleep)
            with pytest.raises(SetupError) as caught:
                delta.folders(graph, MAILBOX)
            assert caught.value.problems[0].code == "SY-G02"
    assert here.time.waits == [], "a wrong certificate is not tried again"


@pytest.mark.parametrize(("name", "days"), [("elsewhere.example", 30), ("127.0.0.1", -1)])
def test_a_certificate_for_another_host_or_an_ended_one(here: World, tmp_path: Path, name: str, days: int) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    with Answering(b"", context) as server:
        network = Network(str(tmp_path / "ca.pem"))
        error = refusal(tokens(here, network, authority=f"https://127.0.0.1:{server.port}"), "SY-G02", 78)
        assert "certificate of 127.0.0.1" in str(error) and server.seen == []


def test_an_unreadable_ca_file_is_named(here: World, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("noise")
    for path in ("ca.pem", "missing.pem"):
        error = refusal(tokens(here, Network(str(tmp_path / path))), "SY-G02", 78)
        assert path in str(error)


def test_host_down_or_without_a_name(here: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for host in (f"https://127.0.0.1:{port}", "https://login.invalid"):
        refusal(tokens(here, authority=host), "SY-A13", 1)
        graph = Graph(host, here.tokens, here.network, clock=here.time.clock, sleep=here.time.sleep)
        with pytest.raises(TryLater) as caught:
            delta.folders(graph, MAILBOX)
        assert caught.value.problems[0].code == "SY-G04"


def test_a_proxy_is_used_and_its_refusals_are_told_apart(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert here.tokens.get(), "a proxy in the environment is not ours"
    for line, code, status in (("407 Proxy Authentication Required", "SY-G03", 78), ("502 Bad Gateway", "SY-A13", 1)):
        answer = f"HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        with Answering(answer) as proxy:
            made = tokens(here, Network(here.settings["ca_bundle"], f"http://user:pass-word@127.0.0.1:{proxy.port}"))
            error = refusal(made, code, status)
            assert proxy.seen and "pass-word" not in str(error)
    closed = Network(here.settings["ca_bundle"], f"http://127.0.0.1:{proxy.port}")
    refusal(tokens(here, closed), "SY-G03", 78)


def test_headers_that_drip_have_an_end_too(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Answering(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 60, context, pause=0.05) as server:
        start = time.monotonic()
        with pytest.raises(Broken) as caught:
            Line(Network(str(tmp_path / "ca.pem"))).send(
                "GET", f"https://127.0.0.1:{server.port}/", headers={}, seconds=0.3
            )
        assert caught.value.kind == "slow" and time.monotonic() - start < 1


def test_a_proxy_carries_sign_in_and_graph(here: World) -> None:
    with Tunnel() as proxy:
        network = Network(here.settings["ca_bundle"], f"http://user:pass-word@127.0.0.1:{proxy.port}")
        graph = Graph(here.simulator.root, tokens(here, network), network)
        assert delta.folders(graph, MAILBOX)
    assert len(proxy.seen) == 2
    for head in proxy.seen:
        assert head.startswith(b"CONNECT 127.0.0.1:") and b"Proxy-Authorization: Basic " in head
        assert b"Bearer" not in head


def test_no_secret_in_logs_errors_or_reprs(here: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret, token = here.settings["client_secret"], here.tokens.get()
    here.simulator.faults.add("token-page", "token", count=None)
    here.tokens.reject(token)
    with pytest.raises(TryLater) as caught:
        here.tokens.get()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(here.credentials())
    network = Network(None, "http://user:pass-word@proxy.example")
    for word in (secret, token, "pass-word", "<html"):
        assert word not in told + repr(network) + repr(Credentials("a", "b", "c", "d", passphrase="pass-word"))


class Answering:
    """A server on loopback that answers whatever it is sent with the same bytes, over TLS with a context."""

    def __init__(self, answer: bytes, context: ssl.SSLContext | None = None, *, pause: float = 0) -> None:
        self._answer = answer
        self._pause = pause
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.seen: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._reply(connection)

    def _reply(self, connection: socket.socket) -> None:
        if self._context is not None:
            with self._context.wrap_socket(connection, server_side=True) as safe:
                self.seen.append(safe.recv(65536))
                self._send(safe)
        else:
            self.seen.append(connection.recv(65536))
            self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        """The answer at once, or byte by byte with a pause after each."""
        size = 1 if self._pause else max(1, len(self._answer))
        for at in range(0, len(self._answer), size):
            connection.sendall(self._answer[at : at + size])
            time.sleep(self._pause)

    def __enter__(self) -> Answering:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


class Tunnel(Answering):
    """A proxy that lets every CONNECT through."""

    def __init__(self) -> None:
        super().__init__(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._pumps: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            self._pumps.append(threading.Thread(target=self._carry, args=(connection,)))
            self._pumps[-1].start()

    def _carry(self, near: socket.socket) -> None:
        self.seen.append(near.recv(65536))
        host, _, port = self.seen[-1].split()[1].decode().partition(":")
        with near, socket.create_connection((host, int(port))) as far:
            near.sendall(self._answer)
            back = threading.Thread(target=_pump, args=(far, near))
            back.start()
            _pump(near, far)
            back.join()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for pump in self._pumps:
            pump.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_RDWR)
