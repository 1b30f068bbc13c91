"""What goes wrong on the way: waits that Microsoft asks for, closed mailboxes, full ones, wrong secrets, no way out."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syncd.cli import program
from syncd.cli.call import Call
from syncd.errors import SetupError
from syncd.settings import load
from syncd.simulator.app import Simulator
from syncd.store import Step, no_step
from syncd.store.times import Clock, now
from syncd.wiring import Wiring
from syncd.work.jobs import Halt, Halted
from tests.flows import outlook
from tests.flows.outlook import ANNA, EINKAUF, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(2, 0) as made:
        for address in made.addresses:
            for number in range(3):
                person(made.mailbox(address), f"{address[:4]} N{number}")
        yield made


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str, simulator: Simulator) -> Program:
    return office(tmp_path, sqlite, simulator)


def states(run: dict[str, Any]) -> list[str]:
    return [m["state"] for m in run["mailboxes"]]


@pytest.mark.parametrize("fault", ["throttle", "unavailable"])
def test_a_short_wait_is_waited_in_place(fault: str, simulator: Simulator, syncd: Program) -> None:
    simulator.faults.add(fault, "delta", mailbox=ANNA, retry_after=1)
    before = time.monotonic()
    assert states(syncd.json("sync")) == ["done", "done"]
    assert time.monotonic() - before >= 1 and len(contacts(syncd)) == 6


def test_a_long_wait_ends_that_mailbox_and_is_honoured_by_hand(simulator: Simulator, syncd: Program) -> None:
    syncd("sync")
    before = syncd.whole()
    simulator.faults.add("throttle", "delta", mailbox=ANNA, count=None, retry_after=120)
    person(simulator.mailbox(EINKAUF), "Geht Weiter")
    start = time.monotonic()
    run = syncd.json("sync", code=1)
    assert states(run) == ["failed", "done"] and time.monotonic() - start < 15
    assert "Geht Weiter" in contacts(syncd) and set(before) < set(syncd.whole())
    status = {m["mailbox"]: m for m in syncd.json("status")["mailboxes"]}
    (problem,) = run["mailboxes"][0]["problems"]
    assert f"Retry at {datetime.fromisoformat(status[ANNA]['retry_at']):%H:%M:%S} UTC." in problem["why"]
    wait = (datetime.fromisoformat(status[ANNA]["retry_at"]) - datetime.now(UTC)).total_seconds()
    assert 90 < wait <= 121
    simulator.faults.clear()
    asked = len(simulator.requests)
    again = syncd.json("sync", code=1)
    assert outlook.codes(again["mailboxes"][0]) == ["SY-M11"] and states(again) == ["failed", "done"]
    assert ANNA not in {r.mailbox for r in simulator.requests[asked:]}
    assert ANNA in again["mailboxes"][0]["problems"][0]["what"]
    refused = json.loads(syncd("why", "--outlook", ANNA, "Weiter", "--json", code=1))["error"]
    assert refused["code"] == "SY-M11"
    checks = syncd.json("check")["checks"]
    assert [one["problem"]["code"] for one in checks if one["item"] == "mailbox"] == ["SY-M11"]
    assert ANNA not in {r.mailbox for r in simulator.requests[asked:]}


def test_a_second_sync_is_told_by_name_which_mailbox_is_at_work(simulator: Simulator, syncd: Program) -> None:
    seen: list[str] = []

    def second(name: str) -> None:
        if name == "sync:end:committed" and not seen:
            seen.append("")
            seen[0] = syncd.json("sync", EINKAUF, code=75)["error"]["what"]

    syncd.step = second
    syncd.json("sync")
    assert seen[0].startswith(f"{EINKAUF} is being worked on by another syncd")


def test_a_mailbox_that_waits_for_the_others_stays_in_the_hands_of_its_sync(
    tmp_path: Path, database: str, simulator: Simulator
) -> None:
    syncd = office(tmp_path, database, simulator, page_size=1, concurrency=1)
    later, seen = timedelta(0), []

    def second(name: str) -> None:
        nonlocal later
        if name == "sync:page:committed":
            later += timedelta(minutes=2)
            seen.append(_at(syncd, lambda: now() + later, "sync", ANNA))

    assert _at(syncd, lambda: now() + later, "sync", step=second) == 0
    assert len(seen) > 6 and set(seen) == {75}
    assert [run["state"] for run in syncd.json("runs")] == ["done"] * 3 and len(contacts(syncd)) == 6


def _at(syncd: Program, clock: Clock, *args: str, step: Step = no_step) -> int:
    """The exit status of a command for which it is another time."""
    call = Call(build=lambda settings: Wiring(settings, step=step, clock=clock))
    return CliRunner().invoke(program, ["--config", str(syncd.config), *args], obj=call).exit_code


def test_the_service_does_not_ask_at_each_tick_which_mailboxes_there_are(
    tmp_path: Path, sqlite: str, simulator: Simulator
) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'every = "5m"', mailboxes=["*"])
    fault = simulator.faults.add("denied", "users", count=None)
    later = timedelta(0)
    wiring = Wiring(load(syncd.config, {}), clock=lambda: now() + later)
    jobs = wiring.jobs(Halt())
    for tick in range(1, 4):
        with pytest.raises(SetupError):
            jobs.sync()
        assert [jobs.sync() for _ in range(5)] == [0] * 5 and fault.struck == tick
        later += timedelta(minutes=5)
    simulator.faults.clear()
    assert jobs.sync() == 2 and len(contacts(syncd)) == 6
    wiring.close()


def test_the_rest_of_a_wait_is_waited_in_place(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    syncd = office(tmp_path, sqlite, simulator)
    simulator.faults.add("throttle", "delta", mailbox=ANNA, retry_after=16)
    assert states(syncd.json("sync", code=1)) == ["failed", "done"]
    soon = (datetime.now(UTC) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with sqlite3.connect(sqlite.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE mailbox SET retry_at = ? WHERE retry_why = 'server'", (soon,))
    asked = len(simulator.requests)
    assert states(syncd.json("sync")) == ["done", "done"] and len(contacts(syncd)) == 6
    assert datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") >= soon
    assert [r.status for r in simulator.requests[asked:] if r.mailbox == ANNA and r.status != 200] == []


def test_a_back_off_after_errors_is_ignored_by_hand(simulator: Simulator, syncd: Program) -> None:
    fault = simulator.faults.add("denied", "any", mailbox=ANNA, count=None)
    assert states(syncd.json("sync", code=1)) == ["failed", "done"] and fault.struck
    simulator.faults.clear()
    assert states(syncd.json("sync")) == ["done", "done"] and len(contacts(syncd)) == 6


@pytest.mark.parametrize(
    ("fault", "code"),
    [("denied", "SY-M03"), ("no-mailbox", "SY-M04"), ("no-user", "SY-M01"), ("no-right", None), ("corrupt", None)],
)
def test_a_mailbox_that_fails_does_not_stop_the_others_and_keeps_its_contacts(
    fault: str, code: str | None, simulator: Simulator, syncd: Program
) -> None:
    syncd("sync")
    before = syncd.whole()
    simulator.faults.add(fault, "any", mailbox=ANNA, count=None)
    person(simulator.mailbox(EINKAUF), "Geht Weiter")
    run = syncd.json("sync", code=1)
    assert states(run) == ["failed", "done"] and set(before) < set(syncd.whole())
    problem = run["mailboxes"][0]["problems"][0]
    assert ANNA in problem["what"] and problem["do"] and code in (None, problem["code"])
    simulator.faults.clear()
    assert states(syncd.json("sync")) == ["done", "done"]


@pytest.mark.parametrize("kind", ["guest", "unlicensed", "onprem", "softdeleted"])
def test_users_without_a_mailbox(kind: str, tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    simulator.tenant_data.open("other@norrvik.example", "Other", kind)
    syncd = office(tmp_path, sqlite, simulator, mailboxes=["other@norrvik.example", ANNA])
    run = syncd.json("sync", code=1)
    assert states(run) == ["failed", "done"] and "other@norrvik.example" in run["mailboxes"][0]["problems"][0]["what"]


def test_a_full_mailbox_is_listed_instead(simulator: Simulator, syncd: Program) -> None:
    box = simulator.mailbox(ANNA)
    simulator.faults.add("quota", "delta", mailbox=ANNA, count=None)
    run = syncd.json("sync")
    assert states(run) == ["done", "done"] and len(contacts(syncd)) == 6
    assert len(outlook.codes(run["mailboxes"][0])) == 1 and outlook.codes(run["mailboxes"][1]) == []
    first, second, _ = (str(row["id"]) for row in simulator.truth(ANNA))
    box.delete(first)
    box.edit(second, jobTitle="Leitung")
    again = syncd.json("sync")
    assert outlook.counts(again) == {"removed": 1, "updated": 1, "unchanged": 1} and len(contacts(syncd)) == 5


def test_a_cloud_without_delta_is_listed(simulator: Simulator, syncd: Program) -> None:
    simulator.tenant_data.china = True
    assert states(syncd.json("sync")) == ["done", "done"] and len(contacts(syncd)) == 6
    before = syncd.whole()
    simulator.mailbox(ANNA).edit(str(simulator.truth(ANNA)[0]["id"]), jobTitle="Leitung")
    run = syncd.json("sync")
    assert (run["counts"]["updated"], run["counts"]["unchanged"]) == (1, 5) and syncd.whole() != before


def test_a_bad_contact_costs_itself_and_keeps_its_old_state(simulator: Simulator, syncd: Program) -> None:
    syncd("sync")
    box = simulator.mailbox(ANNA)
    first, second = (str(row["id"]) for row in simulator.truth(ANNA)[:2])
    box.edit(first, jobTitle=["no", "text"])
    box.edit(second, jobTitle="Leitung")
    run = syncd.json("sync", code=1)
    assert outlook.counts(run) == {"refused": 1, "updated": 1} and states(run) == ["done", "done"]
    assert len(contacts(syncd)) == 6
    box.edit(first, jobTitle="Wieder gut")
    assert outlook.counts(syncd.json("sync")) == {"updated": 1}


@pytest.mark.parametrize(("number", "asked"), [(2, [1]), (24, [1, 5])])
def test_a_contact_that_cannot_be_asked_about_costs_itself(
    number: int, asked: list[int], simulator: Simulator, syncd: Program
) -> None:
    box = simulator.mailbox(ANNA)
    keys = sorted(person(box, f"Weg N{n}").immutable for n in range(number))
    syncd("sync")
    for key in keys:
        box.delete(key)
    person(box, "Neu Dabei")
    for at in asked:
        # In a batch of four, and once more alone.
        simulator.faults.add("corrupt", "item", at=at)
    run = syncd.json("sync", code=1)
    assert outlook.counts(run) == {"created": 1, "removed": number - 1, "refused": 1}
    assert states(run) == ["done", "done"]
    (problem,) = run["mailboxes"][0]["problems"]
    assert problem["code"] == "SY-I05" and keys[0] in problem["what"]
    assert len(contacts(syncd)) == 6 + 2
    assert outlook.counts(syncd.json("sync")) == {}


def test_a_certificate_that_nobody_may_accept_is_78(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 0, certificate="other-ca") as simulator:
        run = office(tmp_path, sqlite, simulator).json("sync", code=78)
    assert run["mailboxes"] == [] and run["state"] == "failed" and run["problems"]


def test_a_login_host_that_is_not_there_is_1(tmp_path: Path, sqlite: str, simulator: Simulator) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"https://127.0.0.1:{free.getsockname()[1]}"
    run = office(tmp_path, sqlite, simulator, authority=gone).json("sync", code=1)
    assert set(states(run)) == {"failed"} and all(m["problems"] for m in run["mailboxes"])


def test_a_token_that_was_refused_in_between_is_got_anew(simulator: Simulator, syncd: Program) -> None:
    simulator.faults.add("unauthorized", "delta", at=2)
    assert states(syncd.json("sync")) == ["done", "done"]
    syncd("sync")
    assert len(contacts(syncd)) == 6


def test_a_row_without_id_is_counted_and_named(simulator: Simulator, syncd: Program) -> None:
    simulator.faults.add("no-id", "delta", mailbox=ANNA)
    run = syncd.json("sync", code=1)
    assert outlook.counts(run) == {"created": 5, "refused": 1} and outlook.codes(run) == ["SY-I04"]


def test_what_was_carried_out_stays_known_when_the_sign_in_fails_before_the_rest(
    tmp_path: Path, sqlite: str, simulator: Simulator
) -> None:
    def stop(name: str) -> None:
        if name == "sync:batch:committed":
            raise Halted

    cut = Program(tmp_path, sqlite, outlook.settings(simulator), step=stop)
    cut("sync", code=143)
    syncd = Program(tmp_path, sqlite, outlook.settings(simulator, client_secret="wrong"))
    run = syncd.json("sync", code=78)
    assert states(run) == ["failed"] and run["counts"]["created"] == 3
    assert syncd.json("why", "contacts", 1)["fields"]["last_name"]["run"] == run["mailboxes"][0]["id"]
    syncd("undo", run["id"])
    assert syncd.whole() == []
