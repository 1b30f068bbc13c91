"""Graph: takes a request to its handler through token, permission, mailbox and limits; what handlers do is theirs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from syncd.simulator import batch, contacts, directory, folders, photos
from syncd.simulator.call import Call
from syncd.simulator.clock import iso
from syncd.simulator.entra import Entra
from syncd.simulator.faults import Faults
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.subscriptions import Subscriptions
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, GraphError, Request, matched

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
    ("GET", "users/*/contacts/delta", "delta", contacts.delta),
    ("GET", "users/*/contacts/*", "item", contacts.get),
    ("PATCH", "users/*/contacts/*", "write", contacts.update),
    ("DELETE", "users/*/contacts/*", "write", contacts.delete),
    ("POST", "users/*/contacts/*/permanentdelete", "write", contacts.purge),
    ("GET", "users/*/contacts/*/photo", "photo", photos.describe),
    ("GET", "users/*/contacts/*/photo/$value", "photo", photos.read),
    ("PUT", "users/*/contacts/*/photo/$value", "photo", photos.write),
    ("PATCH", "users/*/contacts/*/photo/$value", "photo", photos.write),
    ("DELETE", "users/*/contacts/*/photo/$value", "photo", photos.remove),
    ("GET", "users/*/contacts/*/photos/*/$value", "photo", photos.sized),
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
    """The v1.0 surface over one tenant. `serve` takes the items of a batch, each a request like any other."""

    def __init__(self, tenant: Tenant, entra: Entra, faults: Faults, serve: Callable[[Request], Answer]) -> None:
        self.tenant, self.entra, self.faults, self.serve = tenant, entra, faults, serve
        self.failures: list[Exception] = []
        self.subscriptions = subscriptions = Subscriptions(tenant)
        self._routes: tuple[Route, ...] = (
            *ROUTES,
            ("POST", "$batch", "batch", self._batch),
            ("POST", "subscriptions", "subscriptions", subscriptions.create),
            ("GET", "subscriptions", "subscriptions", subscriptions.listing),
            ("GET", "subscriptions/*", "subscriptions", subscriptions.get),
            ("PATCH", "subscriptions/*", "subscriptions", subscriptions.renew),
            ("DELETE", "subscriptions/*", "subscriptions", subscriptions.remove),
            ("POST", "subscriptions/*/reauthorize", "subscriptions", subscriptions.reauthorize),
        )

    def handle(self, request: Request) -> Answer:
        """The answer to one request, be it an error."""
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
        version, *segments = request.segments()
        if version.lower() != "v1.0":
            raise GraphError(404, "BadRequest", f"Invalid version: {version}.")
        if segments and segments[0].lower() == "me":
            segments = ["users", "me", *segments[1:]]
        person, handler, args = self._route(request, _direct(segments))
        forced = self.faults.answer(request)
        if forced is not None:
            return forced
        claims = self.entra.verify(request)
        request.app = claims["appid"]
        if handler is None:
            raise self._lost(_direct(segments))
        call = Call(self.tenant, request, claims, args)
        if person is None:
            return handler(call)
        call.owner = self._owner(call, person)
        return self._run(call, call.owner, handler)

    def _route(self, request: Request, segments: list[str]) -> tuple[str | None, Handler | None, list[str]]:
        """Whom the path names, who handles it, the other ids in it; fills in the request's kind and mailbox."""
        person = segments[1] if len(segments) > 1 and segments[0].lower() == "users" else None
        if person is not None and person != "me":
            mailbox = self.tenant.find(person)
            request.mailbox = mailbox.address if mailbox else person
        for method, path, kind, handler in self._routes:
            found = matched(path, segments)
            if found is not None and method == request.method:
                request.kind = kind
                return person, handler, found[1:] if person is not None else found
        return person, None, []

    def _lost(self, segments: list[str]) -> GraphError:
        """Why a path has no handler: it knows other methods only, or there is no such path."""
        if any(matched(path, segments) is not None for _, path, _, _ in self._routes):
            text = "Specified HTTP method is not allowed for the request target."
            return GraphError(405, "Request_BadRequest", text)
        return GraphError(400, "BadRequest", f"Resource not found for the segment '{(segments or [''])[-1]}'.")

    def _owner(self, call: Call, person: str) -> Mailbox:
        """The user in the path; `/me` is the signed-in one and does not exist for an app alone."""
        if person == "me":
            if "scp" not in call.claims:
                raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
            person = str(call.claims["oid"])
        mailbox = self.tenant.find(person)
        if mailbox is None:
            code = "Request_ResourceNotFound" if call.request.kind == "users" else "ErrorInvalidUser"
            raise GraphError(404, code, f"The requested user '{person}' is invalid.")
        call.request.mailbox = mailbox.address
        return mailbox

    def _run(self, call: Call, mailbox: Mailbox, handler: Handler) -> Answer:
        if call.request.kind == "users":
            return handler(call)
        self._permit(call, mailbox)
        with self.tenant.passage(str(call.request.app), mailbox):
            if "slow" in call.request.quirks:
                time.sleep(float(call.request.quirks["slow"].get("seconds", 1)))
            with mailbox.lock:
                return handler(call)

    def _batch(self, call: Call) -> Answer:
        return batch.run(call.request, self.serve, self.tenant.random)

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
