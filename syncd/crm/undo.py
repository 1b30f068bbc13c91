"""Undo: takes back what a run did, in batches, as a run of its own; knows no file on a disk and no mailbox's wire.

What someone changed since stays and is named; the rest goes back to its exact earlier values. Deleted records come back
first, links' targets before what links to them; then values and links go back, and at last creations go, the other way
round.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.crm import files, holds, ledger, runs
from syncd.crm.apply import apply
from syncd.crm.matching import Keys, Words
from syncd.crm.plan import OP_NAMES
from syncd.crm.turns import Pass, Taken, turned
from syncd.errors import Busy, Problem, Refused
from syncd.modules import MODULES, Module
from syncd.store import Session, Store, leases
from syncd.store.leases import Lease
from syncd.store.times import Clock

BATCH = 5000
TOGETHER = 4
"""Batches of one commit at most."""

ORDER = tuple(sorted(MODULES.values(), key=lambda m: m.number))
STEPS: tuple[tuple[Pass, Module], ...] = (
    *(("coming", m) for m in ORDER),
    *(("staying", m) for m in ORDER[::-1]),
    *((step, m) for m in ORDER[::-1] for step in ("going", "left")),
)
"""What is done in turn. A pass in which some went and others could not is done again, for they may have been in the way."""

_TOUCHED = {
    "coming": "op = 3",
    "staying": "op <> 1",
    # Never an anti-join: without statistics PostgreSQL goes through all own rows for each record.
    "going": "op = 1 AND (SELECT MAX(own.version) FROM change AS own WHERE own.module = change.module"
    " AND own.record = change.record AND own.run = ?) IS NULL",
}
_TOUCHED["left"] = _TOUCHED["going"]
_LAST = 2**63 - 1


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
    later: Sequence[tuple[int, ledger.Part | None]]

    def taken(self) -> Taken:
        """What is taken back of each record."""
        return Taken(self.target, self.runs, self.only.field if self.only else None, self.later)


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
        raise runs.unknown(target)
    _check(tx, target, row, now)
    if only is not None:
        _touched(tx, target, only)
    mine = leases.take(tx, f"undo:{target}", now)
    family, later = frozenset(ledger.family(tx, target)), ledger.later_undos(tx, target)
    found = tx.row("SELECT id, orders FROM run WHERE undoes = ? AND state = 'running' ORDER BY id DESC", target)
    orders: dict[str, Any] = {"only": [only.module, only.record, only.field] if only else None, "at": [0, 0]}
    if found is not None and json.loads(found[1])["only"] == orders["only"]:
        run, orders = found[0], json.loads(found[1])
    else:
        if only is not None:
            _standing(tx, Taken(target, family, only.field, later), only)
        if found is not None:
            ledger.end(tx, found[0], now, "failed")
        source = tx.value("SELECT source FROM run WHERE id = ?", target)
        run = ledger.begin(
            tx, "undo", source, actor=actor, now=now, reason=reason, undoes=target, orders=orders, lease=mine.name
        )
    return Job(run, target, family, mine, only, tuple(orders["at"]), later)


def _touched(tx: Session, target: int, only: Only) -> None:
    """A part must be one that the run has changed. Of what it has deleted no field comes back alone."""
    family = ledger.family(tx, target)
    module = MODULES[only.module]
    line = [c for c in ledger.histories(tx, module, [only.record]).get(only.record, ()) if c.run in family]
    if only.field:
        images = runs.created_images(tx, module, [only.record])
        pairs = (runs.pairs(OP_NAMES[c.op], c.data, images.get((only.record, c.version), {})) for c in line)
        line = [c for c, found in zip(line, pairs, strict=True) if only.field in {name for name, _, _ in found}]
    if not line:
        what = f"Run {target} has changed nothing of {_named(module, only)}."
        do = f"Look at: syncd runs {target}, or: syncd why {only.module} {only.record}"
        raise Refused(Problem("SY-U08", what, "There is nothing to take back.", do))
    if only.field and all(OP_NAMES[c.op] == "delete" for c in line):
        what = f"Run {target} has deleted {module.singular} {only.record}."
        do = f"Bring it back: syncd undo {target} --only {only.module}/{only.record}"
        raise Refused(Problem("SY-U08", what, f"{only.field} cannot come back without it.", do))


def _standing(tx: Session, taken: Taken, only: Only) -> None:
    """Something of a part must still stand."""
    module = MODULES[only.module]
    plans = [turned(tx, taken, module, [only.record], step) for step in dict.fromkeys(step for step, _ in STEPS)]
    if not any(plan.actions or plan.problems or plan.counts or hanging for plan, hanging in plans):
        what = f"{_named(module, only)} is as it was before run {taken.target}."
        raise Refused(Problem("SY-U02", what, "It was taken back already."))


def _named(module: Module, only: Only) -> str:
    return f"{f'{only.field} of ' if only.field else ''}{module.singular} {only.record}"


def _check(tx: Session, target: int, found: tuple[str, str | None, int | None], now: datetime) -> None:
    state, lease, undoes = found
    if state == "undone":
        by = next((undo for undo, part in ledger.undos(tx, target) if part is None), None)
        # What an undo had to leave may be taken back later, when nothing is in its way any more.
        left = tx.row("SELECT id FROM problem WHERE run = ? AND code = 'SY-U06' LIMIT 1", by)
        if by is not None and left is None:
            what, do = f"Run {target} is undone already, by run {by}.", f"To do it again: syncd undo {by}"
            raise Refused(Problem("SY-U02", what, "", do))
    if state in ("planned", "stopped"):
        raise Refused(_nothing_of(tx, target, state))
    if state == "running" and lease is not None:
        _overtake(tx, target, now)
    if undoes is not None:
        _not_again(tx, target, undoes)


def _nothing_of(tx: Session, target: int, state: str) -> Problem:
    """A run that waits; of a sync that was stopped in one mailbox, the others were carried out."""
    done = [head.run for head in ledger.below(tx, target) if head.state == "done"]
    if not done:
        return Problem("SY-U03", f"Run {target} is {state}: it has changed nothing.", "There is nothing to take back.")
    what = f"Run {target} is {state}: only some of its mailboxes were carried out."
    return Problem(
        "SY-U03", what, "Each of them is taken back by itself.", f"syncd undo {', syncd undo '.join(map(str, done))}"
    )


def _overtake(tx: Session, target: int, now: datetime) -> None:
    """A run that was killed is undone as far as it came, with its mailboxes; should their holder only have stood still, it
    commits no more."""
    sql = "SELECT DISTINCT lease FROM run WHERE (id = ? OR parent = ?) AND state = 'running' AND lease IS NOT NULL"
    try:
        for (lease,) in tx.rows(f"{sql} ORDER BY lease", target, target):
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
        again = files.standing(tx, *content)
        if again is not None and again != run:
            raise Refused(
                Problem(
                    "SY-U05",
                    f"Run {target} cannot be undone: its file was imported again by run {again}.",
                    "Both together would hold each row twice.",
                    f"Undo run {again} first.",
                )
            )
    fallen = ledger.undoes_whole(tx, undoes)
    below = ledger.undoes_whole(tx, fallen) if fallen else None
    if below:
        _not_again(tx, target, below)


def _batches(tx: Session, job: Job, at: tuple[int, int], words: Words, most: tuple[int, int]) -> tuple[int, int]:
    """Takes back several batches, at most so many of so many records; returns where to go on."""
    together, size = most
    while together and at[0] < len(STEPS):
        at, together = _batch(tx, job, at, words, size), together - 1
    return at


def _batch(tx: Session, job: Job, at: tuple[int, int], words: Words, size: int) -> tuple[int, int]:
    """Takes back what the runs did to the next records of a step; returns where to go on."""
    number, after = at
    step, module = STEPS[number]
    ids = _records(tx, job, number, after, size)
    plan, hanging = turned(tx, job.taken(), module, ids, step)
    apply(tx, job.run, plan.actions, [Keys(tx, module, words)])
    holds.follow(tx, module, plan.actions)
    orders = ledger.orders(tx, job.run)
    went, stuck = orders.get("went", 0) + len(plan.actions), orders.get("stuck", 0) + hanging
    if len(ids) == size:
        position = (number, ids[-1])
    else:
        position = (number, 0) if went and stuck else (number + 1, 0)
        went = stuck = 0
    orders |= {"at": list(position), "went": went, "stuck": stuck}
    ledger.order(tx, job.run, orders)
    ledger.report(tx, job.run, plan.problems)
    ledger.count(tx, job.run, plan.counts, sum(plan.counts.values()))
    return position


def _records(tx: Session, job: Job, number: int, after: int, size: int) -> list[int]:
    """The next records that a step is about, by id; what was made goes the newest first, for it often links to older."""
    step, module = STEPS[number]
    down = step == "going"
    marks = ", ".join("?" * len(job.runs))
    touched = "op <> 3" if step == "staying" and job.only and job.only.field else _TOUCHED[step]
    tail = f"record {'<' if down else '>'} ? AND {touched}"
    values: tuple[int, ...] = (after or (_LAST if down else 0), *([job.run] if "own" in tail else []))
    if job.only is not None:
        if job.only.module != module.name:
            return []
        tail += " AND record = ?"
        values = (*values, job.only.record)
    rows = tx.rows(
        f"SELECT DISTINCT record FROM change WHERE run IN ({marks}) AND module = ? AND {tail}"
        f" ORDER BY record {'DESC' if down else 'ASC'} LIMIT {size}",
        *sorted(job.runs),
        module.number,
        *values,
    )
    return [row[0] for row in rows]


def _close(tx: Session, job: Job, now: datetime) -> None:
    ledger.end(tx, job.run, now)
    if job.only is None:
        _fall(tx, job.target)


def _fall(tx: Session, run: int) -> None:
    """A run that is undone stands no more. If it is an undo, what it undid stands again, unless another undo has undone
    that too; and if that is an undo, what that undid stands no more."""
    undone, again = "state IN ('done', 'failed', 'running')", "state = 'undone'"
    tx.run(f"UPDATE run SET state = 'undone', lease = NULL WHERE (id = ? OR parent = ?) AND {undone}", run, run)
    undoes = ledger.undoes_whole(tx, run)
    for one in ledger.family(tx, undoes) if undoes else ():
        if all(part for _, part in ledger.undos(tx, one)):
            tx.run(f"UPDATE run SET state = 'done' WHERE id = ? AND {again}", one)
    below = ledger.undoes_whole(tx, undoes) if undoes else None
    if below and undoes and runs.state(tx, undoes) == "done":
        _fall(tx, below)
