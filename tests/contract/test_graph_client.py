"""The Graph client against the simulator: folders, rounds, and what it does about each way of failing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from syncd.errors import SetupError, SignInNeeded, StartOver, SyncdError, TryLater
from syncd.graph import delta
from syncd.graph.delta import rounds, single
from syncd.graph.delta.answers import page_of
from syncd.graph.http import Graph, Limits
from syncd.graph.shapes import (
    SELECT,
    Answer,
    FolderGone,
    MailboxGone,
    NoAccess,
    NoDelta,
    QuotaFull,
    Rejected,
    Throttled,
    Unreadable,
    Unsound,
)
from tests.contract.graph_world import MAILBOX, World, ids, world


@pytest.fixture
def here() -> Iterator[World]:
    with world(contacts=40) as made:
        yield made


def test_folders_default_first_then_the_tree(here: World) -> None:
    mailbox = here.simulator.mailbox(MAILBOX)
    first = mailbox.add_folder("Zwillinge")
    second = mailbox.add_folder("Zwillinge")
    deep = mailbox.add_folder("Unten", second.id)
    found = delta.folders(here.graph, MAILBOX)
    assert found[0].id == here.folder and found[0].parent is None and found[0].path == "Kontakte"
    assert {folder.id for folder in found} == {folder.id for folder in mailbox.tree()}
    paths = {folder.id: folder.path for folder in found}
    assert paths[first.id] == paths[second.id] == "Zwillinge"
    assert paths[deep.id] == "Zwillinge/Unten"


def test_folders_over_several_pages(here: World) -> None:
    mailbox = here.simulator.mailbox(MAILBOX)
    made = {mailbox.add_folder(f"Ordner {number}").id for number in range(120)}
    assert made <= {folder.id for folder in delta.folders(here.graph, MAILBOX)}


def test_folder_rows_without_id_are_left_out(here: World) -> None:
    here.simulator.faults.add("no-id", "folders", at=2)
    names = [folder.name for folder in delta.folders(here.graph, MAILBOX)]
    assert names[0] == "Kontakte" and "Lieferanten" not in names


def test_names_and_ids_that_no_database_holds(here: World) -> None:
    here.simulator.faults.add("set-field", "folders", at=2, fields={"displayName": "A\0B\ud800 "})
    assert "AB?" in [folder.name for folder in delta.folders(here.graph, MAILBOX)]
    here.simulator.faults.add("set-field", "delta", fields={"id": "AA\0\ud800"})
    assert here.round()[0].faults == 1


def test_a_folder_that_goes_while_the_tree_is_read(here: World) -> None:
    here.simulator.faults.add("item-gone", "folders", at=2)
    with pytest.raises(FolderGone):
        delta.folders(here.graph, MAILBOX)


def test_round_by_pages_then_only_what_changed(here: World) -> None:
    mailbox = here.simulator.mailbox(MAILBOX)
    before = {item["id"] for item in here.simulator.truth(MAILBOX) if item["parentFolderId"] == here.folder}
    pages = here.round(page_size=2)
    assert ids(pages) == before and len(pages) > 1
    assert [page.done for page in pages] == [False] * (len(pages) - 1) + [True]
    assert set(SELECT) <= set(pages[0].items[0])
    new = mailbox.add(givenName="Ylva", surname="Brandt")
    gone = sorted(before)[0]
    mailbox.delete(gone)
    [page] = here.round(pages[-1].link)
    assert [row["surname"] for row in page.items] == ["Brandt"] and page.removed == (gone,)
    assert ids([page]) == {new.immutable}
    [quiet] = here.round(page.link)
    assert (quiet.items, quiet.removed, quiet.done) == ((), (), True)


def test_every_page_asks_for_immutable_ids_and_a_size_only(here: World) -> None:
    here.round(page_size=2)
    first, *others = here.asked("delta")
    assert "$top" not in first.query and first.query["$select"] == ",".join(SELECT)
    assert all("$select" not in seen.query for seen in others) and others
    for seen in (first, *others):
        assert seen.headers["prefer"] == 'odata.maxpagesize=2, IdType="ImmutableId"'


def test_one_connection_and_no_request_too_many(here: World) -> None:
    pages = here.round(page_size=2)
    kinds = [seen.kind for seen in here.simulator.requests]
    assert kinds == ["discovery", "token", *["delta"] * len(pages)]
    assert here.steps == ["sign-in.send", "sign-in.received"] * 2 + ["graph.send", "graph.received"] * len(pages)


def test_item_by_immutable_id_wherever_it_lies(here: World) -> None:
    mailbox = here.simulator.mailbox(MAILBOX)
    key = here.round()[0].items[0]["id"]
    found = delta.item(here.graph, MAILBOX, key)
    assert found is not None and found["id"] == key and set(SELECT) <= set(found)
    mailbox.delete(key)
    moved = delta.item(here.graph, MAILBOX, key)
    assert moved is not None and moved["parentFolderId"] not in {f.id for f in delta.folders(here.graph, MAILBOX)}
    mailbox.purge(key)
    assert delta.item(here.graph, MAILBOX, key) is None
    here.simulator.faults.add("empty-404", "item")
    assert delta.item(here.graph, MAILBOX, here.round()[0].items[0]["id"]) is not None


def test_what_cannot_be_told_of_one_contact_is_never_that_it_is_gone(here: World) -> None:
    key = here.round()[0].items[0]["id"]
    for fault in ({"name": "corrupt"}, {"name": "status", "status": 400, "code": "ErrorInvalidIdMalformed"}):
        here.simulator.faults.add(kind="item", **fault)
        with pytest.raises(Unreadable) as caught:
            delta.item(here.graph, MAILBOX, key)
        assert caught.value.problems[0].code == "SY-I05"
    here.simulator.faults.add("status", "item", status=404, code="itemNotFound")
    assert delta.item(here.graph, MAILBOX, key) is None, "a code that is not known counts as its status"
    for code, kind in (("UnknownError", None), ("ErrorMailboxNotFound", Rejected)):
        here.simulator.faults.add("status", "item", status=404, code=code)
        if kind is None:
            assert delta.item(here.graph, MAILBOX, key) is not None
            continue
        with pytest.raises(kind):
            delta.item(here.graph, MAILBOX, key)
    here.simulator.faults.add("drop-field", "item", fields=["parentFolderId"], count=None)
    with pytest.raises(Unsound):
        list(delta.items(here.graph, MAILBOX, [key]))


def test_listing_gives_each_contact_once(here: World) -> None:
    expected = ids(here.round())
    here.simulator.faults.add("duplicates", "list", count=None)
    pages = list(delta.listing(here.graph, MAILBOX, here.folder, page_size=2))
    keys = [row["id"] for page in pages for row in page.items]
    assert sorted(keys) == sorted(expected) and pages[-1].done and not pages[0].done


def test_users_with_guests_and_shared_mailboxes(here: World) -> None:
    found = {user.address: user for user in delta.users(here.graph)}
    assert found[MAILBOX].enabled and not found[MAILBOX].guest


def test_last_row_of_an_id_counts_but_never_an_older_version(here: World) -> None:
    here.simulator.faults.add("older", "delta")
    [page] = here.round()
    assert all(row["jobTitle"] != "Older version" for row in page.items)
    alive = page.items[0]["id"]
    here.simulator.faults.add("tombstones", "delta", ids=[alive], before=True)
    assert alive in ids(here.round())
    here.simulator.faults.add("tombstones", "delta", ids=[alive, "ghost"], before=False, legacy=True)
    [page] = here.round()
    assert set(page.removed) == {alive, "ghost"} and alive not in ids([page])


def test_rows_of_one_contact_that_hold_what_changed_are_laid_over_each_other() -> None:
    old, new = "2026-11-24T10:00:00Z", "2026-11-24T10:00:01Z"
    rows = [
        {"id": "a", "jobTitle": "Leitung", "department": "Lager", "lastModifiedDateTime": old},
        {"id": "a", "department": "Einkauf", "lastModifiedDateTime": new},
    ]
    for order in (rows, rows[::-1]):
        [row] = page_of(Answer({"value": order, "@odata.deltaLink": "x"}, {})).items
        assert row == {"id": "a", "jobTitle": "Leitung", "department": "Einkauf", "lastModifiedDateTime": new}


def test_rows_without_id_are_counted_not_taken(here: World) -> None:
    before = len(here.round()[0].items)
    here.simulator.faults.add("no-id", "delta")
    [page] = here.round()
    assert (page.faults, len(page.items)) == (1, before - 1)


@pytest.mark.parametrize("value", ["2", "2.128", "date+2"])
def test_short_retry_after_is_waited_in_place(here: World, value: str) -> None:
    here.simulator.faults.add("throttle", "delta", count=3, retry_after=value)
    assert here.round()[-1].done
    least = float(value.removeprefix("date+"))
    assert len(here.time.waits) == 3 and all(least <= wait <= least * 1.1 for wait in here.time.waits)


@pytest.mark.parametrize(("value", "after"), [("40", 40), ("7200", 7200), ("1000000000", 900), ("date+60", 60)])
def test_long_retry_after_ends_the_mailbox_with_its_time(here: World, value: str, after: float) -> None:
    fault = here.simulator.faults.add("throttle", "delta", count=None, retry_after=value)
    with pytest.raises(Throttled) as caught:
        here.round()
    assert caught.value.after == pytest.approx(after) and here.time.waits == []
    here.time.now += after / 2
    with pytest.raises(Throttled) as again:
        here.round()
    assert again.value.after == pytest.approx(after / 2) and fault.seen == 1
    here.simulator.faults.clear()
    here.time.now += after / 2
    assert here.round()[-1].done


@pytest.mark.parametrize("value", ["0", "-1", "abc", None])
def test_useless_retry_after_counts_as_a_second_at_least(here: World, value: str | None) -> None:
    here.simulator.faults.add("throttle", "delta", retry_after=value)
    assert here.round()[-1].done and here.time.waits == [1.0]


def test_a_pause_without_a_length_is_tried_four_times(here: World) -> None:
    here.simulator.faults.add("objects", "delta", count=4)
    assert here.round()[-1].done and here.time.waits == [1, 2, 4, 8]
    here.simulator.faults.add("objects", "delta", count=None)
    with pytest.raises(Throttled) as caught:
        here.round()
    assert caught.value.after is None and "without saying" in str(caught.value)


def test_throttled_for_ever_ends_and_goes_on_at_the_same_link(here: World) -> None:
    first = next(delta.pages(here.graph, MAILBOX, here.folder, None, page_size=2))
    here.simulator.faults.add("throttle", "delta", count=50)
    with pytest.raises(Throttled):
        here.round(first.link)
    assert sum(here.time.waits) <= 60
    here.simulator.faults.clear()
    here.time.now += 60
    assert here.round(first.link, page_size=2)[-1].done


def test_one_mailbox_waits_while_another_goes_on(here: World) -> None:
    other = here.simulator.tenant_data.open("lager@norrvik.example", "Lager").address
    here.simulator.faults.add("throttle", "delta", mailbox=MAILBOX, retry_after=100)
    with pytest.raises(Throttled):
        here.round()
    assert delta.folders(here.graph, other)
    here.graph.hold(other, 50)
    with pytest.raises(Throttled) as caught:
        delta.folders(here.graph, other)
    assert caught.value.after == pytest.approx(50)


TRANSIENT = [
    "server-error", "bad-gateway", "unavailable", "stale", "gateway-timeout", "empty-404", "empty-body", "html",
    "not-json", "truncated", "value-null", "value-missing", "no-links", "no-preference", "wrong-preference", "bad-gzip",
    "reset", "cut", "chunked-cut", "redirect", "foreign-link", "plain-link",
]  # fmt: skip


@pytest.mark.parametrize("name", TRANSIENT)
def test_two_transient_faults_are_survived_within_ten_seconds(here: World, name: str) -> None:
    expected = ids(here.round())
    here.simulator.faults.add(name, "delta", count=2)
    assert ids(here.round()) == expected
    assert len(here.time.waits) == 2 and sum(here.time.waits) <= 10


@pytest.mark.parametrize("name", TRANSIENT)
def test_three_end_as_try_later_and_never_as_an_empty_page(here: World, name: str) -> None:
    fault = here.simulator.faults.add(name, "delta", count=None)
    with pytest.raises(TryLater) as caught:
        here.round()
    assert (fault.struck, caught.value.exit) == (3, 1)
    assert caught.value.problems[0].code in {"SY-G06", "SY-G07"} and caught.value.problems[0].do


def test_no_request_leaves_for_another_host(here: World) -> None:
    with world(contacts=1) as elsewhere:
        here.simulator.faults.add("foreign-link", "delta", count=None, origin=elsewhere.simulator.root)
        with pytest.raises(Unsound):
            here.round()
        foreign = elsewhere.simulator.root + "/v1.0/users"
        port = here.simulator.root.rpartition(":")[2]
        for link in (
            foreign,
            here.simulator.root.replace("https", "http"),
            f"https://localhost:{port}/v1.0/users",
            f"https://127.0.0.1:{port}@{foreign.removeprefix('https://')}",
            f"https://127.0.0.1:{port}\\@elsewhere.example/",
            f"https://127.0.0.1:{port} .elsewhere.example/",
            "https://127.0.0.1:port/",
        ):
            with pytest.raises(StartOver) as caught:
                here.round(link)
            assert caught.value.problems[0].code == "SY-G08"
        assert elsewhere.simulator.requests == []


def test_a_page_with_both_links_is_not_the_last(here: World) -> None:
    here.simulator.faults.add("both-links", "delta", count=2)
    assert len(here.round(page_size=2)) > 3
    assert len(here.asked("delta")) == len({seen.query.get("$skiptoken") for seen in here.asked("delta")})


@pytest.mark.parametrize("name", ["self-link", "cycle"])
def test_links_in_a_circle_mean_start_over(here: World, name: str) -> None:
    here.simulator.faults.add(name, "delta", count=None)
    with pytest.raises(StartOver) as caught:
        here.round(page_size=2)
    assert caught.value.problems[0].code == "SY-G17"


def test_empty_pages_are_no_end_but_a_thousand_are(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ids(here.round())
    here.simulator.faults.add("empty", "delta", count=30)
    assert ids(here.round()) == expected
    monkeypatch.setattr(rounds, "EMPTY_PAGES", 40)
    here.simulator.faults.add("empty", "delta", count=None)
    with pytest.raises(StartOver):
        here.round()


@pytest.mark.parametrize("name", ["gone", "resync", "bad-state", "bad-token"])
def test_a_lost_link_means_start_over(here: World, name: str) -> None:
    link = here.round()[-1].link
    here.simulator.faults.add(name, "delta")
    with pytest.raises(StartOver) as caught:
        here.round(link)
    assert (caught.value.location is not None) == (name == "resync")
    assert here.time.waits == []
    assert here.round()[-1].done


def test_a_link_several_generations_old_means_start_over(here: World) -> None:
    old = here.round(page_size=1)[0].link
    with pytest.raises(StartOver):
        here.round(old)


REFUSALS: list[tuple[str, type[SyncdError], str, int]] = [
    ("denied", NoAccess, "SY-M03", 1),
    ("no-mailbox", MailboxGone, "SY-M04", 1),
    ("no-user", MailboxGone, "SY-M01", 1),
    ("quota", QuotaFull, "SY-M02", 1),
    ("no-delta", NoDelta, "SY-G16", 1),
    ("folder-gone", FolderGone, "SY-G13", 1),
    ("item-gone", FolderGone, "SY-G13", 1),
    ("corrupt", Rejected, "SY-G11", 1),
    ("bandwidth", Throttled, "SY-G05", 1),
    ("locked", Throttled, "SY-G05", 1),
    ("objects", Throttled, "SY-G05", 1),
]


@pytest.mark.parametrize(("name", "kind", "code", "status"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refusals_are_named_by_remedy(here: World, name: str, kind: type[SyncdError], code: str, status: int) -> None:
    here.simulator.faults.add(name, "delta", count=None)
    with pytest.raises(kind) as caught:
        here.round()
    [problem] = caught.value.problems
    assert (problem.code, caught.value.exit) == (code, status)
    assert problem.what and problem.do
    assert here.folder not in str(caught.value)


def test_right_to_list_users_is_a_matter_of_setup(here: World) -> None:
    here.simulator.faults.add("no-right", "users")
    with pytest.raises(SetupError) as caught:
        list(delta.users(here.graph))
    assert (caught.value.problems[0].code, caught.value.exit) == ("SY-G10", 78)


def test_mailbox_that_the_policy_leaves_out(here: World) -> None:
    with pytest.raises(NoAccess):
        delta.folders(here.graph, here.settings["refused_mailbox"])
    with pytest.raises(MailboxGone) as caught:
        delta.folders(here.graph, "nobody@norrvik.example")
    assert "404 " in str(caught.value) and "nobody@norrvik.example" in str(caught.value)
    here.simulator.faults.add("no-mailbox", "folders")
    with pytest.raises(MailboxGone) as caught:
        delta.folders(here.graph, MAILBOX)
    assert "404 MailboxNotEnabledForRESTAPI" in str(caught.value) and "request-id" in str(caught.value)


@pytest.mark.parametrize("name", ["unauthorized", "claims"])
def test_one_401_brings_one_new_token(here: World, name: str) -> None:
    here.simulator.faults.add(name, "delta")
    assert here.round()[-1].done
    assert len(here.asked("token")) == 2 and here.time.waits == []


def test_a_second_401_needs_a_person(here: World) -> None:
    fault = here.simulator.faults.add("unauthorized", "delta", count=None)
    with pytest.raises(SignInNeeded) as caught:
        here.round()
    assert fault.struck == 2 and caught.value.problems[0].code == "SY-G09"


def test_control_characters_and_huge_notes_pass(here: World) -> None:
    here.simulator.faults.add("control", "delta")
    notes = [row["personalNotes"] for row in here.round()[0].items]
    assert any(note and "\x06" in note for note in notes)


def test_an_answer_that_drips_has_thirty_seconds_in_all() -> None:
    with world(real=True, limits=Limits(answer=0.4)) as here:
        here.tokens.get()
        fault = here.simulator.faults.add("drip", "delta", count=None, size=200, seconds=0.1)
        start = time.monotonic()
        with pytest.raises(Unsound):
            list(delta.pages(_patient(here, tries=1), MAILBOX, here.folder, None))
        assert 0.3 < time.monotonic() - start < 2 and fault.struck == 1


def test_a_page_has_a_size_limit() -> None:
    with world(limits=Limits(size=100_000)) as here:
        here.simulator.faults.add("oversized", "delta", bytes=200_000)
        assert here.round()[-1].done
        here.simulator.faults.add("oversized", "delta", count=None, bytes=200_000)
        with pytest.raises(Unsound):
            here.round()


def test_the_third_try_asks_for_smaller_pages(here: World) -> None:
    here.simulator.faults.add("gateway-timeout", "delta", count=2)
    here.round(page_size=400)
    sizes = [seen.headers["prefer"].partition("maxpagesize=")[2].split(",")[0] for seen in here.asked("delta")]
    assert sizes[:3] == ["400", "400", "100"]


def test_four_at_once_in_a_mailbox_at_most() -> None:
    with world(real=True) as here:
        here.simulator.faults.add("hang", "delta", count=None, seconds=0.05)
        faults: list[BaseException] = []

        def read() -> None:
            try:
                here.round()
            except BaseException as error:  # noqa: BLE001 - shown by the assertion below
                faults.append(error)

        threads = [threading.Thread(target=read) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert {seen.status for seen in here.asked("delta")} == {200}
        assert len(here.asked("token")) == 1


def test_logs_name_the_request_and_no_link_id_or_token(here: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    here.round()
    here.simulator.faults.add("unavailable", "delta", count=2)
    here.simulator.faults.add("unauthorized", "delta", at=3)
    here.round()
    assert "request-id" in caplog.text and MAILBOX in caplog.text
    for secret in (here.tokens.get(), here.settings["client_secret"], here.folder, "deltatoken", "skiptoken", "/v1.0/"):
        assert secret not in caplog.text


def test_a_root_without_tls_is_refused_at_once(here: World) -> None:
    for root in ("http://graph.microsoft.com", "graph.microsoft.com", "https://"):
        with pytest.raises(SetupError) as caught:
            Graph(root, here.tokens, here.network)
        assert caught.value.problems[0].code == "SY-G01"


def _patient(here: World, *, tries: int) -> Graph:
    return Graph(here.simulator.root, here.tokens, here.network, limits=Limits(answer=0.4, tries=tries))


@pytest.mark.parametrize("name", ["unavailable", "throttle", "unauthorized", "reset", "truncated", "empty-404"])
def test_one_fault_at_any_request_changes_nothing(name: str) -> None:
    with world(contacts=24) as here:
        expected = whole(here)
        total = len([seen for seen in here.simulator.requests if seen.kind not in ("discovery", "token")])
        assert total > 12
        for number in range(1, total + 1):
            here.simulator.faults.clear()
            fault = here.simulator.faults.add(name, "any", at=number)
            assert whole(here) == expected
            assert fault.struck == 1


def test_a_busy_server_with_a_wait_of_its_own_is_left_alone_for_it(here: World) -> None:
    here.simulator.faults.add("unavailable", "delta", retry_after=12)
    here.simulator.faults.add("unavailable", "delta", at=2)
    assert here.round()[-1].done
    assert here.time.waits[0] == 12 and len(here.time.waits) == 2
    here.simulator.faults.add("unavailable", "delta", retry_after=30)
    with pytest.raises(TryLater) as caught:
        here.round()
    assert caught.value.after == 30 and len(here.time.waits) == 2


def whole(here: World) -> dict[str, set[str]]:
    """Every folder's contacts, each asked for once more by its id."""
    read = {}
    for folder in delta.folders(here.graph, MAILBOX):
        pages = list(delta.pages(here.graph, MAILBOX, folder.id, None, page_size=3))
        read[folder.id] = ids(pages)
    key = min(min(keys) for keys in read.values() if keys)
    assert delta.item(here.graph, MAILBOX, key) is not None
    return read


