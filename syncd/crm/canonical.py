"""Canonical: all business records by natural keys, one JSON line each, sorted; equal stores give equal bytes.

No id, no version and no time is in it: links are told by what tells their records apart. Knows no command line.
"""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import IO, Any

from syncd.crm import records
from syncd.crm.plan import from_image
from syncd.modules import MODULES, Module
from syncd.store import Session

LINES = 50_000
"""Lines sorted in memory; of more, sorted parts wait in temporary files."""

Natural = dict[str, Any]
"""What tells a record apart: its natural fields that are not blank, a link again as such a dict."""


def naturals(tx: Session, module: Module, ids: Iterable[int]) -> dict[int, Natural]:
    """The natural keys of records by id, of deleted ones as they last were."""
    wanted = sorted(set(ids))
    stands = {row[0]: row[2:] for row in records.fetch(tx, module, wanted)}
    missing = [i for i in wanted if i not in stands]
    return natural_keys(tx, module, stands | last_images(tx, module, missing))


def last_images(tx: Session, module: Module, ids: Sequence[int]) -> dict[int, Sequence[Any]]:
    """The values that deleted records held last."""
    found: dict[int, tuple[int, str]] = {}
    for record, version, delta in tx.lookup(
        "change", "record", ("version", "delta"), ids, "t.module = ? AND t.op = 3", module.number
    ):
        if version > found.get(record, (0, ""))[0]:
            found[record] = (version, delta)
    return {record: from_image(module, json.loads(delta)) for record, (_, delta) in found.items()}


def natural_keys(tx: Session, module: Module, values: Mapping[int, Sequence[Any]]) -> dict[int, Natural]:
    """The natural keys of records whose values are at hand."""
    made: dict[int, Natural] = {record: {} for record in values}
    for name in module.natural:
        field, place = module.field(name), module.at[name]
        found = {record: row[place] for record, row in values.items() if row[place] is not None}
        if field.kind == "link":
            links = naturals(tx, MODULES[field.link or ""], found.values())
            found = {record: links.get(target, {}) for record, target in found.items()}
        for record, value in found.items():
            made[record][name] = value
    return made


class Linker:
    """Shows stored values of one module with links by natural key, for a batch at a time."""

    def __init__(self, tx: Session, module: Module, values: Iterable[tuple[str, Any]]) -> None:
        self.module = module
        targets: dict[str, set[int]] = {}
        for name, value in values:
            if isinstance(value, int) and name in module.at and module.field(name).kind == "link":
                targets.setdefault(module.field(name).link or "", set()).add(value)
        self.names = {target: naturals(tx, MODULES[target], ids) for target, ids in targets.items()}

    def show(self, name: str, value: Any) -> Any:
        """A value as the canonical form has it."""
        if value is None or isinstance(value, dict) or name not in self.module.at:
            return value
        field = self.module.field(name)
        if field.kind == "link":
            return self.names[field.link or ""].get(value, {})
        return records.shown(field, value)


def record_lines(tx: Session, module: Module, size: int = 1000) -> Iterator[str]:
    """One line a record: its module and every field that is not blank."""
    columns = ", ".join(module.columns)
    names = [f.name for f in module.fields]
    last = 0
    while True:
        rows = tx.rows(f"SELECT id, {columns} FROM {module.table} WHERE id > ? ORDER BY id LIMIT {size}", last)
        linker = Linker(tx, module, (pair for row in rows for pair in zip(names, row[1:-1], strict=True)))
        for row in rows:
            pairs = zip(names, row[1:-1], strict=True)
            made: dict[str, Any] = {"module": module.name}
            made |= {name: linker.show(name, value) for name, value in pairs if value is not None}
            if row[-1] is not None:
                made["extra"] = json.loads(row[-1])
            yield line(made)
        if len(rows) < size:
            return
        last = rows[-1][0]


def line(document: Mapping[str, Any]) -> str:
    """A document as one line of JSON, its names sorted. No store holds what UTF-8 cannot."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def lines(tx: Session) -> Iterator[str]:
    """All records of all modules, unsorted."""
    for module in MODULES.values():
        yield from record_lines(tx, module)


def ordered(found: Iterable[str], size: int = LINES) -> Iterator[str]:
    """Lines sorted by code point; memory stays flat however many there are. Lines hold no line break."""
    source = iter(found)
    with ExitStack() as stack:
        parts: list[Iterable[str]] = []
        while part := sorted(islice(source, size)):
            if not parts and len(part) < size:
                yield from part
                return
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))
            parts.append(_kept(file, part))
        yield from heapq.merge(*parts)


def _kept(file: IO[str], part: Iterable[str]) -> Iterator[str]:
    file.writelines(f"{text}\n" for text in part)
    file.seek(0)
    return (text[:-1] for text in file)
