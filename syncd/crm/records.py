"""Records: reading business records for people and programs: names of fields, display names of links; knows no file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from importers import normalise
from syncd.crm.plan import OPS, from_image
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Field, Module
from syncd.modules.declare import MATCH_KINDS
from syncd.store import Session


def title(module: Module, values: Sequence[Any]) -> str:
    """The name a record is known by."""
    return " ".join(str(values[module.at[name]]) for name in module.title if values[module.at[name]])


def titles(tx: Session, module: Module, ids: Iterable[int]) -> dict[int, str]:
    """The names of records by id; of deleted ones those they had."""
    wanted = set(ids)
    rows = tx.lookup(module.table, "id", tuple(module.columns), sorted(wanted))
    found = {row[0]: title(module, row[1:]) for row in rows}
    return found | _last_titles(tx, module, wanted - found.keys())


def _last_titles(tx: Session, module: Module, ids: Iterable[int]) -> dict[int, str]:
    where = ("t.module = ? AND t.op = ?", module.number, OPS["delete"])
    gone = tx.lookup("change", "record", ("version", "delta"), sorted(ids), *where)
    images = {
        record: from_image(module, json.loads(delta)) for record, _, delta in sorted(gone, key=lambda row: row[1])
    }
    named = {record: title(module, values) for record, values in images.items()}
    return {record: name for record, name in named.items() if name}


def shown(field: Field, value: Any) -> Any:
    """A stored value as JSON shows it: flags as true and false, money in units with two decimals."""
    if value is None:
        return None
    if field.kind == "flag":
        return bool(value)
    if field.kind == "money":
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    return value


def document(module: Module, id: int, values: Sequence[Any], names: dict[str, dict[int, str]]) -> dict[str, Any]:
    """A record as JSON: standard field names; a link is its display name with the id beside it; extras under `extra`."""
    made: dict[str, Any] = {"id": id}
    for field, value in zip(module.fields, values[:-1], strict=True):
        if field.kind == "link":
            made[field.name] = names.get(field.link or "", {}).get(value) if value else None
            made[f"{field.name}_id"] = value
        else:
            made[field.name] = shown(field, value)
        if field.refers_to:
            made[f"{field.name}_id"] = None
    if values[-1] is not None:
        made["extra"] = json.loads(values[-1])
    return made


def documents(tx: Session, module: Module, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of (id, version, values…) as JSON records, with the names of what they link to."""
    names: dict[str, dict[int, str]] = {}
    for place, field in enumerate(module.fields):
        if field.link:
            ids = {row[2 + place] for row in rows if row[2 + place]}
            names.setdefault(field.link, {}).update(titles(tx, MODULES[field.link], ids))
    made = [document(module, row[0], row[2:], names) for row in rows]
    for field in module.fields:
        if field.refers_to:
            _refer(tx, MODULES[field.refers_to], field.name, made)
    return made


def _refer(tx: Session, target: Module, name: str, found: Sequence[dict[str, Any]]) -> None:
    """Gives each document the id of the record that a text of it names: the only other one of its account so called."""
    asking = [(row, _names(row[name])) for row in found if row[name] and row["account_id"]]
    keys = sorted({key for _, names in asking for key in names})
    where = ("t.module = ? AND t.kind = ?", target.number, MATCH_KINDS["name"])
    named = tx.lookup("match_key", "value", ("record",), keys, *where)
    accounts: dict[int, int | None] = dict(
        row[1:] for row in tx.lookup(target.table, "id", ("id", "account_id"), sorted({r for _, r in named}))
    )
    bearers: dict[tuple[int | None, str], set[int]] = {}
    for key, record in named:
        bearers.setdefault((accounts[record], key), set()).add(record)
    for row, names in asking:
        meant = set().union(*(bearers.get((row["account_id"], key), set()) for key in names)) - {row["id"]}
        row[f"{name}_id"] = meant.pop() if len(meant) == 1 else None


def _names(text: str) -> set[str]:
    """The match keys of whoever a text may name: its words as given names and surname, cut at each place, either way."""
    words = normalise.fold(text).split()
    cuts = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(len(words))]
    pairs = {*cuts, *((last, first) for first, last in cuts)}
    columns = list(zip(*pairs, strict=True)) if pairs else [(), ()]
    return {key for key in normalise.name_keys(*columns) if key}


def linking(tx: Session, module: Module, ids: Sequence[int]) -> Iterator[tuple[Module, int, int]]:
    """The records that link to the given ones: (their module, the record linked to, the record that links)."""
    for other in MODULES.values():
        for field in other.fields:
            if field.link == module.name:
                rows = tx.lookup(other.table, field.column, ("id",), ids)
                yield from ((other, row[0], row[1]) for row in rows)


def each(tx: Session, module: Module, size: int = 1000) -> Iterator[list[dict[str, Any]]]:
    """All records of a module as JSON, by id, in batches; memory stays flat."""
    columns = ", ".join(module.columns)
    last = 0
    while True:
        rows = tx.rows(f"SELECT id, version, {columns} FROM {module.table} WHERE id > ? ORDER BY id LIMIT {size}", last)
        if not rows:
            return
        yield documents(tx, module, rows)
        last = rows[-1][0]


def fetch(tx: Session, module: Module, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Rows of (id, version, values…) of the records that exist, by id."""
    rows = tx.lookup(module.table, "id", ("id", "version", *module.columns), sorted(set(ids)))
    return sorted(row[1:] for row in rows)


def unknown(module: Module, record: int) -> Refused:
    """What to say of a record that does not exist."""
    return Refused(
        Problem(
            "SY-E07",
            f"There is no {module.singular} {record}.",
            "The number is wrong, or the record was deleted.",
            f"Look at: syncd list {module.name}, or: syncd list {module.name} --deleted",
        )
    )
