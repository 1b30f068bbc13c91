"""Runs: what the runs did, for people and programs; reads the ledger, writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from syncd.crm import ledger, records
from syncd.crm.ledger import ERASED
from syncd.crm.plan import OP_NAMES, extras, image, packed
from syncd.errors import Problem, Refused
from syncd.modules import MODULES, Module
from syncd.store import Session, leases
from syncd.store.tables import COUNTS
from syncd.store.times import now

RUN_COLUMNS = (
    "id",
    "parent",
    "kind",
    "source",
    "actor",
    "reason",
    "state",
    "started",
    "ended",
    *COUNTS,
    "lease",
    "undoes",
)
INTERRUPTED = Problem(
    "SY-W03",
    "The run was interrupted before its end.",
    "Its process is gone; what it had committed stands.",
    "Run the same again: it goes on where it stopped.",
)


def document(tx: Session, run: int) -> dict[str, Any]:
    """A run as JSON, with its problems. Raises Refused when there is none of that number."""
    row = tx.row(f"SELECT {', '.join(RUN_COLUMNS)} FROM run WHERE id = ?", run)
    if row is None:
        raise unknown(run)
    return _document(tx, row)


def unknown(run: int) -> Refused:
    """What to say of a run that does not exist."""
    return Refused(Problem("SY-U01", f"There is no run {run}.", "The number is wrong.", "Look at: syncd runs"))


def _document(tx: Session, row: Sequence[Any], found: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    data = dict(zip(RUN_COLUMNS, row, strict=True))
    made = {name: data[name] for name in RUN_COLUMNS[:9]}
    made["counts"] = {name: data[name] for name in COUNTS}
    made["problems"] = problems(tx, data["id"]) if found is None else found
    if data["undoes"] is not None:
        made["undoes"] = data["undoes"]
    if data["state"] == "running" and _dead(tx, data["lease"]):
        made["state"] = "failed"
        made["problems"].append(INTERRUPTED.plain())
    return made


def _dead(tx: Session, lease: str | None) -> bool:
    return lease is not None and leases.free(tx, lease, now())


def problems(tx: Session, run: int) -> list[dict[str, Any]]:
    """The problems of a run, in the order they were met: code, what, why, do, and the line of a file's row."""
    rows = tx.rows("SELECT code, what, why, todo, line FROM problem WHERE run = ? ORDER BY id", run)
    return [_problem(*row) for row in rows]


def _problem(code: str, what: str, why: str, do: str, line: int | None) -> dict[str, Any]:
    return {"code": code, "what": what, "why": why, "do": do} | ({} if line is None else {"line": line})


