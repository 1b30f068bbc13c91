"""Records by hand: list with conditions, show, create, edit, clone, delete, restore."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def ids(syncd: Program, module: str, *wheres: str) -> list[int]:
    flags = [part for where in wheres for part in ("--where", where)]
    return [document["id"] for document in syncd.json("list", module, *flags)]


def test_create_shows_the_record_and_its_run(syncd: Program) -> None:
    made = syncd.json("create", "accounts", "name=Norrvik AB", "annual_revenue=1 234,50", "employees=12")
    assert (made["id"], made["name"], made["annual_revenue"], made["employees"]) == (1, "Norrvik AB", "1234.50", 12)
    assert syncd.json("runs", made["run"])["kind"] == "edit"
    assert syncd.json("show", "account", 1)["name"] == "Norrvik AB"


def test_a_link_is_set_by_name_or_by_id_and_must_mean_one(syncd: Program) -> None:
    for _ in range(2):
        syncd("create", "accounts", "name=Twin GmbH")
    syncd("create", "accounts", "name=Norrvik AB")
    made = syncd.json("create", "contacts", "last_name=Weber", "account=Norrvik AB")
    assert (made["account"], made["account_id"]) == ("Norrvik AB", 3)
    assert syncd.json("edit", "contacts", 1, "account_id=2")["account"] == "Twin GmbH"
    for value in ("account=Twin GmbH", "account=Nobody", "account_id=99"):
        assert syncd.json("edit", "contacts", 1, value, code=1)["error"]["code"] == "SY-E03"
    assert syncd.json("show", "contacts", 1)["account_id"] == 2


def test_an_edit_that_changes_nothing_makes_no_run(syncd: Program) -> None:
    syncd("create", "leads", "last_name=Weber", "phone=+49 30 901820")
    runs = syncd.json("runs")
    again = syncd.json("edit", "leads", 1, "phone=+49 30 901820")
    assert again["run"] is None
    assert "nothing changed" in syncd("edit", "leads", 1, "last_name=Weber")
    assert syncd.json("runs") == runs


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["first_name=Anna"], "SY-E08"),
        (["last_name=W", "email=nobody"], "SY-E02"),
        (["last_name=" + "x" * 81], "SY-E02"),
        (["last_name=W", "employees=many"], "SY-E02"),
        (["last_name=W", "shoe_size=42"], "SY-E01"),
    ],
)
def test_what_cannot_be_is_refused_and_named(tmp_path: Path, sqlite: str, typed: list[str], code: str) -> None:
    syncd = Program(tmp_path, sqlite)
    error = syncd.json("create", "leads", *typed, code=1)["error"]
    assert error["code"] == code
    assert error["what"] in syncd.errors
    assert syncd.whole() == []


def test_a_link_by_a_name_that_is_none_says_how_to_find_it(syncd: Program) -> None:
    syncd("create", "accounts", "name=Möller Anlagenbau GmbH")
    error = syncd.json("create", "contacts", "last_name=W", "account=möller anlagenbau", code=1)["error"]
    assert error["code"] == "SY-E03"
    assert "Möller Anlagenbau GmbH" in syncd(*shlex.split(error["do"].partition("find it: syncd ")[2]))


def test_every_fault_of_an_entry_is_named_at_once(tmp_path: Path, sqlite: str) -> None:
    found = Program(tmp_path, sqlite).json("create", "leads", "shoe=4", "email=no", "last_name=W", code=1)
    assert [p["code"] for p in found["problems"]] == ["SY-E01", "SY-E02"]


def test_an_unknown_picklist_word_is_kept_and_flagged(syncd: Program) -> None:
    made = syncd.json("create", "leads", "last_name=Weber", "lead_source=Messe")
    assert made["lead_source"] == "Messe"
    assert [p["code"] for p in made["problems"]] == ["SY-E05"]


def test_where_is_exact_contains_or_blank(syncd: Program) -> None:
    syncd("create", "accounts", "name=Brasserie ÉTOILE")
    syncd("create", "accounts", "name=Straße & Söhne")
    for values in (
        ["last_name=Morel", "account=Brasserie ÉTOILE", "email=claire@x.example"],
        ["last_name=Moreau", "account=Straße & Söhne", "email_opt_out=yes"],
        ["last_name=Weber", "extra.Badge=A-7"],
    ):
        syncd("create", "contacts", *values)
    assert ids(syncd, "contacts", "last_name=Morel") == [1]
    assert ids(syncd, "contacts", "last_name=morel") == []
    assert ids(syncd, "contacts", "last_name~MORE") == [1, 2]
    assert ids(syncd, "contacts", "account~étoile") == [1]
    assert ids(syncd, "contacts", "account~STRASSE") == [2]
    assert ids(syncd, "contacts", "account=Brasserie ÉTOILE") == [1]
    assert ids(syncd, "contacts", "account=Nobody") == []
    assert ids(syncd, "contacts", "account_id=2") == [2]
    assert ids(syncd, "contacts", "account=") == [3]
    assert ids(syncd, "contacts", "account_id=") == [3]
    assert ids(syncd, "contacts", "email=") == [2, 3]
    assert ids(syncd, "contacts", "email_opt_out=true") == [2]
    assert ids(syncd, "contacts", "extra.Badge~a-") == [3]
    assert ids(syncd, "contacts", "extra.Badge=") == [1, 2]
    assert ids(syncd, "contacts", "id=2") == [2]
    assert ids(syncd, "contacts", "last_name~more", "email=") == [2]
    assert ids(syncd, "contacts", "last_name~100%") == []


def test_where_reads_numbers_and_money_as_they_are_shown(syncd: Program) -> None:
    syncd("create", "accounts", "name=A", "annual_revenue=1000", "employees=5")
    assert ids(syncd, "accounts", "annual_revenue=1000") == [1]
    assert ids(syncd, "accounts", "annual_revenue=1000.00") == [1]
    assert ids(syncd, "accounts", "annual_revenue~.00") == [1]
    assert ids(syncd, "accounts", "employees=6") == []
    assert syncd.json("list", "accounts", "--where", "employees=many", code=1)["error"]["code"] == "SY-Q02"


def test_an_unknown_field_module_or_record_is_named(syncd: Program) -> None:
    error = syncd.json("list", "leads", "--where", "shoe=4", code=1)["error"]
    assert error["code"] == "SY-E01" and "shoe" in error["what"]
    assert syncd.json("show", "leads", 7, code=1)["error"]["code"] == "SY-E07"
    assert syncd("list", "shoes", code=2) == ""
    assert syncd("list", "leads", "--where", "shoe", code=2) == ""


def test_a_deleted_record_is_listed_and_comes_back_under_its_id(syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik AB")
    syncd("create", "contacts", "last_name=Weber", "account_id=1")
    before = syncd.whole()
    gone = syncd.json("delete", "accounts", 1)
    assert syncd.json("show", "contacts", 1)["account"] is None
    listed = syncd.json("list", "accounts", "--deleted", "--where", "name~norrvik")
    assert [(one["id"], one["name"], one["deleted_run"]) for one in listed] == [(1, "Norrvik AB", gone["run"])]
    assert syncd.json("list", "accounts", "--deleted", "--where", "name=x") == []
    assert syncd.json("restore", "accounts", 1)["id"] == 1
    assert syncd.json("list", "accounts", "--deleted") == []
    assert syncd.json("restore", "accounts", 1, code=1)["error"]["code"] == "SY-E06"
    syncd("edit", "contacts", 1, "account_id=1")
    assert syncd.whole() == before


def test_a_clone_is_a_copy_with_other_values(syncd: Program) -> None:
    syncd("create", "leads", "last_name=Weber", "company=Norrvik AB", "extra.Badge=7")
    made = syncd.json("clone", "leads", 1, "first_name=Anna")
    assert (made["id"], made["first_name"], made["company"], made["extra"]) == (2, "Anna", "Norrvik AB", {"Badge": "7"})


def test_text_lists_a_table_and_a_total(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    assert syncd("list", "leads") == "0 leads\n"
    syncd("create", "leads", "last_name=Weber", "company=Norrvik AB")
    lines = syncd("list", "leads").splitlines()
    assert lines[0].split() == ["id", "first_name", "last_name", "company", "email", "phone", "lead_status"]
    assert "Weber" in lines[1] and lines[-1] == "1 lead"


def test_a_condition_that_cannot_be_is_refused(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    syncd("create", "contacts", "last_name=A", "date_of_birth=1990-02-13")
    for where in ("date_of_birth=soon", "account_id=abc", "id=1x", "email_opt_out=maybe"):
        error = syncd.json("list", "contacts", "--where", where, code=1)["error"]
        assert error["code"] == "SY-Q02" and where.partition("=")[0] in error["what"]
    assert len(syncd.json("list", "contacts", "--where", "date_of_birth=13.2.1990", "--where", "id=1")) == 1
    assert syncd.json("list", "contacts", "--where", "id=99999999999999999999") == []


def test_a_name_that_is_a_number_answers_where_no_record_has_it_as_its_id(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    for name in (7, 1):
        syncd("create", "accounts", f"name={name}")
    assert [syncd.json("why", "accounts", who)["id"] for who in (7, 1, 2)] == [1, 1, 2]
    assert syncd.json("why", "accounts", 9, code=1)["error"]["code"] == "SY-E07"


def test_a_link_by_name_and_by_id_at_once_is_refused(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    syncd("create", "accounts", "name=Solo")
    error = syncd.json("create", "contacts", "last_name=A", "account=Solo", "account_id=1", code=1)["error"]
    assert error["code"] == "SY-E10" and "account" in error["what"]
    assert "An account needs name" in syncd.json("create", "accounts", "phone=1", code=1)["error"]["what"]
    assert "contact 0" in syncd.json("show", "contacts", 0, code=1)["error"]["what"]


def test_what_a_terminal_would_obey_is_shown_as_a_mark(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    name = "a\x1b[31m\x07\u202eb\u2028c"
    syncd("create", "leads", f"last_name={name}", "description=x\r\ny\tz")
    for command in (
        ["list", "leads"],
        ["show", "leads", 1],
        ["runs", 1],
        ["why", "leads", 1],
        ["edit", "leads", 1, "fax=1"],
    ):
        told = syncd(*command)
        assert not set(told) & set("\x1b\x07\u202e\u2028"), command
        assert "a\ufffd[31m\ufffd\ufffdb ⏎ c" in told, command
    assert "x ⏎ y\tz" in syncd("show", "leads", 1)
    assert syncd.json("show", "leads", 1)["last_name"] == name


def test_a_manager_is_linked_where_just_one_of_the_account_bears_the_name(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    for name in ("Solis AG", "Keller AG"):
        syncd("create", "accounts", f"name={name}")
    for account, first, last, manager in (
        ("Solis AG", "Jörg", "Keller", "Jörg Keller"),
        ("Solis AG", "Claire", "Morel", "Keller, Jorg"),
        ("Keller AG", "Emil", "Vogel", "Jörg Keller"),
        ("Keller AG", "Zoé", "Noël", "Anna Berg"),
        ("Keller AG", "Anna", "Berg", ""),
    ):
        syncd(
            "create",
            "contacts",
            f"account={account}",
            f"first_name={first}",
            f"last_name={last}",
            f"reports_to={manager}",
        )
    links = {row["last_name"]: row["reports_to_id"] for row in syncd.json("list", "contacts")}
    assert links == {"Keller": None, "Morel": 1, "Vogel": None, "Noël": 5, "Berg": None}
    syncd("create", "contacts", "account=Keller AG", "first_name=Anna", "last_name=Berg")
    assert syncd.json("show", "contacts", 4)["reports_to_id"] is None
    assert "reports_to_id" not in syncd("export", "contacts", "--format", "csv")


def test_a_run_names_links_to_deleted_records_and_extras_as_fields(syncd: Program) -> None:
    syncd("create", "accounts", "name=Solis AG")
    made = syncd.json("create", "contacts", "last_name=Weber", "account=Solis AG", "extra.Badge=7")["run"]
    gone = syncd.json("delete", "accounts", 1)["run"]

    def told(run: int) -> set[tuple[str, str, str | None, str | None]]:
        return {(c["module"], c["field"], c["before"], c["after"]) for c in syncd.json("runs", run)["changes"]}

    assert ("contacts", "extra.Badge", None, "7") in told(made)
    assert told(gone) == {("accounts", "name", "Solis AG", None), ("contacts", "account", "Solis AG", None)}
    gone = syncd.json("delete", "contacts", 1)["run"]
    assert ("contacts", "extra.Badge", "7", None) in told(gone)


def test_a_deleted_record_tells_what_it_was_linked_to(syncd: Program) -> None:
    syncd("create", "accounts", "name=Solis AG")
    made = syncd.json("create", "contacts", "last_name=Weber", "account=Solis AG", "reports_to=Boss")["run"]
    assert "(None)" not in syncd("show", "contacts", 1)
    syncd("undo", made)
    syncd("delete", "accounts", 1)
    assert syncd.json("list", "contacts", "--deleted")[0]["account"] == "Solis AG"


def test_a_name_means_the_same_whether_its_accents_are_signs_of_their_own_or_not(syncd: Program) -> None:
    for stored, asked in (("Möller", "Mo\u0308ller"), ("Noe\u0308l", "Noël")):
        account = syncd.json("create", "accounts", f"name={stored}")["id"]
        made = syncd.json("create", "contacts", f"last_name={stored}", f"account={asked}")
        assert (made["account_id"], made["account"]) == (account, stored)
        assert syncd.json("why", "contacts", asked)["id"] == made["id"]
        assert ids(syncd, "contacts", f"account={asked}") == [made["id"]]
