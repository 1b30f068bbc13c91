"""Edit: records made, changed, cloned, deleted and brought back by hand, each as a run; knows no form and no terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.crm import entry, holds, ledger, records
from syncd.crm.apply import apply
from syncd.crm.matching import Keys, Words
from syncd.crm.plan import Action, Delta, Op, Rec, changed, difference, from_image, packed
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Module
from syncd.store import Session, Store
from syncd.store.times import Clock

COUNTED: dict[Op, str] = {"create": "created", "update": "updated", "delete": "removed"}
"""The count of the run that an action is in."""


@dataclass(frozen=True)
class Edited:
    """One edit: the record, its run (None when nothing changed) and what was kept but is doubtful."""

    id: int
    run: int | None
    flags: Sequence[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Desk:
    """Who edits, in which store, knowing what."""

    store: Store
    words: Words
    actor: str
    clock: Clock
    reason: str = ""

    def _run(
        self, tx: Session, module: Module, record: int, actions: Sequence[Action], flags: Sequence[Problem] = ()
    ) -> int:
        """One edit is one run in one transaction."""
        run = ledger.begin(
            tx, "edit", f"{module.name}/{record}", actor=self.actor, now=self.clock(), reason=self.reason
        )
        apply(tx, run, actions, [Keys(tx, m, self.words) for m in MODULES.values()])
        for one in {a.module.name: a.module for a in actions}.values():
            holds.follow(tx, one, [a for a in actions if a.module is one])
        ledger.report(tx, run, [p.plain() for p in flags])
        ledger.count(tx, run, Counter(COUNTED[action.op] for action in actions), len(actions))
        ledger.end(tx, run, self.clock())
        return run

    def create(self, module: Module, typed: Mapping[str, str]) -> Edited:
        """Makes a record from typed values. Raises Refused when a value cannot be, or the record would have no name."""
        with self.store.writing("edit") as tx:
            made = entry.entered(tx, module, typed, self.words)
            return self._new(tx, module, made, [None] * len(module.columns), "by-hand")

    def clone(self, module: Module, record: int, typed: Mapping[str, str]) -> Edited:
        """Makes a copy of a record, with typed values in place of the original's."""
        with self.store.writing("edit") as tx:
            values = _get(tx, module, record)[2:]
            made = entry.entered(tx, module, typed, self.words)
            return self._new(tx, module, made, values, f"clone|of={record}")

    def _new(self, tx: Session, module: Module, made: entry.Entry, values: Sequence[Any], reason: str) -> Edited:
        values = _put(module, values, made.values)
        _named(module, values)
        number = tx.next_id(module.table)
        rec = Rec(number, 1, values)
        action = Action("create", module, rec, 1, None, reason, values)
        return Edited(number, self._run(tx, module, number, [action], made.flags), made.flags)

    def change(self, module: Module, record: int, typed: Mapping[str, str]) -> Edited:
        """Changes fields of a record; an edit that changes nothing makes no run."""
        with self.store.writing("edit") as tx:
            row = _get(tx, module, record)
            made = entry.entered(tx, module, typed, self.words)
            rec = Rec(record, row[1], row[2:])
            values = _put(module, rec.values, made.values)
            _named(module, values)
            _no_circle(tx, module, record, values)
            delta = difference(module, rec.values, values)
            if not delta:
                return Edited(record, None, made.flags)
            action = updated(module, rec, delta, "by-hand", Keys(tx, module, self.words).of)
            return Edited(record, self._run(tx, module, record, [action], made.flags), made.flags)

    def delete(self, module: Module, record: int) -> Edited:
        """Deletes a record; what links to it is unlinked in the same run. Undo brings all of it back."""
        with self.store.writing("edit") as tx:
            row = _get(tx, module, record)
            maker = {m.name: Keys(tx, m, self.words) for m in MODULES.values()}
            actions = _unlink(tx, module, record, maker)
            rec = Rec(record, row[1], row[2:])
            actions.append(Action("delete", module, rec, row[1] + 1, None, "by-hand", rec.values))
            return Edited(record, self._run(tx, module, record, actions))

    def restore(self, module: Module, record: int) -> Edited:
        """Brings a deleted record back under its id. A link whose target is gone stays blank, and is named."""
        with self.store.writing("edit") as tx:
            if records.fetch(tx, module, [record]):
                raise Refused(
                    Problem("SY-E06", f"{module.singular} {record} is not deleted.", "There is nothing to bring back.")
                )
            line = ledger.histories(tx, module, [record]).get(record)
            if not line:
                raise records.unknown(module, record)
            if line[-1].data == ledger.ERASED:
                what, why = (
                    f"{module.singular} {record} cannot come back.",
                    "What it held was erased: it may not be kept.",
                )
                raise Refused(Problem("SY-E11", what, why, "Make a new one, if the person is to be here."))
            values = from_image(module, dict(line[-1].data))
            flags = _dangling(tx, module, values)
            rec = Rec(record, line[-1].version + 1, values)
            rec.base = 0
            action = Action("create", module, rec, rec.version, None, "restored", values)
            return Edited(record, self._run(tx, module, record, [action], flags), flags)


