"""A mailbox of the simulator: folders, contacts and what changed in them; knows no HTTP and no delta token."""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncd.simulator.clock import Clock
from syncd.simulator.contact import Props, blank, changed

Kind = str
"""One of `KINDS`: `user`, `shared`, or one without a mailbox in Exchange Online."""
KINDS = ("user", "shared", "guest", "unlicensed", "onprem", "softdeleted")


@dataclass(slots=True, eq=False)
class Item:
    """A contact (or, `hidden`, a group: counted by Exchange, never shown). `default` is the id that a move changes."""

    immutable: str
    default: str
    folder: Folder
    props: Props
    change_key: str
    created: str
    modified: str
    hidden: bool = False
    photo: bytes | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    texts: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def wire(self, immutable: bool, select: frozenset[str] | None = None) -> Props:
        """The contact as Graph shows it; `select` None is everything."""
        whole = {
            "@odata.etag": f'W/"{self.change_key}"',
            "id": self.immutable if immutable else self.default,
            "createdDateTime": self.created,
            "lastModifiedDateTime": self.modified,
            "changeKey": self.change_key,
            "categories": self.props["categories"],
            "parentFolderId": self.folder.id,
            **self.props,
        }
        if select is None:
            return whole
        return {name: value for name, value in whole.items() if name in select or name in ("@odata.etag", "id")}

    def text(self, immutable: bool, select: frozenset[str] | None, typed: bool) -> str:
        """`wire` as JSON, kept until the contact changes; `typed` adds `@odata.type`, as delta rows have."""
        key = (immutable, select, typed)
        if key not in self.texts:
            row = self.wire(immutable, select)
            self.texts[key] = json.dumps(
                {"@odata.type": "#microsoft.graph.contact", **row} if typed else row, separators=(",", ":")
            )
        return self.texts[key]


@dataclass(slots=True, frozen=True)
class Trace:
    """One line of a folder's journal: `item` was written there, or `left` it under the default id it had."""

    number: int
    at: datetime
    item: Item
    default: str
    left: bool


@dataclass(slots=True, eq=False)
class Folder:
    """`contacts` is False for Deleted Items, `gone` set when a user deleted it. Items in order of arrival."""

    id: str
    name: str
    parent: Folder | None
    contacts: bool = True
    gone: bool = False
    items: dict[Item, None] = field(default_factory=dict)
    journal: list[Trace] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Names from below the default folder, joined by "/"; the default folder's own name for itself."""
        return self.name if self.parent is None or self.parent.parent is None else f"{self.parent.path}/{self.name}"


