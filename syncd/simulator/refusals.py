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
HTML = b"<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h2>Our services aren't available right now</h2></body></html>"

REFUSALS: dict[str, dict[str, Any]] = {
    "status": {"status": 500, "code": "InternalServerError", "message": "An error occurred."},
    "throttle": {"status": 429, "code": "TooManyRequests", "message": "Please retry again later.", "retry_after": 1},
    "concurrency": {"status": 429, "code": "ApplicationThrottled", "message": "Application is over its MailboxConcurrency limit.", "retry_after": 1},
    "objects": {"status": 429, "code": "ErrorTooManyObjectsOpened", "message": "Too many concurrent connections opened., Cannot open mailbox."},
    "server-error": {"status": 500, "code": "ErrorInternalServerTransientError", "message": "Cannot open mailbox."},
    "corrupt": {"status": 500, "code": "ErrorCorruptData", "message": "Data is corrupt."},
    "bad-gateway": {"status": 502, "body": "html"},
    "unavailable": {"status": 503, "body": "empty"},
    "stale": {"status": 503, "code": "MailboxInfoStale", "message": _STALE},
    "gateway-timeout": {"status": 504, "code": "UnknownError", "message": ""},
    "bandwidth": {"status": 509, "code": "BandwidthLimitExceeded", "message": "Bandwidth limit exceeded."},
    "locked": {"status": 423, "code": "resourceLocked", "message": "The resource is locked."},
    "unauthorized": {"status": 401, "code": "InvalidAuthenticationToken", "message": "Lifetime validation failed, the token is expired."},
    "claims": {"status": 401, "code": "InvalidAuthenticationToken", "message": "Continuous access evaluation resulted in challenge."},
    "gone": {"status": 410, "code": "SyncStateNotFound", "message": _GENERATION},
    "resync": {"status": 410, "code": "ResyncRequired", "message": "Resync required. Replace any local items.", "location": True},
    "bad-state": {"status": 400, "code": "SyncStateInvalid", "message": "The sync state is invalid."},
    "bad-token": {"status": 400, "code": "ErrorInvalidIdMalformed", "message": "Badly formed token."},
    "no-delta": {"status": 400, "code": "BadRequest", "message": "Change tracking is not supported against 'microsoft.graph.contact'."},
    "empty-404": {"status": 404, "body": "empty"},
    "item-gone": {"status": 404, "code": "ErrorItemNotFound", "message": "The specified object was not found in the store."},
    "folder-gone": {"status": 404, "code": "ErrorSyncFolderNotFound", "message": "The specified folder could not be found in the store."},
    "denied": {"status": 403, "code": "ErrorAccessDenied", "message": _POLICY},
    "quota": {"status": 403, "code": "ErrorQuotaExceeded", "message": "Mailbox has exceeded maximum mailbox size."},
    "no-mailbox": {"status": 404, "code": "MailboxNotEnabledForRESTAPI", "message": _ON_PREMISE},
    "no-user": {"status": 404, "code": "ErrorInvalidUser", "message": "The requested user is invalid."},
    "no-right": {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."},
    "redirect": {"status": 302, "body": "empty", "headers": {"Location": "https://elsewhere.example/v1.0/"}},
    "token-refused": {"status": 401, "error": "invalid_client", "number": 7000215, "message": "Invalid client secret provided."},
    "token-throttled": {"status": 429, "error": "temporarily_unavailable", "number": 90055, "message": "Server is overloaded.", "retry_after": 1},
    "token-down": {"status": 503, "error": "temporarily_unavailable", "number": 90033, "message": "A transient error has occurred."},
    "token-page": {"status": 200, "body": "html"},
    "token-missing": {"status": 200, "body": "object"},
}  # fmt: skip
"""Name → what is answered; a fault's own options stand above these."""


def refuse(name: str, options: Mapping[str, Any], request: Request, now: datetime, root: str) -> Answer:
    """The answer of the refusal `name`. Options: `status`, `code`, `message`, `error`, `number`, `body`
    (`json`, `empty`, `html`, `object`), `headers`, `retry_after` (number, text as is, or "date+N" for a date N seconds on).
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
