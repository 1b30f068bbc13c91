"""Distortions: ways in which a good answer is spoilt before it is sent, each by name; knows wire shapes only."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from syncd.simulator.refusals import HTML
from syncd.simulator.wire import Answer, Listing, Request

Options = Mapping[str, Any]
Distortion = Callable[[Answer, Request, Options, list[str]], None]


def _listing(answer: Answer) -> Listing | None:
    return answer.payload if isinstance(answer.payload, Listing) else None


def _raw(answer: Answer, body: bytes, content_type: str | None = None) -> None:
    answer.payload = body
    if content_type is not None:
        answer.content_type = content_type


def _value(answer: Answer, text: str) -> None:
    """Puts `text` where the list of rows was."""
    page = _listing(answer)
    if page is None:
        return
    page.rows = []
    _raw(answer, page.encode().replace(b'"value":[]', text.encode()))


def _edit(answer: Answer, options: Options, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes one row of a page (option `row`, default the first that is no tombstone), or a single object."""
    if isinstance(answer.payload, dict):
        answer.payload = dict(answer.payload)
        change(answer.payload)
        return
    page = _listing(answer)
    if page is None:
        return
    page.rows = list(page.rows)
    alive = [index for index, row in enumerate(page.rows) if '"@removed"' not in row]
    number = int(options.get("row", 0))
    if number >= len(alive):
        return
    row = json.loads(page.rows[alive[number]])
    change(row)
    page.rows[alive[number]] = json.dumps(row)


