"""The simulator's Graph, held to the contract: transport, folders, lists, users, contacts and their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from tests.contract.plain import ANNA, BUYERS, IMMUTABLE, MARC, Client, feed, ids, may_write, tree


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(3, 40) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


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
    may_write(client)
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


def test_a_path_that_knows_other_methods_says_so(client: Client) -> None:
    for method, path in (("POST", "users"), ("DELETE", f"users/{ANNA}/contacts"), ("GET", "$batch")):
        answer = client.call(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "Request_BadRequest")
    assert client.call("OPTIONS", "users").status_code == 405
    asked = client.call("HEAD", f"users/{ANNA}/contacts")
    assert (asked.status_code, asked.content) == (405, b"")
    assert client.error(f"users/{ANNA}/nonsense") == (400, "BadRequest")


def test_contexts_name_the_collection_and_its_projection(client: Client) -> None:
    row = client.data(f"users/{ANNA}/contacts?$select=id&$top=1")["value"][0]
    one = client.data(f"users/{ANNA}/contacts/{row['id']}?$select=displayName")
    assert one["@odata.context"].endswith("/contacts(displayName)/$entity")
    page = client.data(f"users/{ANNA}/contactFolders/contacts/contacts?$select=id")
    assert page["@odata.context"].endswith("/contactFolders('contacts')/contacts(id)")


# -- folders and lists


def test_folders_are_projected_too(client: Client) -> None:
    rows = client.data(f"users/{ANNA}/contactFolders?$select=displayName")["value"]
    assert {frozenset(row) for row in rows} == {frozenset({"id", "displayName"})}
    assert client.error(f"users/{ANNA}/contactFolders?$select=colour") == (400, "BadRequest")


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
    assert client.data("users?$count=true&$top=1")["@odata.count"] == 3
    assert client.data(f"users/{ANNA}")["id"] == simulator.mailbox(ANNA).guid
    simulator.tenant_data.open("gast@norrvik.example", "Gast", "guest")
    members = list(client.pages("users?$top=2", params={"$filter": "userType eq 'Member'"}))
    assert [len(page["value"]) for page in members] == [2, 1]
    assert client.data("users", params={"$filter": f"mail eq '{MARC}'"})["value"][0]["displayName"] == "Marc Lefèvre"
    assert client.error("users?$filter=endsWith(mail,'x')") == (400, "Request_UnsupportedQuery")
    assert client.error("users?$select=nonsense") == (400, "Request_BadRequest")
    assert client.error("users?$skiptoken=RFNwdAIAnonsense") == (400, "Directory_ExpiredPageToken")


def test_folders_are_made_renamed_filtered_and_deleted(simulator: Simulator, client: Client) -> None:
    may_write(client)
    url = f"users/{ANNA}/contactFolders"
    made = client.call("POST", url, json={"displayName": "Messe d'été"})
    assert made.status_code == 201
    again = client.call("POST", url, json={"displayName": "Messe d'été"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ErrorFolderExists")
    assert client.call("POST", url, json={"displayName": " "}).status_code == 400
    inner = client.call("POST", f"{url}/{made.json()['id']}/childFolders", json={"displayName": "Halle 4"}).json()
    assert inner["parentFolderId"] == made.json()["id"]
    found = client.data(url, params={"$filter": "displayName eq 'Messe d''été'", "$count": "true"})
    assert (ids(found["value"]), found["@odata.count"]) == ([made.json()["id"]], 1)
    assert client.get(url, params={"$filter": "startswith(displayName,'M')"}).status_code == 400
    pages = [page["value"] for page in client.pages(f"{url}?$top=1")]
    assert [len(page) for page in pages] == [1, 1, 1]
    renamed = client.call("PATCH", f"{url}/{inner['id']}", json={"displayName": "Halle 5"})
    assert renamed.json()["displayName"] == "Halle 5"
    assert "Messe d'été/Halle 5" in tree(client, ANNA)
    assert client.call("DELETE", f"{url}/{made.json()['id']}").status_code == 204
    assert client.error(f"{url}/{inner['id']}") == (404, "ErrorItemNotFound")
    assert client.error(f"{url}/{inner['id']}/contacts") == (404, "ErrorItemNotFound")
    assert client.error(f"{url}/delta") == (400, "BadRequest")


# -- contacts


def test_a_key_of_ones_own_is_written_found_and_read_again(simulator: Simulator, client: Client) -> None:
    may_write(client)
    name = "String {0f0e0d0c-1111-2222-3333-444455556666} Name SyncKey"
    marks = [{"id": name, "value": "42"}]
    extensions = [{"extensionName": "com.example.sync", "crmId": "42"}]
    body = {"givenName": "Marked", "singleValueExtendedProperties": marks, "extensions": extensions}
    made = client.call("POST", f"users/{ANNA}/contacts", IMMUTABLE, json=body).json()
    wanted = f"singleValueExtendedProperties/any(ep:ep/id eq '{name}' and ep/value eq '42')"
    expand = f"singleValueExtendedProperties($filter=id eq '{name}')"
    page = client.data(f"users/{ANNA}/contacts", IMMUTABLE, params={"$filter": wanted, "$expand": expand})
    assert [(row["id"], row["singleValueExtendedProperties"]) for row in page["value"]] == [(made["id"], marks)]
    row = client.data(
        f"users/{ANNA}/contacts/{made['id']}", params={"$expand": "extensions($filter=id eq 'com.example.sync')"}
    )
    assert row["extensions"][0]["crmId"] == "42"
    for property_name in ("id", "parentFolderId", "strict"):
        answer = client.call("PATCH", f"users/{ANNA}/contacts/{made['id']}", json={property_name: "x"})
        assert answer.status_code == 400
    assert client.call("POST", f"users/{ANNA}/contacts/{made['id']}/permanentDelete").status_code == 204
    assert client.get(f"users/{ANNA}/contacts/{made['id']}").status_code == 404


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
    may_write(client)
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
    assert client.call("POST", f"users/{ANNA}/translateExchangeIds", json={}).status_code == 400
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
    may_write(client)
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
