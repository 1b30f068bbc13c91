"""Reading a file in a process of its own: what comes out, what ends it, and that nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from itertools import accumulate
from pathlib import Path

import openpyxl
import pytest

from importers import pipeline, vocabulary
from importers.rows import Batch, Order, UnreadableFile

HEADER = "First Name,Last Name,Company,Email,Phone\n"
ORDER = vocabulary.order("leads", country="DE")


def leads(count: int, start: int = 1) -> str:
    rows = (
        f"Anna,Weber {n},Möller {n} GmbH,anna{n}@moeller.example,+49 511 {n:06}" for n in range(start, start + count)
    )
    return HEADER + "\n".join(rows) + "\n"


def read(path: Path, order: Order = ORDER) -> list[Batch]:
    with pipeline.start(path, order) as reading:
        return list(reading)


def refusal(path: Path, order: Order = ORDER) -> str:
    with pytest.raises(UnreadableFile) as refused, pipeline.start(path, order) as reading:
        list(reading)
    assert refused.value.problem.what and refused.value.problem.do
    return refused.value.problem.code


def gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_rows_come_in_batches_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(leads(25), encoding="utf-8")
    batches = read(path, vocabulary.order("leads", chunk=10))
    assert all(0 < batch["rows"] <= 10 for batch in batches) and len(batches) == 3
    assert [batch["at"] for batch in batches] == list(accumulate(batch["rows"] for batch in batches))
    assert batches[-1]["at"] == 25
    assert [line for batch in batches for line in batch["lines"]] == list(range(2, 27))
    assert batches[-1]["columns"]["email"][-1] == "anna25@moeller.example"


@pytest.mark.parametrize("skip", [0, 1, 9, 10, 13, 24, 25, 30])
def test_a_rerun_goes_on_where_the_last_one_stopped(tmp_path: Path, skip: int) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(leads(10) + "bad,row,x,no mail,\n" + leads(14, 11).removeprefix(HEADER), encoding="utf-8")
    whole = read(path, vocabulary.order("leads", chunk=7))
    rest = read(path, vocabulary.order("leads", chunk=7, skip=skip))
    lines = sorted(
        [line for batch in whole for line in batch["lines"]] + [r["line"] for batch in whole for r in batch["refused"]]
    )
    found = [line for batch in rest for line in batch["lines"]] + [
        r["line"] for batch in rest for r in batch["refused"]
    ]
    assert sorted(found) == lines[skip:]
    assert sum(batch["rows"] for batch in rest) == max(0, 25 - skip)
    assert all(batch["at"] <= 25 for batch in rest) and (not rest or rest[-1]["at"] == 25)


@pytest.mark.parametrize("chunk", [1, 2, 5000])
def test_the_size_of_batches_changes_nothing(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "leads.csv"
    text = (
        leads(6)
        + 'Open,"Quote,X,q@x.example,\n'
        + leads(5, 7).removeprefix(HEADER)
        + 'A,"B\nC",D,,\n\nBad,Mail,X,m@,\n'
    )
    path.write_text(text, encoding="utf-8")
    rows, refused = [], []
    for batch in read(path, vocabulary.order("leads", chunk=chunk)):
        assert batch["rows"] == len(batch["lines"]) + len(batch["refused"])
        rows += list(zip(batch["lines"], batch["columns"]["last_name"], strict=True))
        refused += [(r["line"], r["code"]) for r in batch["refused"]]
    assert rows == [(n + 1, f"Weber {n}") for n in range(1, 7)] + [(n + 2, f"Weber {n}") for n in range(7, 12)] + [
        (14, "B\nC")
    ]
    assert refused == [(8, "SY-L02"), (17, "SY-L10")]


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    highest = rows = 0
    with pipeline.start(path, ORDER) as reading:
        for batch in reading:
            rows += batch["rows"]
            status = Path(f"/proc/{reading.pid}/status")
            if status.exists():
                found = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
                highest = max(highest, int(found[0]) if found else 0)
    assert rows == 40_000
    assert highest < 100_000, f"the reader took {highest} kB"


def test_closing_early_ends_the_process(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    with pipeline.start(path, ORDER) as reading:
        next(iter(reading))
        pid = reading.pid
        os.kill(pid, 0)
    assert gone(pid)


def test_a_killed_caller_leaves_no_reader_behind(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    script = (
        "import sys, time; from importers import pipeline, vocabulary\n"
        "reading = pipeline.start(sys.argv[1], vocabulary.order('leads'))\n"
        "next(iter(reading)); print(reading.pid, flush=True); time.sleep(60)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    pid = int(caller.stdout.readline())
    os.kill(pid, 0)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()
    assert gone(pid)


def test_a_killed_reader_is_a_plain_refusal(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    with pipeline.start(path, ORDER) as reading:
        batches = iter(reading)
        next(batches)
        os.kill(reading.pid, signal.SIGKILL)
        with pytest.raises(UnreadableFile) as refused:
            list(batches)
    assert refused.value.problem.code == "SY-F28"


def test_a_reader_that_fails_is_a_plain_refusal_that_quotes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Last Name,Birthday\nWeber,03/04/1980\n", encoding="utf-8")
    order = vocabulary.order("contacts", dates="no order at all")
    with pytest.raises(UnreadableFile) as refused, pipeline.start(path, order) as reading:
        list(reading)
    assert refused.value.problem.code == "SY-F38" and "calendar.py:" in refused.value.problem.what
    assert "Traceback" in str(refused.value.__cause__) and "1980" not in str(refused.value.problem)


def test_a_reader_without_progress_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(leads(3), encoding="utf-8")
    with pipeline.Reading(path, ORDER, lambda name: None, patience=0.3) as reading:
        os.kill(reading.pid, signal.SIGSTOP)
        with pytest.raises(UnreadableFile) as refused:
            _ = reading.opened
    assert refused.value.problem.code == "SY-F27"
    assert gone(reading.pid)


def test_a_file_that_changes_while_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    with pytest.raises(UnreadableFile) as refused, pipeline.start(path, ORDER) as reading:
        for place, _ in enumerate(reading):
            if place == 0:
                os.truncate(path, path.stat().st_size - 1)
    assert refused.value.problem.code == "SY-F15"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert refusal(tmp_path / "pipe.csv") == "SY-F17"
    assert refusal(tmp_path) == "SY-F17"
    assert refusal(tmp_path / "absent.csv") == "SY-F16"
    (tmp_path / "empty.csv").touch()
    assert refusal(tmp_path / "empty.csv") == "SY-F10"


def test_the_reader_does_not_see_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_GRAPH__CLIENT_SECRET", "canary")
    path = tmp_path / "many.csv"
    path.write_text(leads(40_000), encoding="utf-8")
    with pipeline.start(path, ORDER) as reading:
        next(iter(reading))
        environment = Path(f"/proc/{reading.pid}/environ")
        if not environment.exists():
            pytest.skip("no /proc here")
        assert b"canary" not in environment.read_bytes()


def test_a_cell_far_out_costs_no_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["First Name", "Last Name"])
    sheet.append(["Anna", "Weber"])
    sheet["XFD1048576"] = "far out"
    book.save(tmp_path / "sparse.xlsx")
    batches = read(tmp_path / "sparse.xlsx")
    assert batches[0]["columns"]["last_name"] == ["Weber"]
    assert [refused["code"] for refused in batches[0]["refused"]] == ["SY-L01"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        with package.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(40):
                part.write(bytes(1 << 20))
    assert refusal(path) == "SY-F31"


def test_steps_are_announced(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(leads(3), encoding="utf-8")
    steps: list[str] = []
    with pipeline.start(path, vocabulary.order("leads", chunk=2), step=steps.append) as reading:
        list(reading)
    assert steps == ["reader.opened", "reader.batch", "reader.batch"]


def test_the_command_prints_a_file(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(leads(2) + "bad,row,x,no mail,\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "importers", str(path), "--json"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1 and '"good": 2' in run.stdout and '"SY-L10"' in run.stdout
    text = subprocess.run([sys.executable, "-m", "importers", str(path)], capture_output=True, text=True, check=False)
    assert "3 rows: 2 good" in text.stdout and "no e-mail address" in text.stdout
    mapped = [sys.executable, "-m", "importers", str(path), "--map", "No such column=email"]
    wrong = subprocess.run(mapped, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1 and "SY-F37" in wrong.stdout
