"""`why --outlook`: why a contact that Outlook shows is here or not, asked of Outlook itself; and that nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, contacts, office, person
from tests.flows.program import Program

SETTINGS = 'exclude_folders = ["Privates"]\nexclude_categories = ["Familie"]'


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(1, 0) as made:
        box = made.mailbox(ANNA)
        box.add_folder("Privates")
        box.add_folder("Alte", "Privates")
        person(box, "Claire Morel", "Brasserie du Rhin", categories=["VIP"])
        person(box, "Wanda Kanarie", "Kanarienzucht", "Privates/Alte")
        person(box, "Cousin Kanarie", categories=["VIP", " familie"])
        box.add("contacts", displayName=None, personalNotes="only a note", companyName=None)
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, database: str, simulator: Simulator) -> Program:
    return office(tmp_path, database, simulator, SETTINGS)


def told(syncd: Program, text: str) -> dict[str, tuple[str, str, int | None]]:
    """Name to state, reason and contact of what is found."""
    found: dict[str, Any] = syncd.json("why", "--outlook", ANNA.upper(), text)
    assert (found["mailbox"], found["text"]) == (ANNA, text)
    return {one["name"]: (one["state"], one["reason"], one["contact"]) for one in found["found"]}


def test_each_contact_is_judged_by_the_settings_and_nothing_is_stored(box: Mailbox, syncd: Program) -> None:
    assert told(syncd, "morel") == {"Claire Morel": ("new", "no sync has read it yet", None)}
    before = syncd.whole()
    assert told(syncd, "KANÁRIE") == {
        "Wanda Kanarie": ("left out", "its folder is one of exclude_folders", None),
        "Cousin Kanarie": ("left out", "its category  familie is one of exclude_categories", None),
    }
    assert syncd.whole() == before == []
    if syncd.url.startswith("sqlite"):
        assert b"anarie" not in outlook.bytes_of(syncd)
    syncd("sync", code=1)
    number = contacts(syncd)["Claire Morel"]["id"]
    assert told(syncd, "claire.morel@") == {"Claire Morel": ("here", "", number)}
    assert f"contact {number} → syncd why contacts {number}" in syncd("why", "--outlook", ANNA, "brasserie")
    syncd("delete", "contacts", number)
    assert told(syncd, "Rhin")["Claire Morel"][0] == "held"


def test_what_is_to_leave_and_what_waits_is_told(box: Mailbox, syncd: Program) -> None:
    item = person(box, "Jana Keller", "Keller AG")
    syncd("sync", code=1)
    number = contacts(syncd)["Jana Keller"]["id"]
    box.edit(item.immutable, categories=["Familie"])
    state, reason, contact = told(syncd, "keller")["Jana Keller"]
    assert (state, contact) == ("left out", number) and "the next sync lets its contact here go" in reason
    person(box, "Karl Neu", "Neu GmbH")
    syncd("sync", "--dry-run")
    assert told(syncd, "karl")["Karl Neu"][0] == "waiting"


def test_a_contact_that_cannot_be_taken_says_why(box: Mailbox, syncd: Program) -> None:
    person(box, "Zu Lang", "Lange AG", personalNotes="NUL \0 in it")
    found = told(syncd, "lang")
    assert found["Zu Lang"][0] == "refused" and "personalNotes" in found["Zu Lang"][1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--outlook", ANNA, "Nobody Known"), 1, "SY-M15"),
        (("--outlook", "nobody@norrvik.example", "x"), 1, "SY-M12"),
        (("--outlook", ANNA), 2, "Missing argument 'TEXT'"),
        (("--outlook", ANNA, "claire", "morel"), 2, "quotes"),
        (("--outlook", ANNA, "claire", "--history"), 2, "--history"),
        (("contacts",), 2, "Missing argument 'ID|E-MAIL|NAME'"),
        ((), 2, "Missing argument 'MODULE'"),
        (("people", "1"), 2, "there is no module 'people'"),
    ],
)
def test_what_cannot_be_asked_is_named(syncd: Program, words: tuple[str, ...], code: int, said: str) -> None:
    syncd("why", *words, code=code)
    assert said in syncd.errors
