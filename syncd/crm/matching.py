"""Matching: which record of the store a row, a contact or a form means; knows no file and no mailbox.

A `View` shows one module as it is in the store plus what the batch being planned has already done to it, so that rows
act as if they had been applied one by one. All look-ups of a batch are a few set queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from importers import normalise
from importers.rows import KeyRule
from syncd.crm.plan import Delta, Key, Rec, changed
from syncd.modules import NUMBERED, Module
from syncd.store import Session

CUSTOM = 100
"""Key kinds from this number on were made on demand, for `match_on`."""
Link = tuple[Module, int, int]
"""A link: the module of the record that links, the record linked to, the record that links."""
Found = tuple[Rec | None, str, tuple[int, ...]]
"""The record that a row or a person means, with the reason; else why not, and the candidates that were passed over."""
Name = tuple[str, str]
"""First and last name; one that is only borrowed from a company or an e-mail address counts as blank."""


@dataclass(frozen=True)
class Words:
    """What matching knows of the world: legal forms, nicknames and the country of phones without one."""

    forms: normalise.Forms
    nicknames: normalise.Nicknames
    country: str | None = None

    def of(self, country: str | None) -> Words:
        """The same, with the country of one mailbox or file if it has one."""
        return replace(self, country=country or self.country)


class Keys:
    """Derives the match keys of one module's records: the declared kinds and those made on demand in this store."""

    def __init__(self, tx: Session, module: Module, words: Words) -> None:
        self.module = module
        self.words = words
        rows = tx.rows("SELECT id, fields FROM match_kind WHERE module = ? ORDER BY id", module.number)
        self.custom: dict[tuple[str, ...], int] = {tuple(fields.split(",")): number for number, fields in rows}
        self.asked = {name for fields in self.custom for name in fields}
        self.fields = {name for kind in module.keys for name in kind.rule.fields} | self.asked

    def of(self, values: Sequence[Any]) -> list[Key]:
        """The keys of one record."""
        return self.of_many([values])[0]

    def of_many(self, rows: Sequence[Sequence[Any]]) -> list[list[Key]]:
        """The keys of records, column by column."""
        at = self.module.at
        return self._of({name: [values[at[name]] for values in rows] for name in self.fields}, len(rows))

    def of_named(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Key]]:
        """The keys of records given as fields by name, blanks left out."""
        return self._of({name: [fields.get(name) for fields in rows] for name in self.fields}, len(rows))

    def _of(self, columns: Mapping[str, list[Any]], count: int) -> list[list[Key]]:
        kinds = [(kind.number, self._column(kind.rule, columns, count)) for kind in self.module.keys]
        kinds += [(number, self.composite(fields, columns, count)) for fields, number in self.custom.items()]
        return [sorted({(number, value) for number, column in kinds if (value := column[i])}) for i in range(count)]

    def composite(self, fields: Sequence[str], columns: Mapping[str, list[Any]], count: int) -> list[str | None]:
        """The key of a `match_on`: the named fields together, each normalised by its kind; None when one is blank."""
        parts = [self._column(self._rule(name), columns, count) for name in fields]
        return ["\x1f".join(cells) if all(cells) else None for cells in zip(*parts, strict=True)]

    def _rule(self, name: str) -> KeyRule:
        kind = self.module.field(name).kind
        return KeyRule(kind if kind in ("email", "phone") else "exact", (name,))

    def _column(self, rule: KeyRule, columns: Mapping[str, list[Any]], count: int) -> list[str | None]:
        return normalise.keys(rule, columns, count, country=self.words.country, forms=self.words.forms)


