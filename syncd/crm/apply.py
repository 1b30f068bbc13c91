"""Apply: carries out planned actions inside the caller's transaction; the only place that writes business rows.

The caller commits its own progress (a file's rows, a mailbox's items, an undo's position) in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncd.crm import bulk, ledger
from syncd.crm.matching import CUSTOM, Keys
from syncd.crm.plan import Action, Delta, Key, Rec, changed
from syncd.errors import Outdated, Problem
from syncd.modules import Module
from syncd.store import Session


def apply(tx: Session, run: int, actions: Sequence[Action], keys: Iterable[Keys]) -> None:
    """Writes records, match keys and ledger of the actions. `keys` are the modules' key makers.

    The plan was made, or checked with `check`, in this same transaction.
    """
    makers = {maker.module.name: maker for maker in keys}
    modules = sorted({a.module.name: a.module for a in actions}.values(), key=lambda m: m.number)
    groups = [(module, _Group(a for a in actions if a.module is module)) for module in modules]
    for module, group in groups:
        bulk.insert(tx, module, group.created)
        if group.created:
            tx.used_ids(module.table, max(r.id for r in group.created))
    for module, group in groups:
        for columns, recs in group.updated.items():
            bulk.update(tx, module, recs, columns)
    for module, group in reversed(groups):
        bulk.delete(tx, module, [r.id for r in group.deleted])
        _write_keys(tx, module, group, makers[module.name])
    ledger.write(tx, run, actions)


class _Group:
    """A module's actions as the net effect on each record."""

    def __init__(self, actions: Iterable[Action]) -> None:
        ops: dict[int, list[Action]] = {}
        self.created: list[Rec] = []
        for action in actions:
            rec = action.rec
            if action.op == "create" and action.version == rec.version:
                self.created.append(rec)
            else:
                ops.setdefault(rec.id, []).append(action)
        self.deleted: list[Rec] = []
        self.updated: dict[tuple[int, ...], list[Rec]] = {}
        self.changed: list[tuple[Rec, list[Delta]]] = []
        for found in ops.values():
            self._sort(found)

    def _sort(self, found: list[Action]) -> None:
        first, last, rec = found[0], found[-1], found[0].rec
        if last.op == "delete":
            if first.op != "create":
                self.deleted.append(rec)
        elif first.op == "create":
            self.created.append(rec)
        else:
            self.changed.append((rec, [a.delta or {} for a in found]))
            module = first.module
            names = {name for a in found for name in a.delta or ()}
            positions = {len(module.fields) if n.startswith("extra.") else module.at[n] for n in names}
            self.updated.setdefault(tuple(sorted(positions)), []).append(rec)


def check(tx: Session, actions: Sequence[Action]) -> None:
    """Proves that every record that a saved plan changes or deletes stands at the version from which it was planned.

    Raises Outdated, naming the first that does not.
    """
    for module in {a.module.name: a.module for a in actions}.values():
        bases = {a.rec.id: a.rec.base for a in actions if a.module is module and a.op != "create" and a.rec.id > 0}
        stands: dict[int, int] = dict(tx.lookup(module.table, "id", ("version",), list(bases)))
        for record, base in bases.items():
            if stands.get(record) != base:
                raise outdated(module, record)


def outdated(module: Module, record: int) -> Outdated:
    """What to say when a record has moved on since it was planned."""
    return Outdated(
        Problem(
            "SY-W05",
            f"{module.singular} {record} has changed since this was planned.",
            "Carrying it out would overwrite what came in between; nothing was done.",
            "Make the plan again with --dry-run and look at it anew.",
        )
    )


def _write_keys(tx: Session, module: Module, group: _Group, maker: Keys) -> None:
    added: list[tuple[int, Key]] = [(r.id, key) for r in group.created for key in _keys(r, maker)]
    dropped: list[tuple[int, Key]] = []
    _derive(module, group, maker)
    anew = _anew(group, maker)
    for rec, _ in group.changed:
        if rec.keys is not None and rec.old_keys is not None and (rec.id in anew or rec.keys != rec.old_keys):
            before = [key for key in rec.old_keys if rec.id not in anew or key[0] < CUSTOM]
            added += [(rec.id, key) for key in rec.keys if key not in before]
            dropped += [(rec.id, key) for key in before if key not in rec.keys]
    known = [r for r in group.deleted if r.old_keys is not None]
    dropped += [(r.id, key) for r in known for key in r.old_keys or ()]
    rest = [r for r in group.deleted if r.old_keys is None]
    for rec, found in zip(rest, maker.of_many([r.values for r in rest]), strict=True):
        dropped += [(rec.id, key) for key in found]
    bulk.drop_keys(tx, module, dropped)
    if maker.custom:
        bulk.drop_on_demand(tx, module, anew | {rec.id for rec in group.deleted})
    bulk.add_keys(tx, module, added)


def _anew(group: _Group, maker: Keys) -> set[int]:
    """The changed records whose keys made on demand are all made anew: that of a phone may have been another country's."""
    return {rec.id for rec, deltas in group.changed if any(not maker.asked.isdisjoint(delta) for delta in deltas)}


def _derive(module: Module, group: _Group, maker: Keys) -> None:
    """The keys before and after of changed records whose plan did not work them out, as that of an undo."""
    unknown, earlier = [], []
    for rec, deltas in group.changed:
        if rec.keys is None and any(not maker.fields.isdisjoint(delta) for delta in deltas):
            values = rec.values
            for delta in reversed(deltas):
                values = changed(module, values, delta, side=0)
            unknown.append(rec)
            earlier.append(values)
    old, new = maker.of_many(earlier), maker.of_many([rec.values for rec in unknown])
    for place, rec in enumerate(unknown):
        rec.old_keys, rec.keys = old[place], new[place]


def _keys(rec: Rec, maker: Keys) -> list[Key]:
    return rec.keys if rec.keys is not None else maker.of(rec.values)
