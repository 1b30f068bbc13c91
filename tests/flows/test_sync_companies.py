"""What Company Name makes: an account, a link, a question or nothing, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, accounts, linked, office, person
from tests.flows.program import Program

OWN = 'own_companies = ["Norrvik Europe AB"]\nown_domains = ["norrvik-own.example"]'


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(1, 0) as made:
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str, simulator: Simulator) -> Program:
    return office(tmp_path, sqlite, simulator, OWN)


def reasons(syncd: Program, run: int) -> dict[str, str]:
    """Why each contact that a run made has its account, by last name."""
    changes = [c for c in outlook.changes(syncd, run) if c["module"] == "contacts" and c["field"] == "last_name"]
    return {c["after"]: c["reason"].partition("|account=")[2] for c in changes}


def test_each_no_has_its_reason(box: Mailbox, syncd: Program) -> None:
    person(box, "Ylva Blank")
    person(box, "Petra Selbst", "Selbst, Petra")
    person(box, "Ulf Eigen", "NORRVIK EUROPE")
    person(box, "Dora Domain", "Somewhere Ltd", mail="dora@mail.norrvik-own.example")
    person(box, "Karl Neu", "Neue Werke GmbH")
    run = syncd.json("sync")
    assert reasons(syncd, run["id"]) == {
        "Blank": "none:blank",
        "Selbst": "none:own-name",
        "Eigen": "none:own-company",
        "Domain": "none:own-domain",
        "Neu": "created",
    }
    assert accounts(syncd) == ["Neue Werke GmbH"]
    number = outlook.contacts(syncd)["Ulf Eigen"]["id"]
    assert syncd.json("why", "contacts", number)["reasons"][0]["account"] is not None
    assert "own" in syncd("why", "contacts", number).partition("WHY THIS ACCOUNT")[2]


def test_a_rule_that_is_off_says_no_no_more(tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox) -> None:
    syncd = office(tmp_path, sqlite, simulator, f'{OWN}\naccount_rule = ["own_company"]')
    person(box, "Petra Selbst", "Petra Selbst")
    person(box, "Ulf Eigen", "Norrvik Europe")
    syncd("sync")
    assert accounts(syncd) == ["Petra Selbst"]


def test_the_spellings_of_one_company_make_one_account(box: Mailbox, syncd: Program) -> None:
    spellings = ("Möller Anlagenbau GmbH", "MÖLLER ANLAGENBAU GMBH", "Möller Anlagenbau, GmbH", "Möller Anlagenbau")
    for number, spelling in enumerate((*spellings, "Möller  Anlagenbau  G.m.b.H.")):
        person(box, f"Person Nr{number}", spelling)
    syncd("sync")
    assert len(accounts(syncd)) == 1
    person(box, "Late Comer", " Möller Anlagenbau GmbH ")
    syncd("sync")
    assert len(accounts(syncd)) == 1 and len(set(linked(syncd).values())) == 1


def test_a_name_without_its_umlaut_is_the_same_company_and_two_names_without_one_are_two(
    box: Mailbox, syncd: Program
) -> None:
    companies = (
        "Müller GmbH",
        "Mueller GmbH",
        "Mu\u0308ller",
        "Bauer AG",
        "Baur AG",
        "Sørensen A/S",
        "SOERENSEN",
        "Aal",
    )
    for number, company in enumerate(companies):
        person(box, f"Person Nr{number}", company)
    run = syncd.json("sync")
    assert accounts(syncd) == ["Aal", "Bauer AG", "Baur AG", "Müller GmbH", "Sørensen A/S"]
    assert run["counts"]["review"] == 0
    before = syncd.whole()
    undone = syncd.json("undo", run["id"])
    syncd("undo", undone["id"])
    assert syncd.whole() == before


def test_between_two_companies_an_umlaut_decides_nothing(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Mueller AG")
    syncd("create", "accounts", "name=Muller AG")
    person(box, "Anna Which", "Müller AG")
    person(box, "Bert Ue", "MUELLER AG")
    run = syncd.json("sync")
    assert linked(syncd) == {"Anna Which": None, "Bert Ue": "Mueller AG"} and run["counts"]["review"] == 1


def test_another_legal_form_is_a_question_for_people(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Müller GmbH")
    syncd("create", "accounts", "name=Müller AG")
    person(box, "Anna Same", "Müller G.m.b.H.")
    person(box, "Bert Other", "Müller SE")
    person(box, "Carl Which", "Müller")
    run = syncd.json("sync")
    assert linked(syncd) == {"Anna Same": "Müller GmbH", "Bert Other": None, "Carl Which": None}
    assert run["counts"]["review"] == 2 and outlook.codes(run) == ["SY-M20", "SY-M20"]
    found = reasons(syncd, run["id"])
    assert found["Other"].startswith("none:other-form:") and found["Which"].startswith("none:ambiguous:")
    assert accounts(syncd) == ["Müller AG", "Müller GmbH"]
    again = syncd.json("sync", "--full")
    assert outlook.counts(again) == {"unchanged": 3} and outlook.codes(again) == []


def test_a_form_that_is_missing_on_one_side_is_the_same_company(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Solis AG")
    person(box, "Anna Bare", "Solis")
    syncd("sync")
    assert linked(syncd) == {"Anna Bare": "Solis AG"}


def test_namesakes_with_a_site_stay_apart(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik Bygg", "account_site=Umeå")
    syncd("create", "accounts", "name=Norrvik Bygg", "account_site=Luleå")
    person(box, "Anna Bygg", "Norrvik Bygg")
    syncd("sync")
    sites = {a["id"]: a["account_site"] for a in syncd.json("list", "accounts")}
    assert sorted(map(str, sites.values())) == ["Luleå", "None", "Umeå"]
    assert sites[outlook.contacts(syncd)["Anna Bygg"]["account_id"]] is None


def test_company_changed_moves_the_contact_and_the_old_account_stays(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Jana Keller", "Keller AG")
    person(box, "Ralf Keller", "Keller AG")
    syncd("sync")
    box.edit(item.immutable, companyName="Solis AG")
    run = syncd.json("sync")
    assert linked(syncd) == {"Jana Keller": "Solis AG", "Ralf Keller": "Keller AG"}
    change = next(c for c in outlook.changes(syncd, run["id"]) if c["field"] == "account")
    assert (change["before"], change["after"]) == ("Keller AG", "Solis AG") and "account=created" in change["reason"]
    box.edit(item.immutable, companyName="Keller AG")
    syncd("sync")
    assert linked(syncd)["Jana Keller"] == "Keller AG" and accounts(syncd) == ["Keller AG", "Solis AG"]


def test_company_in_another_spelling_moves_nothing(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Jana Keller", "Keller AG")
    syncd("sync")
    before = syncd.whole()
    box.edit(item.immutable, companyName="KELLER Aktiengesellschaft")
    assert outlook.counts(syncd.json("sync")) == {"unchanged": 1}
    assert syncd.whole() == before


def test_company_in_another_legal_form_asks(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Jana Keller", "Keller AG")
    person(box, "Ralf Keller", "Keller AG")
    syncd("sync")
    box.edit(item.immutable, companyName="Keller GmbH")
    run = syncd.json("sync")
    assert run["counts"]["review"] == 1 and linked(syncd)["Jana Keller"] is None
    assert accounts(syncd) == ["Keller AG"]


def test_company_removed_clears_only_a_link_of_the_source(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Handwerk KG")
    one, two = person(box, "Jana Keller", "Keller AG"), person(box, "Ralf Hand", "Keller AG")
    syncd("sync")
    syncd("edit", "contacts", outlook.contacts(syncd)["Ralf Hand"]["id"], "account=Handwerk KG")
    for item in (one, two):
        box.edit(item.immutable, companyName=None)
    syncd("sync")
    assert linked(syncd) == {"Jana Keller": None, "Ralf Hand": "Handwerk KG"}
    assert accounts(syncd) == ["Handwerk KG", "Keller AG"]


def test_a_link_that_was_here_before_the_source_is_not_the_sources_to_clear(box: Mailbox, syncd: Program) -> None:
    syncd("create", "accounts", "name=Keller AG")
    syncd("create", "contacts", "first_name=Jana", "last_name=Keller", "email=jana@keller.example", "account=Keller AG")
    item = person(box, "Jana Keller", "Keller AG", mail="jana@keller.example")
    syncd("sync")
    box.edit(item.immutable, companyName=None)
    syncd("sync")
    assert linked(syncd) == {"Jana Keller": "Keller AG"}


def test_two_mailboxes_planning_one_new_company_make_one_account(tmp_path: Path, database: str) -> None:
    with Simulator(2, 0) as simulator:
        for address in simulator.addresses:
            person(simulator.mailbox(address), f"Person {address[:4]}", "Gemeinsam GmbH")
        syncd = office(tmp_path, database, simulator)
        plan = syncd.json("sync", "--dry-run")
        assert syncd.whole() == [] and plan["state"] == "planned"
        syncd("apply", plan["id"])
        assert accounts(syncd) == ["Gemeinsam GmbH"] and set(linked(syncd).values()) == {"Gemeinsam GmbH"}
        assert outlook.counts(syncd.json("sync")) == {}
