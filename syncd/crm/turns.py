"""Turns: what taking back runs means for each of some records, as a plan; knows no run under way and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from syncd.crm import holds, ledger, records
from syncd.crm.history import ERASED_RUN, EXISTENCE, Change, Reversal, reverse
from syncd.crm.ledger import Part
from syncd.crm.plan import OP_NAMES, Action, Delta, Plan, Rec, changed, extras, from_image
from syncd.modules import CONTACTS, MODULES, Module
from syncd.store import Session

Pass = Literal["coming", "staying", "going", "left"]
"""Deleted records come back; in those that stay the earlier values come back, links too; what was made goes; what was
made and could not go is named."""


NEEDED_RUN = -2
"""Stands for the run of what stays because no record is without it."""


@dataclass(frozen=True)
class Taken:
    """What is taken back: what `runs` did, which are those of the run `target`; all of it, or one field. `later` are the
    newer undos that stand of what `target`, an undo, undid too, each with its part."""

    target: int
    runs: frozenset[int]
    field: str | None = None
    later: Sequence[tuple[int, Part | None]] = ()


def turned(tx: Session, taken: Taken, module: Module, ids: Sequence[int], step: Pass) -> tuple[Plan, int]:
    """What one pass does with records, and how many of them cannot go in it, because others link to them."""
    plan = Plan()
    if not ids:
        return plan, 0
    lines = ledger.histories(tx, module, ids, ledger.settled(tx, taken.runs))
    reverted = ledger.reverted(tx, {c.run for line in lines.values() for c in line})
    turns = {i: reverse(lines[i], taken.runs, reverted, taken.field) for i in ids}
    recs = {row[0]: Rec(row[0], row[1], row[2:]) for row in records.fetch(tx, module, ids)}
    gone = ledger.last_versions(tx, module, [i for i in ids if i not in recs])
    again = holds.came_again(tx, [i for i, t in turns.items() if t.op == "create"]) if module is CONTACTS else {}
    lost = [i for i, turn in turns.items() if turn.op == "update" and i not in recs]
    turns |= {i: Reversal(left=[(EXISTENCE, line[-1].run)]) for i, line in ledger.histories(tx, module, lost).items()}
    turns |= _too(taken, module, turns, recs)
    made = set() if taken.field else {i for i in ids if any(_makes(change, taken) for change in lines[i])}
    going = {i for i, turn in turns.items() if turn.op == "delete" and i in recs}
    hanging = _hanging(tx, module, going) if step == "going" else set()
    wanted = {
        "coming": {i for i, turn in turns.items() if turn.op == "create" and i not in again},
        "staying": turns.keys() - made,
        "going": going - hanging,
        "left": made,
    }
    for i in sorted(wanted[step]):
        if i in again:
            plan.problems.append(_again(i, again[i]))
            plan.count("refused")
            continue
        turn = Reversal(left=[(EXISTENCE, 0)]) if step == "left" and i in going else turns[i]
        _act(plan, taken, module, turn, recs.get(i) or Rec(i, gone[i], None))
    _mend_links(tx, module, plan)
    return plan, len(hanging)


def _too(taken: Taken, module: Module, turns: Mapping[int, Reversal], recs: Mapping[int, Rec]) -> dict[int, Reversal]:
    """What does not go back to where it was before an undo, for a later undo that stands has taken it back too."""
    found = {}
    for i, turn in turns.items() if taken.later else ():
        by = {name: _holding(taken.later, (module.name, i, name)) for name in (EXISTENCE, *turn.fields)}
        if turn.op == "update" and i in recs:
            left = [(name, by[name]) for name in turn.fields if by[name]]
            fields = {name: value for name, value in turn.fields.items() if not by[name]}
        elif turn.op in ("create", "delete") and (turn.op == "delete") is (i in recs):
            left, fields = [(EXISTENCE, by[EXISTENCE])] if by[EXISTENCE] else [], {}
        else:
            continue
        if left:
            found[i] = Reversal("update" if fields else None, fields=fields, left=[*turn.left, *left])
    return found


def _holding(undos: Sequence[tuple[int, Part | None]], cell: Part) -> int:
    """The newest of the undos whose part holds a field of a record, or the record; 0 when none does."""
    wholes = (None, (*cell[:2], None), cell)
    return next((undo for undo, part in undos if part in wholes), 0)


def _makes(change: Change, taken: Taken) -> bool:
    return change.run in taken.runs and OP_NAMES[change.op] == "create"


def _hanging(tx: Session, module: Module, going: Set[int]) -> set[int]:
    """Those of the records that cannot go, because others that stay, or go later, link to them."""
    links = list(records.linking(tx, module, sorted(going)))
    staying: set[int] = set()
    while True:
        found = {to for other, to, by in links if other is not module or by not in going or by in staying}
        if found == staying:
            return staying
        staying = found


def _act(plan: Plan, taken: Taken, module: Module, turn: Reversal, rec: Rec) -> None:
    reason = f"undo|run={taken.target}"
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
    newer = {undo for undo, _ in taken.later}
    for name, run in turn.left:
        plan.problems.append(_taken_too(module, rec, name, run) if run in newer else _left(module, rec, name, run))
    if turn.left and turn.op is None:
        plan.count("refused")


def _restore(plan: Plan, module: Module, turn: Reversal, rec: Rec, reason: str) -> None:
    extra = extras(rec.values[-1])
    delta: Delta = {}
    if turn.fields.get(module.required, "") is None:
        plan.problems.append(_left(module, rec, module.required, NEEDED_RUN))
        plan.count("refused")
        return
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
    elif run == NEEDED_RUN:
        thing, why = f"{name} of {thing}", "without it nobody would find the record again"
        return _stays(thing, why, f"Take the whole record back, or give it another {name} by hand.")
    elif name == EXISTENCE and run == 0:
        why = "other records belong to it now"
    elif rec.values is None:
        why = f"run {run} has deleted it since"
    elif name == EXISTENCE:
        why = f"run {run} has changed it since"
    else:
        thing, why = f"{name} of {thing}", f"run {run} has changed it since"
    do = f"Undo run {run} first, or change it by hand." if run else "Move or delete those first."
    return _stays(thing, why, do)


def _taken_too(module: Module, rec: Rec, name: str, run: int) -> dict[str, Any]:
    thing = f"{'' if name == EXISTENCE else f'{name} of '}{module.singular} {rec.id}"
    return _stays(thing, f"run {run} has taken it back too", f"Undo run {run} first.")


def _stays(thing: str, why: str, do: str) -> dict[str, Any]:
    what = f"{thing} was left as it is."
    return {"code": "SY-U06", "what": what, "why": f"{why[0].upper()}{why[1:]}.", "do": do}


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
