"""Wire: a request as it came in and the answer as it goes out; knows HTTP and JSON, no mailbox and no rule of Graph."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
PLAIN_JSON = "application/json; charset=utf-8"
_KEYED = re.compile(r"([A-Za-z.]+)\('((?:[^']|'')*)'\)")


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


class Headers(dict[str, str]):
    """Header names folded to lower case; repeated headers are joined by a comma, as HTTP allows."""

    def put(self, name: str, value: str) -> None:
        name = name.lower()
        self[name] = f"{self[name]}, {value}" if name in self else value


@dataclass(slots=True)
class Request:
    """One HTTP request. `target` is the path as sent; what begins at `id` is filled in while it is routed."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""
    id: str = ""
    kind: str = "any"
    mailbox: str | None = None
    app: str | None = None
    quirks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    struck: list[Any] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Decoded query options (`%24select` reads as `$select`)."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def segments(self) -> list[str]:
        """Decoded path segments; `users('x')` reads as `users`, `x` and `delta()` as `delta`."""
        parts: list[str] = []
        for raw in self.path.strip("/").split("/"):
            text = unquote(raw)
            keyed = _KEYED.fullmatch(text)
            if keyed:
                parts += [keyed[1], keyed[2].replace("''", "'")]
            else:
                parts.append(text.removesuffix("()").removeprefix("microsoft.graph."))
        return parts

    def preferences(self) -> dict[str, str]:
        """The `Prefer` header as name → value, names in lower case, quotes taken off."""
        found = {}
        for part in self.headers.get("prefer", "").split(","):
            name, _, value = part.strip().partition("=")
            found[name.strip().lower()] = value.strip().strip("\"'")
        return found

    @property
    def immutable(self) -> bool:
        return self.preferences().get("idtype", "").lower() == "immutableid"

    @property
    def page_size(self) -> int | None:
        value = self.preferences().get("odata.maxpagesize", "")
        return max(1, int(value)) if value.isascii() and value.isdigit() else None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; anything else is answered with 400, as Graph does."""
        try:
            data = json.loads(self.body)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload.")
        return data


@dataclass(slots=True)
class Listing:
    """A page of rows: each row is JSON text, so that a row is serialised once and sent often."""

    context: str
    rows: list[str]
    links: dict[str, str] = field(default_factory=dict)
    count: int | None = None

    def encode(self) -> bytes:
        head: dict[str, Any] = {"@odata.context": self.context}
        if self.count is not None:
            head["@odata.count"] = self.count
        head.update({f"@odata.{name}": link for name, link in self.links.items()})
        start = _compact(head)[:-1]
        return f'{start},"value":[{",".join(self.rows)}]}}'.encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Answer:
    """What is sent back. `wire` names a way to break the sending itself, `options` say how (see faults)."""

    status: int = 200
    payload: Listing | dict[str, Any] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    wire: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        if isinstance(self.payload, Listing):
            return self.payload.encode()
        if isinstance(self.payload, dict):
            return _compact(self.payload).encode("utf-8", "surrogatepass")
        return self.payload or b""


class GraphError(Exception):
    """An error that Graph answers with its envelope {"error": {"code", "message", "innerError"}}."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})

    def answer(self, request: Request, date: str) -> Answer:
        inner = {"date": date, "request-id": request.id}
        inner["client-request-id"] = request.headers.get("client-request-id", request.id)
        error = {"code": self.code, "message": self.message, "innerError": inner}
        return Answer(self.status, {"error": error}, dict(self.headers))


def matched(pattern: str, segments: list[str]) -> list[str] | None:
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
