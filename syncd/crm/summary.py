"""Summary: what a sync did, in a few figures for people; reads the ledger, writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.crm import records
from syncd.crm.plan import OPS
from syncd.crm.reasons import account
from syncd.modules import ACCOUNTS, CONTACTS
from syncd.store import Session

NAMES = 5
"""Names shown of what there may be many of."""


@dataclass
class Summary:
    """`made`: accounts created, the first by name; `linked` and `without`: new contacts by what became of their Company;
    `moved`: contacts that changed account, the first of `moves` (id, before, after)."""

    made: int = 0
    names: list[str] = field(default_factory=list)
    linked: int = 0
    without: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    moved: list[tuple[int, str, str]] = field(default_factory=list)


def of(tx: Session, runs: Sequence[int]) -> Summary:
    """The summary of some mailboxes' runs."""
    found = Summary()
    marks = ", ".join("?" * len(runs))
    made = f"FROM change WHERE run IN ({marks}) AND module = ? AND op = ?"
    params = (*runs, ACCOUNTS.number, OPS["create"])
    found.made = int(tx.value(f"SELECT COUNT(*) {made}", *params))
    first = [row[0] for row in tx.rows(f"SELECT record {made} ORDER BY record LIMIT {NAMES}", *params)]
    names = records.titles(tx, ACCOUNTS, first)
    found.names = [names[record] for record in first if record in names]
    _created(tx, runs, marks, found)
    _updated(tx, runs, marks, found)
    return found


def _created(tx: Session, runs: Sequence[int], marks: str, found: Summary) -> None:
    sql = f"SELECT reason, COUNT(*) FROM change WHERE run IN ({marks}) AND module = ? AND op = ? GROUP BY reason"
    for reason, count in tx.rows(sql, *runs, CONTACTS.number, OPS["create"]):
        said = account(reason) or ""
        if "account=linked" in reason:
            found.linked += count
        elif "account=none:" in reason and "account=none:blank" not in reason:
            found.without[said.partition(" (")[0].partition(" →")[0]] += count


def _updated(tx: Session, runs: Sequence[int], marks: str, found: Summary) -> None:
    sql = f"SELECT record, delta FROM change WHERE run IN ({marks}) AND module = ? AND op = ? ORDER BY record"
    first: list[tuple[int, int, int]] = []
    for record, delta in tx.stream(sql, *runs, CONTACTS.number, OPS["update"]):
        # Most updates are of other fields, which their text tells sooner than their JSON.
        if '"account":[' not in delta:
            continue
        before, after = json.loads(delta)["account"]
        if not isinstance(before, int) or not isinstance(after, int):
            continue
        found.moves += 1
        if len(first) < NAMES:
            first.append((record, before, after))
    names = records.titles(tx, ACCOUNTS, [account for _, *pair in first for account in pair])
    found.moved = [
        (record, names.get(before, f"account {before}"), names.get(after, f"account {after}"))
        for record, before, after in first
    ]