def test_many_contacts_are_asked_for_a_few_at_once(here: World) -> None:
    mailbox = here.simulator.mailbox(MAILBOX)
    keys = [item["id"] for item in here.simulator.truth(MAILBOX)]
    mailbox.delete(keys[0])
    mailbox.purge(keys[1])
    alone = [(key, delta.item(here.graph, MAILBOX, key)) for key in keys]
    singles = len(here.asked("item"))
    here.simulator.requests.clear()
    assert list(delta.items(here.graph, MAILBOX, keys)) == alone
    paths = [seen.path for seen in here.simulator.requests if seen.path.endswith("$batch")]
    assert len(paths) == -(-singles // single.ABREAST)
    here.simulator.requests.clear()
    few = keys[: single.MANY - 1]
    assert list(delta.items(here.graph, MAILBOX, few)) == alone[: len(few)]
    assert [seen.kind for seen in here.simulator.requests] == ["item"] * len(few)


@pytest.mark.parametrize("name", ["empty-404", "item-gone", "denied", "truncated", "server-error"])
def test_a_way_without_batches_asks_one_by_one(here: World, name: str) -> None:
    keys = [item["id"] for item in here.simulator.truth(MAILBOX)]
    fault = here.simulator.faults.add(name, "batch", count=None)
    found = list(delta.items(here.graph, MAILBOX, keys))
    assert [key for key, row in found if isinstance(row, dict) and row["id"] == key] == keys
    assert fault.struck <= 3


def test_what_a_batch_leaves_open_is_asked_alone(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [item["id"] for item in here.simulator.truth(MAILBOX)]
    monkeypatch.setattr(single, "ABREAST", 6)
    here.simulator.faults.add("server-error", "item", at=2)
    here.simulator.faults.add("denied", "item", at=3)
    found = list(delta.items(here.graph, MAILBOX, keys))
    assert [key for key, row in found if isinstance(row, dict) and row["id"] == key] == keys
    assert 1.0 in here.time.waits, "the wait that stands in an item counts for the mailbox"
