"""A sync taken back: the store is as before its run, stays so, and every value tells where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncd.cli import program
from syncd.cli.call import Call
from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from syncd.store import Step, no_step
from syncd.store.times import now
from syncd.wiring import Wiring
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        box = made.mailbox(ANNA)
        person(box, "Jana Keller", "Keller AG", jobTitle="Einkauf", mobilePhone="+49 171 3920001")
        person(box, "Ralf Maier", "Keller AG")
        person(box, "Ylva Brandt", "Brandt AB")
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, database: str, simulator: Simulator) -> Program:
    return office(tmp_path, database, simulator, "max_removals = 10")


def one(box: Mailbox, surname: str) -> str:
    return next(str(row["id"]) for row in box.truth() if row["surname"] == surname)


def test_creations_overwrites_and_deletes_of_one_sync_are_taken_back(box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    before = syncd.whole()
    person(box, "Neu Ling", "Neu GmbH")
    box.edit(one(box, "Keller"), jobTitle="Leitung", companyName="Solis AG", mobilePhone=None)
    box.delete(one(box, "Maier"))
    run = syncd.json("sync")
    assert outlook.counts(run) == {"created": 1, "updated": 1, "removed": 1}
    after = syncd.whole()
    undo = syncd.json("undo", run["id"])["id"]
    assert syncd.whole() == before
    assert outlook.counts(syncd.json("sync")) == {} and syncd.whole() == before
    full = syncd.json("sync", "--full")
    assert outlook.counts(full) == {"unchanged": 3} and syncd.whole() == before
    syncd("undo", undo)
    assert syncd.whole() == after
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 3} and syncd.whole() == after


def test_what_was_undone_comes_again_when_the_source_changes(box: Mailbox, syncd: Program) -> None:
    run = syncd.json("sync")
    syncd("undo", run["id"])
    assert syncd.whole() == []
    box.edit(one(box, "Keller"), jobTitle="Leitung")
    assert outlook.counts(syncd.json("sync")) == {"created": 1}
    found = contacts(syncd)
    assert {name: (c["title"], c["account"]) for name, c in found.items()} == {"Jana Keller": ("Leitung", "Keller AG")}
    syncd("undo", run["id"], "--release")
    syncd("sync")
    assert sorted(contacts(syncd)) == ["Jana Keller", "Ralf Maier", "Ylva Brandt"]
    assert outlook.accounts(syncd) == ["Brandt AB", "Keller AG"]


def test_an_undone_value_is_held_until_the_source_changes_it(box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    box.edit(one(box, "Keller"), jobTitle="Leitung")
    run = syncd.json("sync")
    syncd("undo", run["id"])
    box.edit(one(box, "Keller"), department="Nord")
    syncd("sync", "--full")
    held = contacts(syncd)["Jana Keller"]
    assert (held["title"], held["department"]) == ("Einkauf", "Nord")
    box.edit(one(box, "Keller"), jobTitle="Vorstand")
    syncd("sync")
    assert contacts(syncd)["Jana Keller"]["title"] == "Vorstand"


def test_a_whole_sync_is_undone_after_one_of_its_mailboxes_was(simulator: Simulator, syncd: Program) -> None:
    before = syncd.whole()
    person(simulator.mailbox(EINKAUF), "Ida Holm", "Holm AB")
    run = syncd.json("sync")
    after = syncd.whole()
    first = syncd.json("undo", run["mailboxes"][0]["id"])["id"]
    middle = syncd.whole()
    rest = syncd.json("undo", run["id"])
    assert (rest["problems"], rest["counts"]["removed"]) == ([], 2) and syncd.whole() == before
    syncd("undo", rest["id"])
    assert syncd.whole() == middle
    syncd("undo", first)
    assert syncd.whole() == after


@pytest.mark.parametrize("below", [False, True])
def test_a_release_lets_the_next_sync_carry_undone_values_again(box: Mailbox, syncd: Program, below: bool) -> None:
    syncd("sync")
    box.edit(one(box, "Keller"), jobTitle="Leitung", companyName="Solis AG", department="Süd")
    run = syncd.json("sync")
    after = syncd.whole()
    syncd("undo", run["id"])
    syncd("edit", "contacts", contacts(syncd)["Jana Keller"]["id"], "department=Nord")
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 3}
    number = run["mailboxes"][0]["id"] if below else run["id"]
    assert syncd.json("undo", number, "--release")["released"] == 1
    assert outlook.counts(syncd.json("sync", "--dry-run")) == {"updated": 1}
    assert outlook.counts(syncd.json("sync", "--full")) == {"updated": 1, "unchanged": 2}
    found = contacts(syncd)["Jana Keller"]
    assert (found["title"], found["account"], found["department"]) == ("Leitung", "Solis AG", "Nord")
    assert syncd.json("undo", number, "--release")["released"] == 0
    syncd("edit", "contacts", found["id"], "department=Süd")
    assert syncd.whole() == after


def test_the_older_after_the_newer_and_the_newer_again(box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    start = syncd.whole()
    box.edit(one(box, "Keller"), jobTitle="Zwei")
    second = syncd.json("sync")["id"]
    middle = syncd.whole()
    box.edit(one(box, "Keller"), jobTitle="Drei", department="Süd")
    third = syncd.json("sync")["id"]
    end = syncd.whole()
    newer = syncd.json("undo", third)["id"]
    assert syncd.whole() == middle
    older = syncd.json("undo", second)["id"]
    assert syncd.whole() == start
    syncd("undo", older)
    assert syncd.whole() == middle
    syncd("undo", newer)
    assert syncd.whole() == end


def test_the_older_first_leaves_what_the_newer_has_changed(box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    start = syncd.whole()
    box.edit(one(box, "Keller"), jobTitle="Zwei", department="Süd")
    second = syncd.json("sync")["id"]
    box.edit(one(box, "Keller"), jobTitle="Drei")
    third = syncd.json("sync")["id"]
    left = syncd.json("undo", second, code=1)
    assert [p["code"] for p in left["problems"]] == ["SY-U06"]
    now = contacts(syncd)["Jana Keller"]
    assert (now["title"], now["department"]) == ("Drei", None)
    syncd("undo", third)
    assert contacts(syncd)["Jana Keller"]["title"] == "Zwei"
    assert [line for line in syncd.whole() if "Keller" not in line] == [line for line in start if "Keller" not in line]


def test_an_edit_between_stays_and_is_named(box: Mailbox, syncd: Program) -> None:
    run = syncd.json("sync")
    number = contacts(syncd)["Jana Keller"]["id"]
    syncd("edit", "contacts", number, "title=Von Hand")
    undo = syncd.json("undo", run["id"], code=1)
    assert f"contact {number}" in undo["problems"][0]["what"]
    assert sorted(contacts(syncd)) == ["Jana Keller"] and outlook.accounts(syncd) == ["Keller AG"]
    syncd("sync", "--full")
    assert sorted(contacts(syncd)) == ["Jana Keller"]


def test_one_record_of_a_sync_is_taken_back(box: Mailbox, syncd: Program) -> None:
    run = syncd.json("sync")
    number = contacts(syncd)["Jana Keller"]["id"]
    syncd("undo", run["id"], "--only", f"contacts/{number}")
    assert sorted(contacts(syncd)) == ["Ralf Maier", "Ylva Brandt"]
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 3}
    assert sorted(contacts(syncd)) == ["Ralf Maier", "Ylva Brandt"]


def test_a_contact_that_came_again_does_not_stand_twice_after_the_undo_of_the_undo(
    box: Mailbox, syncd: Program
) -> None:
    run = syncd.json("sync")
    undo = syncd.json("undo", run["id"])["id"]
    box.edit(one(box, "Keller"), jobTitle="Leitung")
    syncd("sync")
    left = syncd.json("undo", undo, code=1)
    assert [p["code"] for p in left["problems"]] == ["SY-U06"] and "as contact" in left["problems"][0]["why"]
    assert sorted(c["last_name"] for c in syncd.json("list", "contacts")) == ["Brandt", "Keller", "Maier"]


def test_why_tells_run_item_and_what_was_replaced(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    first = syncd.json("sync")["mailboxes"][0]["id"]
    keller = one(box, "Keller")
    box.edit(keller, jobTitle="Leitung")
    second = syncd.json("sync")["mailboxes"][0]["id"]
    person(simulator.mailbox(EINKAUF), "Jana Keller", "Keller AG", department="Süd")
    third = syncd.json("sync")["mailboxes"][1]["id"]
    number = contacts(syncd)["Jana Keller"]["id"]
    edit = syncd.json("edit", "contacts", number, "mobile=+49 171 3920002")["run"]
    fields = syncd.json("why", "contacts", number)["fields"]
    told = {name: (f["run"], f["source"], f["replaced"]) for name, f in fields.items()}
    here = f"{ANNA}/Kontakte"
    assert told["title"] == (second, here, "Einkauf")
    assert told["last_name"] == told["account"][:2] + (None,) == (first, here, None)
    assert told["department"] == (third, f"{EINKAUF}/Kontakte", None)
    assert told["mobile"][0] == edit and told["mobile"][2] == "+49 171 3920001"
    assert fields["mobile"]["actor"] == "tester"


def test_a_sync_that_stood_still_brings_nothing_more_once_it_was_undone(
    tmp_path: Path, database: str, simulator: Simulator
) -> None:
    for address in (ANNA, EINKAUF):
        person(simulator.mailbox(address), f"Nur {address[:4]}")
    syncd = office(tmp_path, database, simulator)
    later, begun, undone = timedelta(0), list[str](), list[int]()

    def at(*args: object, step: Step = no_step) -> int:
        call = Call(build=lambda settings: Wiring(settings, step=step, clock=lambda: now() + later))
        return CliRunner().invoke(program, ["--config", str(syncd.config), *map(str, args)], obj=call).exit_code

    def stand_still(name: str) -> None:
        nonlocal later
        begun.extend([name] if name == "sync:batch:begin" else [])
        if len(begun) == 3 and not undone:
            later += timedelta(minutes=6)
            undone.append(at("undo", min(run["id"] for run in syncd.json("runs"))))

    assert at("sync", step=stand_still) == 75 and undone == [0]
    assert contacts(syncd) == {} and {run["state"] for run in syncd.json("runs")} == {"done", "undone"}
