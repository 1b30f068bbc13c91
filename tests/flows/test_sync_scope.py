"""What may come in: folders, categories, fields; and that nothing of the rest is kept anywhere, nor secrets in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        box = made.mailbox(ANNA)
        for path in ("Kunden", "Kunden/Nord", "Privates"):
            box.add_folder(path.rpartition("/")[2], path.rpartition("/")[0] or "contacts")
        person(box, "Ohne Ordner", "Keller AG")
        person(box, "Im Kundenordner", folder="Kunden", categories=["VIP"])
        person(box, "Ganz Nord", folder="Kunden/Nord", categories=["Kunde", " vip "])
        person(box, "Wanda Kanarie", "Kanarienzucht GmbH", "Privates", categories=["Familie"])
        person(made.mailbox(EINKAUF), "Bei Einkauf")
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


ALL = {"Ohne Ordner", "Im Kundenordner", "Ganz Nord", "Wanda Kanarie", "Bei Einkauf"}


@pytest.mark.parametrize(
    ("sync", "more", "left"),
    [
        ('exclude_folders = ["privates"]', "", {"Wanda Kanarie"}),
        ('folders = ["Kunden"]', "", ALL - {"Im Kundenordner", "Ganz Nord"}),
        ('folders = ["Kunden/Nord"]', "", ALL - {"Ganz Nord"}),
        ('exclude_categories = ["FAMILIE "]', "", {"Wanda Kanarie"}),
        ('categories = ["Vip"]', "", ALL - {"Im Kundenordner", "Ganz Nord"}),
        ('categories = ["Kunde"]\nexclude_categories = ["VIP"]', "", ALL),
        ("", f'[[mailbox]]\naddress = "{ANNA}"\nfolders = ["Nord"]', ALL - {"Ganz Nord", "Bei Einkauf"}),
        ("", f'[[mailbox]]\naddress = "{ANNA}"\ncategories = ["Familie"]', ALL - {"Wanda Kanarie", "Bei Einkauf"}),
    ],
)
def test_the_settings_say_what_comes_in(
    sync: str, more: str, left: set[str], tmp_path: Path, sqlite: str, simulator: Simulator
) -> None:
    syncd = office(tmp_path, sqlite, simulator, sync, more)
    run = syncd.json("sync")
    assert set(contacts(syncd)) == ALL - left
    if "categories" in sync:
        assert run["counts"]["excluded"] == len(left)


def test_what_a_mailbox_brings_belongs_to_its_owner(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = office(tmp_path, sqlite, simulator, "", f'[[mailbox]]\naddress = "{ANNA}"\nowner = "a.weber"')
    syncd("sync")
    owners = {name: c["owner"] for name, c in contacts(syncd).items()}
    assert owners["Ohne Ordner"] == "a.weber" and owners["Bei Einkauf"] is None
    assert {a["owner"] for a in syncd.json("list", "accounts")} == {"a.weber"}


def test_only_allowed_fields_come_in(tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox) -> None:
    person(box, "Viele Felder", "Solis AG", jobTitle="Leitung", mobilePhone="+49 171 3920001")
    syncd = office(tmp_path, sqlite, simulator, 'fields = ["last_name", "first_name", "email", "title"]')
    syncd("sync")
    found = contacts(syncd)["Viele Felder"]
    assert (found["title"], found["mobile"], found["account"]) == ("Leitung", None, None)
    assert outlook.accounts(syncd) == [] and b"3920001" not in outlook.bytes_of(syncd)
    wider = office(tmp_path, sqlite, simulator, "")
    wider("sync")
    assert contacts(wider)["Viele Felder"]["mobile"] == "+49 171 3920001"


def test_a_folder_by_name_and_those_below(tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox) -> None:
    syncd = office(tmp_path, sqlite, simulator)
    syncd("sync", ANNA, "--folder", "kunden")
    assert set(contacts(syncd)) == {"Im Kundenordner", "Ganz Nord"}
    box.move(next(str(r["id"]) for r in box.truth() if r["surname"] == "Nord"), "contacts")
    syncd("sync", ANNA, "--folder", "Kunden")
    assert set(contacts(syncd)) == {"Im Kundenordner", "Ganz Nord"}
    unknown = syncd.json("sync", "--folder", "Kundne", code=1)
    assert outlook.codes(unknown) == ["SY-M14", "SY-M14"]
    assert syncd.json("sync", "--folder", "Kunden")["state"] == "done"
    syncd("sync")
    assert set(contacts(syncd)) == ALL


def test_nothing_of_a_left_out_contact_is_kept(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    syncd = office(tmp_path, sqlite, simulator, 'exclude_categories = ["Familie"]', '[log]\nlevel = "debug"')
    key = next(str(r["id"]) for r in box.truth() if r["surname"] == "Kanarie")
    for command in (["sync"], ["sync", "--full"], ["sync", "--dry-run"]):
        run = syncd.json(*command)
        assert outlook.counts(run)["excluded"] == 1
        kept = outlook.bytes_of(syncd) + syncd.errors.encode() + caplog.text.encode()
        for canary in (b"anarie", b"Wanda", key.encode(), box.item(key).default.encode()):  # type: ignore[union-attr]
            assert canary not in kept
        box.edit(key, jobTitle="Kanarienvogel")


def test_what_left_scope_is_gone_from_the_disk(tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'exclude_categories = ["Geheim"]')
    syncd("sync")
    key = next(str(r["id"]) for r in box.truth() if r["surname"] == "Kanarie")
    assert b"anarie" in outlook.bytes_of(syncd)
    box.edit(key, categories=["geheim"])
    syncd("sync")
    kept = outlook.bytes_of(syncd)
    assert b"anarie" not in kept and key.encode() not in kept


def test_no_secret_token_link_or_person_is_logged(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    syncd = office(tmp_path, sqlite, simulator, "", '[log]\nlevel = "debug"')
    simulator.faults.add("unauthorized", "delta", at=2)
    simulator.faults.add("unavailable", "delta", at=4, retry_after=0)
    simulator.faults.add("gone", "delta", at=6)
    syncd("sync")
    box.delete(str(box.truth()[0]["id"]))
    syncd("sync")
    logged = caplog.text + syncd.errors
    secret = simulator.app.secrets[0].value
    for canary in (secret, "eyJ", "deltatoken=", "skiptoken=", "Kanarie", "kanarie.example", "Bearer "):
        assert canary not in logged
    assert "Graph answered 503" in logged and "Graph answered 410" in logged


def test_a_wrong_secret_is_not_shown(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    wrong = "Wrong~Secret.Value-123"
    syncd: Program = office(tmp_path, sqlite, simulator, "", '[log]\nlevel = "debug"', client_secret=wrong)
    out = syncd("sync", code=78)
    assert wrong not in out + syncd.errors


def test_what_left_the_scope_cannot_be_restored(
    tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox
) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'exclude_categories = ["Privat"]')
    syncd("sync")
    gone = contacts(syncd)["Ohne Ordner"]["id"]
    box.edit(next(i for i in box.default.items if i.props["surname"] == "Ordner").immutable, categories=["Privat"])
    syncd("sync")
    before = syncd.whole(ledger=True)
    assert syncd.json("restore", "contacts", gone, code=1)["error"]["code"] == "SY-E11"
    assert syncd.whole(ledger=True) == before
