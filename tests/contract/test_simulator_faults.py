"""The simulator's faults: each one strikes whom it should, as often as it should, in the way its name says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from syncd.simulator import faults
from syncd.simulator.app import Simulator
from tests.contract.plain import ANNA, BUYERS, IMMUTABLE, Client, feed, ids, removed

SMALL = f"odata.maxpagesize=5, {IMMUTABLE}"
README = Path(faults.__file__).with_name("README.md")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 40) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


def test_a_fault_strikes_the_kth_matching_request_only(simulator: Simulator, client: Client) -> None:
    fault = simulator.faults.add("server-error", "list", mailbox=ANNA.upper(), at=2, count=2)
    paths = [f"users/{ANNA}/contacts"] * 2 + [f"users/{BUYERS}/contacts", "users"] + [f"users/{ANNA}/contacts"] * 2
    assert [client.get(path).status_code for path in paths] == [200, 500, 200, 200, 500, 200]
    assert (fault.seen, fault.struck) == (4, 2)
    simulator.faults.add("unavailable", count=None)
    assert [client.get("users").status_code for _ in range(3)] == [503] * 3
    simulator.faults.clear()
    assert client.get("users").status_code == 200


def test_an_unknown_fault_or_kind_is_named(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="no fault 'nonsense'"):
        simulator.faults.add("nonsense")
    with pytest.raises(ValueError, match="no kind of request 'nonsense'"):
        simulator.faults.add("throttle", "nonsense")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("throttle", 429, "TooManyRequests"),
        ("concurrency", 429, "ApplicationThrottled"),
        ("objects", 429, "ErrorTooManyObjectsOpened"),
        ("server-error", 500, "ErrorInternalServerTransientError"),
        ("corrupt", 500, "ErrorCorruptData"),
        ("stale", 503, "MailboxInfoStale"),
        ("gateway-timeout", 504, "UnknownError"),
        ("bandwidth", 509, "BandwidthLimitExceeded"),
        ("locked", 423, "resourceLocked"),
        ("unauthorized", 401, "InvalidAuthenticationToken"),
        ("claims", 401, "InvalidAuthenticationToken"),
        ("gone", 410, "SyncStateNotFound"),
        ("resync", 410, "ResyncRequired"),
        ("bad-state", 400, "SyncStateInvalid"),
        ("bad-token", 400, "ErrorInvalidIdMalformed"),
        ("no-delta", 400, "BadRequest"),
        ("item-gone", 404, "ErrorItemNotFound"),
        ("folder-gone", 404, "ErrorSyncFolderNotFound"),
        ("denied", 403, "ErrorAccessDenied"),
        ("quota", 403, "ErrorQuotaExceeded"),
        ("no-mailbox", 404, "MailboxNotEnabledForRESTAPI"),
        ("no-user", 404, "ErrorInvalidUser"),
        ("no-right", 403, "Authorization_RequestDenied"),
    ],
)
def test_refusals_come_in_graphs_envelope(
    simulator: Simulator, client: Client, name: str, status: int, code: str
) -> None:
    simulator.faults.add(name, "delta")
    assert client.error(feed(ANNA)) == (status, code)
    assert client.get(feed(ANNA)).status_code == 200


def test_refusals_without_a_graph_envelope(simulator: Simulator, client: Client) -> None:
    for name in ("bad-gateway", "unavailable", "empty-404", "redirect"):
        simulator.faults.add(name, at=1 + len(simulator.faults.report()))
    html, empty, missing, redirect = (client.get("users") for _ in range(4))
    assert (html.status_code, html.headers["Content-Type"], html.text[:9]) == (502, "text/html", "<!DOCTYPE")
    assert (empty.status_code, empty.content, missing.status_code, missing.content) == (503, b"", 404, b"")
    assert (redirect.status_code, redirect.headers["Location"]) == (302, "https://elsewhere.example/v1.0/")


def test_any_status_code_and_body_can_be_asked_for(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("status", status=418, code="Teapot", message="Short.", headers={"X-Pot": "1"})
    answer = client.get("users")
    assert (answer.status_code, answer.headers["X-Pot"]) == (418, "1")
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == ("Teapot", "Short.")


@pytest.mark.parametrize("wait", [7, 2.128, "0", "-1", "abc", 10**9, None])
def test_retry_after_is_sent_as_given(simulator: Simulator, client: Client, wait: object) -> None:
    simulator.faults.add("throttle", retry_after=wait)
    assert client.get("users").headers.get("Retry-After") == (None if wait is None else str(wait))


def test_retry_after_can_be_a_date_by_the_servers_own_clock(simulator: Simulator, client: Client) -> None:
    simulator.clock.advance(86_400)
    simulator.faults.add("throttle", retry_after="date+5")
    headers = client.get("users").headers
    wait = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert timedelta(seconds=4) <= wait <= timedelta(seconds=6)


def test_claims_challenge_and_fresh_start_link(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("claims")
    simulator.faults.add("resync", "delta", at=2)
    assert 'error="insufficient_claims", claims="' in client.get(feed(ANNA)).headers["WWW-Authenticate"]
    location = client.get(feed(ANNA)).headers["Location"]
    assert location.endswith("/contacts/delta?$deltatoken=")
    assert client.get(location).status_code == 200


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("empty-body", b""),
        ("html", b"<!DOCTYPE"),
        ("not-json", b"OK"),
        ("value-null", b'"value":null'),
        ("value-missing", b'"values":[]'),
        ("control", b"before\x06\x0bafter"),
    ],
)
def test_bodies_that_are_no_page(simulator: Simulator, client: Client, name: str, body: bytes) -> None:
    simulator.faults.add(name, "delta")
    answer = client.get(feed(ANNA))
    assert answer.status_code == 200
    assert body in answer.content
    assert body or not answer.content
    assert len(client.data(feed(ANNA))["value"]) == 10


def test_truncated_is_no_json_control_is_none_in_strict_json_and_oversized_is_large(
    simulator: Simulator, client: Client
) -> None:
    simulator.faults.add("truncated", "delta")
    simulator.faults.add("control", "delta", at=2)
    simulator.faults.add("oversized", "delta", at=3, bytes=3_000_000)
    truncated, control, large = (client.get(feed(ANNA)).content for _ in range(3))
    for text in (truncated, control):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    assert json.loads(control, strict=False)["value"]
    assert (len(large), len(json.loads(large)["value"])) == (3_000_000, 10)


def test_a_bomb_is_small_until_it_is_unpacked(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("bomb", "delta", bytes=5_000_000)
    answer = client.get(feed(ANNA))
    assert int(answer.headers["Content-Length"]) < 100_000
    assert (len(answer.content), len(answer.json()["value"])) == (5_000_000, 10)


def test_links_go_wrong(simulator: Simulator, client: Client) -> None:
    names = ("foreign-link", "plain-link", "self-link", "both-links", "no-links")
    found = {}
    for name in names:
        simulator.faults.add(name, "delta", at=1)
        page = client.data(feed(ANNA), SMALL)
        found[name] = {key: text for key, text in page.items() if key.endswith("Link")}
        simulator.faults.clear()
    assert found["foreign-link"]["@odata.nextLink"].startswith("https://elsewhere.example/v1.0/users/")
    assert found["plain-link"]["@odata.nextLink"].startswith("http://127.0.0.1:")
    assert found["self-link"] == {"@odata.nextLink": f"{simulator.root}/v1.0/{feed(ANNA)}"}
    assert set(found["both-links"]) == {"@odata.nextLink", "@odata.deltaLink"}
    assert found["no-links"] == {}
    simulator.faults.add("link", "delta", next="{link}&x=1")
    assert client.data(feed(ANNA), SMALL)["@odata.nextLink"].endswith("&x=1")


def test_a_cycle_of_pages_never_ends(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("cycle", "delta", count=None, size=2)
    first = client.data(feed(ANNA), SMALL)
    second = client.data(first["@odata.nextLink"], SMALL)
    assert second["@odata.nextLink"] == f"{simulator.root}/v1.0/{feed(ANNA)}"


def test_empty_pages_and_replays_only_cost_pages(simulator: Simulator, client: Client) -> None:
    plain, _ = client.round(feed(ANNA), SMALL)
    simulator.faults.add("empty", "delta", count=20)
    pages = list(client.pages(feed(ANNA), SMALL))
    assert [len(page["value"]) for page in pages[:20]] == [0] * 20
    assert sorted(ids([row for page in pages for row in page["value"]])) == sorted(ids(plain))
    simulator.faults.add("replay", "delta", at=2)
    rows, _ = client.round(feed(ANNA), SMALL)
    assert ids(rows)[5:10] == ids(rows)[10:15]
    assert set(ids(rows)) == set(ids(plain))


def test_rows_come_twice_shuffled_older_and_with_tombstones(simulator: Simulator, client: Client) -> None:
    plain, _ = client.round(feed(ANNA), SMALL)
    found = {}
    for name in ("duplicates", "shuffle", "older", "tombstones", "lost"):
        simulator.faults.add(name, "delta", count=None)
        found[name], link = client.round(feed(ANNA), SMALL)
        simulator.faults.clear()
    assert len(ids(found["duplicates"])) > 2 * len(plain)
    assert set(ids(found["duplicates"])) == set(ids(plain))
    assert ids(found["shuffle"]) != ids(plain)
    assert sorted(ids(found["shuffle"])) == sorted(ids(plain))
    assert [row["jobTitle"] for row in found["older"][1::2]] == ["Older version"] * len(plain)
    assert len(set(removed(found["tombstones"]))) == 3
    assert ids(found["tombstones"]) == ids(plain)
    simulator.mailbox(ANNA).delete(plain[0]["id"])
    simulator.faults.add("lost", "delta")
    assert client.round(link)[0] == []


def test_tombstones_have_other_shapes_too(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("tombstones", "delta", ids=["AAx"], reason="changed", before=False)
    assert client.data(feed(ANNA), SMALL)["value"][-1] == {"id": "AAx", "@removed": {"reason": "changed"}}
    simulator.faults.add("tombstones", "delta", ids=["AAx"], legacy=True)
    assert client.data(feed(ANNA), SMALL)["value"][0] == {"id": "AAx", "reason": "deleted"}


def test_single_rows_go_wrong(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("no-id", "delta")
    simulator.faults.add("set-field", "delta", at=2, row=1, fields={"emailAddresses": "none", "planet": "Mars"})
    simulator.faults.add("drop-field", "delta", at=3, fields=["surname"])
    nameless, wrong, short = (client.data(feed(ANNA), SMALL)["value"] for _ in range(3))
    assert ["id" in row for row in nameless] == [False] + [True] * 4
    assert (wrong[1]["emailAddresses"], wrong[1]["planet"]) == ("none", "Mars")
    assert ["surname" in row for row in short] == [False] + [True] * 4


def test_the_preference_header_goes_missing_or_wrong(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("no-preference", "delta")
    simulator.faults.add("wrong-preference", "delta", at=2)
    assert "Preference-Applied" not in client.get(feed(ANNA), SMALL).headers
    assert client.get(feed(ANNA), SMALL).headers["Preference-Applied"] == "odata.track-changes"


def test_writes_are_seen_late(simulator: Simulator, client: Client) -> None:
    _, link = client.round(feed(ANNA))
    new = simulator.mailbox(ANNA).add(givenName="Late").immutable
    simulator.faults.add("delayed", "delta", count=None, seconds=30)
    rows, link = client.round(link)
    assert rows == []
    simulator.clock.advance(31)
    rows, _ = client.round(link)
    assert ids(rows) == [new]


@pytest.mark.parametrize("name", ["reset", "cut", "chunked-cut", "bad-gzip"])
def test_connections_break(simulator: Simulator, client: Client, name: str) -> None:
    simulator.faults.add(name, "delta")
    with pytest.raises(requests.exceptions.RequestException):
        client.get(feed(ANNA))
    assert client.get(feed(ANNA)).status_code == 200


def test_answers_hang_and_drip(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("hang", "users", seconds=0.3)
    simulator.faults.add("drip", "users", at=2, seconds=0.05, size=100)
    start = time.monotonic()
    assert client.get("users").status_code == 200
    assert time.monotonic() - start >= 0.3
    start = time.monotonic()
    answer = client.get("users")
    assert time.monotonic() - start >= 0.05 * (len(answer.content) // 100)
    with pytest.raises(requests.exceptions.ReadTimeout):
        simulator.faults.add("hang", "users", seconds=30)
        client.session.get(f"{simulator.root}/v1.0/users", headers={"Authorization": client.token}, timeout=(5, 0.3))


def test_the_list_of_faults_in_the_readme_is_whole() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(faults.NAMES)
