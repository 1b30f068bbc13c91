"""The tree: the contact folders of a mailbox, and the mailboxes of a tenant; knows no contact."""

from __future__ import annotations

from collections.abc import Iterator

from syncd.graph.delta.answers import (
    contacts,
    endless,
    has_id,
    in_folder,
    key_of,
    list_page,
    name_of,
    next_link,
    part,
    user,
)
from syncd.graph.http import Graph
from syncd.graph.shapes import Folder, Row, User

FOLDERS = 5_000
PAGES = 1_000
COUNTED = 999

_FOLDER_SELECT = "$select=id,displayName,parentFolderId"
_USER_SELECT = "$select=id,displayName,mail,userPrincipalName,userType,accountEnabled"


def folders(graph: Graph, mailbox: str) -> list[Folder]:
    """All contact folders: the default one first, then what lies below it, at any depth. Raises as `Graph.get`.

    The list of folders does not hold the default one and is one level deep, hence the alias and the walk.
    """
    start = f"{user(mailbox)}/contactFolders"
    data = in_folder(graph, f"{start}/contacts?{_FOLDER_SELECT}", mailbox, (), has_id).data
    default = Folder(data["id"], name_of(data), name_of(data), None)
    found = {default.id: default}
    todo = [default]
    while todo:
        above = todo.pop(0)
        target = f"{start}/{part(above.id)}/childFolders?{_FOLDER_SELECT}&$top=100"
        for row in _rows(graph, target, mailbox):
            key = key_of(row)
            if key is None or key in found or len(found) >= FOLDERS:
                continue
            path = name_of(row) if above is default else f"{above.path}/{name_of(row)}"
            found[key] = Folder(key, name_of(row), path, above.id)
            todo.append(found[key])
    return list(found.values())


def size(graph: Graph, mailbox: str, folder: str) -> tuple[int, bool]:
    """How many contacts a folder holds, and whether that is exact: Graph's own count takes groups along.

    One request: up to a page the ids themselves are counted. Raises as `Graph.get`.
    """
    target = f"{contacts(mailbox, folder)}?$select=id&$top={COUNTED}&$count=true"
    answer = in_folder(graph, target, mailbox, (), list_page(graph))
    seen, told = len(answer.data["value"]), answer.data.get("@odata.count")
    if next_link(answer) is None:
        return seen, True
    return max(seen, told) if isinstance(told, int) else seen, False


def users(graph: Graph) -> Iterator[User]:
    """Every user of the tenant, guests too, and disabled ones: a shared mailbox is one. Needs User.Read.All."""
    for row in _rows(graph, f"users?{_USER_SELECT}&$top=999", None):
        address = row.get("mail") or row.get("userPrincipalName")
        key = key_of(row)
        if key is not None and isinstance(address, str) and address.isprintable():
            guest = row.get("userType") == "Guest"
            yield User(key, address.strip(), name_of(row), guest, row.get("accountEnabled") is not False)


def _rows(graph: Graph, target: str, mailbox: str | None) -> Iterator[Row]:
    """The rows of a plain paged list that are objects."""
    seen: set[str] = set()
    while target not in seen:
        seen.add(target)
        if len(seen) > PAGES:
            break
        answer = in_folder(graph, target, mailbox, (), list_page(graph))
        yield from (row for row in answer.data["value"] if isinstance(row, dict))
        following = next_link(answer)
        if following is None:
            return
        target = following
    raise endless()
