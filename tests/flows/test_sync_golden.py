"""Whole answers to single changes in Outlook: counts, every change with its reason, problems, and the store afterwards.

`REGENERATE=1 pytest tests/flows/test_sync_golden.py` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, office, person
from tests.flows.program import Program

GOLDEN = Path(__file__).parent.parent / "golden" / "sync"
FULL: dict[str, Any] = {
    "title": "Frau Dr.",
    "middleName": "Maria",
    "generation": "jun.",
    "nickName": "Jani",
    "jobTitle": "Leiterin Einkauf",
    "department": "Einkauf",
    "manager": "Ralf Maier",
    "assistantName": "Otto Nagel",
    "businessHomePage": "https://keller.example",
    "imAddresses": ["sip:jana@keller.example"],
    "categories": ["Kunde", "VIP"],
    "businessPhones": ["+49 30 23125 001", "+49 30 23125 002"],
    "homePhones": ["+49 30 23125 003"],
    "mobilePhone": "+49 171 3920001",
    "birthday": "1980-04-30",
    "personalNotes": "Zeile eins\r\nZeile zwei",
    "businessAddress": {
        "street": "Hafenstraße 1",
        "city": "Hamburg",
        "postalCode": "20095",
        "countryOrRegion": "Deutschland",
    },
    "homeAddress": {"city": "Lübeck"},
}


def one(box: Mailbox, surname: str) -> str:
    return next(str(row["id"]) for row in box.truth() if row["surname"] == surname)


def _again(box: Mailbox) -> None:
    box.purge(one(box, "Keller"))
    person(box, "Jana Keller", "Keller AG", mail="jana@keller.example", jobTitle="Neu angelegt")


def _blanked(box: Mailbox) -> None:
    box.edit(one(box, "Keller"), jobTitle=None, businessPhones=[], businessAddress={}, birthday=None, personalNotes="")


def _there_and_back(box: Mailbox) -> None:
    key = one(box, "Keller")
    box.move(key, "Kunden")
    box.move(key, "contacts")


CASES: dict[str, Callable[[Mailbox], object]] = {
    "nothing": lambda box: None,
    "new_with_new_company": lambda box: person(box, "Ylva Brandt", "Brandt Bygg AB", jobTitle="Inköp"),
    "new_with_known_company": lambda box: person(box, "Ylva Brandt", "KELLER A.G."),
    "new_without_surname": lambda box: box.add(displayName="Empfang Nord", businessPhones=["+49 30 23125 009"]),
    "new_by_email_only": lambda box: box.add(emailAddresses=[{"address": "empfang@nagel.example"}]),
    "new_by_company_only": lambda box: box.add(companyName="Nagel & Söhne oHG"),
    "new_empty": lambda box: box.add(),
    "edited": lambda box: box.edit(one(box, "Keller"), jobTitle="Vorstand", mobilePhone="+49 171 3920002"),
    "blanked": _blanked,
    "renamed": lambda box: box.edit(one(box, "Keller"), surname="Keller-Brandt"),
    "email_changed": lambda box: box.edit(one(box, "Keller"), emailAddresses=[{"address": "jk@solis.example"}]),
    "deleted": lambda box: box.delete(one(box, "Maier")),
    "purged": lambda box: box.purge(one(box, "Maier")),
    "moved": lambda box: box.move(one(box, "Keller"), "Kunden"),
    "moved_there_and_back": _there_and_back,
    "moved_out_of_scope": lambda box: box.move(one(box, "Keller"), "Privates"),
    "category_out_of_scope": lambda box: box.edit(one(box, "Keller"), categories=["Privat"]),
    "company_changed": lambda box: box.edit(one(box, "Keller"), companyName="Solis GmbH"),
    "company_changed_to_known": lambda box: box.edit(one(box, "Keller"), companyName="Maier Werke"),
    "company_in_other_form": lambda box: box.edit(one(box, "Keller"), companyName="Keller GmbH"),
    "company_removed": lambda box: box.edit(one(box, "Keller"), companyName=None),
    "deleted_and_made_again": _again,
    "person_of_another_mailbox": lambda box: person(
        box, "Nils Lager", "Lager KG", mail="nils@lager.example", jobTitle="Neu"
    ),
    "wrong_type": lambda box: box.edit(one(box, "Keller"), jobTitle=["no", "text"]),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, tmp_path: Path, sqlite: str) -> None:
    with Simulator(2, 0) as simulator:
        box = simulator.mailbox(ANNA)
        for folder in ("Kunden", "Privates"):
            box.add_folder(folder)
        person(box, "Jana Keller", "Keller AG", mail="jana@keller.example", **FULL)
        person(box, "Ralf Maier", "Maier Werke KG")
        person(simulator.mailbox(EINKAUF), "Nils Lager", "Lager KG", mail="nils@lager.example", department="Lager")
        rules = 'max_removals = 10\nexclude_folders = ["Privates"]\nexclude_categories = ["Privat"]'
        syncd = office(tmp_path, sqlite, simulator, rules)
        syncd("sync")
        CASES[name](box)
        found = _told(syncd, syncd.json("sync", code=int(name in ("new_empty", "wrong_type"))))
    expected = GOLDEN / f"{name}.json"
    if os.environ.get("REGENERATE"):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


def _told(syncd: Program, run: dict[str, Any]) -> dict[str, Any]:
    """What a sync did and left, without ids of Graph."""
    made = {
        "counts": outlook.counts(run),
        "problems": [_plain(p["what"]) for m in run["mailboxes"] for p in m["problems"]],
        "changes": [
            [c["module"], c["record"], c["op"], c["field"], c["before"], c["after"], c["reason"]]
            for c in outlook.changes(syncd, run["id"])
        ],
        "store": [json.loads(line) for line in syncd.whole()],
    }
    return dict(json.loads(json.dumps(made)))


def _plain(text: str) -> str:
    return re.sub(r"AAk[\w-]+={0,2}", "ID", text)
