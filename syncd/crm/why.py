"""Why: where each value of a record came from, and why the record is what it is; reads the ledger, writes nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from importers import normalise
from syncd.crm import entry, ledger, reasons, records, runs, search
from syncd.crm.history import EXISTENCE, Change, Entry, visible
from syncd.crm.plan import OP_NAMES, from_image
from syncd.errors import Problem, Refused
from syncd.modules import Module
from syncd.modules.declare import MATCH_KINDS
from syncd.store import Session

Document = dict[str, Any]


@dataclass(frozen=True)
class Past:
    """A record's ledger: its changes, oldest first, with source and reason of each, and the runs that made them."""

    changes: Sequence[Change]
    notes: Mapping[int, tuple[int | None, str]]
    runs: Mapping[int, Document]
    labels: Mapping[int, str]
    entries: Sequence[Entry]


def find(tx: Session, module: Module, who: str) -> int:
    """The record that a number, e-mail address or name means. Raises Refused when it is none, or several."""
    who = who.strip()
    if re.fullmatch(r"[0-9]{1,18}", who) and (_is_or_was(tx, module, int(who)) or not entry.named(tx, module, who)):
        return int(who)
    ids = _mailed(tx, module, who) if "@" in who else entry.named(tx, module, who)
    if not ids:
        ids = [d["id"] for d in search.found(tx, module, ()) if _name(module, d).casefold() == who.casefold()]
    if len(ids) == 1:
        return ids[0]
    if ids:
        named = ", ".join(map(str, ids[:20])) + (" …" if len(ids) > 20 else "")
        what = f"{len(ids)} {module.name} answer to {who!r}: {named}."
        raise Refused(
            Problem("SY-Q05", what, "Only one can be told of at a time.", "Give the number of the one you mean.")
        )
    part = f"email~{who.partition('@')[0]}" if "@" in who else entry.part_of(module, who)
    raise Refused(
        Problem(
            "SY-Q06",
            f"No {module.singular} answers to {who!r}.",
            "It is not here, was deleted, or is written otherwise; a name is taken whole.",
            f"Look for a part of it: syncd list {module.name} --where {shlex.quote(part)}, also with --deleted.",
        )
    )


def _is_or_was(tx: Session, module: Module, record: int) -> bool:
    sql = "SELECT 1 FROM change WHERE module = ? AND record = ? LIMIT 1"
    return tx.row(sql, module.number, record) is not None


def _mailed(tx: Session, module: Module, address: str) -> list[int]:
    key = normalise.email_keys([address])[0]
    sql = "SELECT DISTINCT record FROM match_key WHERE module = ? AND kind = ? AND value = ? ORDER BY record"
    return [row[0] for row in tx.rows(sql, module.number, MATCH_KINDS["email"], key or address)]


def _name(module: Module, document: Mapping[str, Any]) -> str:
    return " ".join(str(document[name]) for name in module.title if document[name])


def document(tx: Session, module: Module, record: int, field: str | None = None, *, history: bool = False) -> Document:
    """Where a record's values came from: `fields` by name, `reasons` oldest first, `last` the newest change.

    A field's `run` is the one that set the value it has; `replaced` what stood there before. With `history`, every
    change is listed, newest first. Raises Refused when there never was such a record, or for an unknown field.
    """
    past = _past(tx, module, record)
    rows = records.fetch(tx, module, [record])
    values = rows[0][2:] if rows else from_image(module, dict(past.changes[-1].data))
    shown = records.documents(tx, module, [(record, 0, *values)])[0]
    show = runs.shower(tx, module, [(e.field, e.before, e.after) for e in past.entries])
    made: Document = {
        "module": module.name,
        "id": record,
        "name": _name(module, shown),
        "deleted": not rows,
        "fields": {
            name: {"value": value, **_set_by(past, name, show)}
            for name, value in _fields(module, shown, past.entries).items()
            if field in (None, name)
        },
        "reasons": [one for one in _reasons(past) if field is None or field in one["fields"]],
        "last": _last(past, show, deleted=not rows),
    }
    if "account" in module.at:
        made["account_id"] = shown["account_id"]
    if field is not None and not made["fields"]:
        raise _no_value(module, record, field)
    if history:
        made["history"] = _history(tx, module, record, past, field)
    return made


def _no_value(module: Module, record: int, field: str) -> Refused:
    known = field in module.at or field.startswith("extra.")
    why = "It is blank and always was." if known else f"The fields are: {', '.join(module.at)}."
    what = (
        f"{field} of {module.singular} {record} has no value."
        if known
        else f"{module.name} have no field named {field}."
    )
    return Refused(Problem("SY-Q07" if known else "SY-E01", what, why))


def _past(tx: Session, module: Module, record: int) -> Past:
    changes = ledger.histories(tx, module, [record]).get(record)
    if not changes:
        raise records.unknown(module, record)
    sql = "SELECT version, source, reason FROM change WHERE module = ? AND record = ?"
    notes = {row[0]: (row[1], row[2]) for row in tx.rows(sql, module.number, record)}
    made = {c.run for c in changes}
    found = runs.heads(tx, made)
    synced = [notes[c.version][0] for c in changes if found[c.run]["kind"] == "sync"]
    folders = {item: path for item, (_, path) in _homes(tx, synced).items()}
    labels = {c.version: _label(found[c.run], notes[c.version][0], folders) for c in changes}
    return Past(changes, notes, found, labels, visible(changes, ledger.reverted(tx, made)))


