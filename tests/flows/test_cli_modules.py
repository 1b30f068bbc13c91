"""Files of contacts and accounts: matching, links by name and id, and exports taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def taken(syncd: Program, module: str, *rows: str, options: tuple[str, ...] = (), code: int = 0) -> dict[str, Any]:
    name = f"{module}-{len(list(syncd.folder.glob('*.csv')))}.csv"
    made: dict[str, Any] = syncd.json("import", syncd.file(name, *rows), "--module", module, *options, code=code)[
        "runs"
    ][0]
    return made


def test_accounts_are_the_same_by_company_and_site(syncd: Program) -> None:
    rows = (
        "Account Name,Account Site,Phone",
        "Norrvik AB,,1",
        "NORRVIK,,2",
        "Norrvik AB,Luleå,3",
        "Müller GmbH,,4",
        "Müller AG,,5",
    )
    run = taken(syncd, "accounts", *rows)
    assert (run["counts"]["created"], run["counts"]["duplicate"]) == (4, 1)
    names = [(a["name"], a["account_site"]) for a in syncd.json("list", "accounts")]
    assert names == [("Norrvik AB", None), ("Norrvik AB", "Luleå"), ("Müller GmbH", None), ("Müller AG", None)]
    again = taken(syncd, "accounts", "Account Name,Phone", "Norrvik,9", options=("--on-duplicate", "overwrite"))
    assert again["counts"]["updated"] == 1
    assert syncd.json("show", "accounts", 1)["name"] == "Norrvik"
    syncd("undo", again["id"])
    syncd("undo", run["id"])
    assert syncd.whole() == []


def test_contacts_link_to_the_account_that_their_company_means(syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik AB")
    run = taken(
        syncd,
        "contacts",
        "First Name,Last Name,Company,Email",
        "Anna,Weber,Norrvik,anna@norrvik.example",
        "Anna,Weber,Norrvik AB,",
        "Bo,Berg,Nobody Ltd,bo@x.example",
        "A.,Weber,,anna@norrvik.example",
    )
    assert (run["counts"]["created"], run["counts"]["duplicate"]) == (2, 2)
    anna, bo = syncd.json("list", "contacts")
    assert (anna["account"], anna["account_id"]) == ("Norrvik AB", 1)
    assert bo["account"] is None and bo["extra"] == {"account": "Nobody Ltd"}
    assert [p["code"] for p in run["problems"]] == ["SY-L30"] and run["problems"][0]["line"] == 4


def test_rows_act_one_by_one_whatever_the_batch(syncd: Program) -> None:
    rows = (
        "name,parent,account_site",
        "Holding SE,,",
        "Norrvik AB,Holding SE,",
        "Norrvik AB,Nowhere,Luleå",
        "Solis AG,Norrvik AB,",
    )
    path = syncd.file("accounts.csv", *rows)
    one = syncd.json("import", path, "--module", "accounts", "--chunk", 1)["runs"][0]
    small = syncd.whole()
    assert [a["parent"] for a in syncd.json("list", "accounts")] == [None, "Holding SE", None, "Norrvik AB"]
    syncd("undo", one["id"])
    syncd("import", path, "--module", "accounts")
    assert syncd.whole() == small


def test_no_account_comes_to_stand_above_itself(syncd: Program) -> None:
    taken(syncd, "accounts", "name,parent", "Konzern SE,", "Holding SE,Konzern SE", "Norrvik AB,Holding SE")
    before = syncd.whole()
    run = taken(
        syncd, "accounts", "name,parent", "Konzern SE,Norrvik AB", "Norrvik AB,Norrvik AB",
        options=("--on-duplicate", "overwrite"),
    )  # fmt: skip
    assert [p["code"] for p in run["problems"]] == ["SY-L30", "SY-L30"]
    assert syncd.whole() == before


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_contacts_and_accounts_come_back_from_their_exports(syncd: Program, ending: str) -> None:
    for name, site in (("Norrvik AB", ""), ("Norrvik AB", "Luleå"), ("Solis AG", "")):
        syncd("create", "accounts", f"name={name}", f"account_site={site}")
    syncd("edit", "accounts", 3, "parent_id=2")
    for values in (
        ["last_name=Weber", "first_name=Anna", "account_id=2", "phone=+46 8 123 456 78", "date_of_birth=1980-02-03"],
        ["last_name=Berg", "account_id=3", "email_opt_out=yes"],
        ["last_name=Keller", "extra.Badge=7"],
    ):
        syncd("create", "contacts", *values)
    before = syncd.whole()
    for module in ("accounts", "contacts"):
        syncd("export", module, "-o", syncd.folder / f"{module}.{ending}")
    for contact in (1, 2, 3):
        syncd("delete", "contacts", contact)
    again = syncd.json("import", syncd.folder / f"contacts.{ending}", "--module", "contacts")["runs"][0]
    assert again["counts"]["created"] == 3 and syncd.whole() == before
    same = syncd.json(
        "import", syncd.folder / f"accounts.{ending}", "--module", "accounts", "--on-duplicate", "overwrite"
    )["runs"][0]
    assert same["counts"]["unchanged"] == 3 and syncd.whole() == before


def test_a_planned_import_is_carried_out_as_planned(syncd: Program) -> None:
    rows = ("name,parent", "Holding SE,", "Norrvik AB,Holding SE")
    plan = syncd.json("import", syncd.file("a.csv", *rows), "--module", "accounts", "--dry-run")["runs"][0]
    changes = syncd.json("runs", plan["id"])["changes"]
    assert [c["after"] for c in changes if c["field"] == "parent"] == ["Holding SE"]
    assert syncd.whole() == []
    done = syncd.json("apply", plan["id"])
    assert done["state"] == "done"
    assert [a["parent"] for a in syncd.json("list", "accounts")] == [None, "Holding SE"]
    assert syncd.json("apply", plan["id"], code=4)["error"]["code"] == "SY-W06"


def test_a_link_is_not_matched_on(syncd: Program) -> None:
    path = syncd.file("c.csv", "Last Name,Company", "Weber,Norrvik AB")
    error = syncd.json("import", path, "--module", "contacts", "--match-on", "account", code=1)["error"]
    assert error["code"] == "SY-F41"
