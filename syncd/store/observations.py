"""Observations: what each page showed of a mailbox's contacts, beside what of it was carried out; decides nothing.

A page's contacts are kept as `source_item` together with the newest link of their folder. What a round has seen is
carried out afterwards, batch by batch, from the items that are `pending`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.store.session import Session


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
    contact: int | None
    account: int | None
    held: int | None


ITEM_COLUMNS = tuple(Item.__slots__)

_STAYS = (
    "gone = CASE WHEN observed IS NULL THEN 'deleted' END, pending = CASE WHEN observed IS NULL OR applied_digest = digest"
    " AND COALESCE(applied_modified, '') = COALESCE(modified, '') THEN 0 ELSE 1 END"
)
"""What had been carried out of an item still is all that is known of it; of one that was gone that is nothing."""


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
        f"UPDATE source_item SET folder = ?, round = ?, {_STAYS} WHERE mailbox = ? AND graph_id = ?",
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
    """Marks as hints all items of a folder that the round has not shown; the first round has none before it."""
    if number == 1:
        return
    tx.run(
        "UPDATE source_item SET gone = 'hint', pending = 1 WHERE mailbox = ? AND folder = ? AND round < ? AND gone IS NULL",
        of,
        folder,
        number,
    )


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


def stay(tx: Session, items: Sequence[int]) -> None:
    """Takes hints back: what had been carried out of these items still is all that is known of them."""
    tx.many(
        f"UPDATE source_item SET {_STAYS} WHERE id = ?",
        [(item,) for item in items],
    )


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
        # In the order of the table, a page of it after the other.
        [(m.contact, m.account, m.contact, m.item) for m in sorted(live, key=lambda m: m.item)],
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
