"""The contact resource of Graph v1.0: properties, limits, what the server rewrites; knows no mailbox and no route."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syncd.simulator.wire import GraphError

Props = dict[str, Any]

EMPTY: Props = {
    "categories": [], "birthday": None, "fileAs": None, "displayName": None, "givenName": None, "initials": None,
    "middleName": None, "nickName": None, "surname": None, "title": None, "yomiGivenName": None, "yomiSurname": None,
    "yomiCompanyName": None, "generation": None, "imAddresses": [], "jobTitle": None, "companyName": None,
    "department": None, "officeLocation": None, "profession": None, "businessHomePage": None, "assistantName": None,
    "manager": None, "homePhones": [], "mobilePhone": None, "businessPhones": [], "spouseName": None,
    "personalNotes": "", "children": [], "emailAddresses": [], "homeAddress": {}, "businessAddress": {},
    "otherAddress": {},
}  # fmt: skip
"""Writable properties in wire order, as they stand when nothing was entered."""

HEAD = ("id", "createdDateTime", "lastModifiedDateTime", "changeKey", "parentFolderId")
SELECTABLE = frozenset(EMPTY) | frozenset(HEAD)
LIMITS = {"emailAddresses": 3, "businessPhones": 2, "homePhones": 2}
"""Undocumented maxima of Exchange, enforced on write."""

ADDRESS_PARTS = ("street", "city", "state", "countryOrRegion", "postalCode")
_NAMES = ("title", "givenName", "middleName", "surname", "generation", "companyName", "emailAddresses")
_LISTS = tuple(name for name, empty in EMPTY.items() if isinstance(empty, list))
_PLACES = tuple(name for name, empty in EMPTY.items() if isinstance(empty, dict))
_MAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?")


def blank() -> Props:
    return {name: type(empty)() if isinstance(empty, list | dict) else empty for name, empty in EMPTY.items()}


def changed(before: Props, patch: Mapping[str, Any], directory: Mapping[str, str], *, strict: bool = True) -> Props:
    """`before` with `patch` written over it and the server's own rewriting done.

    `directory` maps a tenant user's address (lower case) to its display name. Strict is what Graph takes; Outlook
    itself (`strict=False`) stores what old clients left, beyond types and limits. Raises GraphError 400.
    """
    after = {**before, **patch}
    if strict:
        _check(patch)
    for name in _LISTS + _PLACES:
        if after[name] is None:
            after[name] = type(EMPTY[name])()
    if "emailAddresses" in patch and isinstance(after["emailAddresses"], list):
        after["emailAddresses"] = [_mail(entry, directory) for entry in after["emailAddresses"]]
    if isinstance(after["birthday"], str) and len(after["birthday"]) == 10:
        after["birthday"] += "T11:59:00Z"
    if any(name in patch for name in _NAMES) or not before["displayName"]:
        after["displayName"] = patch["displayName"] if "displayName" in patch else _shown(after)
        after["fileAs"] = patch["fileAs"] if "fileAs" in patch else _filed(after)
    return after


def _check(patch: Mapping[str, Any]) -> None:
    value: Any
    for name, value in patch.items():
        if value is None:
            continue
        wanted = type(EMPTY[name]) if isinstance(EMPTY[name], list | dict) else str
        parts = (dict,) if name == "emailAddresses" else (str,)
        if not isinstance(value, wanted) or (wanted is list and not all(isinstance(each, parts) for each in value)):
            raise GraphError(400, "RequestBodyRead", f"Cannot convert the value of property '{name}' to its type.")
        if name in LIMITS and len(value) > LIMITS[name]:
            shown = name[0].upper() + name[1:]
            raise GraphError(400, "ErrorInvalidArgument", _MANY.format(shown, len(value), LIMITS[name]))
        if isinstance(value, dict):
            _check_place(name, value)
        if name == "birthday" and not _DATE.fullmatch(value):
            raise GraphError(400, "RequestBodyRead", "Cannot convert the literal to the type 'Edm.DateTimeOffset'.")


_MANY = "The number of elements in {} is {}, which is more than the maximum of {}."


def _check_place(name: str, value: Mapping[str, Any]) -> None:
    for part, text in value.items():
        if part not in ADDRESS_PARTS or not isinstance(text, str | None):
            raise GraphError(
                400, "RequestBodyRead", f"The property '{part}' of '{name}' is unknown or of a wrong type."
            )


def _mail(entry: Any, directory: Mapping[str, str]) -> Any:
    """One e-mail as Exchange keeps it: a user of the tenant gets its directory name, a bad address stays as name."""
    if not isinstance(entry, dict):
        return entry
    address, name = entry.get("address"), entry.get("name")
    if not isinstance(address, str) or address.startswith("/o="):
        return dict(entry)
    if not _MAIL.fullmatch(address.strip()):
        return {"name": name or address}
    address = address.strip()
    return {"name": directory.get(address.lower(), name or address), "address": address}


def _words(props: Props, *names: str) -> str:
    return " ".join(text for name in names if isinstance(text := props[name], str) and text)


def _fallback(props: Props) -> str | None:
    mails = props["emailAddresses"]
    first = mails[0] if isinstance(mails, list) and mails and isinstance(mails[0], dict) else {}
    return props["companyName"] or first.get("address") or first.get("name")


def _shown(props: Props) -> str | None:
    return _words(props, "givenName", "middleName", "surname", "generation") or _fallback(props)


def _filed(props: Props) -> str | None:
    given = _words(props, "givenName", "middleName")
    if not props["surname"]:
        return given or _fallback(props)
    return f"{props['surname']}, {given}" if given else props["surname"]
