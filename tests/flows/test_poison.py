"""Poison: what no database can hold is refused one by one, on both databases and through every door; the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from syncd.simulator.app import Simulator
from syncd.sync.mapping.shape import TEXT_LIMIT
from tests.faults.yard import toml
from tests.flows.program import Program

HEADER = "Last Name,Company,Email,Annual Revenue,No of Employees,Note"
GOOD = "{0},{0} AB,{0}@firm.example,1000,10,fine"
LONG = "x" * 200_000
POISON = {
    "nul": "Nul\0l,Nul AB,nul@firm.example,1,1,a",
    "surrogate": "Sur,Sur AB,sur@firm.example,1,1,a\ud800b",
    "digits": "Digits,Digits AB,digits@firm.example,1,1234567890123456789012345,a",
    "exponent": "Exponent,Exponent AB,exponent@firm.example,1e30,1,a",
    "long": f"Long,Long AB,long@firm.example,1,1,{LONG}",
}


def poisoned(folder: Path) -> Path:
    """A file whose every second row is poison; its last one opens a quote that never closes."""
    rows = [HEADER, GOOD.format("First")]
    for name, row in POISON.items():
        rows += [row, GOOD.format(f"After{name}")]
    rows += ['Quote,"Quote AB,quote@firm.example,1,1,a', GOOD.format("Last")]
    path = folder / "poison.csv"
    path.write_bytes("\n".join(rows).encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize("chunk", [1, 2, 5000])
def test_a_file_of_poison(tmp_path: Path, database: str, chunk: int) -> None:
    syncd = Program(tmp_path, database)
    run = syncd.json("import", poisoned(tmp_path), "--encoding", "utf-8", "--chunk", chunk, code=1)["runs"][0]
    names = {lead["last_name"] for lead in syncd.json("list", "leads")}
    good = {"First", "Last"} | {f"After{name}" for name in POISON}
    counts = run["counts"]
    assert run["state"] == "done" and good <= names
    assert names - good <= {"Sur"}
    assert counts["created"] == len(names) and counts["created"] + counts["refused"] == len(good) + len(POISON) + 1
    refused = {problem["line"] for problem in run["problems"] if "was refused" in problem["what"]}
    assert len(refused) == counts["refused"] >= len(POISON)


def test_a_workbook_of_poison(tmp_path: Path, database: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.split(","))
    sheet.append(["First", "First AB", "first@firm.example", 1000, 10, "fine"])
    sheet.append(["Exponent", "Exponent AB", "exponent@firm.example", 1e30, 1, "a"])
    sheet.append(["Digits", "Digits AB", "digits@firm.example", 1, "1234567890123456789012345", "a"])
    sheet.append(["Last", "Last AB", "last@firm.example", 1000, 10, "fine"])
    path = tmp_path / "poison.xlsx"
    book.save(path)
    syncd = Program(tmp_path, database)
    run = syncd.json("import", path, code=1)["runs"][0]
    assert (run["counts"]["created"], run["counts"]["refused"]) == (2, 2)
    assert {lead["last_name"] for lead in syncd.json("list", "leads")} == {"First", "Last"}


def test_a_header_of_poison(tmp_path: Path, database: str) -> None:
    path = tmp_path / "header.csv"
    path.write_bytes(b"Last Name,Odd\xff\xfe,N\0l,Email\nBerg,a,b,berg@firm.example\n")
    syncd = Program(tmp_path, database)
    run = syncd.json("import", path, "--encoding", "utf-8")["runs"][0]
    assert run["state"] == "done" and run["counts"]["created"] == 1
    assert len(syncd.whole(ledger=True)) == 3


@pytest.mark.parametrize(
    "value",
    [
        "last_name=Nu\0l",
        "employees=1234567890123456789012345",
        "annual_revenue=1e30",
        f"description={LONG}",
    ],
    ids=["nul", "digits", "exponent", "long"],
)
def test_a_form_of_poison_is_refused(tmp_path: Path, database: str, value: str) -> None:
    syncd = Program(tmp_path, database)
    given = {"last_name": "Berg"} | dict([value.split("=", 1)])
    error = syncd.json("create", "leads", *(f"{name}={text}" for name, text in given.items()), code=1)["error"]
    assert error["code"].startswith("SY-E") and error["do"]
    assert syncd.json("list", "leads") == [] and syncd.json("runs") == []


def test_a_form_that_is_no_text_is_a_wrong_call(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    assert syncd("create", "leads", "last_name=Sur\ud800", code=2) == ""
    assert syncd.json("runs") == []


def test_contacts_of_poison_cost_themselves(tmp_path: Path, database: str) -> None:
    with Simulator(1, 0) as simulator:
        box = simulator.mailbox(simulator.addresses[0])
        _filled(box.add)
        syncd = Program(tmp_path, database, toml(graph=simulator.settings()))
        run = syncd.json("sync", code=1)
        names = {contact["last_name"] for contact in syncd.json("list", "contacts")}
        assert names == {"Good0", "Good1", "Good2", "Good3"}
        assert (run["counts"]["created"], run["counts"]["refused"]) == (4, 3)
        again = syncd.json("sync", code=0)
        assert again["counts"]["created"] == again["counts"]["updated"] == 0


def _filled(add: Callable[..., object]) -> None:
    notes = ["a\0b", "a\ud800b", "x" * (TEXT_LIMIT + 1)]
    for number, note in enumerate(notes):
        add(givenName="A", surname=f"Good{number}")
        add(givenName="B", surname=f"Bad{number}", personalNotes=note)
    add(givenName="A", surname=f"Good{len(notes)}")
