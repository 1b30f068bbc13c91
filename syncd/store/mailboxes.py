"""Mailboxes: each mailbox's state, its round, and the cursor of each folder; knows no Graph and no contact.

A round reads every folder of a mailbox to its end. Each page commits the newest link together with what was seen of its
contacts (`observations`), so that a killed round goes on with the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncd.store import leases, observations, vanished
from syncd.store.session import Session
from syncd.store.times import moment, stamp

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
    """The mailbox of that address, as `meet` gives it."""
    return meet(tx, tenant, [address])[0]


def meet(tx: Session, tenant: str, addresses: Sequence[str]) -> list[Mailbox]:
    """The mailboxes of the addresses, made known where they are new; they are spelled as the settings spell them now."""
    there = _by_address(tx, tenant)
    new = {address.lower(): (tenant, address) for address in addresses if address.lower() not in there}
    if new:
        tx.insert("mailbox", ("tenant", "address"), new.values())
        there = _by_address(tx, tenant)
    found = [replace(there[address.lower()], address=address) for address in addresses]
    respelled = [(box.address, box.id) for box in found if there[box.address.lower()].address != box.address]
    tx.many("UPDATE mailbox SET address = ? WHERE id = ?", respelled)
    return found


def known(tx: Session, tenant: str, address: str) -> Mailbox | None:
    """The mailbox of that address, None when no sync has met it."""
    return _by_address(tx, tenant).get(address.lower())


def _by_address(tx: Session, tenant: str) -> dict[str, Mailbox]:
    rows = tx.rows("SELECT id, address, round, round_open FROM mailbox WHERE tenant = ?", tenant)
    return {row[1].lower(): Mailbox(row[0], row[1], row[2], bool(row[3])) for row in rows}


def called(tx: Session, address: str) -> int:
    """The id of the mailbox that a run was about, however its address is spelled now."""
    return int(tx.value("SELECT MAX(id) FROM mailbox WHERE lower(address) = lower(?)", address))


def open_round(tx: Session, of: Mailbox, folders: Sequence[tuple[str, str]], selected: str, *, full: bool) -> int:
    """Begins a round, or goes on with one that was cut short; returns its number.

    `folders` are (Graph id, path) of those in scope. A folder that is new, or was asked for other properties before,
    begins without a link, as one does that was begun anew in vain; with `full` all do, and now and then so they do by
    themselves, each mailbox at another time. What was in a folder that is no longer there becomes a hint of removal.
    """
    full = full or (not of.open and (of.round + 1 + of.id * _APART) % SWEEP_ROUNDS == 0)
    before = vanished.folders(tx, of.id)
    fresh = [(key, path) for key, path in folders if key not in before]
    again = [(path, before.pop(key)) for key, path in folders if key in before]
    anew = [folder.id for _, folder in again if folder.asked != selected or full or not folder.sound]
    # A folder that is begun anew is read to its end again, also one that a round cut short had done with.
    number = of.round if of.open and not anew else of.round + 1
    tx.run("UPDATE mailbox SET round = ?, round_open = 1 WHERE id = ?", number, of.id)
    new = [(of.id, key, path, selected, 1, number - 1) for key, path in fresh]
    tx.insert("folder", ("mailbox", "graph_id", "path", "selected", "sweeping", "round_done"), new)
    tx.many("UPDATE folder SET path = ?, mode = 'delta' WHERE id = ?", [(path, folder.id) for path, folder in again])
    tx.many(
        "UPDATE folder SET link = NULL, selected = ?, sweeping = 1, resets = 0 WHERE id = ?",
        [(selected, folder) for folder in anew],
    )
    for folder in before.values():
        observations.hint_folder(tx, of.id, folder.id, number)
        vanished.keep_name(tx, folder.id)
    return number


def unread(tx: Session, of: int, number: int) -> list[Cursor]:
    """The folders that the round has not read to their end yet, by path."""
    return _cursors(tx, " AND round_done < ?", of, number)


def cursors(tx: Session, of: int) -> list[Cursor]:
    """All folders of the mailbox that are read."""
    return _cursors(tx, "", of)


def _cursors(tx: Session, also: str, *params: int) -> list[Cursor]:
    rows = tx.rows(
        "SELECT id, graph_id, path, link, sweeping, resets FROM folder"
        f" WHERE mailbox = ? AND mode <> 'gone'{also} ORDER BY path, id",
        *params,
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
    there = _by_address(tx, tenant)
    return {there[address.lower()].id: place for place, address in enumerate(addresses) if address.lower() in there}


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


def failures(tx: Session, of: int) -> int:
    """How often the mailbox has failed since its last good run."""
    return int(tx.value("SELECT failures FROM mailbox WHERE id = ?", of))


def waits(tx: Session, of: int) -> tuple[str, str] | None:
    """Until when the mailbox is not to be asked, and why; None when it may be."""
    row = tx.row("SELECT retry_at, retry_why FROM mailbox WHERE id = ? AND retry_at IS NOT NULL", of)
    return (str(row[0]), str(row[1])) if row else None


def not_due(tx: Session, tenant: str, now: datetime) -> set[str]:
    """The mailboxes whose time has not come, that are not to be asked yet, or at which another process is at work, by
    address in lower case."""
    rows = tx.rows(
        "SELECT m.address, l.owner, l.until, m.due, m.retry_at FROM mailbox m"
        " LEFT JOIN lease l ON l.name = 'mailbox:' || m.id WHERE m.tenant = ?",
        tenant,
    )
    return {
        address.lower()
        for address, owner, until, *times in rows
        if any(time and moment(time) > now for time in times) or leases.holds(owner, until, now)
    }


def plan_next(tx: Session, tenant: str, addresses: Sequence[str], due: datetime) -> None:
    """Notes when the mailboxes are due next."""
    tx.many("UPDATE mailbox SET due = ? WHERE id = ?", [(stamp(due), box.id) for box in meet(tx, tenant, addresses)])
