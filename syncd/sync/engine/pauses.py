"""Pauses: whether a mailbox may be asked now, by what became of it the last time; sends nothing itself."""

from __future__ import annotations

from datetime import datetime

from syncd.graph.http import Graph
from syncd.store import Session, mailboxes
from syncd.store.mailboxes import Mailbox
from syncd.store.times import moment
from syncd.sync.engine.refusals import too_early

IN_PLACE_SECONDS = 15.0
"""What is left of a wait that Microsoft asked for is waited in place up to this, as a new one is."""


def heed(tx: Session, graph: Graph, mailbox: Mailbox, now: datetime, *, by_hand: bool) -> None:
    """Raises TryLater when the mailbox is not to be asked yet; a short rest of a wait is handed to `graph` instead.

    `by_hand` ignores a back-off after errors; a wait that Microsoft asked for holds always.
    """
    wait = mailboxes.waits(tx, mailbox.id)
    if wait is None or moment(wait[0]) <= now or (by_hand and wait[1] != "server"):
        return
    until, told = moment(wait[0]), wait[1] == "server"
    seconds = (until - now).total_seconds()
    if not told or seconds > IN_PLACE_SECONDS:
        raise too_early(mailbox.address, until, seconds, told=told)
    graph.hold(mailbox.address, seconds)
