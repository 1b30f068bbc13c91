"""Ledger: runs, the changes they made and the problems they met; knows no rule of matching.

A run is one sync of one mailbox, one file, one edit, one undo; its changes are one row a write of a record. What leaves
no change is counted on the run. A run's sum is checked in its last commit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

from syncd.crm.history import Change
from syncd.crm.plan import OPS, Action, compact, image
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Module
from syncd.store import Session, leases
from syncd.store.tables import COUNTS
from syncd.store.times import stamp

CHANGE_COLUMNS = ("module", "record", "version", "run", "op", "source", "reason", "delta")
SUMMED = ("created", "updated", "unchanged", "removed", "refused", "duplicate", "excluded")
"""The counts of which every row or contact that came in is in exactly one."""


def begin(
    tx: Session,
    kind: str,
    source: str,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    parent: int | None = None,
    undoes: int | None = None,
    orders: Mapping[str, Any] | None = None,
    lease: str | None = None,
) -> int:
    """Opens a run; returns its id."""
    return tx.add(
        "run",
        parent=parent,
        kind=kind,
        source=source,
        actor=actor,
        reason=reason,
        state="running",
        started=stamp(now),
        undoes=undoes,
        orders=_told(orders or {}),
        lease=lease,
    )


def taken_up(
    tx: Session, kind: str, told: Mapping[str, Any], now: datetime, *, held: Collection[str], again: bool
) -> int | None:
    """The killed parent run of a kind that is gone on with: the newest of the same orders, if it is to be done `again`.

    Other killed ones are closed as failed, and so is what runs below them: else one of them would be gone on with after
    younger ones. Whoever had one of the leases that the caller has `held` since is gone. A run below whose saved plan is
    being carried out is none of theirs any more.
    """
    wanted = _told(told)
    mine: int | None = None
    rows = tx.rows(
        "SELECT id, orders, lease FROM run WHERE kind = ? AND parent IS NULL AND state = 'running' ORDER BY id DESC",
        kind,
    )
    for run, orders, lease in rows:
        at_work = tx.rows("SELECT id, lease FROM run WHERE parent = ? AND state = 'running'", run)
        left = [one for one, by in at_work if not (by or "").startswith("apply:")]
        if orders == wanted and again and mine is None and len(left) == len(at_work):
            mine = run
        elif orders == wanted or lease is None or lease in held or leases.free(tx, lease, now):
            for one in [run, *left]:
                end(tx, one, now, "failed")
    return mine


def forget(tx: Session, run: int) -> None:
    """Makes a run that has changed nothing as if it had never been."""
    for table, column in (("file", "run"), ("plan", "run"), ("problem", "run"), ("run", "id")):
        tx.run(f"DELETE FROM {table} WHERE {column} = ?", run)


def forget_idle(tx: Session, run: int) -> None:
    """Forgets the sync before a run if it was asked for by the same and met nothing: years of ticks leave no heap of runs."""
    before = tx.row(
        "SELECT b.id, b.state, b.taken FROM run b JOIN run r ON r.id = ? WHERE b.kind = 'sync' AND b.parent IS NULL"
        " AND b.id < r.id AND b.actor = r.actor AND b.reason = r.reason ORDER BY b.id DESC LIMIT 1",
        run,
    )
    if before is None or before[1:] != ("done", 0):
        return
    runs = family(tx, before[0])
    if any(head.state != "done" for head in below(tx, before[0])) or tx.lookup("problem", "run", ("run",), runs):
        return
    for one in reversed(runs):
        forget(tx, one)


def has_changed(tx: Session, run: int) -> bool:
    """Whether a run has changed a record."""
    return tx.row("SELECT 1 FROM change WHERE run = ? LIMIT 1", run) is not None


def _told(orders: Mapping[str, Any]) -> str:
    return json.dumps(orders, ensure_ascii=False, sort_keys=True)


def orders(tx: Session, run: int) -> dict[str, Any]:
    """What a run was told to do."""
    return dict(json.loads(tx.value("SELECT orders FROM run WHERE id = ?", run)))


def order(tx: Session, run: int, told: Mapping[str, Any]) -> None:
    """Keeps what a run was told to do."""
    tx.run("UPDATE run SET orders = ? WHERE id = ?", _told(told), run)


def count(tx: Session, run: int, counts: Mapping[str, int], taken: int) -> None:
    """Adds a batch to a run's counts: `taken` rows or contacts came in, `counts` says what became of them."""
    names = [name for name in COUNTS if counts.get(name)]
    sets = ", ".join(f"{name} = {name} + ?" for name in ("taken", *names))
    tx.run(f"UPDATE run SET {sets} WHERE id = ?", taken, *(counts[name] for name in names), run)