class View:
    """One module while a batch is planned: what `load` fetched, under what the plan has done since.

    `only` names the columns that are needed of stored records, where they are not changed; the others seem blank.
    """

    def __init__(
        self, tx: Session, module: Module, keys: Keys, *, draft: bool = False, only: tuple[str, ...] = ()
    ) -> None:
        self.only = only
        self.tx = tx
        self.module = module
        self.keys = keys
        self.draft = draft
        self.recs: dict[int, Rec] = {}
        self.index: dict[Key, list[int]] = {}
        self.asked: set[Key] = set()
        self.touched: dict[int, Rec] = {}
        self.gone: set[int] = set()

    def load(self, wanted: Mapping[int, Iterable[str | None]], ids: Iterable[int | None] = ()) -> None:
        """Fetches the records that have one of the wanted keys (kind number to values), and those with the ids."""
        needed = {i for i in ids if i is not None}
        for kind, values in wanted.items():
            unknown = sorted({v for v in values if v is not None and (kind, v) not in self.asked})
            self.asked.update((kind, value) for value in unknown)
            for value, record in self._find(kind, unknown):
                found = self.index.setdefault((kind, value), [])
                if record not in found:
                    found.append(record)
                needed.add(record)
        self._fetch(sorted(needed - self.recs.keys() - self.gone))
        for found in self.index.values():
            if len(found) > 1:
                found.sort()

    def _find(self, kind: int, values: list[str]) -> list[tuple[str, int]]:
        where = ("t.module = ? AND t.kind = ?", self.module.number, kind)
        found = self.tx.lookup("match_key", "value", ("record",), values, *where)
        if self.draft:
            found += self.tx.lookup("draft_key", "value", ("record",), values, *where)
        return [(value, record) for value, record in found]

    def _fetch(self, ids: list[int]) -> None:
        stored = [i for i in ids if i > 0]
        module = self.module
        columns = self.only or module.columns
        rows = self.tx.lookup(module.table, "id", ("version", *columns), stored)
        if not self.only:
            self.recs.update((row[0], Rec(row[0], row[1], row[2:])) for row in rows)
            return self._fetch_drafts(ids)
        places = [module.columns.index(name) for name in columns]
        for row in rows:
            values: list[Any] = [None] * len(module.columns)
            for place, value in zip(places, row[2:], strict=True):
                values[place] = value
            self.recs[row[0]] = Rec(row[0], row[1], values)
        return self._fetch_drafts(ids)

    def _fetch_drafts(self, ids: list[int]) -> None:
        """The records that the draft has changed, with the keys that they have since: those of the store are older."""
        if not self.draft:
            return
        where = ("t.module = ?", self.module.number)
        rows = self.tx.lookup("draft_record", "record", ("version", "data"), ids, *where)
        self.gone.update(record for record, _, values in rows if values is None)
        there = [Rec(record, version, json.loads(values)) for record, version, values in rows if values is not None]
        for rec, keys in zip(there, self.keys.of_many([rec.values for rec in there]), strict=True):
            rec.keys = keys
            self.recs[rec.id] = rec

    def candidates(self, kind: int, value: str | None) -> list[Rec]:
        """The records that have this key now, oldest first. `load` must have asked for it."""
        found = self.index.get((kind, value)) if value is not None else None
        if not found or value is None:
            return []
        return [self.recs[i] for i in found if i in self.recs and i not in self.gone and self._has(i, (kind, value))]

    def having(self, kind: int, keys: Iterable[Key]) -> list[Rec]:
        """The records that have one of the keys of that kind now: stored ones first, oldest first."""
        lists = [self.candidates(kind, value) for number, value in keys if number == kind]
        if len(lists) == 1 and len(lists[0]) < 2:
            return lists[0]
        found = {rec.id: rec for one in lists for rec in one}
        return [found[i] for i in sorted(found, key=lambda i: (i < 0, abs(i)))]

    def _has(self, record: int, key: Key) -> bool:
        keys = self.recs[record].keys
        return keys is None or key in keys

    def create(self, rec: Rec) -> None:
        """Shows a record that the plan creates. Its `keys` are set."""
        number = rec.id
        self.recs[number] = self.touched[number] = rec
        self.gone.discard(number)
        index = self.index
        for key in rec.keys or ():
            if key in index:
                index[key].append(number)
            else:
                index[key] = [number]

    def update(self, rec: Rec, delta: Delta) -> None:
        """Shows a record as an update leaves it."""
        if self.keys.fields.isdisjoint(delta):
            rec.values = changed(self.module, rec.values, delta)
        else:
            if rec.keys is None:
                rec.keys = rec.old_keys = self.keys.of(rec.values)
            rec.values = changed(self.module, rec.values, delta)
            rec.keys = self.keys.of(rec.values)
            for key in rec.keys:
                found = self.index.setdefault(key, [])
                if rec.id not in found:
                    found.append(rec.id)
        rec.version += 1
        self.touched[rec.id] = rec

    def remove(self, rec: Rec) -> None:
        """Shows that a record is gone."""
        rec.version += 1
        self.gone.add(rec.id)
        self.touched[rec.id] = rec


