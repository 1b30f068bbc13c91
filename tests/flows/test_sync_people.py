"""One person in two mailboxes: field by field the newest that has a value, and nobody takes away what another brought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Item, Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, contacts, office, person
from tests.flows.program import Program

MAIL = "jana@keller.example"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        yield made


@pytest.fixture
def anna(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def einkauf(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(EINKAUF)


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str, simulator: Simulator) -> Program:
    return office(tmp_path, sqlite, simulator, "max_removals = 10")


def jana(box: Mailbox, company: str | None = "Keller AG", **props: Any) -> Item:
    return person(box, "Jana Keller", company, mail=MAIL, **props)


def only(syncd: Program) -> dict[str, Any]:
    """The one contact there is."""
    (found,) = contacts(syncd).values()
    return dict(found)


def test_field_by_field_the_newest_that_has_a_value(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    one = jana(anna, jobTitle="Alt", department="Nord")
    two = jana(einkauf, None, jobTitle="Neu", mobilePhone="+49 171 3920001")
    syncd("sync")
    found = only(syncd)
    assert (found["title"], found["department"], found["mobile"]) == ("Neu", "Nord", "+49 171 3920001")
    assert found["account"] == "Keller AG"
    anna.edit(one.immutable, department="Süd")
    syncd("sync")
    assert (only(syncd)["title"], only(syncd)["department"]) == ("Alt", "Süd")
    einkauf.edit(two.immutable, jobTitle=None)
    syncd("sync")
    assert only(syncd)["title"] == "Alt"


def test_a_blank_clears_what_its_own_source_brought_only(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    one = jana(anna, jobTitle="Leitung", department="Nord")
    jana(einkauf, jobTitle="Leitung")
    syncd("sync")
    anna.edit(one.immutable, jobTitle=None, department=None)
    syncd("sync")
    assert (only(syncd)["title"], only(syncd)["department"]) == ("Leitung", None)


def test_a_tie_goes_to_the_mailbox_named_first(tmp_path: Path, sqlite: str) -> None:
    with Simulator(2, 0, start=datetime(2026, 3, 2, 9, tzinfo=UTC)) as simulator:
        anna, einkauf = (simulator.mailbox(a) for a in (ANNA, EINKAUF))
        stamp = "2026-03-01T08:00:00Z"
        jana(einkauf, jobTitle="Von Einkauf", department="E", at=stamp)
        jana(anna, jobTitle="Von Anna", at=stamp)
        order = office(tmp_path, sqlite, simulator, mailboxes=[ANNA, EINKAUF])
        order("sync", EINKAUF)
        order("sync", ANNA)
        assert (only(order)["title"], only(order)["department"]) == ("Von Anna", "E")
        (tmp_path / "b").mkdir()
        other = office(tmp_path / "b", f"sqlite:///{tmp_path}/b/b.db", simulator, mailboxes=[EINKAUF, ANNA])
        other("sync", ANNA)
        other("sync", EINKAUF)
        assert only(other)["title"] == "Von Einkauf"


def test_the_result_is_the_same_whoever_comes_first(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    for number, address in enumerate(simulator.addresses):
        box = simulator.mailbox(address)
        jana(box, f"Firma {number} AG", jobTitle=f"Titel {number}")
        person(box, "Ralf Maier", "Maier KG", mail="", department=f"Abteilung {number}")
    stores = []
    for number, order in enumerate(([ANNA, EINKAUF], [EINKAUF, ANNA])):
        (tmp_path / str(number)).mkdir()
        syncd = office(tmp_path / str(number), f"sqlite:///{tmp_path}/{number}/s.db", simulator)
        for address in order:
            syncd("sync", address)
        stores.append([line for line in syncd.whole() if '"module":"contacts"' in line])
    assert stores[0] == stores[1] and len(stores[0]) == 2


def test_when_the_newest_lets_go_the_others_values_stand(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    jana(anna, "Keller AG", jobTitle="Alt", department="Nord")
    two = jana(einkauf, "Solis AG", jobTitle="Neu", mobilePhone="+49 171 3920001")
    person(einkauf, "Bleibt Hier")
    syncd("sync")
    number = contacts(syncd)["Jana Keller"]["id"]
    assert contacts(syncd)["Jana Keller"]["account"] == "Solis AG"
    einkauf.delete(two.immutable)
    syncd("sync")
    found = contacts(syncd)["Jana Keller"]
    assert (found["id"], found["title"], found["department"], found["account"]) == (number, "Alt", "Nord", "Keller AG")
    assert found["mobile"] == "+49 171 3920001"


def test_a_hand_edit_wins(anna: Mailbox, syncd: Program) -> None:
    one = jana(anna, jobTitle="Alt", department="Nord")
    syncd("sync")
    syncd("edit", "contacts", only(syncd)["id"], "title=Von Hand", "mobile=+49 171 3920009")
    anna.edit(one.immutable, department="Süd")
    syncd("sync", "--full")
    assert (only(syncd)["title"], only(syncd)["department"]) == ("Von Hand", "Süd")
    anna.edit(one.immutable, jobTitle="Neu", mobilePhone="+49 171 3920010")
    syncd("sync")
    assert (only(syncd)["title"], only(syncd)["mobile"]) == ("Von Hand", "+49 171 3920009")


def test_two_people_at_one_address_stay_two(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    person(anna, "Peter Vogt", mail="info@vogt.example")
    person(einkauf, "Rolf Brandt", mail="info@vogt.example")
    person(einkauf, "P. Vogt", mail="info@vogt.example")
    syncd("sync")
    assert len(syncd.json("list", "contacts")) == 2


def test_a_person_without_address_is_known_by_name_and_company(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    person(anna, "Peter Vogt", "Vogt GmbH", mail="")
    person(einkauf, "Peter Vogt", "VOGT G.m.b.H.", mail="peter@vogt.example")
    person(einkauf, "Peter Vogt", "Andere KG", mail="")
    syncd("sync")
    found = syncd.json("list", "contacts")
    assert sorted((c["account"], c["email"]) for c in found) == [
        ("Andere KG", None),
        ("Vogt GmbH", "peter@vogt.example"),
    ]


def test_deleted_and_made_again_in_one_round_is_the_same_record(anna: Mailbox, syncd: Program) -> None:
    one = jana(anna, jobTitle="Alt", department="Nord")
    for number in range(4):
        person(anna, f"Other N{number}")
    syncd("sync")
    number = contacts(syncd)["Jana Keller"]["id"]
    anna.purge(one.immutable)
    jana(anna, jobTitle="Neu")
    syncd("sync")
    found = contacts(syncd)["Jana Keller"]
    assert (found["id"], found["title"]) == (number, "Neu")
    assert outlook.counts(syncd.json("sync", "--full")) == {"unchanged": 5}


def test_the_same_person_twice_in_one_mailbox_is_one_record(anna: Mailbox, syncd: Program) -> None:
    anna.add_folder("Kopien")
    one = jana(anna, jobTitle="Alt")
    jana(anna, jobTitle="Neu", folder="Kopien")
    syncd("sync")
    assert only(syncd)["title"] == "Neu"
    anna.delete(one.immutable)
    syncd("sync")
    assert only(syncd)["title"] == "Neu"


def test_an_address_in_another_spelling_is_the_same_mailbox(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    jana(simulator.mailbox(ANNA), jobTitle="Alt")
    office(tmp_path, sqlite, simulator)("sync")
    syncd = office(tmp_path, sqlite, simulator, mailboxes=["Anna.Weber@Norrvik.example", ANNA])
    run = syncd.json("sync")
    assert [m["source"] for m in run["mailboxes"]] == ["Anna.Weber@Norrvik.example"] and outlook.counts(run) == {}
    assert [m["mailbox"] for m in syncd.json("status")["mailboxes"] if "eber" in m["mailbox"]] == [
        run["mailboxes"][0]["source"]
    ]


def untaken(syncd: Program, *more: str) -> list[tuple[str, Any, str]]:
    """What `why` says was not taken: field, value, reason; each source is named with its folder."""
    found = syncd.json("why", "contacts", MAIL, *more)["not_taken"]
    assert all("@norrvik.example/Kontakte" in one["source"] and one["text"] for one in found)
    return [(one["field"], one["value"], one["reason"]) for one in found]


def test_why_lists_what_other_mailboxes_say(anna: Mailbox, einkauf: Mailbox, syncd: Program) -> None:
    jana(anna, jobTitle="Alt", department="Nord")
    two = jana(einkauf, "KELLER", jobTitle="Neu")
    syncd("sync")
    assert untaken(syncd) == [("title", "Alt", "older"), ("department", None, "blank")]
    text = syncd("why", "contacts", MAIL)
    assert f'title       "Alt" from {ANNA}/Kontakte' in text and f"{EINKAUF}/Kontakte was changed later" in text
    assert text.index("VALUES") < text.index("NOT TAKEN") < text.index("WHY THIS RECORD")
    assert untaken(syncd, "--field", "title") == [("title", "Alt", "older")]
    einkauf.edit(two.immutable, department="West")
    syncd("sync", "--dry-run")
    assert ("department", "West", "waiting") in untaken(syncd) and ("title", "Alt", "older") in untaken(syncd)
    syncd("sync")
    assert ("department", "Nord", "older") in untaken(syncd)


def test_why_names_the_edit_that_a_source_did_not_overwrite(anna: Mailbox, syncd: Program) -> None:
    one = jana(anna, jobTitle="Einkäuferin")
    syncd("sync")
    assert "NOT TAKEN" not in syncd("why", "contacts", MAIL)
    run = syncd.json("edit", "contacts", 1, "title=Leiterin", "--reason", "by phone")["run"]
    anna.edit(one.immutable, jobTitle="Einkauf")
    syncd("sync")
    assert untaken(syncd) == [("title", "Einkauf", "by-hand")]
    assert f'a hand edit wins (run {run}, tester, "by phone")' in syncd("why", "contacts", MAIL)


def test_why_names_the_file_whose_value_stays(tmp_path: Path, anna: Mailbox, syncd: Program) -> None:
    rows = ("First Name,Last Name,Email,Title", f"Jana,Keller,{MAIL},Aus der Datei")
    syncd("import", syncd.file("messe.csv", *rows), "--module", "contacts")
    jana(anna, jobTitle="Aus Outlook")
    syncd("sync")
    assert untaken(syncd) == [("title", "Aus Outlook", "otherwise")]
    assert "messe.csv" in syncd("why", "contacts", MAIL)
    syncd("delete", "contacts", 1)
    assert syncd.json("why", "contacts", 1)["not_taken"] == []


def test_why_names_a_company_that_made_no_account(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'own_companies = ["Norrvik Europe"]')
    jana(simulator.mailbox(ANNA), "Norrvik Europe")
    syncd("sync")
    assert untaken(syncd) == [("account", "Norrvik Europe", "no-account")]


def test_why_names_the_fields_that_are_not_read(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'fields = ["first_name", "email"]')
    jana(simulator.mailbox(ANNA), jobTitle="Leitung")
    syncd("sync")
    found = syncd.json("why", "contacts", MAIL)["not_taken"]
    assert {one["reason"] for one in found} == {"not-read"} and "title" in {one["field"] for one in found}
    assert "not in [sync] fields" in syncd("why", "contacts", MAIL)


def test_the_number_of_statements_does_not_grow_with_the_people(tmp_path: Path, sqlite: str) -> None:
    seen: list[int] = []

    def count(*_: Any) -> None:
        seen[-1] += 1

    for many in (20, 60):
        folder = tmp_path / str(many)
        folder.mkdir()
        with Simulator(1, 0) as simulator:
            syncd = office(
                folder,
                f"sqlite:///{folder}/syncd.db",
                simulator,
                'max_removals = "100 %"\nexclude_categories = ["Privat"]',
            )
            people = [f"Vor{n},Nach{n},v{n}@nach{n}.example,Alt" for n in range(many)]
            syncd("import", "--module", "contacts", syncd.file("c.csv", "First Name,Last Name,Email,Title", *people))
            box = simulator.mailbox(ANNA)
            there = [
                person(box, f"Vor{n} Nach{n}", f"Firma {n}", mail=f"v{n}@nach{n}.example", jobTitle="Neu")
                for n in range(many)
            ]
            person(box, "Bleibt Da")
            sa.event.listen(sa.Engine, "before_cursor_execute", count)
            try:
                for categories in (None, ["Privat"]):
                    for item in there if categories else ():
                        box.edit(item.immutable, categories=categories)
                    seen.append(0)
                    syncd("sync")
            finally:
                sa.event.remove(sa.Engine, "before_cursor_execute", count)
    assert seen[:2] == seen[2:]
