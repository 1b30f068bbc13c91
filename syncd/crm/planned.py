"""Planned: what a run changed, or would change while it is only a saved plan; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from syncd.crm import plans, records, runs
from syncd.crm.plan import Action, image
from syncd.modules import MODULES, Module
from syncd.store import Session

Shown = dict[str, Any]


def changes(tx: Session, run: int, module: str | None = None) -> Iterator[Shown]:
    """Every record, field, before, after and reason of a run; of a planned or stopped one, what its plan would do.

    A record that a plan would make has a negative number, counted from -1.
    """
    for one in (run, *runs.children(tx, run)):
        if tx.value("SELECT state FROM run WHERE id = ?", one) in ("planned", "stopped"):
            yield from _plan(tx, one, module)
        else:
            yield from runs.own_changes(tx, one, module)


def _plan(tx: Session, run: int, only: str | None) -> Iterator[Shown]:
    made: dict[tuple[str, int], str] = {}
    for _, data in plans.saved(tx, run):
        actions = [a for a in plans.load(data["actions"]) if only in (None, a.module.name)]
        labels = runs.source_labels(tx, run, [a.source for a in actions])
        made.update(((a.module.name, a.rec.id), records.title(a.module, a.values)) for a in actions if a.op == "create")
        for action in actions:
            common = {
                "module": action.module.name,
                "record": action.rec.id,
                "op": action.op,
                "reason": action.reason,
                "source": labels.get(action.source),
            }
            for field, before, after in _pairs(action):
                yield common | {
                    "field": field,
                    "before": _shown(tx, action.module, field, before, made),
                    "after": _shown(tx, action.module, field, after, made),
                }


def _pairs(action: Action) -> Iterator[tuple[str, Any, Any]]:
    if action.op == "update":
        for name, (before, after) in (action.delta or {}).items():
            yield name, before, after
        return
    for name, value in runs.held(image(action.module, action.values)):
        yield (name, None, value) if action.op == "create" else (name, value, None)


def _shown(tx: Session, module: Module, name: str, value: Any, made: Mapping[tuple[str, int], str]) -> Any:
    field = module.field(name) if name in module.at else None
    if field is None or value is None:
        return value
    if field.kind != "link":
        return records.shown(field, value)
    target = field.link or ""
    known = made.get((target, value)) or records.titles(tx, MODULES[target], [value]).get(value)
    return known or value
