"""Vanished: folders that a mailbox no longer has, by name while their contacts wait; and where what is gone has been.

Knows no Graph, and decides nothing about contacts.
"""

from __future__ import annotations

from typing import NamedTuple

from syncd.store.session import Session

RESETS = 2
"""How often a folder is begun anew in one round before it is left for the next sync, which begins it anew."""


class Known(NamedTuple):
    """A folder as earlier rounds left it: its id, what was asked for, whether the link can be gone on with."""

    id: int
    asked: str | None
    sound: bool


class Gone(NamedTuple):
    """How many contacts of a folder are gone: `how` "deleted" or "scope". `there` tells whether the folder still is one
    of those that are read, `left` how many contacts are in it."""

    path: str
    there: bool
    how: str
    contacts: int
    left: int


def folders(tx: Session, of: int) -> dict[str, Known]:
    """A mailbox's folders by Graph id. Names that nothing waits for any more are dropped."""
    tx.run(
        "DELETE FROM folder WHERE mailbox = ? AND mode = 'gone' AND NOT EXISTS"
        " (SELECT 1 FROM source_item i WHERE i.mailbox = folder.mailbox AND i.folder = folder.id AND i.pending = 1)",
        of,
    )
    rows = tx.rows("SELECT graph_id, id, selected, resets, mode FROM folder WHERE mailbox = ?", of)
    return {row[0]: Known(row[1], row[2], row[3] < RESETS and row[4] != "gone") for row in rows}


def keep_name(tx: Session, folder: int) -> None:
    """Keeps of a folder that is not there any more what people know it by, until its contacts are dealt with."""
    tx.run("UPDATE folder SET mode = 'gone' WHERE id = ?", folder)


def gone(tx: Session, of: int) -> list[Gone]:
    """Where the contacts have been that a mailbox no longer shows, the most first."""
    rows = tx.rows(
        "SELECT f.path, f.mode, i.gone, COUNT(DISTINCT i.contact), (SELECT COUNT(*) FROM source_item k"
        " WHERE k.mailbox = i.mailbox AND k.folder = f.id AND k.gone IS NULL AND k.observed IS NOT NULL)"
        " FROM source_item i JOIN folder f ON f.id = i.folder"
        " WHERE i.mailbox = ? AND i.pending = 1 AND i.gone IS NOT NULL AND i.contact IS NOT NULL"
        " GROUP BY i.mailbox, f.id, f.path, f.mode, i.gone",
        of,
    )
    found = [Gone(row[0], row[1] != "gone", row[2], row[3], row[4]) for row in rows]
    return sorted(found, key=lambda g: (-g.contacts, g.path, g.how))
