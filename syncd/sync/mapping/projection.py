"""The projection: one contact of Graph as fields of a contact record, values as typed; pure, knows no earlier record.

A missing property is not an empty one: `merge` leaves what it stands for as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import parseaddr
from typing import Any

from syncd.errors import Problem, Refused
from syncd.graph.shapes import SELECT
from syncd.sync.mapping.plain import plain
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
_SURROGATE = re.compile("[\ud800-\udfff]").search


def project(item: Mapping[str, Any], *, allowed_fields: Collection[str] | None = None) -> Projection:
    """The projection of a whole contact. Raises Refused with the reason: a property of the wrong type, text that no
    database holds, or a contact without name, e-mail and company.

    `allowed_fields` (None or empty: all) names the fields that may be kept; the last name always is, the company goes
    by `account`.
    """
    return merge(None, item, allowed_fields=allowed_fields)


def merge(
    previous: Projection | None, item: Mapping[str, Any], *, allowed_fields: Collection[str] | None = None
) -> Projection:
    """The projection after a row that may leave properties out: what it does not speak of stays as in `previous`."""
    return plain(item, allowed_fields) or closely(previous, item, allowed_fields)


def closely(previous: Projection | None, item: Mapping[str, Any], allowed_fields: Collection[str] | None) -> Projection:
    """As `merge`, property by property, whatever the row holds."""
    problems: list[Problem] = []
    fields: dict[str, str] = dict(previous.fields) if previous else {}
    for key, read in _READERS.items():
        if key in item:
            for name, value in read(item, key, fields, problems).items():
                _set(fields, name, value)
    company = _text(item, "companyName") if "companyName" in item else previous.company if previous else None
    if allowed_fields:
        fields = {name: value for name, value in fields.items() if name in allowed_fields}
        company = company if "account" in allowed_fields else None
    last_name, named_by = _last_name(item, fields, company, previous)
    fields["last_name"] = last_name
    ordered = {name: fields[name] for name in FIELDS if name in fields}
    return Projection(ordered, company, _modified(item, previous), named_by, tuple(problems))


def complete(item: Mapping[str, Any]) -> bool:
    """Whether the row speaks of every property that was asked for; one that does not is better read whole."""
    return item.keys() >= _ALL


_Fields = dict[str, str | None]
_Reader = Callable[[Mapping[str, Any], str, Mapping[str, str], list[Problem]], _Fields]


def _read_text(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    return {TEXTS[key]: _text(item, key)}


def _read_rows(item: Mapping[str, Any], key: str, _: Mapping[str, str], problems: list[Problem]) -> _Fields:
    names, values = ROWS[key], _texts(item, key)
    _note_rest(key, values, len(names), problems)
    return dict(zip(names, [*values, *[None] * len(names)], strict=False))


def _read_joined(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    return {JOINED[key]: "; ".join(_texts(item, key)) or None}


def _read_address(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    value = item[key]
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise _wrong_type(key, value)
    return {f"{ADDRESSES[key]}_{name}": _text(value, part, key) for part, name in PARTS.items()}


def _read_emails(item: Mapping[str, Any], key: str, _: Mapping[str, str], problems: list[Problem]) -> _Fields:
    found: list[str] = []
    for one in _list(item, key):
        if one is not None and not isinstance(one, Mapping):
            raise _wrong_type(key, one)
        # Exchange keeps what it cannot read as a name without an address.
        address = _text(one, "address", key) if one else None
        if address and "<" in address:
            # A name and an address in one: what stands between the brackets is the address.
            address = parseaddr(address)[1] or address
        if address and address.lower().startswith("/o="):
            problems.append(_EX)
        elif address:
            found.append(address)
    _note_rest(key, found, len(EMAILS), problems)
    return dict(zip(EMAILS, [*found, None, None, None], strict=False))


def _read_birthday(item: Mapping[str, Any], key: str, fields: Mapping[str, str], problems: list[Problem]) -> _Fields:
    """Graph's instant means a date: its UTC day, whatever the time of day says."""
    value = _text(item, key)
    if value is None:
        return {"date_of_birth": None}
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        problems.append(_flag("SY-I12", "The birthday cannot be read as a date.", "What was here before is kept."))
        return {"date_of_birth": fields.get("date_of_birth")}
    if day.year == NO_YEAR:
        problems.append(_flag("SY-I12", "The birthday has no year.", "A date of birth needs one, so it is left blank."))
    return {"date_of_birth": None if day.year in (NO_YEAR, *NO_DATE) else day.isoformat()}


