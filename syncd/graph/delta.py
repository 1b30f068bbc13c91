"""Folders, changes and contacts of one mailbox, page by page; knows no store and decides nothing about contacts.

Source: Microsoft Graph v1.0, contactFolder, contact: delta, and immutable ids. A row is a hint of what to look at; what
became of a removed one is the caller's question to `item`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from syncd.errors import Problem, TryLater
from syncd.graph.http import Check, Graph
from syncd.graph.http.meaning import folder_gone, over
from syncd.graph.shapes import SELECT, Answer, Folder, ItemGone, NoDelta, Page, Rejected, Row, User

PAGE_SIZE = 200
LARGEST_PAGE = 1000
SMALLEST_PAGE = 25
EMPTY_PAGES = 1_000
PAGES = 20_000
FOLDERS = 5_000

_FOLDER_SELECT = "$select=id,displayName,parentFolderId"
_USER_SELECT = "$select=id,displayName,mail,userPrincipalName,userType,accountEnabled"
_IMMUTABLE = 'IdType="ImmutableId"'
_NO_DELTA = frozenset({"badrequest", "notsupported", "notimplemented", "unsupportedquery", ""})
_LOST_STATE = frozenset({"syncstateinvalid", "syncstatenotfound", "resyncrequired"})


def folders(graph: Graph, mailbox: str) -> list[Folder]:
    """All contact folders: the default one first, then what lies below it, at any depth. Raises as `Graph.get`.

    The list of folders does not hold the default one and is one level deep, hence the alias and the walk.
    """
    start = f"{_user(mailbox)}/contactFolders"
    data = _in_folder(graph, f"{start}/contacts?{_FOLDER_SELECT}", mailbox, (), _has_id).data
    default = Folder(data["id"], _name(data), _name(data), None)
    found = {default.id: default}
    todo = [default]
    while todo:
        above = todo.pop(0)
        target = f"{start}/{_part(above.id)}/childFolders?{_FOLDER_SELECT}&$top=100"
        for row in _rows(graph, target, mailbox):
            key = _key(row)
            if key is None or key in found or len(found) >= FOLDERS:
                continue
            path = _name(row) if above is default else f"{above.path}/{_name(row)}"
            found[key] = Folder(key, _name(row), path, above.id)
            todo.append(found[key])
    return list(found.values())


def pages(
    graph: Graph,
    mailbox: str,
    folder: str,
    link: str | None,
    *,
    select: Sequence[str] = SELECT,
    page_size: int = PAGE_SIZE,
) -> Iterator[Page]:
    """One round of the folder with id `folder`, from `link` (None: from the beginning), page by page to the end.

    Keep each page together with its link: the server remembers only the last few. Raises StartOver (begin again with
    None: a `location` that came along knows nothing of `select`), FolderGone (read the folders again), QuotaFull and
    NoDelta (use `listing`), TryLater (go on later with the same link), and as `Graph.get`.
    """
    first = link is None
    target = link or f"{_contacts(mailbox, folder)}/delta?$select={','.join(select)}"
    size = max(1, min(LARGEST_PAGE, page_size))
    # A front end that gives up twice over a page is asked for a smaller one.
    prefer = [f"odata.maxpagesize={n}, {_IMMUTABLE}" for n in (size, size, max(min(size, SMALLEST_PAGE), size // 4))]
    seen = {target}
    empty = 0
    for _ in range(PAGES):
        page = _page(_round(graph, target, mailbox, prefer, first))
        empty = 0 if page.items or page.removed else empty + 1
        if not page.done and (page.link in seen or empty >= EMPTY_PAGES):
            raise over()
        yield page
        if page.done:
            return
        seen.add(page.link)
        target, first = page.link, False
    raise over()


def listing(
    graph: Graph, mailbox: str, folder: str, *, select: Sequence[str] = SELECT, page_size: int = PAGE_SIZE
) -> Iterator[Page]:
    """Every contact of a folder by plain paging, each once; `link` is "" on each page, the last one is `done`.

    For clouds without delta, for full mailboxes and for reconciling: pages go by position, so a change meanwhile can
    hide a contact. What is missing here is not yet gone: ask `item`. Raises FolderGone, and as `Graph.get`.
    """
    size = max(1, min(LARGEST_PAGE, page_size))
    target: str | None = f"{_contacts(mailbox, folder)}?$select={','.join(select)}&$top={size}"
    known: set[str] = set()
    links: set[str] = set()
    for _ in range(PAGES):
        answer = _in_folder(graph, str(target), mailbox, [_IMMUTABLE], _plain_page(graph))
        page = _page(answer)
        fresh = tuple(row for row in page.items if row["id"] not in known)
        known.update(row["id"] for row in fresh)
        target = _next(answer)
        yield Page(fresh, (), "", target is None, page.faults)
        if target is None:
            return
        if target in links:
            raise _endless()
        links.add(target)
    raise _endless()


def item(graph: Graph, mailbox: str, contact: str, *, select: Sequence[str] = SELECT) -> Row | None:
    """The contact with the immutable id `contact`, in whatever folder it lies now; None when it is gone.

    Deleted Items counts as a folder: compare `parentFolderId` with `folders`. Raises as `Graph.get`.
    """
    target = f"{_user(mailbox)}/contacts/{_part(contact)}?$select={','.join(select)}"
    try:
        return graph.get(target, mailbox=mailbox, prefer=_IMMUTABLE, check=_immutable_item).data
    except ItemGone:
        return None


def users(graph: Graph) -> Iterator[User]:
    """Every user of the tenant, guests too, and disabled ones: a shared mailbox is one. Needs User.Read.All."""
    for row in _rows(graph, f"users?{_USER_SELECT}&$top=999", None):
        address = row.get("mail") or row.get("userPrincipalName")
        key = _key(row)
        if key is not None and isinstance(address, str) and address.isprintable():
            guest = row.get("userType") == "Guest"
            yield User(key, address.strip(), _name(row), guest, row.get("accountEnabled") is not False)


def _round(graph: Graph, target: str, mailbox: str, prefer: Sequence[str], first: bool) -> Answer:
    try:
        return _in_folder(graph, target, mailbox, prefer, _delta_page(graph))
    except Rejected as error:
        caught = error
    if caught.code in _LOST_STATE or (caught.status == 400 and not first):
        raise over()
    if first and (caught.status in (405, 501) or (caught.status == 400 and caught.code in _NO_DELTA)):
        raise NoDelta(
            Problem(
                "SY-G16",
                f"Graph has no record of changes for contacts here ({caught.status}).",
                "Some clouds do not offer it; the mailbox is read whole each time, which takes longer.",
                "Nothing.",
            )
        )
    raise caught


def _in_folder(graph: Graph, target: str, mailbox: str | None, prefer: Sequence[str], check: Check) -> Answer:
    try:
        return graph.get(target, mailbox=mailbox, prefer=prefer, check=check)
    except ItemGone:
        pass_on = folder_gone()
    raise pass_on


def _rows(graph: Graph, target: str, mailbox: str | None) -> Iterator[Row]:
    """The rows of a plain paged list that are objects."""
    seen: set[str] = set()
    while target not in seen:
        seen.add(target)
        if len(seen) > PAGES:
            break
        answer = _in_folder(graph, target, mailbox, (), _list_page(graph))
        yield from (row for row in answer.data["value"] if isinstance(row, dict))
        following = _next(answer)
        if following is None:
            return
        target = following
    raise _endless()


def _page(answer: Answer) -> Page:
    items: dict[str, Row] = {}
    removed: dict[str, None] = {}
    faults = 0
    for row in answer.data["value"]:
        key = _key(row)
        if key is None:
            faults += 1
        elif _gone(row):
            items.pop(key, None)
            removed[key] = None
        elif key not in items or _age(row) >= _age(items[key]):
            removed.pop(key, None)
            items[key] = row
    following = _next(answer)
    link = following or answer.data.get("@odata.deltaLink") or ""
    return Page(tuple(items.values()), tuple(removed), link, following is None, faults)


def _gone(row: Row) -> bool:
    # An older shape has the reason in the row itself.
    return "@removed" in row or (row.get("reason") == "deleted" and "lastModifiedDateTime" not in row)


def _age(row: Row) -> str:
    value = row.get("lastModifiedDateTime")
    return value if isinstance(value, str) else ""


def _next(answer: Answer) -> str | None:
    # With both links on a page the round is not over: the delta link would skip the rest.
    link = answer.data.get("@odata.nextLink")
    return link if isinstance(link, str) and link else None


def _list_page(graph: Graph) -> Check:
    def check(answer: Answer) -> str | None:
        if not isinstance(answer.data.get("value"), list):
            return "Graph answered 200 without a list"
        link = answer.data.get("@odata.nextLink")
        return None if link is None or graph.owns(link) else "Graph named a next page on another server"

    return check


def _plain_page(graph: Graph) -> Check:
    listed = _list_page(graph)
    return lambda answer: listed(answer) or _immutable(answer)


def _delta_page(graph: Graph) -> Check:
    listed = _plain_page(graph)

    def check(answer: Answer) -> str | None:
        if seen := listed(answer):
            return seen
        if _next(answer) is not None:
            return None
        link = answer.data.get("@odata.deltaLink")
        if link is None:
            return "Graph answered a page without a link to go on with"
        return None if graph.owns(link) else "Graph named a next round on another server"

    return check


def _immutable(answer: Answer) -> str | None:
    """One page with the other kind of ids would look like a mailbox deleted and made anew."""
    applied = answer.headers.get("preference-applied", "").replace('"', "").replace(" ", "").lower()
    return None if "idtype=immutableid" in applied.split(",") else "Graph answered with ids that change at a move"


def _immutable_item(answer: Answer) -> str | None:
    return _has_id(answer) or _immutable(answer)


def _has_id(answer: Answer) -> str | None:
    return None if _key(answer.data) else "Graph answered 200 without an id"


def _key(row: Any) -> str | None:
    """A row's id, None when it has none that could be asked for or kept."""
    key = row.get("id") if isinstance(row, dict) else None
    return key if isinstance(key, str) and key and key.isprintable() else None


def _name(row: Row) -> str:
    """A display name without what no database holds."""
    value = row.get("displayName")
    return value.encode(errors="replace").decode().replace("\0", "").strip() if isinstance(value, str) else ""


def _contacts(mailbox: str, folder: str) -> str:
    return f"{_user(mailbox)}/contactFolders/{_part(folder)}/contacts"


def _user(mailbox: str) -> str:
    # A leading $ would be read as a function's name.
    if mailbox.startswith("$"):
        return f"users('{_part(mailbox.replace(chr(39), chr(39) * 2))}')"
    return f"users/{_part(mailbox)}"


def _part(text: str) -> str:
    return quote(text, safe="@=")


def _endless() -> TryLater:
    return TryLater(
        Problem(
            "SY-G17",
            "Graph's list of pages does not come to an end.",
            "Nothing of it is taken as complete; what is here stays as it is.",
            "It is tried again by itself.",
        )
    )
