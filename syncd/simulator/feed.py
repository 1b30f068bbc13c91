"""The contact delta of one mailbox: sync states, their generations and tokens; knows folders and journals, no HTTP."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from syncd.simulator.mailbox import Folder, Item, Mailbox
from syncd.simulator.wire import GraphError

KEPT = 3
"""Generations of a sync state that Exchange keeps."""
DEFAULT_PAGE, LARGEST_PAGE = 10, 1000
_STATE_BYTES, _ROW_BYTES = 600, 12

Entry = tuple[Item, str, bool]
"""What a round still owes: the item, the default id it has or had in the folder, whether it is a tombstone."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a round. `queue` None: the round is over and the next one begins after journal line `base`."""

    base: int
    queue: tuple[Entry, ...] | None
    offset: int = 0
    first: bool = False


@dataclass(slots=True)
class State:
    """One sync state, kept in the mailbox like Exchange does: made by an initial request, grown by each page."""

    id: str
    folder: Folder
    select: frozenset[str] | None
    kept: dict[int, Cursor] = field(default_factory=dict)
    highest: int = 0

    def push(self, cursor: Cursor, generations: int) -> int:
        self.highest += 1
        self.kept[self.highest] = cursor
        for old in sorted(self.kept)[:-generations]:
            del self.kept[old]
        return self.highest


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as (item, or the id of a removed one), the token that goes on, whether the round is over with this page."""

    rows: list[Item | str]
    select: frozenset[str] | None
    token: str
    done: bool
    first: bool


class Feed:
    """All delta states of a mailbox. `bytes_used` grows with each page; above `quota` only delta is refused."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.bytes_used = 0
        self.quota: int | None = None
        self.generations = KEPT
        self._states: dict[str, State] = {}
        self._random = random.Random(mailbox.guid)
        self._secret = self._random.randbytes(16)

    def reset(self, folder: Folder | None = None) -> None:
        """Forgets the states of the mailbox (or of one folder): their links answer 410 from now on."""
        for state in list(self._states.values()):
            if folder is None or state.folder is folder:
                del self._states[state.id]

    def start(self, folder: Folder, select: frozenset[str] | None) -> str:
        """A new state; its token stands for the whole folder."""
        self._gate(folder)
        state = State(base64.b32encode(self._random.randbytes(10)).decode(), folder, select)
        self._states[state.id] = state
        queue = tuple((item, item.default, False) for item in folder.items if not item.hidden)
        return self._token(state, state.push(Cursor(self.mailbox.number, queue, first=True), self.generations))

    def page(
        self, folder: Folder, token: str, size: int | None, immutable: bool, quirks: Mapping[str, Mapping[str, Any]]
    ) -> Page:
        """The page that `token` stands for; raises GraphError 400, 404 or 410 for tokens that are no good."""
        self._gate(folder)
        state, cursor = self._find(folder, token)
        if cursor.queue is None:
            cursor = self._changes(state, cursor, immutable, quirks)
        if "top" in quirks and not cursor.offset:
            cursor = replace(cursor, queue=(cursor.queue or ())[: int(quirks["top"]["rows"])])
        queue = cursor.queue or ()
        end = cursor.offset + min(size or DEFAULT_PAGE, LARGEST_PAGE)
        if "empty" in quirks:
            end = cursor.offset
        rows = [self._row(entry, immutable) for entry in queue[cursor.offset : end]]
        if "replay" in quirks:
            end = cursor.offset
        done = end >= len(queue) and not ("empty" in quirks or "replay" in quirks)
        after = Cursor(cursor.base, None) if done else replace(cursor, offset=end)
        self.bytes_used += _STATE_BYTES + _ROW_BYTES * len(rows)
        present = [row for row in rows if row is not None]
        return Page(present, state.select, self._token(state, state.push(after, self.generations)), done, cursor.first)

    # -- inside

    def _gate(self, folder: Folder) -> None:
        if folder.gone:
            raise GraphError(404, "ErrorSyncFolderNotFound", "The specified folder could not be found in the store.")
        if self.quota is not None and self.bytes_used > self.quota:
            raise GraphError(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.")

    def _row(self, entry: Entry, immutable: bool) -> Item | str | None:
        """An item that left in the middle of a round is left out: its tombstone comes in the next."""
        item, default, removed = entry
        if removed:
            return item.immutable if immutable else default
        return item if item.default == default and self.mailbox.item(item.immutable) is item else None

    def _changes(
        self, state: State, cursor: Cursor, immutable: bool, quirks: Mapping[str, Mapping[str, Any]]
    ) -> Cursor:
        """A round of changes: for each id written or gone since, its row if it is here now, else a tombstone."""
        horizon = self.mailbox.clock.now() - timedelta(seconds=float(quirks.get("delayed", {}).get("seconds", 0)))
        high = cursor.base
        found: dict[str, Entry] = {}
        left: set[str] = set()
        for trace in reversed(state.folder.journal):
            if trace.number <= cursor.base:
                break
            if trace.item.hidden or ("delayed" in quirks and trace.at > horizon):
                continue
            high = max(high, trace.number)
            key = trace.item.immutable if immutable else trace.default
            if trace.left:
                left.add(key)
            here = trace.item.folder is state.folder and self.mailbox.item(trace.item.immutable) is trace.item
            found.setdefault(key, (trace.item, trace.default, not here or key != _key(trace.item, immutable)))
        queue = [
            (item, default, gone or ("lose-back" in quirks and key in left))
            for key, (item, default, gone) in found.items()
        ]
        return Cursor(high, tuple(reversed(queue)))

    def _token(self, state: State, generation: int) -> str:
        text = f"{state.id}.{generation}"
        mark = hashlib.blake2b(text.encode(), key=self._secret, digest_size=48).digest()
        return base64.urlsafe_b64encode(f"R0usmci39O.{text}.".encode() + mark).decode().rstrip("=")

    def _find(self, folder: Folder, token: str) -> tuple[State, Cursor]:
        try:
            _, name, number, _ = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).split(b".", 3)
            generation = int(number)
        except ValueError:
            raise GraphError(400, "ErrorInvalidIdMalformed", "Badly formed token.") from None
        state = self._states.get(name.decode("ascii", "replace"))
        if state is None:
            raise GraphError(410, "SyncStateNotFound", "The sync state is not found.")
        if self._token(state, generation) != token:
            raise GraphError(400, "ErrorInvalidIdMalformed", "Badly formed token.")
        if state.folder is not folder:
            raise GraphError(400, "SyncStateInvalid", "The sync state does not belong to this folder.")
        if generation not in state.kept:
            kept = "".join(
                f"[{number}]" for number in sorted(state.kept, key=lambda number: (number != state.highest, number))
            )
            text = f"generation={generation};[highest={state.highest}]{kept}"
            raise GraphError(410, "SyncStateNotFound", f"The sync state generation is not found; {text}.")
        return state, state.kept[generation]


def _key(item: Item, immutable: bool) -> str:
    return item.immutable if immutable else item.default
