"""Shapes of the wire: what Graph sends, what this client returns, and the ways it fails; knows no network.

Source: Microsoft Graph v1.0, resource types contact, contactFolder and user, and the delta query's annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from syncd.errors import Outdated, Problem, Refused, TryLater


class EmailAddress(TypedDict, total=False):
    """One e-mail address of a contact. An address that Exchange could not read comes back as a name alone."""

    name: str | None
    address: str | None


class PhysicalAddress(TypedDict, total=False):
    """One postal address; an empty one is `{}` on the wire, its blank parts are left out."""

    street: str | None
    city: str | None
    state: str | None
    postalCode: str | None
    countryOrRegion: str | None


Contact = TypedDict(
    "Contact",
    {
        "@odata.etag": str,
        "id": str,
        "parentFolderId": str,
        "lastModifiedDateTime": str,
        "categories": list[str],
        "displayName": str | None,
        "fileAs": str | None,
        "givenName": str | None,
        "middleName": str | None,
        "surname": str | None,
        "generation": str | None,
        "title": str | None,
        "nickName": str | None,
        "jobTitle": str | None,
        "companyName": str | None,
        "department": str | None,
        "manager": str | None,
        "assistantName": str | None,
        "businessHomePage": str | None,
        "birthday": str | None,
        "personalNotes": str | None,
        "emailAddresses": list[EmailAddress],
        "imAddresses": list[str],
        "businessPhones": list[str],
        "homePhones": list[str],
        "mobilePhone": str | None,
        "businessAddress": PhysicalAddress,
        "homeAddress": PhysicalAddress,
        "otherAddress": PhysicalAddress,
    },
    total=False,
)
"""A contact as Graph means it. Rows of a page are plain dicts: the wire keeps no promise that a type checker could."""

SELECT: tuple[str, ...] = (
    "parentFolderId",
    "lastModifiedDateTime",
    "categories",
    "displayName",
    "fileAs",
    "givenName",
    "middleName",
    "surname",
    "generation",
    "title",
    "nickName",
    "jobTitle",
    "companyName",
    "department",
    "manager",
    "assistantName",
    "businessHomePage",
    "birthday",
    "personalNotes",
    "emailAddresses",
    "imAddresses",
    "businessPhones",
    "homePhones",
    "mobilePhone",
    "businessAddress",
    "homeAddress",
    "otherAddress",
)
"""The properties asked for, in this order. A delta link carries the selection it began with, so a change here means a
new round of every folder: keep a hash of it beside the link. `id` and the etag always come."""

Row = dict[str, Any]
"""One row of a page as it came."""


@dataclass(frozen=True, slots=True)
class Network:
    """How to reach the outside. `ca_bundle` is a PEM file (None: the well-known authorities), `proxy` a URL."""

    ca_bundle: str | None = None
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Folder:
    """A contact folder. `path` begins below the default folder ("Kunden/Nord"), which has its own name and no parent.

    Names are in the language of the mailbox; two folders may bear the same one, even below one parent.
    """

    id: str
    name: str
    path: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a folder's round. `link` leads to the next page or, on the last one (`done`), to the next round.

    An id stands once a page: in `items` or in `removed`, as its last row says. `faults` counts rows without an id.
    """

    items: tuple[Row, ...]
    removed: tuple[str, ...]
    link: str
    done: bool
    faults: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A directory user. `address` is the mail address, or the user principal name where there is none."""

    id: str
    address: str
    name: str
    guest: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON object, and its headers in lower case."""

    data: Row
    headers: Mapping[str, str]


class MailboxGone(Refused):
    """There is no such user or no mailbox (any more). What it brought stays; other mailboxes go on."""


class NoAccess(Refused):
    """The app may not read this mailbox. What it brought stays; other mailboxes go on."""


class QuotaFull(Refused):
    """The mailbox is too full to keep the state that a delta round writes there. Remedy: `delta.listing`."""


class NoDelta(Refused):
    """This cloud has no delta for contacts. Remedy: `delta.listing`."""


class Rejected(Refused):
    """Graph does not take the request itself. `status` and `code` (lower case, may be empty) are what it answered."""

    def __init__(self, *problems: Problem, status: int, code: str) -> None:
        super().__init__(*problems)
        self.status = status
        self.code = code


class ItemGone(Refused):
    """There is no such contact in the mailbox (any more)."""


class Unreadable(Refused):
    """Graph cannot give this one contact, now or later. What is here of it stays; the others go on."""


class FolderGone(Outdated):
    """The folder went away between two requests. Remedy: read the folders again before anything else."""

    exit = 1


class Throttled(TryLater):
    """Microsoft asks this app to slow down; `after` is how long it said."""


class Unsound(TryLater):
    """Answers that are no answers: broken, cut off, too slow, too large or not what was asked for."""
