"""Exports: standard names, files that import takes back, and the canonical form."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from syncd.crm import canonical
from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def filled(syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik AB", "account_site=Luleå")
    syncd("create", "contacts", "last_name=Weber", "first_name=Anna", "account_id=1", "phone=+46 8 123 456 78")
    syncd("create", "contacts", "last_name==HYPERLINK(1)", "description=line one\nline two", "extra.Badge=A-7")


def test_json_holds_every_row_with_standard_names(syncd: Program) -> None:
    filled(syncd)
    found = json.loads(syncd("export", "contacts", "--format", "json"))
    assert [one["id"] for one in found] == [1, 2]
    assert (found[0]["account"], found[0]["account_id"], found[0]["email"]) == ("Norrvik AB", 1, None)
    assert found == syncd.json("list", "contacts")


def test_csv_defuses_formulas_and_keeps_line_breaks(syncd: Program) -> None:
    filled(syncd)
    text = syncd("export", "contacts", "--format", "csv")
    assert text.startswith("\ufeffid,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0]["account"] == "Norrvik AB" and rows[0]["account_id"] == "1"
    assert rows[0]["phone"] == "'+46 8 123 456 78"
    assert rows[1]["last_name"] == "'=HYPERLINK(1)" and rows[1]["extra.Badge"] == "A-7"
    assert rows[1]["description"].splitlines() == ["line one", "line two"]


def test_a_workbook_holds_no_formula(syncd: Program) -> None:
    filled(syncd)
    target = syncd.folder / "contacts.xlsx"
    assert syncd.json("export", "contacts", "-o", target) == {"file": str(target), "format": "xlsx"}
    sheet = openpyxl.load_workbook(target)["contacts"]
    header = [cell.value for cell in sheet[1]]
    assert header[:4] == ["id", "salutation", "first_name", "last_name"]
    cell = sheet.cell(3, header.index("last_name") + 1)
    assert (cell.value, cell.data_type) == ("'=HYPERLINK(1)", "s")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json"])
def test_import_takes_back_what_export_wrote(syncd: Program, ending: str) -> None:
    for values in (
        ["last_name=Weber", "first_name=Anna", "company=Norrvik AB", "phone=+46 8 123 456 78", "annual_revenue=-12.50"],
        [
            "last_name==1+1",
            "email=a@x.example",
            "email_opt_out=yes",
            "extra.Badge=7",
            "fax=#N/A",
            "extra.Note=#REF!",
            "description=one\r\ntwo\v _x000D_",
        ],
        ["last_name='=quoted", "employees=12", "lead_source=Messe"],
    ):
        syncd("create", "leads", *values)
    before = syncd.whole()
    target = syncd.folder / f"out.{ending}"
    syncd("export", "leads", "-o", target)
    for lead in (1, 2, 3):
        syncd("delete", "leads", lead)
    run = syncd.json("import", target)["runs"][0]
    assert (run["counts"]["created"], run["counts"]["refused"]) == (3, 0)
    assert syncd.whole() == before


def test_json_comes_back_to_the_character_with_its_links(syncd: Program) -> None:
    filled(syncd)
    syncd(
        "create", "contacts", "last_name='=x", "first_name=\u05e9\u05dc", "description=a\r\n\x0bb", "account=Norrvik AB"
    )
    syncd("create", "contacts", "last_name=X", "email_opt_out=no", "date_of_birth=9999-12-31", "mailing_zip=00123")
    before = syncd.whole()
    target = syncd.folder / "contacts.json"
    syncd("export", "contacts", "-o", target)
    for number in range(1, 5):
        syncd("delete", "contacts", number)
    syncd("import", target, "--module", "contacts")
    assert syncd.whole() == before


def test_a_json_list_is_read_to_where_it_breaks_off(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    assert syncd.json("import", syncd.file("none.json", "[]"))["runs"][0]["counts"]["created"] == 0
    odd = syncd.file(
        "odd.json", '[{"last_name": "A", "employees": 1' + "0" * 30 + "}, 7, [1],", '{"company": "\\ud800"},'
    )
    run = syncd.json("import", odd, code=1)["runs"][0]
    assert (run["state"], run["problems"][0]["code"]) == ("failed", "SY-F35")
    assert "line 3" in run["problems"][0]["why"]
    for name, text in (("one.json", '{"last_name": "A"}'), ("lines.jsonl", '{"last_name": "A"}\n{"last_name": "B"}')):
        run = syncd.json("import", syncd.file(name, text), code=1)["runs"][0]
        assert (run["state"], run["problems"][0]["code"]) == ("failed", "SY-F35")
    whole = syncd.file("whole.json", odd.read_text(encoding="utf-8"), '{"last_name": "B", "tags": ["x", {"y": null}]}]')
    run = syncd.json("import", whole, code=1)["runs"][0]
    assert [p["line"] for p in run["problems"]] == [2, 3, 4, 5] and run["counts"]["created"] == 1
    assert syncd.json("list", "leads")[0]["extra"] == {"tags": '["x", {"y": null}]'}
    for name, text in (("deep", "[" * 100_000), ("tail", '[{"last_name": "C"}] x'), ("comma", '[{"last_name": "D"},]')):
        run = syncd.json("import", syncd.file(f"{name}.json", text), code=1)["runs"][0]
        assert run["state"] == "failed", name
    assert len(syncd.json("list", "leads")) == 1


def test_canonical_tells_links_by_name_and_holds_no_id(syncd: Program) -> None:
    filled(syncd)
    lines = [json.loads(line) for line in syncd.whole()]
    assert {"account_site": "Luleå", "module": "accounts", "name": "Norrvik AB"} in lines
    weber = next(line for line in lines if line.get("last_name") == "Weber")
    assert weber["account"] == {"account_site": "Luleå", "name": "Norrvik AB"}
    assert not any("id" in line or "version" in line for line in lines)


def test_equal_stores_print_equal_bytes_however_they_came_about(
    syncd: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other_folder = tmp_path_factory.mktemp("other")
    other = Program(other_folder, f"sqlite:///{other_folder / 'other.db'}")
    filled(syncd)
    other("create", "contacts", "last_name==HYPERLINK(1)", "extra.Badge=A-7")
    other("create", "accounts", "name=Norrvik AB")
    other("create", "contacts", "last_name=Weber", "first_name=Anna", "account=Norrvik AB")
    assert other.whole() != syncd.whole()
    other("edit", "accounts", 1, "account_site=Luleå")
    other("edit", "contacts", 1, "description=line one\nline two")
    other("edit", "contacts", 2, "phone=+46 8 123 456 78")
    assert other.whole() == syncd.whole()
    assert other.whole(ledger=True) != syncd.whole(ledger=True)


def test_lines_are_sorted_by_code_point(syncd: Program) -> None:
    for name in ("Zeta", "ähnlich", "alpha", "\U0001f600", "\uffee"):
        syncd("create", "accounts", f"name={name}")
    lines = syncd.whole()
    assert lines == sorted(lines)
    assert [json.loads(line)["name"] for line in lines] == ["Zeta", "alpha", "ähnlich", "\uffee", "\U0001f600"]


def test_many_lines_are_sorted_in_parts() -> None:
    lines = [f"{n * 7919 % 1000:04}" for n in range(1000)]
    assert list(canonical.ordered(lines, size=64)) == sorted(lines)
    assert list(canonical.ordered(lines, size=1000)) == sorted(lines)
    assert list(canonical.ordered([], size=64)) == []


def test_the_ledger_tells_every_change_without_ids(syncd: Program) -> None:
    filled(syncd)
    syncd("delete", "accounts", 1)
    lines = [json.loads(line) for line in syncd.whole(ledger=True)]
    changes = [line for line in lines if "ledger" in line]
    account = {"account_site": "Luleå", "name": "Norrvik AB"}
    unlinked = next(line for line in changes if line["reason"].startswith("unlinked"))
    assert unlinked["delta"] == {"account": [account, None]} and unlinked["reason"] == "unlinked|deleted=#"
    assert [line["change"] for line in changes if line["record"] == account] == [1, 2]
    runs = [line for line in lines if isinstance(line.get("run"), str)]
    assert [line["counts"] for line in runs].count({"created": 1}) == 3


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    filled(syncd)
    target = tmp_path / "out.xlsx"
    target.write_bytes(b"older")
    syncd("create", "leads", "last_name=W", "extra.Long=" + "x" * 40_000)
    assert syncd.json("export", "leads", "--format", "xlsx", "-o", target, code=1)["error"]["code"] == "SY-Q04"
    assert target.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir() if "out.xlsx" in path.name] == ["out.xlsx"]
    missing = tmp_path / "none" / "out.csv"
    assert syncd.json("export", "leads", "--format", "csv", "-o", missing, code=1)["error"]["code"] == "SY-Q03"


@pytest.mark.parametrize(
    "line",
    [
        ["all"],
        ["leads", "--canonical"],
        ["leads", "--with-ledger"],
        ["shoes"],
        ["all", "--canonical", "--format", "csv"],
        ["leads", "--format", "csv", "--json"],
        ["all", "--canonical", "--json"],
    ],
)
def test_what_does_not_go_together_is_a_usage_error(tmp_path: Path, sqlite: str, line: list[str]) -> None:
    assert Program(tmp_path, sqlite)("export", *line, code=2) == ""
