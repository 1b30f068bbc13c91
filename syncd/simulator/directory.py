"""The directory of Graph: users of the tenant, paged by a skip token; knows no contact."""

from __future__ import annotations

import base64
import json

from syncd.simulator.call import Call
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.wire import Answer, GraphError, Listing

_NAMES = ("id", "userPrincipalName", "mail", "displayName", "userType", "accountEnabled", "assignedPlans")
_PLAN = {"capabilityStatus": "Enabled", "service": "exchange", "servicePlanId": "9aaf7827-d63c-4b61-89c3-182f06f82e5c"}


def users(call: Call) -> Answer:
    """`GET /users`: 100 a page, at most 999."""
    _permit(call)
    call.only("$select", "$top", "$skiptoken", "$filter", "$count", "$orderby")
    found = [box for box in call.tenant.mailboxes.values() if box.listed]
    top = call.number("$top", 100, 999)
    start = _offset(call.query.get("$skiptoken"))
    names = _select(call)
    listing = Listing(call.context("users"), [json.dumps(_wire(box, names)) for box in found[start : start + top]])
    if start + top < len(found):
        token = "RFNwdAIA" + base64.urlsafe_b64encode(f"{start + top:08}".encode()).decode().rstrip("=")
        select = f"$select={call.query['$select']}&" if "$select" in call.query else ""
        listing.links["nextLink"] = call.url("users", f"{select}$top={top}&$skiptoken={token}")
    if call.query.get("$count", "").lower() == "true":
        listing.count = len(found)
    return Answer(200, listing)


def user(call: Call) -> Answer:
    _permit(call)
    return call.entity(_wire(call.mailbox, _select(call)), "users")


def _permit(call: Call) -> None:
    if not call.granted("User.Read.All", "User.ReadBasic.All", "Directory.Read.All", "User.Read"):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _select(call: Call) -> tuple[str, ...]:
    names = tuple(name.strip() for name in call.query.get("$select", ",".join(_NAMES[:4])).split(","))
    for name in names:
        if name not in _NAMES:
            text = f"Could not find a property named '{name}' on type 'microsoft.graph.user'."
            raise GraphError(400, "Request_BadRequest", f"Parsing OData Select and Expand failed: {text}")
    return names


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.removeprefix("RFNwdAIA") + "=="))
    except ValueError:
        raise GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired.") from None


def _wire(box: Mailbox, names: tuple[str, ...]) -> dict[str, object]:
    guest = box.kind == "guest"
    whole: dict[str, object] = {
        "id": box.guid,
        "userPrincipalName": box.address,
        "mail": None if box.kind == "unlicensed" else box.address,
        "displayName": box.name,
        "userType": "Guest" if guest else "Member",
        "accountEnabled": box.kind != "shared",
        "assignedPlans": [_PLAN] if box.kind == "user" else [],
    }
    return {name: whole[name] for name in ("id", *names)}