def empty_body(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _raw(answer, b"")


def html(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _raw(answer, HTML, "text/html")


def not_json(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _raw(answer, b"OK")


def truncated(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    body = answer.encode()
    _raw(answer, body[: int(len(body) * float(options.get("part", 0.6)))])


def oversized(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Blanks behind the JSON up to `bytes` in all (default 40 MB)."""
    _raw(answer, answer.encode().ljust(int(options.get("bytes", 40_000_000))))


def value_null(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _value(answer, '"value":null')


def value_missing(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _value(answer, '"values":[]')


def control(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Raw control characters inside a JSON text, as Exchange has sent them."""
    _edit(answer, options, lambda row: row.update(personalNotes="before\u0006after"))
    body = answer.encode().replace(b"before\\u0006after", b"before\x06\x0bafter")
    _raw(answer, body)


def no_id(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _edit(answer, options, lambda row: row.pop("id", None))


def set_field(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """`fields`: property → value (of any type) written over one row."""
    _edit(answer, options, lambda row: row.update(options.get("fields", {"emailAddresses": "none"})))


def drop_field(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """`fields`: properties left out of one row."""

    def drop(row: dict[str, Any]) -> None:
        for name in options.get("fields", ["jobTitle"]):
            row.pop(name, None)

    _edit(answer, options, drop)


def link(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """`next` and `delta`: a link's new text ("" takes it away, absent leaves it); {link} in it is the present one."""
    page = _listing(answer)
    if page is None:
        return
    present = next(iter(page.links.values()), "")
    for option, name in (("next", "nextLink"), ("delta", "deltaLink")):
        text = options.get(option)
        if text == "":
            page.links.pop(name, None)
        elif text is not None:
            page.links[name] = str(text).replace("{link}", present)


def foreign_link(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _relink(answer, lambda text: str(options.get("origin", "https://elsewhere.example")) + _tail(text))


def plain_link(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    _relink(answer, lambda text: text.replace("https://", "http://", 1))


def self_link(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    page = _listing(answer)
    if page is None:
        return
    origin = next(iter(page.links.values()), "").split("/v1.0/", 1)[0]
    page.links = {"nextLink": f"{origin}{request.target}"}


def cycle(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """From the `size`-th page on (default 3), the nextLink leads back to the first page seen."""
    page = _listing(answer)
    if page is None:
        return
    origin = next(iter(page.links.values()), "").split("/v1.0/", 1)[0]
    memory.append(f"{origin}{request.target}")
    if len(memory) >= int(options.get("size", 3)):
        page.links = {"nextLink": memory[0]}


def both_links(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    page = _listing(answer)
    if page is not None:
        text = next(iter(page.links.values()), "")
        page.links = {"nextLink": text, "deltaLink": text, **page.links}


def no_links(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    page = _listing(answer)
    if page is not None:
        page.links = {}


def duplicates(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Each row twice on the page; rows of the page before once more."""
    page = _listing(answer)
    if page is not None:
        fresh = list(page.rows)
        page.rows = [*memory, *fresh, *fresh]
        memory[:] = fresh


def older(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Behind each row an older version of it (`days` older, default 1, with another job title)."""
    page = _listing(answer)
    if page is None:
        return
    rows = []
    for text in page.rows:
        row = json.loads(text)
        rows.append(text)
        if "lastModifiedDateTime" in row:
            row.update(lastModifiedDateTime="2001-01-01T00:00:00Z", jobTitle="Older version")
            rows.append(json.dumps(row))
    page.rows = rows


def shuffle(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    page = _listing(answer)
    if page is not None:
        page.rows = random.Random(int(options.get("seed", 1))).sample(page.rows, len(page.rows))


def tombstones(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Tombstones of `ids`, or of `rows` ids that nobody has seen, with `reason`; `legacy` gives the older shape."""
    page = _listing(answer)
    if page is None:
        return
    ids = options.get("ids") or [f"AAkALgAAghost{number:04}{'x' * 55}" for number in range(int(options.get("rows", 3)))]
    reason = options.get("reason", "deleted")
    marks: list[dict[str, Any]] = [
        {"id": key, "reason": reason} if options.get("legacy") else {"id": key, "@removed": {"reason": reason}}
        for key in ids
    ]
    page.rows = (
        [*map(json.dumps, marks), *page.rows] if options.get("before", True) else [*page.rows, *map(json.dumps, marks)]
    )


def lost(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """Rows that delta never tells of: tombstones (or, `what="rows"`, all rows) are left out."""
    page = _listing(answer)
    if page is not None:
        page.rows = [] if options.get("what") == "rows" else [row for row in page.rows if '"@removed"' not in row]


def no_preference(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    answer.headers.pop("preference-applied", None)
    answer.headers.pop("Preference-Applied", None)


def wrong_preference(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    no_preference(answer, request, options, memory)
    answer.headers["Preference-Applied"] = str(options.get("text", "odata.track-changes"))


def bomb(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    """A small body that unpacks to `bytes` (default 64 MB)."""
    oversized(answer, request, {"bytes": 64_000_000, **options}, memory)
    answer.headers["Content-Encoding"] = "gzip"
    _raw(answer, gzip.compress(answer.encode(), 1))


def bad_gzip(answer: Answer, request: Request, options: Options, memory: list[str]) -> None:
    answer.headers["Content-Encoding"] = "gzip"
    _raw(answer, b"\x1f\x8b\x08\x00this is no gzip stream")


def _relink(answer: Answer, change: Callable[[str], str]) -> None:
    page = _listing(answer)
    if page is not None:
        page.links = {name: change(text) for name, text in page.links.items()}


def _tail(text: str) -> str:
    return "/v1.0/" + text.split("/v1.0/", 1)[-1]


DISTORTIONS: dict[str, Distortion] = {
    "empty-body": empty_body,
    "html": html,
    "not-json": not_json,
    "truncated": truncated,
    "oversized": oversized,
    "value-null": value_null,
    "value-missing": value_missing,
    "control": control,
    "no-id": no_id,
    "set-field": set_field,
    "drop-field": drop_field,
    "link": link,
    "foreign-link": foreign_link,
    "plain-link": plain_link,
    "self-link": self_link,
    "cycle": cycle,
    "both-links": both_links,
    "no-links": no_links,
    "duplicates": duplicates,
    "older": older,
    "shuffle": shuffle,
    "tombstones": tombstones,
    "lost": lost,
    "no-preference": no_preference,
    "wrong-preference": wrong_preference,
    "bomb": bomb,
    "bad-gzip": bad_gzip,
}
