"""The simulator as a process of its own: the line it prints, its control API, its end; and its change notifications."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from syncd.errors import SetupError
from syncd.simulator.app import Simulator, serve
from syncd.simulator.clock import iso
from tests.contract.plain import ANNA, BUYERS, Client, Data, feed, ids, removed


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 20) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


class Remote:
    """The control API as a script in another process uses it."""

    def __init__(self, simulator: Simulator, session: requests.Session) -> None:
        self.url, self.session = simulator.control_url, session
        self.headers = {"Authorization": f"Bearer {simulator.control.token}"}

    def ask(self, method: str, path: str, **data: Any) -> requests.Response:
        body = data or None
        return self.session.request(method, f"{self.url}/{path}", headers=self.headers, json=body, timeout=10)

    def __call__(self, method: str, path: str, **data: Any) -> Any:
        answer = self.ask(method, path, **data)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def remote(simulator: Simulator, client: Client) -> Remote:
    return Remote(simulator, client.session)


def test_contacts_and_folders_are_edited_from_outside(simulator: Simulator, client: Client, remote: Remote) -> None:
    box = f"mailboxes/{ANNA}"
    folder = remote("POST", f"{box}/folders", name="Messe", parent="Kunden")
    assert folder["path"] == "Kunden/Messe"
    _, home = client.round(feed(ANNA))
    _, away = client.round(feed(ANNA, folder["id"]))
    made = remote("POST", f"{box}/contacts", folder="Kunden/Messe", givenName="Åsa", surname="Ek")
    key = quote(made["id"])
    assert made["displayName"] == "Åsa Ek"
    assert remote("PATCH", f"{box}/contacts/{key}", jobTitle="CFO")["jobTitle"] == "CFO"
    rows, away = client.round(away)
    assert [(row["id"], row["jobTitle"]) for row in rows] == [(made["id"], "CFO")]
    remote("POST", f"{box}/contacts/{key}/move", folder="contacts")
    assert ids(client.round(home)[0]) == [made["id"]] == removed(client.round(away)[0])
    assert made["id"] in [row["id"] for row in remote("GET", f"{box}/truth")]
    remote("DELETE", f"{box}/contacts/{key}")
    assert client.get(f"users/{ANNA}/contacts/{key}").status_code == 200
    remote("DELETE", f"{box}/contacts/{key}?purge=true")
    assert client.get(f"users/{ANNA}/contacts/{key}").status_code == 404
    remote("PATCH", f"{box}/folders/{quote(folder['id'])}", name="Messen")
    assert "Kunden/Messen" in [each["path"] for each in remote("GET", f"{box}/folders")]
    remote("PATCH", f"{box}/folders/{quote(folder['id'])}", parent="Lieferanten/Nord")
    assert "Lieferanten/Nord/Messen" in [each["path"] for each in remote("GET", f"{box}/folders")]
    above = quote(simulator.mailbox(ANNA).folder("Lieferanten").id)
    assert remote.ask("PATCH", f"{box}/folders/{above}", parent=folder["id"]).status_code == 400
    remote("DELETE", f"{box}/folders/{quote(folder['id'])}")
    assert "Messen" not in [each["name"] for each in remote("GET", f"{box}/folders")]
    remote("PATCH", f"{box}/folders/{quote(folder['id'])}", parent="contacts")
    assert "Messen" in [each["path"] for each in remote("GET", f"{box}/folders")]


def test_mailboxes_limits_sign_in_and_clock_are_set_from_outside(
    simulator: Simulator, client: Client, remote: Remote
) -> None:
    remote("POST", "mailboxes", address="gast@norrvik.example", name="Gast", kind="guest")
    assert client.error("users/gast@norrvik.example/contacts") == (404, "MailboxNotEnabledForRESTAPI")
    remote("PATCH", "mailboxes/gast@norrvik.example", kind="user")
    assert client.get("users/gast@norrvik.example/contacts").status_code == 200
    remote("DELETE", "mailboxes/gast@norrvik.example")
    assert client.error("users/gast@norrvik.example/contacts") == (404, "ErrorInvalidUser")
    remote("PATCH", f"mailboxes/{BUYERS}", allowed=False)
    assert client.error(f"users/{BUYERS}/contacts") == (403, "ErrorAccessDenied")
    remote("PATCH", f"mailboxes/{BUYERS}", allowed=True)
    assert client.get(f"users/{BUYERS}/contacts").status_code == 200
    _, link = client.round(feed(ANNA))
    remote("POST", "reset-states", mailbox=ANNA)
    assert client.error(link) == (410, "SyncStateNotFound")
    remote("PATCH", "limits", china=True, requests=100)
    assert client.error(feed(ANNA)) == (400, "BadRequest")
    assert simulator.tenant_data.limits.requests == 100
    remote("PATCH", "sign-in", lifetime=60)
    client.token = client.sign_in()["access_token"]
    remote("POST", "clock", advance=61)
    assert client.error("users") == (401, "InvalidAuthenticationToken")
    remote("PATCH", "sign-in", secret_expires=-1)
    assert client.sign_in()["error_codes"] == [7000222]
    assert [each["address"] for each in remote("GET", "mailboxes")][:2] == [ANNA, BUYERS]


def test_faults_and_the_log_are_reached_from_outside(client: Client, remote: Remote) -> None:
    remote("POST", "faults", name="throttle", kind="users", at=2, retry_after="2.128")
    remote("DELETE", "requests")
    assert [client.get("users").status_code for _ in range(3)] == [200, 429, 200]
    log = remote("GET", "requests")
    assert [(seen["method"], seen["path"], seen["status"]) for seen in log] == [
        ("GET", "/v1.0/users", 200),
        ("GET", "/v1.0/users", 429),
        ("GET", "/v1.0/users", 200),
    ]
    assert remote("GET", "faults") == [{"name": "throttle", "kind": "users", "seen": 3, "struck": 1}]
    remote("DELETE", "faults")
    assert remote("GET", "faults") == []
    assert set(remote("GET", "truth")) == {ANNA, BUYERS}


def test_the_control_api_wants_its_token_and_says_what_is_wrong(client: Client, remote: Remote) -> None:
    assert client.session.get(f"{remote.url}/truth", timeout=10).status_code == 401
    for method, path, data, status in (
        ("GET", "mailboxes/nobody@norrvik.example/truth", {}, 404),
        ("GET", "nonsense", {}, 404),
        ("POST", "faults", {"name": "nonsense"}, 400),
        ("POST", f"mailboxes/{ANNA}/contacts", {"folder": "nowhere"}, 404),
        ("POST", f"mailboxes/{ANNA}/contacts", {"companyname": "Norrvik AB"}, 400),
        ("PATCH", f"mailboxes/{ANNA}", {"kind": "robot"}, 400),
        ("PATCH", f"mailboxes/{ANNA}", {"colour": "red"}, 400),
        ("PATCH", "sign-in", {"rolls": []}, 400),
        ("PATCH", "limits", {"speed": 1}, 400),
    ):
        answer = remote.ask(method, path, **data)
        assert (answer.status_code, set(answer.json())) == (status, {"error"}), path


def test_serve_prints_one_line_and_leaves_nothing_behind() -> None:
    out, until = io.StringIO(), threading.Event()
    thread = threading.Thread(target=serve, args=(0, 1, 5), kwargs={"out": out, "until": until})
    thread.start()
    deadline = time.monotonic() + 10
    while not out.getvalue().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    line = json.loads(out.getvalue())
    assert set(line) == {"root", "authority", "ca", "settings", "control"}
    assert line["settings"]["mailboxes"] == [ANNA]
    assert line["settings"]["ca_bundle"] == line["ca"]
    assert Path(line["ca"]).exists()
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {line['control']['token']}"}
        truth = session.get(f"{line['control']['url']}/truth", headers=headers, timeout=10).json()
    assert len(truth[ANNA]) == 5
    until.set()
    thread.join(10)
    assert not thread.is_alive()
    assert not Path(line["ca"]).exists()


def test_a_port_that_is_taken_is_named(simulator: Simulator) -> None:
    port = int(simulator.root.rsplit(":", 1)[1])
    with pytest.raises(SetupError, match=rf"Port {port} of this machine cannot be had: Address already in use"):
        Simulator(1, 1, port=port)


def test_a_failure_inside_is_raised_at_the_end() -> None:
    with pytest.raises(RuntimeError, match="simulator failed"), Simulator(1, 5) as broken:
        with Client(broken) as client:
            next(iter(broken.mailbox(ANNA).default.items)).props.clear()
            assert client.error(f"users/{ANNA}/contacts") == (500, "SimulatorFailed")


# -- change notifications


class Listener(BaseHTTPRequestHandler):
    """A webhook: echoes the validation token and keeps what is posted."""

    letters: ClassVar[list[tuple[str, Data]]] = []
    echo: ClassVar[bool] = True
    status: ClassVar[int] = 200

    def do_POST(self) -> None:  # noqa: N802 - http.server asks for this name
        parts = urlsplit(self.path)
        token = parse_qs(parts.query).get("validationToken", [""])[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if body:
            self.letters.append((parts.path, json.loads(body)["value"][0]))
        self.send_response(self.status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(token.encode() if self.echo else b"no")

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def hook() -> Iterator[str]:
    Listener.letters.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def subscribe(client: Client, hook: str, minutes: float = 60, **changes: str) -> requests.Response:
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{hook}/notify",
        "lifecycleNotificationUrl": f"{hook}/life",
        "resource": f"users/{ANNA}/contacts",
        "expirationDateTime": iso(datetime.now(UTC) + timedelta(minutes=minutes)),
        "clientState": "random",
    }
    return client.call("POST", "subscriptions", json=body | changes)


def test_a_subscription_is_validated_told_and_renewed(simulator: Simulator, client: Client, hook: str) -> None:
    assert subscribe(client, hook, resource=f"users/{BUYERS}/contacts", changeType="deleted").status_code == 201
    made = subscribe(client, hook)
    assert made.status_code == 201, made.text
    key = made.json()["id"]
    item = simulator.mailbox(ANNA).add(givenName="Told")
    simulator.mailbox(BUYERS).add(givenName="Not told")
    simulator.graph.subscriptions.settle()
    (path, letter), *rest = Listener.letters
    assert (path, rest) == ("/notify", [])
    assert (letter["subscriptionId"], letter["clientState"], letter["changeType"]) == (key, "random", "created")
    assert letter["resourceData"]["id"] == item.default
    later = iso(datetime.now(UTC) + timedelta(minutes=600))
    renewed = client.call("PATCH", f"subscriptions/{key}", json={"expirationDateTime": later})
    assert renewed.json()["expirationDateTime"] == later
    assert key in [row["id"] for row in client.data("subscriptions")["value"]]
    simulator.graph.subscriptions.lifecycle(key, "missed")
    simulator.graph.subscriptions.settle()
    assert (Listener.letters[-1][0], Listener.letters[-1][1]["lifecycleEvent"]) == ("/life", "missed")
    simulator.clock.advance(601 * 60)
    client.token = client.sign_in()["access_token"]
    assert client.error(f"subscriptions/{key}") == (404, "ResourceNotFound")


def test_lifetimes_have_a_floor_and_a_ceiling(client: Client, hook: str) -> None:
    short = datetime.fromisoformat(subscribe(client, hook, minutes=5).json()["expirationDateTime"])
    assert timedelta(minutes=44) < short - datetime.now(UTC) < timedelta(minutes=46)
    assert subscribe(client, hook, minutes=10_090).json()["error"]["code"] == "InvalidRequest"
    assert subscribe(client, hook, resource="users/x/messages").status_code == 400


def test_a_listener_that_does_not_echo_is_refused(client: Client, hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("echo", False), ("status", 202)):
        with monkeypatch.context() as patch:
            patch.setattr(Listener, name, value)
            answer = subscribe(client, hook)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")
    assert subscribe(client, "http://127.0.0.1:9").json()["error"]["code"] == "ValidationError"


def test_notifications_get_lost_and_subscriptions_are_removed(simulator: Simulator, client: Client, hook: str) -> None:
    key = subscribe(client, hook).json()["id"]
    assert subscribe(client, hook, resource=f"users/{BUYERS}/contacts").status_code == 201
    simulator.graph.subscriptions.lose = 1
    item = simulator.mailbox(ANNA).add(givenName="Lost")
    simulator.mailbox(ANNA).delete(item.immutable)
    simulator.graph.subscriptions.settle()
    assert [letter["changeType"] for _, letter in Listener.letters] == ["deleted"]
    simulator.graph.subscriptions.lifecycle(key, "subscriptionRemoved")
    assert client.error(f"subscriptions/{key}") == (404, "ResourceNotFound")
