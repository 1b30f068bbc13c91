"""Bulk: writes records and match keys of a planned batch, in a handful of statements; knows no plan's reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncd.crm.plan import Key, Rec
from syncd.modules import Module
from syncd.store import Session


def insert(tx: Session, module: Module, recs: Sequence[Rec]) -> None:
    """Inserts new records under their ids; columns that all of them leave blank are not even named."""
    if not recs:
        return
    columns = list(zip(*(r.values for r in recs), strict=True))
    filled = [place for place, column in enumerate(columns) if column.count(None) < len(recs)]
    rows = zip((r.id for r in recs), (r.version for r in recs), *(columns[place] for place in filled), strict=True)
    tx.insert(module.table, ("id", "version", *(module.columns[place] for place in filled)), rows)


def update(tx: Session, module: Module, recs: Sequence[Rec], columns: Sequence[int]) -> None:
    """Writes the named columns (by position) and the version of existing records."""
    if not recs:
        return
    names = [module.columns[i] for i in columns]
    if tx.postgres:
        _update_joined(tx, module, recs, list(zip(columns, names, strict=True)))
        return
    sets = ", ".join(f"{name} = ?" for name in ("version", *names))
    tx.many(
        f"UPDATE {module.table} SET {sets} WHERE id = ?",
        [(r.version, *(r.values[i] for i in columns), r.id) for r in recs],
    )


def _update_joined(tx: Session, module: Module, recs: Sequence[Rec], columns: Sequence[tuple[int, str]]) -> None:
    """One UPDATE with the values as arrays: a statement a row is a round trip a row on PostgreSQL."""
    whole = {f.column for f in module.fields if f.kind in ("number", "money", "link", "flag")}
    arrays: list[object] = [[r.id for r in recs], [r.version for r in recs]]
    casts = ["bigint", "integer"]
    for position, name in columns:
        arrays.append([r.values[position] for r in recs])
        casts.append("bigint" if name in whole else "text")
    sets = ", ".join([f"{name} = i.c{n}" for n, (_, name) in enumerate(columns, 2)] + ["version = i.c1"])
    values = ", ".join(f"CAST(? AS {cast}[])" for cast in casts)
    names = ", ".join(f"c{n}" for n in range(len(casts)))
    tx.run(f"UPDATE {module.table} AS t SET {sets} FROM unnest({values}) AS i({names}) WHERE t.id = i.c0", *arrays)


def delete(tx: Session, module: Module, ids: Sequence[int]) -> None:
    """Deletes records by id."""
    if ids:
        tx.delete_ids(module.table, ids)


def add_keys(tx: Session, module: Module, keys: Iterable[tuple[int, Key]]) -> None:
    """Inserts match keys, given as (record, key)."""
    rows = sorted((module.number, kind, value, record) for record, (kind, value) in keys)
    tx.insert("match_key", ("module", "kind", "value", "record"), rows)


def drop_keys(tx: Session, module: Module, keys: Iterable[tuple[int, Key]]) -> None:
    """Deletes match keys, given as (record, key)."""
    rows = [(module.number, kind, value, record) for record, (kind, value) in keys]
    if tx.postgres and rows:
        tx.run(
            "DELETE FROM match_key AS t USING unnest(CAST(? AS integer[]), CAST(? AS integer[]), CAST(? AS text[]),"
            " CAST(? AS bigint[])) AS i(a, b, c, d)"
            " WHERE t.module = i.a AND t.kind = i.b AND t.value = i.c AND t.record = i.d",
            *(list(column) for column in zip(*rows, strict=True)),
        )
        return
    tx.many("DELETE FROM match_key WHERE module = ? AND kind = ? AND value = ? AND record = ?", rows)


def drop_on_demand(tx: Session, module: Module, records: Iterable[int]) -> None:
    """Deletes the match keys made on demand of records, whatever they were derived by."""
    ids = sorted(records)
    if tx.postgres and ids:
        tx.run(
            "DELETE FROM match_key AS t USING unnest(CAST(? AS bigint[])) AS i(a)"
            " WHERE t.module = ? AND t.kind >= 100 AND t.record = i.a",
            ids,
            module.number,
        )
        return
    tx.many("DELETE FROM match_key WHERE module = ? AND kind >= 100 AND record = ?", [(module.number, i) for i in ids])
