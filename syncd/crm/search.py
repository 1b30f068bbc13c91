"""Search: records of one module under conditions, as documents, streamed; knows no command line and no screen."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from importers import normalise
from syncd.crm import entry, records
from syncd.crm.plan import from_image
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Field, Module
from syncd.store import Session

FORM = re.compile(r"([^=~]+)([=~])(.*)", re.DOTALL)
"""FIELD=VALUE (exact), FIELD~TEXT (contains, ignoring case); an empty value means a blank field."""

KINDS = {"number": "a number", "money": "a number", "flag": "yes or no", "date": "a date such as 1990-12-31"}
"""What a condition on a field of a kind must be."""

MANY = 500
"""Ids in one SQL condition; a name that more records bear is compared after the query."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """One condition. `test` judges a document; `sql` with its parameters means the same, where SQL can say it."""

    test: Callable[[Document], bool]
    sql: str = ""
    params: tuple[Any, ...] = ()


def condition(tx: Session, module: Module, text: str) -> Condition:
    """A condition from FIELD=VALUE or FIELD~TEXT. Raises Refused for an unknown field or a value that cannot be."""
    parts = FORM.fullmatch(text)
    if parts is None:
        raise Refused(
            Problem("SY-Q01", f"{text!r} is no condition.", "It needs = or ~.", "Write FIELD=VALUE or FIELD~TEXT.")
        )
    name, operator, value = parts[1].strip(), parts[2], parts[3]
    if name == "id":
        return _number(name, name, value)
    if name.startswith("extra.") and len(name) > 6:
        return Condition(_tested(lambda d: d.get("extra", {}).get(name[6:]), operator, value))
    field = module.at.get(name.removesuffix("_id"))
    if field is None or (name not in module.at and module.fields[field].kind != "link"):
        raise _unknown(module, name)
    return _on_field(tx, module.fields[field], name, operator, value)


def _unknown(module: Module, name: str) -> Refused:
    return Refused(
        Problem(
            "SY-E01",
            f"{module.name} have no field named {name}.",
            "The name is misspelt, or belongs to another module.",
            f"The fields are: {', '.join(module.at)}.",
        )
    )


def _on_field(tx: Session, field: Field, name: str, operator: str, value: str) -> Condition:
    if value == "":
        return Condition(lambda d: d[name] is None, f"{field.column} IS NULL")
    if name != field.name:
        return _number(name, field.column, value)
    if operator == "~":
        return Condition(_tested(lambda d: d[name], operator, value))
    if field.kind == "link":
        ids = entry.named(tx, MODULES[field.link or ""], value)
        if not ids:
            return Condition(lambda d: False, "1 = 0")
        if len(ids) > MANY:
            return Condition(lambda d: bool(d[name] == value))
        return Condition(
            lambda d: bool(d[name] == value), f"{field.column} IN ({', '.join('?' * len(ids))})", tuple(ids)
        )
    stored = _stored(field, value)
    shown = records.shown(field, stored)
    return Condition(lambda d: bool(d[name] == shown), f"{field.column} = ?", (stored,))


def _number(name: str, column: str, value: str) -> Condition:
    if value == "":
        return Condition(lambda d: d[name] is None, f"{column} IS NULL")
    if not re.fullmatch(r"-?[0-9]+", value.strip()):
        raise _never(name, "a number", value)
    number = int(value) if re.fullmatch(r"[0-9]{1,18}", value.strip()) else -1
    return Condition(lambda d: bool(d[name] == number), f"{column} = ?", (number,))


def _stored(field: Field, value: str) -> Any:
    """A typed value as the store keeps it. Raises Refused when the field cannot hold it."""
    if field.kind in ("number", "money"):
        numbers, bad = (normalise.numbers if field.kind == "number" else normalise.money)([value])
        return _read(field, value, numbers[0], bad)
    if field.kind == "flag":
        flags, bad = normalise.flags([value])
        return int(bool(_read(field, value, flags[0], bad)))
    if field.kind == "date":
        dates, bad = normalise.dates([value], normalise.date_order([value]) or "ymd")
        return _read(field, value, dates[0], bad)
    return value


def _read(field: Field, typed: str, value: Any, bad: list[int]) -> Any:
    if bad or value is None:
        raise _never(field.name, KINDS[field.kind], typed)
    return value


def _never(name: str, kind: str, typed: str) -> Refused:
    return Refused(Problem("SY-Q02", f"{name} is {kind}, never {typed!r}.", "", f"Correct the value of {name}."))


def _tested(read: Callable[[Document], Any], operator: str, value: str) -> Callable[[Document], bool]:
    if value == "":
        return lambda d: read(d) is None
    if operator == "=":
        return lambda d: read(d) is not None and str(read(d)) == value
    wanted = _folded(value)
    return lambda d: read(d) is not None and wanted in _folded(_text(read(d)))


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def found(tx: Session, module: Module, conditions: Sequence[Condition], size: int = 1000) -> Iterator[Document]:
    """The records that fulfil all conditions, as documents, by id."""
    wheres = "".join(f" AND {c.sql}" for c in conditions if c.sql)
    params = [p for c in conditions if c.sql for p in c.params]
    tests = [c.test for c in conditions if not c.sql]
    columns = ", ".join(module.columns)
    last = 0
    while True:
        rows = tx.rows(
            f"SELECT id, version, {columns} FROM {module.table} WHERE id > ?{wheres} ORDER BY id LIMIT {size}",
            last,
            *params,
        )
        for document in records.documents(tx, module, rows):
            if all(test(document) for test in tests):
                yield document
        if len(rows) < size:
            return
        last = rows[-1][0]


def deleted(tx: Session, module: Module, conditions: Sequence[Condition], size: int = 1000) -> Iterator[Document]:
    """The deleted records that fulfil all conditions, as they were, with `deleted_run` and `deleted` (when), by id."""
    last = 0
    while True:
        rows = tx.rows(
            "SELECT c.record, c.version, c.delta, c.run, r.started FROM change c JOIN run r ON r.id = c.run"
            f" WHERE c.module = ? AND c.op = 3 AND c.record > ? AND NOT EXISTS (SELECT 1 FROM {module.table} t"
            " WHERE t.id = c.record) AND NOT EXISTS (SELECT 1 FROM change l WHERE l.module = c.module"
            " AND l.record = c.record AND l.version > c.version) ORDER BY c.record LIMIT ?",
            module.number,
            last,
            size,
        )
        images = [(row[0], row[1], *from_image(module, json.loads(row[2]))) for row in rows]
        for row, document in zip(rows, records.documents(tx, module, images), strict=True):
            document |= {"deleted_run": row[3], "deleted": row[4]}
            if all(c.test(document) for c in conditions):
                yield document
        if len(rows) < size:
            return
        last = rows[-1][0]
