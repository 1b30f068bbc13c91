"""The simulator's Graph, held to the contract: folders, lists, delta, ids, generations, throttling."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from tests.contract.plain import ANNA, BUYERS, IMMUTABLE, MARC, Client, Data, feed, ids, removed

SMALL = f"odata.maxpagesize=7, {IMMUTABLE}"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(3, 40) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


def tree(client: Client, address: str) -> dict[str, str]:
    """Path → id of all contact folders, found as a client has to find them."""
    top = client.data(f"users/{address}/contactFolders/contacts")
    found, waiting = {top["displayName"]: top["id"]}, [("", f"users/{address}/contactFolders")]
    while waiting:
        path, url = waiting.pop()
        for page in client.pages(url):
            for row in page["value"]:
                here = f"{path}{row['displayName']}"
                found[here] = row["id"]
                waiting.append((f"{here}/", f"users/{address}/contactFolders/{row['id']}/childFolders"))
    return found


# -- transport


def test_headers_and_envelope_are_graphs(client: Client) -> None:
    good = client.get("users", headers={"client-request-id": "mine"})
    assert good.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert good.headers["client-request-id"] == "mine"
    assert {"request-id", "x-ms-ags-diagnostic", "Date", "OData-Version"} <= set(good.headers)
    bad = client.get("nothing/there", headers={"client-request-id": "mine"})
    assert bad.status_code == 400
    assert set(bad.json()["error"]) == {"code", "message", "innerError"}
    assert set(bad.json()["error"]["innerError"]) == {"date", "request-id", "client-request-id"}


def test_lists_are_streamed_and_compressed_for_who_wants_it(client: Client) -> None:
    plain = client.get(feed(ANNA), headers={"Accept-Encoding": "identity"})
    packed = client.get(feed(ANNA), headers={"Accept-Encoding": "gzip"})
    assert plain.headers["Transfer-Encoding"] == packed.headers["Transfer-Encoding"] == "chunked"
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert plain.json()["value"] == packed.json()["value"]
    assert "Content-Length" in client.get(f"users/{ANNA}/contactFolders/contacts").headers


def test_bodies_come_in_chunks_too(simulator: Simulator, client: Client) -> None:
    simulator.app.roles.append("Contacts.ReadWrite")
    client.token = client.sign_in()["access_token"]
    headers = {"Content-Type": "application/json"}
    parts = iter([b'{"givenName":', b' "Chunk"}'])
    made = client.call("POST", f"users/{ANNA}/contacts", data=parts, headers=headers)
    assert (made.status_code, made.json()["givenName"]) == (201, "Chunk")
    assert client.get("users").status_code == 200


def test_paths_in_every_spelling_lead_to_the_same(simulator: Simulator, client: Client) -> None:
    guid, folder = simulator.mailbox(ANNA).guid, simulator.mailbox(ANNA).folder("Kunden/Nord")
    parent = folder.parent
    assert parent is not None
    spellings = [
        f"users/{ANNA}/contactFolders/{folder.id}/contacts",
        f"users/{ANNA.upper()}/contactfolders/{folder.id}/contacts",
        f"users/{ANNA.replace('@', '%40')}/contactFolders('{folder.id}')/contacts",
        f"users('{guid}')/contactFolders/{parent.id}/childFolders/{folder.id}/contacts",
    ]
    found = [ids(client.data(path, IMMUTABLE)["value"]) for path in spellings]
    assert found[0]
    assert all(each == found[0] for each in found)
    for ending in ("delta()", "microsoft.graph.delta()", "delta"):
        assert client.get(f"users/{ANNA}/contactFolders/contacts/contacts/{ending}").status_code == 200
    assert client.error(f"users/{ANNA}/contactFolders/{folder.id.swapcase()}/contacts") == (404, "ErrorItemNotFound")


def test_me_needs_a_person_and_beta_is_another_world(client: Client) -> None:
    assert client.error("me/contacts") == (400, "BadRequest")
    assert client.get(f"{client.simulator.root}/beta/users").status_code == 404


# -- folders and lists


def test_the_default_folder_is_not_in_the_list_and_children_nest(simulator: Simulator, client: Client) -> None:
    listed = client.data(f"users/{ANNA}/contactFolders")["value"]
    default = client.data(f"users/{ANNA}/contactFolders/contacts")
    assert default["displayName"] == "Kontakte"
    assert default["id"] not in [row["id"] for row in listed]
    assert {row["parentFolderId"] for row in listed} == {default["id"]}
    assert set(tree(client, ANNA)) == {"Kontakte", "Lieferanten", "Lieferanten/Nord", "Kunden", "Kunden/Nord"}
    names = [row["displayName"] for row in client.data(f"users/{BUYERS}/contactFolders")["value"]]
    assert names.count("Lieferanten") == 2
    assert client.data(f"users/{MARC}/contactFolders/contacts")["displayName"] == "Contacts"


def test_lists_page_by_offset_ten_at_a_time_and_groups_take_slots(simulator: Simulator, client: Client) -> None:
    pages = list(client.pages(f"users/{ANNA}/contacts?%24count=true&$select=displayName"))
    assert len(pages[0]["value"]) == 10
    assert "$skip=10" in pages[0]["@odata.nextLink"]
    assert set(pages[0]["value"][0]) == {"@odata.etag", "id", "displayName"}
    shown = sum(len(page["value"]) for page in pages)
    assert pages[0]["@odata.count"] == shown + 1
    assert client.get(f"users/{ANNA}/contacts/$count").text == str(shown + 1)
    folder = simulator.mailbox(ANNA).folder("contacts").id
    assert {row["parentFolderId"] for row in client.data(f"users/{ANNA}/contacts?$top=1000")["value"]} == {folder}
    assert client.get(f"users/{ANNA}/contacts?$top=1001").status_code == 400


def test_a_page_of_groups_is_empty_and_goes_on(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    folder = box.add_folder("Listen").id
    for number in range(3):
        box.add_group(folder, f"Gruppe {number}")
    box.add(folder, givenName="Last")
    pages = list(client.pages(f"users/{ANNA}/contactFolders/{folder}/contacts?$top=3"))
    assert [len(page["value"]) for page in pages] == [0, 1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$select=nonsense", "BadRequest"),
        ("$search=x", "ErrorInvalidUrlQuery"),
        ("$filter=jobTitle eq 'x'", "ErrorInvalidUrlQueryFilter"),
        ("$expand=photo", "BadRequest"),
        ("$filter=displayName eq 'x'&$orderby=surname", "InefficientFilter"),
    ],
)
def test_queries_that_contacts_do_not_know_are_refused(client: Client, query: str, code: str) -> None:
    assert client.error(f"users/{ANNA}/contacts?{query}") == (400, code)


def test_the_few_filters_work(simulator: Simulator, client: Client) -> None:
    item = simulator.mailbox(ANNA).add(
        surname="D'Or", givenName="Zoé", emailAddresses=[{"address": "zoe@or.example", "name": "Zoé"}]
    )
    for query in (
        "emailAddresses/any(a:a/address eq 'ZOE@or.example')",
        "surname eq 'D''Or'",
        "startswith(displayName,'Zoé D')",
        f"lastModifiedDateTime ge {item.modified}",
    ):
        page = client.data(f"users/{ANNA}/contacts", IMMUTABLE, params={"$filter": query})
        assert ids(page["value"]) == [item.immutable], query
    sorted_names = [
        row["surname"] for row in client.data(f"users/{ANNA}/contacts?$orderby=surname desc&$top=100")["value"]
    ]
    assert sorted_names == sorted(sorted_names, key=lambda name: str(name or "").lower(), reverse=True)


def test_users_are_paged_by_skip_token(simulator: Simulator, client: Client) -> None:
    pages = list(client.pages("users?$select=id,mail,userType&$top=2"))
    assert [len(page["value"]) for page in pages] == [2, 1]
    assert [row["mail"] for page in pages for row in page["value"]] == [ANNA, BUYERS, MARC]
    assert set(pages[1]["value"][0]) == {"id", "mail", "userType"}


# -- contacts


def test_a_contact_has_nulls_lists_and_empty_objects_as_graph_has(simulator: Simulator, client: Client) -> None:
    item = simulator.mailbox(ANNA).add(givenName="Nur")
    row = client.data(f"users/{ANNA}/contacts/{item.immutable}", IMMUTABLE)
    assert row["@odata.etag"] == f'W/"{row["changeKey"]}"'
    assert (row["surname"], row["birthday"]) == (None, None)
    assert (row["emailAddresses"], row["businessPhones"], row["categories"]) == ([], [], [])
    assert (row["homeAddress"], row["businessAddress"]) == ({}, {})
    assert row["displayName"] == "Nur"
    assert row["lastModifiedDateTime"].endswith("Z")
    assert "." not in row["lastModifiedDateTime"]


def test_writes_follow_the_rules_of_exchange(simulator: Simulator, client: Client) -> None:
    simulator.app.roles.append("Contacts.ReadWrite")
    client.token = client.sign_in()["access_token"]
    url = f"users/{ANNA}/contacts"
    made = client.call("POST", url, json={"givenName": "Ylva", "surname": "Brandt", "birthday": "1979-03-14"})
    assert made.status_code == 201
    row = made.json()
    assert (row["displayName"], row["fileAs"]) == ("Ylva Brandt", "Brandt, Ylva")
    assert row["birthday"] == "1979-03-14T11:59:00Z"
    link = f"{url}/{row['id']}"
    mails = [{"address": "marc.lefevre@norrvik.example", "name": "typed"}, {"address": "broken,", "name": "Broken"}]
    patch = {"surname": "Ek", "emailAddresses": mails}
    changed = client.call("PATCH", link, json=patch, headers={"If-Match": row["@odata.etag"]}).json()
    assert changed["displayName"] == "Ylva Ek"
    assert changed["emailAddresses"] == [
        {"name": "Marc Lefèvre", "address": "marc.lefevre@norrvik.example"},
        {"name": "Broken"},
    ]
    assert changed["changeKey"] != row["changeKey"]
    stale = client.call("PATCH", link, json={"surname": "Eks"}, headers={"If-Match": row["@odata.etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "ErrorIrresolvableConflict")
    bad: list[dict[str, Any]] = [
        {"emailAddresses": [{"address": f"{number}@x.example"} for number in range(4)]},
        {"businessPhones": ["1", "2", "3"]},
        {"nonsense": "x"},
        {"surname": 7},
        {"homeAddress": {"planet": "x"}},
        {"birthday": "tomorrow"},
    ]
    assert [client.call("PATCH", link, json=each).status_code for each in bad] == [400] * len(bad)
    assert client.call("DELETE", link).status_code == 204
    assert client.call("DELETE", link).json()["error"]["code"] == "ErrorItemNotFound"


def test_reading_rights_do_not_write(client: Client) -> None:
    answer = client.call("POST", f"users/{ANNA}/contacts", json={"givenName": "No"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ErrorAccessDenied")


def test_default_ids_change_on_a_move_and_immutable_ids_do_not(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    item = box.add(givenName="Moves")
    before = item.default
    assert client.get(f"users/{ANNA}/contacts/{before}").headers.get("Preference-Applied") is None
    box.move(item.immutable, "Kunden/Nord")
    assert client.error(f"users/{ANNA}/contacts/{before}") == (404, "ErrorItemNotFound")
    answer = client.get(f"users/{ANNA}/contacts/{item.immutable}", "IdType=ImmutableId")
    assert answer.headers["Preference-Applied"] == "IdType=ImmutableId"
    assert answer.json()["id"] == item.immutable
    assert client.data(f"users/{ANNA}/contacts/{item.immutable}")["id"] == item.default
    assert len(item.default) > len(item.immutable)
    asked = {"inputIds": [item.default, "AAnonsense"], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    rows = client.call("POST", f"users/{ANNA}/translateExchangeIds", json=asked).json()["value"]
    assert rows[0] == {"sourceId": item.default, "targetId": item.immutable}
    assert "errorDetails" in rows[1]


def test_each_write_is_later_than_all_before(simulator: Simulator) -> None:
    box, other = simulator.mailbox(ANNA), simulator.mailbox(BUYERS)
    stamps = [each.add(givenName="x").modified for each in (box, other, box, other)]
    assert stamps == sorted(set(stamps))


def test_some_ids_differ_in_case_only(simulator: Simulator) -> None:
    box = simulator.mailbox(ANNA)
    keys = [box.add(givenName=str(number)).immutable for number in range(200)]
    assert len(set(keys)) == 200
    assert len({key.lower() for key in keys}) < 200


def test_what_a_user_deletes_is_still_found_until_it_is_purged(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    item = box.add(givenName="Gone")
    box.delete(item.immutable)
    row = client.data(f"users/{ANNA}/contacts/{item.immutable}", IMMUTABLE)
    assert row["parentFolderId"] == box.deleted.id
    assert item.immutable not in [each["id"] for each in simulator.truth(ANNA)]
    box.purge(item.immutable)
    assert client.error(f"users/{ANNA}/contacts/{item.immutable}") == (404, "ErrorItemNotFound")
    assert client.error(f"users/{ANNA}/contacts/nonsense") == (400, "ErrorInvalidIdMalformed")


def test_photos_have_bytes_a_mark_and_no_sizes(simulator: Simulator, client: Client) -> None:
    simulator.app.roles.append("Contacts.ReadWrite")
    client.token = client.sign_in()["access_token"]
    item = simulator.mailbox(ANNA).add(givenName="Photo")
    url, before = f"users/{ANNA}/contacts/{item.immutable}", item.change_key
    assert client.error(f"{url}/photo") == (404, "ImageNotFound")
    assert client.call("PUT", f"{url}/photo/$value", data=b"\xff\xd8\xffjpeg").status_code == 200
    assert item.change_key != before
    assert client.data(f"{url}/photo")["@odata.mediaContentType"] == "image/jpeg"
    assert client.get(f"{url}/photo/$value").content == b"\xff\xd8\xffjpeg"
    assert client.get(f"{url}/photos/48x48/$value").status_code == 400
    assert client.call("DELETE", f"{url}/photo/$value").status_code == 204
    assert client.get(f"{url}/photo/$value").status_code == 404


# -- delta


def test_rounds_of_all_folders_hold_what_is_in_the_mailbox(simulator: Simulator, client: Client) -> None:
    held: dict[str, Data] = {}
    for folder in tree(client, ANNA).values():
        rows, _ = client.round(feed(ANNA, folder), SMALL)
        held |= {row["id"]: row for row in rows}
    truth = simulator.truth(ANNA)
    assert sorted(held) == [row["id"] for row in truth]
    for row in truth:
        del row["path"]
        assert held[row["id"]] == {"@odata.type": "#microsoft.graph.contact", **row}


def test_page_size_comes_from_prefer_alone_and_is_not_remembered(client: Client) -> None:
    first = client.get(feed(ANNA), SMALL)
    assert first.headers["Preference-Applied"] == "odata.track-changes, odata.maxpagesize=7, IdType=ImmutableId"
    assert len(first.json()["value"]) == 7
    second = client.get(first.json()["@odata.nextLink"])
    assert second.headers["Preference-Applied"] == "odata.track-changes"
    assert len(second.json()["value"]) == 10
    assert len(second.json()["value"][0]["id"]) > len(first.json()["value"][0]["id"])


def test_changes_come_once_and_an_empty_round_is_empty(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    rows, link = client.round(feed(ANNA))
    edited, deleted = ids(rows)[:2]
    box.edit(edited, jobTitle="CFO")
    box.delete(deleted)
    new = box.add(givenName="New").immutable
    rows, link = client.round(link)
    assert (sorted(ids(rows)), removed(rows)) == (sorted([edited, new]), [deleted])
    assert next(row for row in rows if row["id"] == edited)["jobTitle"] == "CFO"
    rows, link = client.round(link)
    assert rows == []


def test_a_projection_is_baked_into_the_links(simulator: Simulator, client: Client) -> None:
    rows, link = client.round(f"{feed(ANNA)}?$select=displayName,changeKey")
    assert set(rows[0]) == {"@odata.type", "@odata.etag", "id", "displayName", "changeKey"}
    simulator.mailbox(ANNA).edit(rows[0]["id"], jobTitle="CFO")
    rows, _ = client.round(f"{link}&$select=jobTitle")
    assert set(rows[0]) == {"@odata.type", "@odata.etag", "id", "displayName", "changeKey"}


def test_a_move_is_a_tombstone_there_and_a_row_here(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    item = box.add(givenName="Moves")
    other = box.folder("Kunden/Nord").id
    links = [client.round(feed(ANNA, key), prefer)[1] for key in ("contacts", other) for prefer in (IMMUTABLE, "")]
    before = item.default
    box.move(item.immutable, other)
    found = [client.round(link, prefer)[0] for link, prefer in zip(links, (IMMUTABLE, "", IMMUTABLE, ""), strict=True)]
    assert (removed(found[0]), removed(found[1])) == ([item.immutable], [before])
    assert (ids(found[2]), ids(found[3])) == ([item.immutable], [item.default])


def test_there_and_back_is_lost_only_when_asked_for(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    item = box.add(givenName="Back")
    _, good = client.round(feed(ANNA))
    _, lossy = client.round(feed(ANNA))
    box.move(item.immutable, "Kunden/Nord")
    box.move(item.immutable, "contacts")
    assert ids(client.round(good)[0]) == [item.immutable]
    simulator.faults.add("lose-back", "delta", count=None)
    assert removed(client.round(lossy)[0]) == [item.immutable]


def test_three_generations_are_kept_and_older_ones_are_gone(simulator: Simulator, client: Client) -> None:
    links = [client.data(feed(ANNA), SMALL)["@odata.nextLink"]]
    for _ in range(3):
        page = client.data(links[-1], SMALL)
        links.append(page.get("@odata.nextLink") or page["@odata.deltaLink"])
    again = client.data(links[-2], SMALL)
    assert ids(again["value"]) == ids(page["value"])
    answer = client.get(links[0], SMALL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "SyncStateNotFound")
    assert "generation is not found; generation=2;[highest=6][6][4][5]" in answer.json()["error"]["message"]


def test_links_of_old_states_foreign_folders_and_broken_ones(simulator: Simulator, client: Client) -> None:
    _, link = client.round(feed(ANNA))
    assert client.error(link[:-9]) == (400, "ErrorInvalidIdMalformed")
    assert client.error(link.replace("$deltatoken=", "$deltatoken=x")) == (400, "ErrorInvalidIdMalformed")
    other = simulator.mailbox(ANNA).folder("Kunden").id
    token = link.split("$deltatoken=")[1]
    assert client.error(f"{feed(ANNA, other)}?$deltatoken={token}") == (400, "SyncStateInvalid")
    assert client.error(f"{feed(ANNA)}?$deltatoken=latest") == (400, "ErrorInvalidIdMalformed")
    simulator.reset_states(ANNA)
    assert client.error(link) == (410, "SyncStateNotFound")


@pytest.mark.parametrize(
    ("query", "status"), [("$expand=extensions", 500), ("$filter=surname eq 'x'", 400), ("$orderby=surname", 400)]
)
def test_delta_refuses_other_options(client: Client, query: str, status: int) -> None:
    assert client.get(f"{feed(ANNA)}?{query}").status_code == status


def test_top_caps_the_whole_round(client: Client) -> None:
    whole, _ = client.round(feed(ANNA))
    capped, _ = client.round(f"{feed(ANNA)}?$top=3")
    assert len(capped) == 3 < len(whole)


def test_a_deleted_folder_is_gone_for_delta_and_its_contacts_are_still_found(
    simulator: Simulator, client: Client
) -> None:
    box = simulator.mailbox(ANNA)
    folder = box.folder("Kunden/Nord")
    item = box.add(folder.id, givenName="Inside")
    _, link = client.round(feed(ANNA, folder.id))
    box.remove_folder("Kunden")
    assert client.error(link) == (404, "ErrorSyncFolderNotFound")
    assert "Kunden" not in tree(client, ANNA)
    assert client.data(f"users/{ANNA}/contacts/{item.immutable}")["parentFolderId"] == folder.id
    assert item.immutable not in [row["id"] for row in simulator.truth(ANNA)]


def test_what_changes_in_the_middle_of_a_round_comes_in_the_next(simulator: Simulator, client: Client) -> None:
    box = simulator.mailbox(ANNA)
    first = client.data(feed(ANNA), SMALL)
    waiting = [item for item in box.default.items if not item.hidden][-1].immutable
    new = box.add(givenName="Late").immutable
    box.delete(waiting)
    rows, link = client.round(first["@odata.nextLink"], SMALL)
    assert waiting not in ids(rows)
    assert new not in ids(rows)
    rows, _ = client.round(link, SMALL)
    assert (ids(rows), removed(rows)) == ([new], [waiting])


def test_states_fill_the_mailbox_until_delta_alone_is_refused(simulator: Simulator, client: Client) -> None:
    meter = simulator.tenant_data.feed(simulator.mailbox(ANNA))
    _, link = client.round(feed(ANNA))
    used = meter.bytes_used
    client.round(link)
    assert meter.bytes_used > used > 0
    meter.quota = 100
    assert client.error(link) == (403, "ErrorQuotaExceeded")
    assert client.get(f"users/{ANNA}/contacts").status_code == 200


def test_a_cloud_without_delta_still_lists(simulator: Simulator, client: Client) -> None:
    simulator.tenant_data.china = True
    assert client.error(feed(ANNA)) == (400, "BadRequest")
    assert client.get(f"users/{ANNA}/contacts").status_code == 200


# -- mailboxes and load


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
    simulator.faults.add("slow", "list", count=4, seconds=0.5)
    statuses: list[int] = []

    def ask() -> None:
        with Client(simulator) as own:
            statuses.append(own.get(f"users/{ANNA}/contacts").status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
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
