"""Undo: takes back what a run did, in batches, as a run of its own; knows no file on a disk and no mailbox's wire.

What someone changed since stays and is named; the rest goes back to its exact earlier values. Deleted records come back
first, links' targets before what links to them; then creations go, the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.crm import files, holds, ledger, records, runs
from syncd.crm.apply import apply
from syncd.crm.history import ERASED_RUN, EXISTENCE, Reversal, reverse
from syncd.crm.matching import Keys, Words
from syncd.crm.plan import Action, Delta, Plan, Rec, changed, extras, from_image
from syncd.errors import Busy, Problem, Refused
from syncd.modules import CONTACTS, MODULES, Module
from syncd.store import Session, Store, leases
from syncd.store.leases import Lease
from syncd.store.times import Clock

BATCH = 5000
TOGETHER = 4
"""Batches of one commit at most."""

ORDER = tuple(sorted(MODULES.values(), key=lambda m: m.number))
STEPS = (*((True, m) for m in ORDER), *((False, m) for m in ORDER[::-1]))
"""What is done in turn: deleted records of a module come back, then the rest of a module is taken back."""


@dataclass(frozen=True)
class Only:
    """A part of a run: one record, or one field of it."""

    module: str
    record: int
    field: str | None = None


@dataclass(frozen=True)
class Job:
    """One undo under way. `runs` are the run to be undone and its mailboxes' runs; `at` is where to go on."""

    run: int
    target: int
    runs: frozenset[int]
    lease: Lease
    only: Only | None
    at: tuple[int, int]


