"""Imports by hand: counts, rejects, repeats, dry runs, options, and taking them back."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from syncd.store import Step
from tests.flows.program import Program

HEADER = "First Name,Last Name,Company,Email,Phone"
ROWS = (
    HEADER,
    "Anna,Weber,Norrvik AB,anna@norrvik.example,+46 8 123 456 78",
    "Claire,Morel,BDR SAS,claire@bdr.example,",
    "Anna,Weber,Norrvik AB,anna@norrvik.example,",
    "Bo,Bad,Foo,not-an-address,",
    ",,,,",
)


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def test_counts_add_up_and_refused_rows_lie_beside_the_file(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    run = syncd.json("import", path, code=1)["runs"][0]
    counts = run["counts"]
    assert (counts["created"], counts["duplicate"], counts["refused"]) == (2, 1, 1)
    assert run["rejects"] == f"{path}.rejects.csv"
    rejects = list(csv.reader(io.StringIO(Path(run["rejects"]).read_text(encoding="utf-8"))))
    assert rejects[0] == [*HEADER.split(","), "problem"]
    assert rejects[1][:5] == ["Bo", "Bad", "Foo", "not-an-address", ""] and rejects[1][5]
    assert run["problems"][0]["line"] == 5


def test_a_corrected_rejects_file_runs_only_its_rows(syncd: Program) -> None:
    run = syncd.json("import", syncd.file("leads.csv", *ROWS), code=1)["runs"][0]
    rejects = Path(run["rejects"])
    rejects.write_text(
        rejects.read_text(encoding="utf-8").replace("not-an-address", "bo@foo.example"), encoding="utf-8"
    )
    again = syncd.json("import", rejects)["runs"][0]
    assert (again["counts"]["created"], again["counts"]["refused"]) == (1, 0)
    assert syncd.json("list", "leads", "--where", "last_name=Bad")[0].get("extra") is None


def test_a_known_content_names_its_run_and_does_nothing(syncd: Program) -> None:
    first = syncd.json("import", syncd.file("leads.csv", *ROWS[:3]))["runs"][0]
    runs = syncd.json("runs")
    again = syncd.json("import", syncd.file("other.csv", *ROWS[:3]))["runs"][0]
    assert (again["repeat_of"], again["rejects"], first["repeat_of"]) == (first["id"], None, None)
    assert syncd.json("runs") == runs
    assert f"run {first['id']}" in syncd("import", syncd.folder / "other.csv")
    planned = syncd.json("import", syncd.folder / "other.csv", "--dry-run")["runs"][0]
    assert planned["repeat_of"] == first["id"] and not any(planned["counts"].values())


def test_an_undone_import_may_come_again(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS[:3])
    before = syncd.whole()
    first = syncd.json("import", path)["runs"][0]["id"]
    after = syncd.whole()
    assert len(after) == 2
    syncd("undo", first)
    assert syncd.whole() == before
    again = syncd.json("import", path)["runs"][0]
    assert again["repeat_of"] is None and again["id"] != first
    assert syncd.whole() == after


def test_overwrite_and_its_undo_give_the_exact_store_back(syncd: Program) -> None:
    syncd("import", syncd.file("leads.csv", *ROWS[:3]))
    before = syncd.whole()
    newer = syncd.file("newer.csv", HEADER, "Anna,Weber,Norrvik AB,anna@norrvik.example,+46 8 999 999 99", *ROWS[2:3])
    run = syncd.json("import", newer, "--on-duplicate", "overwrite")["runs"][0]
    assert (run["counts"]["updated"], run["counts"]["unchanged"]) == (1, 1)
    assert syncd.json("list", "leads", "--where", "phone=+46 8 999 999 99")[0]["id"] == 1
    syncd("undo", run["id"])
    assert syncd.whole() == before


def test_a_dry_run_shows_columns_and_counts_and_changes_nothing(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    run = syncd.json("import", path, "--dry-run", code=1)["runs"][0]
    assert run["state"] == "planned" and run["counts"]["created"] == 2 and run["rejects"] is None
    assert {"column": "Company", "field": "company"} in run["mapping"]
    assert syncd.whole() == []
    changes = syncd.json("runs", run["id"])["changes"]
    assert {c["record"] for c in changes} == {-1, -2}
    assert {"Anna", "Claire"} == {c["after"] for c in changes if c["field"] == "first_name"}
    text = syncd("import", path, "--dry-run", code=1)
    assert "Email  →  email" in text and "syncd apply" in text


class Died(BaseException):
    """The process ended at a step."""


def dying(name: str) -> Step:
    """Ends the process at a step."""

    def step(at: str) -> None:
        if at == name:
            raise Died

    return step


@pytest.mark.parametrize("die", ["", "apply:batch:committed", "apply:release:committed", "rejects:laid:begin"])
def test_a_plan_leaves_the_refused_rows_as_a_plain_import_does(tmp_path: Path, sqlite: str, die: str) -> None:
    syncd = Program(tmp_path, sqlite)
    path = syncd.file("leads.csv", *ROWS)
    run = syncd.json("import", path, "--dry-run", code=1)["runs"][0]["id"]
    target = tmp_path / "leads.csv.rejects.csv"
    assert not target.exists()
    if die:
        with pytest.raises(Died):
            Program(tmp_path, sqlite, step=dying(die))("apply", run)
    made = syncd.json("apply", run, code=1)
    assert (made["counts"]["refused"], made["rejects"]) == (1, str(target))
    assert len(syncd.json("list", "leads")) == 2
    planned = target.read_bytes()
    assert syncd.json("apply", run, code=4)["error"]["code"] == "SY-W06"
    syncd("undo", run)
    target.unlink()
    assert syncd.json("import", path, code=1)["runs"][0]["rejects"] == str(target) and target.read_bytes() == planned


def test_rejects_of_a_plan_are_told_and_come_where_the_file_lay(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    path = syncd.file("leads.csv", *ROWS)
    assert "beside the file" in syncd("import", path, "--dry-run", code=1)
    path.unlink()
    assert f"{path}.rejects.csv" in syncd("apply", 1, code=1)
    (tmp_path / "away").mkdir()
    gone = syncd.file("away/other.csv", *ROWS[:1], *ROWS[4:])
    plan = syncd.json("import", gone, "--dry-run", code=1)["runs"][0]["id"]
    gone.unlink()
    gone.parent.rmdir()
    made = syncd.json("apply", plan, code=1)
    assert made["rejects"] is None and made["problems"][0]["code"] == "SY-F43"


@pytest.mark.parametrize("corrected", [False, True])
def test_rejects_that_a_killed_import_did_not_write_come_with_the_next(
    tmp_path: Path, sqlite: str, corrected: bool
) -> None:
    syncd = Program(tmp_path, sqlite)
    path, target = syncd.file("leads.csv", *ROWS), tmp_path / "leads.csv.rejects.csv"
    target.write_text("of an earlier one")
    os.utime(target, (1, 1))
    with pytest.raises(Died):
        Program(tmp_path, sqlite, step=dying("import:end:committed"))("import", path)
    if corrected:
        target.write_text("mine")
    again = syncd.json("import", path)["runs"][0]
    assert again["repeat_of"] == 1 and again["rejects"] == str(target)
    assert (target.read_text("utf-8") == "mine") is corrected and target.read_text("utf-8") != "of an earlier one"
    target.unlink()
    assert syncd.json("import", path)["runs"][0]["rejects"] is None and not target.exists()


@pytest.mark.parametrize("since", ["edit", "delete", "undo"])
@pytest.mark.parametrize("mode", ["skip", "overwrite"])
def test_a_plan_whose_rows_do_nothing_fits_only_while_what_they_met_stands(
    syncd: Program, mode: str, since: str
) -> None:
    made = syncd.json("create", "leads", "last_name=Weber", "email=weber@solis.example", "phone=1")
    rows = ("Last Name,Email", "Weber,weber@solis.example", "Morel,morel@bdr.example", "Morel,morel@bdr.example")
    plan = syncd.json("import", syncd.file("a.csv", *rows), "--dry-run", "--on-duplicate", mode)["runs"][0]["id"]
    other = syncd.json("import", syncd.file("b.csv", *rows[:2]), "--dry-run", "--on-duplicate", mode)["runs"][0]["id"]
    syncd("create", "leads", "last_name=Elsewhere")
    assert syncd.json("apply", plan)["counts"]["created"] == 1
    syncd(
        *{"edit": ["edit", "leads", 1, "email="], "delete": ["delete", "leads", 1], "undo": ["undo", made["run"]]}[
            since
        ]
    )
    before = syncd.whole()
    assert "lead 1" in syncd.json("apply", other, code=4)["error"]["what"]
    assert syncd.whole() == before and syncd.json("runs", other)["state"] == "planned"


def test_options_reach_the_reader_and_the_plan(syncd: Program) -> None:
    path = syncd.file("odd.csv", "Nom;Firma / Org;Ref", "Weber;Norrvik AB;7", "Weber;Norrvik AB;7", encoding="utf-16")
    run = syncd.json(
        "import", path, "--map", "Firma / Org=company", "--map", "Nom=last_name", "--set", "lead_source=Trade Show",
        "--owner", "a.keller", "--on-duplicate", "clone", "--chunk", 1,
    )["runs"][0]  # fmt: skip
    assert run["counts"]["created"] == 2
    found = syncd.json("list", "leads")
    assert [(r["company"], r["lead_source"], r["owner"], r["extra"]) for r in found] == [
        ("Norrvik AB", "Trade Show", "a.keller", {"Ref": "7"})
    ] * 2


def test_a_profile_of_the_settings_is_taken(tmp_path: Path, sqlite: str) -> None:
    extra = '[profiles.fair]\nmodule = "leads"\nowner = "j.keller"\nset = { lead_source = "Trade Show" }\n'
    syncd = Program(tmp_path, sqlite, extra)
    syncd("import", syncd.file("fair.csv", *ROWS[:2]), "--profile", "fair")
    found = syncd.json("list", "leads")
    assert [(r["last_name"], r["owner"], r["lead_source"]) for r in found] == [("Weber", "j.keller", "Trade Show")]
    assert syncd.json("import", "x.csv", "--profile", "none", code=1)["error"]["code"] == "SY-F42"


def test_batches_of_one_give_the_same_store(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    one = syncd.json("import", path, "--chunk", 1, code=1)["runs"][0]
    small = syncd.whole()
    syncd("undo", one["id"])
    big = syncd.json("import", path, code=1)["runs"][0]
    assert syncd.whole() == small and big["counts"] == one["counts"]


def test_other_files_go_on_when_one_cannot_be_read(syncd: Program) -> None:
    good = syncd.file("good.csv", *ROWS[:2])
    bad = syncd.folder / "bad.xlsx"
    bad.write_bytes(b"PK\x03\x04 this is no workbook")
    found = syncd.json("import", syncd.folder / "missing.csv", bad, good, code=1)
    assert found["error"]["code"] == "SY-F44" and "missing.csv" in found["error"]["what"]
    assert [run["state"] for run in found["runs"]] == ["failed", "done"]
    assert found["runs"][0]["problems"][0]["code"].startswith("SY-F")
    assert syncd.json("import", syncd.folder / "missing.csv", code=1)["error"]["code"] == "SY-F44"
    assert syncd.json("import", syncd.folder, code=1)["error"]["code"] == "SY-F44"


def test_a_field_that_is_none_is_refused_before_anything(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS[:2])
    assert syncd.json("import", path, "--set", "shoe=4", code=1)["error"]["code"] == "SY-F40"
    assert syncd.json("runs") == []
    assert syncd("import", path, "--map", "nonsense", code=2) == ""


def test_a_mapped_column_that_the_file_has_not_refuses_it_and_names_those_there(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[profiles.two]\nmap = { "Firma / Org" = "company", "Other" = "title" }\n')
    path = syncd.file("leads.csv", "Last Name,Firma / Org,Ref", "Weber,Norrvik AB,7")
    for options in (["--dry-run"], []):
        run = syncd.json("import", path, "--map", "firma/org=company", "--map", "Reff=title", *options, code=1)["runs"][
            0
        ]
        assert (run["state"], run["counts"]["created"], run["problems"][0]["code"]) == ("failed", 0, "SY-F37")
        assert '"Reff"' in run["problems"][0]["what"]
        assert '"Last Name", "Firma / Org", "Ref"' in run["problems"][0]["why"]
    listed = syncd.file("leads.json", '[{"last_name": "A"}]')
    assert syncd.json("import", listed, "--map", "x=title", code=1)["runs"][0]["problems"][0]["code"] == "SY-F37"
    assert syncd.json("import", path, "--profile", "two")["runs"][0]["counts"]["created"] == 1
    assert syncd.json("list", "leads")[0]["company"] == "Norrvik AB"


@pytest.mark.parametrize(
    ("encoding", "code"),
    [("utf-16", "SY-F36"), ("undefined", "SY-F36"), ("rot13", "SY-F20"), ("zork", "SY-F20"), ("cp1252", None)],
)
def test_an_encoding_that_the_file_is_not_in_is_told(
    tmp_path: Path, sqlite: str, encoding: str, code: str | None
) -> None:
    syncd = Program(tmp_path, sqlite)
    path = syncd.file("leads.csv", "Last Name,Email", "Weber,a@x.example")
    run = syncd.json("import", path, "--encoding", encoding, code=1 if code else 0)["runs"][0]
    assert [problem["code"] for problem in run["problems"]] == ([code] if code else [])
    again = syncd.json("import", path)["runs"][0]
    assert again["repeat_of"] == (None if code else run["id"])


def test_a_link_to_a_file_is_followed(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    (tmp_path / "link.csv").symlink_to(syncd.file("leads.csv", *ROWS[:2]))
    run = syncd.json("import", tmp_path / "link.csv")["runs"][0]
    assert (run["source"], run["counts"]["created"]) == ("link.csv", 1)


def test_rejects_that_cannot_be_written_are_told_and_the_rows_stay_with_the_run(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite)
    path = syncd.file("leads.csv", *ROWS)
    (tmp_path / "leads.csv.rejects.csv").mkdir()
    (tmp_path / "leads.csv.rejects.csv" / "x").touch()
    run = syncd.json("import", path, code=1)["runs"][0]
    assert run["rejects"] is None and run["problems"][0]["code"] == "SY-F43"
    assert run["counts"]["created"] == 2


def test_a_first_name_beside_an_e_mail_means_the_lead_that_has_both(syncd: Program) -> None:
    whole = syncd.file("whole.csv", "First Name,Last Name,Email", "Anna,Weber,anna@moeller.example")
    part = syncd.file(
        "part.csv", "First Name,Email,Phone", "Anna,anna@moeller.example,+49 511 753990", "Bea,anna@moeller.example,"
    )
    syncd("import", whole)
    counts = syncd.json("import", part, "--on-duplicate", "overwrite")["runs"][0]["counts"]
    assert (counts["updated"], counts["created"]) == (1, 1)
    names = [(lead["first_name"], lead["last_name"], lead["phone"]) for lead in syncd.json("list", "leads")]
    assert names == [("Anna", "Weber", "+49 511 753990"), ("Bea", "anna", None)]


def growing(folder: Path, stop: str = "") -> tuple[Path, Step]:
    """A file, and the steps of an import in which it grows while it is read; at `stop` the import is cut short."""
    path = folder / "leads.csv"
    path.write_text("\n".join(("Last Name,Company", *(f"Name{n},Firm {n}" for n in range(20_000)))), encoding="utf-8")

    def step(name: str) -> None:
        if name == "import:chunk:committed":
            with path.open("a", encoding="utf-8") as file:
                file.write("\nLate,Row")
        elif name == stop:
            raise KeyboardInterrupt

    return path, step


def test_what_was_stored_of_a_file_that_changes_meanwhile_is_taken_back(tmp_path: Path, database: str) -> None:
    path, step = growing(tmp_path)
    syncd = Program(tmp_path, database, step=step)
    run = syncd.json("import", path, "--chunk", 500, code=1)["runs"][0]
    assert (run["state"], run["problems"][-1]["code"], run["rejects"]) == ("undone", "SY-F15", None)
    assert run["counts"]["created"] > 0 and syncd.whole() == []
    assert syncd.json("runs")[0]["reason"] == run["problems"][-1]["what"]
    quiet = Program(tmp_path, database)
    again = quiet.json("import", path)["runs"][0]
    assert (again["state"], again["repeat_of"]) == ("done", None) and again["counts"]["created"] > 20_000


@pytest.mark.parametrize("place", ["undo:open:begin", "undo:batch:begin", "undo:batch:committed", "undo:end:commit"])
def test_what_stands_of_it_when_that_is_cut_short_goes_with_the_next_import(
    tmp_path: Path, database: str, place: str
) -> None:
    path, step = growing(tmp_path, place)
    Program(tmp_path, database, step=step)("import", path, "--chunk", 500, code=130)
    quiet = Program(tmp_path, database)
    assert quiet.json("import", quiet.file("other.csv", "Last Name", "Other"))["runs"][0]["counts"]["created"] == 1
    assert [lead["last_name"] for lead in quiet.json("list", "leads")] == ["Other"]
    assert [run["state"] for run in quiet.json("runs") if run["source"] == "leads.csv" and run["kind"] == "import"] == [
        "undone"
    ]


def test_a_contact_with_the_e_mail_of_a_new_lead_is_named(syncd: Program) -> None:
    leads = syncd.file("leads.csv", *ROWS[:3])
    assert syncd.json("import", leads, "--dry-run")["runs"][0]["problems"] == []
    syncd("create", "contacts", "last_name=Morel", "first_name=Claire", "secondary_email=CLAIRE@bdr.example")
    for wish in (["--dry-run"], []):
        run = syncd.json("import", leads, *wish)["runs"][0]
        assert [(p["code"], p["line"]) for p in run["problems"]] == [("SY-L31", 3)]
        assert "contact 1, Claire Morel" in run["problems"][0]["why"] and run["counts"]["created"] == 2
    assert syncd.json("import", leads, "--map", "Phone=mobile")["runs"][0]["repeat_of"]
    more = syncd.file("more.csv", *ROWS[:3], "")
    assert syncd.json("import", more)["runs"][0]["problems"] == []


def test_a_column_is_left_out_or_kept_under_another_name(syncd: Program) -> None:
    path = syncd.file("leads.csv", "Last Name,Phone,Stand", "Weber,123,A7")
    syncd("import", path, "--map", "Phone=", "--map", "Stand=extra.Booth")
    lead = syncd.json("show", "leads", 1)
    assert (lead["phone"], lead["extra"]) == (None, {"Booth": "A7"})
    wrong = syncd.json("import", path, "--map", "Phone=phon", code=1)
    assert wrong["error"]["code"] == "SY-F40" and "named phon." in wrong["error"]["what"]


def test_an_owner_is_that_of_new_records_and_takes_none_away(tmp_path: Path, database: str) -> None:
    syncd = Program(tmp_path, database, '[inbox]\nowner = "house"\non_duplicate = "overwrite"\n')
    syncd("create", "leads", "last_name=Weber", "email=w@x.example", "owner=kim")
    rows = (
        "Last Name,Email,Phone,Owner",
        "Weber,w@x.example,+46 8 123 456 78,",
        "New,n@x.example,,",
        "Own,o@x.example,,ida",
    )
    syncd("import", syncd.file("a.csv", *rows))
    assert [lead["owner"] for lead in syncd.json("list", "leads")] == ["kim", "house", "ida"]
    people = ("Last Name,Company,Email,Owner", "Weber,BDR SAS,w@x.example,", "Two,BDR SAS,t@x.example,ida")
    told = ("--owner", "zoe", "--module", "contacts", "--profile", "maker")
    maker = Program(tmp_path, database, '[profiles.maker]\naccounts = "create"\nowner = "house"\n')
    maker("import", maker.file("b.csv", *people), *told)
    assert [contact["owner"] for contact in maker.json("list", "contacts")] == ["zoe", "zoe"]
    assert [account["owner"] for account in maker.json("list", "accounts")] == ["zoe"]
