"""Plans of files: what `--dry-run` saved and `apply` carries out equals the import itself, whatever module and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.program import Program

STORED = {
    "leads": ("First Name,Last Name,Company,Email,Mobile", "Bo,Ade,Solis AG,bo@solis.example,+4915112345678"),
    "contacts": ("First Name,Last Name,Account Name,Email,Mobile", "Bo,Ade,Solis AG,bo@solis.example,+4915112345678"),
    "accounts": ("Account Name,Account Site,Phone", "Solis AG,,+49301234567"),
}
PEOPLE = (
    "Bo,Ade,Solis AG,bo@solis.example,+4915112345679,Neu",
    "Bo,Ade,Solis,,+4915112345678,Chef",
    "Cy,Ade,Solis AG,bo@solis.example,+4915112345678,",
    "Di,Eck,Nova SARL,di@nova.example,,",
    "Di,Eck,Nova,,+4915112345000,Zwei",
    "Ed,Fink,Nova,not an address,,",
)
ROWS = {
    "leads": ("First Name,Last Name,Company,Email,Mobile,Title", *PEOPLE),
    "contacts": ("First Name,Last Name,Account Name,Email,Mobile,Title", *PEOPLE),
    "accounts": (
        "Account Name,Account Site,Phone,Industry",
        "Solis AG,,+49301234568,Bau",
        "Solis,Nord,+49301234567,",
        "Solis GmbH,,+49301234567,Handel",
        "Nova SARL,,,",
        "Nova,,+33388221410,Bau",
        "Nova AG,,+33388221410,Bau",
    ),
}
KEYS = {"leads": "mobile", "contacts": "mobile", "accounts": "phone"}


@pytest.mark.parametrize("on_duplicate", ["skip", "overwrite", "clone"])
@pytest.mark.parametrize("matching", ["by the rules", "by one field"])
@pytest.mark.parametrize("module", ["leads", "contacts", "accounts"])
def test_a_plan_carried_out_equals_the_import(
    tmp_path: Path, database: str, module: str, matching: str, on_duplicate: str
) -> None:
    options = ["--module", module, "--on-duplicate", on_duplicate]
    options += ["--match-on", KEYS[module]] if matching == "by one field" else []
    extra = '[profiles.team]\nmodule = "contacts"\naccounts = "create"\n'
    options += ["--profile", "team"] if module == "contacts" else []
    plain, planned = (tmp_path / name for name in ("plain", "planned"))
    stores = []
    for folder, url in ((plain, f"sqlite:///{tmp_path}/plain.db"), (planned, database)):
        folder.mkdir()
        syncd = Program(folder, url, extra)
        syncd("create", "accounts", "name=Solis AG") if module != "accounts" else None
        syncd("import", syncd.file("stored.csv", *STORED[module]), "--module", module)
        stores.append(syncd)
    one, other = stores
    code = 0 if module == "accounts" else 1
    imported = one.json("import", one.file("rows.csv", *ROWS[module]), *options, code=code)["runs"][0]
    plan = other.json("import", other.file("rows.csv", *ROWS[module]), *options, "--dry-run", code=code)["runs"][0]
    done = other.json("apply", plan["id"], code=code)
    assert done["counts"] == plan["counts"] == imported["counts"]
    assert other.whole(ledger=True) == one.whole(ledger=True)


def test_a_plan_finds_a_record_by_what_its_earlier_batches_made_of_it(tmp_path: Path, database: str) -> None:
    header = "First Name,Last Name,Company,Email"
    rows = ("Ann,Berg,Nova AG,ann@solis.example", "Ann,Berg,Solis AG,", "Ann,Berg,Nova,")
    stores = []
    for name, url in (("plain", f"sqlite:///{tmp_path}/plain.db"), ("planned", database)):
        (tmp_path / name).mkdir()
        syncd = Program(tmp_path / name, url)
        syncd("import", syncd.file("stored.csv", header, "Ann,Berg,Solis AG,ann@solis.example"))
        stores.append(syncd)
    options = ("--on-duplicate", "overwrite", "--chunk", 1)
    one, other = stores
    one("import", one.file("rows.csv", header, *rows), *options)
    other("apply", other.json("import", other.file("rows.csv", header, *rows), *options, "--dry-run")["runs"][0]["id"])
    assert other.whole(ledger=True) == one.whole(ledger=True)
