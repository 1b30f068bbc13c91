"""The plain case of a projection: a whole contact with nothing out of the ordinary, read in one go; pure.

Nearly all contacts are like that, and a first sync reads tens of thousands. What it returns is what `merge` would make,
which the tests hold it to; whatever makes it hesitate is left to `merge`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from syncd.graph.shapes import SELECT
from syncd.sync.mapping.salutation import salutation
from syncd.sync.mapping.shape import (
    ADDRESSES,
    EMAILS,
    FIELDS,
    JOINED,
    NAMES,
    NO_DATE,
    NO_YEAR,
    PARTS,
    ROWS,
    TEXT_LIMIT,
    TEXTS,
    Projection,
)

_ALL = frozenset(SELECT)
_TEXTS = tuple(TEXTS.items())
_ROWS = tuple(ROWS.items())
_JOINED = tuple(JOINED.items())
_MUST = {"salutation", "last_name", "date_of_birth", *EMAILS, *(name for names in ROWS.values() for name in names)}
_ADDRESSES = tuple(
    (key, tuple((part, f"{kind}_{name}") for part, name in PARTS.items())) for key, kind in ADDRESSES.items()
)
_MAY_BE_BLANK = frozenset(name for name in FIELDS if name not in _MUST) | {"account"}
_ODD = re.compile("[\0\ufeff\u200b\ud800-\udfff]").search
_INSTANT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch


class _Odd(Exception):
    """The contact is not plain."""


def plain(item: Mapping[str, Any], allowed_fields: Collection[str] | None) -> Projection | None:
    """The projection of a plain contact; None of one that needs a closer look."""
    if not item.keys() >= _ALL:
        return None
    named_by = "displayName" if item["surname"] in (None, "") else "surname"
    found: dict[str, Any] = {}
    try:
        for key in NAMES:
            _filled(item[key], str)
        if title := _filled(item["title"], str):
            found["salutation"] = salutation(title)
        found["last_name"] = item[named_by]
        for key, name in _TEXTS:
            if (value := item[key]) is not None:
                found[name] = value
        _lists(item, found)
        if birthday := _filled(item["birthday"], str):
            found["date_of_birth"] = _day(birthday)
        for key, parts in _ADDRESSES:
            if value := _filled(item[key], dict):
                found.update((name, value[part]) for part, name in parts if value.get(part) is not None)
        if (value := item["companyName"]) is not None:
            found["account"] = value
        fields = _texts(found)
        modified = _instant(item["lastModifiedDateTime"])
    except _Odd:
        return None
    company = fields.pop("account", None)
    if allowed_fields:
        fields = {name: text for name, text in fields.items() if name in allowed_fields or name == "last_name"}
        company = company if "account" in allowed_fields else None
    return Projection(fields, company, modified, named_by)


def _filled(value: Any, kind: type) -> Any:
    """The value; it must be of its kind, or null."""
    if value is not None and type(value) is not kind:
        raise _Odd
    return value


def _lists(item: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Phones, what is joined, and e-mail addresses."""
    for key, names in _ROWS:
        if values := _filled(item[key], list):
            if len(values) > len(names):
                raise _Odd
            found.update(zip(names, values, strict=False))
    for key, name in _JOINED:
        if values := _filled(item[key], list):
            if not all(type(one) is str and one and one == one.strip() for one in values):
                raise _Odd
            found[name] = "; ".join(values)
    if values := _filled(item["emailAddresses"], list):
        if len(values) > len(EMAILS) or not all(type(one) is dict for one in values):
            raise _Odd
        for name, one in zip(EMAILS, values, strict=False):
            address = found[name] = one.get("address")
            if type(address) is not str or address[:3].lower() == "/o=" or "<" in address:
                raise _Odd


def _day(value: str) -> str | None:
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        day = None
    if day is None or day.year in (NO_YEAR, *NO_DATE):
        raise _Odd
    return day.isoformat()


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    """The values trimmed. A blank one leaves its field out, but in a list it would make the next ones move up."""
    try:
        together = "\n".join(found.values())
    except TypeError:
        raise _Odd from None
    if len(together) > TEXT_LIMIT or _ODD(together):
        raise _Odd
    fields = {name: text for name, value in found.items() if (text := value.strip())}
    if len(fields) < len(found) and not _MAY_BE_BLANK.issuperset(found.keys() - fields.keys()):
        raise _Odd
    return fields


def _instant(value: Any) -> str:
    if type(value) is not str or not _INSTANT(value):
        raise _Odd
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise _Odd from None
    return value
