"""Plan: what is to be written, as data, each action with its reason; knows no database.

A plan is a list of actions on records. It can be applied, shown, or saved as JSON and applied later. An action names the
version that its write makes, so the version before is its precondition.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from syncd.modules import Module

compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as the store keeps it. One encoder for all: making one costs more than a small value."""

Op = Literal["create", "update", "delete"]
OPS: dict[Op, int] = {"create": 1, "update": 2, "delete": 3}
OP_NAMES = {number: name for name, number in OPS.items()}

Key = tuple[int, str]
"""A match key: the kind's number and the normalised value."""

Delta = dict[str, tuple[Any, Any]]
"""Field name (or `extra.NAME`) to its value before and after."""


class Rec:
    """A record while a batch is planned: `values` in the order of `Module.columns`, as the plan so far leaves them.

    `keys` are its match keys after the plan, None while they are as in the store; `old_keys` those before, once known.
    """

    __slots__ = ("base", "id", "keys", "old_keys", "values", "version")

    def __init__(self, id: int, version: int, values: Any, keys: list[Key] | None = None) -> None:
        self.id = id
        self.version = version
        self.base = version
        self.values = values
        self.keys = keys
        self.old_keys: list[Key] | None = None


@dataclass(slots=True)
class Action:
    """One write of one record. `values` is the whole record for a creation or deletion; `delta` what an update changes.

    `source` is the line of the run's file or the source item that caused it. `candidates` are the records that the
    match found and passed over: a saved creation is good only while the match still finds just these.
    """

    op: Op
    module: Module
    rec: Rec
    version: int
    source: int | None
    reason: str
    values: Any = None
    delta: Delta | None = None
    candidates: tuple[int, ...] = ()


@dataclass(slots=True)
class Plan:
    """The actions of a batch, in the order in which they are to seem done, and what the batch counts besides.

    `met` are the records for whose sake a row does nothing: a saved plan leans on them as they are.
    """

    actions: list[Action] = field(default_factory=list)
    met: list[Rec] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a count of the run."""
        self.counts[name] = self.counts.get(name, 0) + by


def difference(module: Module, before: Any, after: Any) -> Delta:
    """What differs between two records' values, field by field; `extra` by its names."""
    delta: Delta = {}
    for i, one in enumerate(module.fields):
        if before[i] != after[i]:
            delta[one.name] = (before[i], after[i])
    if before[-1] != after[-1]:
        old, new = extras(before[-1]), extras(after[-1])
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                delta[f"extra.{name}"] = (old.get(name), new.get(name))
    return delta


def changed(module: Module, values: Any, delta: Delta, side: int = 1) -> list[Any]:
    """The values with one side of a delta put in: 1 the after, 0 the before."""
    made = list(values)
    extra: dict[str, Any] | None = None
    for name, pair in delta.items():
        if name.startswith("extra."):
            extra = extras(values[-1]) if extra is None else extra
            extra[name[6:]] = pair[side]
        else:
            made[module.at[name]] = pair[side]
    if extra is not None:
        made[-1] = packed(extra)
    return made


def key_rows(columns: Sequence[tuple[int, Sequence[str | None]]]) -> list[list[Key]]:
    """Columns of key values, each with its kind, as one list of distinct keys a row."""
    pairs = [[(number, value) if value else None for value in values] for number, values in columns]
    rows = [[key for key in row if key] for row in zip(*pairs, strict=True)]
    for place, row in enumerate(rows):
        if len(row) > 1 and len(set(row)) < len(row):
            rows[place] = list(dict.fromkeys(row))
    return rows


def extras(text: str | None) -> dict[str, Any]:
    """The `extra` column as a dict."""
    return json.loads(text) if text else {}


def packed(extra: dict[str, Any]) -> str | None:
    """A dict of extras as the column keeps it: sorted, blanks left out, None when nothing is left."""
    kept = {name: value for name, value in sorted(extra.items()) if value is not None}
    return compact(kept) if kept else None


def named(module: Module, values: Any) -> dict[str, Any]:
    """A record's values by field name, those in `extra` as `extra.NAME`."""
    made: dict[str, Any] = {field.name: value for field, value in zip(module.fields, values, strict=False)}
    made.update((f"extra.{name}", value) for name, value in extras(values[-1]).items())
    return made


def image(module: Module, values: Any) -> dict[str, Any]:
    """A record as the ledger keeps a deleted one: field names and values, blanks left out, `extra` as text."""
    return {name: value for name, value in zip(module.names, values, strict=True) if value is not None}


def from_image(module: Module, data: dict[str, Any]) -> list[Any]:
    """The inverse of `image`."""
    return [*(data.get(f.name) for f in module.fields), data.get("extra")]
