"""The directory of Graph: users of the tenant, paged by a skip token; knows no contact."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote

from syncd.simulator.call import Call
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.wire import Answer, GraphError, Listing

_NAMES = ("id", "userPrincipalName", "mail", "displayName", "userType", "accountEnabled", "assignedPlans")
_FILTER = re.compile(
    r"(userPrincipalName|mail|displayName|userType|accountEnabled) eq (?:(true|false)|'((?:[^']|'')*)')"
)
_PLAN = {"capabilityStatus": "Enabled", "service": "exchange", "servicePlanId": "9aaf7827-d63c-4b61-89c3-182f06f82e5c"}


def users(call: Call) -> Answer:
    """`GET /users`: 100 a page, at most 999."""
    _permit(call)
    call.only("$select", "$top", "$skiptoken", "$filter", "$count")
    found = _filtered(call, [box for box in list(call.tenant.mailboxes.values()) if box.listed])
    top = call.number("$top", 100, 999)
    start = _offset(call.query.get("$skiptoken"))
    names = _select(call)
    listing = Listing(call.context("users"), [json.dumps(_wire(box, names)) for box in found[start : start + top]])
    if start + top < len(found):
        token = "RFNwdAIA" + base64.urlsafe_b64encode(f"{start + top:08}".encode()).decode().rstrip("=")
        kept = "".join(f"{name}={quote(call.query[name])}&" for name in ("$select", "$filter") if name in call.query)
        listing.links["nextLink"] = call.url("users", f"{kept}$top={top}&$skiptoken={token}")
    if call.query.get("$count", "").lower() == "true":
        listing.count = len(found)
    return Answer(200, listing)


def user(call: Call) -> Answer:
    _permit(call)
    return call.entity(_wire(call.mailbox, _select(call)), "users")


def _permit(call: Call) -> None:
    if not call.granted("User.Read.All", "User.ReadBasic.All", "Directory.Read.All", "User.Read"):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _filtered(call: Call, boxes: list[Mailbox]) -> list[Mailbox]:
    """`property eq value` for the plain properties; advanced filters need more than this directory has."""
    wanted = call.query.get("$filter")
    if wanted is None:
        return boxes
    match = _FILTER.fullmatch(wanted.strip())
    if match is None:
        raise GraphError(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
    value: object = match[2].lower() == "true" if match[2] else match[3].replace("''", "'")
    return [box for box in boxes if _wire(box, (match[1],))[match[1]] == value]


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
