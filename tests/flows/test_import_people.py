"""Which stored lead a row of a file means: names as people write them, companies by their legal form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.program import Program

HEADER = "First Name,Last Name,Company,Email"


@pytest.mark.parametrize(
    ("stored", "row", "counted"),
    [
        ("Ann,Berg,Solis GmbH,", "Ann,Berg,Solis,", "duplicate"),
        ("Ann,Berg,Solis,", "Ann,Berg,Solis AG,ann@solis.example", "duplicate"),
        ("Ann,Berg,Solis GmbH,", "Ann,Berg,Solis AG,", "created"),
        ("Ann,Berg,Solis GmbH,", "Ann,Berg,Solis AG,ann@solis.example", "created"),
        ("Ann,Berg,Solis GmbH,ann@solis.example", "Ann,Berg,Solis AG,ann@solis.example", "duplicate"),
        ("Jürgen,Möller,,jm@solis.example", "Juergen,Moeller,,jm@solis.example", "duplicate"),
        ("Jürgen,Möller,,info@solis.example", "Klaus,Möller,,info@solis.example", "created"),
    ],
)
def test_a_row_means_the_same_person_or_another(
    tmp_path: Path, database: str, stored: str, row: str, counted: str
) -> None:
    syncd = Program(tmp_path, database)
    syncd("import", syncd.file("first.csv", HEADER, stored))
    for number, options in enumerate(([], ["--on-duplicate", "overwrite"])):
        plan = syncd.json("import", "--dry-run", syncd.file(f"{number}.csv", HEADER, row, ",,,"), *options)["runs"][0]
        told = plan["counts"]["created"] == 1
        assert told == (counted == "created"), plan


def test_of_two_forms_each_row_finds_its_own(tmp_path: Path, database: str) -> None:
    syncd = Program(tmp_path, database)
    rows = ["Ann,Berg,Solis GmbH,", "Ann,Berg,Solis AG,", "Ann,Berg,Solis AG,", "Ann,Berg,Solis GmbH,"]
    counts = syncd.json("import", syncd.file("leads.csv", HEADER, *rows))["runs"][0]["counts"]
    assert (counts["created"], counts["duplicate"]) == (2, 2)
