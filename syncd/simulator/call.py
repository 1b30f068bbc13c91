"""One call of Graph on its way to a handler, and what handlers share: links, contexts, permissions; knows no route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from syncd.simulator.contact import SELECTABLE
from syncd.simulator.feed import Feed
from syncd.simulator.mailbox import Folder, Item, Mailbox
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, GraphError, Headers, Request


@dataclass(slots=True)
class Call:
    """`args` are the ids in the path behind the user; `claims` those of the token."""

    tenant: Tenant
    request: Request
    claims: Mapping[str, Any]
    args: list[str]
    owner: Mailbox | None = None

    @property
    def mailbox(self) -> Mailbox:
        if self.owner is None:
            raise GraphError(400, "BadRequest", "The request names no user.")
        return self.owner

    @property
    def feed(self) -> Feed:
        return self.tenant.feed(self.mailbox)

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    def granted(self, *permissions: str) -> bool:
        held = [*self.claims.get("roles", ()), *self.claims.get("scp", "").split()]
        return any(permission in held for permission in permissions)

    def url(self, path: str, query: str = "") -> str:
        return f"{self.tenant.root}/v1.0/{path}{'?' if query else ''}{query}"

    def context(self, tail: str) -> str:
        select = self.query.get("$select")
        return f"{self.tenant.root}/v1.0/$metadata#{tail}{f'({select})' if select else ''}"

    def entity(self, data: Mapping[str, Any], tail: str, status: int = 200) -> Answer:
        return Answer(status, {"@odata.context": f"{self.context(tail)}/$entity", **data}, self.applied())

    def applied(self, *, delta: bool = False, paged: bool = True) -> dict[str, str]:
        """`Preference-Applied`: what of the request's `Prefer` was honoured."""
        done = ["odata.track-changes"] if delta else []
        if paged and self.request.page_size:
            done.append(f"odata.maxpagesize={self.request.page_size}")
        if self.request.immutable:
            done.append("IdType=ImmutableId")
        return Headers({"Preference-Applied": ", ".join(done)}) if done else {}

    def select(self) -> frozenset[str] | None:
        """The projection asked for; an unknown name is refused."""
        if "$select" not in self.query:
            return None
        names = frozenset(name.strip() for name in self.query["$select"].split(","))
        unknown = sorted(names - SELECTABLE)
        if unknown:
            text = f"Could not find a property named '{unknown[0]}' on type 'microsoft.graph.contact'."
            raise GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: {text}")
        return names

    def folder(self, key: str) -> Folder:
        """A contact folder by its id or the alias `contacts`, which is all that Graph takes."""
        box = self.mailbox
        try:
            folder = box.default if key.lower() == "contacts" else box.folder(key)
        except KeyError:
            folder = None
        if folder is None or key.lower() != "contacts" and folder.id != key or not folder.contacts:
            raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return folder

    def item(self, key: str) -> Item:
        """A contact in any folder, by either of its ids."""
        found = self.mailbox.item(key)
        if found is None or found.hidden:
            if not key.startswith("AA"):
                raise GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
            raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return found

    def number(self, name: str, default: int, most: int | None = None) -> int:
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit()) or (most is not None and not 0 < int(text) <= most):
            raise GraphError(400, "BadRequest", f"Invalid value '{text}' for {name} query option found.")
        return int(text)

    def only(self, *options: str) -> None:
        """Refuses system query options that this resource does not know."""
        for name in self.query:
            if name.startswith("$") and name not in options:
                raise GraphError(400, "ErrorInvalidUrlQuery", f"The query option '{name}' is not supported here.")


def segment(text: str) -> str:
    return quote(text, safe="=")
