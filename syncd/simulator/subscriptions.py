"""Change notifications: subscriptions, their handshake, their deliveries to a listener on this machine; no delta."""

from __future__ import annotations

import http.client
import json
import queue
import re
import secrets
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from syncd.simulator.call import Call
from syncd.simulator.clock import iso
from syncd.simulator.mailbox import Item, Mailbox
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import Answer, GraphError

SHORTEST = timedelta(minutes=45)
PATIENCE = 10.0
"""Seconds that a listener has to echo the validation token."""

_RESOURCE = re.compile(r"/?(?:v1\.0/)?users/([^/]+)/(?:contactfolders/([^/]+)/)?contacts/?", re.IGNORECASE)
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(slots=True)
class Subscription:
    """One subscription of an app; `folder` None is the whole mailbox."""

    id: str
    app: str
    mailbox: Mailbox
    folder: str | None
    body: dict[str, Any]
    expires: datetime

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "resource": self.body["resource"],
            "applicationId": self.app,
            "changeType": self.body["changeType"],
            "clientState": self.body.get("clientState"),
            "notificationUrl": self.body["notificationUrl"],
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.body.get("lifecycleNotificationUrl"),
            "expirationDateTime": iso(self.expires),
            "creatorId": self.app,
            "includeResourceData": None,
            "latestSupportedTlsVersion": "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


