"""The program as a process: start-up, exit statuses, signals, output that other programs read."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.simulator.app import Simulator
from syncd.store import no_step
from tests.flows.program import Program

PROGRAM = [sys.executable, "-m", "syncd"]


def run(*args: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *args],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_starts_fast(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help", folder=tmp_path).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    record_property("figures", f"syncd --help: {min(spent):.2f} s CPU")
    assert min(spent) <= 1.0


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from syncd.cli import program\n"
        "try: program.main(['--help'], prog_name='syncd')\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'msal', 'requests', 'openpyxl', 'apscheduler', 'cryptography', 'phonenumbers'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_options_may_stand_before_or_behind(tmp_path: Path) -> None:
    one = run("--json", "--as", "a.keller", "create", "leads", "last_name=A", folder=tmp_path)
    two = run("create", "leads", "last_name=B", "--as", "a.keller", "--json", folder=tmp_path)
    made = [json.loads(done.stdout)["run"] for done in (one, two)]
    runs = json.loads(run("runs", "--json", folder=tmp_path).stdout)
    assert [(r["id"], r["actor"]) for r in runs] == [(made[1], "a.keller"), (made[0], "a.keller")]


def test_exit_statuses_and_where_errors_go(tmp_path: Path) -> None:
    usage = run("list", folder=tmp_path)
    assert (usage.returncode, usage.stdout) == (2, "") and "MODULE" in usage.stderr
    assert run("nonsense", folder=tmp_path).returncode == 2
    unknown = run("show", "leads", "7", "--json", folder=tmp_path)
    assert unknown.returncode == 1 and json.loads(unknown.stdout)["error"]["code"] == "SY-E07"
    wrong = run("list", "leads", "--json", folder=tmp_path, SYNCD_LOCALE__LANGUAGE="xx")
    assert wrong.returncode == 78 and json.loads(wrong.stdout)["error"]["what"]


def test_every_command_has_help_with_an_example(tmp_path: Path) -> None:
    from syncd.cli.program import COMMANDS, program

    for name in COMMANDS:
        command = program.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None and command.help and f"syncd {name}" in (command.epilog or ""), name


def test_the_log_is_one_object_a_line(tmp_path: Path) -> None:
    done = run("list", "leads", folder=tmp_path, SYNCD_LOG__FORMAT="json", SYNCD_NONSENSE="1")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 0 and [line["level"] for line in lines] == ["warning"]
    assert "SYNCD_NONSENSE" in lines[0]["message"]


def test_a_closed_pipe_is_no_fault_of_ours(tmp_path: Path) -> None:
    run("create", "leads", "last_name=A", folder=tmp_path)
    done = subprocess.run(
        f"{sys.executable} -m syncd runs 1 --csv | true",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "SY-X01" not in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_stdout_is_told_without_a_traceback(tmp_path: Path) -> None:
    run("create", "leads", "last_name=A", folder=tmp_path)
    for line in (["list", "leads"], ["list", "leads", "--json"], ["show", "leads", "1"], ["export", "leads"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*PROGRAM, *line], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
            )
        assert done.returncode == 1 and done.stderr.count("SY-Q08") == 1, line
        assert "Traceback" not in done.stderr, line


def test_simulate_prints_one_line_and_stops_when_told(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "simulate", "--contacts", "1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        line = json.loads(process.stdout.readline())
        assert {"root", "authority", "ca", "settings"} <= line.keys()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stdout.read() == ""


def taken(store: Path) -> int:
    """Rows that a running import has brought in so far; 0 while there is no store."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as raw,
    ):
        return int(raw.execute("SELECT COALESCE(MAX(taken), 0) FROM run").fetchone()[0])
    return 0


def test_sigterm_gives_up_the_batch_and_the_next_import_goes_on(tmp_path: Path) -> None:
    rows = "\n".join(f"Name{n},Firm {n},n{n}@x.example" for n in range(20_000))
    path = tmp_path / "leads.csv"
    path.write_text(f"Last Name,Company,Email\n{rows}\n", encoding="utf-8")
    for turn in range(6):
        before = taken(tmp_path / "var" / "syncd.db")
        process = subprocess.Popen(
            [*PROGRAM, "import", str(path), "--chunk", "20"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while taken(tmp_path / "var" / "syncd.db") == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(turn * 0.017)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 143 and "stopped" in errors
    done = run("import", str(path), "--json", folder=tmp_path)
    found = json.loads(done.stdout)["runs"][0]
    assert done.returncode == 0 and found["counts"]["created"] == 20_000 and found["id"] == 1


def test_a_signal_in_the_middle_of_a_batch_takes_effect_behind_it(tmp_path: Path, database: str) -> None:
    def step(name: str) -> None:
        if name == "import:chunk:commit":
            os.kill(os.getpid(), signal.SIGTERM)

    syncd = Program(tmp_path, database, step=step)
    path = syncd.file("leads.csv", "Last Name,Company,Email", *(f"N{n},Firm {n},n{n}@x.example" for n in range(100)))
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        syncd("import", path, "--chunk", 20, code=143)
    finally:
        signal.signal(signal.SIGTERM, before)
        ended.set()
        other.join()
    assert 0 < len(syncd.json("list", "leads")) <= 20
    syncd.step = no_step
    assert syncd.json("import", path)["runs"][0]["counts"]["created"] == 100


def test_a_terminal_without_unicode_gets_escapes_and_question_marks(tmp_path: Path) -> None:
    made = run("create", "leads", "last_name=Müller", "--json", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert made.returncode == 0 and json.loads(made.stdout)["last_name"] == "Müller"
    shown = run("show", "leads", "1", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert shown.returncode == 0 and "M?ller" in shown.stdout


def test_sigterm_ends_a_sync_in_good_order_and_the_next_goes_on(tmp_path: Path) -> None:
    with Simulator(1, 3000) as simulator:
        keys = "\n".join(f"{name} = {json.dumps(value)}" for name, value in simulator.settings().items())
        (tmp_path / "syncd.toml").write_text(f"[graph]\n{keys}\npage_size = 10\n", encoding="utf-8")
        process = subprocess.Popen([*PROGRAM, "sync"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        while len(simulator.requests) < 20 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 143 and "stopped" in errors and "Traceback" not in errors
        done = run("sync", "--json", folder=tmp_path)
        found = json.loads(done.stdout)
        truth = simulator.truth(simulator.settings()["mailboxes"][0])
    assert done.returncode == 0 and found["id"] == 1
    assert found["counts"]["created"] + found["counts"]["updated"] + found["counts"]["unchanged"] == len(truth)


@pytest.mark.parametrize(
    "line",
    [
        ["list", "leads", "--where", b"last_name=\xff"],
        ["why", "leads", b"\xff"],
        ["create", "leads", b"last_name=\xff"],
        ["show", "leads", "9" * 20],
        ["undo", "9" * 20],
        ["--as", b"\xff", "status"],
    ],
)
def test_what_no_store_can_hold_is_a_usage_error(tmp_path: Path, line: list[str | bytes]) -> None:
    done = subprocess.run([*PROGRAM, *line], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"") and b"SY-X01" not in done.stderr
