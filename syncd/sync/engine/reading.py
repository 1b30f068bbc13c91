"""Reading: one round of one mailbox, page by page into observations; decides nothing about records.

Each page is one commit of what was seen together with the newest link. A removed row is a hint: it is verified by a GET
once all folders of the round were read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.crm import ledger
from syncd.errors import Problem, Refused, StartOver, TryLater
from syncd.graph import delta
from syncd.graph.http import Graph
from syncd.graph.shapes import SELECT, Folder, FolderGone, NoDelta, Page, QuotaFull, Row, Unreadable
from syncd.store import Session, Store, leases, mailboxes, observations
from syncd.store.leases import Lease
from syncd.store.mailboxes import Cursor, Mailbox
from syncd.store.observations import Seen
from syncd.store.times import Clock
from syncd.store.vanished import RESETS
from syncd.sync.engine.orders import MailboxOrder, SyncOrder
from syncd.sync.mapping import Projection, Rules, complete, full_path, gate, merge, wanted

VERIFY = 100


@dataclass
class Round:
    """One mailbox's round under way in one process. `again`: it goes on with a sync that was cut short.

    `met`: whether it has a folder that the order asks for. `left`: the contacts counted as left out or refused so far; a
    row may come twice.
    """

    store: Store
    graph: Graph
    clock: Clock
    order: SyncOrder
    of: MailboxOrder
    mailbox: Mailbox
    run: int
    lease: Lease
    halt: Callable[[], None]
    again: bool = False
    number: int = 0
    met: bool = True
    noted: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    folders: dict[str, Folder] = field(default_factory=dict)

    def read(self) -> None:
        """Reads all folders to their end and verifies what seems gone. Raises the graph's errors, named by remedy."""
        for _ in range(2):
            try:
                self._read()
                return
            except FolderGone:
                self.again = True
        raise TryLater(
            Problem(
                "SY-M10",
                "The mailbox's folders change while they are read.",
                "Nothing of this round was carried out.",
                "It is tried again by itself.",
            )
        )

    def _read(self) -> None:
        found = delta.folders(self.graph, self.of.address)
        self.folders = {f.id: f for f in found}
        scope = [(f.id, f.path) for f in found if self._wanted(f)]
        with self.store.writing("sync:round") as tx:
            leases.prove(tx, self.lease, self.clock())
            fresh = mailboxes.mailbox(tx, self.order.tenant, self.of.address)
            self.number = mailboxes.open_round(
                tx, fresh, scope, _asked(self.order, self.of), full=self.order.full and not (self.again and fresh.open)
            )
            cursors = mailboxes.unread(tx, self.mailbox.id, self.number)
        only = Rules(folders=(self.order.folder,)) if self.order.folder else Rules()
        self.met = any(wanted(self._full_path(folder), only) for folder, _ in scope)
        for cursor in cursors:
            if wanted(self._full_path(cursor.graph_id), only):
                self._folder(cursor)
        self._verify()
        with self.store.writing("sync:read") as tx:
            leases.prove(tx, self.lease, self.clock())
            mailboxes.close_round(tx, self.mailbox.id)

    def _wanted(self, folder: Folder) -> bool:
        return wanted(self._full_path(folder.id), self.of.rules)

    def _full_path(self, folder: str) -> str:
        found = self.folders.get(folder)
        return full_path(found, next(iter(self.folders.values()))) if found is not None else ""

    def _folder(self, cursor: Cursor) -> None:
        while True:
            try:
                for page in self._pages(cursor):
                    self._page(cursor, page)
                return
            except StartOver as error:
                if cursor.resets >= RESETS:
                    raise TryLater(*error.problems) from error
                with self.store.writing("sync:reset") as tx:
                    leases.prove(tx, self.lease, self.clock())
                    cursor = mailboxes.reset(tx, cursor, error.location)
            except (QuotaFull, NoDelta) as error:
                self._note([p.plain() for p in error.problems])
                self._list(cursor)
                return

    def _pages(self, cursor: Cursor) -> Iterator[Page]:
        return delta.pages(self.graph, self.of.address, cursor.graph_id, cursor.link, page_size=self.order.page_size)

    def _list(self, cursor: Cursor) -> None:
        """Reads a folder by plain listing: for clouds without delta and full mailboxes."""
        whole = Cursor(cursor.id, cursor.graph_id, cursor.path, None, True, cursor.resets)
        for page in delta.listing(self.graph, self.of.address, cursor.graph_id, page_size=self.order.page_size):
            self._page(whole, page)

    def _note(self, problems: list[dict[str, Any]]) -> None:
        """Keeps what is to be said of the mailbox; each thing once, however many folders meet it."""
        problems = [p for p in problems if p["code"] not in self.noted]
        self.noted.update(p["code"] for p in problems)
        with self.store.writing("sync:note") as tx:
            leases.prove(tx, self.lease, self.clock())
            ledger.report(tx, self.run, problems)

    def _page(self, cursor: Cursor, page: Page) -> None:
        self.halt()
        with self.store.reading() as tx:
            known = observations.known(tx, self.mailbox.id, [row["id"] for row in page.items])
        seen = _Page(self, cursor)
        for row in page.items:
            before = known.get(row["id"])
            try:
                whole = self._whole(row, before)
            except Unreadable as error:
                seen.leave(row["id"], error)
            else:
                seen.take(whole, before)
        if page.faults:
            seen.refuse(page.faults)
        with self.store.writing("sync:page") as tx:
            leases.prove(tx, self.lease, self.clock())
            seen.write(tx)
            observations.hint(tx, self.mailbox.id, cursor.id, self.number, page.removed)
            mailboxes.advance(tx, cursor, self.mailbox.id, self.number, page.link or None, done=page.done)

    def _whole(self, row: dict[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
        """A row that leaves properties out is read whole when nothing is known that it could be laid over."""
        if complete(row) or (known is not None and known["observed"] is not None):
            return row
        return delta.item(self.graph, self.of.address, row["id"]) or row

    def _verify(self) -> None:
        """Asks Graph what became of each contact that seems gone."""
        while True:
            with self.store.reading() as tx:
                found = observations.hints(tx, self.mailbox.id, VERIFY)
            if not found:
                return
            told = dict(delta.items(self.graph, self.of.address, [key for _, key in found]))
            answers = [(item, key, told[key]) for item, key in found]
            with self.store.writing("sync:verify") as tx:
                leases.prove(tx, self.lease, self.clock())
                self._settle(tx, answers)

    def _settle(self, tx: Session, answers: list[tuple[int, str, Row | Unreadable | None]]) -> None:
        settled: list[tuple[str, int]] = []
        staying: list[tuple[int, str, Unreadable]] = []
        alive: dict[str, list[Row]] = {}
        for item, key, row in answers:
            if isinstance(row, Unreadable):
                staying.append((item, key, row))
                continue
            parent = row.get("parentFolderId") if row else None
            folder = self.folders.get(parent) if isinstance(parent, str) else None
            if row is None or folder is None:
                settled.append(("deleted", item))
            elif not self._wanted(folder):
                settled.append(("scope", item))
            else:
                alive.setdefault(folder.id, []).append(row)
        observations.settle(tx, settled)
        self._stay(tx, staying)
        cursors = {c.graph_id: c for c in mailboxes.cursors(tx, self.mailbox.id)}
        for folder_id, rows in alive.items():
            known = observations.known(tx, self.mailbox.id, [row["id"] for row in rows])
            seen = _Page(self, cursors[folder_id])
            for row in rows:
                seen.take(row, known[row["id"]])
            seen.write(tx)

    def _stay(self, tx: Session, staying: list[tuple[int, str, Unreadable]]) -> None:
        """Leaves as they were the contacts of which Graph does not say what became of them."""
        observations.stay(tx, [item for item, _, _ in staying])
        ledger.report(tx, self.run, [one for _, key, error in staying for one in _of(key, error.problems)])
        ledger.count(tx, self.run, {"refused": len(staying)}, len(staying))


def _of(key: str, problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems of one contact, which they name by its id."""
    return [p.plain() | {"what": f"{p.what} (item {key})"} for p in problems]


def _asked(order: SyncOrder, of: MailboxOrder) -> str:
    """What decides what of a folder is kept: when it changes, the folder is enumerated anew and judged by the new rules."""
    rules = of.rules
    gates = [sorted(rules.categories), sorted(rules.exclude_categories), sorted(order.fields)]
    return hashlib.sha256(json.dumps([SELECT, *gates]).encode()).hexdigest()[:16]


class _Page:
    """What one page showed: gated, projected, counted."""

    def __init__(self, round: Round, cursor: Cursor) -> None:
        self.round = round
        self.cursor = cursor
        self.path = round._full_path(cursor.graph_id)
        self.seen: list[Seen] = []
        self.kept: list[str] = []
        self.counts: dict[str, int] = {}
        self.problems: list[dict[str, Any]] = []

    def take(self, row: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
        """Judges one contact before anything of it is kept."""
        key = row["id"]
        before = known if known and (known["contact"] or known["held"] or known["observed"]) else None
        again = bool(before) and before["round"] == self.round.number and before["gone"] is None  # type: ignore[index]
        if gate(row, self.path, self.round.of.rules, known=before is not None):
            if before is None:
                self._once(key, "excluded")
            else:
                self.seen.append(Seen(key, str(before["modified"] or ""), None, None, "scope"))
            return
        try:
            previous = Projection.of(json.loads(before["observed"])) if before and before["observed"] else None
            made = merge(previous, row, allowed_fields=self.round.order.fields or None)
        except Refused as error:
            self.leave(key, error)
            return
        if again and before and str(before["modified"] or "") > made.modified:
            return
        text, mark = made.kept()
        same = before and before["applied_digest"] == mark and before["applied_modified"] == made.modified
        if same and not again and before and before["gone"] is None:
            self._count("unchanged")
        if not same:
            self.problems += _of(key, made.problems)
        self.seen.append(Seen(key, made.modified, text, mark))

    def leave(self, key: str, error: Refused) -> None:
        """Counts a contact of which nothing can be taken: what is here of it stays."""
        self.kept.append(key)
        if self._once(key, "refused"):
            self.problems += _of(key, error.problems)

    def refuse(self, faults: int) -> None:
        """Counts rows that could not even be told apart."""
        self._count("refused", faults)
        problem = Problem(
            "SY-I04",
            f"Graph sent {faults} contacts of {self.round.of.address} without an id.",
            "They cannot be told apart, so nothing of them was taken.",
            "Open and save the contacts in Outlook. If it lasts, please report it.",
        )
        self.problems.append(problem.plain())

    def _once(self, key: str, name: str) -> bool:
        """Counts a contact that is not taken, unless this round has counted it."""
        if key in self.round.left:
            return False
        self.round.left.add(key)
        self._count(name)
        return True

    def _count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def write(self, tx: Session) -> None:
        """Keeps it all, in the caller's transaction."""
        of = self.round.mailbox.id
        observations.observe(tx, of, self.cursor.id, self.round.number, self.seen)
        observations.touch(tx, of, self.cursor.id, self.round.number, self.kept)
        ledger.report(tx, self.round.run, self.problems)
        ledger.count(tx, self.round.run, self.counts, sum(self.counts.values()))
