"""Export: all records of a module, flat and complete, for other programs; knows no file format.

What a row holds is what an import takes back: standard field names, links by name with the id beside them, extras as
`extra.NAME`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from syncd.crm import records
from syncd.modules import Module
from syncd.store import Session

Document = dict[str, Any]


def documents(tx: Session, module: Module) -> Iterator[Document]:
    """All records as JSON documents, by id."""
    for batch in records.each(tx, module):
        yield from batch


def columns(tx: Session, module: Module) -> list[str]:
    """The header of a table of all records: id, the fields, a link's id behind its name, then what extras there are."""
    names = ["id"]
    for field in module.fields:
        names += [field.name, f"{field.name}_id"] if field.kind == "link" else [field.name]
    found: set[str] = set()
    for (text,) in tx.stream(f"SELECT DISTINCT extra FROM {module.table} WHERE extra IS NOT NULL"):
        found.update(json.loads(text))
    return names + [f"extra.{name}" for name in sorted(found)]


def rows(tx: Session, module: Module, header: list[str]) -> Iterator[list[Any]]:
    """All records as rows under that header, by id."""
    plain = [name for name in header if not name.startswith("extra.")]
    extras = [name.removeprefix("extra.") for name in header if name.startswith("extra.")]
    for document in documents(tx, module):
        extra = document.get("extra", {})
        yield [document[name] for name in plain] + [extra.get(name) for name in extras]
