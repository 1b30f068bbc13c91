"""Mailboxes: each mailbox's state, its round, and the cursor of each folder; knows no Graph and no contact.

A round reads every folder of a mailbox to its end. Each page commits the newest link together with what was seen of its
contacts (`observations`), so that a killed round goes on with the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncd.store import observations, vanished
from syncd.store.session import Session
from syncd.store.times import stamp

SWEEP_ROUNDS = 2_000
"""Every so many rounds of a mailbox show everything: Graph's record of changes is known to lose some. Read every five
minutes, that is once a week."""
_APART = 97


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


def mailbox(tx: Session, tenant: str, address: str) -> Mailbox:
    """The mailbox of that address, made known when it is new; it is spelled as the settings spell it now."""
    found = known(tx, tenant, address)
    if found is None:
        return Mailbox(tx.add("mailbox", tenant=tenant, address=address), address, 0, open=False)
    if found.address != address:
        tx.run("UPDATE mailbox SET address = ? WHERE id = ?", address, found.id)
    return replace(found, address=address)


def known(tx: Session, tenant: str, address: str) -> Mailbox | None:
    """The mailbox of that address, None when no sync has met it."""
    sql = "SELECT id, address, round, round_open FROM mailbox WHERE tenant = ? AND lower(address) = lower(?)"
    row = tx.row(sql, tenant, address)
    return Mailbox(row[0], row[1], row[2], bool(row[3])) if row else None


def open_round(tx: Session, of: Mailbox, folders: Sequence[tuple[str, str]], selected: str, *, full: bool) -> int:
    """Begins a round, or goes on with one that was cut short; returns its number.

    `folders` are (Graph id, path) of those in scope. A folder that is new, or was asked for other properties before,
    begins without a link, as one does that was begun anew in vain; with `full` all do, and now and then so they do by
    themselves, each mailbox at another time. What was in a folder that is no longer there becomes a hint of removal.
    """
    number = of.round if of.open else of.round + 1
    full = full or (not of.open and (number + of.id * _APART) % SWEEP_ROUNDS == 0)
    tx.run("UPDATE mailbox SET round = ?, round_open = 1 WHERE id = ?", number, of.id)
    before = vanished.folders(tx, of.id)
    for graph_id, path in folders:
        if graph_id not in before:
            tx.run(
                "INSERT INTO folder (mailbox, graph_id, path, selected, sweeping, round_done) VALUES (?, ?, ?, ?, 1, ?)",
                of.id,
                graph_id,
                path,
                selected,
                number - 1,
            )
            continue
        fid, asked, sound = before[graph_id]
        tx.run("UPDATE folder SET path = ?, mode = 'delta' WHERE id = ?", path, fid)
        if asked != selected or full or not sound:
            tx.run("UPDATE folder SET link = NULL, selected = ?, sweeping = 1, resets = 0 WHERE id = ?", selected, fid)
    listed = {graph_id for graph_id, _ in folders}
    for graph_id, (fid, *_) in before.items():
        if graph_id not in listed:
            observations.hint_folder(tx, of.id, fid, number)
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


def advance(tx: Session, cursor: Cursor, of: int, number: int, link: str | None, *, done: bool) -> None:
    """Keeps the newest link of a folder; at the end of a sweep, what was not seen becomes a hint."""
    tx.run("UPDATE folder SET link = ? WHERE id = ?", link, cursor.id)
    if not done:
        return
    if cursor.sweeping:
        observations.hint_folder(tx, of, cursor.id, number)
    tx.run("UPDATE folder SET round_done = ?, sweeping = 0, resets = 0 WHERE id = ?", number, cursor.id)


def reset(tx: Session, cursor: Cursor, location: str | None) -> Cursor:
    """Drops a folder's link: it is enumerated anew, from `location` when the server gave one."""
    tx.run("UPDATE folder SET link = ?, sweeping = 1, resets = resets + 1 WHERE id = ?", location, cursor.id)
    return Cursor(cursor.id, cursor.graph_id, cursor.path, location, True, cursor.resets + 1)


def close_round(tx: Session, of: int) -> None:
    """Notes that the round was read to its end."""
    tx.run("UPDATE mailbox SET round_open = 0 WHERE id = ?", of)


def ranks(tx: Session, tenant: str, addresses: Sequence[str]) -> dict[int, int]:
    """Mailbox id to its place in the settings; mailboxes that are no longer there come last."""
    ids = {row[0].lower(): row[1] for row in tx.rows("SELECT address, id FROM mailbox WHERE tenant = ?", tenant)}
    return {ids[address.lower()]: place for place, address in enumerate(addresses) if address.lower() in ids}


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
