"""The simulator's delta, held to the contract: rounds, links, generations, moves and what fills a mailbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.simulator.app import Simulator
from tests.contract.plain import ANNA, IMMUTABLE, Client, Data, feed, ids, removed, tree

SMALL = f"odata.maxpagesize=7, {IMMUTABLE}"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(3, 40) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


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
    ("query", "status"),
    [("$expand=extensions", 500), ("$filter=surname eq 'x'", 400), ("$orderby=surname", 400), ("$colour=red", 400)],
)
def test_delta_refuses_other_options(client: Client, query: str, status: int) -> None:
    assert client.get(f"{feed(ANNA)}?{query}").status_code == status


def test_the_default_folder_has_a_shorter_path_too(client: Client) -> None:
    long, _ = client.round(feed(ANNA))
    short, link = client.round(f"users/{ANNA}/contacts/delta")
    assert [row["id"] for row in short] == [row["id"] for row in long]
    assert client.round(link)[0] == []


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