def custom_kind(tx: Session, module: Module, fields: tuple[str, ...], words: Words, size: int = 5000) -> int:
    """The number of the key kind for these fields together; when it is new, every record gets its key now."""
    known = Keys(tx, module, words)
    if fields in known.custom:
        return known.custom[fields]
    number = max(CUSTOM, int(tx.value("SELECT MAX(id) FROM match_kind") or 0)) + 1
    names = ",".join(fields)
    tx.run("INSERT INTO match_kind (id, module, fields) VALUES (?, ?, ?)", number, module.number, names)
    columns = ", ".join(module.field(name).column for name in fields)
    last = 0
    while rows := tx.rows(f"SELECT id, {columns} FROM {module.table} WHERE id > ? ORDER BY id LIMIT {size}", last):
        last = rows[-1][0]
        named = {name: [row[place] for row in rows] for place, name in enumerate(fields, 1)}
        values = known.composite(fields, named, len(rows))
        keys = sorted((module.number, number, v, row[0]) for v, row in zip(values, rows, strict=True) if v)
        tx.insert("match_key", ("module", "kind", "value", "record"), keys)
    return number


def draft_tables(tx: Session) -> None:
    """Makes the temporary tables in which a dry run keeps what its plan would create and change."""
    tx.run(
        "CREATE TEMPORARY TABLE draft_record (module INTEGER, record BIGINT, version INTEGER, data TEXT, account BIGINT,"
        " PRIMARY KEY (module, record))"
    )
    tx.run("CREATE INDEX draft_account ON draft_record (account)")
    collate = ' COLLATE "C"' if tx.postgres else ""
    tx.run(
        f"CREATE TEMPORARY TABLE draft_key (module INTEGER, kind INTEGER, value TEXT{collate}, record BIGINT,"
        " PRIMARY KEY (module, kind, value, record))"
    )


def keep_draft(tx: Session, view: View) -> None:
    """Adds what a planned batch did to the temporary tables, for the batches after it."""
    number, place = view.module.number, view.module.at.get("account")
    recs = list(view.touched.values())
    rows = []
    for rec in recs:
        there = rec.id not in view.gone
        data = json.dumps(list(rec.values), ensure_ascii=False) if there else None
        account = rec.values[place] if there and place is not None else None
        rows.append((number, rec.id, rec.version, data, account))
    tx.many("DELETE FROM draft_record WHERE module = ? AND record = ?", [(number, r.id) for r in recs])
    tx.many("INSERT INTO draft_record (module, record, version, data, account) VALUES (?, ?, ?, ?, ?)", rows)
    tx.many(
        "INSERT INTO draft_key (module, kind, value, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(number, kind, value, r.id) for r in recs for kind, value in r.keys or ()],
    )


def drafted(tx: Session, stored: Iterable[Link], accounts: Sequence[int]) -> list[Link]:
    """The links to accounts as a draft leaves them: `stored` ones but for records that it changed, and its own."""
    links = list(stored)
    asked = sorted({record for _, _, record in links})
    changed = {(number, record) for record, number in tx.lookup("draft_record", "record", ("module",), asked)}
    found = tx.lookup("draft_record", "account", ("module", "record"), accounts)
    return [
        *(link for link in links if (link[0].number, link[2]) not in changed),
        *((NUMBERED[number], account, record) for account, number, record in found),
    ]


def bearer(
    near: Iterable[Rec], mine: Name, name: Callable[[Any], Name], words: Words
) -> tuple[Rec | None, str, list[int]]:
    """Of the records that have the same e-mail the one whose name fits best, with the reason, and those passed over.

    `name` gives the name of a record's values. Two names fit as `normalise.compatible` says.
    """
    passed: list[int] = []
    best: Rec | None = None
    reason = ""
    for rec in near:
        theirs = name(rec.values)
        why = "equal" if mine == theirs and mine[1] else normalise.compatible(mine, theirs, words.nicknames)
        if why is None:
            passed.append(rec.id)
        elif best is None or (why == "equal" and reason != "equal"):
            best, reason = rec, why
    return best, f"email|names={reason}", passed
