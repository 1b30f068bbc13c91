"""Plans of syncs: saved without a trace in the records, carried out as shown, or not at all when something moved on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from syncd.store import no_step
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, accounts, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        for address in made.addresses:
            box = made.mailbox(address)
            person(box, "Jana Keller", "Keller AG", mail="jana@keller.example", jobTitle=f"Titel {address[:4]}")
            person(box, f"Nur {address[:4]}", "Gemeinsam GmbH")
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, database: str, simulator: Simulator) -> Program:
    return office(tmp_path, database, simulator, "max_removals = 10")


def one(box: Mailbox, surname: str) -> str:
    return next(str(row["id"]) for row in box.truth() if row["surname"] == surname)


def test_a_plan_carried_out_equals_the_sync(tmp_path: Path, sqlite: str, simulator: Simulator, syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    assert plan["state"] == "planned" and outlook.ledger(syncd) == []
    done = syncd.json("apply", plan["id"])
    assert done["counts"] == plan["counts"] and accounts(syncd) == ["Gemeinsam GmbH", "Keller AG"]
    (tmp_path / "other").mkdir()
    other = office(tmp_path / "other", f"sqlite:///{tmp_path}/other/s.db", simulator)
    other("sync")
    assert other.whole() == syncd.whole() and outlook.ledger(other) == outlook.ledger(syncd)
    assert outlook.counts(syncd.json("sync")) == {}
    syncd("undo", plan["id"])
    assert syncd.whole() == []


def test_a_plan_names_the_accounts_that_it_would_make(syncd: Program) -> None:
    plan = syncd.json("sync", ANNA, "--dry-run")
    changes = syncd.json("runs", plan["id"], "--module", "contacts")["changes"]
    linked = {change["after"] for change in changes if change["field"] == "account"}
    assert linked == {"Keller AG", "Gemeinsam GmbH"}


def test_a_plan_of_edits_moves_and_removals(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    before, ledger = syncd.whole(), outlook.ledger(syncd)
    box.edit(one(box, "Keller"), companyName="Solis AG", jobTitle="Neu")
    box.delete(one(box, "anna"))
    person(simulator.mailbox(EINKAUF), "Neu Ling", "Solis AG")
    plan = syncd.json("sync", "--dry-run")
    assert syncd.whole() == before and outlook.ledger(syncd) == ledger
    assert outlook.counts(plan) == {"created": 1, "updated": 1, "removed": 1}
    syncd("apply", plan["id"])
    found = {name: c["account"] for name, c in contacts(syncd).items()}
    assert found == {"Jana Keller": "Solis AG", "Neu Ling": "Solis AG", "Nur eink": "Gemeinsam GmbH"}
    assert accounts(syncd) == ["Gemeinsam GmbH", "Keller AG", "Solis AG"]
    syncd("undo", plan["id"])
    assert syncd.whole() == before


def test_a_plan_does_not_fit_when_the_store_moved_on(box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    box.edit(one(box, "Keller"), jobTitle="Neu")
    plan = syncd.json("sync", "--dry-run")
    syncd("edit", "contacts", contacts(syncd)["Jana Keller"]["id"], "fax=1")
    before = syncd.whole()
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W05"
    assert syncd.whole() == before


def test_a_plan_does_not_fit_when_outlook_moved_on(box: Mailbox, syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    box.edit(one(box, "Keller"), jobTitle="Neu")
    newer = syncd.json("sync", "--dry-run")
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W06"
    assert syncd.whole() == []
    syncd("apply", newer["id"])
    assert contacts(syncd)["Jana Keller"]["title"] == "Neu"
    assert syncd.json("apply", newer["id"], code=4)["error"]["code"] == "SY-W06"


def test_a_plan_does_not_fit_when_its_new_company_has_come_in(syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    syncd("create", "accounts", "name=Keller Aktiengesellschaft")
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W06"
    assert contacts(syncd) == {}
    syncd("sync")
    assert accounts(syncd) == ["Gemeinsam GmbH", "Keller Aktiengesellschaft"]


def test_a_sync_after_a_plan_does_what_the_plan_said(syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    run = syncd.json("sync")
    assert run["counts"]["created"] == plan["counts"]["created"] == 3
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W06"


class Killed(BaseException):
    """Ends a command wherever it is."""


def killed_at(syncd: Program, at: str, *args: object) -> None:
    """A command that ends in the middle."""

    def cut(name: str) -> None:
        if name == at:
            raise Killed

    syncd.step = cut
    with pytest.raises(Killed):
        syncd(*args)
    syncd.step = no_step


def test_a_plan_that_is_half_carried_out_is_known_however_the_mailbox_is_spelled_now(syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    killed_at(syncd, "apply:batch:begin", "apply", plan["id"])
    syncd.config.write_text(syncd.config.read_text().replace(ANNA, ANNA.title()))
    run = syncd.json("sync", code=1)
    assert outlook.codes(run) == ["SY-W09", "SY-W09"] and contacts(syncd) == {}
    syncd("apply", plan["id"])
    assert len(contacts(syncd)) == 3 and outlook.counts(syncd.json("sync")) == {}


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_a_killed_sync_leaves_alone_the_plan_that_is_half_carried_out(
    full: tuple[str, ...], box: Mailbox, syncd: Program
) -> None:
    syncd("sync")
    for surname in ("Keller", "anna"):
        box.delete(one(box, surname))
    killed_at(syncd, "sync:end:begin", "sync")
    (stopped,) = [run["id"] for run in syncd.json("runs") if run["state"] == "stopped"]
    killed_at(syncd, "apply:batch:begin", "apply", stopped, "--approve")
    assert "SY-W09" in outlook.codes(syncd.json("sync", *full, code=1))
    assert syncd.json("apply", stopped, "--approve")["state"] == "done"
    assert sorted(contacts(syncd)) == ["Jana Keller", "Nur eink"] and outlook.counts(syncd.json("sync")) == {}


def test_one_mailbox_of_a_plan(syncd: Program) -> None:
    plan = syncd.json("sync", "--dry-run")
    first = plan["mailboxes"][0]["id"]
    syncd("apply", first)
    assert sorted(contacts(syncd)) == ["Jana Keller", "Nur anna"]
    syncd("sync")
    assert sorted(contacts(syncd)) == ["Jana Keller", "Nur anna", "Nur eink"] and len(accounts(syncd)) == 2
