"""Contact folders of Graph: the tree one level at a time, without the default folder, as the real one lists it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

from syncd.simulator.call import Call, segment
from syncd.simulator.mailbox import Folder
from syncd.simulator.wire import Answer, GraphError, Listing


def _wire(folder: Folder, select: Iterable[str] = ()) -> dict[str, str]:
    whole = {"id": folder.id, "parentFolderId": (folder.parent or folder).id, "displayName": folder.name}
    return {name: value for name, value in whole.items() if not select or name == "id" or name in select}


def _selected(call: Call) -> list[str]:
    """The projection asked for, empty for all; an unknown name is refused."""
    names = [name.strip() for name in call.query.get("$select", "").split(",") if name.strip()]
    unknown = next((name for name in names if name not in ("id", "parentFolderId", "displayName")), None)
    if unknown:
        text = f"Could not find a property named '{unknown}' on type 'microsoft.graph.contactFolder'."
        raise GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: {text}")
    return names


def roots(call: Call) -> Answer:
    """`GET …/contactFolders`: what lies directly below the default folder; itself it is not in the list."""
    return _page(call, call.mailbox.default, "contactFolders")


def children(call: Call) -> Answer:
    folder = _live(call, call.args[0])
    return _page(call, folder, f"contactFolders/{segment(call.args[0])}/childFolders")


def get(call: Call) -> Answer:
    row = _wire(_live(call, call.args[0]), _selected(call))
    return call.entity(row, f"users('{call.mailbox.guid}')/contactFolders")


def create(call: Call) -> Answer:
    """`POST …/contactFolders` or `…/childFolders`."""
    parent = _live(call, call.args[0]) if call.args else call.mailbox.default
    name = _name(call)
    if any(child.name == name for child in call.mailbox.children(parent)):
        raise GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.")
    folder = call.mailbox.add_folder(name, parent.id)
    return call.entity(_wire(folder), f"users('{call.mailbox.guid}')/contactFolders", 201)


def rename(call: Call) -> Answer:
    folder = _live(call, call.args[0])
    call.mailbox.rename_folder(folder.id, _name(call))
    return get(call)


def remove(call: Call) -> Answer:
    call.mailbox.remove_folder(_live(call, call.args[0]).id)
    return Answer(204)


def unsupported(call: Call) -> Answer:
    raise GraphError(400, "BadRequest", "Change tracking is not supported against 'microsoft.graph.contactFolder'.")


def _name(call: Call) -> str:
    name = call.request.json().get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise GraphError(400, "ErrorInvalidArgument", "The folder needs a displayName.")
    return name


def _live(call: Call, key: str) -> Folder:
    folder = call.folder(key)
    if folder.gone:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return folder


def _page(call: Call, parent: Folder, path: str) -> Answer:
    call.only("$top", "$skip", "$select", "$filter", "$count")
    found, select = call.mailbox.children(parent), _selected(call)
    wanted = call.query.get("$filter")
    if wanted is not None:
        if not (wanted.startswith("displayName eq '") and wanted.endswith("'")):
            raise GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter is not supported.")
        found = [folder for folder in found if folder.name == wanted[16:-1].replace("''", "'")]
    top = call.number("$top", call.request.page_size or 10, 1000)
    skip = call.number("$skip", 0)
    rows = [json.dumps(_wire(folder, select)) for folder in found[skip : skip + top]]
    below = f"('{call.args[0]}')/childFolders" if call.args else ""
    listing = Listing(call.context(f"users('{call.mailbox.guid}')/contactFolders{below}"), rows)
    if skip + top < len(found):
        kept = "".join(
            f"&{quote(name, safe='$')}={quote(call.query[name])}"
            for name in ("$select", "$filter")
            if name in call.query
        )
        listing.links["nextLink"] = call.url(
            f"users/{call.mailbox.guid}/{path}", f"$top={top}&$skip={skip + top}{kept}"
        )
    if call.query.get("$count") == "true":
        listing.count = len(found)
    return Answer(200, listing, call.applied())