def _read_title(item: Mapping[str, Any], key: str, _: Mapping[str, str], problems: list[Problem]) -> _Fields:
    value = _text(item, key)
    standard = salutation(value) if value else None
    if value and standard is None:
        problems.append(
            _flag("SY-I13", "The title is none of the standard salutations.", "It is kept as it was typed.")
        )
    return {"salutation": standard or value}


_READERS: dict[str, _Reader] = {
    "title": _read_title,
    "birthday": _read_birthday,
    "emailAddresses": _read_emails,
    **dict.fromkeys(TEXTS, _read_text),
    **dict.fromkeys(ROWS, _read_rows),
    **dict.fromkeys(JOINED, _read_joined),
    **dict.fromkeys(ADDRESSES, _read_address),
}


def _last_name(
    item: Mapping[str, Any], fields: Mapping[str, str], company: str | None, previous: Projection | None
) -> tuple[str, str]:
    """The last name and where it came from: surname, display name, file-as, e-mail, company, given name."""
    for key in NAMES:
        # Also one that is not needed for the name: a contact is taken whole or not at all.
        if not isinstance(item.get(key), str | None):
            raise _wrong_type(key, item[key])
    for key in NAMES:
        value = _text(item, key) if key in item else None
        if key not in item and previous is not None and previous.named_by == key:
            value = previous.fields.get("last_name")
        if value:
            return value, key
    if fields.get("email"):
        return fields["email"].partition("@")[0] or fields["email"], "email"
    if company:
        return company, "company"
    if fields.get("first_name"):
        return fields["first_name"], "givenName"
    raise Refused(
        Problem(
            "SY-I01",
            "The contact has no name, no e-mail address and no company.",
            "There is nothing to know it by.",
            "Give it a name in Outlook.",
        )
    )


def _modified(item: Mapping[str, Any], previous: Projection | None) -> str:
    """The time of the last change in one spelling, so that times compare as text."""
    value = _text(item, "lastModifiedDateTime") if "lastModifiedDateTime" in item else None
    if value is None:
        return previous.modified if previous else ""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        fault = _unstorable("lastModifiedDateTime", "is no time")
    raise fault


def _text(item: Mapping[str, Any], key: str, owner: str = "") -> str | None:
    """The text of a property, trimmed; None when it is null, blank or not there."""
    value = item.get(key)
    return None if value is None else _clean(value, owner or key)


def _texts(item: Mapping[str, Any], key: str) -> list[str]:
    return [text for one in _list(item, key) if one is not None and (text := _clean(one, key))]


def _list(item: Mapping[str, Any], key: str) -> Iterator[Any]:
    value = item[key]
    if value is not None and not isinstance(value, list):
        raise _wrong_type(key, value)
    return iter(value or ())


def _clean(value: Any, key: str) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(key, value)
    if "\0" in value or (not value.isascii() and _SURROGATE(value)):
        raise _unstorable(key, "holds a character that is none")
    if len(value) > TEXT_LIMIT:
        raise _unstorable(key, f"has {len(value):,} characters; at most {TEXT_LIMIT:,} can be kept")
    return value.strip().strip("\ufeff\u200b").strip() or None


def _set(fields: dict[str, str], name: str, value: str | None) -> None:
    if value is None:
        fields.pop(name, None)
    else:
        fields[name] = value


_EX = Problem(
    "SY-I11",
    "An e-mail address is only the internal name of an Exchange mailbox.",
    "Nobody outside can write to it, so it is not taken for an address.",
    "In Outlook, replace it by the address with an @.",
)


def _flag(code: str, what: str, why: str) -> Problem:
    return Problem(code, what, why)


def _note_rest(key: str, values: list[str], room: int, problems: list[Problem]) -> None:
    if len(values) > room:
        problems.append(
            _flag(
                "SY-I14",
                f"{key} holds {len(values)} values.",
                f"A contact here has room for {room}; the first are kept.",
            )
        )


def _wrong_type(key: str, value: object) -> Refused:
    return Refused(
        Problem(
            "SY-I02",
            f"Graph sent {key} of the contact as {type(value).__name__}, which it never is.",
            "The whole contact stays as it was here, rather than to lose a value.",
            "Open and save the contact in Outlook. If it lasts, please report it.",
        )
    )


def _unstorable(key: str, seen: str) -> Refused:
    return Refused(
        Problem(
            "SY-I03",
            f"{key} of the contact {seen}.",
            "The whole contact stays as it was here, rather than to lose a value.",
            "Correct the contact in Outlook; very long notes belong into a file.",
        )
    )