class Subscriptions:
    """All subscriptions. `longest` is the greatest lifetime, `lose` the number of notifications that get lost next."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.longest = timedelta(minutes=10_080)
        self.lose = 0
        self.deliveries: list[tuple[str, int]] = []
        self._live: dict[str, Subscription] = {}
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._postman: threading.Thread | None = None
        self._watched: set[str] = set()

    # -- handlers

    def create(self, call: Call) -> Answer:
        body = call.request.json()
        for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise GraphError(400, "InvalidRequest", f"Property {name} is required and cannot be null or empty.")
        mailbox, folder = self._resource(call, body["resource"])
        expires = self._expiry(body["expirationDateTime"])
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            if body.get(name):
                self._shake_hands(body[name])
        made = Subscription(str(uuid.uuid4()), str(call.request.app), mailbox, folder, body, expires)
        self._live[made.id] = made
        self._watch(mailbox)
        return self._shown(call, made, 201)

    def listing(self, call: Call) -> Answer:
        own = [each.wire() for each in self._living() if each.app == call.request.app]
        return Answer(200, {"@odata.context": call.context("subscriptions"), "value": own})

    def get(self, call: Call) -> Answer:
        return self._shown(call, self._own(call), 200)

    def renew(self, call: Call) -> Answer:
        found = self._own(call)
        found.expires = self._expiry(str(call.request.json().get("expirationDateTime")))
        return self._shown(call, found, 200)

    def remove(self, call: Call) -> Answer:
        del self._live[self._own(call).id]
        return Answer(204)

    def reauthorize(self, call: Call) -> Answer:
        self._own(call)
        return Answer(204)

    # -- for tests

    def lifecycle(self, key: str, event: str) -> None:
        """Tells the listener `missed`, `subscriptionRemoved` (and removes it) or `reauthorizationRequired`."""
        found = self._live[key]
        if event == "subscriptionRemoved":
            del self._live[key]
        url = found.body.get("lifecycleNotificationUrl")
        if url:
            self._post(url, {**self._head(found), "lifecycleEvent": event, "resource": found.body["resource"]})

    def settle(self) -> None:
        """Returns when all notifications so far are delivered or lost."""
        self._waiting.join()

    def stop(self) -> None:
        if self._postman:
            self._waiting.put(None)
            self._postman.join()

    # -- inside

    def _living(self) -> list[Subscription]:
        now = self.tenant.clock.now()
        self._live = {key: each for key, each in self._live.items() if each.expires > now}
        return list(self._live.values())

    def _own(self, call: Call) -> Subscription:
        for each in self._living():
            if each.id == call.args[-1] and each.app == call.request.app:
                return each
        raise GraphError(404, "ResourceNotFound", "The object was not found.")

    def _shown(self, call: Call, found: Subscription, status: int) -> Answer:
        context = f"{self.tenant.root}/v1.0/$metadata#subscriptions/$entity"
        return Answer(status, {"@odata.context": context, **found.wire()})

    def _resource(self, call: Call, resource: str) -> tuple[Mailbox, str | None]:
        match = _RESOURCE.fullmatch(resource)
        mailbox = self.tenant.find(match[1]) if match else None
        if match is None or mailbox is None:
            raise GraphError(400, "ExtensionError", f"The resource '{resource}' cannot be subscribed to.")
        if not call.granted("Contacts.Read", "Contacts.ReadWrite") or self.tenant.denied(mailbox):
            raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        folder = match[2] and unquote(match[2])
        if folder and folder not in [each.id for each in mailbox.tree()]:
            raise GraphError(400, "ExtensionError", f"The resource '{resource}' cannot be subscribed to.")
        return mailbox, folder

    def _expiry(self, text: str) -> datetime:
        try:
            wanted = datetime.fromisoformat(text)
        except ValueError:
            raise GraphError(400, "InvalidRequest", f"'{text}' is no date and time.") from None
        wanted = wanted.replace(tzinfo=UTC) if wanted.tzinfo is None else wanted.astimezone(UTC)
        now = self.tenant.clock.now()
        if wanted <= now or wanted > now + self.longest:
            most = int(self.longest.total_seconds() // 60)
            raise GraphError(400, "InvalidRequest", f"Expiration can only be {most} minutes in the future.")
        return max(wanted, now + SHORTEST)

    def _shake_hands(self, url: str) -> None:
        token = f"Validation: Testing client application reachability {secrets.token_hex(8)}"
        asked = f"{url}{'&' if '?' in url else '?'}validationToken={quote(token)}"
        status, kind, body = _deliver(asked, "text/plain", b"")
        if status != 200 or not kind.startswith("text/plain") or body != token.encode():
            text = f"Subscription validation request failed. Response status {status or 'none'}."
            raise GraphError(400, "ValidationError", text)

    def _watch(self, mailbox: Mailbox) -> None:
        if mailbox.address not in self._watched:
            self._watched.add(mailbox.address)
            mailbox.watchers.append(self._changed)
        if self._postman is None:
            self._postman = threading.Thread(target=self._carry, name="simulator:postman", daemon=True)
            self._postman.start()

    def _changed(self, mailbox: Mailbox, item: Item, change: str) -> None:
        for each in self._living():
            fits = each.mailbox is mailbox and each.folder in (None, item.folder.id)
            if fits and change in each.body["changeType"].split(","):
                path = f"Users/{mailbox.guid}/Contacts/{item.default}"
                data = {"@odata.type": "#Microsoft.Graph.Contact", "@odata.id": path, "id": item.default}
                data["@odata.etag"] = f'W/"{item.change_key}"'
                event = {"changeType": change, "resource": path, "resourceData": data}
                self._post(each.body["notificationUrl"], {**self._head(each), **event})

    def _head(self, found: Subscription) -> dict[str, Any]:
        ends = f"{found.expires:%Y-%m-%dT%H:%M:%S}.0000000+00:00"
        head = {"subscriptionId": found.id, "subscriptionExpirationDateTime": ends, "tenantId": self.tenant.id}
        return {**head, "clientState": found.body.get("clientState")}

    def _post(self, url: str, event: dict[str, Any]) -> None:
        if self.lose > 0:
            self.lose -= 1
            return
        self._waiting.put((url, event))

    def _carry(self) -> None:
        """The postman: one delivery after the other, a failed one once more."""
        while (letter := self._waiting.get()) is not None:
            url, event = letter
            body = json.dumps({"value": [event]}).encode()
            status = _deliver(url, "application/json", body)[0]
            if not 200 <= status < 300:
                status = _deliver(url, "application/json", body)[0]
            self.deliveries.append((url, status))
            self._waiting.task_done()


def _deliver(url: str, kind: str, body: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of a POST to a listener on this machine; status 0 when there is none."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise GraphError(400, "InvalidRequest", "The simulator reaches listeners at http://127.0.0.1 only.")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}", body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    except (OSError, http.client.HTTPException):
        return 0, "", b""
    finally:
        connection.close()