def recount(tx: Session, run: int, counts: Mapping[str, int], taken: int) -> None:
    """Sets a run's counts."""
    sets = ", ".join(f"{name} = ?" for name in ("taken", *COUNTS))
    tx.run(f"UPDATE run SET {sets} WHERE id = ?", taken, *(counts.get(name, 0) for name in COUNTS), run)


def add_up(tx: Session, parent: int) -> None:
    """Sets a parent's counts to the sum of the runs below it."""
    sums = ", ".join(f"COALESCE(SUM({name}), 0)" for name in ("taken", *COUNTS))
    taken, *sum_up = tx.rows(f"SELECT {sums} FROM run WHERE parent = ?", parent)[0]
    recount(tx, parent, dict(zip(COUNTS, sum_up, strict=True)), taken)


def end(tx: Session, run: int, now: datetime, state: str = "done") -> None:
    """Closes a run. Raises Refused when what came in is not the sum of what became of it: nothing is closed then."""
    if state == "done":
        taken, *found = tx.rows(f"SELECT taken, {', '.join(SUMMED)} FROM run WHERE id = ?", run)[0]
        if taken != sum(found):
            raise Refused(
                Problem(
                    "SY-W04",
                    f"Run {run} took in {taken} and accounts for {sum(found)}.",
                    "Something was lost or counted twice; this is a fault of syncd.",
                    "Keep the store as it is and report this with: syncd runs RUN --json.",
                )
            )
    tx.run("UPDATE run SET state = ?, ended = ?, lease = NULL WHERE id = ?", state, stamp(now), run)


def write(tx: Session, run: int, actions: Sequence[Action]) -> None:
    """Writes one ledger row for each action, in the order of its key."""
    rows = [(a.module.number, a.rec.id, a.version, run, OPS[a.op], a.source, a.reason, _delta(a)) for a in actions]
    rows.sort()
    tx.insert("change", CHANGE_COLUMNS, rows)


def _delta(action: Action) -> str | None:
    if action.op == "create":
        return None
    data = action.delta if action.op == "update" else image(action.module, action.values)
    return compact(data)


def report(tx: Session, run: int, problems: Iterable[Mapping[str, Any]]) -> None:
    """Keeps problems of a run: dicts with code, what, why, do, and for a row of a file its line and cells."""
    rows = [
        (
            run,
            p.get("line"),
            p["code"],
            *(_storable(p.get(name, "")) for name in ("what", "why", "do")),
            kept(p["cells"]) if p.get("cells") is not None else None,
        )
        for p in problems
    ]
    tx.insert("problem", ("run", "line", "code", "what", "why", "todo", "cells"), rows)


def kept(document: Any) -> str:
    """JSON of what a file held, which may be what no database takes as text: then with escapes."""
    text = json.dumps(document, ensure_ascii=False)
    return text if _storable(text) == text else json.dumps(document)


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def histories(
    tx: Session, module: Module, ids: Sequence[int], passed: Set[int] = frozenset()
) -> dict[int, list[Change]]:
    """The ledger rows of records, oldest first, without those of the runs in `passed`."""
    lines: dict[int, list[Change]] = {}
    columns = ("version", "run", "op", "delta")
    for record, version, run, op, delta in tx.lookup("change", "record", columns, ids, "t.module = ?", module.number):
        if run not in passed:
            lines.setdefault(record, []).append(Change(version, run, op, json.loads(delta) if delta else {}))
    for line in lines.values():
        if len(line) > 1:
            line.sort()
    return lines


def last_versions(tx: Session, module: Module, ids: Sequence[int]) -> dict[int, int]:
    """The newest version that the ledger knows of records."""
    newest: dict[int, int] = {}
    for record, version in tx.lookup("change", "record", ("version",), ids, "t.module = ?", module.number):
        newest[record] = max(version, newest.get(record, 0))
    return newest


def settled(tx: Session, target: Set[int]) -> set[int]:
    """Runs that cancel out whole with an undo that left nothing, and those undos: no undo of other runs need look at them."""
    rows = tx.rows(
        "SELECT id, undoes, orders FROM run AS u WHERE kind = 'undo' AND state = 'done' AND NOT EXISTS"
        " (SELECT 1 FROM problem WHERE problem.run = u.id) AND undoes IN (SELECT id FROM run WHERE state = 'undone')"
    )
    whole = [(undo, undone) for undo, undone, told in rows if json.loads(told)["only"] is None]
    families = _families(tx, [undone for _, undone in whole])
    pairs = ({undo, *families[undone]} for undo, undone in whole)
    return {one for pair in pairs if target.isdisjoint(pair) for one in pair}


class Head(NamedTuple):
    """A run as those above it know it."""

    run: int
    source: str
    state: str


def below(tx: Session, run: int) -> list[Head]:
    """The runs of which a run is the parent, in order."""
    return [Head(*row) for row in tx.rows("SELECT id, source, state FROM run WHERE parent = ? ORDER BY id", run)]


