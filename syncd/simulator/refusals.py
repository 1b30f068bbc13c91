"""Refusals that a fault can force: every status, code and body that Graph and Entra are known to answer with."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from syncd.simulator.clock import iso
from syncd.simulator.wire import PLAIN_JSON, Answer, GraphError, Request

_STALE = "The mailbox store is temporarily unavailable. It is currently on backend 'Unknown'."
_GENERATION = "The sync state generation is not found; generation=12;[highest=20][20][18][19]."
_ON_PREMISE = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
_POLICY = "Access to OData is disabled: blocked by tenant configured AppOnly AccessPolicy settings."
_CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1700000000"}}}
HTML = b"<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h2>Not available</h2></body></html>"

_CROWDED = "Application is over its MailboxConcurrency limit."
_NO_DELTA = "Change tracking is not supported against 'microsoft.graph.contact'."
_ITEM = "The specified object was not found in the store."
_FOLDER = "The specified folder could not be found in the store."
_CAE = "Continuous access evaluation resulted in challenge."
_RIGHTS = "Insufficient privileges to complete the operation."


def _graph(status: int, code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "code": code, "message": message, **more}


def _oauth(status: int, error: str, number: int, message: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "error": error, "number": number, "message": message, **more}


REFUSALS: dict[str, dict[str, Any]] = {
    "status": _graph(500, "InternalServerError", "An error occurred."),
    "throttle": _graph(429, "TooManyRequests", "Please retry again later.", retry_after=1),
    "concurrency": _graph(429, "ApplicationThrottled", _CROWDED, retry_after=1),
    "objects": _graph(429, "ErrorTooManyObjectsOpened", "Too many concurrent connections opened."),
    "server-error": _graph(500, "ErrorInternalServerTransientError", "Cannot open mailbox."),
    "corrupt": _graph(500, "ErrorCorruptData", "Data is corrupt."),
    "bad-gateway": {"status": 502, "body": "html"},
    "unavailable": {"status": 503, "body": "empty"},
    "stale": _graph(503, "MailboxInfoStale", _STALE),
    "gateway-timeout": _graph(504, "UnknownError", ""),
    "bandwidth": _graph(509, "BandwidthLimitExceeded", "Bandwidth limit exceeded."),
    "locked": _graph(423, "resourceLocked", "The resource is locked."),
    "unauthorized": _graph(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
    "claims": _graph(401, "InvalidAuthenticationToken", _CAE),
    "gone": _graph(410, "SyncStateNotFound", _GENERATION),
    "resync": _graph(410, "ResyncRequired", "Resync required. Replace any local items.", location=True),
    "bad-state": _graph(400, "SyncStateInvalid", "The sync state is invalid."),
    "bad-token": _graph(400, "ErrorInvalidIdMalformed", "Badly formed token."),
    "no-delta": _graph(400, "BadRequest", _NO_DELTA),
    "empty-404": {"status": 404, "body": "empty"},
    "item-gone": _graph(404, "ErrorItemNotFound", _ITEM),
    "folder-gone": _graph(404, "ErrorSyncFolderNotFound", _FOLDER),
    "denied": _graph(403, "ErrorAccessDenied", _POLICY),
    "quota": _graph(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size."),
    "no-mailbox": _graph(404, "MailboxNotEnabledForRESTAPI", _ON_PREMISE),
    "no-user": _graph(404, "ErrorInvalidUser", "The requested user is invalid."),
    "no-right": _graph(403, "Authorization_RequestDenied", _RIGHTS),
    "redirect": {"status": 302, "body": "empty", "headers": {"Location": "https://elsewhere.example/v1.0/"}},
    "token-refused": _oauth(401, "invalid_client", 7000215, "Invalid client secret provided."),
    "token-throttled": _oauth(429, "temporarily_unavailable", 90055, "Server is overloaded.", retry_after=1),
    "token-down": _oauth(503, "temporarily_unavailable", 90033, "A transient error has occurred."),
    "token-page": {"status": 200, "body": "html"},
    "token-missing": {"status": 200, "body": "object"},
}
"""Name → what is answered; a fault's own options stand above these."""


def refuse(name: str, options: Mapping[str, Any], request: Request, now: datetime, root: str) -> Answer:
    """The answer of the refusal `name`. Options: `status`, `code`, `message`, `error`, `number`, `body`
    (`json`, `empty`, `html`, `object`), `headers`, `retry_after` (number, text as is, "date+N" for N seconds on).
    """
    wanted = {**REFUSALS[name], **options}
    headers = dict(wanted.get("headers", {}))
    if wanted.get("retry_after") is not None:
        headers["Retry-After"] = _wait(wanted["retry_after"], now)
    if wanted.get("location"):
        headers["Location"] = f"{root}{request.path}?$deltatoken=" if wanted["location"] is True else wanted["location"]
    if name == "claims":
        claims = base64.b64encode(json.dumps(_CLAIMS).encode()).decode()
        headers["WWW-Authenticate"] = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
    elif wanted["status"] == 401 and "code" in wanted:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="", error="invalid_token"')
    return _body(wanted, headers, request, now)


def _body(wanted: Mapping[str, Any], headers: dict[str, str], request: Request, now: datetime) -> Answer:
    status, body = wanted["status"], wanted.get("body", "json")
    if body == "html":
        return Answer(status, HTML, headers, "text/html")
    if body == "empty":
        return Answer(status, None, headers, "")
    if body == "object":
        return Answer(status, {"note": "an object without what was asked for"}, headers, PLAIN_JSON)
    if "error" in wanted or request.kind in ("token", "discovery"):
        error, number = wanted.get("error", "server_error"), wanted.get("number", 90033)
        text = f"AADSTS{number}: {wanted['message']} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        return Answer(status, {"error": error, "error_description": text, "error_codes": [number]}, headers, PLAIN_JSON)
    return GraphError(status, wanted["code"], wanted["message"], headers).answer(request, iso(now)[:-1])


def _wait(value: Any, now: datetime) -> str:
    text = str(value)
    if text.startswith("date+"):
        return format_datetime(now + timedelta(seconds=float(text[5:])), usegmt=True)
    return text
