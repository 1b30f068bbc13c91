"""Graph: takes a request to its handler through token, permission, mailbox and limits; what handlers do is theirs."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from syncd.simulator import contacts, directory, folders
from syncd.simulator.call import Call
from syncd.simulator.clock import iso
from syncd.simulator.entra import Entra
from syncd.simulator.faults import Faults
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, GraphError, Request

Handler = Callable[[Call], Answer]
Route = tuple[str, str, str, Handler]

ROUTES: tuple[Route, ...] = (
    ("GET", "users", "users", directory.users),
    ("GET", "users/*", "users", directory.user),
    ("GET", "users/*/contactfolders", "folders", folders.roots),
    ("POST", "users/*/contactfolders", "folders", folders.create),
    ("GET", "users/*/contactfolders/delta", "folders", folders.unsupported),
    ("GET", "users/*/contactfolders/*", "folders", folders.get),
    ("PATCH", "users/*/contactfolders/*", "folders", folders.rename),
    ("DELETE", "users/*/contactfolders/*", "folders", folders.remove),
    ("GET", "users/*/contactfolders/*/childfolders", "folders", folders.children),
    ("POST", "users/*/contactfolders/*/childfolders", "folders", folders.create),
    ("GET", "users/*/contactfolders/*/contacts/delta", "delta", contacts.delta),
    ("GET", "users/*/contactfolders/*/contacts/$count", "list", contacts.count),
    ("GET", "users/*/contactfolders/*/contacts", "list", contacts.listing),
    ("POST", "users/*/contactfolders/*/contacts", "write", contacts.create),
    ("GET", "users/*/contacts", "list", contacts.listing),
    ("POST", "users/*/contacts", "write", contacts.create),
    ("GET", "users/*/contacts/$count", "list", contacts.count),
    ("GET", "users/*/contacts/*", "item", contacts.get),
    ("PATCH", "users/*/contacts/*", "write", contacts.update),
    ("DELETE", "users/*/contacts/*", "write", contacts.delete),
    ("POST", "users/*/contacts/*/permanentdelete", "write", contacts.purge),
    ("POST", "users/*/translateexchangeids", "item", contacts.translate),
)
"""Method, path in lower case with * for ids, kind of request (as faults name it), handler."""

_WORDS = frozenset(word for _, path, _, _ in ROUTES for word in path.split("/") if word != "*")
_REFUSALS = {
    "guest": ("MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
    "unlicensed": ("MailboxNotEnabledForRESTAPI", "REST API is not yet supported for this mailbox."),
    "onprem": ("MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
    "softdeleted": ("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."),
}


class Graph:
    """The v1.0 surface over one tenant."""

    def __init__(self, tenant: Tenant, entra: Entra, faults: Faults) -> None:
        self.tenant, self.entra, self.faults = tenant, entra, faults
        self.failures: list[Exception] = []

    def handle(self, request: Request) -> Answer:
        """The answer to one request, with the headers that Graph always sends."""
        request.id = request.id or str(uuid.uuid4())
        try:
            answer = self._answer(request)
        except GraphError as error:
            answer = error.answer(request, iso(self.tenant.clock.now())[:-1])
        except Exception as error:  # a bug in the simulator must be seen by the test, not hang its client
            logging.getLogger(__name__).exception("The simulator failed at %s %s", request.method, request.path)
            self.failures.append(error)
            answer = GraphError(500, "SimulatorFailed", repr(error)).answer(request, "")
        self.faults.distort(request, answer)
        return answer

    def _answer(self, request: Request) -> Answer:
        segments = request.segments()
        if segments[0].lower() != "v1.0":
            raise GraphError(404, "BadRequest", f"Invalid version: {segments[0]}.")
        method, args, handler = request.method, [], None
        own = len(segments) > 1 and segments[1].lower() == "me"
        segments = _direct(["users", "me", *segments[2:]] if own else segments[1:] or [""])
        if segments[0].lower() == "users" and len(segments) > 1 and not own:
            mailbox = self.tenant.find(segments[1])
            request.mailbox = mailbox.address if mailbox else segments[1]
        for verb, path, kind, target in ROUTES:
            found = _match(path, segments)
            if found is not None and verb == method:
                request.kind, args, handler = kind, found[1:], target
                break
        forced = self.faults.answer(request)
        if forced is not None:
            return forced
        claims = self.entra.verify(request)
        request.app = claims["appid"]
        if handler is None:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segments[-1]}'.")
        call = Call(self.tenant, request, claims, args)
        if len(segments) > 1 and segments[0].lower() == "users":
            call.owner = self._owner(call, None if own else segments[1])
        return self._run(call, handler)

    def _owner(self, call: Call, key: str | None) -> Mailbox:
        """The user in the path; `/me` is the signed-in one and does not exist for an app alone."""
        if key is None:
            if "scp" not in call.claims:
                raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
            key = str(call.claims["oid"])
            call.request.mailbox = None
        mailbox = self.tenant.find(key)
        if mailbox is None:
            raise GraphError(
                404,
                "ErrorInvalidUser" if call.request.kind != "users" else "Request_ResourceNotFound",
                f"The requested user '{key}' is invalid.",
            )
        call.request.mailbox = mailbox.address
        return mailbox

    def _run(self, call: Call, handler: Handler) -> Answer:
        if call.owner is None or call.request.kind == "users":
            return handler(call)
        self._permit(call, call.owner)
        with self.tenant.passage(str(call.request.app), call.owner):
            lock: Any = call.owner.lock
            with lock if call.request.kind != "photo" else nullcontext():
                return handler(call)

    def _permit(self, call: Call, mailbox: Mailbox) -> None:
        """Permission of the app, then the mailbox's own state."""
        needed = ["Contacts.ReadWrite"]
        if call.request.method == "GET" or call.request.kind == "item":
            needed.append("Contacts.Read")
        stranger = "scp" in call.claims and call.claims["oid"] != mailbox.guid
        if stranger or not call.granted(*needed):
            raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        if mailbox.kind in _REFUSALS:
            raise GraphError(404, *_REFUSALS[mailbox.kind])
        if self.tenant.denied(mailbox):
            text = "Access to OData is disabled: blocked by tenant configured AppOnly AccessPolicy settings."
            raise GraphError(403, "ErrorAccessDenied", text)


def _direct(segments: list[str]) -> list[str]:
    """Nested spellings made direct: a child folder is reached by its own id, a contact by its own id."""
    parts = list(segments)
    lower = [part.lower() for part in parts]
    while len(parts) > 5 and lower[2] == "contactfolders" and lower[4] == "childfolders":
        del parts[3:5], lower[3:5]
    if len(parts) > 5 and lower[2] == "contactfolders" and lower[4] == "contacts" and lower[5] not in _WORDS:
        del parts[2:4]
    return parts


def _match(pattern: str, segments: list[str]) -> list[str] | None:
    """The ids in the path when it fits the pattern; words compare without case, ids as they are."""
    words = pattern.split("/")
    if len(words) != len(segments):
        return None
    found = []
    for word, given in zip(words, segments, strict=True):
        if word == "*":
            found.append(given)
        elif word != given.lower():
            return None
    return found
