"""Files that have to stay in the watched folder: none is read again while it lies as it lay, none is forgotten."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.intake import Watch
from syncd.settings import load
from syncd.store import Step, no_step
from syncd.store.times import now
from syncd.wiring import Wiring
from tests.flows.program import Program

ROWS = ("Last Name,Company,Email", "Brandt,Solis AG,ylva@solis.example", "Vogel,Keller AG,no address")
RESCAN = timedelta(seconds=60)

opened: list[Path] = []
"""The plain files that this process has opened to read them, and the processes that it has started."""


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        opened.append(Path(os.fsdecode(args[0])))
    if event == "subprocess.Popen":
        opened.append(Path("process"))


sys.addaudithook(_heard)


@pytest.fixture
def syncd(tmp_path: Path, database: str) -> Program:
    (tmp_path / "inbox").mkdir()
    return Program(tmp_path, database, f'[inbox]\nfolder = "{tmp_path}/inbox"\nsettle = 0\nrescan = "60s"\n')


class Time:
    """A clock that goes on only when told to."""

    def __init__(self) -> None:
        self.now = now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@contextmanager
def watching(syncd: Program, clock: Time, step: Step = no_step) -> Iterator[Watch]:
    """The watched folder as one service has it."""
    wiring = Wiring(load(syncd.config, {}), step=step, clock=clock)
    watch = wiring.watch()
    assert watch is not None
    try:
        yield watch
    finally:
        wiring.close()


def reads(watch: Watch, path: Path) -> bool:
    """One look; tells whether it has read the file."""
    opened.clear()
    watch.look()
    return path in opened or Path("process") in opened


def blocking(syncd: Program) -> Path:
    """A file where the folder done belongs, looked at behind all others."""
    path = syncd.file("inbox/done", "in the way")
    os.utime(path, (2**31, 2**31))
    return path


def test_a_file_that_cannot_be_moved_is_read_once_a_rescan_and_goes_as_soon_as_it_can(
    syncd: Program, clock: Time
) -> None:
    path, blocked = syncd.file("inbox/leads.csv", *ROWS), blocking(syncd)
    with watching(syncd, clock) as watch:
        assert reads(watch, path) and [run["state"] for run in syncd.json("runs")] == ["done"]
        assert not reads(watch, path) and path.exists()
        clock.now += RESCAN
        assert reads(watch, path) and path.exists()
        blocked.unlink()
        assert not reads(watch, path)
    assert sorted(os.listdir(blocked)) == ["leads.csv", "leads.csv.rejects.csv", "leads.csv.report.json"]
    assert len(syncd.json("runs")) == 1


def test_a_file_that_changes_is_read_at_once_and_one_that_hides_it_at_the_rescan(syncd: Program, clock: Time) -> None:
    path = syncd.file("inbox/leads.csv", *ROWS[:2])
    blocking(syncd)
    with watching(syncd, clock) as watch:
        assert reads(watch, path)
        with path.open("a") as file:
            file.write("Morel,BDR SAS,claire@bdr.example\n")
        assert reads(watch, path) and len(syncd.json("list", "leads")) == 2
        before = path.stat()
        with path.open("r+") as file:
            text = file.read().replace("Morel", "Mores").replace("claire", "clairi")
            file.seek(0)
            file.write(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert not reads(watch, path)
        clock.now += RESCAN
        assert reads(watch, path)
    assert {lead["last_name"] for lead in syncd.json("list", "leads")} == {"Brandt", "Morel", "Mores"}


def test_a_file_whose_content_another_process_has_waits_unread_for_its_end(syncd: Program, clock: Time) -> None:
    class Died(BaseException):
        pass

    def step(name: str) -> None:
        if name == "apply:batch:committed":
            raise Died

    plan = syncd.json("import", syncd.file("mine.csv", *ROWS), "--dry-run", code=1)["runs"][0]["id"]
    syncd.step = step
    with pytest.raises(Died):
        syncd("apply", plan)
    syncd.step = no_step
    path = syncd.file("inbox/leads.csv", *ROWS)
    with watching(syncd, clock) as watch:
        assert reads(watch, path)
        assert not reads(watch, path) and path.exists()
        syncd("apply", plan, code=1)
        watch.look()
    assert not path.exists() and len(syncd.json("list", "leads")) == 1


def test_a_file_over_which_something_goes_wrong_is_told_once_a_rescan(syncd: Program, clock: Time) -> None:
    path, told = syncd.file("inbox/leads.csv", *ROWS), RuntimeError("a fault of ours")
    faulty = [True]

    def step(name: str) -> None:
        if name == "import:chunk:begin" and faulty:
            raise told

    with watching(syncd, clock, step) as watch:
        with pytest.raises(RuntimeError):
            watch.look()
        assert not reads(watch, path)
        clock.now += RESCAN
        with pytest.raises(RuntimeError):
            watch.look()
        faulty.clear()
        clock.now += RESCAN
        assert reads(watch, path) and not path.exists()
    assert len(syncd.json("list", "leads")) == 1


def test_a_folder_that_lies_too_deep_is_told_once(
    syncd: Program, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    deep = syncd.folder / "inbox/fair/2026"
    deep.mkdir(parents=True)
    path = syncd.file("inbox/fair/2026/leads.csv", *ROWS)
    with watching(syncd, clock) as watch:
        for _ in range(3):
            assert watch.look() == 0
        assert [record.message.split()[1] for record in caplog.records if str(deep) in record.message] == ["SY-F07"]
        path.rename(syncd.folder / "inbox/leads.csv")
        watch.look()
    assert len(syncd.json("list", "leads")) == 1
