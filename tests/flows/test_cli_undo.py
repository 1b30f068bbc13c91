"""Undo by hand: previews, parts, what stays, and undoing an undo; the store is compared whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.program import Program


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def imported(syncd: Program) -> int:
    rows = ("Last Name,Company,Phone", "Weber,Norrvik AB,1", "Morel,BDR,2", "Keller,Solis AG,3")
    return int(syncd.json("import", syncd.file("leads.csv", *rows))["runs"][0]["id"])


def test_a_preview_tells_what_would_happen_and_changes_nothing(syncd: Program) -> None:
    run = imported(syncd)
    syncd("edit", "leads", 2, "phone=9")
    before, runs = syncd.whole(ledger=True), syncd.json("runs")
    seen = syncd.json("undo", run, "--dry-run", code=1)
    assert (syncd.whole(ledger=True), syncd.json("runs")) == (before, runs)
    done = syncd.json("undo", run, code=1)
    assert seen["counts"] == done["counts"] and seen["counts"]["removed"] == 2
    assert seen["problems"] == done["problems"] and seen["id"] is None
    assert "nothing was changed" in syncd("undo", done["id"], "--dry-run")


def test_what_was_changed_since_stays_and_is_named(syncd: Program) -> None:
    run = imported(syncd)
    edit = syncd.json("edit", "leads", 2, "phone=9")["run"]
    problem = syncd.json("undo", run, code=1)["problems"][0]
    assert problem["code"] == "SY-U06" and "lead 2" in problem["what"] and f"{edit}" in problem["why"]
    assert [lead["id"] for lead in syncd.json("list", "leads")] == [2]


def test_one_field_of_one_record_goes_back(syncd: Program) -> None:
    imported(syncd)
    edit = syncd.json("edit", "leads", 1, "phone=9", "company=Other")["run"]
    syncd("undo", edit, "--only", "leads/1.phone")
    lead = syncd.json("show", "leads", 1)
    assert (lead["phone"], lead["company"]) == ("1", "Other")
    assert syncd.json("undo", edit, "--only", "leads/2", code=1)["error"]["code"] == "SY-U08"
    syncd("undo", edit, "--only", "lead/1")
    assert syncd.json("show", "leads", 1)["company"] == "Norrvik AB"


@pytest.mark.parametrize("part", ["leads", "leads/x", "shoes/1", "leads/1.shoe"])
def test_a_part_that_is_none_is_a_usage_error(tmp_path: Path, sqlite: str, part: str) -> None:
    syncd = Program(tmp_path, sqlite)
    assert syncd("undo", 1, "--only", part, code=2) == ""


def test_undoing_an_undo_makes_the_run_stand_again(syncd: Program) -> None:
    run = imported(syncd)
    after = syncd.whole()
    undo = syncd.json("undo", run)["id"]
    assert syncd.whole() == []
    assert syncd.json("undo", run, code=1)["error"]["code"] == "SY-U02"
    syncd("undo", undo)
    assert syncd.whole() == after
    assert syncd.json("runs", run)["state"] == "done"


def test_older_after_newer_gives_the_beginning_back(syncd: Program) -> None:
    start = syncd.whole()
    made = [imported(syncd), *(syncd.json("edit", "leads", 1, f"phone={n}")["run"] for n in (5, 6))]
    for run in reversed(made):
        syncd("undo", run)
    assert syncd.whole() == start


def test_release_says_so_also_of_a_run_undone_before(syncd: Program) -> None:
    run = imported(syncd)
    assert syncd.json("undo", run, "--release")["released"] == 0
    assert syncd.json("undo", run, "--release")["released"] == 0


def test_an_unknown_run_is_named(syncd: Program) -> None:
    for command in ("runs", "undo"):
        assert "99" in syncd.json(command, 99, code=1)["error"]["what"]


def test_runs_tell_every_field_before_and_after(syncd: Program) -> None:
    imported(syncd)
    run = syncd.json("edit", "leads", 1, "phone==1+1", "--reason", "by phone")["run"]
    document = syncd.json("runs", run)
    assert document["reason"] == "by phone" and document["actor"] == "tester"
    change = document["changes"][0]
    assert (change["module"], change["record"], change["op"]) == ("leads", 1, "update")
    assert (change["field"], change["before"], change["after"]) == ("phone", "1", "=1+1")
    assert syncd.json("runs", run, "--module", "contacts")["changes"] == []
    table = syncd("runs", run, "--csv").splitlines()
    assert table[0] == "module,record,op,field,before,after,reason,source"
    assert ",'=1+1," in table[1]
    assert [one["id"] for one in syncd.json("runs")] == [2, 1]
    assert "edit" in syncd("runs") and "1 → =1+1" in syncd("runs", run)
    assert syncd("runs", "--csv", code=2) == ""


def test_what_an_undo_had_to_leave_is_taken_back_once_nothing_is_in_its_way(syncd: Program) -> None:
    before = syncd.whole()
    run = imported(syncd)
    edit = syncd.json("edit", "leads", 2, "phone=9")["run"]
    first = syncd.json("undo", run, code=1)["id"]
    again = syncd.json("undo", run, code=1)
    assert [problem["code"] for problem in again["problems"]] == ["SY-U06"]
    syncd("undo", edit)
    left = syncd.whole()
    last = syncd.json("undo", run)
    assert (last["counts"]["removed"], syncd.whole()) == (1, before)
    assert syncd.json("undo", run, code=1)["error"]["code"] == "SY-U02"
    syncd("undo", last["id"])
    assert syncd.whole() == left
    syncd("undo", first)
    assert len(syncd.whole()) == 3


def test_a_field_that_the_run_has_not_changed_is_no_part_of_it(syncd: Program) -> None:
    imported(syncd)
    run = syncd.json("edit", "leads", 1, "phone=9", "extra.Ref=7")["run"]
    error = syncd.json("undo", run, "--only", "leads/1.fax", code=1)["error"]
    assert error["code"] == "SY-U08" and "fax of lead 1" in error["what"]
    assert len(syncd.json("runs")) == 2
    assert syncd.json("undo", run, "--only", "leads/1.extra.Ref")["counts"]["updated"] == 1


def test_what_was_made_goes_although_an_account_that_stays_was_put_below_it(syncd: Program) -> None:
    syncd("import", syncd.file("a.csv", "name,parent,phone", "Alpha,,1"), "--module", "accounts")
    before = syncd.whole()
    rows = ("name,parent,phone", "Beta,,2", "Alpha,Beta,11", "Gamma,Alpha,3")
    again = syncd.file("b.csv", *rows)
    run = syncd.json("import", again, "--module", "accounts", "--on-duplicate", "overwrite")["runs"][0]["id"]
    undo = syncd.json("undo", run)
    assert (undo["problems"], undo["counts"]["removed"], undo["counts"]["updated"]) == ([], 2, 1)
    assert syncd.whole() == before
    syncd("undo", undo["id"])
    assert syncd.json("show", "accounts", 1)["parent"] == "Beta"


def test_what_stands_above_an_account_that_must_stay_stays_too(syncd: Program) -> None:
    rows = ("name,parent", "Alpha,", "Beta,Alpha", "Gamma,Beta", "Delta,")
    run = syncd.json("import", syncd.file("a.csv", *rows), "--module", "accounts")["runs"][0]["id"]
    mine = syncd.json("create", "accounts", "name=Mine", "parent=Gamma")["id"]
    left = syncd.json("undo", run, code=1)
    assert [problem["what"].split(" was")[0] for problem in left["problems"]] == ["account 1", "account 2", "account 3"]
    assert (left["counts"]["removed"], left["counts"]["refused"]) == (1, 3)
    syncd("delete", "accounts", mine)
    assert syncd.json("undo", run)["counts"]["removed"] == 3
    assert syncd.json("list", "accounts") == []


def test_more_accounts_than_a_batch_go_whichever_way_they_link(syncd: Program) -> None:
    branches = [f"Branch {n},Alpha" for n in range(5_000)]
    rows = ("name,parent", "Alpha,", *branches, "Omega,", "Alpha,Omega")
    file = syncd.file("a.csv", *rows)
    run = syncd.json("import", file, "--module", "accounts", "--on-duplicate", "overwrite")["runs"][0]["id"]
    assert syncd.json("show", "accounts", 1)["parent"] == "Omega"
    seen = syncd.json("undo", run, "--dry-run")
    undo = syncd.json("undo", run)
    assert (undo["problems"], undo["counts"], undo["counts"]["removed"]) == ([], seen["counts"], 5_002)
    assert syncd.whole() == []


def test_one_field_of_what_a_run_has_made_goes_back_to_blank(syncd: Program) -> None:
    syncd("create", "accounts", "name=Norrvik AB")
    typed = ("last_name=Weber", "phone=1", "account_id=1", "extra.Ref=7", "fax=5")
    run = syncd.json("create", "contacts", *typed)["run"]
    whole = syncd.whole()
    syncd("edit", "contacts", 1, "fax=6")
    undos = []
    for field in ("phone", "account", "extra.Ref"):
        undo = syncd.json("undo", run, "--only", f"contacts/1.{field}")
        undos.append(undo["id"])
        assert undo["counts"]["updated"] == 1
        assert syncd.json("undo", run, "--only", f"contacts/1.{field}", code=1)["error"]["code"] == "SY-U02"
    left = syncd.json("show", "contacts", 1)
    assert (left["phone"], left["account"], left.get("extra"), left["last_name"]) == (None, None, None, "Weber")
    assert "phone" not in syncd.json("why", "contacts", 1)["fields"]
    for field, word in (("last_name", "nobody would find"), ("fax", "changed it since")):
        problem = syncd.json("undo", run, "--only", f"contacts/1.{field}", code=1)["problems"][0]
        assert problem["code"] == "SY-U06" and field in problem["what"] and word in problem["why"]
    assert syncd.json("undo", run, "--only", "contacts/1.mobile", code=1)["error"]["code"] == "SY-U08"
    for undo in undos:
        syncd("undo", undo)
    syncd("edit", "contacts", 1, "fax=5")
    assert syncd.whole() == whole


def test_no_field_of_a_deleted_record_comes_back_alone(syncd: Program) -> None:
    run = imported(syncd)
    gone = syncd.json("delete", "leads", 1)["run"]
    error = syncd.json("undo", gone, "--only", "leads/1.phone", code=1)["error"]
    assert error["code"] == "SY-U08" and "leads/1" in error["do"]
    assert "deleted it since" in syncd.json("undo", run, "--only", "leads/1.phone", code=1)["problems"][0]["why"]
    syncd("undo", gone)
    syncd("undo", run, "--only", "leads/1")
    assert syncd.json("undo", run, "--only", "leads/1.phone", code=1)["error"]["code"] == "SY-U02"
    assert len(syncd.json("list", "leads")) == 2


def test_who_was_renamed_and_named_back_by_an_undo_is_found_as_before(syncd: Program) -> None:
    syncd("create", "leads", "last_name=Weber", "company=Norrvik AB", "email=weber@norrvik.example")
    syncd("create", "accounts", "name=Norrvik AB")
    edits = [
        syncd.json("edit", "leads", 1, "last_name=Berg", "email=berg@solis.example")["run"],
        syncd.json("edit", "accounts", 1, "name=Solis AG")["run"],
    ]
    for run in edits:
        syncd("undo", run)
    assert syncd.json("why", "leads", "weber@norrvik.example")["id"] == 1
    assert syncd.json("why", "leads", "berg@solis.example", code=1)["error"]["code"] == "SY-Q06"
    rows = ("Last Name,Company,Email", "Weber,Norrvik,weber@norrvik.example", "Berg,Solis,berg@solis.example")
    counts = syncd.json("import", syncd.file("leads.csv", *rows))["runs"][0]["counts"]
    assert (counts["duplicate"], counts["created"]) == (1, 1)
    file = syncd.file("accounts.csv", "name", "Norrvik", "Solis")
    counts = syncd.json("import", file, "--module", "accounts")["runs"][0]["counts"]
    assert (counts["duplicate"], counts["created"]) == (1, 1)
    run = syncd.json("edit", "leads", 1, "last_name=Berg", "email=berg@solis.example")["run"]
    syncd("undo", syncd.json("undo", run)["id"])
    assert syncd.json("show", "leads", 1)["last_name"] == "Berg"


def test_an_undone_restoration_of_what_is_gone_already_leaves_nothing(syncd: Program) -> None:
    run = imported(syncd)
    gone = syncd.json("delete", "leads", 1)["run"]
    back = syncd.json("undo", gone)["id"]
    syncd("undo", run)
    assert syncd.json("undo", back)["problems"] == [] and syncd.whole() == []


def test_a_value_cannot_come_back_to_a_record_that_is_gone_and_that_is_named(syncd: Program) -> None:
    run = imported(syncd)
    edit = syncd.json("edit", "leads", 1, "phone=9")["run"]
    back = syncd.json("undo", edit)["id"]
    gone = syncd.json("undo", run)["id"]
    (problem,) = syncd.json("undo", back, code=1)["problems"]
    assert problem["code"] == "SY-U06" and f"Run {gone} has deleted it" in problem["why"]


def test_what_a_later_undo_has_taken_back_too_stays_until_that_one_is_undone(syncd: Program) -> None:
    run = imported(syncd)
    full = syncd.whole()
    part = syncd.json("undo", run, "--only", "leads/1")["id"]
    rest = syncd.json("undo", run)["id"]
    (problem,) = syncd.json("undo", part, code=1)["problems"]
    assert problem["code"] == "SY-U06" and f"Run {rest} has taken it back too" in problem["why"]
    assert syncd.whole() == [] and syncd.json("runs", run)["state"] == "undone"
    syncd("undo", rest)
    assert len(syncd.whole()) == len(full) - 1 and syncd.json("runs", run)["state"] == "done"
    syncd("undo", part)
    assert syncd.whole() == full


def test_a_value_that_a_later_undo_has_taken_back_too_stays(syncd: Program) -> None:
    imported(syncd)
    edit = syncd.json("edit", "leads", 1, "phone=9", "title=Boss")["run"]
    part = syncd.json("undo", edit, "--only", "leads/1.phone")["id"]
    syncd("undo", edit)
    before = syncd.whole()
    assert "phone of lead 1" in syncd.json("undo", part, code=1)["problems"][0]["what"]
    assert syncd.whole() == before


def test_a_file_may_come_again_as_often_as_its_import_is_undone(syncd: Program) -> None:
    run = imported(syncd)
    undo = syncd.json("undo", run)["id"]
    back = syncd.json("undo", undo)["id"]
    assert syncd.json("import", syncd.folder / "leads.csv")["runs"][0]["repeat_of"] == run
    syncd("undo", back)
    states = {each["id"]: each["state"] for each in syncd.json("runs")}
    assert (states[run], states[undo], states[back]) == ("undone", "done", "undone")
    (again,) = syncd.json("import", syncd.folder / "leads.csv")["runs"]
    assert again["repeat_of"] is None and again["counts"]["created"] == 3
    assert syncd.json("undo", syncd.json("runs")[1]["id"], code=1)["error"]["code"] == "SY-U05"


def test_what_was_deleted_by_hand_after_an_undo_does_not_come_back_with_the_run(syncd: Program) -> None:
    run = imported(syncd)
    undo = syncd.json("undo", run)["id"]
    syncd("restore", "leads", 2)
    gone = syncd.json("delete", "leads", 2)["run"]
    (problem,) = syncd.json("undo", undo, code=1)["problems"]
    assert "lead 2" in problem["what"] and f"Run {gone} has deleted it since" in problem["why"]
    assert [lead["id"] for lead in syncd.json("list", "leads")] == [1, 3]


def test_an_edit_goes_back_also_when_the_record_was_deleted_and_restored_since(syncd: Program) -> None:
    imported(syncd)
    before = syncd.whole()
    edit = syncd.json("edit", "leads", 1, "phone=9")["run"]
    syncd("delete", "leads", 1)
    syncd("undo", edit, code=1)
    syncd("restore", "leads", 1)
    syncd("undo", edit)
    assert syncd.whole() == before
