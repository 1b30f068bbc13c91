"""The service as a process: watched folder and schedule, settings read again, one at a time, a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from syncd.simulator.app import Simulator
from tests.flows.program import Program

SETTINGS = '[inbox]\nfolder = "inbox"\nevery = "0.2s"\nsettle = "0.4s"\n[sync]\nevery = "1s"\n'
PATIENCE = 30.0
ROWS = ("Last Name,Company,Email", "Weber,Norrvik AB,anna@norrvik.example", "Bad,Foo,not-an-address")


@contextmanager
def service(syncd: Program) -> Iterator[subprocess.Popen[str]]:
    """A running service, ended at last however the test ends; its log goes to service.log."""
    with (syncd.folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "syncd", "--config", str(syncd.config), "run"],
            stderr=log,
            cwd=syncd.folder,
            text=True,
        )
        try:
            until(lambda: "started" in said(syncd) or process.poll() is not None)
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def said(syncd: Program) -> str:
    return (syncd.folder / "service.log").read_text(encoding="utf-8")


def until(seen: Callable[[], Any]) -> None:
    """Waits for something to be seen; the test fails when it is not."""
    end = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def drop(syncd: Program, name: str, *rows: str, profile: str = "") -> None:
    """A file arrives in the inbox, or in a profile's folder there, whole under its name."""
    place = syncd.folder / "inbox" / profile
    place.mkdir(exist_ok=True)
    syncd.file(f"{name}.part", *rows).rename(place / name)


def test_a_dropped_file_is_imported_and_sigterm_ends_with_0(tmp_path: Path, database: str) -> None:
    syncd = Program(tmp_path, database, SETTINGS)
    with service(syncd) as process:
        drop(syncd, "leads.csv", *ROWS)
        done = tmp_path / "inbox" / "done"
        until(lambda: (done / "leads.csv").exists())
        report = json.loads((done / "leads.csv.report.json").read_text(encoding="utf-8"))
        assert (report["counts"]["created"], report["counts"]["refused"], report["repeat_of"]) == (1, 1, None)
        assert "Bad,Foo" in (done / "leads.csv.rejects.csv").read_text(encoding="utf-8")
        assert syncd.json("status")["service"] == {"running": True}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert syncd.json("status")["service"] == {"running": False}
    assert [run["actor"] for run in syncd.json("runs")] == ["inbox"]
    assert "anna@norrvik.example" not in said(syncd) and "Weber" not in said(syncd)


def test_a_second_service_is_told_of_the_first(tmp_path: Path, database: str) -> None:
    syncd = Program(tmp_path, database, SETTINGS)
    with service(syncd):
        error = syncd.json("run", code=75)["error"]
    assert error["code"] == "SY-W07"


def test_settings_are_read_again_and_faulty_ones_refused(tmp_path: Path, sqlite: str) -> None:
    syncd = Program(tmp_path, sqlite, SETTINGS)
    good = syncd.config.read_text(encoding="utf-8")
    with service(syncd) as process:
        syncd.config.write_text(good + '[log]\nlevel = "loud"\n', encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        until(lambda: "refused" in said(syncd))
        syncd.config.write_text(good + '[profiles.fair]\nowner = "j.keller"\n', encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        until(lambda: "read again" in said(syncd))
        drop(syncd, "leads.csv", *ROWS[:2], profile="fair")
        until(lambda: (tmp_path / "inbox" / "done" / "leads.csv").exists())
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert [lead["owner"] for lead in syncd.json("list", "leads")] == ["j.keller"]


def test_mailboxes_are_synced_on_schedule(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 5) as simulator:
        keys = "\n".join(f"{name} = {json.dumps(value)}" for name, value in simulator.settings().items())
        syncd = Program(tmp_path, sqlite, f"{SETTINGS}[graph]\n{keys}\n")
        address = simulator.settings()["mailboxes"][0]
        with service(syncd) as process:
            until(lambda: syncd.json("status")["records"]["contacts"] > 0)
            simulator.mailbox(address).add(
                givenName="Nora", surname="Nilsson", emailAddresses=[{"address": "nora@solis.example"}]
            )
            until(lambda: syncd.json("list", "contacts", "--where", "email=nora@solis.example"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        box = syncd.json("status")["mailboxes"][0]
    assert box["state"] == "good" and box["lag"] is not None
