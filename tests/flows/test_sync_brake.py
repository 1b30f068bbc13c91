"""The brake: when a round would take away too much nothing is done, and people answer: yes, keep, or wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        for address in made.addresses:
            box = made.mailbox(address)
            box.add_folder("Lieferanten")
            for number in range(10):
                folder = "Lieferanten" if number % 2 else "contacts"
                person(box, f"{address[:4]} N{number}", f"Firma {number} GmbH", folder)
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str, simulator: Simulator) -> Program:
    made = office(tmp_path, sqlite, simulator, "max_removals = 2")
    made("sync")
    return made


def ids(box: Mailbox) -> list[str]:
    """The contacts' ids in the order of their names."""
    return [str(row["id"]) for row in sorted(box.truth(), key=lambda r: str(r["surname"]))]


def stopped(syncd: Program, **other: Any) -> dict[str, Any]:
    """A sync that Anna's mailbox is stopped in; her run."""
    run = syncd.json("sync", code=3)
    assert run["state"] == "stopped" and run["mailboxes"][0]["state"] == "stopped"
    assert "SY-B01" in outlook.codes(run["mailboxes"][0])
    return dict(run["mailboxes"][0])


@pytest.mark.parametrize(
    ("limit", "gone", "stops"),
    [
        ("2", 2, False),
        ("2", 3, True),
        ('"20%"', 2, False),
        ('"20%"', 3, True),
        ('"1, 40%"', 4, False),
        ('"5, 10%"', 5, False),
    ],
)
def test_the_limit_is_a_count_a_percentage_or_the_larger_of_both(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox, limit: str, gone: int, stops: bool
) -> None:
    syncd = office(tmp_path, sqlite, simulator, f"max_removals = {limit}")
    syncd("sync")
    for one in ids(box)[:gone]:
        box.delete(one)
    run = syncd.json("sync", code=3 if stops else 0)
    assert len(contacts(syncd)) == (20 if stops else 20 - gone) and run["counts"]["removed"] == gone
    assert (f"run {run['id']} was stopped by the brake" in syncd("status")) is stops


def test_an_emptied_mailbox_stops_even_with_one_contact(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 0) as simulator:
        box = simulator.mailbox(ANNA)
        item = person(box, "Only One")
        syncd = office(tmp_path, sqlite, simulator)
        syncd("sync")
        box.purge(item.immutable)
        assert "would be empty" in stopped(syncd)["problems"][0]["why"]
        assert list(contacts(syncd)) == ["Only One"]


def test_blanked_and_repointed_contacts_count_and_moves_do_not(box: Mailbox, syncd: Program) -> None:
    one, two, three, *rest = ids(box)
    before = syncd.whole()
    for each in rest:
        box.move(each, "Lieferanten")
    box.edit(one, givenName=None, surname=None, displayName=None, fileAs=None, emailAddresses=[])
    box.edit(two, companyName="Andere AG")
    assert syncd.json("sync")["counts"]["updated"] == 2 and syncd.whole() != before
    again = syncd.whole()
    box.edit(three, companyName="Dritte AG")
    box.edit(two, companyName=None)
    box.delete(rest[0])
    found = stopped(syncd)
    assert (
        "3 of 10" in found["problems"][0]["what"]
        and "2 would change or lose their account" in found["problems"][0]["why"]
    )
    assert syncd.whole() == again