def bottom(tx: Session, run: int) -> list[Head]:
    """The runs that did the work of a run: those below it, itself when there are none."""
    return below(tx, run) or [Head(*row) for row in tx.rows("SELECT id, source, state FROM run WHERE id = ?", run)]


def family(tx: Session, run: int) -> list[int]:
    """A run and the runs of which it is the parent."""
    return [run, *(head.run for head in below(tx, run))]


def _families(tx: Session, runs: Iterable[int]) -> dict[int, frozenset[int]]:
    """Each of the runs with those of which it is the parent."""
    found = {run: {run} for run in runs}
    for parent, run in tx.lookup("run", "parent", ("id",), sorted(found)):
        found[parent].add(run)
    return {run: frozenset(family) for run, family in found.items()}


def reverted(tx: Session, runs: Iterable[int]) -> dict[int, frozenset[int]]:
    """For each of the runs that is an undo: the runs that it undoes."""
    found: dict[int, int] = dict(tx.lookup("run", "id", ("undoes",), sorted(runs), "t.undoes IS NOT NULL"))
    families = _families(tx, found.values())
    return {run: families[undone] for run, undone in found.items()}


Part = tuple[str, int, str | None]
"""What an undo was limited to: module, record, field or None for all of it."""


def undos(tx: Session, run: int) -> list[tuple[int, Part | None]]:
    """The undos of a run, or of the run above it, that stand, newest first, each with its part, None for all. One that
    could take nothing back, for everything was changed since, is none."""
    rows = tx.rows(
        "SELECT id, orders FROM run AS u WHERE undoes IN (SELECT id FROM run WHERE id = ? UNION ALL"
        " SELECT parent FROM run WHERE id = ?) AND state = 'done' AND (NOT EXISTS (SELECT 1 FROM problem WHERE run = u.id)"
        " OR EXISTS (SELECT 1 FROM change WHERE run = u.id)) ORDER BY id DESC",
        run,
        run,
    )
    parts = [(undo, json.loads(told)["only"]) for undo, told in rows]
    return [(undo, tuple(part) if part else None) for undo, part in parts]


def undoes_whole(tx: Session, run: int) -> int | None:
    """The run that a run is an undo of, not only of a part."""
    undoes, told = tx.rows("SELECT undoes, orders FROM run WHERE id = ?", run)[0]
    return None if undoes is None or json.loads(told)["only"] else int(undoes)


def later_undos(tx: Session, undo: int) -> list[tuple[int, Part | None]]:
    """The newer undos that stand of what an undo undid too; none of another run."""
    undoes = tx.value("SELECT undoes FROM run WHERE id = ?", undo)
    return [] if undoes is None else [one for one in undos(tx, undoes) if one[0] > undo]


def not_of_kind(tx: Session, runs: Iterable[int], kind: str) -> set[int]:
    """Those of the runs that are of another kind and are no undo."""
    rows = tx.lookup("run", "id", ("kind",), sorted(runs))
    return {run for run, found in rows if found not in (kind, "undo")}


def makers(tx: Session, module: Module, ids: Sequence[int]) -> dict[int, int | None]:
    """The sources of the first ledger rows of records."""
    first: dict[int, tuple[int, int | None]] = {}
    columns = ("version", "source")
    for record, version, source in tx.lookup("change", "record", columns, ids, "t.module = ?", module.number):
        first[record] = min(first.get(record, (version, source)), (version, source), key=lambda each: each[0])
    return {record: source for record, (_, source) in first.items()}


Erased = dict[tuple[int, int], set[str] | None]
"""What is to be erased: (module number, record) to the fields, None for all."""

ERASED = {"erased": True}
"""Stands in the ledger for a value that was blanked. No stored value is a dict."""


def erase(tx: Session, wanted: Erased) -> None:
    """Blanks what the ledger holds of records: the fields named, or all. The rows stay, the values go."""
    for module in MODULES.values():
        mine = {record: names for (number, record), names in wanted.items() if number == module.number}
        if mine:
            _erase(tx, module, mine)


def _erase(tx: Session, module: Module, wanted: Mapping[int, Set[str] | None]) -> None:
    blanked = [
        (compact(_blanked(change, wanted[record])), module.number, record, change.version)
        for record, line in histories(tx, module, list(wanted)).items()
        for change in line
        if change.data
    ]
    tx.many("UPDATE change SET delta = ? WHERE module = ? AND record = ? AND version = ?", blanked)


def _blanked(change: Change, names: Set[str] | None) -> dict[str, Any]:
    if change.op == OPS["delete"]:
        return dict(ERASED) if names is None else {n: v for n, v in change.data.items() if n not in names}
    return {n: [ERASED, ERASED] if names is None or n in names else pair for n, pair in change.data.items()}
