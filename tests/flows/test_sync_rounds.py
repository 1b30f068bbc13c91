"""What delta feeds do to a client: lost states, moves, tombstones, repeats, shuffled pages. Nothing is lost or doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.settings import load
from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from syncd.wiring import Wiring
from syncd.work.jobs import Halt
from tests.flows import outlook
from tests.flows.outlook import ANNA, contacts, office, person
from tests.flows.program import Program


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(1, 0) as made:
        box = made.mailbox(ANNA)
        for name in ("Anfang", "Mitte", "Zuletzt"):
            box.add_folder(name)
        for number in range(24):
            person(
                box, f"Person N{number:02}", f"Firma {number % 5} GmbH", ("contacts", "Anfang", "Zuletzt")[number % 3]
            )
        yield made


@pytest.fixture
def box(simulator: Simulator) -> Mailbox:
    return simulator.mailbox(ANNA)


@pytest.fixture
def syncd(tmp_path: Path, sqlite: str, simulator: Simulator) -> Program:
    return office(tmp_path, sqlite, simulator, page_size=5)


def same(syncd: Program, box: Mailbox) -> None:
    """The store's contacts are the mailbox's, each once, under the numbers they had."""
    found = [(c["first_name"], c["last_name"], c["title"]) for c in syncd.json("list", "contacts")]
    assert sorted(found, key=str) == sorted(
        ((row["givenName"], row["surname"], row["jobTitle"]) for row in box.truth()), key=str
    )


def numbers(syncd: Program) -> dict[str, int]:
    return {name: c["id"] for name, c in contacts(syncd).items()}


def one(box: Mailbox, surname: str) -> str:
    return next(str(row["id"]) for row in box.truth() if row["surname"] == surname)


LOST: dict[str, Callable[[Simulator], object]] = {
    "states": lambda s: s.reset_states(),
    "gone": lambda s: s.faults.add("gone", "delta"),
    "gone while paging": lambda s: s.faults.add("gone", "delta", at=4),
    "resync": lambda s: s.faults.add("resync", "delta", at=2),
    "bad-state": lambda s: s.faults.add("bad-state", "delta", at=3),
    "bad-token": lambda s: s.faults.add("bad-token", "delta", at=3),
    "folder-gone": lambda s: s.faults.add("folder-gone", "delta", at=2),
    "no-user": lambda s: s.faults.add("no-user", "delta", at=2),
    "no-mailbox": lambda s: s.faults.add("no-mailbox", "delta", at=3),
    "a location that asks for less": lambda s: s.faults.add("resync", "delta", at=1, location=narrow(s)),
}


def narrow(simulator: Simulator) -> str:
    """Where the folder that is read first would begin anew, with one property only."""
    first = next(path for path in outlook.asked(simulator, 0) if "/delta" in path)
    return f"{simulator.root}{first}?$deltatoken=&$select=displayName"


@pytest.mark.parametrize("how", LOST)
def test_a_lost_state_heals_without_loss_or_doubles(
    how: str, simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    syncd("sync")
    before = numbers(syncd)
    person(box, "Neu Hier", folder="Mitte")
    box.edit(one(box, "N04"), jobTitle="Leitung")
    box.delete(one(box, "N05"))
    box.move(one(box, "N06"), "Zuletzt")
    LOST[how](simulator)
    run = syncd.json("sync")
    assert {k: v for k, v in outlook.counts(run).items() if k != "unchanged"} == {
        "created": 1,
        "updated": 1,
        "removed": 1,
    }
    same(syncd, box)
    after = numbers(syncd)
    assert {name: after.get(name) for name in before if name != "Person N05"} == {
        name: n for name, n in before.items() if name != "Person N05"
    }
    assert outlook.counts(syncd.json("sync")) == {}


def test_a_folder_that_was_begun_anew_in_vain_is_begun_anew_by_the_next_sync(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    syncd("sync")
    box.edit(one(box, "N04"), jobTitle="Leitung")
    simulator.reset_states()
    for request in (3, 5):
        simulator.faults.add("gone", "delta", at=request)
    assert outlook.codes(syncd.json("sync", code=1)) == ["SY-G12"]
    simulator.reset_states()
    syncd("sync")
    same(syncd, box)


@pytest.mark.parametrize(
    "order", [("Anfang", "Zuletzt"), ("Zuletzt", "Anfang"), ("contacts", "Anfang"), ("Zuletzt", "contacts")]
)
def test_a_move_in_either_order_changes_nothing(order: tuple[str, str], box: Mailbox, syncd: Program) -> None:
    source, target = order
    syncd("sync")
    before, ledger, known = syncd.whole(), outlook.ledger(syncd), numbers(syncd)
    for row in [row for row in box.truth() if box.folder(source).id == row["parentFolderId"]]:
        box.move(str(row["id"]), target)
    run = syncd.json("sync")
    assert run["counts"]["removed"] == run["counts"]["created"] == 0
    assert syncd.whole() == before and numbers(syncd) == known and outlook.ledger(syncd) == ledger


def test_what_left_and_came_back_is_not_lost(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    before = syncd.whole()
    for name in ("N01", "N02"):
        key = one(box, name)
        home = box.item(key).folder.id  # type: ignore[union-attr]
        box.move(key, "Mitte")
        box.move(key, home)
    simulator.faults.add("lose-back", "delta", count=None)
    assert outlook.counts(syncd.json("sync")).get("removed") is None
    assert syncd.whole() == before
    syncd("sync")
    assert syncd.whole() == before


def test_tombstones_in_the_first_round_repeats_and_another_order(
    simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    alive = [str(row["id"]) for row in box.truth()][:4]
    simulator.faults.add("tombstones", "delta", count=None, rows=2)
    simulator.faults.add("tombstones", "delta", at=1, count=2, ids=alive, before=True)
    simulator.faults.add("tombstones", "delta", at=6, ids=alive)
    simulator.faults.add("duplicates", "delta", count=None)
    simulator.faults.add("shuffle", "delta", count=None, seed=5)
    simulator.faults.add("older", "delta", count=None)
    syncd("sync")
    same(syncd, box)
    again = syncd.json("sync")
    assert again["counts"]["removed"] == again["counts"]["created"] == 0
    same(syncd, box)


def test_pages_empty_and_played_twice(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    simulator.faults.add("empty", "delta", at=1)
    simulator.faults.add("empty", "delta", at=3)
    simulator.faults.add("replay", "delta", at=4)
    syncd("sync")
    same(syncd, box)


def test_rows_that_the_feed_lost_come_with_the_full_round(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    box.delete(one(box, "N07"))
    box.edit(one(box, "N08"), jobTitle="Leitung")
    simulator.faults.add("lost", "delta", count=None)
    simulator.faults.add("lost", "delta", count=None, what="rows")
    syncd("sync")
    assert "Person N07" in contacts(syncd)
    simulator.faults.clear()
    run = syncd.json("sync", "--full")
    assert (run["counts"]["removed"], run["counts"]["updated"]) == (1, 1)
    same(syncd, box)


def test_now_and_then_a_round_shows_everything_by_itself(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    box.delete(one(box, "N07"))
    simulator.faults.add("lost", "delta", count=None)
    syncd("sync")
    simulator.faults.clear()
    assert outlook.counts(syncd.json("sync")) == {} and "Person N07" in contacts(syncd)
    with sqlite3.connect(syncd.url.removeprefix("sqlite:///")) as raw:
        ((mailbox, number),) = raw.execute("SELECT id, round FROM mailbox")
        due = next(n for n in range(number + 1, number + 2_001) if (n + mailbox * 97) % 2_000 == 0)
        raw.execute("UPDATE mailbox SET round = ?", (due - 1,))
        raw.execute("UPDATE folder SET round_done = ?", (due - 1,))
        raw.execute("UPDATE source_item SET round = ?", (due - 1,))
    assert outlook.counts(syncd.json("sync")) == {"unchanged": 23, "removed": 1}
    same(syncd, box)
    assert outlook.counts(syncd.json("sync")) == {}


def test_a_folder_renamed_moved_and_removed(simulator: Simulator, box: Mailbox, syncd: Program) -> None:
    syncd("sync")
    before = syncd.whole()
    box.rename_folder("Zuletzt", "Archiv")
    box.move_folder("Archiv", "Anfang")
    assert outlook.counts(syncd.json("sync")).get("removed") is None
    assert syncd.whole() == before
    office(syncd.folder, syncd.url, simulator, 'max_removals = "50%"', page_size=5)
    box.remove_folder("Anfang/Archiv")
    assert syncd.json("sync")["counts"]["removed"] == 8
    same(syncd, box)


def test_a_link_from_before_the_address_changed_is_not_sent_there(tmp_path: Path, sqlite: str) -> None:
    with Simulator(1, 6, seed=3) as first:
        office(tmp_path, sqlite, first)("sync")
    with Simulator(1, 6, seed=3) as second:
        syncd = office(tmp_path, sqlite, second)
        assert outlook.counts(syncd.json("sync")).get("created") is None


@pytest.mark.parametrize("fault", ["value-null", "truncated", "empty-body", "reset"])
def test_an_answer_that_is_none_is_never_an_empty_mailbox(
    fault: str, simulator: Simulator, box: Mailbox, syncd: Program
) -> None:
    syncd("sync")
    before = syncd.whole()
    simulator.faults.add(fault, "delta")
    syncd("sync", "--full")
    assert syncd.whole() == before
    same(syncd, box)


@pytest.mark.parametrize(("again", "at", "count"), [("duplicates", 1, None), ("gone", 6, 1)])
def test_what_comes_twice_and_is_not_taken_counts_once(
    again: str, at: int, count: int | None, tmp_path: Path, sqlite: str, simulator: Simulator, box: Mailbox
) -> None:
    syncd = office(tmp_path, sqlite, simulator, 'exclude_categories = ["Familie"]', page_size=5)
    for number in range(9):
        person(box, f"Cousin N{number}", categories=["Familie"])
        box.add("contacts", displayName=None, personalNotes="only a note", companyName=None)
    fault = simulator.faults.add(again, "delta", at=at, count=count)
    run = syncd.json("sync", code=1)
    assert fault.struck and {name: n for name, n in run["counts"].items() if n} == {
        "created": 24,
        "excluded": 9,
        "refused": 9,
    }
    assert outlook.codes(run["mailboxes"][0]) == ["SY-I01"] * 9


def test_ticks_that_meet_nothing_leave_one_run(box: Mailbox, syncd: Program) -> None:
    wiring = Wiring(load(syncd.config, {}))
    jobs = wiring.jobs(Halt())
    kept = []
    for tick in range(6):
        if tick == 3:
            box.edit(one(box, "N00"), jobTitle="Neu")
        jobs.sync([ANNA])
        kept.append([run["id"] for run in syncd.json("runs") if run["parent"] is None])
    wiring.close()
    first, edited, last = sorted(kept[-1])
    assert [len(ids) for ids in kept] == [1, 2, 2, 2, 3, 3]
    assert [outlook.counts(syncd.json("runs", run)) for run in (first, edited, last)] == [
        {"created": 24},
        {"updated": 1},
        {},
    ]
    syncd("sync")
    jobs.sync([ANNA])
    assert len([run for run in syncd.json("runs") if run["parent"] is None]) == 4


def test_a_stopped_plan_stays_outdated_also_when_the_tick_that_outdated_it_is_forgotten(
    tmp_path: Path, sqlite: str, simulator: Simulator
) -> None:
    syncd = office(tmp_path, sqlite, simulator, "max_removals = 1")
    settings = syncd.config.read_text()

    def tick(more: str = "") -> list[int]:
        syncd.config.write_text(settings.replace("[sync]", f"[sync]\n{more}"))
        wiring = Wiring(load(syncd.config, {}))
        wiring.jobs(Halt()).sync([ANNA])
        wiring.close()
        return [run["id"] for run in syncd.json("runs") if run["state"] == "stopped"]

    tick()
    stopped = tick('exclude_folders = ["Anfang"]')
    assert len(stopped) == 2 and tick() == stopped
    simulator.faults.add("denied", "any", mailbox=ANNA, count=None)
    assert tick() == stopped
    for run in stopped:
        for answer in ("--approve", "--keep"):
            assert syncd.json("apply", run, answer, code=4)["error"]["code"] == "SY-W06"
    assert tick() == stopped and len(contacts(syncd)) == 24
