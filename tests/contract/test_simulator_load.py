"""The simulator's mailboxes and limits: who has one, who may read it, how many requests at once; speed and seeds."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from syncd.simulator.app import Simulator
from syncd.simulator.tls import Certificate
from tests.contract.plain import ANNA, BUYERS, IMMUTABLE, MARC, Client, feed


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(3, 40) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


def test_mailboxes_that_are_none_and_policies_that_take_their_time(simulator: Simulator, client: Client) -> None:
    tenant = simulator.tenant_data
    found = {}
    for kind in ("user", "shared", "guest", "unlicensed", "onprem", "softdeleted"):
        tenant.open(f"{kind}@norrvik.example", kind, kind)
        found[kind] = client.get(f"users/{kind}@norrvik.example/contacts").status_code
    assert found == {"user": 200, "shared": 200, "guest": 404, "unlicensed": 404, "onprem": 404, "softdeleted": 404}
    assert client.error("users/guest@norrvik.example/contacts") == (404, "MailboxNotEnabledForRESTAPI")
    assert client.error("users/nobody@norrvik.example/contacts") == (404, "ErrorInvalidUser")
    assert client.error("users/nobody@norrvik.example") == (404, "Request_ResourceNotFound")
    assert client.error(f"users/{simulator.settings()['refused_mailbox']}/contacts") == (403, "ErrorAccessDenied")
    tenant.deny(ANNA, after=1800)
    assert client.get(f"users/{ANNA}/contacts").status_code == 200
    simulator.clock.advance(1801)
    assert client.error(f"users/{ANNA}/contacts") == (403, "ErrorAccessDenied")
    assert client.get(f"users/{BUYERS}/contacts").status_code == 200
    tenant.allow(ANNA)
    assert client.get(f"users/{ANNA}/contacts").status_code == 200
    tenant.close(MARC)
    assert client.error(f"users/{MARC}/contacts") == (404, "ErrorInvalidUser")


def test_the_fifth_request_at_once_in_a_mailbox_is_throttled(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("slow", "list", count=4, seconds=1)
    statuses: list[int] = []
    together = threading.Barrier(4)

    def ask() -> None:
        with Client(simulator) as own:
            together.wait(10)
            statuses.append(own.get(f"users/{ANNA}/contacts").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while simulator.tenant_data.flying(ANNA) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    fifth = client.get(f"users/{ANNA}/contacts")
    other = client.get(f"users/{BUYERS}/contacts")
    for thread in threads:
        thread.join()
    assert (fifth.status_code, fifth.json()["error"]["code"]) == (429, "ApplicationThrottled")
    assert fifth.headers["Retry-After"] == "1"
    assert other.status_code == 200
    assert statuses == [200] * 4


def test_the_window_counts_throttled_requests_too(simulator: Simulator, client: Client) -> None:
    simulator.tenant_data.limits.requests, simulator.tenant_data.limits.window = 5, 60.0
    statuses = [client.get(f"users/{ANNA}/contacts").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    simulator.clock.advance(50)
    late = client.get(f"users/{ANNA}/contacts")
    assert late.status_code == 429
    assert 1 <= int(late.headers["Retry-After"]) <= 11
    simulator.clock.advance(61)
    assert client.get(f"users/{ANNA}/contacts").status_code == 200


def test_a_batch_answers_in_any_order_item_by_item(simulator: Simulator, client: Client) -> None:
    item = simulator.mailbox(ANNA).add(givenName="Batch")
    url = f"/users/{ANNA}/contacts/{item.immutable}?$select=parentFolderId"
    wanted = [{"id": str(n), "method": "GET", "url": url, "headers": {"Prefer": IMMUTABLE}} for n in range(6)]
    wanted.append({"id": "other", "method": "GET", "url": f"/users/{BUYERS}/contacts?$top=1"})
    wanted.append({"id": "gone", "method": "GET", "url": f"/users/{MARC}/contacts/AAnone"})
    wanted.append({"id": "after", "method": "GET", "url": "/users", "dependsOn": ["gone"]})
    answer = client.call("POST", "$batch", json={"requests": wanted})
    responses = answer.json()["responses"]
    found = {each["id"]: each for each in responses}
    statuses = {key: each["status"] for key, each in found.items()}
    expected = {"0": 200, "1": 200, "2": 200, "3": 200, "4": 429, "5": 429, "other": 200, "gone": 404, "after": 424}
    assert statuses == expected
    assert found["0"]["body"]["id"] == item.immutable
    assert found["4"]["headers"]["Retry-After"] == "0.249"
    assert [each["id"] for each in responses] != list(expected)
    too_many = [{"id": str(n), "method": "GET", "url": url} for n in range(21)]
    assert client.call("POST", "$batch", json={"requests": too_many}).status_code == 400


@pytest.mark.parametrize(
    "item",
    [
        {"url": "/users"},
        {"method": "GET", "url": "https://graph.microsoft.com/v1.0/users"},
        {"method": "POST", "url": "/$batch", "body": {"requests": []}},
        {"method": "GET", "url": "/users", "dependsOn": ["nobody"]},
    ],
)
def test_a_batch_with_a_wrong_item_is_refused_whole(client: Client, item: dict[str, object]) -> None:
    answer = client.call("POST", "$batch", json={"requests": [{"id": "1", **item}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_a_body_in_a_batch_needs_its_type(client: Client) -> None:
    item = {"id": "1", "method": "PATCH", "url": f"/users/{ANNA}/contacts/AAx", "body": {"jobTitle": "CFO"}}
    found = client.call("POST", "$batch", json={"requests": [item]}).json()["responses"][0]
    assert (found["status"], found["body"]["error"]["code"]) == (400, "BadRequest")


def test_ten_thousand_contacts_are_made_and_paged_fast() -> None:
    start = time.process_time()
    with Simulator(1, 10_000) as simulator, Client(simulator) as client:
        made = time.process_time() - start
        start = time.process_time()
        pages = list(client.pages(feed(ANNA), f"odata.maxpagesize=1000, {IMMUTABLE}"))
        read = time.process_time() - start
    assert sum(len(page["value"]) for page in pages) > 4000
    assert made < 4, f"{made:.2f} s of CPU for 10,000 contacts"
    assert read / len(pages) < 0.3, f"{read / len(pages):.3f} s of CPU a page, client and server"


def test_the_certificate_satisfies_strict_checks(simulator: Simulator) -> None:
    context = ssl.create_default_context(cafile=str(simulator.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = int(simulator.root.rsplit(":", 1)[1])
    for name in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("expired", "certificate has expired"),
        ("other-host", "IP address mismatch"),
        ("other-ca", "self-signed certificate|unable to get local issuer"),
    ],
)
def test_certificates_are_wrong_when_asked_for(certificate: Certificate, reason: str) -> None:
    with Simulator(1, 0, certificate=certificate) as running, requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError, match=reason):
            session.get(running.root, verify=str(running.ca), timeout=5)


def test_the_same_seed_is_the_same_world() -> None:
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    worlds = []
    for seed in (7, 7, 8):
        simulator = Simulator(2, 50, seed=seed, start=start)
        simulator.mailbox(ANNA).add(givenName="Same")
        worlds.append([simulator.truth(address) for address in simulator.addresses])
        simulator.close()
    assert worlds[0] == worlds[1]
    assert worlds[0] != worlds[2]