def _label(run: Document, source: int | None, folders: Mapping[int, str]) -> str:
    """Where a change came from: the file and row, the mailbox and folder, or the run's own source."""
    if run["kind"] == "sync" and source is not None:
        return f"{run['source']}/{folders.get(source, '')}".rstrip("/")
    if run["kind"] == "import" and source is not None:
        return f"{run['source']}, row {source}"
    return str(run["source"])


def places(tx: Session, items: Sequence[int]) -> dict[int, tuple[str, str]]:
    """For items of Outlook: the mailbox's address, and the address with the folder's path."""
    return {item: (box, f"{box}/{path}".rstrip("/")) for item, (box, path) in _homes(tx, items).items()}


def _homes(tx: Session, items: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    """The mailbox's address and the folder's path of items of Outlook; a folder that is forgotten has none."""
    rows = tx.lookup("source_item", "id", ("mailbox", "folder"), sorted({item for item in items if item is not None}))
    names: dict[int, str] = dict(tx.rows("SELECT id, address FROM mailbox")) if rows else {}
    paths: dict[int, str] = dict(tx.rows("SELECT id, path FROM folder")) if rows else {}
    return {item: (names[mailbox], paths.get(folder, "")) for item, mailbox, folder in rows}


def _fields(module: Module, shown: Document, entries: Iterable[Entry]) -> dict[str, Any]:
    """What the record holds, by field, `extra` by its names; and what was emptied since."""
    touched = {e.field for e in entries}
    found = {name: shown[name] for name in module.at if shown[name] is not None or name in touched}
    extra = shown.get("extra", {})
    names = sorted({f"extra.{name}" for name in extra} | {name for name in touched if name.startswith("extra.")})
    return found | {name: extra.get(name[6:]) for name in names}


def _set_by(past: Past, name: str, show: Any) -> Document:
    entry = next((e for e in past.entries if e.field == name), None)
    if entry is None:
        made = [c for c in past.changes if OP_NAMES[c.op] == "create"]
        standing = {e.version for e in past.entries if e.field == EXISTENCE and e.after}
        change = next((c for c in made if c.version in standing), made[0])
        return _setter(past, change.version, change.run) | {"replaced": None}
    return _setter(past, entry.version, entry.run) | {"replaced": show(name, entry.before)}


def _setter(past: Past, version: int, run: int) -> Document:
    found = past.runs[run]
    return {
        "run": run,
        "kind": found["kind"],
        "source": past.labels[version],
        "actor": found["actor"],
        "why": found["reason"],
        "since": found["started"],
    }


def _reasons(past: Past) -> list[Document]:
    standing: dict[int, list[str]] = {}
    for e in past.entries:
        standing.setdefault(e.version, []).append(e.field)
    found: list[Document] = []
    for change in past.changes:
        if change.version in standing:
            source, reason = past.notes[change.version]
            fields = [name for name in standing[change.version] if name != EXISTENCE]
            one = _setter(past, change.version, change.run) | {
                "op": OP_NAMES[change.op],
                "reason": reason,
                "text": reasons.sentence(reason),
                "account": reasons.account(reason),
                "fields": fields,
            }
            found.append(one)
    return found


def _last(past: Past, show: Any, *, deleted: bool) -> Document:
    """The newest change that stands, of a record that is gone the newest of all: who, when, what."""
    newest = past.changes[-1]
    if past.entries and not deleted:
        newest = next(c for c in past.changes if c.version == past.entries[0].version)
    version, run, op = newest.version, newest.run, OP_NAMES[newest.op]
    changed = [e for e in past.entries if e.version == version and e.field != EXISTENCE]
    return _setter(past, version, run) | {
        "op": op,
        "text": reasons.sentence(past.notes[version][1]),
        "changes": [
            {"field": e.field, "before": show(e.field, e.before), "after": show(e.field, e.after)} for e in changed
        ],
    }


def _history(tx: Session, module: Module, record: int, past: Past, field: str | None) -> list[Document]:
    """Every change, newest first; `stands` is false of what was taken back and of its taking back."""
    images = runs.created_images(tx, module, [record])
    pairs = {c.version: runs.pairs(OP_NAMES[c.op], c.data, images.get((record, c.version), {})) for c in past.changes}
    standing = {e.version for e in past.entries}
    show = runs.shower(tx, module, [pair for found in pairs.values() for pair in found])
    made = []
    for change in reversed(past.changes):
        found = [pair for pair in pairs[change.version] if field in (None, pair[0])]
        if found or field is None:
            reason = past.notes[change.version][1]
            made.append(
                _setter(past, change.version, change.run)
                | {
                    "op": OP_NAMES[change.op],
                    "reason": reason,
                    "text": reasons.sentence(reason),
                    "stands": change.version in standing,
                    "changes": [{"field": n, "before": show(n, b), "after": show(n, a)} for n, b, a in found],
                }
            )
    return made
