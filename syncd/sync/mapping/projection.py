"""The projection: one contact of Graph as fields of a contact record, values as typed; pure, knows no earlier record.

A missing property is not an empty one: `merge` leaves what it stands for as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from syncd.errors import Problem, Refused
from syncd.graph.shapes import SELECT
from syncd.sync.mapping.salutation import salutation

TEXT_LIMIT = 131_072
"""Characters in one value above which the contact is refused, as a row of a file would be."""

_SURROGATE = re.compile("[\ud800-\udfff]").search

_TEXTS = {
    "givenName": "first_name",
    "middleName": "middle_name",
    "generation": "suffix",
    "nickName": "nick_name",
    "jobTitle": "title",
    "department": "department",
    "manager": "reports_to",
    "assistantName": "assistant",
    "businessHomePage": "website",
    "mobilePhone": "mobile",
    "personalNotes": "description",
}
_ROWS = {"businessPhones": ("phone", "phone_2"), "homePhones": ("home_phone", "home_phone_2")}
_JOINED = {"imAddresses": "im", "categories": "categories"}
_ADDRESSES = {"businessAddress": "mailing", "homeAddress": "home", "otherAddress": "other"}
_PARTS = {"street": "street", "city": "city", "state": "state", "postalCode": "zip", "countryOrRegion": "country"}
_EMAILS = ("email", "secondary_email", "third_email")
_NAMES = ("surname", "displayName", "fileAs")
_NO_YEAR = 1604
_NO_DATE = (1, 4501)

FIELDS: tuple[str, ...] = (
    "salutation",
    "last_name",
    *_TEXTS.values(),
    *(name for names in _ROWS.values() for name in names),
    *_JOINED.values(),
    *_EMAILS,
    "date_of_birth",
    *(f"{kind}_{part}" for kind in _ADDRESSES.values() for part in _PARTS.values()),
)
"""The contact fields that an Outlook contact can fill; its company stands beside them."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What a contact says. `fields` holds the filled fields only: one that is not there is blank in Outlook.

    `company` is the company's name as typed, `modified` Graph's time of the last change (ISO 8601, UTC), `named_by`
    where the last name came from, `problems` what was kept or left out with a doubt.
    """

    fields: Mapping[str, str]
    company: str | None
    modified: str
    named_by: str = "surname"
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    def plain(self) -> dict[str, Any]:
        """The projection as JSON-ready data, without its problems; `Projection.of` is its inverse."""
        return {
            "fields": dict(self.fields),
            "company": self.company,
            "modified": self.modified,
            "named_by": self.named_by,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Projection:
        """A projection from `plain()` data."""
        return cls(dict(data["fields"]), data["company"], data["modified"], data["named_by"])


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
    return all(key in item for key in SELECT)


def digest(projection: Projection) -> str:
    """A hash that is equal when nothing that matters differs: no time stamp, and line ends count as one."""
    fields = {name: value.replace("\r\n", "\n") for name, value in projection.fields.items()}
    text = json.dumps([fields, projection.company], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


_Fields = dict[str, str | None]
_Reader = Callable[[Mapping[str, Any], str, Mapping[str, str], list[Problem]], _Fields]


def _read_text(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    return {_TEXTS[key]: _text(item, key)}


def _read_rows(item: Mapping[str, Any], key: str, _: Mapping[str, str], problems: list[Problem]) -> _Fields:
    names, values = _ROWS[key], _texts(item, key)
    _note_rest(key, values, len(names), problems)
    return dict(zip(names, [*values, *[None] * len(names)], strict=False))


def _read_joined(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    return {_JOINED[key]: "; ".join(_texts(item, key)) or None}


def _read_address(item: Mapping[str, Any], key: str, _: Mapping[str, str], __: list[Problem]) -> _Fields:
    value = item[key]
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise _wrong_type(key, value)
    return {f"{_ADDRESSES[key]}_{name}": _text(value, part, key) for part, name in _PARTS.items()}


def _read_emails(item: Mapping[str, Any], key: str, _: Mapping[str, str], problems: list[Problem]) -> _Fields:
    found: list[str] = []
    for one in _list(item, key):
        if one is not None and not isinstance(one, Mapping):
            raise _wrong_type(key, one)
        # Exchange keeps what it cannot read as a name without an address.
        address = _text(one, "address", key) if one else None
        if address and address.lower().startswith("/o="):
            problems.append(_EX)
        elif address:
            found.append(address)
    _note_rest(key, found, len(_EMAILS), problems)
    return dict(zip(_EMAILS, [*found, None, None, None], strict=False))


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
    if day.year == _NO_YEAR:
        problems.append(_flag("SY-I12", "The birthday has no year.", "A date of birth needs one, so it is left blank."))
    return {"date_of_birth": None if day.year in (_NO_YEAR, *_NO_DATE) else day.isoformat()}


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
    **dict.fromkeys(_TEXTS, _read_text),
    **dict.fromkeys(_ROWS, _read_rows),
    **dict.fromkeys(_JOINED, _read_joined),
    **dict.fromkeys(_ADDRESSES, _read_address),
}


def _last_name(
    item: Mapping[str, Any], fields: Mapping[str, str], company: str | None, previous: Projection | None
) -> tuple[str, str]:
    """The last name and where it came from: surname, display name, file-as, e-mail, company, given name."""
    for key in _NAMES:
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
