"""Witness: the ledger, the links to Outlook and the runs in canonical form, to compare stores that went different ways.

One JSON line each, without ids, versions and times; an export with the ledger adds them to the records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from syncd.crm.canonical import Linker, line, naturals
from syncd.crm.plan import OP_NAMES
from syncd.modules import CONTACTS, MODULES, Module
from syncd.store import Session
from syncd.store.tables import COUNTS

DIGITS = re.compile(r"[0-9]+")


def lines(tx: Session) -> Iterator[str]:
    """Changes, problems, source items and runs, unsorted."""
    for module in MODULES.values():
        yield from _changes(tx, module)
    yield from _problems(tx)
    yield from _items(tx)
    yield from _runs(tx)


def _changes(tx: Session, module: Module, size: int = 2000) -> Iterator[str]:
    last = (0, 0)
    ordinal: tuple[int, int] = (0, 0)
    while True:
        rows = tx.rows(
            "SELECT c.record, c.version, c.op, c.source, c.reason, c.delta, r.kind, r.source, r.actor FROM change c"
            " JOIN run r ON r.id = c.run WHERE c.module = ? AND (c.record, c.version) > (?, ?)"
            " ORDER BY c.record, c.version LIMIT ?",
            module.number,
            *last,
            size,
        )
        keys = naturals(tx, module, (row[0] for row in rows))
        sources = _sources(tx, rows)
        deltas = [_delta(row[5]) for row in rows]
        linker = Linker(
            tx, module, (pair for row, delta in zip(rows, deltas, strict=True) for pair in _values(row[2], delta))
        )
        for row, delta in zip(rows, deltas, strict=True):
            ordinal = (row[0], ordinal[1] + 1 if ordinal[0] == row[0] else 1)
            yield line(
                {
                    "ledger": module.name,
                    "record": keys.get(row[0], {}),
                    "change": ordinal[1],
                    "op": OP_NAMES[row[2]],
                    "delta": _shown(linker, row[2], delta),
                    "reason": DIGITS.sub("#", row[4]),
                    "run": [row[6], row[7] if row[6] != "edit" else DIGITS.sub("#", row[7]), row[8]],
                    "source": sources.get(row[3], row[3]) if row[6] == "sync" else row[3],
                }
            )
        if len(rows) < size:
            return
        last = (rows[-1][0], rows[-1][1])


def _delta(text: str | None) -> dict[str, Any]:
    delta: dict[str, Any] = json.loads(text) if text else {}
    if isinstance(delta.get("extra"), str):
        delta["extra"] = json.loads(delta["extra"])
    return delta


def _values(op: int, delta: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in delta.items():
        if OP_NAMES[op] == "update":
            yield name, value[0]
            yield name, value[1]
        else:
            yield name, value


def _shown(linker: Linker, op: int, delta: dict[str, Any]) -> dict[str, Any]:
    if OP_NAMES[op] == "update":
        return {name: [linker.show(name, value) for value in pair] for name, pair in delta.items()}
    return {name: linker.show(name, value) for name, value in delta.items()}


def _sources(tx: Session, rows: Sequence[Sequence[Any]]) -> dict[int, list[str]]:
    """The Outlook items behind changes of syncs: mailbox and Graph's id."""
    numbers = sorted({row[3] for row in rows if row[6] == "sync" and row[3] is not None})
    items = tx.lookup("source_item", "id", ("mailbox", "graph_id"), numbers)
    addresses: dict[int, str] = dict(tx.rows("SELECT id, address FROM mailbox")) if items else {}
    return {number: [addresses[mailbox], graph] for number, mailbox, graph in items}


def _problems(tx: Session) -> Iterator[str]:
    found = tx.stream(
        "SELECT r.kind, r.source, p.line, p.code, p.cells FROM problem p JOIN run r ON r.id = p.run ORDER BY p.id"
    )
    for kind, source, number, code, cells in found:
        cells = json.loads(cells) if cells else None
        yield line({"problem": code, "run": [kind, DIGITS.sub("#", source)], "line": number, "cells": cells})


def _items(tx: Session, size: int = 2000) -> Iterator[str]:
    last = 0
    while True:
        rows = tx.rows(
            "SELECT i.id, m.address, i.graph_id, i.contact, i.held, i.gone FROM source_item i"
            " JOIN mailbox m ON m.id = i.mailbox WHERE i.id > ? ORDER BY i.id LIMIT ?",
            last,
            size,
        )
        keys = naturals(tx, CONTACTS, (i for row in rows for i in row[3:5] if i is not None))
        for _, address, graph, contact, held, gone in rows:
            yield line(
                {
                    "item": [address, graph],
                    "contact": keys.get(contact) if contact else None,
                    "held": keys.get(held) if held else None,
                    "gone": gone,
                }
            )
        if len(rows) < size:
            return
        last = rows[-1][0]


def _runs(tx: Session) -> Iterator[str]:
    for kind, source, actor, state, *counts in tx.rows(
        f"SELECT kind, source, actor, state, {', '.join(COUNTS)} FROM run ORDER BY id"
    ):
        found = {name: count for name, count in zip(COUNTS, counts, strict=True) if count}
        yield line(
            {
                "run": kind,
                "source": DIGITS.sub("#", source) if kind == "edit" else source,
                "actor": actor,
                "state": state,
                "counts": found,
            }
        )
