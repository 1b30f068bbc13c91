"""Mailboxes: cursors and observations, kept page by page; knows no Graph and decides nothing about contacts.

A round reads every folder of a mailbox to its end. Each page commits what was seen of its contacts (`source_item`)
together with the newest link, so that a killed round goes on with the next page. What a round has seen is carried out
afterwards, batch by batch, from the items that are `pending`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.store import vanished
from syncd.store.session import Session
from syncd.store.times import stamp


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as the store knows it. `round` is the newest round, `open` that it has not been read to its end."""

    id: int
    address: str
    round: int
    open: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """One folder and where its reading stands. `sweeping`: this round shows everything, so what is missing may be gone."""

    id: int
    graph_id: str
    path: str
    link: str | None
    sweeping: bool
    resets: int


@dataclass(slots=True)
class Seen:
    """One contact of a page: its projection as JSON (None when it was refused or left out), and its digest."""

    graph_id: str
    modified: str
    observed: str | None
    digest: str | None
    gone: str | None = None


@dataclass(slots=True)
class Item:
    """One Outlook contact as last seen and as last carried out; see the table's note."""

    id: int
    mailbox: int
    graph_id: str
    modified: str | None
    observed: dict[str, Any] | None
    digest: str | None
    gone: str | None
    applied: dict[str, Any] | None
    applied_digest: str | None
    applied_modified: str | None
    contact: int | None
    account: int | None
    held: int | None


ITEM_COLUMNS = tuple(Item.__slots__)


def mailbox(tx: Session, tenant: str, address: str) -> Mailbox:
    """The mailbox of that address, made known when it is new; it is spelled as the settings spell it now."""
    sql = "SELECT id, address, round, round_open FROM mailbox WHERE tenant = ? AND lower(address) = lower(?)"
    row = tx.row(sql, tenant, address)
    if row is None:
        tx.add("mailbox", tenant=tenant, address=address)
        row = tx.rows(sql, tenant, address)[0]
    elif row[1] != address:
        tx.run("UPDATE mailbox SET address = ? WHERE id = ?", address, row[0])
    return Mailbox(row[0], address, row[2], bool(row[3]))


def open_round(tx: Session, of: Mailbox, folders: Sequence[tuple[str, str]], selected: str, *, full: bool) -> int:
    """Begins a round, or goes on with one that was cut short; returns its number.

    `folders` are (Graph id, path) of those in scope. A folder that is new, or was asked for other properties before,
    begins without a link, as one does that was begun anew in vain; with `full` all do. What was in a folder that is no
    longer there becomes a hint of removal.
    """
    number = of.round if of.open else of.round + 1
    tx.run("UPDATE mailbox SET round = ?, round_open = 1 WHERE id = ?", number, of.id)
    known = vanished.folders(tx, of.id)
    for graph_id, path in folders:
        if graph_id not in known:
            tx.run(
                "INSERT INTO folder (mailbox, graph_id, path, selected, sweeping, round_done) VALUES (?, ?, ?, ?, 1, ?)",
                of.id,
                graph_id,
                path,
                selected,
                number - 1,
            )
            continue
        fid, before, sound = known[graph_id]
        tx.run("UPDATE folder SET path = ?, mode = 'delta' WHERE id = ?", path, fid)
        if before != selected or full or not sound:
            tx.run("UPDATE folder SET link = NULL, selected = ?, sweeping = 1, resets = 0 WHERE id = ?", selected, fid)
    listed = {graph_id for graph_id, _ in folders}
    for graph_id, (fid, *_) in known.items():
        if graph_id not in listed:
            hint_folder(tx, of.id, fid, number)
            vanished.keep_name(tx, fid)
    return number