def test_nothing_is_changed_while_it_waits_and_the_other_mailbox_goes_on(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    before = outlook.ledger(syncd)
    box.remove_folder("Lieferanten")
    person(box, "Neu Wartet", "Neue AG")
    stopped(syncd)
    assert outlook.ledger(syncd) == before
    person(simulator.mailbox(EINKAUF), "Geht Weiter")
    run = syncd.json("sync", code=3)
    assert [m["state"] for m in run["mailboxes"]] == ["stopped", "done"]
    assert "Geht Weiter" in contacts(syncd) and "Neu Wartet" not in contacts(syncd)


def test_approve_carries_out_exactly_that_plan(box: Mailbox, syncd: Program) -> None:
    before = syncd.whole()
    box.remove_folder("Lieferanten")
    person(box, "Neu Wartet", "Neue AG")
    box.edit(ids(box)[0], jobTitle="Leitung")
    run = stopped(syncd)
    planned = {(c["module"], c["op"], c["field"], str(c["after"])) for c in outlook.changes(syncd, run["id"])}
    done = syncd.json("apply", run["id"], "--approve")
    assert done["state"] == "done" and outlook.counts(done) == {"created": 1, "updated": 1, "removed": 5}
    carried = {(c["module"], c["op"], c["field"], str(c["after"])) for c in outlook.changes(syncd, run["id"])}
    assert {c[:3] for c in carried} == {c[:3] for c in planned}
    found = contacts(syncd)
    assert "Neu Wartet" in found and len(found) == 16
    assert outlook.counts(syncd.json("sync")) == {}
    syncd("undo", run["id"])
    assert syncd.whole() == before


def test_two_stopped_mailboxes_with_the_same_new_company_make_one_account(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    before = syncd.whole()
    for address in (ANNA, EINKAUF):
        simulator.mailbox(address).remove_folder("Lieferanten")
        person(simulator.mailbox(address), f"Neu {address[:4]}", "Gemeinsam GmbH")
    run = syncd.json("sync", code=3)
    assert [m["state"] for m in run["mailboxes"]] == ["stopped", "stopped"]
    done = syncd.json("apply", run["id"], "--approve")
    assert [m["state"] for m in done["mailboxes"]] == ["done", "done"]
    assert outlook.accounts(syncd).count("Gemeinsam GmbH") == 1
    linked = outlook.linked(syncd)
    assert linked["Neu anna"] == linked["Neu eink"] == "Gemeinsam GmbH"
    assert outlook.counts(syncd.json("sync")) == {}
    syncd("undo", run["id"])
    assert syncd.whole() == before


def test_a_stopped_mailbox_takes_the_account_that_the_other_made_in_the_same_sync(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    box.remove_folder("Lieferanten")
    for address in (ANNA, EINKAUF):
        person(simulator.mailbox(address), f"Neu {address[:4]}", "Gemeinsam GmbH")
    run = stopped(syncd)
    assert outlook.accounts(syncd).count("Gemeinsam GmbH") == 1
    syncd("apply", run["id"], "--approve")
    assert outlook.linked(syncd)["Neu anna"] == "Gemeinsam GmbH"
    assert outlook.accounts(syncd).count("Gemeinsam GmbH") == 1


def test_keep_lets_the_records_stand_detached(box: Mailbox, syncd: Program) -> None:
    before = syncd.whole()
    box.remove_folder("Lieferanten")
    run = stopped(syncd)
    assert "5 contacts stay" in syncd("apply", run["id"], "--keep")
    assert syncd.json("runs", run["id"])["state"] == "done" == syncd.json("runs", run["parent"])["state"]
    assert syncd.whole() == before
    assert outlook.counts(syncd.json("sync")) == {} and outlook.counts(syncd.json("sync", "--full")) == {
        "unchanged": 15
    }
    assert syncd.whole() == before
    assert syncd.json("apply", run["id"], "--approve", code=4)["error"]["code"] == "SY-W06"


def test_keep_finds_the_mailbox_however_its_address_is_spelled_now(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    before = syncd.whole()
    box.remove_folder("Lieferanten")
    run = stopped(syncd)
    simulator.faults.add("denied", "any", mailbox=ANNA, count=None)
    syncd.config.write_text(syncd.config.read_text("utf-8").replace(ANNA, ANNA.upper()), "utf-8")
    syncd("sync", ANNA.upper(), code=1)
    assert "5 contacts stay" in syncd("apply", run["id"], "--keep")
    assert syncd.whole() == before


def test_keep_on_the_parent_counts_each_mailbox_by_itself(simulator: Simulator, syncd: Program) -> None:
    for address in simulator.addresses:
        simulator.mailbox(address).remove_folder("Lieferanten")
    text = syncd("sync", code=3)
    run = syncd.json("runs", next(r["id"] for r in syncd.json("runs") if r["parent"] is None))
    assert f"yes to all 2 stopped  syncd apply {run['id']} --approve" in text
    run["mailboxes"] = [r for r in syncd.json("runs") if r["parent"] == run["id"]]
    assert "10 contacts stay" in syncd("apply", run["id"], "--keep")
    kept = [syncd.json("runs", m["id"]) for m in run["mailboxes"]]
    assert [(m["state"], m["counts"]["unchanged"]) for m in kept] == [("done", 5), ("done", 5)]


def test_a_second_sync_makes_a_new_plan_and_the_older_one_answers_4(box: Mailbox, syncd: Program) -> None:
    for one in ids(box)[:3]:
        box.delete(one)
    first = stopped(syncd)
    second = stopped(syncd)
    assert outlook.changes(syncd, first["id"]) == [] and len(outlook.changes(syncd, second["id"])) > 3
    assert syncd.json("apply", first["id"], "--approve", code=4)["error"]["code"] == "SY-W06"
    assert syncd.json("apply", first["id"], "--keep", code=4)["error"]["code"] == "SY-W06"
    assert len(contacts(syncd)) == 20
    assert syncd.json("status")["waiting"] == [second["parent"]]
    syncd("apply", second["parent"], "--approve")
    assert len(contacts(syncd)) == 17 and syncd.json("status")["waiting"] == []


def test_it_lifts_itself_when_the_folder_returns(box: Mailbox, syncd: Program) -> None:
    before, folder = syncd.whole(), box.folder("Lieferanten")
    box.remove_folder("Lieferanten")
    run = stopped(syncd)
    box.move_folder(folder.id, "contacts")
    again = syncd.json("sync")
    assert again["state"] == "done" and again["counts"]["removed"] == 0 and syncd.whole() == before
    assert syncd.json("apply", run["id"], "--approve", code=4)["error"]["code"] == "SY-W06"


def test_a_contact_deleted_and_made_again_is_not_taken_away(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 0) as simulator:
        box = simulator.mailbox(ANNA)
        item = person(box, "Only One", jobTitle="Alt")
        syncd = office(tmp_path, sqlite, simulator)
        syncd("sync")
        number = contacts(syncd)["Only One"]["id"]
        box.purge(item.immutable)
        person(box, "Only One", jobTitle="Neu")
        syncd("sync")
        assert {c["id"]: c["title"] for c in contacts(syncd).values()} == {number: "Neu"}


def test_the_text_says_what_would_happen_and_what_to_do(box: Mailbox, syncd: Program) -> None:
    box.remove_folder("Lieferanten")
    text = syncd("sync", code=3)
    run = next(r for r in syncd.json("runs") if r["source"] == ANNA)["id"]
    assert "SY-B01" in text and "5 of 10 contacts (50 %)" in text
    assert f"syncd apply {run} --approve" in text and f"syncd apply {run} --keep" in text
    assert syncd("runs", run, "--csv").count("delete") >= 5
    assert 'Likely cause: the folder "Lieferanten" (5 contacts) is no longer in the mailbox.' in text
    assert "5 deleted in Outlook. 5 would be removed here." in text
    syncd("apply", run, "--approve")
    assert outlook.counts(syncd.json("sync")) == {}


def test_the_text_tells_deletions_from_what_is_not_synced_any_more(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    office(tmp_path, sqlite, simulator, 'max_removals = 2\nexclude_folders = ["Lieferanten"]')
    syncd("edit", "contacts", contacts(syncd)["anna N0"]["id"], "title=Von Hand")
    box.delete(one_of(box, "N0"))
    box.edit(one_of(box, "N2"), companyName="Andere AG")
    person(box, "Neu Wartet")
    why = stopped(syncd)["problems"][0]["why"]
    assert 'the folder "Lieferanten" (5 contacts) is not synced any more' in why
    assert '1 contact deleted one by one in the folder "' in why
    assert "1 deleted in Outlook, 5 moved out of what is synced, 1 would change or lose their account." in why
    assert "5 would be removed here, 1 would stay, no longer tied to Outlook." in why
    assert "Waiting too: 1 new." in why and "The limit is 2 " in why


def one_of(box: Mailbox, surname: str) -> str:
    return next(str(row["id"]) for row in box.truth() if row["surname"] == surname)


def test_a_plan_that_the_brake_would_stop_needs_the_same_yes(box: Mailbox, syncd: Program) -> None:
    before = syncd.whole()
    box.remove_folder("Lieferanten")
    plan = syncd.json("sync", "--dry-run", code=3)
    assert [m["state"] for m in plan["mailboxes"]] == ["stopped", "planned"]
    assert syncd.json("apply", plan["id"], code=1)["error"]["code"] == "SY-B02" and syncd.whole() == before
    syncd("apply", plan["id"], "--approve")
    assert len(contacts(syncd)) == 15


def test_a_yes_to_several_mailboxes_does_what_the_sync_would_have_done(
    tmp_path: Path, database: str, simulator: Simulator
) -> None:
    syncd = office(tmp_path, database, simulator, "max_removals = 2")
    (tmp_path / "other").mkdir()
    other = office(tmp_path / "other", f"sqlite:///{tmp_path}/other/s.db", simulator, "max_removals = 100")
    for address in simulator.addresses:
        person(simulator.mailbox(address), "Geht Beiden", "Gemeinsam GmbH", "Lieferanten")
        person(simulator.mailbox(address), "Bleibt Beiden", "Gemeinsam GmbH", jobTitle=address)
    syncd("sync"), other("sync")
    before = syncd.whole()
    for address in simulator.addresses:
        box = simulator.mailbox(address)
        box.remove_folder("Lieferanten")
        box.edit(one_of(box, "Beiden"), companyName="Solis AG", jobTitle=f"Neu {address}")
        person(box, "Neu Beiden", "Neue AG", mobilePhone="+49 151 23456789")
    run = syncd.json("sync", code=3)
    assert [m["state"] for m in run["mailboxes"]] == ["stopped", "stopped"] and syncd.whole() == before
    shown = outlook.changes(syncd, run["id"])
    assert [c["after"] for c in shown if c["op"] == "create" and c["field"] == "name"] == ["Solis AG", "Neue AG"]
    done = syncd.json("apply", run["id"], "--approve")
    went = other.json("sync")
    assert [outlook.counts(m) for m in done["mailboxes"]] == [outlook.counts(m) for m in went["mailboxes"]]
    assert outlook.counts(done) == outlook.counts(went) == {"created": 1, "updated": 2, "unchanged": 1, "removed": 12}
    assert outlook.ledger(syncd) == outlook.ledger(other)
    assert _told(outlook.changes(syncd, run["id"])) == _told(shown)
    assert outlook.counts(syncd.json("sync")) == {}
    syncd("undo", run["id"])
    assert syncd.whole() == before


def _told(changes: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Changes without the ids of the records and the order in which they are told."""
    return sorted(
        tuple(str(c[name]) for name in ("module", "op", "field", "before", "after", "source")) for c in changes
    )


def test_a_yes_to_one_of_several_mailboxes_is_a_yes_to_it_alone(simulator: Simulator, syncd: Program) -> None:
    for address in simulator.addresses:
        simulator.mailbox(address).remove_folder("Lieferanten")
        person(simulator.mailbox(address), "Neu Beiden", "Neue AG")
    run = syncd.json("sync", code=3)
    first, second = (m["id"] for m in run["mailboxes"])
    syncd("apply", second, "--approve")
    assert len(contacts(syncd)) == 16 and outlook.accounts(syncd).count("Neue AG") == 1
    assert syncd.json("apply", run["id"], "--approve", code=4)["error"]["code"] == "SY-W06"
    again = syncd.json("sync", code=3)
    assert [m["state"] for m in again["mailboxes"]] == ["stopped", "done"]
    assert syncd.json("apply", first, "--approve", code=4)["error"]["code"] == "SY-W06"
    syncd("apply", again["id"], "--approve")
    assert len(contacts(syncd)) == 11 and outlook.accounts(syncd).count("Neue AG") == 1


def test_what_one_mailbox_keeps_is_not_part_of_the_yes_to_the_rest(simulator: Simulator, syncd: Program) -> None:
    for address in simulator.addresses:
        simulator.mailbox(address).remove_folder("Lieferanten")
        person(simulator.mailbox(address), "Neu Beiden", "Neue AG")
    run = syncd.json("sync", code=3)
    syncd("apply", run["mailboxes"][0]["id"], "--keep")
    assert len(contacts(syncd)) == 20
    done = syncd.json("apply", run["id"], "--approve")
    assert [outlook.counts(m) for m in done["mailboxes"]] == [{"unchanged": 5}, {"created": 1, "removed": 5}]
    assert outlook.counts(done) == {"created": 1, "unchanged": 5, "removed": 5} and len(contacts(syncd)) == 16
    assert outlook.counts(syncd.json("sync")) == {"unchanged": 1}


def test_a_stopped_mailbox_fits_the_store_that_the_others_of_its_sync_leave(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    other = simulator.mailbox(EINKAUF)
    for each in (box, other):
        person(each, "Beide Kennen", "Gemeinsam GmbH")
    syncd("sync")
    box.remove_folder("Lieferanten")
    box.delete(one_of(box, "Kennen"))
    other.edit(one_of(other, "Kennen"), jobTitle="Neu")
    run = stopped(syncd)
    syncd("apply", run["id"], "--approve")
    assert contacts(syncd)["Beide Kennen"]["title"] == "Neu" and len(contacts(syncd)) == 16
