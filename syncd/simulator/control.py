"""The control API: edits the simulated world from another process, by plain HTTP on loopback; no rule of Graph."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from syncd.simulator.contact import EMPTY
from syncd.simulator.mailbox import KINDS, Folder, Kind
from syncd.simulator.wire import PLAIN_JSON, Answer, GraphError, Request, matched
from syncd.simulator.world import World

Data = dict[str, Any]
Handler = Callable[[World, list[str], Data], Any]


class Control:
    """Answers only to its own random token (`Authorization: Bearer …`)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = secrets.token_urlsafe(24)

    def handle(self, request: Request) -> Answer:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return _refusal(401, "This is the simulator's control API; it wants the token that was printed at start.")
        try:
            return self._answer(request)
        except GraphError as error:
            return _refusal(error.status, error.message)
        except (KeyError, StopIteration) as error:
            return _refusal(404, f"Unknown: {error}.")
        except (TypeError, ValueError) as error:
            return _refusal(400, str(error))

    def _answer(self, request: Request) -> Answer:
        segments = request.segments()
        for method, path, handler in ROUTES:
            found = matched(path, segments)
            if found is not None and method == request.method:
                data = request.json() if request.body else dict(request.query)
                result = handler(self.world, found, data)
                return Answer(200, json.dumps(result).encode(), content_type=PLAIN_JSON)
        return _refusal(404, f"There is no {request.method} {request.path}.")


def _refusal(status: int, text: str) -> Answer:
    return Answer(status, {"error": text}, content_type=PLAIN_JSON)


def _only(data: Data, *names: str) -> None:
    """A misspelt name would change nothing and go unseen: it is refused."""
    for name in data:
        if name not in names:
            raise ValueError(f"There is no {name!r} here. Known: {', '.join(names)}.")


def _kind(name: str) -> Kind:
    if name in KINDS:
        return name
    raise ValueError(f"There is no kind of mailbox {name!r}. Known: {', '.join(KINDS)}.")


# -- mailboxes


def _mailboxes(world: World, args: list[str], data: Data) -> Any:
    boxes = list(world.tenant_data.mailboxes.values())
    return [{"address": box.address, "name": box.name, "guid": box.guid, "kind": box.kind} for box in boxes]


def _open(world: World, args: list[str], data: Data) -> Any:
    box = world.tenant_data.open(
        data["address"], str(data.get("name", data["address"])), _kind(data.get("kind", "user"))
    )
    return {"address": box.address, "guid": box.guid}


def _change(world: World, args: list[str], data: Data) -> Any:
    """`kind`, `quota` (bytes of sync states), `listed`; `allowed` with `after` seconds."""
    _only(data, "kind", "quota", "listed", "allowed", "after")
    box = world.mailbox(args[0])
    feed = world.tenant_data.feed(box)
    box.kind, box.listed = _kind(data.get("kind", box.kind)), data.get("listed", box.listed)
    feed.quota = data.get("quota", feed.quota)
    if "allowed" in data:
        change = world.tenant_data.allow if data["allowed"] else world.tenant_data.deny
        change(box.address, after=float(data.get("after", 0)))
    return {"address": box.address, "kind": box.kind, "bytes_used": feed.bytes_used}


def _close(world: World, args: list[str], data: Data) -> Any:
    world.tenant_data.close(world.mailbox(args[0]).address)
    return {}


def _truth(world: World, args: list[str], data: Data) -> Any:
    return world.truth(args[0])


def _all_truth(world: World, args: list[str], data: Data) -> Any:
    return {address: world.truth(address) for address in world.addresses}


# -- contacts and folders


def _add(world: World, args: list[str], data: Data) -> Any:
    _only(data, "folder", "at", *EMPTY)
    item = world.mailbox(args[0]).add(data.pop("folder", "contacts"), **data)
    return item.wire(True)


def _edit(world: World, args: list[str], data: Data) -> Any:
    _only(data, *EMPTY)
    return world.mailbox(args[0]).edit(args[1], **data).wire(True)


def _delete(world: World, args: list[str], data: Data) -> Any:
    box = world.mailbox(args[0])
    (box.purge if str(data.get("purge")).lower() == "true" else box.delete)(args[1])
    return {}


def _move(world: World, args: list[str], data: Data) -> Any:
    return world.mailbox(args[0]).move(args[1], data["folder"]).wire(True)


def _shown(folder: Folder) -> Data:
    return {"id": folder.id, "name": folder.name, "path": folder.path, "contacts": len(folder.items)}


