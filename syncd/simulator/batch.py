"""`$batch`: up to 20 requests in one envelope, answered in any order; knows no resource."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from syncd.simulator.wire import PLAIN_JSON, Answer, GraphError, Headers, Listing, Request

LARGEST = 20
ABREAST = 4
"""Items of one mailbox that Outlook takes from one batch; the rest is throttled."""


def run(request: Request, serve: Callable[[Request], Answer], source: random.Random) -> Answer:
    """The envelope's answer: 200 even when all items failed; order by `source`."""
    items = request.json().get("requests")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise GraphError(400, "BadRequest", "Write the requests as a JSON array named 'requests'.")
    if len(items) > LARGEST:
        raise GraphError(400, "BadRequest", f"Number of batch request steps exceeds the max value of {LARGEST}.")
    ids = [str(item.get("id", "")).lower() for item in items]
    if "" in ids or len(set(ids)) != len(ids):
        raise GraphError(400, "BadRequest", "Each request of a batch needs an id of its own.")
    for item in items:
        _check(item, ids)
    done: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for item in items:
        done[str(item["id"])] = _one(item, request, serve, done, seen)
    return Answer(200, {"responses": source.sample(list(done.values()), len(done))})


def _check(item: Mapping[str, Any], ids: list[str]) -> None:
    """What makes the whole envelope no good: an item without method or relative url, or one that waits for nobody."""
    method, url = item.get("method"), item.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or "://" in url:
        raise GraphError(400, "BadRequest", "Each request of a batch needs a method and a url relative to the version.")
    if urlsplit(url).path.strip("/").lower() == "$batch":
        raise GraphError(400, "BadRequest", "A batch cannot hold a batch.")
    if any(str(parent).lower() not in ids for parent in item.get("dependsOn", ())):
        raise GraphError(400, "BadRequest", "A request of the batch depends on one that is not in it.")


def _one(
    item: Mapping[str, Any],
    envelope: Request,
    serve: Callable[[Request], Answer],
    done: Mapping[str, Mapping[str, Any]],
    seen: Counter[str],
) -> dict[str, Any]:
    for parent in item.get("dependsOn", ()):
        if parent not in done or done[parent]["status"] >= 400:
            return _failed(item, 424, "FailedDependency", "A request that this one depends on failed.")
    target = "/" + str(item.get("url", "")).lstrip("/")
    person = "/".join(urlsplit(target).path.lower().split("/")[:3])
    seen[person] += 1
    if seen[person] > ABREAST:
        text = "Application is over its MailboxConcurrency limit."
        return _failed(item, 429, "ApplicationThrottled", text, {"Retry-After": "0.249"})
    headers = Headers({"authorization": envelope.headers.get("authorization", "")})
    for name, value in item.get("headers", {}).items():
        headers.put(name, value)
    if "body" in item and "content-type" not in headers:
        return _failed(item, 400, "BadRequest", "A request with a body needs the header Content-Type.")
    body = json.dumps(item["body"]).encode() if "body" in item else b""
    answer = serve(Request(str(item.get("method", "GET")).upper(), f"/v1.0{target}", headers, body))
    return {"id": item["id"], "status": answer.status, "headers": _headers(answer), "body": _body(answer)}


def _headers(answer: Answer) -> dict[str, str]:
    return {**answer.headers, "Content-Type": answer.content_type}


def _body(answer: Answer) -> Any:
    if isinstance(answer.payload, Listing):
        return json.loads(answer.encode())
    if isinstance(answer.payload, bytes):
        return base64.b64encode(answer.payload).decode()
    return answer.payload


def _failed(
    item: Mapping[str, Any], status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    error = {"code": code, "message": message}
    return {
        "id": item["id"],
        "status": status,
        "headers": {"Content-Type": PLAIN_JSON, **(headers or {})},
        "body": {"error": error},
    }
