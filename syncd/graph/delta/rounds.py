"""Rounds: the contacts of one folder page by page, what changed or all; knows no other folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from syncd.errors import Problem, StartOver
from syncd.graph.delta.answers import (
    IMMUTABLE,
    contacts,
    delta_page,
    endless,
    in_folder,
    next_link,
    page_of,
    plain_page,
)
from syncd.graph.delta.tree import folders
from syncd.graph.http import Graph
from syncd.graph.http.meaning import over
from syncd.graph.shapes import SELECT, Answer, FolderGone, MailboxGone, NoDelta, Page, Rejected

PAGE_SIZE = 200
LARGEST_PAGE = 1000
SMALLEST_PAGE = 25
EMPTY_PAGES = 1_000
PAGES = 20_000

_NO_DELTA = frozenset({"badrequest", "notsupported", "notimplemented", "unsupportedquery", ""})
_LOST_STATE = frozenset({"syncstateinvalid", "syncstatenotfound", "resyncrequired"})
_FRESH = re.compile(r"[?&]\$deltatoken=(&|$)", re.IGNORECASE)


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
    None, or with its `location`: that knows nothing of `select`, and is given up when its rows hold less), FolderGone
    (read the folders again), QuotaFull and NoDelta (use `listing`), TryLater (go on later with the same link), and as
    `Graph.get`.
    """
    first = link is None
    fresh = link is not None and _FRESH.search(unquote(link)) is not None
    target = link or f"{contacts(mailbox, folder)}/delta?$select={','.join(select)}"
    size = max(1, min(LARGEST_PAGE, page_size))
    # A front end that gives up twice over a page is asked for a smaller one.
    prefer = [f"odata.maxpagesize={n}, {IMMUTABLE}" for n in (size, size, max(min(size, SMALLEST_PAGE), size // 4))]
    seen = {target}
    empty = 0
    for _ in range(PAGES):
        try:
            page = page_of(_round(graph, target, mailbox, prefer, first))
        except (FolderGone, MailboxGone):
            if first or not _there(graph, mailbox, folder):
                raise
            raise over() from None
        if fresh and any(not row.keys() >= set(select) for row in page.items):
            raise over()
        empty = 0 if page.items or page.removed else empty + 1
        if not page.done and (page.link in seen or empty >= EMPTY_PAGES):
            break
        yield page
        if page.done:
            return
        seen.add(page.link)
        target, first = page.link, False
    raise StartOver(*endless().problems)


def listing(
    graph: Graph, mailbox: str, folder: str, *, select: Sequence[str] = SELECT, page_size: int = PAGE_SIZE
) -> Iterator[Page]:
    """Every contact of a folder by plain paging, each once; `link` is "" on each page, the last one is `done`.

    For clouds without delta, for full mailboxes and for reconciling: pages go by position, so a change meanwhile can
    hide a contact. What is missing here is not yet gone: ask `item`. Raises FolderGone, and as `Graph.get`.
    """
    size = max(1, min(LARGEST_PAGE, page_size))
    target: str | None = f"{contacts(mailbox, folder)}?$select={','.join(select)}&$top={size}"
    known: set[str] = set()
    links: set[str] = set()
    for _ in range(PAGES):
        answer = in_folder(graph, str(target), mailbox, [IMMUTABLE], plain_page(graph))
        page = page_of(answer)
        fresh = tuple(row for row in page.items if row["id"] not in known)
        known.update(row["id"] for row in fresh)
        target = next_link(answer)
        yield Page(fresh, (), "", target is None, page.faults)
        if target is None:
            return
        if target in links:
            raise endless()
        links.add(target)
    raise endless()


def _there(graph: Graph, mailbox: str, folder: str) -> bool:
    """Whether the folder still is one of the mailbox: then what is missing is not the folder, the link is no good."""
    return any(one.id == folder for one in folders(graph, mailbox))


def _round(graph: Graph, target: str, mailbox: str, prefer: Sequence[str], first: bool) -> Answer:
    try:
        return in_folder(graph, target, mailbox, prefer, delta_page(graph))
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
