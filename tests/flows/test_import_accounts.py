"""What the account that a contact's row names does: never, link or create, as the profile says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Program

HEADER = "First Name,Last Name,Company,Email"
ROWS = (
    HEADER,
    "Anna,Weber,Norrvik AB,anna@norrvik.example",
    "Bo,Berg,NORRVIK,bo@norrvik.example",
    "Cy,Holm,Cy Holm,cy@x.example",
    "Di,Own,Wir GmbH,di@x.example",
    "Ed,Dom,Fremd AG,ed@wir.example",
    "Fi,Two,Müller,fi@x.example",
    "Gu,Known,Known SAS,gu@known.example",
    ",,Lone Ltd,lone@lone.example",
    "Ha,None,,ha@x.example",
)
SETTINGS = (
    '[sync]\nown_companies = ["Wir"]\nown_domains = ["wir.example"]\n'
    + "".join(f'[profiles.{wish}]\nmodule = "contacts"\naccounts = "{wish}"\n' for wish in ("never", "link", "create"))
)  # fmt: skip


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    syncd = Program(tmp_path, database, SETTINGS)
    for name in ("Known", "Müller GmbH", "Müller AG"):
        syncd("create", "accounts", f"name={name}")
    return syncd


def taken(syncd: Program, wish: str, *rows: str, options: tuple[object, ...] = (), code: int = 0) -> dict[str, Any]:
    path = syncd.file(f"{wish}-{len(list(syncd.folder.glob('*.csv')))}.csv", *rows)
    run: dict[str, Any] = syncd.json("import", path, "--profile", wish, *options, code=code)["runs"][0]
    return run


def linked(syncd: Program) -> dict[str, tuple[str | None, str | None]]:
    """Last name to account, and to what is kept of a name that is no link."""
    return {c["last_name"]: (c["account"], c.get("extra", {}).get("account")) for c in syncd.json("list", "contacts")}


@pytest.mark.parametrize("chunk", [1, 5000])
def test_create_makes_what_the_rule_allows_once_and_undo_takes_it_away(syncd: Program, chunk: int) -> None:
    before = syncd.whole()
    run = taken(syncd, "create", *ROWS, options=("--chunk", chunk))
    assert (run["counts"]["created"], run["counts"]["refused"], run["counts"]["review"]) == (9, 0, 1)
    assert linked(syncd) == {
        "Weber": ("Norrvik AB", None),
        "Berg": ("Norrvik AB", None),
        "Holm": (None, "Cy Holm"),
        "Own": (None, "Wir GmbH"),
        "Dom": (None, "Fremd AG"),
        "Two": (None, "Müller"),
        "Known": ("Known", None),
        "lone": ("Lone Ltd", None),
        "None": (None, None),
    }
    names = [account["name"] for account in syncd.json("list", "accounts")]
    assert names == ["Known", "Müller GmbH", "Müller AG", "Norrvik AB", "Lone Ltd"]
    assert [problem["code"] for problem in run["problems"]] == ["SY-L30"] and "Müller" in run["problems"][0]["why"]
    assert "rule company-set" in syncd("why", "contacts", "anna@norrvik.example")
    assert "one of your own" in syncd("why", "contacts", "di@x.example")
    syncd("undo", run["id"])
    assert syncd.whole() == before


def test_a_saved_plan_makes_the_same(syncd: Program) -> None:
    planned = taken(syncd, "create", *ROWS, options=("--dry-run", "--chunk", 2))
    assert len(syncd.json("list", "accounts")) == 3
    syncd("apply", planned["id"])
    applied = syncd.whole()
    syncd("undo", planned["id"])
    run = syncd.json("import", syncd.folder / "create-0.csv", "--profile", "create")["runs"][0]
    assert run["repeat_of"] is None and syncd.whole() == applied


def test_a_row_that_is_skipped_makes_no_account(syncd: Program) -> None:
    taken(syncd, "create", HEADER, "Anna,Weber,,anna@norrvik.example")
    row = "Anna,Weber,Norrvik AB,anna@norrvik.example"
    assert taken(syncd, "create", HEADER, row)["counts"]["duplicate"] == 1
    assert len(syncd.json("list", "accounts")) == 3
    run = taken(syncd, "create", HEADER, row, "", options=("--on-duplicate", "overwrite"))
    assert run["counts"]["updated"] == 1 and linked(syncd) == {"Weber": ("Norrvik AB", None)}


def test_link_makes_none_and_never_does_not_even_look(syncd: Program) -> None:
    run = taken(syncd, "link", HEADER, "Gu,Known,Known SAS,gu@known.example", "An,New,New Ltd,an@new.example")
    assert linked(syncd) == {"Known": ("Known", None), "New": (None, "New Ltd")}
    assert [problem["code"] for problem in run["problems"]] == ["SY-L30"]
    syncd("undo", run["id"])
    run = taken(syncd, "never", HEADER, "Gu,Known,Known,gu@known.example", "An,New,New Ltd,an@new.example")
    assert linked(syncd) == {"Known": (None, "Known"), "New": (None, "New Ltd")} and run["problems"] == []
    assert len(syncd.json("list", "accounts")) == 3


@pytest.mark.parametrize("accounts", ["link", "create"])
def test_another_legal_form_is_counted_as_review_an_unknown_company_is_not(syncd: Program, accounts: str) -> None:
    rows = (
        "Gu,Known,Müller KG,gu@known.example",
        "Bo,Known,Müller GmbH,bo@known.example",
        "An,New,New Ltd,an@new.example",
    )
    run = taken(syncd, accounts, HEADER, *rows)
    assert (run["counts"]["created"], run["counts"]["review"]) == (3, 1)
    assert len(syncd.json("list", "contacts", "--where", "account=")) == (2 if accounts == "link" else 1)


def test_an_id_that_is_none_is_told(syncd: Program) -> None:
    run = taken(syncd, "link", "last_name,account_id,email", "A,0,a@x.example", "B,1,b@x.example", "C,99,c@x.example")
    assert linked(syncd) == {"A": (None, "id 0"), "B": ("Known", None), "C": (None, "id 99")}
    assert [problem["line"] for problem in run["problems"]] == [2, 4]


def test_a_wish_that_is_none_is_refused(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[profiles.x]\naccounts = "maybe"\n')
    assert "never | link | create" in syncd.json("list", "leads", code=78)["error"]["why"]
