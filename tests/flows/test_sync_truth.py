"""A whole sync: the store equals the mailboxes contact by contact, and a second sync asks and writes almost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from syncd.modules import CONTACTS
from syncd.simulator.app import Simulator
from syncd.sync.mapping import project
from tests.flows import outlook
from tests.flows.outlook import office
from tests.flows.program import Program


def test_three_big_mailboxes_come_in_contact_by_contact(tmp_path: Path, database: str) -> None:
    with Simulator(3, 2500, seed=7) as simulator:
        syncd = office(tmp_path, database, simulator)
        run = syncd.json("sync")
        counts = run["counts"]
        assert counts["created"] + counts["updated"] + counts["unchanged"] + counts["refused"] == 7500
        _equal(syncd, simulator)
        rows, ledger = syncd.whole(), outlook.ledger(syncd)
        before = len(simulator.requests)
        again = syncd.json("sync")
        folders = sum(len(list(box.tree())) for box in map(simulator.mailbox, simulator.addresses))
        assert len(outlook.asked(simulator, before)) == folders
        assert {r.kind for r in simulator.requests[before:]} <= {"delta", "folders", "token", "discovery"}
        assert outlook.counts(again) == {} and syncd.whole() == rows and outlook.ledger(syncd) == ledger


def _equal(syncd: Program, simulator: Simulator) -> None:
    """The store's contacts are the mailboxes', those of one person laid over each other, the newest on top."""
    people: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for address in simulator.addresses:
        for row in simulator.truth(address):
            mails = [m["address"] for m in row["emailAddresses"] if m.get("address")]
            who = (mails[0].lower(), row["givenName"] or "", row["surname"] or "") if mails else (row["id"],)
            people.setdefault(who, []).append(row)
    wanted = [
        _over(sorted(rows, key=lambda r: str(r["lastModifiedDateTime"]), reverse=True)) for rows in people.values()
    ]
    assert outlook.exported(syncd) == sorted(wanted, key=outlook.order)


def _over(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Several contacts of one person as one; a value too long for its field is not in the field."""
    made: dict[str, Any] = {}
    for row in rows:
        made = dict(project(row).fields) | made
    return {name: value for name, value in made.items() if len(value) <= (CONTACTS.field(name).length or len(value))}