def unread(tx: Session, of: int, number: int) -> list[Cursor]:
    """The folders that the round has not read to their end yet, by path."""
    rows = tx.rows(
        "SELECT id, graph_id, path, link, sweeping, resets FROM folder"
        " WHERE mailbox = ? AND round_done < ? AND mode <> 'gone' ORDER BY path, id",
        of,
        number,
    )
    return [Cursor(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]


def cursors(tx: Session, of: int) -> list[Cursor]:
    """All folders of the mailbox that are read."""
    rows = tx.rows(
        "SELECT id, graph_id, path, link, sweeping, resets FROM folder"
        " WHERE mailbox = ? AND mode <> 'gone' ORDER BY path, id",
        of,
    )
    return [Cursor(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]


def known(tx: Session, of: int, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is kept of these contacts: Graph id to id, folder, round, modified, observed (JSON or None), gone, digests."""
    columns = (
        "id",
        "folder",
        "round",
        "modified",
        "observed",
        "gone",
        "digest",
        "applied_digest",
        "applied_modified",
        "held",
        "contact",
    )
    rows = tx.lookup("source_item", "graph_id", columns, list(ids), "t.mailbox = ?", of)
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}


def observe(tx: Session, of: int, folder: int, number: int, seen: Iterable[Seen]) -> None:
    """Keeps what a page showed. An item whose observation differs from what was carried out becomes pending.

    What was carried out is kept apart only from then on: until it differs, the observation is it.
    """
    rows = [(of, s.graph_id, folder, number, s.modified, s.observed, s.digest, s.gone) for s in seen]
    tx.many(
        "INSERT INTO source_item (mailbox, graph_id, folder, round, modified, observed, digest, gone, pending)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)"
        " ON CONFLICT (mailbox, graph_id) DO UPDATE SET folder = excluded.folder, round = excluded.round,"
        " modified = excluded.modified, applied = CASE WHEN source_item.applied IS NULL"
        " AND source_item.applied_digest IS NOT NULL AND excluded.observed <> source_item.observed"
        " THEN source_item.observed ELSE source_item.applied END, observed = COALESCE(excluded.observed, source_item.observed),"
        " digest = COALESCE(excluded.digest, source_item.digest), gone = excluded.gone,"
        " pending = CASE WHEN excluded.gone IS NOT NULL OR source_item.applied_digest IS NULL"
        " OR source_item.applied_digest <> COALESCE(excluded.digest, source_item.digest)"
        " OR COALESCE(source_item.applied_modified, '') <> COALESCE(excluded.modified, '') THEN 1 ELSE 0 END",
        rows,
    )


def touch(tx: Session, of: int, folder: int, number: int, ids: Iterable[str]) -> None:
    """Notes that items were seen whose content could not be taken: their old state stays."""
    tx.many(
        "UPDATE source_item SET folder = ?, round = ?, gone = NULL WHERE mailbox = ? AND graph_id = ?",
        [(folder, number, of, i) for i in ids],
    )


def hint(tx: Session, of: int, folder: int, number: int, ids: Iterable[str]) -> None:
    """Marks tombstones as hints, unless the item was seen alive in another folder in this round."""
    tx.many(
        "UPDATE source_item SET gone = 'hint', pending = 1 WHERE mailbox = ? AND graph_id = ? AND (folder = ? OR round < ?)"
        " AND (contact IS NOT NULL OR held IS NOT NULL OR pending = 1)",
        [(of, i, folder, number) for i in ids],
    )


def hint_folder(tx: Session, of: int, folder: int, number: int) -> None:
    """Marks as hints all items of a folder that the round has not shown."""
    tx.run(
        "UPDATE source_item SET gone = 'hint', pending = 1 WHERE mailbox = ? AND folder = ? AND round < ? AND gone IS NULL",
        of,
        folder,
        number,
    )


def advance(tx: Session, cursor: Cursor, of: int, number: int, link: str | None, *, done: bool) -> None:
    """Keeps the newest link of a folder; at the end of a sweep, what was not seen becomes a hint."""
    tx.run("UPDATE folder SET link = ? WHERE id = ?", link, cursor.id)
    if not done:
        return
    if cursor.sweeping:
        hint_folder(tx, of, cursor.id, number)
    tx.run("UPDATE folder SET round_done = ?, sweeping = 0, resets = 0 WHERE id = ?", number, cursor.id)


def reset(tx: Session, cursor: Cursor, location: str | None) -> Cursor:
    """Drops a folder's link: it is enumerated anew, from `location` when the server gave one."""
    tx.run("UPDATE folder SET link = ?, sweeping = 1, resets = resets + 1 WHERE id = ?", location, cursor.id)
    return Cursor(cursor.id, cursor.graph_id, cursor.path, location, True, cursor.resets + 1)


def hints(tx: Session, of: int, limit: int = 200) -> list[tuple[int, str]]:
    """Items whose removal is to be verified: (id, Graph id)."""
    rows = tx.rows(
        "SELECT id, graph_id FROM source_item WHERE mailbox = ? AND pending = 1 AND gone = 'hint' ORDER BY graph_id LIMIT ?",
        of,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


def settle(tx: Session, items: Sequence[tuple[str, int]]) -> None:
    """Writes what verification found: (what became of it, item id)."""
    tx.many("UPDATE source_item SET gone = ? WHERE id = ?", list(items))


def close_round(tx: Session, of: int) -> None:
    """Notes that the round was read to its end."""
    tx.run("UPDATE mailbox SET round_open = 0 WHERE id = ?", of)


def pending(tx: Session, of: int, after: tuple[int, str], limit: int, *, tied: bool = False) -> list[Item]:
    """Items to be carried out behind `after` (0 live or 1 gone, Graph id): live ones first, by Graph id. `tied`: only
    those tied to a contact.

    The order is the same whatever the order of the pages was, and a contact that was deleted and made again in one round
    meets its old record.
    """
    part, last = after
    found = _pending(tx, of, last, limit, part="gone IS NULL", tied=tied) if part == 0 else []
    if len(found) < limit:
        found += _pending(tx, of, last if part else "", limit - len(found), part="gone IS NOT NULL", tied=tied)
    return found


def _pending(tx: Session, of: int, last: str, limit: int, *, part: str, tied: bool) -> list[Item]:
    also = " AND contact IS NOT NULL" if tied else ""
    rows = tx.rows(
        f"SELECT {', '.join(ITEM_COLUMNS)} FROM source_item WHERE mailbox = ? AND pending = 1 AND {part}{also}"
        " AND graph_id > ? ORDER BY graph_id LIMIT ?",
        of,
        last,
        limit,
    )
    return _items(rows)


def items(tx: Session, ids: Sequence[int]) -> list[Item]:
    """Items by id."""
    return _items([row[1:] for row in tx.lookup("source_item", "id", ITEM_COLUMNS, sorted(ids))])


def linked(tx: Session, contacts: Iterable[int]) -> dict[int, list[Item]]:
    """The items tied to each of the contacts, as carried out."""
    rows = tx.lookup("source_item", "contact", ITEM_COLUMNS, sorted(set(contacts)))
    found: dict[int, list[Item]] = {}
    for row, item in zip(rows, _items([row[1:] for row in rows]), strict=True):
        found.setdefault(row[0], []).append(item)
    return found


def _items(rows: Iterable[Sequence[Any]]) -> list[Item]:
    made = [Item(*row) for row in rows]
    # One JSON text for all: reading a small one takes longer to begin than to do.
    observed = json.loads(f"[{','.join([i.observed or 'null' for i in made])}]")  # type: ignore[misc]
    for item, now in zip(made, observed, strict=True):
        item.observed = now
        if isinstance(item.applied, str):
            item.applied = json.loads(item.applied)
        elif item.applied_digest is not None:
            item.applied = now
    return made


@dataclass(slots=True)
class Mark:
    """What was carried out for an item: the contact it is tied to and the account it has brought.

    `how`: None all that was seen of it, "account" only that, "deleted" or "scope" that it is gone.
    """

    item: int
    contact: int | None
    account: int | None
    how: str | None = None


def mark(tx: Session, marks: Sequence[Mark]) -> None:
    """Notes items as carried out, in the transaction that did it."""
    live = [m for m in marks if m.how is None]
    tx.many(
        "UPDATE source_item SET applied = NULL, applied_digest = digest, applied_modified = modified, contact = ?,"
        " account = ?, held = CASE WHEN CAST(? AS BIGINT) IS NULL THEN held ELSE NULL END, pending = 0 WHERE id = ?",
        [(m.contact, m.account, m.contact, m.item) for m in live],
    )
    tx.many(
        "UPDATE source_item SET account = ? WHERE id = ?", [(m.account, m.item) for m in marks if m.how == "account"]
    )
    tx.many("DELETE FROM source_item WHERE id = ?", [(m.item,) for m in marks if m.how == "scope"])
    tx.many(
        "UPDATE source_item SET observed = NULL, digest = NULL, applied = NULL, applied_digest = NULL, applied_modified = NULL,"
        " contact = NULL, account = NULL, held = NULL, pending = 0 WHERE id = ?",
        [(m.item,) for m in marks if m.how == "deleted"],
    )


def detach(tx: Session, gone: Mapping[int, str], held: Sequence[int]) -> None:
    """Unties items from their contacts, which stay: those gone, with what became of them, and those held as they are."""
    mark(tx, [Mark(item, None, None, how) for item, how in gone.items()])
    tx.many(
        "UPDATE source_item SET held = contact, contact = NULL, applied = NULL, applied_digest = digest,"
        " applied_modified = modified, pending = 0 WHERE id = ?",
        [(item,) for item in held],
    )


def ranks(tx: Session, tenant: str, addresses: Sequence[str]) -> dict[int, int]:
    """Mailbox id to its place in the settings; mailboxes that are no longer there come last."""
    ids = {row[0].lower(): row[1] for row in tx.rows("SELECT address, id FROM mailbox WHERE tenant = ?", tenant)}
    return {ids[address.lower()]: place for place, address in enumerate(addresses) if address.lower() in ids}


def linked_contacts(tx: Session, of: int) -> int:
    """How many contacts the mailbox's items are tied to."""
    sql = "SELECT COUNT(DISTINCT contact) FROM source_item WHERE mailbox = ? AND contact IS NOT NULL"
    return int(tx.value(sql, of))


def staying(tx: Session, of: int, contacts: Sequence[int]) -> set[int]:
    """Those of the contacts to which another item of the mailbox, one that is not gone, is tied."""
    rows = tx.lookup("source_item", "contact", ("id",), list(contacts), "t.mailbox = ? AND t.gone IS NULL", of)
    return {row[0] for row in rows}


def changing(tx: Session, of: int, size: int) -> Iterator[list[Item]]:
    """Pending items that are tied to a contact, in parts."""
    after = (0, "")
    while found := pending(tx, of, after, size, tied=True):
        yield found
        after = (0 if found[-1].gone is None else 1, found[-1].graph_id)


def succeeded(tx: Session, of: int, now: datetime) -> None:
    """Notes a good run of the mailbox."""
    tx.run(
        "UPDATE mailbox SET state = 'good', last_good = ?, retry_at = NULL, retry_why = NULL, failures = 0 WHERE id = ?",
        stamp(now),
        of,
    )


def failed(tx: Session, of: int, state: str, retry_at: datetime | None, why: str) -> None:
    """Notes a failed run: `why` is "server" when Microsoft asked to wait, "error" for a back-off of our own."""
    tx.run(
        "UPDATE mailbox SET state = ?, retry_at = ?, retry_why = ?, failures = failures + 1 WHERE id = ?",
        state,
        stamp(retry_at) if retry_at else None,
        why,
        of,
    )


def waits(tx: Session, of: int) -> tuple[str, str] | None:
    """Until when the mailbox is not to be asked, and why; None when it may be."""
    row = tx.row("SELECT retry_at, retry_why FROM mailbox WHERE id = ? AND retry_at IS NOT NULL", of)
    return (str(row[0]), str(row[1])) if row else None


def times(tx: Session, of: int) -> tuple[str | None, str | None]:
    """When the mailbox is due, and before when it is not to be asked; None: at once."""
    row = tx.rows("SELECT due, retry_at FROM mailbox WHERE id = ?", of)[0]
    return row[0], row[1]


def plan_next(tx: Session, of: int, due: str) -> None:
    """Notes when the mailbox is due next."""
    tx.run("UPDATE mailbox SET due = ? WHERE id = ?", due, of)
