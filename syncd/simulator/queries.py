"""The few `$filter`, `$orderby` and `$expand` forms that Outlook contacts know; else it refuses, as Graph does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syncd.simulator.mailbox import Item
from syncd.simulator.wire import GraphError

_TEXT = r"'((?:[^']|'')*)'"
_MAIL = re.compile(rf"emailAddresses/any\(\s*(\w+)\s*:\s*\1/address eq {_TEXT}\)")
_EQUAL = re.compile(rf"(displayName|givenName|surname|companyName|fileAs) eq {_TEXT}")
_STARTS = re.compile(rf"startswith\((displayName|givenName|surname|companyName|fileAs),\s*{_TEXT}\)")
_SINCE = re.compile(r"(lastModifiedDateTime|createdDateTime) (ge|gt|le|lt) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_MARK = re.compile(
    rf"singleValueExtendedProperties/any\((\w+)\s*:\s*\1/id eq {_TEXT} and \1/value eq {_TEXT}\)", re.IGNORECASE
)
_EXPAND = re.compile(rf"(extensions|singleValueExtendedProperties)\(\$filter=id eq {_TEXT}\)")
_SORTABLE = ("displayName", "givenName", "surname", "companyName", "fileAs", "lastModifiedDateTime", "createdDateTime")


def filtered(items: list[Item], wanted: str | None) -> list[Item]:
    if wanted is None:
        return items
    text = wanted.strip()
    if match := _MAIL.fullmatch(text):
        address = _plain(match[2]).lower()
        return [item for item in items if address in _addresses(item)]
    if match := _EQUAL.fullmatch(text):
        return [item for item in items if _fold(item, match[1]) == _plain(match[2]).lower()]
    if match := _STARTS.fullmatch(text):
        return [item for item in items if _fold(item, match[1]).startswith(_plain(match[2]).lower())]
    if match := _SINCE.fullmatch(text):
        return [item for item in items if _compare(_moment(item, match[1]), match[2], match[3])]
    if match := _MARK.fullmatch(text):
        key, value = f"property {_plain(match[2])}", _plain(match[3])
        return [item for item in items if item.extras.get(key, {}).get("value") == value]
    raise GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")


def ordered(items: list[Item], query: Mapping[str, str]) -> list[Item]:
    """Outlook sorts by one property; together with a filter, that property must lead the filter."""
    wanted = query.get("$orderby")
    if wanted is None:
        return items
    name, _, direction = wanted.strip().partition(" ")
    if name not in _SORTABLE or direction.strip().lower() not in ("", "asc", "desc"):
        raise GraphError(400, "ErrorInvalidUrlQuery", f"The query order '{wanted}' is not supported.")
    if "$filter" in query and name not in query["$filter"].split(" ")[0]:
        raise GraphError(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.")
    return sorted(items, key=lambda item: _moment(item, name), reverse=direction.strip().lower() == "desc")


def expanded(item: Item, wanted: str | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    match = _EXPAND.fullmatch(wanted.strip())
    if match is None:
        raise GraphError(400, "BadRequest", "Parsing OData Select and Expand failed.")
    kind = "extension" if match[1] == "extensions" else "property"
    name = _plain(match[2])
    full = (
        name
        if kind == "property" or "." not in name or name.startswith("microsoft.")
        else f"microsoft.graph.openTypeExtension.{name}"
    )
    found = item.extras.get(f"{kind} {full}")
    return {match[1]: [found]} if found else {}


def _plain(text: str) -> str:
    return text.replace("''", "'")


def _addresses(item: Item) -> list[str]:
    return [str(entry.get("address", "")).lower() for entry in item.props["emailAddresses"] if isinstance(entry, dict)]


def _fold(item: Item, name: str) -> str:
    return str(item.props[name] or "").lower()


def _moment(item: Item, name: str) -> str:
    stamps = {"lastModifiedDateTime": item.modified, "createdDateTime": item.created}
    return stamps.get(name) or _fold(item, name)


def _compare(value: str, relation: str, bound: str) -> bool:
    return {"ge": value >= bound, "gt": value > bound, "le": value <= bound, "lt": value < bound}[relation]
