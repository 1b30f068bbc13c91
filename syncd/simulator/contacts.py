"""Contacts of Graph: delta, plain lists, single items and writes; how a mailbox changes is its own affair."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from syncd.simulator.call import Call, segment
from syncd.simulator.contact import EMPTY, HEAD
from syncd.simulator.mailbox import Folder, Item
from syncd.simulator.queries import expanded, filtered, ordered
from syncd.simulator.wire import Answer, GraphError, Listing

_TRACKED = ("$select", "$top", "$deltatoken", "$skiptoken")
_EXTRAS = ("singleValueExtendedProperties", "extensions")


def delta(call: Call) -> Answer:
    """`GET …/contactFolders/{id}/contacts/delta` or `…/contacts/delta` (default folder): a page of a round."""
    if call.tenant.china:
        raise GraphError(400, "BadRequest", "Change tracking is not supported against 'microsoft.graph.contact'.")
    place = call.args[0] if call.args else "contacts"
    folder, query = call.folder(place), call.query
    token = query.get("$skiptoken") or query.get("$deltatoken")
    quirks = dict(call.request.quirks)
    if not token:
        _check_start(query)
        token = call.feed.start(folder, call.select())
        if "$top" in query:
            quirks["top"] = {"rows": call.number("$top", 10, 1000)}
    page = call.feed.page(folder, token, call.request.page_size, call.request.immutable, quirks)
    rows = [_delta_row(row, call.request.immutable, page.select) for row in page.rows]
    listing = Listing(f"{call.tenant.root}/v1.0/$metadata#Collection(contact)", rows)
    if page.done:
        path = f"users('{call.mailbox.guid}')/contactfolders('{segment(place)}')/contacts/delta"
        listing.links["deltaLink"] = call.url(path, f"$deltatoken={page.token}")
    else:
        path = f"users/{call.mailbox.guid}/contactFolders/{segment(place)}/contacts/delta"
        listing.links["nextLink"] = call.url(path, f"$skiptoken={page.token}")
    return Answer(200, listing, call.applied(delta=True))


def _check_start(query: Mapping[str, str]) -> None:
    if "$expand" in query:
        raise GraphError(500, "InternalServerError", "Value cannot be null.\r\nParameter name: type")
    for name in query:
        if name.startswith("$") and name not in _TRACKED:
            raise GraphError(
                400, "ErrorInvalidUrlQuery", f"The query parameter '{name}' is not supported with change tracking."
            )


def _delta_row(row: Item | str, immutable: bool, select: frozenset[str] | None) -> str:
    if isinstance(row, str):
        return json.dumps({"id": row, "@removed": {"reason": "deleted"}})
    return row.text(immutable, select, True)


def listing(call: Call) -> Answer:
    """`GET …/contacts` (default folder) or `…/contactFolders/{id}/contacts`: offset paging, groups take slots."""
    call.only("$top", "$skip", "$select", "$filter", "$orderby", "$expand", "$count")
    folder = _place(call)
    found = ordered(filtered(list(folder.items), call.query.get("$filter")), call.query)
    top = call.number("$top", call.request.page_size or 10, 1000)
    skip = call.number("$skip", 0)
    select = call.select()
    shown = [item for item in found[skip : skip + top] if not item.hidden]
    rows = [_row(call, item, select) for item in shown]
    inside = f"/contactFolders('{call.args[0]}')" if call.args else ""
    page = Listing(call.context(f"users('{call.mailbox.guid}'){inside}/contacts"), rows)
    if skip + top < len(found):
        kept = ("$select", "$filter", "$orderby", "$expand", "$count")
        options: list[tuple[str, str]] = [(name, call.query[name]) for name in kept if name in call.query]
        options += [("$top", str(top)), ("$skip", str(skip + top))]
        path = (
            f"users/{call.mailbox.guid}/contactFolders/{segment(call.args[0])}/contacts"
            if call.args
            else f"users/{call.mailbox.guid}/contacts"
        )
        page.links["nextLink"] = call.url(path, "&".join(f"{name}={quote(value)}" for name, value in options))
    if call.query.get("$count", "").lower() == "true":
        page.count = len(found)
    return Answer(200, page, call.applied())


def count(call: Call) -> Answer:
    """`GET …/contacts/$count`: plain text, groups counted."""
    return Answer(200, str(len(_place(call).items)).encode(), content_type="text/plain")


def get(call: Call) -> Answer:
    call.only("$select", "$expand")
    item = call.item(call.args[-1])
    row = item.wire(call.request.immutable, call.select())
    return _entity(call, {**row, **expanded(item, call.query.get("$expand"))})


def create(call: Call) -> Answer:
    body = call.request.json()
    folder = _place(call)
    item = call.mailbox.add(folder.id, strict=True, **_written(body))
    _attach(item, body)
    return _entity(call, item.wire(call.request.immutable), 201)


def update(call: Call) -> Answer:
    item = _matching(call)
    body = call.request.json()
    call.mailbox.edit(item.immutable, strict=True, **_written(body))
    _attach(item, body)
    return _entity(call, item.wire(call.request.immutable))


def delete(call: Call) -> Answer:
    call.mailbox.delete(_matching(call).immutable)
    return Answer(204)


def purge(call: Call) -> Answer:
    """`POST …/contacts/{id}/permanentDelete`."""
    call.mailbox.purge(_matching(call).immutable)
    return Answer(204)


def translate(call: Call) -> Answer:
    """`POST …/translateExchangeIds`: up to 1,000 ids between the default and the immutable form."""
    body = call.request.json()
    ids, source, target = body.get("inputIds"), body.get("sourceIdType"), body.get("targetIdType")
    known = {"restId", "restImmutableEntryId"}
    if not isinstance(ids, list) or len(ids) > 1000 or source not in known or target not in known:
        raise GraphError(
            400, "ErrorInvalidArgument", "inputIds (at most 1000), sourceIdType and targetIdType are needed."
        )
    rows = []
    for key in ids:
        item = call.mailbox.item(str(key))
        if item is None or key != (item.default if source == "restId" else item.immutable):
            rows.append(
                {"sourceId": key, "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}}
            )
        else:
            rows.append(
                {"sourceId": key, "targetId": item.immutable if target == "restImmutableEntryId" else item.default}
            )
    return Answer(200, {"@odata.context": call.context("Collection(convertIdResult)"), "value": rows})


# -- inside


def _place(call: Call) -> Folder:
    folder = call.folder(call.args[0] if call.args else "contacts")
    if folder.gone:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return folder


def _row(call: Call, item: Item, select: frozenset[str] | None) -> str:
    if "$expand" not in call.query:
        return item.text(call.request.immutable, select, False)
    return json.dumps({**item.wire(call.request.immutable, select), **expanded(item, call.query["$expand"])})


def _entity(call: Call, row: Mapping[str, Any], status: int = 200) -> Answer:
    answer = call.entity(row, f"users('{call.mailbox.guid}')/contacts", status)
    answer.headers["ETag"] = str(row["@odata.etag"])
    return answer


def _matching(call: Call) -> Item:
    """The item of a write, unless `If-Match` names an older version."""
    item = call.item(call.args[-1])
    wanted = call.request.headers.get("if-match", "*")
    if wanted not in ("*", f'W/"{item.change_key}"'):
        text = "The operation could not be performed because the change key passed in the request is stale."
        raise GraphError(412, "ErrorIrresolvableConflict", text)
    return item


def _written(body: Mapping[str, Any]) -> dict[str, Any]:
    """The properties in the body of a write; what is read-only or unknown is refused."""
    props = {name: value for name, value in body.items() if name not in _EXTRAS and not name.startswith("@")}
    for name in props:
        if name in HEAD:
            raise GraphError(400, "ErrorInvalidPropertySet", f"The property '{name}' cannot be set here.")
        if name not in EMPTY:
            raise GraphError(400, "RequestBodyRead", f"The property '{name}' does not exist on the contact.")
    return props


def _attach(item: Item, body: Mapping[str, Any]) -> None:
    """Extended properties and open extensions sent along with a contact, kept by their id."""
    for entry in body.get("singleValueExtendedProperties") or ():
        item.extras[f"property {entry.get('id')}"] = dict(entry)
    for entry in body.get("extensions") or ():
        name = f"microsoft.graph.openTypeExtension.{entry.get('extensionName')}"
        item.extras[f"extension {name}"] = {**entry, "id": name}
