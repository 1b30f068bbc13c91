"""The service as a process: files dropped at any time, stops, kills, settings read again, and one service a store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator.app import Simulator
from syncd.store import Store, leases
from syncd.store.times import now
from tests.faults.yard import Ground, children, gone, toml
from tests.flows.outlook import ANNA, EINKAUF, person

HEADER = "Last Name,Company,Email"
BUSY = 75


class House:
    """A store with a watched folder and, with a simulator, mailboxes."""

    def __init__(self, folder: Path, url: str, **sections: dict[str, object]) -> None:
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        config = folder / "syncd.toml"
        watched = {"folder": str(self.inbox), "settle": 0.2, "every": 0.2}
        config.write_text(toml(store={"url": url}, inbox=watched, log={"level": "info"}, **sections))
        self.ground = Ground(url, config)
        self.log = folder / "log"

    @contextmanager
    def service(self) -> Iterator[subprocess.Popen[bytes]]:
        """The service, killed at the end when it is still there."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.ground.command("run"), cwd=self.inbox.parent, stderr=log)
        try:
            yield process
        finally:
            offspring = children(process.pid)
            process.kill()
            process.wait()
            gone(offspring)

    def told(self) -> str:
        """What the services have logged so far."""
        return self.log.read_text()

    def drop(self, name: str, *rows: str) -> None:
        """Drops a file of leads, whole, as a program would."""
        part = self.inbox / f"{name}.part"
        part.write_text("\n".join((HEADER, *rows)) + "\n")
        part.rename(self.inbox / name)

    def many(self, name: str, count: int) -> None:
        """Drops a file of `count` leads."""
        self.drop(name, *(f"{name[:-4]}{n},Firm {n} AB,{n}@{name[:-4]}.example" for n in range(count)))

    def leads(self) -> int:
        """How many leads the store has."""
        with closing(Store(self.ground.url)) as store, store.reading() as tx:
            return int(tx.value("SELECT COUNT(*) FROM lead"))

    def contacts(self) -> set[str]:
        """The last names of the store's contacts."""
        with closing(Store(self.ground.url)) as store, store.reading() as tx:
            return {str(row[0]) for row in tx.rows("SELECT last_name FROM contact")}

    def done(self, *names: str) -> Callable[[], bool]:
        """Whether these files lie in done/."""
        return lambda: all((self.inbox / "done" / name).exists() for name in names)

    def running(self, kind: str) -> list[int]:
        """The runs of a kind that have not ended."""
        runs = json.loads(self.ground.prepare("runs", "--json"))
        return [run["id"] for run in runs if run["state"] == "running" and run["kind"] == kind]


