"""One person in several mailboxes: what is left when one lets go, and plans that another mailbox has overtaken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows.outlook import accounts, changes, contacts, linked, office, person
from tests.flows.program import Program

NAME = "Ylva Brandt"


def two(simulator: Simulator) -> tuple[Mailbox, Mailbox]:
    """The two mailboxes, in the order of the settings."""
    one, other = (simulator.mailbox(address) for address in simulator.addresses)
    return one, other


def plans(syncd: Program) -> list[dict[str, Any]]:
    """The mailboxes' runs of a sync that a brake stopped in part or whole."""
    return list(syncd.json("sync", code=3)["mailboxes"])


def test_the_company_of_the_mailbox_that_is_left_counts(tmp_path: Path, database: str) -> None:
    with Simulator(2, 0) as simulator:
        one, other = two(simulator)
        syncd = office(tmp_path, database, simulator)
        person(one, "Some Body")
        kept = person(other, NAME, "Solis AG")
        newest = person(one, NAME, "Keller AG")
        syncd("sync")
        assert linked(syncd)[NAME] == "Keller AG" and accounts(syncd) == ["Keller AG"]
        one.delete(newest.immutable)
        run = syncd.json("sync")["mailboxes"][0]["id"]
        assert linked(syncd)[NAME] == "Solis AG" and accounts(syncd) == ["Keller AG", "Solis AG"]
        (moved,) = [c for c in changes(syncd, run) if c["field"] == "account"]
        assert (moved["before"], moved["after"]) == ("Keller AG", "Solis AG") and "others" in moved["reason"], moved
        other.edit(kept.immutable, companyName=None)
        syncd("sync")
        assert linked(syncd)[NAME] is None


def test_an_account_that_outlook_once_gave_is_no_choice_by_hand(tmp_path: Path, database: str) -> None:
    with Simulator(1, 0) as simulator:
        box = simulator.mailbox(simulator.addresses[0])
        syncd = office(tmp_path, database, simulator)
        person(box, "Some Body")
        item = person(box, NAME, "Keller AG")
        syncd("sync")
        syncd("edit", "contacts", contacts(syncd)[NAME]["id"], "title=Buyer")
        box.delete(item.immutable)
        syncd("sync")
        assert linked(syncd)[NAME] == "Keller AG"
        person(box, NAME, "Solis AG")
        syncd("sync")
        assert linked(syncd)[NAME] == "Solis AG" and contacts(syncd)[NAME]["title"] == "Buyer"


def test_two_mailboxes_emptied_of_the_same_person(tmp_path: Path, database: str) -> None:
    with Simulator(2, 0) as simulator:
        one, other = two(simulator)
        syncd = office(tmp_path, database, simulator)
        items = [(box, person(box, NAME, "Keller AG").immutable) for box in (one, other)]
        syncd("sync")
        for box, key in items:
            box.delete(key)
        first, second = plans(syncd)
        syncd("apply", first["id"], "--approve")
        assert NAME in contacts(syncd)
        assert "SY-W06" in syncd("apply", second["id"], "--approve", code=4) + syncd.errors
        (again,) = [run for run in plans(syncd) if run["state"] == "stopped"]
        syncd("apply", again["id"], "--approve")
        assert contacts(syncd) == {} and accounts(syncd) == ["Keller AG"]


def test_a_contact_that_another_mailbox_has_taken_up_meanwhile_is_not_deleted(tmp_path: Path, database: str) -> None:
    with Simulator(2, 0) as simulator:
        one, other = two(simulator)
        syncd = office(tmp_path, database, simulator)
        item = person(one, NAME, "Keller AG")
        syncd("sync")
        one.delete(item.immutable)
        stopped, done = plans(syncd)
        assert (stopped["state"], done["state"]) == ("stopped", "done")
        person(other, NAME)
        syncd("sync", other.address)
        assert "SY-W06" in syncd("apply", stopped["id"], "--approve", code=4) + syncd.errors
        (again,) = [run for run in plans(syncd) if run["state"] == "stopped"]
        syncd("apply", again["id"], "--approve")
        assert list(contacts(syncd)) == [NAME]


def test_a_plan_that_links_to_an_account_that_went_does_not_fit(tmp_path: Path, database: str) -> None:
    with Simulator(2, 0) as simulator:
        one, other = two(simulator)
        syncd = office(tmp_path, database, simulator, 'exclude_categories = ["Privat"]\nmax_removals = "100 %"')
        gone = person(one, "Emil Vogel")
        hidden = person(other, NAME, "Keller AG")
        person(other, "Some Body")
        syncd("sync")
        one.delete(gone.immutable)
        person(one, "Zoé Noël", "Keller AG")
        stopped, done = plans(syncd)
        assert (stopped["state"], done["state"]) == ("stopped", "done")
        other.edit(hidden.immutable, categories=["Privat"])
        syncd("sync", other.address)
        assert accounts(syncd) == []
        assert "is no longer there" in syncd("apply", stopped["id"], "--approve", code=4) + syncd.errors
        (again,) = [run for run in plans(syncd) if run["state"] == "stopped"]
        syncd("apply", again["id"], "--approve")
        assert linked(syncd) == {"Some Body": None, "Zoé Noël": "Keller AG"}
