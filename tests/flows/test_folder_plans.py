"""Files that are only planned: they wait in the watched folder until somebody has their plan carried out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncd.settings import load
from syncd.wiring import Wiring
from tests.flows.program import Program

ROWS = ("Last Name,Company,Email", "Brandt,Solis AG,ylva@solis.example", "Vogel,Keller AG,no address")


class Died(BaseException):
    """The process ended at a step."""


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    (tmp_path / "inbox" / "fair").mkdir(parents=True)
    extra = f'[inbox]\nfolder = "{tmp_path}/inbox"\nsettle = 0\n[profiles.fair]\ndry_run = true\n'
    return Program(tmp_path, database, extra)


def look(syncd: Program, die: str = "") -> None:
    """One look through the folder, as the service does; the process ends at the step that is named."""

    def step(name: str) -> None:
        if name == die:
            raise Died

    wiring = Wiring(load(syncd.config, {}), step=step)
    watch = wiring.watch()
    assert watch is not None
    try:
        watch.look()
    finally:
        wiring.close()


def lying(syncd: Program) -> dict[str, Any]:
    """All files of the folder with their contents."""
    root = syncd.folder / "inbox"
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(root)): json.loads(path.read_bytes())
        if path.suffix == ".json"
        else path.read_text("utf-8")
        for path in files
    }


@pytest.mark.parametrize("die", ["", "plan:end:committed", "move:leads.csv", "moved:leads.csv"])
def test_a_planned_file_waits_and_goes_on_once_its_plan_is_carried_out(syncd: Program, die: str) -> None:
    syncd.file("inbox/fair/leads.csv", *ROWS)
    if die:
        with pytest.raises(Died):
            look(syncd, die)
    look(syncd)
    (run,) = syncd.json("runs")
    assert run["state"] == "planned" and syncd.json("list", "leads") == []
    waiting = lying(syncd)
    assert sorted(waiting) == ["waiting/leads.csv", "waiting/leads.csv.report.json"]
    report = waiting["waiting/leads.csv.report.json"]
    assert (report["run"], report["repeat_of"], report["counts"]) == (run["id"], None, run["counts"])
    look(syncd)
    assert lying(syncd) == waiting
    assert "done/" in syncd("apply", run["id"], code=1)
    look(syncd)
    done = lying(syncd)
    assert sorted(done) == [f"done/leads.csv{end}" for end in ("", ".rejects.csv", ".report.json")]
    assert done["done/leads.csv.report.json"]["counts"] == report["counts"] | {"created": 1, "refused": 1}
    assert "no address" in done["done/leads.csv.rejects.csv"]
    assert [lead["last_name"] for lead in syncd.json("list", "leads")] == ["Brandt"]


@pytest.mark.parametrize("place", ["fair/again.csv", "fair/leads.csv", "leads.csv"])
def test_what_is_known_already_is_a_repeat_and_not_planned(syncd: Program, place: str) -> None:
    syncd("import", syncd.file("leads.csv", *ROWS), code=1)
    name = syncd.file(f"inbox/{place}", *ROWS).name
    look(syncd)
    assert sorted(lying(syncd)) == [f"done/{name}", f"done/{name}.report.json"]
    assert lying(syncd)[f"done/{name}.report.json"]["repeat_of"] == 1 and len(syncd.json("runs")) == 1


@pytest.mark.parametrize("die", ["", "move:SECOND", "moved:SECOND", "moved:leads.csv"])
@pytest.mark.parametrize(("name", "second"), [("again.csv", "again.csv"), ("leads.csv", "leads.1.csv")])
def test_what_waits_already_is_a_repeat(syncd: Program, name: str, second: str, die: str) -> None:
    syncd.file("inbox/fair/leads.csv", *ROWS)
    if die == "moved:leads.csv":
        with pytest.raises(Died):
            look(syncd, die)
    look(syncd)
    syncd.file(f"inbox/fair/{name}", *ROWS)
    if "SECOND" in die:
        with pytest.raises(Died):
            look(syncd, die.replace("SECOND", second))
    look(syncd)
    assert [run["id"] for run in syncd.json("runs")] == [1]
    first, again = (lying(syncd)[f"waiting/{one}.report.json"] for one in ("leads.csv", second))
    assert (first["repeat_of"], first["counts"]["created"]) == (None, 1)
    assert (again["repeat_of"], again["run"], again["problems"]) == (1, 1, []) and not any(again["counts"].values())
    syncd("apply", 1, code=1)
    look(syncd)
    done = lying(syncd)
    names = [f"{one}{end}" for one in ("leads.csv", second) for end in ("", ".report.json")]
    assert sorted(done) == sorted(f"done/{one}" for one in (*names, "leads.csv.rejects.csv"))
    assert done[f"done/{second}.report.json"] == again
    assert done["done/leads.csv.report.json"]["counts"] == first["counts"]


@pytest.mark.parametrize("since", ["settings", "store"])
def test_what_waits_is_planned_anew_where_that_means_something_else(syncd: Program, since: str) -> None:
    syncd.file("inbox/fair/leads.csv", *ROWS)
    look(syncd)
    if since == "settings":
        syncd.config.write_text(syncd.config.read_text("utf-8") + 'owner = "anna"\n', "utf-8")
    else:
        syncd("create", "leads", "last_name=Brandt", "email=ylva@solis.example")
    syncd.file("inbox/fair/again.csv", *ROWS)
    look(syncd)
    report = lying(syncd)["waiting/again.csv.report.json"]
    assert report["repeat_of"] is None and report["counts"]["created"] == (since == "settings")
    assert report["run"] == syncd.json("runs")[0]["id"] > 1
    syncd("apply", report["run"], code=1)
    look(syncd)
    done = lying(syncd)
    assert not [name for name in done if not name.startswith("done/")]
    assert done["done/leads.csv.report.json"]["repeat_of"] == report["run"]
    assert done["done/again.csv.report.json"]["repeat_of"] is None
    assert syncd.json("status")["waiting"] == []


def test_status_tells_a_plan_from_a_stop(syncd: Program) -> None:
    syncd.file("inbox/fair/leads.csv", *ROWS)
    look(syncd)
    assert syncd.json("status")["plans"] == [{"id": 1, "state": "planned", "kind": "import", "source": "leads.csv"}]
    assert "planned    run 1 · import leads.csv · only planned → syncd apply 1" in syncd("status")


def test_by_command_such_a_profile_only_plans_too(syncd: Program) -> None:
    (run,) = syncd.json("import", syncd.file("leads.csv", *ROWS), "--profile", "fair", code=1)["runs"]
    assert run["state"] == "planned" and syncd.json("list", "leads") == []


def test_a_wrong_word_is_named(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[profiles.x]\ndry_run = "yes"\n')
    assert "true or false" in syncd("list", "leads", code=78) + syncd.errors
