"""What ends a command early: another process at work, an interruption, a fault of syncd itself; nothing half-done stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syncd.cli import program
from syncd.cli.call import Call
from syncd.wiring import Wiring
from tests.flows.program import Program

ROWS = ("Last Name,Company", *(f"Name{n},Firm {n}" for n in range(30)))


def run(syncd: Program, step: Callable[[str], None], *args: object) -> Result:
    call = Call(build=lambda settings: Wiring(settings, step=step))
    line = ["--config", str(syncd.config), "--as", "tester", *map(str, args)]
    return CliRunner().invoke(program, line, obj=call, prog_name="syncd")


def at(name: str, count: int, action: Callable[[], None]) -> Callable[[str], None]:
    """A step hook that acts when a step is reached for the `count`-th time."""
    left = [count]

    def step(reached: str) -> None:
        if reached == name:
            left[0] -= 1
            if left[0] == 0:
                action()

    return step


def fail() -> None:
    raise ZeroDivisionError("anna@norrvik.example")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    return Program(tmp_path, database)


def test_a_fault_of_ours_is_told_without_values_and_the_rerun_goes_on(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    done = run(syncd, at("import:chunk:commit", 2, fail), "import", path, "--chunk", 10, "--json")
    error = json.loads(done.stdout)["error"]
    assert done.exit_code == 1 and error["code"] == "SY-X01" and "ZeroDivisionError" in error["what"]
    assert "anna@" not in done.stdout + done.stderr and "Traceback" not in done.stderr
    assert 0 < len(syncd.whole()) <= 10
    again = syncd.json("import", path)["runs"][0]
    assert (again["id"], again["counts"]["created"], again["state"]) == (1, 30, "done")


def test_the_traceback_is_in_the_log_at_level_debug(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, '[log]\nlevel = "debug"\nformat = "json"\n')
    done = run(syncd, at("edit:commit", 1, fail), "create", "leads", "last_name=W")
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert any("ZeroDivisionError" in line.get("traceback", "") for line in lines)


def test_an_interruption_takes_the_batch_back(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    done = run(syncd, at("import:chunk:commit", 3, interrupt), "import", path, "--chunk", 10)
    assert done.exit_code == 130 and "interrupted" in done.stderr
    assert 10 < len(syncd.whole()) <= 20


def test_a_second_import_of_a_file_under_way_is_told_to_wait(syncd: Program) -> None:
    path = syncd.file("leads.csv", *ROWS)
    seen: list[str] = []

    def second() -> None:
        error = syncd.json("import", path, code=75)["error"]
        seen.extend((error["code"], error["what"].partition(" is ")[0]))

    done = run(syncd, at("import:chunk:committed", 1, second), "import", path, "--chunk", 10)
    assert done.exit_code == 0 and seen == ["SY-W01", "leads.csv"]
    assert len(syncd.whole()) == 30


def test_an_undo_that_was_cut_short_is_taken_up_again(syncd: Program) -> None:
    syncd("import", syncd.file("leads.csv", *ROWS))
    done = run(syncd, at("undo:end:begin", 1, fail), "undo", 1)
    assert done.exit_code == 1
    assert syncd.json("undo", 1)["id"] == 2 and syncd.whole() == []
    assert len(syncd.json("runs")) == 2


def test_a_failed_edit_leaves_nothing(syncd: Program) -> None:
    done = run(syncd, at("edit:commit", 1, fail), "create", "leads", "last_name=W")
    assert done.exit_code == 1 and syncd.whole(ledger=True) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_fault_told_like_any_other(syncd: Program) -> None:
    closed, other = syncd.file("closed.csv", *ROWS), syncd.file("open.csv", *ROWS)
    closed.chmod(0)
    document = syncd.json("import", closed, other, code=1)
    assert [run["counts"]["created"] for run in document["runs"]] == [30]
    assert "SY-F44" in syncd.errors and "closed.csv" in syncd.errors and "Permission denied" in syncd.errors
    syncd.config.chmod(0)
    assert "SY-C01" in syncd("check", code=78)