def updated(module: Module, rec: Rec, delta: Delta, reason: str, keys: Callable[[Sequence[Any]], Any]) -> Action:
    """The action of one update, with the record's match keys before and after."""
    rec.old_keys = keys(rec.values)
    rec.values = changed(module, rec.values, delta)
    rec.keys = keys(rec.values)
    rec.version += 1
    return Action("update", module, rec, rec.version, None, reason, None, delta)


def _get(tx: Session, module: Module, record: int) -> tuple[Any, ...]:
    rows = records.fetch(tx, module, [record])
    if not rows:
        raise records.unknown(module, record)
    return rows[0]


def _put(module: Module, values: Sequence[Any], entered: Mapping[str, Any]) -> list[Any]:
    made = list(values)
    extra = json.loads(made[-1]) if made[-1] else {}
    for name, value in entered.items():
        if name.startswith("extra."):
            extra[name[6:]] = value
        else:
            made[module.at[name]] = value
    made[-1] = packed(extra)
    return made


def _named(module: Module, values: list[Any]) -> None:
    """A record needs its name: `required`, or what it is taken from. A first name alone is no name."""
    place = module.at[module.required]
    for name in module.required_from:
        value = values[module.at[name]]
        if values[place] is None and isinstance(value, str):
            values[place] = value.partition("@")[0] if module.field(name).kind == "email" else value
    if values[place] is None:
        also = " or ".join(n for n in module.required_from if module.field(n).kind != "link")
        article = "An" if module.singular[0] in "aeiou" else "A"
        raise Refused(
            Problem(
                "SY-E08",
                f"{article} {module.singular} needs {module.required}{f', or {also}' if also else ''}.",
                "Without it nobody would find the record again.",
                f"Add {module.required}=…",
            )
        )


def _no_circle(tx: Session, module: Module, record: int, values: Sequence[Any]) -> None:
    """A record may not stand above itself."""
    for one in module.fields:
        if one.link != module.name:
            continue
        above, seen = values[module.at[one.name]], set()
        while above is not None and above not in seen:
            if above == record:
                raise Refused(
                    Problem(
                        "SY-E09",
                        f"{one.name} would put {module.singular} {record} above itself.",
                        "",
                        f"Choose another {one.name}.",
                    )
                )
            seen.add(above)
            above = tx.value(f"SELECT {one.column} FROM {module.table} WHERE id = ?", above)


def _unlink(tx: Session, module: Module, record: int, makers: Mapping[str, Keys]) -> list[Action]:
    actions = []
    for other in MODULES.values():
        for one in (f for f in other.fields if f.link == module.name):
            ids = [row[0] for row in tx.rows(f"SELECT id FROM {other.table} WHERE {one.column} = ?", record)]
            for row in records.fetch(tx, other, [i for i in ids if (other, i) != (module, record)]):
                delta: Delta = {one.name: (record, None)}
                rec = Rec(row[0], row[1], row[2:])
                actions.append(updated(other, rec, delta, f"unlinked|deleted={record}", makers[other.name].of))
    return actions


def _dangling(tx: Session, module: Module, values: list[Any]) -> list[Problem]:
    flags = []
    for one in module.fields:
        place = module.at[one.name]
        target = values[place]
        if one.link and target is not None and not records.fetch(tx, MODULES[one.link], [target]):
            values[place] = None
            flags.append(
                Problem(
                    "SY-U07",
                    f"{one.name} was left blank.",
                    f"{MODULES[one.link].singular} {target} is gone.",
                    "Set it by hand.",
                )
            )
    return flags
