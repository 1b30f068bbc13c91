"""History: what still stands of the changes of one record; pure, knows no database.

A run and its undo cancel out, field by field, and so do an undo and its own undo. What is left is visible: it decides
who set a value, and what an undo may take back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from syncd.crm.plan import OP_NAMES, OPS

EXISTENCE = "*"
"""The field name under which a creation and a deletion stand."""

ERASED_RUN = -1
"""Stands for the run in `Reversal.left` when the earlier value was blanked in the ledger."""


class Change(NamedTuple):
    """One ledger row of a record. `data` is the delta of an update, the image of a deletion, empty for a creation."""

    version: int
    run: int
    op: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a visible change."""

    version: int
    run: int
    field: str
    before: Any
    after: Any


def visible(changes: Sequence[Change], reverted: Mapping[int, Set[int]], own: Set[int] = frozenset()) -> list[Entry]:
    """What stands of a record's changes, newest first.

    `reverted` names for each undo the runs that it undoes; the runs in `own` count as ordinary ones even if they are undos.
    """
    cancelled: set[tuple[int, str]] = set()
    found: list[Entry] = []
    for change in sorted(changes, key=lambda c: -c.version):
        if (change.run, EXISTENCE) in cancelled and change.op != OPS["delete"]:
            continue
        for name, before, after in _pairs(change):
            if (change.run, name) in cancelled:
                continue
            targets = reverted.get(change.run)
            if targets and change.run not in own:
                cancelled.update((target, name) for target in targets)
            else:
                found.append(Entry(change.version, change.run, name, before, after))
    return found


def _pairs(change: Change) -> list[tuple[str, Any, Any]]:
    op = OP_NAMES[change.op]
    if op == "create":
        return [(EXISTENCE, None, True), *((name, None, value) for name, value in change.data.items())]
    if op == "delete":
        return [(EXISTENCE, True, None)]
    return [(name, pair[0], pair[1]) for name, pair in change.data.items()]


@dataclass(slots=True)
class Reversal:
    """What undoing some runs means for one record.

    `op` is "delete" (it was created by them), "create" (deleted by them; `image` is what it held), "update" (`fields`
    with their earlier values) or None. `left` names what stays: field and the run that has changed it since.
    """

    op: str | None = None
    image: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    left: list[tuple[str, int]] = field(default_factory=list)


def reverse(
    changes: Sequence[Change], runs: Set[int], reverted: Mapping[int, Set[int]], only: str | None = None
) -> Reversal:
    """How to take back what `runs` did to a record, whose ledger rows are `changes`, oldest first; `only` limits it to
    one field."""
    quick = _plain(changes, runs) if only is None else None
    if quick is not None:
        return quick
    entries = visible(_filled(changes, runs, only) if only else changes, reverted, runs)
    mine = [e for e in entries if e.run in runs and only in (None, e.field)]
    if not mine:
        return Reversal()
    existence = [e for e in mine if e.field == EXISTENCE]
    if existence and existence[0].after is None:
        return _recreate(changes, entries, runs, existence)
    others = [e for e in entries if e.run not in runs and e.version > (existence[-1].version if existence else 0)]
    if existence:
        return Reversal("delete") if not others else Reversal(left=[(EXISTENCE, others[0].run)])
    newest = next((e for e in entries if e.field == EXISTENCE), None)
    if newest is not None and newest.after is None:
        return Reversal(left=[(EXISTENCE, newest.run)])
    return _restore(entries, runs, {e.field for e in mine})


def _filled(changes: Sequence[Change], runs: Set[int], field: str) -> list[Change]:
    """The changes with a field in the runs' creations: it can go back to blank while the record stays."""
    return [c._replace(data={field: True}) if c.run in runs and OP_NAMES[c.op] == "create" else c for c in changes]


def _plain(changes: Sequence[Change], runs: Set[int]) -> Reversal | None:
    """The answer for a record whose last change, and no other, is the runs' own: nothing later can stand in its way."""
    last = changes[-1]
    if last.run not in runs or any(change.run in runs for change in changes[:-1]):
        return None
    if OP_NAMES[last.op] == "create":
        return Reversal("delete") if len(changes) == 1 else None
    before = {name: pair[0] for name, pair in last.data.items()} if OP_NAMES[last.op] == "update" else {}
    if not before or any(isinstance(value, dict) for value in before.values()):
        return None
    return Reversal("update", fields=before)


def _recreate(changes: Sequence[Change], entries: list[Entry], runs: Set[int], existence: list[Entry]) -> Reversal:
    if existence[-1].before is None:
        return Reversal()
    newest = next(e for e in entries if e.field == EXISTENCE)
    if newest is not existence[0] and newest.after is None:
        return Reversal(left=[(EXISTENCE, newest.run)])
    last = max((c for c in changes if c.run in runs and OP_NAMES[c.op] == "delete"), key=lambda c: c.version)
    image = dict(last.data)
    if image.get("erased") is True:
        return Reversal(left=[(EXISTENCE, ERASED_RUN)])
    restored = _restore([e for e in entries if e.field != EXISTENCE], runs, {e.field for e in entries if e.run in runs})
    return Reversal("create", image=image, fields=restored.fields)


def _restore(entries: list[Entry], runs: Set[int], names: Set[str]) -> Reversal:
    """The values that the fields had before the newest unbroken stretch of the runs' changes."""
    made = Reversal("update")
    for name in sorted(names - {EXISTENCE}):
        line = [e for e in entries if e.field == name]
        if not line or line[0].run not in runs:
            made.left.append((name, line[0].run if line else 0))
            continue
        stretch = [line[0]]
        for entry in line[1:]:
            if entry.run not in runs:
                break
            stretch.append(entry)
        if isinstance(stretch[-1].before, dict):
            made.left.append((name, ERASED_RUN))
            continue
        made.fields[name] = stretch[-1].before
    if not made.fields:
        made.op = None
    return made