def undo(
    store: Store,
    target: int,
    *,
    words: Words,
    actor: str,
    clock: Clock,
    reason: str = "",
    only: Only | None = None,
    batch: int = BATCH,
) -> int:
    """Undoes a run, or goes on with its undo that was killed. Returns the undo's run.

    Raises Refused when there is no such run, when it is undone already, or when its file was imported again since.
    """
    with store.writing("undo:open") as tx:
        job = _open(tx, target, actor, clock(), reason=reason, only=only)
    try:
        at, turns = job.at, 0
        while at[0] < len(STEPS):
            with store.writing("undo:batch") as tx:
                leases.prove(tx, job.lease, clock())
                # As imports do: the more there is, the larger the index of keys that each commit writes anew.
                together = min(TOGETHER, 1 + turns // 10)
                at, turns = _batches(tx, job, at, words, (together, batch)), turns + together
        with store.writing("undo:end") as tx:
            leases.prove(tx, job.lease, clock())
            _close(tx, job, clock())
    finally:
        with store.writing("undo:release") as tx:
            leases.release(tx, job.lease)
    return job.run


class _TakenBack(Exception):
    """Ends a preview's transaction without a trace."""


def preview(
    store: Store, target: int, *, words: Words, clock: Clock, only: Only | None = None, batch: int = BATCH
) -> dict[str, Any]:
    """What undoing a run would count and leave: the undo itself in one transaction that is taken back.

    Raises Refused as `undo` does.
    """
    found: dict[str, Any] = {}
    try:
        with store.writing("undo:preview") as tx:
            job = _open(tx, target, "", clock(), reason="", only=only)
            at = job.at
            while at[0] < len(STEPS):
                at = _batch(tx, job, at, words, batch)
            _close(tx, job, clock())
            found = runs.document(tx, job.run)
            raise _TakenBack
    except _TakenBack:
        return found


def _open(tx: Session, target: int, actor: str, now: datetime, *, reason: str, only: Only | None) -> Job:
    row = tx.row("SELECT state, lease, undoes FROM run WHERE id = ?", target)
    if row is None:
        raise Refused(Problem("SY-U01", f"There is no run {target}.", "The number is wrong.", "Look at: syncd runs"))
    _check(tx, target, row, now)
    if only is not None:
        _touched(tx, target, only)
    mine = leases.take(tx, f"undo:{target}", now)
    found = tx.row("SELECT id, orders FROM run WHERE undoes = ? AND state = 'running' ORDER BY id DESC", target)
    orders: dict[str, Any] = {"only": [only.module, only.record, only.field] if only else None, "at": [0, 0]}
    if found is not None and json.loads(found[1])["only"] == orders["only"]:
        run, orders = found[0], json.loads(found[1])
    else:
        if found is not None:
            ledger.end(tx, found[0], now, "failed")
        source = tx.value("SELECT source FROM run WHERE id = ?", target)
        run = ledger.begin(
            tx, "undo", source, actor=actor, now=now, reason=reason, undoes=target, orders=orders, lease=mine.name
        )
    return Job(run, target, frozenset(ledger.family(tx, target)), mine, only, tuple(orders["at"]))


def _touched(tx: Session, target: int, only: Only) -> None:
    """A part must be one that the run has changed."""
    runs = ledger.family(tx, target)
    module = next(m for m in ORDER if m.name == only.module)
    marks = ", ".join("?" * len(runs))
    sql = f"SELECT op, run FROM change WHERE run IN ({marks}) AND module = ? AND record = ?"
    ops = {row[0] for row in tx.rows(sql, *runs, module.number, only.record)}
    if only.field and ops == {2}:
        lines = ledger.histories(tx, module, [only.record])[only.record]
        ops = {line.op for line in lines if line.run in runs and only.field in line.data}
    if not ops:
        part = f"{only.field} of " if only.field else ""
        what = f"Run {target} has changed nothing of {part}{module.singular} {only.record}."
        do = f"Look at: syncd runs {target}, or: syncd why {only.module} {only.record}"
        raise Refused(Problem("SY-U08", what, "There is nothing to take back.", do))


def _check(tx: Session, target: int, found: tuple[str, str | None, int | None], now: datetime) -> None:
    state, lease, undoes = found
    if state == "undone":
        by = tx.value("SELECT MAX(id) FROM run WHERE undoes = ? AND state = 'done'", target)
        # What an undo had to leave may be taken back later, when nothing is in its way any more.
        if tx.row("SELECT id FROM problem WHERE run = ? AND code = 'SY-U06' LIMIT 1", by) is None:
            what, do = f"Run {target} is undone already, by run {by}.", f"To do it again: syncd undo {by}"
            raise Refused(Problem("SY-U02", what, "", do))
    if state in ("planned", "stopped"):
        raise Refused(
            Problem("SY-U03", f"Run {target} is {state}: it has changed nothing.", "There is nothing to take back.")
        )
    if state == "running" and lease is not None:
        _overtake(tx, target, lease, now)
    if undoes is not None:
        _not_again(tx, target, undoes)


def _overtake(tx: Session, target: int, lease: str, now: datetime) -> None:
    """A run that was killed is undone as far as it came; should its holder only have stood still, it commits no more."""
    try:
        leases.release(tx, leases.take(tx, lease, now))
    except Busy as error:
        raise Refused(
            Problem("SY-U04", f"Run {target} is still at work.", "", "Wait until it has ended: syncd runs")
        ) from error


def _not_again(tx: Session, target: int, undoes: int) -> None:
    """An import whose file was imported again since cannot be made to stand again: it would stand twice."""
    for run in ledger.family(tx, undoes):
        content = files.content(tx, run)
        if content is None:
            continue
        module = next(m for m in ORDER if m.number == content[1])
        again = files.standing(tx, content[0], module)
        if again is not None and again != run:
            raise Refused(
                Problem(
                    "SY-U05",
                    f"Run {target} cannot be undone: its file was imported again by run {again}.",
                    "Both together would hold each row twice.",
                    f"Undo run {again} first.",
                )
            )


def _batches(tx: Session, job: Job, at: tuple[int, int], words: Words, most: tuple[int, int]) -> tuple[int, int]:
    """Takes back several batches, at most so many of so many records; returns where to go on."""
    together, size = most
    while together and at[0] < len(STEPS):
        at, together = _batch(tx, job, at, words, size), together - 1
    return at


def _batch(tx: Session, job: Job, at: tuple[int, int], words: Words, size: int) -> tuple[int, int]:
    """Takes back what the runs did to the next records of a step; returns where to go on."""
    step, after = at
    deleted, module = STEPS[step]
    ids = _records(tx, job, module, after, size, deleted=deleted)
    plan = _plan(tx, job, module, ids, coming=deleted)
    apply(tx, job.run, plan.actions, [Keys(tx, module, words)])
    holds.follow(tx, module, plan.actions)
    position = (step, ids[-1]) if len(ids) == size else (step + 1, 0)
    orders = ledger.orders(tx, job.run) | {"at": list(position)}
    tx.run("UPDATE run SET orders = ? WHERE id = ?", json.dumps(orders, sort_keys=True), job.run)
    ledger.report(tx, job.run, plan.problems)
    ledger.count(tx, job.run, plan.counts, sum(plan.counts.values()))
    return position


def _records(tx: Session, job: Job, module: Module, after: int, size: int, *, deleted: bool) -> list[int]:
    """The next records that the runs touched; in the first pass only those that they deleted."""
    marks = ", ".join("?" * len(job.runs))
    tail = " AND op = 3" if deleted else ""
    limit: tuple[Any, ...] = (after,)
    if job.only is not None:
        if job.only.module != module.name:
            return []
        tail += " AND record = ?"
        limit = (after, job.only.record)
    rows = tx.rows(
        f"SELECT DISTINCT record FROM change WHERE run IN ({marks}) AND module = ? AND record > ?{tail}"
        f" ORDER BY record LIMIT {size}",
        *sorted(job.runs),
        module.number,
        *limit,
    )
    return [row[0] for row in rows]


def _plan(tx: Session, job: Job, module: Module, ids: Sequence[int], *, coming: bool) -> Plan:
    """What taking back means for records; `coming`: only those that come back, the others have their turn later."""
    plan = Plan()
    if not ids:
        return plan
    lines = ledger.histories(tx, module, ids, ledger.settled(tx, job.runs))
    reverted = ledger.reverted(tx, {c.run for line in lines.values() for c in line})
    only = job.only.field if job.only else None
    turns = {i: reverse(lines[i], job.runs, reverted, only) for i in ids}
    recs = {row[0]: Rec(row[0], row[1], row[2:]) for row in records.fetch(tx, module, ids)}
    hanging = _hanging(tx, module, [i for i, turn in turns.items() if turn.op == "delete"])
    gone = ledger.last_versions(tx, module, [i for i in ids if i not in recs])
    again = holds.came_again(tx, [i for i, t in turns.items() if t.op == "create"]) if module is CONTACTS else {}
    if coming:
        ids = [i for i in ids if turns[i].op == "create" and i not in again]
    for i in ids:
        if i in again:
            plan.problems.append(_again(i, again[i]))
            plan.count("refused")
            continue
        if i in hanging and turns[i].op == "delete":
            turns[i] = Reversal(left=[(EXISTENCE, 0)])
        _act(plan, job, module, turns[i], recs.get(i) or Rec(i, gone[i], None))
    _mend_links(tx, module, plan)
    return plan


def _hanging(tx: Session, module: Module, ids: Sequence[int]) -> set[int]:
    """Those of the records to which others still link: they cannot go. Records of the same batch do not count."""
    going = set(ids)
    return {to for other, to, by in records.linking(tx, module, ids) if other is not module or by not in going}


def _act(plan: Plan, job: Job, module: Module, turn: Reversal, rec: Rec) -> None:
    reason = f"undo|run={job.target}"
    version = rec.version + 1
    if turn.op == "delete" and rec.values is not None:
        plan.actions.append(Action("delete", module, rec, version, None, reason, rec.values))
        plan.count("removed")
    elif turn.op == "create" and rec.values is None:
        image = from_image(module, turn.image)
        rec.values = changed(module, image, {name: (None, value) for name, value in turn.fields.items()})
        rec.base, rec.version = 0, version
        plan.actions.append(Action("create", module, rec, version, None, reason, rec.values))
        plan.count("created")
    elif turn.op == "update" and rec.values is not None:
        _restore(plan, module, turn, rec, reason)
    for name, run in turn.left:
        plan.problems.append(_left(module, rec, name, run))
    if turn.left and turn.op is None:
        plan.count("refused")


def _restore(plan: Plan, module: Module, turn: Reversal, rec: Rec, reason: str) -> None:
    extra = extras(rec.values[-1])
    delta: Delta = {}
    for name, before in turn.fields.items():
        now = extra.get(name[6:]) if name.startswith("extra.") else rec.values[module.at[name]]
        if now != before:
            delta[name] = (now, before)
    if not delta:
        plan.count("unchanged")
        return
    rec.values = changed(module, rec.values, delta)
    rec.version += 1
    plan.actions.append(Action("update", module, rec, rec.version, None, reason, None, delta))
    plan.count("updated")


def _left(module: Module, rec: Rec, name: str, run: int) -> dict[str, Any]:
    thing = f"{module.singular} {rec.id}"
    if run == ERASED_RUN:
        why = "its earlier values were erased, because they may no longer be kept"
        run = 0
    elif name == EXISTENCE and run == 0:
        why = "other records belong to it now"
    elif rec.values is None:
        why = f"run {run} has deleted it since"
    elif name == EXISTENCE:
        why = f"run {run} has changed it since"
    else:
        thing, why = f"{name} of {thing}", f"run {run} has changed it since"
    return {
        "code": "SY-U06",
        "what": f"{thing} was left as it is.",
        "why": f"{why[0].upper()}{why[1:]}.",
        "do": f"Undo run {run} first, or change it by hand." if run else "Move or delete those first.",
    }


def _again(contact: int, other: int) -> dict[str, Any]:
    return {
        "code": "SY-U06",
        "what": f"contact {contact} did not come back.",
        "why": f"Its contact in Outlook has changed meanwhile and is here again as contact {other}.",
        "do": f"Nothing, unless the old values are wanted: delete contact {other} first.",
    }


def _mend_links(tx: Session, module: Module, plan: Plan) -> None:
    """A record that comes back, or a link that does, may point to one that is gone: the link is left blank, and named."""
    for field in module.fields:
        if field.link is None:
            continue
        place = module.at[field.name]
        acting = [a for a in plan.actions if a.op != "delete" and a.rec.values[place] is not None]
        wanted = sorted({a.rec.values[place] for a in acting})
        there = {row[0] for row in tx.lookup(MODULES[field.link].table, "id", ("id",), wanted)}
        back = {a.rec.id for a in plan.actions if a.op == "create"} if field.link == module.name else set()
        for action in acting:
            target = action.rec.values[place]
            if target not in there and target not in back:
                _blank(plan, action, field.name, place)


def _blank(plan: Plan, action: Action, name: str, place: int) -> None:
    rec = action.rec
    values = list(rec.values)
    values[place] = None
    rec.values = values
    if action.op == "create":
        action.values = values
    elif action.delta and name in action.delta:
        action.delta[name] = (action.delta[name][0], None)
    plan.problems.append(
        {
            "code": "SY-U07",
            "what": f"{name} of {action.module.singular} {rec.id} was left blank.",
            "why": "The record that it meant is gone.",
            "do": "Set it by hand.",
        }
    )


def _close(tx: Session, job: Job, now: datetime) -> None:
    ledger.end(tx, job.run, now)
    if job.only is not None:
        return
    for run in job.runs:
        tx.run(
            "UPDATE run SET state = 'undone', lease = NULL WHERE id = ? AND state IN ('done', 'failed', 'running')", run
        )
    undoes = tx.value("SELECT undoes FROM run WHERE id = ?", job.target)
    if undoes is not None:
        for run in ledger.family(tx, undoes):
            tx.run("UPDATE run SET state = 'done' WHERE id = ? AND state = 'undone'", run)