class Mailbox:
    """One mailbox. Its edit operations do what a user in Outlook does; each is seen by delta at once.

    Contacts are named by either id, folders by id, by path ("Kunden/Nord"), or by "contacts" for the default one.
    """

    def __init__(self, address: str, name: str, clock: Clock, *, seed: str = "", kind: Kind = "user") -> None:
        self.address, self.name, self.kind = address, name, kind
        self.clock, self.random = clock, random.Random(f"{seed}/{address}")
        self.lock = threading.RLock()
        self.guid = _guid(self.random)
        self.listed = True
        self.directory: Mapping[str, str] = {}
        self.watchers: list[Callable[[Mailbox, Item, str], None]] = []
        self.number = 0
        self._ids: dict[str, Item] = {}
        self._last_immutable = ""
        self.default = Folder(self._folder_id(), "Contacts", None)
        self.deleted = Folder(self._folder_id(), "Deleted Items", None, contacts=False)
        self._folders = {folder.id: folder for folder in (self.default, self.deleted)}

    # -- reading

    def item(self, key: str) -> Item | None:
        """By immutable id or by its present default id, in any folder; ids are case-sensitive."""
        return self._ids.get(key)

    def folder(self, key: str) -> Folder:
        """By id, path, name or alias; raises KeyError."""
        if key in self._folders:
            return self._folders[key]
        if key.lower() == "contacts":
            return self.default
        for folder in self._folders.values():
            if key in (folder.path, folder.name) and not folder.gone:
                return folder
        raise KeyError(key)

    def children(self, parent: Folder) -> list[Folder]:
        return [folder for folder in self._folders.values() if folder.parent is parent and not folder.gone]

    def tree(self) -> Iterator[Folder]:
        """The default folder and all contact folders below it."""
        waiting = [self.default]
        while waiting:
            folder = waiting.pop(0)
            yield folder
            waiting[:0] = self.children(folder)

    def truth(self) -> list[Props]:
        """What a perfect client holds: each visible contact under its immutable id, with the `path` of its folder."""
        with self.lock:
            rows = [
                {**item.wire(True), "path": folder.path}
                for folder in self.tree()
                for item in folder.items
                if not item.hidden
            ]
        return sorted(json.loads(json.dumps(rows)), key=lambda row: str(row["id"]))

    # -- a user in Outlook

    def add(self, folder: str = "contacts", *, strict: bool = False, at: str | None = None, **props: Any) -> Item:
        """A new contact, wire property names as keywords; `at` is its time of creation (default now)."""
        with self.lock:
            place = self.folder(folder)
            values = changed(blank(), props, self.directory, strict=strict)
            stamp = at or self.clock.stamp()
            item = Item(self._immutable_id(), self._item_id(), place, values, self._change_key(), stamp, stamp)
            self._ids[item.immutable] = item
            self._enter(item, place)
            self._tell(item, "created")
            return item

    def add_group(self, folder: str = "contacts", name: str = "Team") -> Item:
        """A contact group: takes a place in counts and pages, and is never shown."""
        with self.lock:
            item = self.add(folder, displayName=name)
            item.hidden = True
            return item

    def edit(self, key: str, *, strict: bool = False, **patch: Any) -> Item:
        with self.lock:
            item = self._ids[key]
            item.props = changed(item.props, patch, self.directory, strict=strict)
            self.touch(item)
            return item

    def touch(self, item: Item) -> None:
        """A new version of the contact: change key, time, a line in the journal."""
        item.change_key, item.modified = self._change_key(), self.clock.stamp()
        item.texts.clear()
        self._note(item, item.folder, left=False)
        self._tell(item, "updated")

    def move(self, key: str, folder: str) -> Item:
        """To another folder: the immutable id stays, the default id is a new one."""
        with self.lock:
            item = self._ids[key]
            self._leave(item)
            item.default = self._item_id()
            item.change_key, item.modified = self._change_key(), self.clock.stamp()
            item.texts.clear()
            self._enter(item, self.folder(folder))
            self._tell(item, "updated" if item.folder.contacts else "deleted")
            return item

    def delete(self, key: str) -> None:
        """To Deleted Items, where the immutable id still finds it."""
        self.move(key, self.deleted.id)

    def purge(self, key: str) -> None:
        """For good."""
        with self.lock:
            item = self._ids[key]
            self._leave(item)
            del self._ids[item.immutable]
            self._tell(item, "deleted")

    def add_folder(self, name: str, parent: str = "contacts") -> Folder:
        """A folder below `parent`; a second one of the same name is allowed, as it is in the wild."""
        with self.lock:
            folder = Folder(self._folder_id(), name, self.folder(parent))
            self._folders[folder.id] = folder
            return folder

    def rename_folder(self, folder: str, name: str) -> None:
        with self.lock:
            self.folder(folder).name = name

    def move_folder(self, folder: str, parent: str) -> None:
        """Below another folder, with all that is in it; also out of Deleted Items again. No contact changes by it."""
        with self.lock:
            moved, target = self.folder(folder), self.folder(parent)
            above: Folder | None = target
            while above is not None:
                if above is moved:
                    raise ValueError("A folder cannot be moved below itself.")
                above = above.parent
            moved.parent, moved.gone = target, False

    def remove_folder(self, folder: str) -> None:
        """The folder goes to Deleted Items with the contacts and folders in it."""
        with self.lock:
            top = self.folder(folder)
            for child in self.children(top):
                self.remove_folder(child.id)
            top.gone = True

    # -- inside

    def _enter(self, item: Item, folder: Folder) -> None:
        item.folder = folder
        self._ids[item.default] = item
        folder.items[item] = None
        self._note(item, folder, left=False)

    def _leave(self, item: Item) -> None:
        self._note(item, item.folder, left=True)
        del item.folder.items[item]
        del self._ids[item.default]

    def _note(self, item: Item, folder: Folder, *, left: bool) -> None:
        self.number += 1
        folder.journal.append(Trace(self.number, self.clock.now(), item, item.default, left))

    def _tell(self, item: Item, change: str) -> None:
        for watcher in self.watchers:
            watcher(self, item, change)

    def _immutable_id(self) -> str:
        """72 characters; each 40th differs from the one before in case only, because ids are case-sensitive."""
        if self._last_immutable and len(self._ids) % 40 == 0:
            twisted = self._last_immutable[:-9] + self._last_immutable[-9:].swapcase()
            if twisted not in self._ids and twisted != self._last_immutable:
                self._last_immutable = ""
                return twisted
        self._last_immutable = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A" + _opaque(self.random, 27)
        return self._last_immutable

    def _item_id(self) -> str:
        return "AAMkADk0ZTU3" + _opaque(self.random, 103)[:-2] + "AAA="

    def _folder_id(self) -> str:
        return "AAMkADk0ZTU3" + _opaque(self.random, 78)[:-2] + "AAA="

    def _change_key(self) -> str:
        return "EQAAABYAAAD" + base64.b64encode(self.random.randbytes(21)).decode()


def _opaque(source: random.Random, size: int) -> str:
    return base64.urlsafe_b64encode(source.randbytes(size)).decode()


def _guid(source: random.Random) -> str:
    text = source.randbytes(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