def _folders(world: World, args: list[str], data: Data) -> Any:
    box = world.mailbox(args[0])
    with box.lock:
        return [_shown(folder) for folder in box.tree()]


def _add_folder(world: World, args: list[str], data: Data) -> Any:
    return _shown(world.mailbox(args[0]).add_folder(data["name"], data.get("parent", "contacts")))


def _change_folder(world: World, args: list[str], data: Data) -> Any:
    """`name`, and `parent`: where it is moved to."""
    box = world.mailbox(args[0])
    if "name" in data:
        box.rename_folder(args[1], data["name"])
    if "parent" in data:
        box.move_folder(args[1], data["parent"])
    return {}


def _remove_folder(world: World, args: list[str], data: Data) -> Any:
    world.mailbox(args[0]).remove_folder(args[1])
    return {}


# -- the rest of the world


def _add_fault(world: World, args: list[str], data: Data) -> Any:
    world.faults.add(data.pop("name"), data.pop("kind", "any"), **data)
    return {}


def _list_faults(world: World, args: list[str], data: Data) -> Any:
    return world.faults.report()


def _clear_faults(world: World, args: list[str], data: Data) -> Any:
    world.faults.clear()
    return {}


def _list_requests(world: World, args: list[str], data: Data) -> Any:
    return [asdict(seen) for seen in list(world.requests)]


def _clear_requests(world: World, args: list[str], data: Data) -> Any:
    world.requests.clear()
    return {}


def _advance(world: World, args: list[str], data: Data) -> Any:
    world.clock.advance(float(data["advance"]))
    return {"now": world.clock.now().isoformat()}


def _reset(world: World, args: list[str], data: Data) -> Any:
    world.reset_states(data.get("mailbox"))
    return {}


def _limits(world: World, args: list[str], data: Data) -> Any:
    """`concurrent`, `requests`, `window` (seconds), and `china`: true takes delta away."""
    tenant = world.tenant_data
    tenant.china = data.pop("china", tenant.china)
    for name, value in data.items():
        if name not in ("concurrent", "requests", "window"):
            raise ValueError(f"There is no limit {name!r}.")
        setattr(tenant.limits, name, value)
    return {**asdict(tenant.limits), "china": tenant.china}


def _sign_in(world: World, args: list[str], data: Data) -> Any:
    """`lifetime` of tokens, `revoke`: true, `roles`, `enabled`, `secret_expires` in seconds, `certificate` (PEM)."""
    _only(data, "lifetime", "revoke", "roles", "enabled", "secret_expires", "certificate")
    app = world.app
    world.entra.lifetime = data.get("lifetime", world.entra.lifetime)
    app.roles, app.enabled = data.get("roles", app.roles), data.get("enabled", app.enabled)
    if data.get("revoke"):
        world.entra.revoke()
    if "secret_expires" in data:
        app.secrets[0].expires = world.clock.now() + timedelta(seconds=float(data["secret_expires"]))
    if "certificate" in data:
        app.trust(data["certificate"])
    return {"client_id": app.client_id, "roles": app.roles, "enabled": app.enabled, "lifetime": world.entra.lifetime}


def _decide(world: World, args: list[str], data: Data) -> Any:
    world.entra.devices.decide(args[0], data["decision"], data.get("user", ""))
    return {}


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "mailboxes", _mailboxes),
    ("POST", "mailboxes", _open),
    ("PATCH", "mailboxes/*", _change),
    ("DELETE", "mailboxes/*", _close),
    ("GET", "mailboxes/*/truth", _truth),
    ("POST", "mailboxes/*/contacts", _add),
    ("PATCH", "mailboxes/*/contacts/*", _edit),
    ("DELETE", "mailboxes/*/contacts/*", _delete),
    ("POST", "mailboxes/*/contacts/*/move", _move),
    ("GET", "mailboxes/*/folders", _folders),
    ("POST", "mailboxes/*/folders", _add_folder),
    ("PATCH", "mailboxes/*/folders/*", _change_folder),
    ("DELETE", "mailboxes/*/folders/*", _remove_folder),
    ("GET", "truth", _all_truth),
    ("GET", "faults", _list_faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("GET", "requests", _list_requests),
    ("DELETE", "requests", _clear_requests),
    ("POST", "clock", _advance),
    ("POST", "reset-states", _reset),
    ("PATCH", "limits", _limits),
    ("PATCH", "sign-in", _sign_in),
    ("POST", "devices/*", _decide),
)
