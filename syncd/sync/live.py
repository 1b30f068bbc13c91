"""Live: why a contact that Outlook shows is here, or is not; judged on what Graph says now, and nothing of it is kept.

For `why --outlook`: also the folders that the settings leave out are read, for just those are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from importers import normalise
from syncd.errors import Refused
from syncd.graph import delta
from syncd.graph.http import Graph
from syncd.graph.shapes import Folder, Row
from syncd.store import Store, mailboxes, observations
from syncd.sync.engine.orders import MailboxOrder, SyncOrder
from syncd.sync.engine.pauses import heed
from syncd.sync.mapping import Reason, Rules, full_path, gate, project, wanted

State = Literal["here", "held", "waiting", "new", "left out", "refused"]
"""In the store; taken back by hand; read but not carried out; not read yet; kept out by the settings; not to be taken."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One contact of Outlook: its name and folder there, what becomes of it here and why, and the contact it is tied to."""

    item: str
    name: str
    folder: str
    state: State
    reason: str
    contact: int | None = None


def judged(
    store: Store, graph: Graph, order: SyncOrder, of: MailboxOrder, text: str, *, now: datetime
) -> Iterator[Judged]:
    """The contacts of a mailbox that hold the text in name, company or e-mail address, in whatever folder they lie.

    Raises what Graph's answers mean, and TryLater while a wait that Microsoft asked for runs, as a sync does.
    """
    with store.reading() as tx:
        box = mailboxes.known(tx, order.tenant, of.address)
        if box is not None:
            heed(tx, graph, replace(box, address=of.address), now, by_hand=True)
    found = delta.folders(graph, of.address)
    for folder in found:
        for page in delta.listing(graph, of.address, folder.id, page_size=order.page_size):
            rows = [row for row in page.items if _holds(row, text)]
            if rows:
                yield from _judge(store, order, of, (folder, full_path(folder, found[0])), rows)


def _judge(
    store: Store, order: SyncOrder, of: MailboxOrder, where: tuple[Folder, str], rows: Sequence[Row]
) -> Iterator[Judged]:
    with store.reading() as tx:
        box = mailboxes.known(tx, order.tenant, of.address)
        known = observations.known(tx, box.id, [row["id"] for row in rows]) if box else {}
    folder, path = where
    for row in rows:
        state, reason, contact = _state(row, known.get(row["id"]), path, order, of.rules)
        yield Judged(row["id"], _name(row), folder.path or folder.name, state, reason, contact)


def _state(
    row: Row, known: Mapping[str, Any] | None, path: str, order: SyncOrder, rules: Rules
) -> tuple[State, str, int | None]:
    """What becomes of a contact, why, and the contact it is tied to."""
    tied = known["contact"] if known else None
    kept_out = gate(row, path, rules)
    if kept_out:
        later = "; the next sync lets its contact here go" if tied is not None else ""
        return "left out", f"{_left_out(kept_out, row, path, rules)}{later}", tied
    try:
        project(row, allowed_fields=order.fields or None)
    except Refused as error:
        return "refused", " ".join(f"{p.what} {p.why}".strip() for p in error.problems), tied
    if known is None:
        return "new", "no sync has read it yet", None
    if tied is not None:
        return "here", "", tied
    if known["held"] is not None:
        return "held", "its contact was taken back or deleted here; it comes again once it changes in Outlook", None
    return "waiting", "it was read, but not carried out: a plan waits for a yes, or a sync was cut short", None


def _left_out(reason: Reason, row: Row, path: str, rules: Rules) -> str:
    """The setting that keeps it out, and what of the contact meets it."""
    if reason == "folder":
        excluded = not wanted(path, Rules(exclude_folders=rules.exclude_folders))
        return f"its folder is {'one of exclude_folders' if excluded else 'none of folders'}"
    names = [name for name in row.get("categories") or () if isinstance(name, str)]
    unwanted = {name.strip().casefold() for name in rules.exclude_categories}
    excluded_by = [name for name in names if name.strip().casefold() in unwanted]
    if excluded_by:
        return f"its category {', '.join(excluded_by)} is one of exclude_categories"
    if not names:
        return "it has no category, and categories asks for one"
    return f"none of its categories ({', '.join(names)}) is one of categories"


def _holds(row: Row, text: str) -> bool:
    """Whether one of the texts that people know a contact by holds the text, without regard to case and accents."""
    told = [row.get(key) for key in ("displayName", "fileAs", "companyName")]
    told.append(f"{row.get('givenName') or ''} {row.get('surname') or ''}")
    addresses = row.get("emailAddresses")
    told += [one.get("address") for one in addresses if isinstance(one, dict)] if isinstance(addresses, list) else []
    folded = normalise.fold(text)
    return any(
        text.casefold() in one.casefold() or (folded and folded in normalise.fold(one))
        for one in told
        if isinstance(one, str)
    )


def _name(row: Row) -> str:
    names = (
        f"{row.get('givenName') or ''} {row.get('surname') or ''}".strip(),
        row.get("displayName"),
        row.get("companyName"),
    )
    return next((str(name) for name in names if name), "(no name)")
