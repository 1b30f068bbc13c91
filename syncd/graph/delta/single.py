"""Single contacts: what became of each, in whatever folder they lie; knows no folder and no change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncd.errors import Problem, Refused, TryLater
from syncd.graph.auth import asked
from syncd.graph.delta.answers import IMMUTABLE, batch_list, immutable_item, part, placed, placed_item, user
from syncd.graph.http import Check, Graph
from syncd.graph.http.meaning import codes
from syncd.graph.shapes import SELECT, ItemGone, Rejected, Row, Throttled, Unreadable

ABREAST = 4
"""Requests of one mailbox in one batch; Outlook refuses the fifth."""
MANY = 20
"""Contacts from which on batches are worth it."""

_ITS_OWN_FAULT = {"errorcorruptdata": "ErrorCorruptData", "errorinvalididmalformed": "ErrorInvalidIdMalformed"}
"""Codes of a refusal that is about the contact alone, as Graph spells them."""


def item(graph: Graph, mailbox: str, contact: str, *, select: Sequence[str] = SELECT) -> Row | None:
    """The contact with the immutable id `contact`, in whatever folder it lies now; None when it is gone.

    Deleted Items counts as a folder: compare `parentFolderId` with `folders`. Raises Unreadable when Graph has it and
    cannot give it, and as `Graph.get`.
    """
    return _get(graph, mailbox, contact, select, immutable_item)


def items(
    graph: Graph, mailbox: str, contacts: Sequence[str], *, select: Sequence[str] = SELECT
) -> Iterator[tuple[str, Row | Unreadable | None]]:
    """What `item` says of each of several contacts, in their order; of many, a few in one request.

    Raises as `Graph.get`; what was given before the error stands.
    """
    together = len(contacts) >= MANY
    for at in range(0, len(contacts), ABREAST):
        some = contacts[at : at + ABREAST]
        known: dict[str, Row | None] = {}
        if together:
            try:
                known = _batch(graph, mailbox, some, select)
            except Throttled:
                raise
            except (Refused, TryLater):
                # Not every way to Graph takes batches; a request for each contact always does.
                together = False
        for contact in some:
            # Whatever was not certain in the common answer gets the patience of a request of its own.
            yield contact, known[contact] if contact in known else _told(graph, mailbox, contact, select)


def _told(graph: Graph, mailbox: str, contact: str, select: Sequence[str]) -> Row | Unreadable | None:
    try:
        return _get(graph, mailbox, contact, select, placed_item)
    except Unreadable as error:
        return error


def _get(graph: Graph, mailbox: str, contact: str, select: Sequence[str], check: Check) -> Row | None:
    target = f"{user(mailbox)}/contacts/{part(contact)}?$select={','.join(select)}"
    try:
        return graph.get(target, mailbox=mailbox, prefer=IMMUTABLE, check=check).data
    except ItemGone:
        return None
    except Rejected as error:
        # A code that is not known counts as what its status says, unless it speaks of more than the contact.
        if error.status == 404 and "mailbox" not in error.code and "user" not in error.code:
            return None
        if error.code not in _ITS_OWN_FAULT:
            raise
        caught = error
    raise _unreadable(caught)


def _unreadable(error: Rejected) -> Unreadable:
    return Unreadable(
        Problem(
            "SY-I05",
            f"Graph cannot give the contact ({error.status} {_ITS_OWN_FAULT[error.code]}).",
            "It is damaged in the mailbox. What is here of it stays, and the other contacts go on.",
            "Look whether it opens in Outlook; if it does not, delete it there or have the mailbox repaired.",
        )
    )


def _batch(graph: Graph, mailbox: str, contacts: Sequence[str], select: Sequence[str]) -> dict[str, Row | None]:
    """The certain answers of one batch: a contact with the very id asked for, or Graph's word that it is gone."""
    requests = [
        {
            "id": str(number),
            "method": "GET",
            "url": f"/{user(mailbox)}/contacts/{part(contact)}?$select={','.join(select)}",
            "headers": {"Prefer": IMMUTABLE},
        }
        for number, contact in enumerate(contacts)
    ]
    found: dict[str, Row | None] = {}
    for one in graph.batch(requests, mailbox=mailbox, check=batch_list).data["responses"]:
        number = one.get("id") if isinstance(one, dict) else None
        if not isinstance(number, str) or not number.isdecimal() or int(number) >= len(contacts):
            continue
        contact, body = contacts[int(number)], one.get("body")
        if one.get("status") == 429:
            graph.hold(mailbox, asked(_headers(one)) or 1.0)
        if one.get("status") == 200 and isinstance(body, dict) and body.get("id") == contact and placed(body):
            found[contact] = body
        elif one.get("status") == 404 and "erroritemnotfound" in codes(body):
            found[contact] = None
    return found


def _headers(one: Row) -> dict[str, str]:
    value = one.get("headers")
    return {name.lower(): str(text) for name, text in value.items()} if isinstance(value, dict) else {}
