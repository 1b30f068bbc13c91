"""What of a file as a whole is not as its sender may think: sheets that are not read, columns to match on that are missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from syncd.settings import load
from syncd.wiring import Wiring
from tests.flows.program import Program

HEADER = ("Last Name", "Company", "Email")
ANNA, BO, CIA = (
    ("Weber", "Solis AG", "weber@solis.example"),
    ("Bo", "Bo AB", "bo@bo.example"),
    ("Cia", "Cia SA", "c@c.example"),
)
Sheets = dict[str, Sequence[Sequence[Any]]]
BOTH: Sheets = {"Besucher": (HEADER, ANNA, BO), "Info": (("Stand", 12),), "Nachtrag": (HEADER, CIA), "Leer": ()}


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    (tmp_path / "inbox").mkdir()
    return Program(tmp_path, database, f'[inbox]\nfolder = "{tmp_path}/inbox"\nsettle = 0\n')


def xlsx(path: Path, sheets: Sheets) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    hidden = book.create_sheet("Werte")
    hidden.append(["ja", "nein"])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def xls(path: Path, sheets: Sheets) -> Path:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for place, row in enumerate(rows):
            for cell, value in enumerate(row):
                sheet.write(place, cell, value)
    book.save(str(path))
    return path


def codes(run: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in run["problems"]]


def look(syncd: Program, name: str) -> dict[str, Any]:
    """One look through the folder; the report of a file."""
    wiring = Wiring(load(syncd.config, {}))
    watch = wiring.watch()
    assert watch is not None
    watch.look()
    wiring.close()
    return dict(json.loads((syncd.folder / f"inbox/done/{name}.report.json").read_bytes()))


@pytest.mark.parametrize("make", [xlsx, xls])
def test_sheets_that_are_not_read_are_named_and_can_be_read(syncd: Program, make: Any) -> None:
    path = make(syncd.folder / "fair.book", BOTH)
    run = syncd.json("import", path)["runs"][0]
    told = run["problems"]
    assert codes(run) == ["SY-F45"] and '"Besucher"' in told[0]["what"] and "--sheet" in told[0]["do"]
    assert '"Info", "Nachtrag"' in told[0]["why"] and "Leer" not in told[0]["why"] and "Werte" not in told[0]["why"]
    again = syncd.json("import", path)["runs"][0]
    assert again["repeat_of"] == 1 == syncd.json("import", path, "--sheet", "besucher")["runs"][0]["repeat_of"]
    other = syncd.json("import", path, "--sheet", "Nachtrag")["runs"][0]
    assert (other["repeat_of"], other["counts"]["created"], codes(other)) == (None, 1, [])
    assert [lead["last_name"] for lead in syncd.json("list", "leads")] == ["Weber", "Bo", "Cia"]
    assert syncd.json("import", path, "--sheet", "Nachtrag")["runs"][0]["repeat_of"] == other["id"]
    syncd("undo", 1)
    assert syncd.json("import", path, "--sheet", "Nachtrag")["runs"][0]["repeat_of"] == other["id"]
    assert syncd.json("import", path)["runs"][0]["counts"]["created"] == 2


def test_each_sheet_of_a_workbook_has_its_own_plan(syncd: Program) -> None:
    path = xlsx(syncd.folder / "fair.xlsx", BOTH)
    plan = syncd.json("import", path, "--dry-run")["runs"][0]
    assert codes(plan) == ["SY-F45"]
    syncd("import", path, "--sheet", "Nachtrag")
    assert codes(syncd.json("apply", plan["id"])) == ["SY-F45"] and len(syncd.json("list", "leads")) == 3
    assert syncd.json("import", path, "--dry-run")["runs"][0]["repeat_of"] == plan["id"]


def test_rejects_of_a_second_sheet_leave_those_of_the_first(syncd: Program) -> None:
    bad = ("Bad", "X", "no address")
    path = xlsx(syncd.folder / "fair.xlsx", {"A": (HEADER, bad), "B": (HEADER, ("Worse", *bad[1:]), ANNA)})
    for sheet, name in (("A", "fair.xlsx.rejects.csv"), ("B", "fair.xlsx.2.rejects.csv")):
        run = syncd.json("import", path, "--sheet", sheet, code=1)["runs"][0]
        assert run["rejects"] == str(syncd.folder / name)
    assert "Bad" in (syncd.folder / "fair.xlsx.rejects.csv").read_text("utf-8")
    syncd("undo", 2)
    syncd("undo", 1)
    assert syncd.json("import", path, code=1)["runs"][0]["rejects"] == str(syncd.folder / "fair.xlsx.rejects.csv")


def test_in_the_folder_they_are_named_in_the_report(syncd: Program) -> None:
    xlsx(syncd.folder / "inbox/fair.xlsx", {"Leer": (HEADER,), "Nachtrag": (("Stand", 12),)})
    report = look(syncd, "fair.xlsx")
    assert codes(report) == ["SY-F45"] and not any(report["counts"].values())
    assert "SY-F45" in syncd("runs", report["run"])


def test_one_list_alone_is_no_matter(syncd: Program) -> None:
    path = xlsx(syncd.folder / "fair.xlsx", {"Besucher": (HEADER, ANNA), "Leer": ()})
    assert syncd.json("import", path)["runs"][0]["problems"] == []


def test_a_field_to_match_on_that_no_column_fills_refuses_the_file_where_it_was_asked_for(syncd: Program) -> None:
    path = syncd.file("leads.csv", ",".join(HEADER), ",".join(ANNA))
    for command in ((path,), (path, "--dry-run")):
        run = syncd.json("import", *command, "--match-on", "phone", "--match-on", "email", code=1)["runs"][0]
        assert (run["state"], codes(run)) == ("failed", ["SY-F46"])
        assert '"phone"' in run["problems"][0]["what"] and "email" not in run["problems"][0]["what"]
    assert syncd.whole() == []
    told = (("--set", "phone=+49 1", "--match-on", "phone"), ("--map", "Company=phone", "--match-on", "phone"))
    for wish in (*told, ("--match-on", "phone", "--on-duplicate", "clone"), ("--match-on", "last_name")):
        assert "SY-F46" not in codes(syncd.json("import", path, *wish, "--dry-run")["runs"][0])


def test_in_the_settings_it_is_told_in_the_report(tmp_path: Path, sqlite: str) -> None:
    (tmp_path / "inbox").mkdir()
    extra = f'[inbox]\nfolder = "{tmp_path}/inbox"\nsettle = 0\nmatch_on = ["phone"]\n'
    syncd = Program(tmp_path, sqlite, extra)
    syncd.file("inbox/leads.csv", ",".join(HEADER), ",".join(ANNA), ",".join(ANNA))
    report = look(syncd, "leads.csv")
    assert codes(report) == ["SY-F46"] and report["counts"]["created"] == 2
    assert codes(syncd.json("import", syncd.file("more.csv", ",".join(HEADER), ",".join(BO)))["runs"][0]) == ["SY-F46"]


@pytest.mark.parametrize(
    ("header", "row", "field"),
    [
        ("Name,Company", "Anna Weber,Solis AG", "first_name"),
        ("Company,Email", "Solis AG,weber@solis.example", "last_name"),
        ("Name,E-mail 1 - Label,E-mail 1 - Value", "Anna Weber,* Work,weber@solis.example", "email"),
        ("Name,Phone 1 - Label,Phone 1 - Value", "Anna Weber,Mobile,+49 30 1234567", "mobile"),
        ("Name,Address 1 - Label,Address 1 - City", "Anna Weber,Work,Bonn", "city"),
    ],
)
def test_fields_that_are_filled_row_by_row_may_be_matched_on(
    tmp_path: Path, sqlite: str, header: str, row: str, field: str
) -> None:
    syncd = Program(tmp_path, sqlite)
    path = syncd.file("leads.csv", header, row, row)
    counts = syncd.json("import", path, "--match-on", field)["runs"][0]["counts"]
    assert (counts["created"], counts["duplicate"]) == (1, 1)
