"""Why: each value's run, source and actor, what it replaced, and the reasons in plain words."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    made = Program(tmp_path, database, '[locale]\ntimezone = "Europe/Paris"\n')
    rows = ("First Name,Last Name,Company,Email,Phone", "Claire,Morel,BDR,claire@bdr.example,+33 3 88 22 14 10")
    made("import", made.file("SIRHA.csv", *rows))
    return made


def test_each_value_names_the_run_that_set_it(syncd: Program) -> None:
    edit = syncd.json("edit", "leads", 1, "phone=+33 3 88 22 14 77", "title=Directrice", "--reason", "by phone")["run"]
    found = syncd.json("why", "leads", 1)
    phone, email = found["fields"]["phone"], found["fields"]["email"]
    assert (phone["value"], phone["run"], phone["actor"], phone["why"]) == (
        "+33 3 88 22 14 77",
        edit,
        "tester",
        "by phone",
    )
    assert phone["replaced"] == "+33 3 88 22 14 10"
    assert (email["run"], email["source"], email["replaced"]) == (1, "SIRHA.csv, row 2", None)
    assert found["fields"]["title"]["replaced"] is None
    assert email["since"] == syncd.json("runs", 1)["started"]
    assert [r["reason"] for r in found["reasons"]] == ["new", "by-hand"]
    assert "fax" not in found["fields"]


def test_who_may_be_an_address_or_a_name(syncd: Program) -> None:
    for who in ("1", "claire@bdr.example", "CLAIRE@bdr.example", "Claire Morel", "claire morel"):
        assert syncd.json("why", "leads", who)["id"] == 1
    syncd("clone", "leads", 1)
    error = syncd.json("why", "leads", "Claire Morel", code=1)["error"]
    assert error["code"] == "SY-Q05" and "1, 2" in error["what"]
    assert syncd.json("why", "leads", "Nobody", code=1)["error"]["code"] == "SY-Q06"
    assert syncd.json("why", "leads", 99, code=1)["error"]["code"] == "SY-E07"


@pytest.mark.parametrize("who", ["Morel", "C. Morel", "claire@elsewhere.example"])
def test_a_part_of_a_name_is_not_told_of_and_the_hint_finds_it(syncd: Program, who: str) -> None:
    error = syncd.json("why", "leads", who, code=1)["error"]
    assert error["code"] == "SY-Q06" and "a name is taken whole" in error["why"]
    hint = error["do"].partition("syncd ")[2].partition(", ")[0]
    assert "Claire" in syncd(*shlex.split(hint))


def test_an_undone_edit_leaves_the_older_setter(syncd: Program) -> None:
    before = syncd.json("why", "leads", 1)
    edit = syncd.json("edit", "leads", 1, "phone=1", "fax=2")["run"]
    undo = syncd.json("undo", edit)["id"]
    assert syncd.json("why", "leads", 1) == before
    history = syncd.json("why", "leads", 1, "--history")["history"]
    assert [(one["run"], one["stands"]) for one in history] == [(undo, False), (edit, False), (1, True)]
    syncd("undo", undo)
    assert syncd.json("why", "leads", 1)["fields"]["phone"]["run"] == edit


def test_one_field_and_its_history(syncd: Program) -> None:
    syncd("edit", "leads", 1, "phone=1")
    syncd("edit", "leads", 1, "fax=2")
    found = syncd.json("why", "leads", 1, "--field", "phone", "--history")
    assert list(found["fields"]) == ["phone"]
    assert [change["after"] for one in found["history"] for change in one["changes"]] == ["1", "+33 3 88 22 14 10"]
    assert syncd.json("why", "leads", 1, "--field", "shoe", code=1)["error"]["code"] == "SY-E01"
    assert syncd.json("why", "leads", 1, "--field", "website", code=1)["error"]["code"] == "SY-Q07"


def test_an_emptied_field_tells_who_emptied_it(syncd: Program) -> None:
    edit = syncd.json("edit", "leads", 1, "phone=")["run"]
    phone = syncd.json("why", "leads", 1)["fields"]["phone"]
    assert (phone["value"], phone["run"], phone["replaced"]) == (None, edit, "+33 3 88 22 14 10")


def test_a_deleted_record_tells_by_whom(syncd: Program) -> None:
    run = syncd.json("delete", "leads", 1)["run"]
    text = syncd("why", "leads", 1)
    assert "deleted" in text.splitlines()[0] and f"run {run}" in text
    assert f"syncd undo {run} --only leads/1" in text


def test_the_text_is_laid_out_for_people(syncd: Program) -> None:
    run = syncd.json("edit", "leads", 1, "phone=+33 3 88 22 14 77", "--reason", "by phone")["run"]
    lines = syncd("why", "leads", 1).splitlines()
    assert lines[0] == "Claire Morel · lead 1"
    assert lines[2].startswith("LAST CHANGE") and f'run {run} · tester ("by phone")' in lines[2]
    assert " CET " in lines[2] or " CEST " in lines[2]
    assert "+33 3 88 22 14 10  →  +33 3 88 22 14 77" in lines[3]
    assert any(line.startswith("VALUES") for line in lines) and "WHY THIS RECORD" in lines
    assert "SIRHA.csv, row 2: created" in lines[-2]


def test_a_link_names_its_account(syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik AB")
    syncd("create", "accounts", "name=Solis AG")
    syncd("create", "contacts", "last_name=Weber", "account=Norrvik AB", "owner=a.keller")
    syncd("edit", "contacts", 1, "account=Solis AG")
    account = syncd.json("why", "contacts", "Weber")["fields"]["account"]
    assert (account["value"], account["replaced"]) == ("Solis AG", "Norrvik AB")
    assert syncd("why", "contacts", 1).splitlines()[0] == "Weber · contact 1 · Solis AG (account 2) · owner a.keller"
