"""Phones without a country: those of a file or a mailbox are read by its own, and found by it until they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from tests.flows.outlook import ANNA, contacts, office, person
from tests.flows.program import Program
from tests.flows.test_folder_plans import look

HEADER = "First Name,Last Name,Email,Phone"
LOCALE = '[locale]\ncountry = "DE"'
PHONE = ("--module", "contacts", "--match-on", "phone")
SWISS = f'{LOCALE}\n[profiles.swiss]\nmodule = "contacts"\ncountry = "CH"\nmatch_on = ["phone"]'


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(1, 0) as made:
        person(made.mailbox(ANNA), "Beat Huber", mail="", businessPhones=["044 668 18 00"])
        yield made


def taken(syncd: Program, row: str, *options: str) -> dict[str, int]:
    """What a file of one row counts."""
    run = syncd.json("import", syncd.file("row.csv", HEADER, row), *options)["runs"][0]
    return {name: count for name, count in run["counts"].items() if count}


def test_a_phone_that_was_read_by_another_country_is_not_found_any_more_once_it_changed(
    tmp_path: Path, database: str
) -> None:
    syncd = Program(tmp_path, database, SWISS)
    for row in ("Beat,Huber,b@huber.example,044 668 18 00", "Urs,Frei,u@frei.example,044 668 18 01"):
        assert taken(syncd, row, "--profile", "swiss") == {"created": 1}
    syncd("edit", "contacts", 1, "phone=+41 44 668 18 09")
    syncd("delete", "contacts", 2)
    assert taken(syncd, "A,Meier,a@meier.example,+41 44 668 18 00", *PHONE) == {"created": 1}
    assert taken(syncd, "B,Meier,b@meier.example,044 668 18 09", "--profile", "swiss") == {"duplicate": 1}
    assert taken(syncd, "C,Meier,c@meier.example,044 668 18 01", "--profile", "swiss") == {"created": 1}


@pytest.mark.parametrize(("country", "counted"), [("CH", {"duplicate": 1}), ("", {"created": 1})])
def test_the_phones_of_a_mailbox_are_read_by_its_country(
    tmp_path: Path, database: str, simulator: Simulator, country: str, counted: dict[str, int]
) -> None:
    syncd = office(
        tmp_path, database, simulator, more=f'{LOCALE}\n[[mailbox]]\naddress = "{ANNA}"\ncountry = "{country}"'
    )
    taken(syncd, "Urs,Frei,u@frei.example,+41 44 668 18 01", *PHONE)
    syncd("sync")
    assert contacts(syncd)["Beat Huber"]["phone"] == "044 668 18 00"
    assert taken(syncd, "B,Huber,b@huber.example,+41 44 668 18 00", *PHONE) == counted


def test_a_phone_of_the_inbox_and_of_a_plan_is_read_by_the_profiles_country(tmp_path: Path, database: str) -> None:
    inbox = tmp_path / "inbox"
    syncd = Program(tmp_path, database, f'{SWISS}\n[inbox]\nfolder = "{inbox}"\nsettle = 0')
    (inbox / "swiss").mkdir(parents=True)
    (inbox / "swiss" / "a.csv").write_text(f"{HEADER}\nBeat,Huber,b@huber.example,044 668 18 00\n")
    row = syncd.file("b.csv", HEADER, "Urs,Frei,u@frei.example,044 668 18 01")
    look(syncd)
    syncd("apply", syncd.json("import", row, "--profile", "swiss", "--dry-run")["runs"][0]["id"])
    assert taken(syncd, "A,Meier,a@meier.example,+41 44 668 18 00", *PHONE) == {"duplicate": 1}
    assert taken(syncd, "B,Meier,b@meier.example,+41 44 668 18 01", *PHONE) == {"duplicate": 1}


@pytest.mark.parametrize("way", ["planned", "stopped"])
def test_a_mailboxs_phones_are_read_by_its_country_also_from_a_plan(
    tmp_path: Path, database: str, simulator: Simulator, way: str
) -> None:
    mailbox = f'{LOCALE}\n[[mailbox]]\naddress = "{ANNA}"\ncountry = "CH"'
    syncd = office(tmp_path, database, simulator, "max_removals = 0", more=mailbox)
    taken(syncd, "Urs,Frei,u@frei.example,+41 44 668 18 01", *PHONE)
    if way == "planned":
        syncd("apply", syncd.json("sync", "--dry-run")["id"])
    else:
        box = simulator.mailbox(ANNA)
        person(box, "Geht Weg", mail="")
        syncd("sync")
        syncd("delete", "contacts", contacts(syncd)["Beat Huber"]["id"])
        huber, other = sorted(box.truth(), key=lambda row: row["surname"] != "Huber")
        box.edit(str(huber["id"]), jobTitle="Neu")
        box.delete(str(other["id"]))
        syncd("apply", syncd.json("sync", code=3)["id"], "--approve")
    assert taken(syncd, "B,Huber,b@huber.example,+41 44 668 18 00", *PHONE) == {"duplicate": 1}