def heads(tx: Session, runs: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Runs by id without their problems, which may be many."""
    return {row[0]: _document(tx, row[1:], []) for row in tx.lookup("run", "id", RUN_COLUMNS, sorted(set(runs)))}


def listed(tx: Session, limit: int | None = None, size: int = 200) -> Iterator[dict[str, Any]]:
    """The runs, newest first, with their problems, streamed."""
    sql = f"SELECT {', '.join(RUN_COLUMNS)} FROM run WHERE id < ? ORDER BY id DESC LIMIT ?"
    last, left = 2**62, limit
    while left is None or left > 0:
        rows = tx.rows(sql, last, size if left is None else min(size, left))
        found: dict[int, list[dict[str, Any]]] = {row[0]: [] for row in rows}
        columns = ("id", "code", "what", "why", "todo", "line")
        for run, _, *rest in sorted(tx.lookup("problem", "run", columns, list(found)), key=lambda p: (p[0], p[1])):
            found[run].append(_problem(*rest))
        yield from (_document(tx, row, found[row[0]]) for row in rows)
        if len(rows) < size:
            return
        last, left = rows[-1][0], None if left is None else left - len(rows)


def state(tx: Session, run: int) -> str | None:
    """How a run stands, None when there is none of that number."""
    found = tx.value("SELECT state FROM run WHERE id = ?", run)
    return None if found is None else str(found)


def children(tx: Session, run: int) -> list[int]:
    """The runs of which this one is the parent, in order."""
    return [head.run for head in ledger.below(tx, run)]


def with_mailboxes(tx: Session, run: int) -> dict[str, Any]:
    """A sync as JSON, with the runs of its mailboxes. Raises Refused when there is no run of that number."""
    return document(tx, run) | {"mailboxes": [document(tx, one) for one in children(tx, run)]}


def own_changes(tx: Session, run: int, module: str | None = None, size: int = 1000) -> Iterator[dict[str, Any]]:
    """Every record, field, before, after and reason of a run, without those of its mailboxes, streamed.

    A creation gives one row a field that was filled then.
    """
    for one in MODULES.values():
        if module in (None, one.name):
            yield from _module_changes(tx, run, one, size)


def _module_changes(tx: Session, run: int, module: Module, size: int) -> Iterator[dict[str, Any]]:
    last = (0, 0)
    while True:
        rows = tx.rows(
            "SELECT record, version, op, source, reason, delta FROM change"
            " WHERE run = ? AND module = ? AND (record, version) > (?, ?) ORDER BY record, version LIMIT ?",
            run,
            module.number,
            *last,
            size,
        )
        if not rows:
            return
        created = [row[0] for row in rows if OP_NAMES[row[2]] == "create"]
        images = created_images(tx, module, created)
        labels = source_labels(tx, run, [row[3] for row in rows])
        found = [
            (row, pairs(OP_NAMES[row[2]], json.loads(row[5] or "{}"), images.get((row[0], row[1]), {}))) for row in rows
        ]
        show = shower(tx, module, [pair for _, fields in found for pair in fields])
        for (record, _version, op, source, reason, _delta), fields in found:
            common = {
                "module": module.name,
                "record": record,
                "op": OP_NAMES[op],
                "reason": reason,
                "source": labels.get(source),
            }
            for field, before, after in fields:
                yield common | {"field": field, "before": show(field, before), "after": show(field, after)}
        last = (rows[-1][0], rows[-1][1])


Change = tuple[str, Any, Any]
"""Field, before, after, as stored."""


def pairs(op: str, data: Mapping[str, Any], image: Mapping[str, Any]) -> list[Change]:
    """What one ledger row changed, field by field; `image` is what a creation filled."""
    if op == "create":
        return [(name, None, value) for name, value in held(image)]
    if op == "delete":
        return [(name, value, None) for name, value in held(data)]
    return [(name, before, after) for name, (before, after) in data.items()]


def held(image: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of a record's image with their values, `extra` by its names."""
    for name, value in image.items():
        if name == "extra":
            yield from ((f"extra.{key}", one) for key, one in extras(value).items())
        else:
            yield name, value


def shower(tx: Session, module: Module, found: Sequence[Change]) -> Callable[[str, Any], Any]:
    """A function that shows a stored value of a field: a link by the name that its record has, or had."""
    names: dict[str, dict[int, str]] = {}
    for field in module.fields:
        if field.link:
            ids = {value for name, *pair in found if name == field.name for value in pair if isinstance(value, int)}
            names[field.name] = records.titles(tx, MODULES[field.link], ids)

    def show(name: str, value: Any) -> Any:
        if value == ERASED:
            return "erased"
        if name not in module.at:
            return value
        if name in names:
            return names[name].get(value, value)
        return records.shown(module.field(name), value)

    return show


def created_images(tx: Session, module: Module, ids: Sequence[int]) -> dict[tuple[int, int], dict[str, Any]]:
    """What each record held at each of its creations, by (record, version).

    The ledger keeps no image of a creation: it is what the record holds now, or held last, with every later change
    taken back.
    """
    now_held: dict[int, dict[str, Any]] = {}
    for row in records.fetch(tx, module, ids):
        now_held[row[0]] = image(module, row[2:])
    found: dict[tuple[int, int], dict[str, Any]] = {}
    later = tx.lookup("change", "record", ("version", "op", "delta"), sorted(set(ids)), "t.module = ?", module.number)
    for record, version, op, delta in sorted(later, key=lambda row: (row[0], -row[1])):
        if OP_NAMES[op] == "delete":
            now_held[record] = json.loads(delta)
        elif OP_NAMES[op] == "update":
            now_held[record] = _before(now_held.get(record, {}), json.loads(delta))
        else:
            found[record, version] = now_held.pop(record, {})
    return found


def _before(image: dict[str, Any], delta: dict[str, list[Any]]) -> dict[str, Any]:
    made = dict(image)
    extra = extras(made.pop("extra", None))
    for name, (before, _after) in delta.items():
        target = extra if name.startswith("extra.") else made
        key = name.removeprefix("extra.")
        target.pop(key, None)
        if before is not None:
            target[key] = before
    if extra:
        made["extra"] = packed(extra)
    return made


def source_labels(tx: Session, run: int, sources: Sequence[int | None]) -> dict[int | None, str | None]:
    """What each source number of a run's changes means: a line of its file, or an Outlook item of its mailbox."""
    kind, source = tx.rows("SELECT kind, source FROM run WHERE id = ?", run)[0]
    numbers = {s for s in sources if s is not None}
    if kind != "sync":
        return {None: source} | {n: f"{source}, row {n}" for n in numbers}
    items = tx.lookup("source_item", "id", ("graph_id",), sorted(numbers))
    return {None: source} | {n: f"{source}, item {graph}" for n, graph in items}
