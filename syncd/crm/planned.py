"""Planned: what a run changed, or would change while it is only a saved plan; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from syncd.crm import plans, records, runs
from syncd.crm.plan import Action, image
from syncd.modules import MODULES, Module
from syncd.store import Session

Shown = dict[str, Any]
_Made = dict[tuple[str, int], str]
"""The names of the records that a plan would make, by module and number."""


def changes(tx: Session, run: int, module: str | None = None) -> Iterator[Shown]:
    """Every record, field, before, after and reason of a run; of a planned or stopped one, what its plan would do.

    A record that a plan would make has a negative number, counted from -1. Of a sync whose mailboxes have a plan together
    it is that one.
    """
    joint = set(plans.joint(tx, run))
    made: _Made = {}
    for one in (run, *runs.children(tx, run)):
        if runs.state(tx, one) in ("planned", "stopped"):
            yield from _plan(tx, one, module, made, joint=one in joint)
        else:
            yield from runs.own_changes(tx, one, module)


def _plan(tx: Session, run: int, only: str | None, made: _Made, *, joint: bool) -> Iterator[Shown]:
    for _, data in plans.saved(tx, run, joint=joint):
        actions = plans.load(data["actions"])
        made.update(((a.module.name, a.rec.id), records.title(a.module, a.values)) for a in actions if a.op == "create")
        found = [(a, list(_pairs(a))) for a in actions if only in (None, a.module.name)]
        labels = runs.source_labels(tx, run, [action.source for action, _ in found])
        show = _shower(tx, found, made)
        for action, pairs in found:
            common = {
                "module": action.module.name,
                "record": action.rec.id,
                "op": action.op,
                "reason": action.reason,
                "source": labels.get(action.source),
            }
            for field, before, after in pairs:
                yield common | {
                    "field": field,
                    "before": show(action.module, field, before),
                    "after": show(action.module, field, after),
                }


def _pairs(action: Action) -> Iterator[runs.Change]:
    if action.op == "update":
        for name, (before, after) in (action.delta or {}).items():
            yield name, before, after
        return
    for name, value in runs.held(image(action.module, action.values)):
        yield (name, None, value) if action.op == "create" else (name, value, None)


def _shower(
    tx: Session, found: Sequence[tuple[Action, Sequence[runs.Change]]], made: Mapping[tuple[str, int], str]
) -> Callable[[Module, str, Any], Any]:
    """A function that shows a stored value: a link by the name of its record, also of one that the plan would make."""
    shows = {
        module: runs.shower(
            tx, MODULES[module], [pair for a, pairs in found if a.module.name == module for pair in pairs]
        )
        for module in MODULES
    }

    def show(module: Module, name: str, value: Any) -> Any:
        link = module.field(name).link if name in module.at else None
        planned = made.get((link, value)) if link else None
        return planned or shows[module.name](name, value)

    return show