def wait(until: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def stopped(process: subprocess.Popen[bytes]) -> None:
    """Tells the service to stop: it ends in good order within ten seconds."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0 and time.monotonic() - begun <= 10


def memory(process: subprocess.Popen[bytes]) -> int:
    """The kilobytes of memory a process holds."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def test_signals_while_it_starts_are_as_good_as_later(tmp_path: Path, sqlite: str) -> None:
    house = House(tmp_path, sqlite)
    for number in (signal.SIGHUP, signal.SIGTERM):
        with house.service() as process:
            wait(lambda: "sqlalchemy" in Path(f"/proc/{process.pid}/maps").read_text())  # noqa: B023
            process.send_signal(number)
            stopped(process)
    assert "Traceback" not in house.told()


def test_files_at_any_time_are_imported_once(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 20) as simulator:
        house = House(tmp_path, sqlite, graph=simulator.settings(), sync={"every": 1})
        with house.service() as process:
            house.many("a.csv", 50)
            wait(house.done("a.csv"))
            for name in "bcdefgh":
                house.many(f"{name}.csv", 200)
            wait(house.done("b.csv"))
            house.many("stop.csv", 20_000)
            wait(lambda: (house.inbox / "stop.csv").exists())
            stopped(process)
        assert len(house.running("import")) <= 1
        with house.service() as process:
            house.many("kill.csv", 20_000)
            wait(lambda: house.leads() > 50 + 7 * 200, 30)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with house.service() as process:
            wait(house.done("a.csv", *(f"{n}.csv" for n in "bcdefgh"), "stop.csv", "kill.csv"), 40)
            stopped(process)
        assert house.leads() == 50 + 7 * 200 + 40_000
        # A sync that the stop met goes on with the next start.
        assert house.running("import") == []
        runs = json.loads(house.ground.prepare("runs", "--json"))
        assert sorted(run["source"] for run in runs if run["kind"] == "import") == sorted(
            ["a.csv", *(f"{n}.csv" for n in "bcdefgh"), "stop.csv", "kill.csv"]
        )
        assert any(run["kind"] == "sync" and run["state"] == "done" for run in runs)
    assert "SY-X01" not in house.told() and "Traceback" not in house.told()


def test_a_broken_file_fails_with_its_reason_and_corrected_rejects_come_back(tmp_path: Path, sqlite: str) -> None:
    house = House(tmp_path, sqlite)
    with house.service() as process:
        (house.inbox / "broken.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
        house.drop("good.csv", "Berg,Berg AB,berg@firm.example", "Dahl,Dahl AB,not-an-address")
        wait(house.done("good.csv"))
        wait((house.inbox / "failed" / "broken.xlsx").exists)
        reason = (house.inbox / "failed" / "broken.xlsx.reason.txt").read_text()
        assert "SY-F" in reason and "broken.xlsx" in reason
        rejects = (house.inbox / "done" / "good.csv.rejects.csv").read_text(encoding="utf-8-sig")
        assert "Dahl" in rejects and "Berg" not in rejects
        fixed = rejects.replace("not-an-address", "dahl@firm.example")
        (house.inbox / "good.csv.rejects.csv").write_text(fixed)
        wait(lambda: not (house.inbox / "good.csv.rejects.csv").exists())
        stopped(process)
    runs = json.loads(house.ground.prepare("runs", "--json"))
    newest = next(run for run in runs if run["source"] == "good.csv.rejects.csv")
    assert newest["counts"]["created"] == 1 and newest["counts"]["duplicate"] == 0
    assert house.leads() == 2


def test_an_inbox_that_is_away_is_told_once_and_taken_up_again(tmp_path: Path, sqlite: str) -> None:
    house = House(tmp_path, sqlite)
    with house.service() as process:
        house.drop("before.csv", "Berg,Berg AB,berg@firm.example")
        wait(house.done("before.csv"))
        house.inbox.rename(tmp_path / "away")
        wait(lambda: "SY-F08" in house.told())
        time.sleep(1)
        (tmp_path / "away").rename(house.inbox)
        house.drop("after.csv", "Dahl,Dahl AB,dahl@firm.example")
        wait(house.done("after.csv"))
        stopped(process)
    assert house.told().count("SY-F08") == 1 and "Traceback" not in house.told()
    assert "can be worked in again" in house.told()


def test_faulty_settings_are_refused_and_good_ones_taken(tmp_path: Path, sqlite: str) -> None:
    house = House(tmp_path, sqlite)
    good = house.ground.config.read_text()
    with house.service() as process:
        wait(lambda: "service: started" in house.told())
        file = tmp_path / "no folder"
        file.write_text("")
        for bad in (good.replace('"settle"', ""), good + "[locale]\nlanguage = 'xx'\n", "= no TOML"):
            house.ground.config.write_text(bad.replace("settle = 0.2", "settle = -1"))
            before = house.told().count("settings: refused")
            process.send_signal(signal.SIGHUP)
            wait(lambda seen=before: house.told().count("settings: refused") > seen)  # type: ignore[misc]
        house.ground.config.write_text(good.replace(str(house.inbox), str(file)))
        before = house.told().count("settings: refused")
        process.send_signal(signal.SIGHUP)
        wait(lambda: house.told().count("settings: refused") > before)
        house.drop("a.csv", "Berg,Berg AB,berg@firm.example")
        wait(house.done("a.csv"))
        house.ground.config.write_text(good.replace(str(house.inbox), str(tmp_path / "other")))
        process.send_signal(signal.SIGHUP)
        wait(lambda: "settings: read again" in house.told())
        (tmp_path / "other" / "b.csv").write_text(f"{HEADER}\nDahl,Dahl AB,dahl@firm.example\n")
        wait((tmp_path / "other" / "done" / "b.csv").exists)
        stopped(process)


def test_a_second_service_says_so_and_a_dead_one_is_replaced(tmp_path: Path, database: str) -> None:
    house = House(tmp_path, database)
    with house.service() as process:
        wait(lambda: "service: started" in house.told())
        second = subprocess.run(
            house.ground.command("run"), cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
        )
        assert second.returncode == BUSY and "Another syncd service" in second.stderr and "SY-W07" in second.stderr
        process.send_signal(signal.SIGKILL)
        process.wait()
    with house.service() as process:
        house.drop("a.csv", "Berg,Berg AB,berg@firm.example")
        wait(house.done("a.csv"), 10)
        stopped(process)


def test_a_mailbox_at_which_another_is_at_work_does_not_hold_up_the_others(tmp_path: Path, database: str) -> None:
    with Simulator(2, 20) as simulator:
        house = House(tmp_path, database, graph=simulator.settings(), sync={"every": 1})
        house.ground.prepare("sync")
        with closing(Store(house.ground.url)) as store:
            with store.writing() as tx:
                held = leases.take(tx, "mailbox:1", now())
            person(simulator.mailbox(ANNA), "Wartet Noch")
            person(simulator.mailbox(EINKAUF), "Geht Weiter")
            with house.service() as process:
                wait(lambda: "Weiter" in house.contacts())
                assert "Noch" not in house.contacts()
                with store.writing() as tx:
                    leases.release(tx, held)
                wait(lambda: "Noch" in house.contacts())
                stopped(process)
    assert "SY-W" not in house.told() and "Traceback" not in house.told()


@pytest.mark.parametrize("fault", ["hang", "throttle"])
def test_a_server_that_holds_on_does_not_hold_up_the_stop(tmp_path: Path, sqlite: str, fault: str) -> None:
    with Simulator(1, 5) as simulator:
        options: dict[str, Any] = {"retry_after": "12"} if fault == "throttle" else {}
        struck = simulator.faults.add(fault, "delta", count=None, **options)
        house = House(tmp_path, sqlite, graph=simulator.settings())
        with house.service() as process:
            wait(lambda: struck.struck > 0)
            stopped(process)
    assert "Traceback" not in house.told()


def test_memory_stays_flat(tmp_path: Path, sqlite: str) -> None:
    house = House(tmp_path, sqlite)
    with house.service() as process:
        for name in "ab":
            house.many(f"{name}.csv", 3000)
        wait(house.done("a.csv", "b.csv"))
        first = memory(process)
        for name in "cdefgh":
            house.many(f"{name}.csv", 3000)
        wait(house.done(*(f"{n}.csv" for n in "cdefgh")))
        assert memory(process) < first * 1.25 + 10_000
        assert len(os.listdir(f"/proc/{process.pid}/fd")) < 40
        stopped(process)
