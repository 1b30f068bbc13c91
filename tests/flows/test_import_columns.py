"""What becomes of the columns of other programs: nothing of a row is lost, and an address reads as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str) -> Program:
    return Program(tmp_path, sqlite)


def imported(syncd: Program, module: str, *rows: str) -> list[dict[str, Any]]:
    """What is stored after a file of these rows, blank fields left out."""
    syncd("import", syncd.file("file.csv", *rows), "--module", module)
    records = syncd.json("export", module)
    return [{name: value for name, value in record.items() if value and name != "id"} for record in records]


@pytest.mark.parametrize(
    ("row", "street"),
    [
        ("Weber,Am Markt 3,Am Markt 3,Haus B,", "Am Markt 3\nHaus B"),
        ("Weber,,Am Markt 3,Haus B,2. Stock", "Am Markt 3\nHaus B\n2. Stock"),
        ("Weber,Am Markt 3,,,", "Am Markt 3"),
    ],
)
def test_a_street_that_stands_whole_and_in_lines_is_one(syncd: Program, row: str, street: str) -> None:
    header = "Last Name,Mailing Street,Mailing Address Line1,Mailing Address Line2,Mailing Address Line3"
    assert imported(syncd, "contacts", header, row) == [{"last_name": "Weber", "mailing_street": street}]


def test_lines_alone_make_the_street(syncd: Program) -> None:
    rows = ("Account Name,Type,Billing Address Line1,Billing Address Line2,Billing City", "Solis AG,,Weg 1,Haus B,Bonn")
    assert imported(syncd, "accounts", *rows) == [
        {"name": "Solis AG", "billing_street": "Weg 1\nHaus B", "billing_city": "Bonn"}
    ]


@pytest.mark.parametrize(
    ("rows", "street"),
    [
        (("Nachname;Straße;Hausnummer;Ort", "Weber;Am Markt;12 a;Bonn"), "Am Markt 12 a"),
        (("Last Name,House Number,Street", "Weber,12,Market Street"), "12 Market Street"),
        (("Achternaam;Straat;Huisnummer;Toevoeging", "Weber;Kerkstraat;12-14;A"), "Kerkstraat 12-14 A"),
        (("Last Name,Address 1,Address 2", "Weber,Market Street 12,3"), "Market Street 12\n3"),
    ],
)
def test_a_house_number_stands_beside_its_street(syncd: Program, rows: tuple[str, ...], street: str) -> None:
    assert imported(syncd, "leads", *rows)[0]["street"] == street


def test_a_post_box_and_a_messenger_of_google_are_kept(syncd: Program) -> None:
    parts = ("Street", "City", "PO Box", "Extended Address")
    header = ["First Name", "Last Name", "IM 1 - Type", "IM 1 - Service", "IM 1 - Value", "Address 1 - Label"]
    rows = [
        ",".join((*header, *(f"Address 1 - {part}" for part in parts))),
        "Anna,Weber,Home,Skype,anna.w,Work,,Bonn,PF 12,",
        "Jan,Klein,,,jan.k,Home,Weg 1,Bonn,PF 9,Haus B",
    ]
    anna, jan = imported(syncd, "contacts", *rows)
    assert (anna["mailing_street"], anna["im"]) == ("PF 12", "Skype: anna.w")
    assert (jan["home_street"], jan["im"]) == ("Weg 1\nHaus B\nPF 9", "jan.k")


def test_a_column_may_be_named_as_a_whole_name(syncd: Program) -> None:
    path = syncd.file("file.csv", "Wer,Email", "Dr. Anna Weber,anna@solis.example")
    syncd("import", path, "--map", "Wer=full_name", "--module", "contacts")
    record = syncd.json("export", "contacts")[0]
    assert (record["salutation"], record["first_name"], record["last_name"]) == ("Dr.", "Anna", "Weber")
    wrong = syncd.json("import", path, "--map", "Wer=full_name", "--module", "accounts", code=1)
    assert wrong["error"]["code"] == "SY-F40"
