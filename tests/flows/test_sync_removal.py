"""What becomes of a record whose contact disappears from Outlook, by way of disappearing and by what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, accounts, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        person(made.mailbox(ANNA), "Bleibt Immer", "Keller AG")
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, database: str, simulator: Simulator) -> Program:
    return office(
        tmp_path,
        database,
        simulator,
        'max_removals = 10\nexclude_categories = ["Privat"]\nexclude_folders = ["Geheim"]',
    )


def reason(syncd: Program, run: int) -> str:
    return next(str(c["reason"]) for c in outlook.changes(syncd, run) if c["module"] == "contacts")


@pytest.mark.parametrize("way", ["delete", "purge"])
def test_deleted_and_known_to_nobody_else_goes_and_its_account_stays(way: str, box: Mailbox, syncd: Program) -> None:
    item = person(box, "Geht Weg", "Weg GmbH")
    syncd("sync")
    getattr(box, way)(item.immutable)
    run = syncd.json("sync")
    assert list(contacts(syncd)) == ["Bleibt Immer"] and accounts(syncd) == ["Keller AG", "Weg GmbH"]
    assert reason(syncd, run["id"]) == "deleted-in-outlook"
    assert [c["last_name"] for c in syncd.json("list", "contacts", "--deleted")] == ["Weg"]


def test_edited_by_hand_stays_and_is_left_alone(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Geht Weg", "Weg GmbH", jobTitle="Leitung")
    syncd("sync")
    syncd("edit", "contacts", contacts(syncd)["Geht Weg"]["id"], "fax=1")
    before = syncd.whole()
    box.delete(item.immutable)
    run = syncd.json("sync")
    assert run["counts"]["removed"] == 1 and syncd.whole() == before
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 1} and syncd.whole() == before


def test_an_edit_that_was_taken_back_keeps_nothing(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Geht Weg")
    syncd("sync")
    edit = syncd.json("edit", "contacts", contacts(syncd)["Geht Weg"]["id"], "fax=1")["run"]
    syncd("undo", edit)
    box.delete(item.immutable)
    syncd("sync")
    assert list(contacts(syncd)) == ["Bleibt Immer"]


def test_known_to_another_mailbox_stays(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    item = person(box, "Geht Weg", "Weg GmbH")
    person(simulator.mailbox(EINKAUF), "Geht Weg", "Weg GmbH")
    syncd("sync")
    before = syncd.whole()
    box.delete(item.immutable)
    syncd("sync")
    assert syncd.whole() == before
    simulator.mailbox(EINKAUF).delete(str(simulator.truth(EINKAUF)[0]["id"]))
    run = syncd.json("sync", code=3)
    syncd("apply", run["id"], "--approve")
    assert list(contacts(syncd)) == ["Bleibt Immer"]


@pytest.mark.parametrize("what", ["unlink", "keep"])
def test_on_removed_unlink_and_keep_let_the_record_stand(
    what: str, tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox
) -> None:
    syncd = office(tmp_path, sqlite, simulator, f'max_removals = 10\non_removed = "{what}"')
    item = person(box, "Geht Weg", "Weg GmbH")
    syncd("sync")
    before = syncd.whole()
    box.delete(item.immutable)
    syncd("sync")
    assert syncd.whole() == before and outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 1}


@pytest.mark.parametrize("way", ["category", "folder"])
def test_out_of_scope_is_taken_back_blanked_in_the_ledger_and_its_account_goes(
    way: str, box: Mailbox, syncd: Program
) -> None:
    box.add_folder("Geheim")
    syncd("sync")
    before = syncd.whole()
    item = person(box, "Wanda Kanarie", "Kanarie GmbH", jobTitle="Kanarienvogel")
    syncd("sync")
    box.edit(item.immutable, department="Kanariendienst")
    syncd("sync")
    if way == "category":
        box.edit(item.immutable, categories=[" PRIVAT "])
    else:
        box.move(item.immutable, "Geheim")
    run = syncd.json("sync")
    assert run["counts"]["removed"] == 1 and syncd.whole() == before
    assert "anarie" not in "\n".join(syncd.whole(ledger=True))
    assert item.immutable not in "\n".join(syncd.whole(ledger=True))
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 1} | (
        {"excluded": 1} if way == "category" else {}
    )


def test_out_of_scope_but_edited_by_hand_keeps_what_the_hand_gave(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Wanda Weg", "Weg GmbH", jobTitle="Kanarienvogel")
    syncd("sync")
    number = contacts(syncd)["Wanda Weg"]["id"]
    syncd("edit", "contacts", number, "fax=1")
    box.edit(item.immutable, categories=["Privat"])
    run = syncd.json("sync")
    found = syncd.json("show", "contacts", number)
    assert (found["last_name"], found["fax"], found["title"], found["account"]) == ("Weg", "1", None, None)
    assert any(c["before"] == "erased" for c in outlook.changes(syncd, run["id"]))
    assert "erased" in syncd("why", "contacts", number, "--history")
    assert "Kanarienvogel" not in "\n".join(syncd.whole(ledger=True)) and accounts(syncd) == ["Keller AG"]


def test_an_account_on_which_something_hangs_stays(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Wanda Weg", "Gemeinsam GmbH")
    syncd("sync")
    person(box, "Otto Auch", "Gemeinsam GmbH")
    syncd("sync")
    box.edit(item.immutable, categories=["Privat"])
    syncd("sync")
    assert accounts(syncd) == ["Gemeinsam GmbH", "Keller AG"] and "Wanda Weg" not in contacts(syncd)


def test_new_rules_in_the_settings_judge_what_came_in_before(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox
) -> None:
    person(box, "Wanda Weg", "Weg GmbH", categories=["Familie"])
    office(tmp_path, sqlite, simulator)("sync")
    stricter = office(tmp_path, sqlite, simulator, 'exclude_categories = ["familie"]\nmax_removals = 10')
    stricter("sync")
    assert list(contacts(stricter)) == ["Bleibt Immer"] and accounts(stricter) == ["Keller AG"]
    office(tmp_path, sqlite, simulator)("sync")
    assert sorted(contacts(stricter)) == ["Bleibt Immer", "Wanda Weg"]


def test_a_mailbox_that_is_closed_to_us_takes_nothing_with_it(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    person(simulator.mailbox(EINKAUF), "Otto Auch")
    syncd("sync")
    before = syncd.whole()
    simulator.tenant_data.deny(ANNA)
    run = syncd.json("sync", code=1)
    assert [m["state"] for m in run["mailboxes"]] == ["failed", "done"] and syncd.whole() == before


@pytest.mark.parametrize("gone", [False, True])
def test_a_contact_that_cannot_be_taken_counts_once_and_wherever_it_has_been(
    gone: bool, box: Mailbox, syncd: Program
) -> None:
    for folder in ("Kunden", "Alt"):
        box.add_folder(folder)
    item = person(box, "Zieht Um", folder="Kunden")
    syncd("sync")
    if gone:
        box.delete(item.immutable)
        syncd("sync")
        box.move(item.immutable, "Kunden")
    box.edit(item.immutable, jobTitle=7)
    assert outlook.counts(syncd.json("sync", code=1)) == {"refused": 1}
    before = contacts(syncd)
    box.move(item.immutable, "Alt")
    box.remove_folder("Kunden")
    assert outlook.counts(syncd.json("sync", code=1)) == {"refused": 1}
    assert contacts(syncd) == before and ("Zieht Um" in before) is not gone
    box.edit(item.immutable, jobTitle="Leitung")
    assert outlook.counts(syncd.json("sync")) == {"created" if gone else "updated": 1}
