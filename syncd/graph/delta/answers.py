"""Where to ask about contacts and folders, and what a good answer holds; keeps nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from syncd.errors import Problem, TryLater
from syncd.graph.http import Check, Graph
from syncd.graph.http.meaning import folder_gone
from syncd.graph.shapes import Answer, ItemGone, Page, Row

IMMUTABLE = 'IdType="ImmutableId"'


def user(mailbox: str) -> str:
    # A leading $ would be read as a function's name.
    if mailbox.startswith("$"):
        return f"users('{part(mailbox.replace(chr(39), chr(39) * 2))}')"
    return f"users/{part(mailbox)}"


def part(text: str) -> str:
    return quote(text, safe="@=")


def contacts(mailbox: str, folder: str) -> str:
    return f"{user(mailbox)}/contactFolders/{part(folder)}/contacts"


def in_folder(graph: Graph, target: str, mailbox: str | None, prefer: Sequence[str], check: Check) -> Answer:
    try:
        return graph.get(target, mailbox=mailbox, prefer=prefer, check=check)
    except ItemGone:
        pass_on = folder_gone()
    raise pass_on


def page_of(answer: Answer) -> Page:
    items: dict[str, Row] = {}
    removed: dict[str, None] = {}
    faults = 0
    for row in answer.data["value"]:
        key = key_of(row)
        if key is None:
            faults += 1
        elif _gone(row):
            items.pop(key, None)
            removed[key] = None
        elif key not in items:
            removed.pop(key, None)
            items[key] = row
        else:
            # Each of two rows of one contact may hold only what had changed by then: the newer lies over the older.
            newer = _age(row) >= _age(items[key])
            items[key] = {**items[key], **row} if newer else {**row, **items[key]}
    following = next_link(answer)
    link = following or answer.data.get("@odata.deltaLink") or ""
    return Page(tuple(items.values()), tuple(removed), link, following is None, faults)


def key_of(row: Any) -> str | None:
    """A row's id, None when it has none that could be asked for or kept."""
    key = row.get("id") if isinstance(row, dict) else None
    return key if isinstance(key, str) and key and key.isprintable() else None


def name_of(row: Row) -> str:
    """A display name without what no database holds."""
    value = row.get("displayName")
    return value.encode(errors="replace").decode().replace("\0", "").strip() if isinstance(value, str) else ""


def next_link(answer: Answer) -> str | None:
    # With both links on a page the round is not over: the delta link would skip the rest.
    link = answer.data.get("@odata.nextLink")
    return link if isinstance(link, str) and link else None


def list_page(graph: Graph) -> Check:
    def check(answer: Answer) -> str | None:
        if not isinstance(answer.data.get("value"), list):
            return "Graph answered 200 without a list"
        link = answer.data.get("@odata.nextLink")
        return None if link is None or graph.owns(link) else "Graph named a next page on another server"

    return check


def plain_page(graph: Graph) -> Check:
    listed = list_page(graph)
    return lambda answer: listed(answer) or immutable(answer)


def delta_page(graph: Graph) -> Check:
    listed = plain_page(graph)

    def check(answer: Answer) -> str | None:
        if seen := listed(answer):
            return seen
        if next_link(answer) is not None:
            return None
        link = answer.data.get("@odata.deltaLink")
        if link is None:
            return "Graph answered a page without a link to go on with"
        return None if graph.owns(link) else "Graph named a next round on another server"

    return check


def immutable(answer: Answer) -> str | None:
    """One page with the other kind of ids would look like a mailbox deleted and made anew."""
    applied = answer.headers.get("preference-applied", "").replace('"', "").replace(" ", "").lower()
    return None if "idtype=immutableid" in applied.split(",") else "Graph answered with ids that change at a move"


def immutable_item(answer: Answer) -> str | None:
    return has_id(answer) or immutable(answer)


def placed_item(answer: Answer) -> str | None:
    """Without its folder nobody could tell a contact that is in use from one in Deleted Items."""
    return immutable_item(answer) or (None if placed(answer.data) else "Graph answered a contact without its folder")


def placed(row: Row) -> bool:
    return isinstance(row.get("parentFolderId"), str)


def has_id(answer: Answer) -> str | None:
    return None if key_of(answer.data) else "Graph answered 200 without an id"


def batch_list(answer: Answer) -> str | None:
    return None if isinstance(answer.data.get("responses"), list) else "Graph answered a batch without a list"


def endless() -> TryLater:
    return TryLater(
        Problem(
            "SY-G17",
            "Graph's list of pages does not come to an end.",
            "Nothing of it is taken as complete; what is here stays as it is.",
            "It is tried again by itself.",
        )
    )


def _gone(row: Row) -> bool:
    # An older shape has the reason in the row itself.
    return "@removed" in row or (row.get("reason") == "deleted" and "lastModifiedDateTime" not in row)


def _age(row: Row) -> str:
    value = row.get("lastModifiedDateTime")
    return value if isinstance(value, str) else ""
